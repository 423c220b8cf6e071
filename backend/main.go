// The backend of an environment: the bucket that holds the state of its stack, the keys that encrypt it, and the roles
// by which workflows use them. A program of its own, because a stack cannot create the place where its own state lies.
package main

import (
	"os"

	"github.com/inferadb/infra/backend/roles"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// adoptVariable is set by `make backend-adopt`. It belongs to one command, not to the environment's settings.
const adoptVariable = "BACKEND_ADOPT"

func main() {
	var given map[string]string
	pulumi.Run(func(ctx *pulumi.Context) error { return program(ctx, given, os.Getenv(adoptVariable) != "") },
		// The SDK looks settings up one by one, and would not notice an unknown key.
		func(info *pulumi.RunInfo) { given = info.Config })
}

// program builds the backend that the settings describe, or says everything that is wrong with them first. With adopt
// it takes over what exists instead.
func program(ctx *pulumi.Context, given map[string]string, adopt bool) error {
	s, err := readSettings(ctx.Stack(), given)
	if err != nil {
		return err
	}
	b, err := newBackend(ctx, s, adopt)
	if err != nil {
		return err
	}
	for _, step := range []func() error{b.createRoles, b.createKeys, b.createBucket, b.createAccessLog, b.grantState} {
		if err := step(); err != nil {
			return err
		}
	}
	b.export()
	return nil
}

// backend is what has been made so far.
type backend struct {
	settings
	ctx      *pulumi.Context
	provider *aws.Provider
	account  string
	adopt    bool

	bucket pulumi.StringOutput
	// stateKey encrypts the objects in the bucket, secretsKey the secrets inside them.
	stateKey, secretsKey pulumi.StringOutput
	aliases              []pulumi.Resource
	// roles are those of the workflows, by kind; none without a repository.
	roles map[string]role
}

func newBackend(ctx *pulumi.Context, s settings, adopt bool) (*backend, error) {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String(s.Region)})
	if err != nil {
		return nil, err
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Provider(provider))
	if err != nil {
		return nil, err
	}
	return &backend{
		settings: s,
		ctx:      ctx,
		provider: provider,
		account:  caller.AccountId,
		adopt:    adopt,
		roles:    map[string]role{},
	}, nil
}

// options returns the options of every resource. id is what AWS calls it, by which it is adopted: every id follows
// from the settings, so that nothing is lost with this program's own state.
func (b *backend) options(id string) []pulumi.ResourceOption {
	options := []pulumi.ResourceOption{pulumi.Provider(b.provider), pulumi.Protect(b.Protection)}
	if b.adopt {
		options = append(options, pulumi.Import(pulumi.ID(id)))
	}
	return options
}

// tags returns the tags of every resource. They are not the provider's default tags, which an import cannot distinguish
// from the resource's own.
func (b *backend) tags() pulumi.StringMap {
	return pulumi.StringMap{
		"environment": pulumi.String(b.Environment),
		"managed-by":  pulumi.String("pulumi"),
		"program":     pulumi.String("inferadb-backend"),
	}
}

// export exports what backends.yaml must name as the stack's backend and secrets provider, and the roles of the
// workflows.
func (b *backend) export() {
	region := "?region=" + b.Region
	b.ctx.Export("backend", pulumi.Sprintf("s3://%s%s", b.bucket, region))
	b.ctx.Export("secretsProvider", pulumi.String("awskms://"+secretsAlias(b.Environment)+region))
	for kind, r := range b.roles {
		b.ctx.Export(kind+"Role", r.arn)
	}
	if len(b.roles) > 0 {
		b.ctx.Export("snapshots", pulumi.Sprintf("s3://%s/%s%s", b.bucket, roles.Snapshots, region))
	}
}
