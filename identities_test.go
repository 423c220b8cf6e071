package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/iampolicy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who may do what on AWS: every policy of every stack, read back from the graph.

// statements are those of a policy, which the package that builds them must be able to read.
func statements(t *testing.T, text string) []iampolicy.Statement {
	t.Helper()
	document, err := iampolicy.Parse(text)
	require.NoError(t, err)
	require.NotEmpty(t, document.Statement)
	return document.Statement
}

// policies are a graph's, by what holds each.
func policies(t *testing.T, g graph) map[string][]iampolicy.Statement {
	t.Helper()
	found := map[string][]iampolicy.Statement{}
	for _, n := range g.nodes {
		for _, property := range []string{"policy", "assumeRolePolicy"} {
			if text := n.text(property); text != "" {
				found[n.Type+" "+n.Name+" "+property] = statements(t, text)
			}
		}
	}
	return found
}

func TestNoPolicyIsLoose(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		found := policies(t, g)
		require.NotEmpty(t, found)
		for holder, statements := range found {
			assert.Empty(t, iampolicy.Document{Statement: statements}.Loose(), holder)
			for _, statement := range statements {
				// Everybody is bound by a condition; only the account itself, which hands out its own permissions, by none.
				everybody := statement.Principal != nil && slices.Contains(statement.Principal.AWS, "*")
				assert.False(t, statement.Effect == "Allow" && everybody && len(statement.Condition) == 0, "%s lets everybody in", holder)
				wide := slices.ContainsFunc(statement.Action, func(action string) bool { return strings.HasSuffix(action, ":*") })
				account := statement.Principal != nil && slices.Equal(statement.Principal.AWS, []string{"arn:aws:iam::123456789012:root"})
				assert.False(t, statement.Effect == "Allow" && wide && !account, "%s allows everything of a service", holder)
			}
		}
	})
}

// TestRolesAreAssumedByOneServiceAlone: nobody steps into a role of the cluster but the service that it was made for.
func TestRolesAreAssumedByOneServiceAlone(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType("aws:iam/role:Role") {
			trust := statements(t, n.text("assumeRolePolicy"))
			require.Len(t, trust, 1, n.Name)
			assert.Equal(t, "Allow [sts:AssumeRole]", trust[0].Effect+" ["+strings.Join(trust[0].Action, " ")+"]", n.Name)
			require.NotNil(t, trust[0].Principal, n.Name)
			assert.Len(t, trust[0].Principal.Service, 1, n.Name)
			assert.Empty(t, append(trust[0].Principal.AWS, trust[0].Principal.Federated...), n.Name)
		}
	})
}

// TestControlPlanesHoldNoPermission: Talos and Kubernetes need none on AWS, so the role is there to be given one by choice.
func TestControlPlanesHoldNoPermission(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		require.True(t, slices.ContainsFunc(g.ofType("aws:iam/role:Role"), func(n *node) bool { return strings.HasSuffix(n.Name, "-control-plane") }))
		for _, n := range g.nodes {
			if strings.HasPrefix(n.Type, "aws:iam/rolePolic") || strings.HasPrefix(n.Type, "aws:iam/policyAttachment") {
				assert.NotContains(t, n.text("role"), "control-plane", n.Name)
			}
			assert.True(t, n.Type != "aws:iam/role:Role" || n.get("managedPolicyArns").IsNull() && n.get("inlinePolicies").IsNull(), n.Name)
		}
	})
}

// TestGoogleCloudMachinesHaveNoDoorsOfTheProject: a serial console and SSH keys that the whole project has are none of a node's.
func TestGoogleCloudMachinesHaveNoDoorsOfTheProject(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, n := range append(g.ofType(gceInstanceType), g.ofType(gceTemplateType)...) {
			assert.Equal(t, "FALSE", n.text("metadata", "serial-port-enable"), n.Name)
			assert.Equal(t, "TRUE", n.text("metadata", "block-project-ssh-keys"), n.Name)
		}
	})
}
