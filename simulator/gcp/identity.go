package gcp

import (
	"fmt"

	"github.com/inferadb/infra/simulator/schema"
)

const accountType = "gcp:serviceaccount/account:Account"

func createAccount(c *schema.Call) error {
	email := fmt.Sprintf("%s@%s.iam.gserviceaccount.com", c.State.String("accountId"), Project)
	c.ID = fmt.Sprintf("projects/%s/serviceAccounts/%s", Project, email)
	if c.Store.Get(accountType, "", c.ID) != nil {
		return fmt.Errorf("Error 409: Service account %s already exists within project projects/%s., alreadyExists",
			c.State.String("accountId"), Project)
	}
	c.State["email"], c.State["member"], c.State["name"] = email, "serviceAccount:"+email, c.ID
	c.State["project"] = Project
	return nil
}

// checkAccount looks for the account that a machine acts as.
func checkAccount(c *schema.Call, email string) error {
	if email == "" {
		return nil
	}
	const missing = "Error 404: The resource 'projects/%s/serviceAccounts/%s' was not found, notFound"
	account := c.Store.Get(accountType, "", fmt.Sprintf("projects/%s/serviceAccounts/%s", Project, email))
	if account == nil {
		return fmt.Errorf(missing, Project, email)
	}
	return schema.Known(account, missing, Project, email)
}
