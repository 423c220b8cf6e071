package gcp

import (
	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// accountLimit is the longest id of a service account:
// https://cloud.google.com/iam/docs/service-accounts-create#creating
const accountLimit = 30

// cloudPlatform leaves what a machine may do to its account's roles:
// https://cloud.google.com/compute/docs/access/service-accounts#scopes_best_practice
const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

// createIdentities makes a service account for control planes and one for workers. They have no role: Talos needs none,
// and each workload gets its own. Without them every machine would use the default account of the project.
func (c *Cloud) createIdentities() (map[string]*serviceaccount.Account, error) {
	accounts := map[string]*serviceaccount.Account{}
	for _, role := range []string{controlPlane, worker} {
		account, err := serviceaccount.NewAccount(c.ctx, c.name(role), &serviceaccount.AccountArgs{
			AccountId:   pulumi.String(cloud.ShortenWithHash(c.cluster.Name+"-"+role, accountLimit)),
			DisplayName: pulumi.Sprintf("%s nodes of %s", role, c.cluster.Name),
		}, c.options()...)
		if err != nil {
			return nil, err
		}
		accounts[role] = account
	}
	return accounts, nil
}
