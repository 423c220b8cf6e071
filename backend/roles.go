package main

import (
	"github.com/inferadb/infra/backend/roles"
	"github.com/inferadb/infra/iampolicy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The kinds of roles: one looks and compares, one changes, one saves etcd.
const (
	preview = "preview"
	deploy  = "deploy"
	backup  = "backup"
)

var (
	roleKinds = []string{deploy, preview, backup}
	roleSids  = map[string]string{deploy: "Deploy", preview: "Preview", backup: "Backup"}
)

// gitHub issues the tokens by which a workflow says what it is.
// https://docs.github.com/en/actions/concepts/security/openid-connect
const gitHub = "token.actions.githubusercontent.com"

// role is what a workflow assumes.
type role struct {
	resource *iam.Role
	arn      pulumi.StringOutput
}

// roleName keeps clear of the names that the deploy role may change: those of the clusters, inferadb-<stack>-*.
func (b *backend) roleName(kind string) string {
	return "inferadb-github-" + b.Environment + "-" + kind
}

// gitHubEnvironment returns the environment of the repository whose jobs assume the role. Its protection rules, such
// as who has to approve, are GitHub's part of the lock.
func (b *backend) gitHubEnvironment(kind string) string {
	return map[string]string{preview: b.Environment + "-preview", deploy: b.Environment, backup: b.Environment +
		"-backup"}[kind]
}

// createRoles makes the roles of the repository's workflows, if the settings name a repository.
func (b *backend) createRoles() error {
	if b.Repository == "" {
		return nil
	}
	provider, err := b.oidcProvider()
	if err != nil {
		return err
	}
	for _, kind := range roleKinds {
		trust, err := iampolicy.JSON(b.trust(kind))
		if err != nil {
			return err
		}
		made, err := iam.NewRole(b.ctx, kind, &iam.RoleArgs{
			Name: pulumi.String(b.roleName(kind)),
			Description: pulumi.String(
				"Workflows of " + b.Repository + " in the environment " + b.gitHubEnvironment(kind),
			),
			AssumeRolePolicy: pulumi.String(trust),
			Tags:             b.tags(),
		}, append(b.options(b.roleName(kind)), provider...)...)
		if err != nil {
			return err
		}
		b.roles[kind] = role{resource: made, arn: made.Arn}
	}
	return nil
}

// oidcProvider makes AWS believe GitHub's tokens, or sees that it does already. It returns the option to wait for it.
func (b *backend) oidcProvider() ([]pulumi.ResourceOption, error) {
	arn := b.iam("oidc-provider/" + gitHub)
	if b.OIDCProvider == "existing" {
		_, err := iam.LookupOpenIdConnectProvider(
			b.ctx,
			&iam.LookupOpenIdConnectProviderArgs{Arn: &arn},
			pulumi.Provider(b.provider),
		)
		return nil, err
	}
	provider, err := iam.NewOpenIdConnectProvider(b.ctx, "github", &iam.OpenIdConnectProviderArgs{
		Url:           pulumi.String("https://" + gitHub),
		ClientIdLists: pulumi.ToStringArray([]string{audience}),
		Tags:          b.tags(),
	}, b.options(arn)...)
	return []pulumi.ResourceOption{pulumi.DependsOn([]pulumi.Resource{provider})}, err
}

// audience is whom aws-actions/configure-aws-credentials asks GitHub to address the token to.
const audience = "sts.amazonaws.com"

// trust lets jobs of one environment of the repository assume a role, and no other job: not those of pull requests at
// large, of other branches or of forks.
func (b *backend) trust(kind string) iampolicy.Statement {
	return iampolicy.Allow("sts:AssumeRoleWithWebIdentity").
		WithPrincipal(iampolicy.Principal{Federated: []string{b.iam("oidc-provider/" + gitHub)}}).
		WithCondition("StringEquals", gitHub+":aud", audience).
		WithCondition("StringEquals", gitHub+":sub", "repo:"+b.Repository+":environment:"+b.gitHubEnvironment(kind))
}

// afterRoles waits for the roles: a key's policy names only those that exist.
func (b *backend) afterRoles() pulumi.ResourceOption {
	var all []pulumi.Resource
	for _, r := range b.roles {
		all = append(all, r.resource)
	}
	return pulumi.DependsOn(all)
}

// grantState gives the roles what a stack's resources and its state need. Only a deploy changes either.
func (b *backend) grantState() error {
	if len(b.roles) == 0 {
		return nil
	}
	if err := b.grant(roles.Read().Name, roles.Read().Statements, preview, deploy); err != nil {
		return err
	}
	for _, policy := range roles.Change(roles.Scope{Account: b.account, Stack: b.Environment}) {
		if err := b.grant(policy.Name, policy.Statements, deploy); err != nil {
			return err
		}
	}
	for kind, statements := range map[string]func(roles.State) []iampolicy.Statement{
		preview: roles.ReadState, deploy: roles.WriteState, backup: roles.SaveSnapshots,
	} {
		text := pulumi.All(b.stateKey, b.secretsKey).ApplyT(func(keys []any) (string, error) {
			return iampolicy.JSON(statements(roles.State{
				Bucket: "arn:aws:s3:::" + b.settings.Bucket, StateKey: keys[0].(string), SecretsKey: keys[1].(string),
			})...)
		}).(pulumi.StringOutput)
		if err := b.attach(kind+"-state", text, kind); err != nil {
			return err
		}
	}
	return nil
}

func (b *backend) grant(name string, statements []iampolicy.Statement, kinds ...string) error {
	text, err := iampolicy.JSON(statements...)
	if err != nil {
		return err
	}
	return b.attach(name, pulumi.String(text), kinds...)
}

// attach makes a policy and gives it to roles.
func (b *backend) attach(name string, text pulumi.StringInput, kinds ...string) error {
	full := b.roleName(name)
	policy, err := iam.NewPolicy(b.ctx, name, &iam.PolicyArgs{Name: pulumi.String(full), Policy: text, Tags: b.tags()},
		b.options(b.iam("policy/"+full))...)
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		_, err := iam.NewRolePolicyAttachment(b.ctx, kind+"-"+name, &iam.RolePolicyAttachmentArgs{
			Role: b.roles[kind].resource.Name, PolicyArn: policy.Arn,
		}, b.options(b.roleName(kind)+"/"+b.iam("policy/"+full))...)
		if err != nil {
			return err
		}
	}
	return nil
}
