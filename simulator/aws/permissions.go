package aws

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/store"
)

// request is an action of a role, or of a service on behalf of a resource of the account.
type request struct{ action, resource, role, service, source string }

// permission is a statement of a policy, as far as requests are held against it.
type permission struct {
	Effect    string
	Principal json.RawMessage
	Action    several[string]
	Resource  several[string]
	Condition map[string]map[string]several[string]
}

// allows reports whether a policy document allows a request: a statement does, and none denies it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func allows(document string, r request) bool {
	var parsed struct{ Statement several[permission] }
	if json.Unmarshal([]byte(document), &parsed) != nil {
		return false
	}
	about := func(effect string) bool {
		return slices.ContainsFunc(parsed.Statement, func(p permission) bool {
			return p.Effect == effect && p.matches(r)
		})
	}
	return about("Allow") && !about("Deny")
}

func (p permission) matches(r request) bool {
	actions := slices.ContainsFunc(p.Action, func(pattern string) bool {
		return glob(strings.ToLower(pattern), strings.ToLower(r.action))
	})
	resources := len(p.Resource) == 0 || slices.ContainsFunc(p.Resource, func(pattern string) bool {
		return glob(pattern, r.resource)
	})
	return actions && resources && p.names(r) && p.holds(r)
}

// names reports whether a statement is about the principal of a request. A policy of a role has no principals.
func (p permission) names(r request) bool {
	if len(p.Principal) == 0 {
		return true
	}
	var everybody string
	if json.Unmarshal(p.Principal, &everybody) == nil {
		return everybody == "*"
	}
	var kinds struct{ AWS, Service several[string] }
	if json.Unmarshal(p.Principal, &kinds) != nil {
		return false
	}
	if r.service != "" {
		return slices.Contains(kinds.Service, r.service)
	}
	return slices.ContainsFunc(kinds.AWS, func(who string) bool { return who == "*" || who == r.role })
}

// holds reports whether the conditions hold that the simulator knows: where a request comes from, and that it is
// encrypted. Others are taken to hold where something is allowed, and not where it is denied.
func (p permission) holds(r request) bool {
	for _, keys := range p.Condition {
		for key, values := range keys {
			switch key {
			case "aws:SourceArn":
				if !slices.ContainsFunc(values, func(pattern string) bool { return glob(pattern, r.source) }) {
					return false
				}
			case "aws:SourceAccount", "kms:CallerAccount":
				if !slices.Contains(values, Account) {
					return false
				}
			case "aws:SecureTransport":
				if !slices.Contains(values, "true") {
					return false
				}
			default:
				if p.Effect == "Deny" {
					return false
				}
			}
		}
	}
	return true
}

// glob reports whether a text matches a pattern of a policy, in which a star matches any text.
func glob(pattern, text string) bool {
	// A slash is a character like any other in a policy.
	matched, err := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(text, "/", "\x00"))
	return err == nil && matched
}

// roleMay reports whether one of a role's own policies allows a request.
func roleMay(st *store.Store, role string, r request) bool {
	return slices.ContainsFunc(st.List(rolePolicyType, ""), func(policy *store.Resource) bool {
		return policy.State.String("role") == role && allows(policy.State.String("policy"), r)
	})
}
