package graph

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
			assert.Empty(t, iampolicy.Document{Statement: statements}.Unrestricted(), holder)
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
		if strings.HasSuffix(t.Name(), "/controlled") {
			return // TestControllersChangeTheirClusterAlone
		}
		require.True(t, slices.ContainsFunc(g.ofType("aws:iam/role:Role"), func(n *node) bool { return strings.HasSuffix(n.Name, "-control-plane") }))
		for _, n := range g.nodes {
			if strings.HasPrefix(n.Type, "aws:iam/rolePolic") || strings.HasPrefix(n.Type, "aws:iam/policyAttachment") {
				assert.NotContains(t, n.text("role"), "control-plane", n.Name)
			}
			assert.True(t, n.Type != "aws:iam/role:Role" || n.get("managedPolicyArns").IsNull() && n.get("inlinePolicies").IsNull(), n.Name)
		}
	})
}

// TestControllersChangeTheirClusterAlone: what cloudController gives, the control planes hold, and every action that changes
// something is bound to the cluster's tag; workers hold none of it.
func TestControllersChangeTheirClusterAlone(t *testing.T) {
	g := build(t, "production", stackFile(t, "production", stackSays("cloudController", "true")))
	found := 0
	for _, n := range g.ofType(policyType) {
		if !strings.HasSuffix(n.Name, "-cloud-controller") && !strings.HasSuffix(n.Name, "-ebs-driver") {
			assert.NotContains(t, n.text("role"), "control-plane", n.Name)
			continue
		}
		found++
		assert.Contains(t, n.text("role"), "control-plane", n.Name)
		cluster := n.Name[:strings.LastIndex(n.Name, "-nyc1-")+len("-nyc1")]
		if strings.Contains(n.Name, "-sfo1-") {
			cluster = n.Name[:strings.LastIndex(n.Name, "-sfo1-")+len("-sfo1")]
		}
		for _, statement := range statements(t, n.text("policy")) {
			assert.False(t, boundToNothing(statement, cluster), "%s: %s", n.Name, statement.Action)
		}
	}
	assert.Equal(t, 4, found, "two for each cluster")
	for _, n := range g.ofType("aws:ec2/securityGroup:SecurityGroup") {
		owner := n.text("tags", "kubernetes.io/cluster/"+strings.TrimSuffix(n.Name, "-worker"))
		assert.Equal(t, strings.HasSuffix(n.Name, "-worker"), owner == "owned", n.Name)
	}
}

// boundToNothing reports whether a statement lets its holder change what is not the cluster's. A security group is made in a
// network, which has no tag in the request; what is tagged when it is made has the tags of the request that makes it.
func boundToNothing(s iampolicy.Statement, cluster string) bool {
	if !slices.ContainsFunc(s.Action, func(action string) bool { return !iampolicy.Reads(action) }) {
		return false
	}
	inNetwork := slices.Equal(s.Action, []string{"ec2:CreateSecurityGroup"}) && strings.HasSuffix(s.Resource[0], ":vpc/*")
	whenMade := slices.Equal(s.Action, []string{"ec2:CreateTags"}) && len(s.Condition["StringEquals"]["ec2:CreateAction"]) > 0
	tag := "Tag/kubernetes.io/cluster/" + cluster
	equals := s.Condition["StringEquals"]
	tagged := slices.Equal(equals["aws:Resource"+tag], []string{"owned"}) || slices.Equal(equals["aws:Request"+tag], []string{"owned"})
	return !inNetwork && !whenMade && !tagged
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

// TestFlowLogsAreWrittenByTheNetworkAlone: on request, whole, for thirty days, by a role that nothing else can use.
func TestFlowLogsAreWrittenByTheNetworkAlone(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		logs := g.ofType("aws:ec2/flowLog:FlowLog")
		if !strings.HasSuffix(t.Name(), "/watched") {
			assert.Empty(t, logs)
			return
		}
		assert.Len(t, logs, 2, "one for each network")
		for _, n := range logs {
			assert.Equal(t, "ALL", n.text("trafficType"))
			group := "arn:aws:logs:::log-group:" + n.Name
			assert.Equal(t, group, n.text("logDestination"))
			i := slices.IndexFunc(g.ofType("aws:cloudwatch/logGroup:LogGroup"), func(other *node) bool { return other.Name == n.Name })
			assert.Equal(t, "30", g.ofType("aws:cloudwatch/logGroup:LogGroup")[i].text("retentionInDays"))
			i = slices.IndexFunc(g.ofType("aws:iam/role:Role"), func(role *node) bool { return role.Name == n.Name })
			trust := statements(t, g.ofType("aws:iam/role:Role")[i].text("assumeRolePolicy"))[0]
			assert.Equal(t, []string{"vpc-flow-logs.amazonaws.com"}, trust.Principal.Service)
			assert.Equal(t, []string{"123456789012"}, trust.Condition["StringEquals"]["aws:SourceAccount"])
			i = slices.IndexFunc(g.ofType(policyType), func(policy *node) bool { return policy.Name == n.Name })
			writes := g.ofType(policyType)[i]
			assert.Equal(t, []string{group, group + ":*"}, statements(t, writes.text("policy"))[0].Resource)
			assert.True(t, g.reaches(n, writes), "%s begins before it may write", n.Name)
		}
	})
}

func TestGoogleCloudFlowLogsLeaveNothingOut(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType("gcp:compute/subnetwork:Subnetwork") {
			logged := strings.HasSuffix(t.Name(), "/watched") && strings.HasSuffix(n.Name, "-nodes")
			assert.Equal(t, logged, n.get("logConfig").IsObject(), n.Name)
			assert.True(t, !logged || n.text("logConfig", "flowSampling") == "1", "%s leaves flows out", n.Name)
		}
	})
}

// TestTheAccountsSettingStaysWhenTheStackGoes: the provider would switch it off, and other stacks share the account.
func TestTheAccountsSettingStaysWhenTheStackGoes(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		settings := g.ofType("aws:ebs/encryptionByDefault:EncryptionByDefault")
		assert.Equal(t, strings.HasSuffix(t.Name(), "/watched"), len(settings) == 2, "one for each region")
		for _, n := range settings {
			assert.True(t, n.Retain, n.Name)
			assert.Equal(t, "true", n.text("enabled"), n.Name)
		}
		for _, n := range g.nodes {
			assert.NotContains(t, n.Type, "defaultKmsKey", "an account's key does not go with a cluster")
		}
	})
}
