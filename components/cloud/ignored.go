package cloud

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"
)

// LogImageMismatch says from which image a machine booted when new ones boot from another. That is no warning: a machine that was
// upgraded in place looks like this for the rest of its life.
func LogImageMismatch(ctx *pulumi.Context, name string, actual pulumi.StringOutput, wanted pulumi.StringInput) {
	pulumix.Apply2Err(actual, wanted.ToStringOutput(), func(actual, wanted string) (any, error) {
		if actual == wanted {
			return nil, nil
		}
		return nil, ctx.Log.Info(fmt.Sprintf("%s booted from %s, new machines boot from %s; it is upgraded in place, see "+
			"docs/operations.md", name, actual, wanted), nil)
	})
}
