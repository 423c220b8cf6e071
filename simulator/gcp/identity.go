package gcp

import (
	"fmt"

	. "github.com/inferadb/infra/simulator/catalogue" //lint:ignore ST1001 the tables read as tables
)

const accountType = "gcp:serviceaccount/account:Account"

var identityResources = []Resource{{
	Token: accountType, Global: true,
	Fields: Fields{
		"accountId":   String(Required, Replaces, MaxLength(30), Matching(`^[a-z]([-a-z0-9]{4,28}[a-z0-9])$`)),
		"displayName": String(MaxLength(100)), "description": String(MaxLength(256)), "disabled": Bool(Default(false)),
		"project": String(Computed, Replaces), "createIgnoreAlreadyExists": Bool(),
	}.With(Outputs("email", "member", "name", "uniqueId")),
	Create: createAccount,
}}

func createAccount(c *Call) error {
	email := fmt.Sprintf("%s@%s.iam.gserviceaccount.com", c.State.String("accountId"), Project)
	c.ID = fmt.Sprintf("projects/%s/serviceAccounts/%s", Project, email)
	if c.World.Get(accountType, "", c.ID) != nil {
		return fmt.Errorf("Error 409: Service account %s already exists within project projects/%s., alreadyExists", c.State.String("accountId"), Project)
	}
	c.State["email"], c.State["member"], c.State["name"] = email, "serviceAccount:"+email, c.ID
	c.State["uniqueId"], c.State["project"] = digits(c, 21), Project
	return nil
}

// checkAccount looks for the account that a machine acts as.
func checkAccount(c *Call, email string) error {
	if email == "" {
		return nil
	}
	account := c.World.Get(accountType, "", fmt.Sprintf("projects/%s/serviceAccounts/%s", Project, email))
	if account == nil {
		return fmt.Errorf("Error 404: The resource 'projects/%s/serviceAccounts/%s' was not found, notFound", Project, email)
	}
	return Known(account, "Error 404: The resource 'projects/%s/serviceAccounts/%s' was not found, notFound", Project, email)
}
