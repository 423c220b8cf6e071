package machineconfig

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ownAuditPolicy(t *testing.T, contract string) auditPolicy {
	t.Helper()
	provider := loaded(t, input(ControlPlane, func(in *Input) { in.Contract = contract }))
	policy, err := readAuditPolicy(provider.Cluster().APIServer().AuditPolicy())
	require.NoError(t, err)
	require.NotEmpty(t, policy.Rules)
	return policy
}

func TestWhatTheAuditPolicyRecords(t *testing.T) {
	const rbac, authentication = "rbac.authorization.k8s.io", "authentication.k8s.io"
	node, anyone := []string{"system:nodes"}, []string(nil)
	for _, contract := range []string{"v1.10.4", "v1.11.2", "v1.12.1"} {
		policy := ownAuditPolicy(t, contract)
		for _, row := range []struct {
			user                  string
			groups                []string
			verb, group, resource string
			want                  string
		}{
			{"jane", anyone, "get", "", "secrets", "Metadata"},
			{"system:node:a", node, "get", "", "secrets", "Metadata"},
			{"system:kube-controller-manager", anyone, "list", "", "secrets", "Metadata"},
			{"jane", anyone, "update", "", "configmaps", "Metadata"},
			{"system:node:a", node, "create", "", "serviceaccounts/token", "Metadata"},
			{"system:node:a", node, "create", authentication, "tokenreviews", "Metadata"},
			{"jane", anyone, "create", "", "pods/exec", "Metadata"},
			{"system:node:a", node, "get", "", "pods/exec", "Metadata"},
			{"jane", anyone, "get", "", "pods/attach", "Metadata"},
			{"jane", anyone, "create", "", "nodes/proxy", "Metadata"},
			{"jane", anyone, "create", rbac, "clusterrolebindings", "Request"},
			{"system:node:a", node, "delete", rbac, "roles", "Request"},
			{"jane", anyone, "patch", "", "namespaces", "Request"},
			{"jane", anyone, "deletecollection", "networking.k8s.io", "networkpolicies", "Request"},
			{"jane", anyone, "update", "admissionregistration.k8s.io", "validatingwebhookconfigurations", "Request"},
			{"jane", anyone, "list", rbac, "roles", "Metadata"},
			{"jane", anyone, "create", "", "pods", "Metadata"},
			{"jane", anyone, "patch", "apps", "deployments", "Metadata"},
			{"jane", anyone, "delete", "batch", "jobs", "Metadata"},
			{"jane", anyone, "create", "example.com", "vaults", "Metadata"},
			{"system:node:a", node, "update", "", "nodes/status", "Metadata"},
			{"system:node:a", node, "update", "coordination.k8s.io", "leases", "None"},
			{"jane", anyone, "create", "", "events", "None"},
			{"system:node:a", node, "watch", "", "pods", "None"},
			{"system:kube-scheduler", anyone, "list", "", "nodes", "None"},
			{"system:kube-scheduler", anyone, "create", "", "pods/binding", "Metadata"},
		} {
			request := apiRequest{verb: row.verb, group: row.group, resource: row.resource}
			assert.Equal(t, row.want, policy.levelOf(request.by(row.user, row.groups...)), "%s %s %s", row.user,
				row.verb, row.resource)
		}
	}
}

// Whoever reads the log must not learn from it what the API would not tell them.
func TestTheAuditPolicyNeverRecordsWhatHoldsSecrets(t *testing.T) {
	users := map[string][]string{"jane": nil, "system:node:a": {"system:nodes"}, "system:kube-scheduler": nil, "system:serviceaccount:a:b": {"system:serviceaccounts"}}
	policy := ownAuditPolicy(t, "v1.12.1")
	for _, held := range []apiRequest{{resource: "secrets"}, {resource: "configmaps"}, {resource: "serviceaccounts/token"},
		{group: "authentication.k8s.io", resource: "tokenreviews"}, {group: "apps", resource: "statefulsets"}, {resource: "pods"}} {
		for _, held.verb = range []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"} {
			for user, groups := range users {
				assert.Contains(t, []string{auditNone, auditMetadata}, policy.levelOf(held.by(user, groups...)),
					"%s %s %s", user, held.verb, held.resource)
			}
		}
	}
	for _, rule := range policy.Rules {
		assert.NotEqual(t, "RequestResponse", rule.Level, "an answer may hold what its request did not")
	}
}

func TestTheAuditPolicyIsWhole(t *testing.T) {
	policy := ownAuditPolicy(t, "v1.12.1")
	assert.Equal(t, []string{"RequestReceived"}, policy.OmitStages, "one line for each request")
	assert.Equal(t, auditRule{Level: auditMetadata}, policy.Rules[len(policy.Rules)-1], "what no rule names is recorded")
	assert.Contains(t, policy.Rules, auditRule{Level: auditNone, NonResourceURLs: []string{"/healthz*", "/livez*", "/readyz*", "/version", "/openapi/*"}})
	extra := loaded(t, input(ControlPlane)).Cluster().APIServer().ExtraArgs()
	for _, flag := range []string{"audit-log-maxage", "audit-log-maxbackup", "audit-log-maxsize"} {
		assert.NotContains(t, extra, flag, "Talos bounds the log itself")
	}
}

func TestCheckAuditPolicy(t *testing.T) {
	rules := func(rules ...any) map[string]any { return map[string]any{"rules": rules} }
	none, metadata := map[string]any{"level": "None"}, map[string]any{"level": "Metadata"}
	secrets := func(level string) map[string]any {
		return map[string]any{"level": level, "resources": []any{map[string]any{"group": "", "resources": []any{"secrets", "configmaps"}}}}
	}
	everything := map[string]any{"level": "Request"}
	tokens := map[string]any{"level": "Metadata", "resources": []any{map[string]any{"group": "authentication.k8s.io"},
		map[string]any{"group": "", "resources": []any{"serviceaccounts/*"}}}}
	for _, test := range []struct {
		policy map[string]any
		want   string
	}{
		{rules(metadata), ""},
		{rules(secrets("Metadata"), tokens, everything), ""},
		{rules(map[string]any{"level": "None", "users": []any{"probe"}}, metadata), ""},
		{nil, "it does not record get of secrets"},
		{rules(), "it does not record get of secrets"},
		{rules(none, metadata), "it does not record get of secrets"},
		{rules(secrets("Metadata"), none), "it does not record create of pods"},
		{rules(map[string]any{"level": "None", "verbs": []any{"get", "list"}}, metadata), "it does not record get of secrets"},
		{rules(map[string]any{"level": "None", "resources": []any{map[string]any{"group": "", "resources": []any{"*/exec"}}}}, metadata),
			"it does not record create of pods/exec"},
		{map[string]any{"omitStages": []any{"ResponseComplete"}, "rules": []any{metadata}}, "it does not record get of secrets"},
		{rules(everything), "it writes the contents of secrets to the log"},
		{rules(secrets("RequestResponse"), tokens, metadata), "it writes the contents of secrets to the log"},
		{rules(secrets("Metadata"), everything), "it writes the contents of serviceaccounts/token to the log"},
		{map[string]any{"rules": "none"}, "it is not an audit policy"},
	} {
		if err := checkAuditPolicy(test.policy); test.want == "" {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, test.want)
		}
	}
}
