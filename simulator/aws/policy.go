package aws

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
)

// policy is a policy document, as far as the rules look into it.
type policy struct{ Statement several[statement] }

type statement struct {
	Effect    string
	Principal json.RawMessage
	Resource  several[string]
	Condition json.RawMessage
}

// several reads one or many: policies may leave the list out.
type several[T any] []T

func (s *several[T]) UnmarshalJSON(text []byte) error {
	var one T
	if err := json.Unmarshal(text, &one); err == nil {
		*s = several[T]{one}
		return nil
	}
	return json.Unmarshal(text, (*[]T)(s))
}

// checkPolicy reads a policy document. IAM does not count its white space.
func checkPolicy(text string, limit int) error {
	var document struct{ Version, Statement any }
	if err := json.Unmarshal([]byte(text), &document); err != nil || document.Statement == nil {
		return fmt.Errorf("MalformedPolicyDocument: This policy contains invalid Json or no Statement")
	}
	if size := len(strings.Join(strings.Fields(text), "")); size > limit {
		return fmt.Errorf("LimitExceeded: the policy has %d characters, the quota is %d", size, limit)
	}
	return nil
}

// readPolicy reads a policy whose principals must exist, and refuses others with the error that the service answers.
func readPolicy(c *schema.Call, text string, limit int, refusal string) (policy, error) {
	var document policy
	if err := checkPolicy(text, limit); err != nil {
		return document, err
	}
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return document, fmt.Errorf("MalformedPolicyDocument: %w", err)
	}
	for _, statement := range document.Statement {
		for _, principal := range statement.identities() {
			name, isRole := strings.CutPrefix(principal, arn("iam", "", "role/"))
			if !isRole || strings.Contains(name, "/") {
				continue
			}
			role := c.Store.Get(roleType, "", name)
			if role == nil {
				return document, fmt.Errorf("%s: %s", refusal, principal)
			}
			// The provider tries again while a new principal is unknown:
			// https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/kms/key.go
			if err := schema.Known(role, "%s: %s", refusal, principal); err != nil {
				return document, err
			}
		}
	}
	return document, nil
}

// identities returns the accounts and roles that a statement is about; "*" is everybody.
func (s statement) identities() []string {
	var everybody string
	if json.Unmarshal(s.Principal, &everybody) == nil {
		return []string{everybody}
	}
	var kinds struct{ AWS several[string] }
	if json.Unmarshal(s.Principal, &kinds) != nil {
		return nil
	}
	return kinds.AWS
}

// public reports whether a statement lets anybody in.
func (s statement) public() bool {
	for _, principal := range s.identities() {
		if principal == "*" {
			return s.Effect == "Allow" && len(s.Condition) == 0
		}
	}
	return false
}
