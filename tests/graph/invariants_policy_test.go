package graph

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/policy/rules"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The invariants that one rule states for all clouds. The policy pack holds every stack to the same rules; what is more exact
// than a rule, because it knows what this program means to build, stands in the files of each cloud.

// resources are the graph as rules see it, in the order of their URNs.
func (g graph) resources() []rules.Resource {
	var all []rules.Resource
	for _, urn := range slices.Sorted(maps.Keys(g.nodes)) {
		n := g.nodes[urn]
		all = append(all, rules.Resource{Type: n.Type, Name: n.Name, URN: urn, Properties: n.Inputs,
			Options: &rules.Options{Protect: n.Protect, Provider: n.Provider, Custom: n.Custom}})
	}
	return all
}

// forEachOnEveryCloud runs an invariant over the graph of every variant on every cloud.
func forEachOnEveryCloud(t *testing.T, check func(t *testing.T, g graph)) {
	t.Helper()
	t.Run("aws", func(t *testing.T) { forEach(t, check) })
	t.Run("gcp", func(t *testing.T) { forEachOnGoogleCloud(t, check) })
	t.Run("digitalocean", func(t *testing.T) { forEachOnDigitalOcean(t, check) })
}

// keepTheRules says that no stack breaks the rules of an invariant.
func keepTheRules(t *testing.T, invariant int) {
	t.Helper()
	ofInvariant := slices.DeleteFunc(rules.All(), func(r rules.Rule) bool { return r.Invariant != invariant })
	require.NotEmpty(t, ofInvariant, "no rule states invariant %d", invariant)
	forEachOnEveryCloud(t, func(t *testing.T, g graph) {
		for _, rule := range ofInvariant {
			for _, problem := range rule.Check(g.resources()...) {
				assert.Fail(t, problem.String(), rule.Name)
			}
		}
	})
}

func TestInvariant06NothingIsOpenToTheInternet(t *testing.T)          { keepTheRules(t, 6) }
func TestInvariant07PortTwentyTwoIsNeverOpen(t *testing.T)            { keepTheRules(t, 7) }
func TestInvariant08NodePortsAreOpenToNodesAlone(t *testing.T)        { keepTheRules(t, 8) }
func TestInvariant09EveryMachineStandsBehindAFirewall(t *testing.T)   { keepTheRules(t, 9) }
func TestInvariant10EveryBalancerIsInternal(t *testing.T)             { keepTheRules(t, 10) }
func TestInvariant15EveryDiskIsEncrypted(t *testing.T)                { keepTheRules(t, 15) }
func TestInvariant16MetadataIsGuarded(t *testing.T)                   { keepTheRules(t, 16) }
func TestInvariant17MachinesDisksAndInterfacesAreTagged(t *testing.T) { keepTheRules(t, 17) }
func TestInvariant18EverythingIsTagged(t *testing.T)                  { keepTheRules(t, 18) }
func TestInvariant28MachineConfigurationsAreSecrets(t *testing.T)     { keepTheRules(t, 28) }
func TestInvariant29WhatIsProtectedIsProtectedWhole(t *testing.T)     { keepTheRules(t, 29) }
func TestInvariant35EveryProviderIsExplicit(t *testing.T)             { keepTheRules(t, 35) }

// TestInvariant36TwoStacksShareNoName compares the stacks of each cloud, which may stand in one account.
func TestInvariant36TwoStacksShareNoName(t *testing.T) {
	for _, provider := range clouds {
		t.Run(provider, func(t *testing.T) {
			var stacks [][]rules.Resource
			for _, stack := range []string{"dev", "staging", "production"} {
				stacks = append(stacks, build(t, stack, stackFile(t, stack, map[string]string{"provider": provider})).resources())
			}
			for _, problem := range rules.SharedNames(stacks...) {
				assert.Fail(t, problem.String())
			}
			stranger := slices.Clone(stacks[0][1:2])
			assert.NotEmpty(t, rules.SharedNames(stacks[0], stranger), "the first stack's %s", stranger[0].URN)
		})
	}
}

var clouds = []string{"aws", "gcp", "digitalocean"}

// mutation is a way to weaken a stack: a value put at the path of the first resource of a type whose name has an ending.
type mutation struct {
	rule, token, name string
	path              []any
	value             any
}

const (
	everywhere = "0.0.0.0/0"
	plainText  = "in clear"
)

var mutations = []mutation{
	{"closed-to-the-internet", ingressType, "", []any{"cidrIpv4"}, everywhere},
	{"closed-to-the-internet", gceFirewallType, "", []any{"sourceRanges"}, []any{everywhere}},
	{"closed-to-the-internet", gceFirewallType, "", []any{"sourceServiceAccounts"}, nil},
	{"closed-to-the-internet", doFirewallType, "", []any{"inboundRules", 0, "sourceAddresses"}, []any{everywhere}},
	{"closed-to-the-internet", doBalancerType, "", []any{"firewall"}, nil},
	{"no-ssh", ingressType, "-from-worker", []any{"fromPort"}, 1},
	{"no-ssh", gceFirewallType, "", []any{"allows"}, []any{map[string]any{"protocol": "tcp"}}},
	{"no-ssh", doFirewallType, "", []any{"inboundRules", 0, "portRange"}, "all"},
	{"node-ports-from-nodes", ingressType, "-kubelet-from-worker", []any{"cidrIpv4"}, "10.0.0.0/8"},
	{"node-ports-from-nodes", gceFirewallType, "load-balancer", []any{"allows"}, []any{map[string]any{"protocol": "tcp", "ports": []any{"10250"}}}},
	{"node-ports-from-nodes", doFirewallType, "", []any{"inboundRules", 0}, map[string]any{"protocol": "tcp", "portRange": "10250", "sourceAddresses": []any{"10.0.0.0/8"}}},
	{"machine-has-firewall", nicType, "", []any{"securityGroups"}, nil},
	{"machine-has-firewall", instanceType, "", []any{"networkInterfaces"}, nil},
	{"machine-has-firewall", templateType, "", []any{"networkInterfaces", 0, "securityGroups"}, nil},
	{"machine-has-firewall", gceInstanceType, "", []any{"serviceAccount"}, nil},
	{"machine-has-firewall", dropletType, "", []any{"tags"}, nil},
	{"firewall-covers-machine", gceTemplateType, "", []any{"serviceAccount", "email"}, "stranger@mock"},
	{"firewall-covers-machine", dropletType, "", []any{"tags"}, []any{"stranger"}},
	{"balancer-internal", balancerType, "", []any{"internal"}, false},
	{"balancer-internal", gceRuleType, "", []any{"loadBalancingScheme"}, nil},
	{"balancer-internal", doBalancerType, "", []any{"network"}, "EXTERNAL"},
	{"disk-encrypted", instanceType, "", []any{"rootBlockDevice", "encrypted"}, false},
	{"disk-encrypted", templateType, "", []any{"blockDeviceMappings", 0, "ebs", "encrypted"}, nil},
	{"disk-encrypted", gceInstanceType, "", []any{"bootDisk", "diskEncryptionKeyRaw"}, plainText},
	{"disk-encrypted", dropletType, "", []any{"userData"}, plainText},
	{"disk-key", instanceType, "-workers-1", []any{"rootBlockDevice", "kmsKeyId"}, nil},
	{"disk-key", templateType, "", []any{"blockDeviceMappings", 0, "ebs", "kmsKeyId"}, nil},
	{"disk-key", gceInstanceType, "", []any{"bootDisk", "kmsKeySelfLink"}, nil},
	{"disk-key", gceTemplateType, "", []any{"disks", 0, "diskEncryptionKey"}, nil},
	{"metadata-guarded", instanceType, "", []any{"metadataOptions", "httpPutResponseHopLimit"}, 2},
	{"metadata-guarded", templateType, "", []any{"metadataOptions", "httpTokens"}, "optional"},
	{"metadata-guarded", gceInstanceType, "", []any{"metadata", "serial-port-enable"}, "true"},
	{"metadata-guarded", dropletType, "", []any{"dropletAgent"}, true},
	{"machines-tagged", instanceType, "", []any{"tags"}, nil},
	{"machines-tagged", nicType, "", []any{"tags", "owner"}, nil},
	{"machines-tagged", templateType, "", []any{"tagSpecifications", 1}, nil},
	{"machines-tagged", gceInstanceType, "", []any{"bootDisk", "initializeParams", "labels", "pool"}, nil},
	{"machines-tagged", dropletType, "", []any{"tags", 0}, nil},
	{"everything-tagged", "pulumi:providers:aws", "", []any{"defaultTags"}, nil},
	{"everything-tagged", groupType, "", []any{"tags"}, nil},
	{"everything-tagged", gceRuleType, "", []any{"labels", "cluster"}, nil},
	{"secrets-marked", instanceType, "", []any{"userDataBase64"}, plainText},
	{"secrets-marked", templateType, "", []any{"userData"}, plainText},
	{"secrets-marked", gceInstanceType, "", []any{"metadata"}, map[string]any{"user-data": plainText}},
	{"secrets-marked", dropletType, "", []any{"userData"}, plainText},
	{"secrets-marked", "talos:machine/configurationApply:ConfigurationApply", "", []any{"machineConfigurationInput"}, plainText},
	{"production-protected", instanceType, "-control-plane-0", []any{"disableApiTermination"}, false},
	{"production-protected", gceInstanceType, "-control-plane-0", []any{"deletionProtection"}, false},
}

// TestNoRuleIsVacuous weakens production, with an elastic pool as well, in one place at a time.
func TestNoRuleIsVacuous(t *testing.T) {
	pools := stackSays("pools", `[{"name":"workers","size":"large","count":3,"workload":"stateful"},{"name":"burst","size":"medium","min":1,"max":4}]`)
	weakened := map[string]bool{}
	for _, m := range mutations {
		cloud := strings.TrimPrefix(strings.Split(m.token, "/")[0], "pulumi:providers:")
		cloud, _, _ = strings.Cut(cloud, ":")
		if cloud == "talos" {
			cloud = "aws"
		}
		changes := stackSays("provider", cloud)
		if cloud != "digitalocean" {
			maps.Copy(changes, pools)
		}
		t.Run(cloud+"/"+m.rule+"/"+m.token, func(t *testing.T) {
			rule := ruleNamed(t, m.rule)
			resources := build(t, "production", stackFile(t, "production", changes)).resources()
			require.Empty(t, rule.Check(resources...))
			problems := rule.Check(m.apply(t, resources)...)
			assert.NotEmpty(t, problems)
			for _, problem := range problems {
				assert.NotContains(t, problem.String(), plainText)
			}
		})
		weakened[m.rule+" "+cloud] = true
	}
	for _, rule := range rules.All() {
		weakenable, less := weakenableOn[rule.Name]
		if !less {
			weakenable = clouds
		}
		for _, cloud := range weakenable {
			assert.True(t, weakened[rule.Name+" "+cloud], "nothing shows that %s sees anything on %s", rule.Name, cloud)
		}
	}
}

// weakenableOn are the clouds where a property of this program's graph can break a rule, if those are not all.
var weakenableOn = map[string][]string{
	"firewall-covers-machine": {"gcp", "digitalocean"}, // A machine on AWS names its firewall.
	"disk-key":                {"aws", "gcp"},          // DigitalOcean takes no key.
	"everything-tagged":       {"aws", "gcp"},          // DigitalOcean tags droplets and volumes, and the program makes no volume.
	"production-protected":    {"aws", "gcp"},          // On DigitalOcean protection is an option: TestRulesSeeOptions.
	"provider-explicit":       {},                      // So is the provider, everywhere.
}

// TestRulesSeeOptions takes the protection and the provider away, which are no properties.
func TestRulesSeeOptions(t *testing.T) {
	for _, cloud := range clouds {
		resources := build(t, "production", stackFile(t, "production", stackSays("provider", cloud))).resources()
		for i, r := range resources {
			weak := slices.Clone(resources)
			weak[i].Options = &rules.Options{Custom: r.Options.Custom, Provider: "urn:pulumi:production::inferadb::pulumi:providers:" + cloud + "::default::id"}
			if r.Options.Custom && !strings.HasPrefix(r.Type, "pulumi:") {
				assert.Len(t, ruleNamed(t, "provider-explicit").Check(weak...), 1, r.URN)
			}
			// A machine of a stateful pool is protected too, but nothing in the graph says that it is stateful.
			if r.Options.Protect && !strings.Contains(r.Name, "-workers-") {
				assert.Len(t, ruleNamed(t, "production-protected").Check(weak...), 1, r.URN)
			}
		}
	}
}

func ruleNamed(t *testing.T, name string) rules.Rule {
	t.Helper()
	i := slices.IndexFunc(rules.All(), func(r rules.Rule) bool { return r.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return rules.All()[i]
}

// apply returns the resources with one of them weakened.
func (m mutation) apply(t *testing.T, resources []rules.Resource) []rules.Resource {
	t.Helper()
	i := slices.IndexFunc(resources, func(r rules.Resource) bool { return r.Type == m.token && strings.HasSuffix(r.Name, m.name) })
	require.GreaterOrEqual(t, i, 0, "there is no %s", m.token)
	weak := slices.Clone(resources)
	weak[i].Properties = replaced(resource.NewObjectProperty(weak[i].Properties), m.value, m.path...).ObjectValue()
	return weak
}

// replaced is a copy of a value with another at a path; nil takes away what stands there.
func replaced(v resource.PropertyValue, value any, path ...any) resource.PropertyValue {
	if len(path) == 0 {
		return resource.NewPropertyValue(value)
	}
	if v.IsSecret() {
		return resource.MakeSecret(replaced(v.SecretValue().Element, value, path...))
	}
	switch step := path[0].(type) {
	case string:
		object := resource.PropertyMap{}
		if v.IsObject() {
			maps.Copy(object, v.ObjectValue())
		}
		object[resource.PropertyKey(step)] = replaced(object[resource.PropertyKey(step)], value, path[1:]...)
		return resource.NewObjectProperty(object)
	case int:
		items := slices.Clone(v.ArrayValue())
		items[step] = replaced(items[step], value, path[1:]...)
		return resource.NewArrayProperty(items)
	}
	return v
}
