package main

import (
	"github.com/inferadb/infra/iampolicy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// stateAlias and secretsAlias return the names of the environment's keys. There are two keys, so that reading the
// bucket, or a copy of it, does not give access to the secrets in the state.
func stateAlias(environment string) string   { return "alias/inferadb-pulumi-state-" + environment }
func secretsAlias(environment string) string { return "alias/inferadb-pulumi-" + environment }

// createKeys makes the key of the bucket and the key of the stack's secrets.
func (b *backend) createKeys() error {
	var err error
	b.stateKey, err = b.createKey("state", stateAlias(b.Environment), "State of the stack "+b.Environment,
		// S3 makes a data key for each object that is written, and opens it for each that is read.
		map[string][]string{
			deploy: {
				"kms:GenerateDataKey",
				"kms:Decrypt",
			}, preview: {"kms:Decrypt"}, backup: {"kms:GenerateDataKey", "kms:Decrypt"},
		})
	if err != nil {
		return err
	}
	b.secretsKey, err = b.createKey(
		"secrets",
		secretsAlias(b.Environment),
		"Secrets in the state of the stack "+b.Environment,
		map[string][]string{deploy: {"kms:Encrypt", "kms:Decrypt"}, preview: {"kms:Decrypt"}, backup: {"kms:Decrypt"}},
	)
	return err
}

// createKey makes a key that rotates, and its alias. AWS waits 30 days before it deletes one: that is its default, and
// said here it could not be read back when the key is adopted.
func (b *backend) createKey(
	name, alias, description string,
	uses map[string][]string,
) (arn pulumi.StringOutput, err error) {
	policy, err := iampolicy.JSON(b.keyPolicy(uses)...)
	if err != nil {
		return arn, err
	}
	id := ""
	if b.adopt {
		found, err := kms.LookupAlias(b.ctx, &kms.LookupAliasArgs{Name: alias}, pulumi.Provider(b.provider))
		if err != nil {
			return arn, err
		}
		id = found.TargetKeyId
	}
	key, err := kms.NewKey(b.ctx, name, &kms.KeyArgs{
		Description:       pulumi.String(description),
		EnableKeyRotation: pulumi.Bool(true),
		Policy:            pulumi.String(policy),
		Tags:              b.tags(),
	}, append(b.options(id), b.afterRoles())...)
	if err != nil {
		return arn, err
	}
	made, err := kms.NewAlias(
		b.ctx,
		name,
		&kms.AliasArgs{Name: pulumi.String(alias), TargetKeyId: key.KeyId},
		b.options(alias)...)
	if err != nil {
		return arn, err
	}
	// An alias exists once. All that follows waits for it, so that a second backend, made where the first should have
	// been adopted, fails before it touches the first one's bucket.
	b.aliases = append(b.aliases, made)
	return made.TargetKeyArn, nil
}

// keyPolicy leaves the key to the account, whose IAM says which people may do what, and names what each role does with
// it.
func (b *backend) keyPolicy(uses map[string][]string) []iampolicy.Statement {
	statements := []iampolicy.Statement{iampolicy.AccountAdmin(b.account)}
	for _, kind := range roleKinds {
		if _, ok := b.roles[kind]; ok {
			statements = append(statements, iampolicy.Allow(uses[kind]...).WithSid(roleSids[kind]).OnResources("*").
				WithPrincipal(iampolicy.Principal{AWS: []string{b.iam("role/" + b.roleName(kind))}}))
		}
	}
	return statements
}

// iam returns the ARN of what IAM holds under the name.
func (b *backend) iam(name string) string { return "arn:aws:iam::" + b.account + ":" + name }
