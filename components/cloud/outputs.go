package cloud

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"
)

// Text returns a typed output in the form of the inputs of resources. The program does not wait for typed outputs when
// it ends, as it does for others: they are for inputs of resources, and not for stack outputs or for what is only
// logged.
// https://github.com/pulumi/pulumi/blob/sdk/v3.258.0/sdk/go/pulumix/applyn.go
func Text(output pulumix.Output[string]) pulumi.StringOutput {
	return pulumix.Cast[pulumi.StringOutput, string](output)
}
