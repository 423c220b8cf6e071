package cloud

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// WarnIfIgnored says so when a running machine is not what the stack file asks for, because an update does not change it:
// an ignored change that nobody is told of is a trap.
func WarnIfIgnored(ctx *pulumi.Context, what string, actual pulumi.StringOutput, wanted pulumi.StringInput) {
	pulumi.All(actual, wanted).ApplyT(func(values []any) error {
		if values[0] == values[1] {
			return nil
		}
		return ctx.Log.Warn(fmt.Sprintf("%s stays %s; the stack file asks for %s. An update never changes it on a running "+
			"machine; docs/operations.md has the order of steps", what, values[0], values[1]), nil)
	})
}
