package gcp

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/inferadb/infra/simulator/simulatortest"
	"github.com/inferadb/infra/simulator/store"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// place is a network with all that a cluster needs but its machines and its load balancer.
type place struct {
	*simulatortest.Harness
	network, nodes, proxies, controlPlanes, workers, image string
}

func newPlace(t *testing.T) place {
	t.Helper()
	p := place{Harness: newHarness(t), image: "projects/" + Project + "/global/images/talos-v1-12-1-amd64-" + schematic}
	p.network = p.Create(networkType, "network", props{"autoCreateSubnetworks": false})
	p.nodes = p.Create(subnetworkType, "nodes", props{"network": p.network, "ipCidrRange": "10.0.0.0/20"})
	p.proxies = p.Create(subnetworkType, "proxies",
		props{"network": p.network, "ipCidrRange": "10.0.16.0/26", "purpose": proxyPurpose, "role": "ACTIVE"})
	p.controlPlanes = email(p.Create(accountType, "cp", props{"accountId": "control-planes"}))
	p.workers = email(p.Create(accountType, "worker", props{"accountId": "workers"}))
	return p
}

func email(account string) string { return account[strings.LastIndex(account, "/")+1:] }

// machine are the inputs of an instance, template those of a group's.
func (p place) machine(name, zone string) props {
	return props{
		"name": name, "zone": zone, "machineType": "e2-medium", "metadata": map[string]any{"user-data": "hello"},
		"bootDisk":          map[string]any{"initializeParams": map[string]any{"image": p.image, "size": 20}},
		"networkInterfaces": []any{map[string]any{"subnetwork": p.nodes}},
		"serviceAccount":    map[string]any{"email": p.controlPlanes, "scopes": []any{"cloud-platform"}},
	}
}

func (p place) template() props {
	return props{
		"machineType": "e2-medium", "metadata": map[string]any{"user-data": "hello"},
		"disks":             []any{map[string]any{"boot": true, "sourceImage": p.image}},
		"networkInterfaces": []any{map[string]any{"subnetwork": p.nodes}},
		"serviceAccount":    map[string]any{"email": p.workers, "scopes": []any{"cloud-platform"}},
	}
}

func (p place) manager(template string) props {
	return props{
		"baseInstanceName": "pool", "targetSize": 3, "versions": []any{map[string]any{"instanceTemplate": template}},
		"updatePolicy": map[string]any{"type": "PROACTIVE", "minimalAction": "REPLACE", "maxSurgeFixed": 3,
			"maxUnavailableFixed": 0},
	}
}

func (p place) rule() props {
	return props{"network": p.network, "allows": []any{map[string]any{"protocol": "tcp", "ports": []any{"6443"}}},
		"sourceRanges": []any{"10.0.0.0/8"}}
}

// mistake is something that Google Cloud or its provider refuses, and what it says.
type mistake struct {
	token  string
	inputs props
	want   string
}

// TestRefusals makes, one after the other, the mistakes that Google Cloud or its provider refuses.
func TestRefusals(t *testing.T) {
	p := newPlace(t)
	for area, mistakes := range map[string]map[string]mistake{
		"network": p.networkMistakes(), "machine": p.machineMistakes(), "group": p.groupMistakes(),
		"balancer": p.loadBalancerMistakes(), "key": p.keyMistakes(),
	} {
		for name, mistake := range mistakes {
			_, _, err := p.Try(mistake.token, "mistake", mistake.inputs)
			assert.ErrorContains(t, err, mistake.want, "%s: %s", area, name)
		}
	}
	p.Configure(props{"project": "nobodys-project", "region": "us-east4"})
	_, _, err := p.Try(networkType, "network", props{"autoCreateSubnetworks": false})
	assert.ErrorContains(t, err, "Permission denied on resource project nobodys-project")
}

func (p place) networkMistakes() map[string]mistake {
	subnet := props{"network": p.network, "ipCidrRange": "10.0.32.0/20"}
	proxies := subnet.With(props{"ipCidrRange": "10.0.17.0/26", "purpose": proxyPurpose, "role": "ACTIVE"})
	nat := props{"router": p.Create(routerType, "router", props{"network": p.network}),
		"natIpAllocateOption": "AUTO_ONLY", "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES"}
	dynamic := nat.With(props{"enableDynamicPortAllocation": true})
	return map[string]mistake{
		"unknown input": {networkType, props{"autoCreate": false},
			`autoCreate: no such property; the nearest is "autoCreateSubnetworks"`},
		"name in upper case": {networkType, props{"name": "Mine"}, "does not match"},
		"name too long":      {networkType, props{"name": strings.Repeat("x", 64)}, "longer than 63"},
		"region of another": {subnetworkType, subnet.With(props{"region": "us-west1"}),
			"is not the region of the provider"},
		"host bits": {subnetworkType, subnet.With(props{"ipCidrRange": "10.0.32.1/20"}),
			"without host bits"},
		"subnetwork overlaps": {subnetworkType, subnet.With(props{"ipCidrRange": "10.0.8.0/24"}),
			"conflicts with existing subnetwork"},
		"second proxies": {subnetworkType, proxies,
			"active proxy-only subnetwork in this region and network already"},
		"few proxies": {subnetworkType,
			proxies.With(props{"ipCidrRange": "10.0.17.0/27", "role": "BACKUP"}), "at least 64 addresses"},
		"proxies without role": {subnetworkType, proxies.With(props{"role": nil}), "needs a role"},
		"flow logs of proxies": {subnetworkType,
			proxies.With(props{"role": "BACKUP", "logConfig": map[string]any{}}), "has no flow logs"},
		"flow logs of more": {subnetworkType,
			subnet.With(props{"logConfig": map[string]any{"flowSampling": 2}}), "flowSampling"},
		"egress with a source": {firewallType, p.rule().With(props{"direction": "EGRESS"}), "has no source"},
		"role of nodes": {subnetworkType, subnet.With(props{"role": "ACTIVE"}),
			"for subnetworks of a managed proxy only"},
		"NAT with both": {natType, dynamic.With(props{"enableEndpointIndependentMapping": true}),
			"cannot both be enabled"},
		"NAT of odd ports": {natType, dynamic.With(props{"minPortsPerVm": 64, "maxPortsPerVm": 1000}),
			"powers of two"},
		"NAT of a missing list": {natType, nat.With(props{"sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS"}),
			"belongs to LIST_OF_SUBNETWORKS"},
		"address of the proxies": {addressType, props{"addressType": "INTERNAL", "subnetwork": p.proxies},
			"has no addresses for anything else"},
		"address outside": {addressType,
			props{"addressType": "INTERNAL", "subnetwork": p.nodes, "address": "10.9.0.1"}, "not in the range"},
		"address of nowhere":  {addressType, props{"addressType": "INTERNAL"}, "needs a subnetwork"},
		"label in upper case": {addressType, props{"labels": map[string]any{"Team": "x"}}, "Invalid label key"},
		"label with dots": {addressType, props{"labels": map[string]any{"version": "v1.12"}},
			"Invalid label value"},
		"rule without source": {firewallType, p.rule().With(props{"sourceRanges": nil}), "would be everybody"},
		"rule without traffic": {firewallType, p.rule().With(props{"allows": nil}),
			"exactly one of allows, denies"},
		"rule of account and tag": {firewallType,
			p.rule().With(props{"sourceTags": []any{"a"},
				"targetServiceAccounts": []any{p.workers}}), "conflicts with"},
		"rule with ports for ICMP": {firewallType,
			p.rule().With(props{"allows": []any{map[string]any{"protocol": "icmp",
				"ports": []any{"8"}}}}), "not for icmp"},
		"account's name too long":  {accountType, props{"accountId": strings.Repeat("a", 31)}, "longer than 30"},
		"account's name too short": {accountType, props{"accountId": "node"}, "does not match"},
		"second account":           {accountType, props{"accountId": "workers"}, "already exists"},
	}
}

func (p place) machineMistakes() map[string]mistake {
	m := p.machine("mistake", "us-east4-a")
	disk := func(params map[string]any) props {
		return m.With(props{"bootDisk": map[string]any{"initializeParams": params}})
	}
	reserved := p.Create(addressType, "taken",
		props{"addressType": "INTERNAL", "subnetwork": p.nodes, "address": "10.0.0.99"})
	p.Create(instanceType, "holder", p.machine("holder",
		"us-east4-a").With(props{"networkInterfaces": []any{map[string]any{"subnetwork": p.nodes,
		"networkIp": "10.0.0.99"}}}))
	return map[string]mistake{
		"no such zone": {instanceType, m.With(props{"zone": "us-east4-f"}), "Unknown zone"},
		"no such image": {instanceType,
			disk(map[string]any{"image": "projects/" + Project + "/global/images/talos"}), "was not found"},
		"no such type": {instanceType, m.With(props{"machineType": "e2-enormous"}), "does not exist"},
		"architecture": {instanceType, m.With(props{"machineType": "t2a-standard-4"}),
			"does not match the image's"},
		"disk too small": {instanceType, disk(map[string]any{"image": p.image, "size": 5}),
			"smaller than the image"},
		"secure boot": {instanceType,
			m.With(props{"shieldedInstanceConfig": map[string]any{"enableSecureBoot": true}}), "is not signed"},
		"no such account": {instanceType,
			m.With(props{"serviceAccount": map[string]any{"email": "nobody@x",
				"scopes": []any{}}}), "serviceAccounts/nobody@x' was not found"},
		"action on demand": {instanceType,
			m.With(props{"scheduling": map[string]any{"instanceTerminationAction": "STOP"}}), "standard " +
				"provisioning model"},
		"spot that restarts": {instanceType,
			m.With(props{"scheduling": map[string]any{"provisioningModel": "SPOT",
				"preemptible": true}}), "automaticRestart be false"},
		"spot that migrates": {instanceType,
			m.With(props{"scheduling": map[string]any{"provisioningModel": "SPOT", "preemptible": true,
				"automaticRestart": false, "onHostMaintenance": "MIGRATE"}}), "onHostMaintenance be TERMINATE"},
		"spot not preemptible": {instanceType,
			m.With(props{"scheduling": map[string]any{"provisioningModel": "SPOT",
				"automaticRestart": false}}), "preemptible be true"},
		"user data too long": {instanceType,
			m.With(props{"metadata": map[string]any{"user-data": strings.Repeat("x",
				metadataValueLimit+1)}}), "at most 262144"},
		"address of another": {instanceType,
			m.With(props{"networkInterfaces": []any{map[string]any{"subnetwork": p.nodes,
				"networkIp": "10.0.0.99"}}}), "already being used"},
		"disk's label": {instanceType,
			disk(map[string]any{"image": p.image, "labels": map[string]any{"Pool": "x"}}), "Invalid label key"},
		"address reserved twice": {addressType,
			props{"addressType": "INTERNAL", "subnetwork": reserved[:strings.Index(reserved, "/addresses")] +
				"/subnetworks/" + lastOf(p.nodes), "address": "10.0.0.99"}, "already being used"},
	}
}

func lastOf(path string) string { return path[strings.LastIndex(path, "/")+1:] }

func (p place) groupMistakes() map[string]mistake {
	m := p.manager(p.Create(templateType, "pool", p.template()))
	policy := func(changes props) props {
		return m.With(props{"updatePolicy": map[string]any(props(m["updatePolicy"].(map[string]any)).With(changes))})
	}
	return map[string]mistake{
		"small surge": {managerType, policy(props{"maxSurgeFixed": 1}),
			"at least equal to the number of zones"},
		"no way to roll": {managerType, policy(props{"maxSurgeFixed": 0}), "cannot both be 0"},
		"zone of another": {managerType, m.With(props{"distributionPolicyZones": []any{"us-west1-a"}}),
			"Unknown zone"},
		"no such " +
			"template": {managerType, m.With(props{"versions": []any{map[string]any{"instanceTemplate": "nothing"}}}),
			"was not found"},
		"no such check": {managerType, m.With(props{"autoHealingPolicies": map[string]any{"healthCheck": "nothing",
			"initialDelaySec": 60}}), "was not found"},
		"name too long": {managerType, m.With(props{"baseInstanceName": strings.Repeat("x", 59)}),
			"longer than 58"},
		"template's disk": {templateType, p.template().With(props{"disks": []any{map[string]any{"boot": true,
			"sourceImage": "nothing"}}}), "was not found"},
		"bounds upside down": {autoscalerType,
			props{"target": p.Create(managerType, "bound", m.With(props{"baseInstanceName": "bound"})),
				"autoscalingPolicy": map[string]any{"minReplicas": 4, "maxReplicas": 3,
					"mode": "OFF"}}, "must not be greater"},
		"check without probe": {healthCheckType, props{"checkIntervalSec": 5}, "exactly one of tcpHealthCheck"},
		"check that overlaps": {healthCheckType, props{"timeoutSec": 10, "tcpHealthCheck": map[string]any{"port": 1}},
			"must not be greater than checkIntervalSec"},
	}
}

func (p place) keyMistakes() map[string]mistake {
	ring := p.Create(keyRingType, "ring", props{"location": "us-east4", "name": "ring"})
	key := p.Create(keyType, "disks", props{"keyRing": ring})
	require.NoError(p.T, p.Delete(keyRingType,
		p.Create(keyRingType, "gone", props{"location": "us-east4", "name": "gone"})))
	encrypted := p.machine("mistake", "us-east4-a").With(props{"bootDisk": map[string]any{"kmsKeySelfLink": key,
		"initializeParams": map[string]any{"image": p.image}}})
	return map[string]mistake{
		"key without the right": {instanceType, encrypted,
			"Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied"},
		"ring's name again": {keyRingType, props{"location": "us-east4", "name": "gone"}, "already exists"},
		"agent of another": {keyMemberType,
			props{"cryptoKeyId": key, "role": useKey,
				"member": "serviceAccount:service-1@compute-system.iam.gserviceaccount.com"}, "does not exist"},
	}
}

func (p place) loadBalancerMistakes() map[string]mistake {
	check := p.Create(regionCheckType, "api", props{"tcpHealthCheck": map[string]any{"port": 6443}})
	group := p.Create(groupType, "zone-a", props{"zone": "us-east4-a", "network": p.network})
	backend := func(scheme string, part map[string]any) props {
		part["group"] = group
		return props{"loadBalancingScheme": scheme, "protocol": "TCP", "healthChecks": check, "backends": []any{part}}
	}
	through := p.Create(backendType, "through", backend("INTERNAL", map[string]any{}))
	elsewhere := p.Create(instanceType, "zone-b", p.machine("zone-b", "us-east4-b"))
	rule := props{"loadBalancingScheme": "INTERNAL_MANAGED", "subnetwork": p.nodes, "portRange": "6443",
		"target": "nothing"}
	lonely := p.Create(networkType, "lonely", props{"autoCreateSubnetworks": false})
	without := p.Create(subnetworkType, "lonely", props{"network": lonely, "ipCidrRange": "10.0.0.0/20"})
	return map[string]mistake{
		"machine of another zone": {membershipType, props{"instance": elsewhere, "instanceGroup": group},
			"must be in its zone"},
		"managed without scaler": {backendType,
			backend("INTERNAL_MANAGED", map[string]any{"balancingMode": "UTILIZATION"}), "capacityScaler must be " +
				"greater than 0"},
		"connections without limit": {backendType, backend("INTERNAL_MANAGED", map[string]any{"capacityScaler": 1.0}),
			"needs maxConnections"},
		"scaler of a passthrough": {backendType, backend("INTERNAL", map[string]any{"capacityScaler": 1.0}),
			"cannot be set"},
		"proxy of a passthrough": {proxyType, props{"backendService": through}, "managed scheme"},
		"rule without end": {ruleType, rule.With(props{"target": nil}),
			"exactly one of target, backendService"},
		"rule without proxies": {ruleType, rule.With(props{"subnetwork": without}),
			"active proxy-only subnetwork is required"},
		"managed to a backend": {ruleType, rule.With(props{"target": nil, "backendService": through}),
			"forwards to a target proxy"},
		"rule without port": {ruleType, rule.With(props{"portRange": nil}), "needs a port"},
	}
}

// TestReplacements says which changes cost a new resource.
func TestReplacements(t *testing.T) {
	p := newPlace(t)
	machine := p.machine("node", "us-east4-a")
	node := p.Create(instanceType, "node", machine)
	disk := map[string]any{"initializeParams": map[string]any{"image": p.image, "size": 30}}
	assert.Equal(t, []string{"bootDisk"}, p.Diff(instanceType, node, machine.With(props{"bootDisk": disk})).Replaces)
	assert.Equal(t, []string{"zone"}, p.Diff(instanceType, node, machine.With(props{"zone": "us-east4-b"})).Replaces)
	assert.Empty(t, p.Diff(instanceType, node,
		machine.With(props{"metadata": map[string]any{"user-data": "other"}})).Replaces)
	template := p.Create(templateType, "pool", p.template())
	for _, change := range []props{{"metadata": map[string]any{"user-data": "other"}},
		{"labels": map[string]any{"a": "b"}}, {"machineType": "e2-small"}} {
		assert.NotEmpty(t, p.Diff(templateType, template, p.template().With(change)).Replaces,
			"a template never changes")
	}
	subnet := props{"network": p.network, "ipCidrRange": "10.0.0.0/20"}
	assert.Empty(t, p.Diff(subnetworkType, p.nodes, subnet.With(props{"ipCidrRange": "10.0.0.0/19"})).Replaces,
		"a range grows in place")
	assert.Equal(t, []string{"ipCidrRange"}, p.Diff(subnetworkType, p.nodes,
		subnet.With(props{"ipCidrRange": "10.0.0.0/21"})).Replaces)
}

// TestUpdatesAndDeletions: what runs is not stopped, what is protected or in use stays.
func TestUpdatesAndDeletions(t *testing.T) {
	p := newPlace(t)
	machine := p.machine("node", "us-east4-a").With(props{"deletionProtection": true})
	node := p.Create(instanceType, "node", machine)
	assert.ErrorContains(t, p.Update(instanceType, node, machine.With(props{"machineType": "e2-small"})),
		"allow_stopping_for_update")
	assert.ErrorContains(t, p.Delete(instanceType, node), "Deletion Protection is enabled")
	assert.ErrorContains(t, p.Delete(networkType, p.network), "already being used")
	assert.ErrorContains(t, p.Delete(subnetworkType, p.nodes), "already being used")
	before := p.Inputs[node]
	require.NoError(t, p.Update(instanceType, node, machine.With(props{"deletionProtection": false})))
	after := p.Inputs[node]
	p.Inputs[node] = before
	assert.ErrorContains(t, p.Delete(instanceType, node), "Deletion Protection is enabled",
		"the provider reads its state")
	p.Inputs[node] = after
	require.NoError(t, p.Delete(instanceType, node))
	template := p.Create(templateType, "pool", p.template())
	manager := p.Create(managerType, "pool", p.manager(template))
	assert.ErrorContains(t, p.Delete(templateType, template), "already being used")
	require.NoError(t, p.Delete(managerType, manager))
	require.NoError(t, p.Delete(templateType, template))
	require.NoError(t, p.Delete(subnetworkType, p.nodes))
}

// TestGroups: machines spread over the zones, roll with a new template, and come back when they are lost.
func TestGroups(t *testing.T) {
	p := newPlace(t)
	old := p.Create(templateType, "old", p.template())
	manager := p.Create(managerType, "pool", p.manager(old))
	running := func() (zones, ids map[string]bool) {
		zones, ids = map[string]bool{}, map[string]bool{}
		p.Within(func(st *store.Store) {
			for _, machine := range members(st, "us-east4", manager) {
				zones[machine.State.String("zone")], ids[machine.State.String("instanceId")] = true, true
			}
		})
		return zones, ids
	}
	zones, before := running()
	assert.Len(t, zones, 3)
	assert.Len(t, before, 3)
	renewed := p.Create(templateType, "new", p.template().With(props{"metadata": map[string]any{"user-data": "other"}}))
	require.NoError(t, p.Update(managerType, manager, p.manager(renewed)))
	zones, after := running()
	assert.Len(t, zones, 3)
	for id := range after {
		assert.NotContains(t, before, id)
	}
	p.Within(func(st *store.Store) { require.NoError(t, Terminate(st, members(st, "us-east4", manager)[0])) })
	_, again := running()
	assert.Len(t, again, 3)
	assert.NotEqual(t, after, again)
	require.NoError(t, p.Update(managerType, manager, p.manager(renewed).With(props{"targetSize": 1})))
	_, last := running()
	assert.Len(t, last, 1)
}

// TestPackets follows packets through the load balancer and past the firewall.
func TestPackets(t *testing.T) {
	p := newPlace(t)
	p.Create(instanceType, "cp", p.machine("cp", "us-east4-a"))
	p.Create(instanceType, "worker", p.machine("worker",
		"us-east4-b").With(props{"serviceAccount": map[string]any{"email": p.workers, "scopes": []any{}}}))
	group := p.Create(groupType, "api", props{"zone": "us-east4-a", "network": p.network,
		"namedPorts": []any{map[string]any{"name": "api", "port": 6443}}})
	backend := p.Create(backendType, "api", props{
		"loadBalancingScheme": "INTERNAL_MANAGED", "protocol": "TCP", "portName": "api",
		"healthChecks": p.Create(regionCheckType, "api", props{"tcpHealthCheck": map[string]any{"port": 6443}}),
		"backends":     []any{map[string]any{"group": group, "balancingMode": "UTILIZATION", "capacityScaler": 1.0}},
	})
	p.Create(addressType, "api", props{"addressType": "INTERNAL", "subnetwork": p.nodes, "address": "10.0.0.50"})
	p.Create(ruleType, "api", props{
		"loadBalancingScheme": "INTERNAL_MANAGED", "subnetwork": p.nodes, "portRange": "6443",
		"ipAddress": "10.0.0.50", "target": p.Create(proxyType, "api", props{"backendService": backend}),
	})
	lost := func(from, host string, port int, why string) {
		t.Helper()
		_, err := p.Dial(from, host, port)
		assert.ErrorContains(t, err, why)
	}
	lost("worker", "10.0.0.50", 6443, "no backend")
	p.Create(membershipType, "cp", props{"instance": "cp", "instanceGroup": group})
	lost("worker", "10.0.0.50", 6443, "the proxies of api")
	guarded := p.rule().With(props{"targetServiceAccounts": []any{p.controlPlanes}})
	p.Create(firewallType, "proxies", guarded.With(props{"sourceRanges": []any{"10.0.16.0/26"}}))
	lost("worker", "10.0.0.50", 6443, "the health checks of api")
	p.Create(firewallType, "checks", guarded.With(props{"sourceRanges": []any{"130.211.0.0/22", "35.191.0.0/16"}}))
	for _, from := range []string{"worker", "cp", ""} {
		reached, err := p.Dial(from, "10.0.0.50", 6443)
		require.NoError(t, err, "from %q, the control plane itself included", from)
		require.Len(t, reached, 1)
		assert.Equal(t, "cp", reached[0].Name)
	}
	lost("worker", "10.0.0.50", 50000, "no rule for port 50000")
	lost("worker", "10.0.0.2", 6443, "firewall")
	p.Create(firewallType, "workers", guarded.With(props{"sourceRanges": nil,
		"sourceServiceAccounts": []any{p.workers}}))
	_, err := p.Dial("worker", "10.0.0.2", 6443)
	require.NoError(t, err)
	lost("cp", "10.0.0.3", 6443, "firewall")
	p.Create(firewallType, "denied", guarded.With(props{"priority": 900, "allows": nil,
		"denies": []any{map[string]any{"protocol": "all"}}, "sourceRanges": []any{"0.0.0.0/0"}}))
	lost("worker", "10.0.0.2", 6443, "firewall")
	lost("worker", "10.0.0.77", 6443, "does not lead to anything")
}

// TestAKeyOfADisk takes the right to use the key away, and then the key, under a running machine, which does not
// notice until it stops.
func TestAKeyOfADisk(t *testing.T) {
	p := newPlace(t)
	key := p.Create(keyType, "disks", props{"keyRing": p.Create(keyRingType, "ring",
		props{"location": "us-east4", "name": "ring"})})
	grant := p.Create(keyMemberType, "disks", props{"cryptoKeyId": key, "role": useKey, "member": serviceAgent})
	p.Create(instanceType, "machine", p.machine("machine", "us-east4-a").With(props{
		"bootDisk": map[string]any{"kmsKeySelfLink": key, "initializeParams": map[string]any{"image": p.image}}}))
	fault := func() (fault string) {
		p.Within(func(st *store.Store) { fault = newNetwork(st).Machines()[0].DiskFault })
		return fault
	}
	assert.Empty(t, fault())
	require.NoError(t, p.Delete(keyMemberType, grant))
	assert.Contains(t, fault(), "Compute Engine may not use the key of its disk")
	require.NoError(t, p.Delete(keyType, key))
	assert.Contains(t, fault(), "are destroyed: the machine does not start again")
}

// TestARuleBelongsToItsNetworksProject makes rules in a network that another project shares.
func TestARuleBelongsToItsNetworksProject(t *testing.T) {
	p := newPlace(t)
	var shared Fixtures
	p.Within(func(st *store.Store) {
		var err error
		shared, err = CreateFixtures(st, "us-east4", netip.MustParsePrefix("10.50.0.0/16"), HostProject)
		require.NoError(t, err)
	})
	rule := props{"network": shared.ID, "sourceRanges": []any{"10.0.0.0/8"},
		"allows": []any{map[string]any{"protocol": "tcp", "ports": []any{"6443"}}}}
	_, _, err := p.Try(firewallType, "own", rule)
	require.ErrorContains(t, err, "Cross project reference is not allowed")
	_, _, err = p.Try(firewallType, "host", rule.With(props{"project": HostProject}))
	require.NoError(t, err)
}
