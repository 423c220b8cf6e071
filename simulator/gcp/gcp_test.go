package gcp

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/inferadb/infra/simulator/world"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// place is a network with all that a cluster needs but its machines and its load balancer.
type place struct {
	*lab
	network, nodes, proxies, controlPlanes, workers, image string
}

func newPlace(t *testing.T) place {
	t.Helper()
	p := place{lab: newLab(t), image: "projects/" + Project + "/global/images/talos-v1-12-1-amd64-" + schematic}
	p.network = p.create(networkType, "network", props{"autoCreateSubnetworks": false})
	p.nodes = p.create(subnetworkType, "nodes", props{"network": p.network, "ipCidrRange": "10.0.0.0/20"})
	p.proxies = p.create(subnetworkType, "proxies", props{"network": p.network, "ipCidrRange": "10.0.16.0/26", "purpose": proxyPurpose, "role": "ACTIVE"})
	p.controlPlanes = email(p.create(accountType, "cp", props{"accountId": "control-planes"}))
	p.workers = email(p.create(accountType, "worker", props{"accountId": "workers"}))
	return p
}

func email(account string) string { return account[strings.LastIndex(account, "/")+1:] }

// machine are the inputs of an instance, template those of a group's.
func (p place) machine(name, zone string) props {
	return props{
		"name": name, "zone": zone, "machineType": "e2-medium", "metadata": map[string]any{"user-data": "hello"},
		"bootDisk":          map[string]any{"initializeParams": map[string]any{"image": p.image, "size": 20}},
		"networkInterfaces": []any{map[string]any{"subnetwork": p.nodes}}, "serviceAccount": map[string]any{"email": p.controlPlanes, "scopes": []any{"cloud-platform"}},
	}
}

func (p place) template() props {
	return props{
		"machineType": "e2-medium", "metadata": map[string]any{"user-data": "hello"}, "disks": []any{map[string]any{"boot": true, "sourceImage": p.image}},
		"networkInterfaces": []any{map[string]any{"subnetwork": p.nodes}}, "serviceAccount": map[string]any{"email": p.workers, "scopes": []any{"cloud-platform"}},
	}
}

func (p place) manager(template string) props {
	return props{
		"baseInstanceName": "pool", "targetSize": 3, "versions": []any{map[string]any{"instanceTemplate": template}},
		"updatePolicy": map[string]any{"type": "PROACTIVE", "minimalAction": "REPLACE", "maxSurgeFixed": 3, "maxUnavailableFixed": 0},
	}
}

func (p place) rule() props {
	return props{"network": p.network, "allows": []any{map[string]any{"protocol": "tcp", "ports": []any{"6443"}}}, "sourceRanges": []any{"10.0.0.0/8"}}
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
		"network": p.networkMistakes(), "machine": p.machineMistakes(), "group": p.groupMistakes(), "balancer": p.balancerMistakes(), "key": p.keyMistakes(),
	} {
		for name, mistake := range mistakes {
			_, err := p.try(mistake.token, "mistake", mistake.inputs)
			assert.ErrorContains(t, err, mistake.want, "%s: %s", area, name)
		}
	}
	p.configure("nobodys-project")
	_, err := p.try(networkType, "network", props{"autoCreateSubnetworks": false})
	assert.ErrorContains(t, err, "Permission denied on resource project nobodys-project")
}

func (p place) networkMistakes() map[string]mistake {
	subnet := props{"network": p.network, "ipCidrRange": "10.0.32.0/20"}
	proxies := subnet.with(props{"ipCidrRange": "10.0.17.0/26", "purpose": proxyPurpose, "role": "ACTIVE"})
	nat := props{"router": p.create(routerType, "router", props{"network": p.network}), "natIpAllocateOption": "AUTO_ONLY", "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES"}
	dynamic := nat.with(props{"enableDynamicPortAllocation": true})
	return map[string]mistake{
		"unknown input":            {networkType, props{"autoCreate": false}, `autoCreate: no such property; the nearest is "autoCreateSubnetworks"`},
		"name in upper case":       {networkType, props{"name": "Mine"}, "does not match"},
		"name too long":            {networkType, props{"name": strings.Repeat("x", 64)}, "longer than 63"},
		"region of another":        {subnetworkType, subnet.with(props{"region": "us-west1"}), "is not the region of the provider"},
		"host bits":                {subnetworkType, subnet.with(props{"ipCidrRange": "10.0.32.1/20"}), "without host bits"},
		"subnetwork overlaps":      {subnetworkType, subnet.with(props{"ipCidrRange": "10.0.8.0/24"}), "conflicts with existing subnetwork"},
		"second proxies":           {subnetworkType, proxies, "active proxy-only subnetwork in this region and network already"},
		"few proxies":              {subnetworkType, proxies.with(props{"ipCidrRange": "10.0.17.0/27", "role": "BACKUP"}), "at least 64 addresses"},
		"proxies without role":     {subnetworkType, proxies.with(props{"role": nil}), "needs a role"},
		"flow logs of proxies":     {subnetworkType, proxies.with(props{"role": "BACKUP", "logConfig": map[string]any{}}), "has no flow logs"},
		"flow logs of more":        {subnetworkType, subnet.with(props{"logConfig": map[string]any{"flowSampling": 2}}), "flowSampling"},
		"egress with a source":     {firewallType, p.rule().with(props{"direction": "EGRESS"}), "has no source"},
		"role of nodes":            {subnetworkType, subnet.with(props{"role": "ACTIVE"}), "for subnetworks of a managed proxy only"},
		"NAT with both":            {natType, dynamic.with(props{"enableEndpointIndependentMapping": true}), "cannot both be enabled"},
		"NAT of odd ports":         {natType, dynamic.with(props{"minPortsPerVm": 64, "maxPortsPerVm": 1000}), "powers of two"},
		"NAT of a missing list":    {natType, nat.with(props{"sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS"}), "belongs to LIST_OF_SUBNETWORKS"},
		"address of the proxies":   {addressType, props{"addressType": "INTERNAL", "subnetwork": p.proxies}, "has no addresses for anything else"},
		"address outside":          {addressType, props{"addressType": "INTERNAL", "subnetwork": p.nodes, "address": "10.9.0.1"}, "not in the range"},
		"address of nowhere":       {addressType, props{"addressType": "INTERNAL"}, "needs a subnetwork"},
		"label in upper case":      {addressType, props{"labels": map[string]any{"Team": "x"}}, "Invalid label key"},
		"label with dots":          {addressType, props{"labels": map[string]any{"version": "v1.12"}}, "Invalid label value"},
		"rule without source":      {firewallType, p.rule().with(props{"sourceRanges": nil}), "would be everybody"},
		"rule without traffic":     {firewallType, p.rule().with(props{"allows": nil}), "exactly one of allows, denies"},
		"rule of account and tag":  {firewallType, p.rule().with(props{"sourceTags": []any{"a"}, "targetServiceAccounts": []any{p.workers}}), "conflicts with"},
		"rule with ports for ICMP": {firewallType, p.rule().with(props{"allows": []any{map[string]any{"protocol": "icmp", "ports": []any{"8"}}}}), "not for icmp"},
		"account's name too long":  {accountType, props{"accountId": strings.Repeat("a", 31)}, "longer than 30"},
		"account's name too short": {accountType, props{"accountId": "node"}, "does not match"},
		"second account":           {accountType, props{"accountId": "workers"}, "already exists"},
	}
}

func (p place) machineMistakes() map[string]mistake {
	m := p.machine("mistake", "us-east4-a")
	disk := func(params map[string]any) props {
		return m.with(props{"bootDisk": map[string]any{"initializeParams": params}})
	}
	reserved := p.create(addressType, "taken", props{"addressType": "INTERNAL", "subnetwork": p.nodes, "address": "10.0.0.99"})
	p.create(instanceType, "holder", p.machine("holder", "us-east4-a").with(props{"networkInterfaces": []any{map[string]any{"subnetwork": p.nodes, "networkIp": "10.0.0.99"}}}))
	return map[string]mistake{
		"no such zone":           {instanceType, m.with(props{"zone": "us-east4-f"}), "Unknown zone"},
		"no such image":          {instanceType, disk(map[string]any{"image": "projects/" + Project + "/global/images/talos"}), "was not found"},
		"no such type":           {instanceType, m.with(props{"machineType": "e2-enormous"}), "does not exist"},
		"architecture":           {instanceType, m.with(props{"machineType": "t2a-standard-4"}), "does not match the image's"},
		"disk too small":         {instanceType, disk(map[string]any{"image": p.image, "size": 5}), "smaller than the image"},
		"secure boot":            {instanceType, m.with(props{"shieldedInstanceConfig": map[string]any{"enableSecureBoot": true}}), "is not signed"},
		"no such account":        {instanceType, m.with(props{"serviceAccount": map[string]any{"email": "nobody@x", "scopes": []any{}}}), "serviceAccounts/nobody@x' was not found"},
		"action on demand":       {instanceType, m.with(props{"scheduling": map[string]any{"instanceTerminationAction": "STOP"}}), "standard provisioning model"},
		"spot that restarts":     {instanceType, m.with(props{"scheduling": map[string]any{"provisioningModel": "SPOT", "preemptible": true}}), "automaticRestart be false"},
		"spot that migrates":     {instanceType, m.with(props{"scheduling": map[string]any{"provisioningModel": "SPOT", "preemptible": true, "automaticRestart": false, "onHostMaintenance": "MIGRATE"}}), "onHostMaintenance be TERMINATE"},
		"spot not preemptible":   {instanceType, m.with(props{"scheduling": map[string]any{"provisioningModel": "SPOT", "automaticRestart": false}}), "preemptible be true"},
		"user data too long":     {instanceType, m.with(props{"metadata": map[string]any{"user-data": strings.Repeat("x", metadataValueLimit+1)}}), "at most 262144"},
		"address of another":     {instanceType, m.with(props{"networkInterfaces": []any{map[string]any{"subnetwork": p.nodes, "networkIp": "10.0.0.99"}}}), "already being used"},
		"disk's label":           {instanceType, disk(map[string]any{"image": p.image, "labels": map[string]any{"Pool": "x"}}), "Invalid label key"},
		"address reserved twice": {addressType, props{"addressType": "INTERNAL", "subnetwork": reserved[:strings.Index(reserved, "/addresses")] + "/subnetworks/" + lastOf(p.nodes), "address": "10.0.0.99"}, "already being used"},
	}
}

func lastOf(path string) string { return path[strings.LastIndex(path, "/")+1:] }

func (p place) groupMistakes() map[string]mistake {
	m := p.manager(p.create(templateType, "pool", p.template()))
	policy := func(changes props) props {
		return m.with(props{"updatePolicy": map[string]any(props(m["updatePolicy"].(map[string]any)).with(changes))})
	}
	return map[string]mistake{
		"small surge":         {managerType, policy(props{"maxSurgeFixed": 1}), "at least equal to the number of zones"},
		"no way to roll":      {managerType, policy(props{"maxSurgeFixed": 0}), "cannot both be 0"},
		"zone of another":     {managerType, m.with(props{"distributionPolicyZones": []any{"us-west1-a"}}), "Unknown zone"},
		"no such template":    {managerType, m.with(props{"versions": []any{map[string]any{"instanceTemplate": "nothing"}}}), "was not found"},
		"no such check":       {managerType, m.with(props{"autoHealingPolicies": map[string]any{"healthCheck": "nothing", "initialDelaySec": 60}}), "was not found"},
		"name too long":       {managerType, m.with(props{"baseInstanceName": strings.Repeat("x", 59)}), "longer than 58"},
		"template's disk":     {templateType, p.template().with(props{"disks": []any{map[string]any{"boot": true, "sourceImage": "nothing"}}}), "was not found"},
		"bounds upside down":  {autoscalerType, props{"target": p.create(managerType, "bound", m.with(props{"baseInstanceName": "bound"})), "autoscalingPolicy": map[string]any{"minReplicas": 4, "maxReplicas": 3, "mode": "OFF"}}, "must not be greater"},
		"check without probe": {healthCheckType, props{"checkIntervalSec": 5}, "exactly one of tcpHealthCheck"},
		"check that overlaps": {healthCheckType, props{"timeoutSec": 10, "tcpHealthCheck": map[string]any{"port": 1}}, "must not be greater than checkIntervalSec"},
	}
}

func (p place) keyMistakes() map[string]mistake {
	ring := p.create(keyRingType, "ring", props{"location": "us-east4", "name": "ring"})
	key := p.create(keyType, "disks", props{"keyRing": ring})
	require.NoError(p.t, p.delete(keyRingType, p.create(keyRingType, "gone", props{"location": "us-east4", "name": "gone"})))
	encrypted := p.machine("mistake", "us-east4-a").with(props{"bootDisk": map[string]any{"kmsKeySelfLink": key, "initializeParams": map[string]any{"image": p.image}}})
	return map[string]mistake{
		"key without the right": {instanceType, encrypted, "Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied"},
		"ring's name again":     {keyRingType, props{"location": "us-east4", "name": "gone"}, "already exists"},
		"agent of another":      {keyMemberType, props{"cryptoKeyId": key, "role": useKey, "member": "serviceAccount:service-1@compute-system.iam.gserviceaccount.com"}, "does not exist"},
	}
}

func (p place) balancerMistakes() map[string]mistake {
	check := p.create(regionCheckType, "api", props{"tcpHealthCheck": map[string]any{"port": 6443}})
	group := p.create(groupType, "zone-a", props{"zone": "us-east4-a", "network": p.network})
	backend := func(scheme string, part map[string]any) props {
		part["group"] = group
		return props{"loadBalancingScheme": scheme, "protocol": "TCP", "healthChecks": check, "backends": []any{part}}
	}
	through := p.create(backendType, "through", backend("INTERNAL", map[string]any{}))
	elsewhere := p.create(instanceType, "zone-b", p.machine("zone-b", "us-east4-b"))
	rule := props{"loadBalancingScheme": "INTERNAL_MANAGED", "subnetwork": p.nodes, "portRange": "6443", "target": "nothing"}
	lonely := p.create(networkType, "lonely", props{"autoCreateSubnetworks": false})
	without := p.create(subnetworkType, "lonely", props{"network": lonely, "ipCidrRange": "10.0.0.0/20"})
	return map[string]mistake{
		"machine of another zone":   {membershipType, props{"instance": elsewhere, "instanceGroup": group}, "must be in its zone"},
		"managed without scaler":    {backendType, backend("INTERNAL_MANAGED", map[string]any{"balancingMode": "UTILIZATION"}), "capacityScaler must be greater than 0"},
		"connections without limit": {backendType, backend("INTERNAL_MANAGED", map[string]any{"capacityScaler": 1.0}), "needs maxConnections"},
		"scaler of a passthrough":   {backendType, backend("INTERNAL", map[string]any{"capacityScaler": 1.0}), "cannot be set"},
		"proxy of a passthrough":    {proxyType, props{"backendService": through}, "managed scheme"},
		"rule without end":          {ruleType, rule.with(props{"target": nil}), "exactly one of target, backendService"},
		"rule without proxies":      {ruleType, rule.with(props{"subnetwork": without}), "active proxy-only subnetwork is required"},
		"managed to a backend":      {ruleType, rule.with(props{"target": nil, "backendService": through}), "forwards to a target proxy"},
		"rule without port":         {ruleType, rule.with(props{"portRange": nil}), "needs a port"},
	}
}

// TestReplacements says which changes cost a new resource.
func TestReplacements(t *testing.T) {
	p := newPlace(t)
	machine := p.machine("node", "us-east4-a")
	node := p.create(instanceType, "node", machine)
	disk := map[string]any{"initializeParams": map[string]any{"image": p.image, "size": 30}}
	assert.Equal(t, []string{"bootDisk"}, p.diff(instanceType, node, machine.with(props{"bootDisk": disk})).Replaces)
	assert.Equal(t, []string{"zone"}, p.diff(instanceType, node, machine.with(props{"zone": "us-east4-b"})).Replaces)
	assert.Empty(t, p.diff(instanceType, node, machine.with(props{"metadata": map[string]any{"user-data": "other"}})).Replaces)
	template := p.create(templateType, "pool", p.template())
	for _, change := range []props{{"metadata": map[string]any{"user-data": "other"}}, {"labels": map[string]any{"a": "b"}}, {"machineType": "e2-small"}} {
		assert.NotEmpty(t, p.diff(templateType, template, p.template().with(change)).Replaces, "a template never changes")
	}
	subnet := props{"network": p.network, "ipCidrRange": "10.0.0.0/20"}
	assert.Empty(t, p.diff(subnetworkType, p.nodes, subnet.with(props{"ipCidrRange": "10.0.0.0/19"})).Replaces, "a range grows in place")
	assert.Equal(t, []string{"ipCidrRange"}, p.diff(subnetworkType, p.nodes, subnet.with(props{"ipCidrRange": "10.0.0.0/21"})).Replaces)
}

// TestUpdatesAndDeletions: what runs is not stopped, what is protected or in use stays.
func TestUpdatesAndDeletions(t *testing.T) {
	p := newPlace(t)
	machine := p.machine("node", "us-east4-a").with(props{"deletionProtection": true})
	node := p.create(instanceType, "node", machine)
	assert.ErrorContains(t, p.update(instanceType, node, machine.with(props{"machineType": "e2-small"})), "allow_stopping_for_update")
	assert.ErrorContains(t, p.delete(instanceType, node), "Deletion Protection is enabled")
	assert.ErrorContains(t, p.delete(networkType, p.network), "already being used")
	assert.ErrorContains(t, p.delete(subnetworkType, p.nodes), "already being used")
	before := p.inputs[node]
	require.NoError(t, p.update(instanceType, node, machine.with(props{"deletionProtection": false})))
	after := p.inputs[node]
	p.inputs[node] = before
	assert.ErrorContains(t, p.delete(instanceType, node), "Deletion Protection is enabled", "the provider reads its state")
	p.inputs[node] = after
	require.NoError(t, p.delete(instanceType, node))
	template := p.create(templateType, "pool", p.template())
	manager := p.create(managerType, "pool", p.manager(template))
	assert.ErrorContains(t, p.delete(templateType, template), "already being used")
	require.NoError(t, p.delete(managerType, manager))
	require.NoError(t, p.delete(templateType, template))
	require.NoError(t, p.delete(subnetworkType, p.nodes))
}

// TestGroups: machines spread over the zones, roll with a new template, and come back when they are lost.
func TestGroups(t *testing.T) {
	p := newPlace(t)
	old := p.create(templateType, "old", p.template())
	manager := p.create(managerType, "pool", p.manager(old))
	running := func() (zones, ids map[string]bool) {
		zones, ids = map[string]bool{}, map[string]bool{}
		p.within(func(w *world.World) {
			for _, machine := range members(w, "us-east4", manager) {
				zones[machine.State.String("zone")], ids[machine.State.String("instanceId")] = true, true
			}
		})
		return zones, ids
	}
	zones, before := running()
	assert.Len(t, zones, 3)
	assert.Len(t, before, 3)
	renewed := p.create(templateType, "new", p.template().with(props{"metadata": map[string]any{"user-data": "other"}}))
	require.NoError(t, p.update(managerType, manager, p.manager(renewed)))
	zones, after := running()
	assert.Len(t, zones, 3)
	for id := range after {
		assert.NotContains(t, before, id)
	}
	p.within(func(w *world.World) { require.NoError(t, Terminate(w, members(w, "us-east4", manager)[0])) })
	_, again := running()
	assert.Len(t, again, 3)
	assert.NotEqual(t, after, again)
	require.NoError(t, p.update(managerType, manager, p.manager(renewed).with(props{"targetSize": 1})))
	_, last := running()
	assert.Len(t, last, 1)
}

// TestPackets follows packets through the load balancer and past the firewall.
func TestPackets(t *testing.T) {
	p := newPlace(t)
	p.create(instanceType, "cp", p.machine("cp", "us-east4-a"))
	p.create(instanceType, "worker", p.machine("worker", "us-east4-b").with(props{"serviceAccount": map[string]any{"email": p.workers, "scopes": []any{}}}))
	group := p.create(groupType, "api", props{"zone": "us-east4-a", "network": p.network, "namedPorts": []any{map[string]any{"name": "api", "port": 6443}}})
	backend := p.create(backendType, "api", props{
		"loadBalancingScheme": "INTERNAL_MANAGED", "protocol": "TCP", "portName": "api", "healthChecks": p.create(regionCheckType, "api", props{"tcpHealthCheck": map[string]any{"port": 6443}}),
		"backends": []any{map[string]any{"group": group, "balancingMode": "UTILIZATION", "capacityScaler": 1.0}},
	})
	p.create(addressType, "api", props{"addressType": "INTERNAL", "subnetwork": p.nodes, "address": "10.0.0.50"})
	p.create(ruleType, "api", props{
		"loadBalancingScheme": "INTERNAL_MANAGED", "subnetwork": p.nodes, "portRange": "6443", "ipAddress": "10.0.0.50", "target": p.create(proxyType, "api", props{"backendService": backend}),
	})
	lost := func(from, host string, port int, why string) {
		t.Helper()
		_, err := p.dial(from, host, port)
		assert.ErrorContains(t, err, why)
	}
	lost("worker", "10.0.0.50", 6443, "no backend")
	p.create(membershipType, "cp", props{"instance": "cp", "instanceGroup": group})
	lost("worker", "10.0.0.50", 6443, "the proxies of api")
	guarded := p.rule().with(props{"targetServiceAccounts": []any{p.controlPlanes}})
	p.create(firewallType, "proxies", guarded.with(props{"sourceRanges": []any{"10.0.16.0/26"}}))
	lost("worker", "10.0.0.50", 6443, "the health checks of api")
	p.create(firewallType, "checks", guarded.with(props{"sourceRanges": []any{"130.211.0.0/22", "35.191.0.0/16"}}))
	for _, from := range []string{"worker", "cp", ""} {
		reached, err := p.dial(from, "10.0.0.50", 6443)
		require.NoError(t, err, "from %q, the control plane itself included", from)
		assert.Equal(t, []string{"cp"}, reached)
	}
	lost("worker", "10.0.0.50", 50000, "no rule for port 50000")
	lost("worker", "10.0.0.2", 6443, "firewall")
	p.create(firewallType, "workers", guarded.with(props{"sourceRanges": nil, "sourceServiceAccounts": []any{p.workers}}))
	_, err := p.dial("worker", "10.0.0.2", 6443)
	require.NoError(t, err)
	lost("cp", "10.0.0.3", 6443, "firewall")
	p.create(firewallType, "denied", guarded.with(props{"priority": 900, "allows": nil, "denies": []any{map[string]any{"protocol": "all"}}, "sourceRanges": []any{"0.0.0.0/0"}}))
	lost("worker", "10.0.0.2", 6443, "firewall")
	lost("worker", "10.0.0.77", 6443, "does not lead to anything")
}

// TestAKeyOfADisk takes the right to use the key away, and then the key, under a running machine, which does not notice until it
// stops.
func TestAKeyOfADisk(t *testing.T) {
	p := newPlace(t)
	key := p.create(keyType, "disks", props{"keyRing": p.create(keyRingType, "ring", props{"location": "us-east4", "name": "ring"})})
	grant := p.create(keyMemberType, "disks", props{"cryptoKeyId": key, "role": useKey, "member": serviceAgent})
	p.create(instanceType, "machine", p.machine("machine", "us-east4-a").with(props{
		"bootDisk": map[string]any{"kmsKeySelfLink": key, "initializeParams": map[string]any{"image": p.image}}}))
	fault := func() (fault string) {
		p.within(func(w *world.World) { fault = newSite(w).Machines()[0].DiskFault })
		return fault
	}
	assert.Empty(t, fault())
	require.NoError(t, p.delete(keyMemberType, grant))
	assert.Contains(t, fault(), "Compute Engine may not use the key of its disk")
	require.NoError(t, p.delete(keyType, key))
	assert.Contains(t, fault(), "are destroyed: the machine does not start again")
}

// TestARuleBelongsToItsNetworksProject makes rules in a network that another project shares.
func TestARuleBelongsToItsNetworksProject(t *testing.T) {
	p := newPlace(t)
	var shared Fixtures
	p.within(func(w *world.World) {
		var err error
		shared, err = CreateFixtures(w, "us-east4", netip.MustParsePrefix("10.50.0.0/16"), HostProject)
		require.NoError(t, err)
	})
	rule := props{"network": shared.ID, "sourceRanges": []any{"10.0.0.0/8"}, "allows": []any{map[string]any{"protocol": "tcp", "ports": []any{"6443"}}}}
	_, err := p.try(firewallType, "own", rule)
	require.ErrorContains(t, err, "Cross project reference is not allowed")
	_, err = p.try(firewallType, "host", rule.with(props{"project": HostProject}))
	require.NoError(t, err)
}
