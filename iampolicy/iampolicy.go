// Package iampolicy builds the policies of AWS' Identity and Access Management as typed values, so that a misspelled
// key does not compile and a test can read what a policy allows. Pure.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
package iampolicy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// version is the only policy language that knows policy variables:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
const version = "2012-10-17"

// Document is a policy: of an identity, of a resource, or of who may assume a role.
type Document struct {
	Version   string
	Statement []Statement
}

// Statement allows or denies actions. Allow and Deny begin one, the methods complete it.
type Statement struct {
	Sid    string `json:",omitempty"`
	Effect string
	// Principal is only in policies of resources and roles; the policy of an identity applies to the identity.
	Principal *Principal `json:",omitempty"`
	Action    []string
	// Resource is left out of the policy of who may assume a role.
	Resource  []string   `json:",omitempty"`
	Condition Conditions `json:",omitempty"`
}

// Principal is whom a statement applies to, by kind. "*" in AWS means everyone.
type Principal struct {
	AWS       []string `json:",omitempty"`
	Service   []string `json:",omitempty"`
	Federated []string `json:",omitempty"`
}

// Conditions are values by operator ("StringEquals") and key ("aws:SourceArn"). All operators and keys must hold; of a
// key's values one must.
type Conditions map[string]map[string][]string

// Allow begins a statement that allows the actions.
func Allow(actions ...string) Statement { return Statement{Effect: "Allow", Action: actions} }

// Deny begins a statement that denies the actions, whatever else allows them.
func Deny(actions ...string) Statement { return Statement{Effect: "Deny", Action: actions} }

// OnResources names the resources by ARN.
func (s Statement) OnResources(resources ...string) Statement {
	s.Resource = resources
	return s
}

// WithPrincipal names whom the statement of a resource's or a role's policy is about.
func (s Statement) WithPrincipal(principal Principal) Statement {
	s.Principal = &principal
	return s
}

// WithCondition adds a condition: one of the values, by the operator.
func (s Statement) WithCondition(operator, key string, values ...string) Statement {
	conditions := Conditions{}
	for name, keys := range s.Condition {
		conditions[name] = keys
	}
	keys := map[string][]string{key: values}
	for name, others := range conditions[operator] {
		if name != key {
			keys[name] = others
		}
	}
	conditions[operator] = keys
	s.Condition = conditions
	return s
}

// WithSid gives the statement an id, of letters and digits.
func (s Statement) WithSid(sid string) Statement {
	s.Sid = sid
	return s
}

// AccountAdmin returns a statement that leaves access to a KMS key to the IAM of an account. It allows everything to
// the account as such, not to its users: a key whose policy names no one who may change it is lost for good.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-root-enable-iam
func AccountAdmin(account string) Statement {
	return Allow(
		"kms:*",
	).WithSid("Account").
		OnResources("*").
		WithPrincipal(Principal{AWS: []string{"arn:aws:iam::" + account + ":root"}})
}

// JSON returns a policy of the statements.
func JSON(statements ...Statement) (string, error) {
	text, err := json.Marshal(Document{Version: version, Statement: statements})
	if err != nil {
		return "", fmt.Errorf("policy: %w", err)
	}
	return string(text), nil
}

// Parse reads a policy that JSON wrote. The error repeats nothing of it.
func Parse(text string) (Document, error) {
	var document Document
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&document); err != nil {
		return Document{}, fmt.Errorf("policy: it is not one that this package wrote: %w", err)
	}
	return document, nil
}

// Unrestricted returns the actions by which an identity could change anything at all: allowed on every resource,
// without a condition. Statements with a principal apply to the resource of the policy, and are never among them.
func (d Document) Unrestricted() []string {
	var unrestricted []string
	for _, statement := range d.Statement {
		if statement.Effect != "Allow" || statement.Principal != nil || len(statement.Condition) > 0 ||
			!slices.ContainsFunc(statement.Resource, everything) {
			continue
		}
		for _, action := range statement.Action {
			if !Reads(action) {
				unrestricted = append(unrestricted, action)
			}
		}
	}
	return unrestricted
}

// everything reports whether an ARN leaves open which resource of a service it is.
func everything(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return strings.Trim(parts[len(parts)-1], "*/") == ""
}

// reading are the verbs of actions that change nothing.
var reading = []string{"Get", "List", "Describe", "Head", "BatchGet", "Lookup", "Search", "View"}

// Reads reports whether an action changes nothing. A verb with a wildcard, such as "*" or "G*", may change something.
func Reads(action string) bool {
	_, verb, _ := strings.Cut(action, ":")
	return slices.ContainsFunc(reading, func(prefix string) bool { return strings.HasPrefix(verb, prefix) })
}
