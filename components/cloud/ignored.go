package cloud

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LogImageMismatch says from which image a machine booted when new ones boot from another. That is no warning: a
// machine that was upgraded in place looks like this for the rest of its life.
func LogImageMismatch(ctx *pulumi.Context, name string, actual pulumi.StringOutput, wanted pulumi.StringInput) {
	pulumi.All(actual, wanted).ApplyT(func(values []any) error {
		if values[0] == values[1] {
			return nil
		}
		return ctx.Log.Info(fmt.Sprintf("%s booted from %s, new machines boot from %s; it is upgraded in place, see "+
			"docs/operations.md", name, values[0], values[1]), nil)
	})
}
