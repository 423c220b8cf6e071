package machineconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// auditPolicy has the fields of an audit policy that decide whether a request is recorded, and how much of it
// (https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/#audit-k8s-io-v1-Policy).
type auditPolicy struct {
	OmitStages []string    `json:"omitStages"`
	Rules      []auditRule `json:"rules"`
}

type auditRule struct {
	Level           string          `json:"level"`
	Users           []string        `json:"users"`
	UserGroups      []string        `json:"userGroups"`
	Verbs           []string        `json:"verbs"`
	Namespaces      []string        `json:"namespaces"`
	NonResourceURLs []string        `json:"nonResourceURLs"`
	OmitStages      []string        `json:"omitStages"`
	Resources       []auditResource `json:"resources"`
}

type auditResource struct {
	Group         string   `json:"group"`
	Resources     []string `json:"resources"`
	ResourceNames []string `json:"resourceNames"`
}

// apiRequest is a request for a resource ("pods/exec") of a group, in a namespace.
type apiRequest struct {
	user                 string
	groups               []string
	verb, group          string
	resource, name, nspc string
}

// The levels of an audit policy by how much they record.
const (
	auditNone     = "None"
	auditMetadata = "Metadata"
)

func readAuditPolicy(content map[string]any) (auditPolicy, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return auditPolicy{}, err
	}
	var policy auditPolicy
	return policy, json.Unmarshal(text, &policy)
}

// levelOf returns how much of the request is recorded when it is answered: the level of the first rule that matches,
// or None if no rule does.
func (p auditPolicy) levelOf(r apiRequest) string {
	for _, rule := range p.Rules {
		if !rule.fits(r) {
			continue
		}
		if slices.Contains(slices.Concat(p.OmitStages, rule.OmitStages), "ResponseComplete") {
			return auditNone
		}
		return rule.Level
	}
	return auditNone
}

// fits reports whether the rule matches the request, by the code of the API server:
// https://github.com/kubernetes/kubernetes/blob/v1.35.0/staging/src/k8s.io/apiserver/pkg/audit/policy/checker.go
func (rule auditRule) fits(r apiRequest) bool {
	named := func(list []string, names ...string) bool {
		return len(list) == 0 ||
			slices.ContainsFunc(names, func(name string) bool { return slices.Contains(list, name) })
	}
	if !named(rule.Users, r.user) || !named(rule.UserGroups, r.groups...) || !named(rule.Verbs, r.verb) ||
		!named(rule.Namespaces, r.nspc) {
		return false
	}
	if len(rule.Resources) == 0 {
		return len(rule.Namespaces) > 0 || len(rule.NonResourceURLs) == 0
	}
	return slices.ContainsFunc(rule.Resources, func(of auditResource) bool {
		return of.Group == r.group && named(of.ResourceNames, r.name) && of.holds(r.resource)
	})
}

func (of auditResource) holds(resource string) bool {
	whole, part, _ := strings.Cut(resource, "/")
	return len(of.Resources) == 0 || slices.ContainsFunc(of.Resources, func(pattern string) bool {
		return pattern == "*" || pattern == resource || pattern == whole+"/*" || part != "" && pattern == "*/"+part
	})
}

// mustBeRecorded are requests that an audit policy of production has to record.
var mustBeRecorded = []apiRequest{
	{verb: "get", resource: "secrets"}, {verb: "list", resource: "secrets"}, {verb: "update", resource: "secrets"},
	{verb: "create", resource: "pods"}, {verb: "create", resource: "pods/exec"}, {verb: "get", resource: "pods/exec"},
	{
		verb:     "delete",
		group:    "apps",
		resource: "deployments",
	}, {verb: "create", group: "rbac.authorization.k8s.io", resource: "clusterrolebindings"},
}

// mustBeShut are requests whose bodies hold secrets, so that an audit policy of production must not record these.
var mustBeShut = []apiRequest{
	{verb: "get", resource: "secrets"}, {verb: "create", resource: "secrets"}, {verb: "patch", resource: "secrets"},
	{verb: "get", resource: "configmaps"}, {verb: "update", resource: "configmaps"},
	{
		verb:     "create",
		resource: "serviceaccounts/token",
	}, {verb: "create", group: "authentication.k8s.io", resource: "tokenreviews"},
}

// checkAuditPolicy returns what a policy must record and does not, or must not record and does.
func checkAuditPolicy(content map[string]any) error {
	policy, err := readAuditPolicy(content)
	if err != nil {
		return errors.New("it is not an audit policy")
	}
	for _, request := range mustBeRecorded {
		if policy.levelOf(request.by("somebody")) == auditNone {
			return fmt.Errorf("it does not record %s of %s", request.verb, request.resource)
		}
	}
	for _, request := range mustBeShut {
		if level := policy.levelOf(request.by("somebody")); level != auditNone && level != auditMetadata {
			return fmt.Errorf("it writes the contents of %s to the log", request.resource)
		}
	}
	return nil
}

// by returns the request as an ordinary user makes it, for an object without a special name.
func (r apiRequest) by(user string, groups ...string) apiRequest {
	r.user, r.groups = user, append(groups, "system:authenticated")
	r.name, r.nspc = "something", "somewhere"
	return r
}
