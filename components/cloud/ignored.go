package cloud

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LogImageMismatch logs from which image a machine booted if new ones boot from another. It is not a warning, because
// every machine that was upgraded in place differs from then on.
func LogImageMismatch(ctx *pulumi.Context, name string, actual pulumi.StringOutput, wanted pulumi.StringInput) {
	pulumi.All(actual, wanted).ApplyT(func(values []any) error {
		if values[0] == values[1] {
			return nil
		}
		return ctx.Log.Info(fmt.Sprintf("%s booted from %s, new machines boot from %s; it is upgraded in place, see "+
			"docs/operations.md", name, values[0], values[1]), nil)
	})
}
