package cloud

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"
)

// Text returns a typed output as the inputs of resources take it.
func Text(output pulumix.Output[string]) pulumi.StringOutput {
	return pulumix.Cast[pulumi.StringOutput, string](output)
}
