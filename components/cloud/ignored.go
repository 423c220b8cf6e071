package cloud

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// WarnIfIgnored says so when a running machine is not what the stack file asks for, because an update does not change it:
// an ignored change that nobody is told of is a trap.
func WarnIfIgnored(ctx *pulumi.Context, what string, actual pulumi.StringOutput, wanted pulumi.StringInput) {
	ifDifferent(actual, wanted, func(actual, wanted string) error {
		return ctx.Log.Warn(fmt.Sprintf("%s stays %s; the stack file asks for %s. An update never changes it on a running "+
			"machine; docs/operations.md has the order of steps", what, actual, wanted), nil)
	})
}

// TellImage says from which image a machine booted when new ones boot from another. That is no warning: a machine that was
// upgraded in place looks like this for the rest of its life.
func TellImage(ctx *pulumi.Context, name string, actual pulumi.StringOutput, wanted pulumi.StringInput) {
	ifDifferent(actual, wanted, func(actual, wanted string) error {
		return ctx.Log.Info(fmt.Sprintf("%s booted from %s, new machines boot from %s; it is upgraded in place, see "+
			"docs/operations.md", name, actual, wanted), nil)
	})
}

func ifDifferent(actual pulumi.StringOutput, wanted pulumi.StringInput, tell func(actual, wanted string) error) {
	pulumi.All(actual, wanted).ApplyT(func(values []any) error {
		if values[0] == values[1] {
			return nil
		}
		return tell(values[0].(string), values[1].(string))
	})
}
