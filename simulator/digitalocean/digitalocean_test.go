package digitalocean

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/simulatortest"
	"github.com/inferadb/infra/simulator/store"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHJ1c3R5LXVudXNhYmxlLWtleS1mb3ItdGhlLXRlc3Rz lab"

const talosURL = "https://factory.talos.dev/image/" +
	"376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba/v1.12.1/digital-ocean-amd64.raw.gz"

// place is a VPC with all that a cluster needs.
type place struct {
	*simulatortest.Harness
	vpc, elsewhere, image, key string
	droplet, lb, firewall      props
}

func newPlace(t *testing.T) place {
	t.Helper()
	p := place{Harness: newHarness(t)}
	p.vpc = p.Create(vpcType, "network", props{"region": "nyc1", "ipRange": "10.20.0.0/20"})
	p.elsewhere = p.Create(vpcType, "elsewhere", props{"region": "sfo3", "ipRange": "10.30.0.0/20"})
	p.image = p.Create(imageType, "talos", props{"url": talosURL, "regions": []any{"nyc1"},
		"distribution": "Unknown OS"})
	p.key = p.Create(sshKeyType, "unusable", props{"publicKey": publicKey})
	p.Create(tagType, "control-plane", props{"name": "lab-control-plane"})
	p.Create(tagType, "worker", props{"name": "lab-worker"})
	p.droplet = props{"name": "cp-0", "image": p.image, "region": "nyc1", "size": "s-2vcpu-4gb", "vpcUuid": p.vpc,
		"sshKeys":  []any{p.key},
		"userData": "hello", "tags": []any{"lab-control-plane"}}
	p.lb = props{"region": "nyc1", "type": "REGIONAL", "network": "INTERNAL", "vpcUuid": p.vpc,
		"dropletTag": "lab-control-plane", "sizeUnit": 1,
		"forwardingRules": []any{map[string]any{"entryProtocol": "tcp", "entryPort": 6443, "targetProtocol": "tcp",
			"targetPort": 6443}},
		"healthcheck": map[string]any{"protocol": "tcp",
			"port": 6443}, "firewall": map[string]any{"allows": []any{"cidr:10.20.0.0/20"}}}
	p.firewall = props{"tags": []any{"lab-control-plane"},
		"inboundRules": []any{map[string]any{"protocol": "tcp", "portRange": "50000",
			"sourceTags": []any{"lab-control-plane"}}},
		"outboundRules": []any{map[string]any{"protocol": "tcp", "portRange": "all",
			"destinationAddresses": []any{"0.0.0.0/0"}}}}
	return p
}

// rule is a firewall with one other inbound rule.
func (p place) rule(changes props) props {
	rule := props{"protocol": "tcp", "portRange": "6443", "sourceAddresses": []any{"10.0.0.0/8"}}.With(changes)
	return p.firewall.With(props{"inboundRules": []any{map[string]any(rule)}})
}

// mistake is something that DigitalOcean or its provider refuses, and what it says.
type mistake struct {
	token  string
	inputs props
	want   string
}

// TestRefusals makes, one after the other, the mistakes that DigitalOcean or its provider refuses.
func TestRefusals(t *testing.T) {
	p := newPlace(t)
	p.Create(loadBalancerType, "taken", p.lb.With(props{"name": "taken"}))
	for area, mistakes := range map[string]map[string]mistake{
		"network": networkMistakes(), "machine": p.machineMistakes(), "balancer": p.loadBalancerMistakes(),
		"firewall": p.firewallMistakes(),
	} {
		for name, mistake := range mistakes {
			_, _, err := p.Try(mistake.token, "mistake", mistake.inputs)
			assert.ErrorContains(t, err, mistake.want, "%s: %s", area, name)
		}
	}
}

func networkMistakes() map[string]mistake {
	vpc := props{"region": "nyc1", "ipRange": "10.40.0.0/20"}
	return map[string]mistake{
		"unknown input":  {vpcType, vpc.With(props{"cidr": "x"}), "cidr: no such property"},
		"ranges overlap": {vpcType, vpc.With(props{"ipRange": "10.20.8.0/24"}), "overlaps with another VPC network"},
		"reserved range": {vpcType, vpc.With(props{"ipRange": "10.244.16.0/20"}),
			"overlaps a range that DigitalOcean reserves"},
		"reserved in nyc1": {vpcType, vpc.With(props{"ipRange": "10.10.0.0/20"}),
			"overlaps a range that DigitalOcean reserves"},
		"public range":   {vpcType, vpc.With(props{"ipRange": "8.8.0.0/20"}), "RFC 1918"},
		"VPC too large":  {vpcType, vpc.With(props{"ipRange": "10.0.0.0/12"}), "between /16 and /28"},
		"host bits":      {vpcType, vpc.With(props{"ipRange": "10.40.0.1/20"}), "not a valid network"},
		"closed region":  {vpcType, vpc.With(props{"region": "sfo1"}), "does not take new resources"},
		"no such region": {vpcType, vpc.With(props{"region": "mars1"}), "is not a region"},
		"VPC name":       {vpcType, vpc.With(props{"name": "my_vpc"}), "name: "},
		"tag alphabet":   {tagType, props{"name": "a=b"}, "name: "},
	}
}

func (p place) machineMistakes() map[string]mistake {
	image := props{"url": talosURL, "regions": []any{"nyc1"}}
	return map[string]mistake{
		"key twice": {sshKeyType, props{"publicKey": publicKey}, "already in use"},
		"no key":    {sshKeyType, props{"publicKey": "hello"}, "Key invalid"},
		"image of no version": {imageType,
			image.With(props{"url": strings.Replace(talosURL, "v1.12.1", "v1.99.0", 1)}), "404"},
		"image for arm64": {imageType,
			image.With(props{"url": strings.Replace(talosURL, "amd64", "arm64", 1)}), "404"},
		"image for two regions": {imageType, image.With(props{"regions": []any{"nyc1", "sfo3"}}), "one region"},
		"image of a fantasy":    {imageType, image.With(props{"distribution": "Talos"}), "distribution: "},
		"droplet without a key": {dropletType, p.droplet.With(props{"sshKeys": nil}), "an SSH key is required"},
		"droplet with a strange key": {dropletType, p.droplet.With(props{"sshKeys": []any{"1"}}),
			"invalid key identifiers"},
		"droplet without an image": {dropletType, p.droplet.With(props{"image": "1"}), "does not exist"},
		"image of another region": {dropletType, p.droplet.With(props{"region": "sfo3", "vpcUuid": p.elsewhere}),
			"is not available in sfo3"},
		"VPC of another region": {dropletType, p.droplet.With(props{"vpcUuid": p.elsewhere}), "is in sfo3"},
		"no such size":          {dropletType, p.droplet.With(props{"size": "huge"}), "is not available"},
		"droplet's name":        {dropletType, p.droplet.With(props{"name": "my_droplet"}), "name: "},
		"droplet's tag":         {dropletType, p.droplet.With(props{"tags": []any{"a b"}}), "tags[0]: "},
		"too much user data": {dropletType,
			p.droplet.With(props{"userData": strings.Repeat("x", userDataLimit+1)}), "userData: "},
	}
}

func (p place) loadBalancerMistakes() map[string]mistake {
	return map[string]mistake{
		"balancer without a VPC":    {loadBalancerType, p.lb.With(props{"vpcUuid": nil}), "vpcUuid: "},
		"balancer's VPC elsewhere":  {loadBalancerType, p.lb.With(props{"vpcUuid": p.elsewhere}), "is in sfo3"},
		"balancer of no region":     {loadBalancerType, p.lb.With(props{"region": nil}), "region: "},
		"balancer of a strange tag": {loadBalancerType, p.lb.With(props{"dropletTag": "nobody"}), "does not exist"},
		"balancer by tag and id":    {loadBalancerType, p.lb.With(props{"dropletIds": []any{1}}), "conflicts"},
		"balancer's name taken":     {loadBalancerType, p.lb.With(props{"name": "taken"}), "already in use"},
		"balancer's rules": {loadBalancerType,
			p.lb.With(props{"firewall": map[string]any{"allows": []any{"10.0.0.0/8"}}}), "must be written"},
		"path of a TCP check": {loadBalancerType,
			p.lb.With(props{"healthcheck": map[string]any{"protocol": "tcp", "port": 6443,
				"path": "/"}}), "healthcheck.path"},
	}
}

func (p place) firewallMistakes() map[string]mistake {
	many := make([]any, maxRules+1)
	for i := range many {
		many[i] = map[string]any{"protocol": "icmp", "sourceAddresses": []any{"10.0.0.0/8"}}
	}
	return map[string]mistake{
		"rule without a source": {firewallType, p.rule(props{"sourceAddresses": nil}),
			"must have at least one source"},
		"rule with no sources": {firewallType, p.rule(props{"sourceAddresses": []any{}}),
			"must have at least one source"},
		"rule without a port":    {firewallType, p.rule(props{"portRange": nil}), "portRange is required"},
		"rule of a strange port": {firewallType, p.rule(props{"portRange": "99999"}), "not a port"},
		"ping with a port":       {firewallType, p.rule(props{"protocol": "icmp"}), "icmp has no portRange"},
		"rule from nowhere": {firewallType, p.rule(props{"sourceAddresses": []any{"home"}}),
			"neither an address nor a range"},
		"rule from a strange tag": {firewallType, p.rule(props{"sourceTags": []any{"nobody"}}), "does not exist"},
		"rule from no balancer": {firewallType, p.rule(props{"sourceLoadBalancerUids": []any{"x"}}),
			"could not be found"},
		"too many rules": {firewallType, p.firewall.With(props{"inboundRules": many}), "at most 50"},
		"too many tags": {firewallType, p.firewall.With(props{"tags": []any{"a", "b", "c", "d", "e", "f"}}),
			"at most 5"},
	}
}

func TestWhatAChangeCosts(t *testing.T) {
	p := newPlace(t)
	droplet := p.Create(dropletType, "cp-0", p.droplet)
	for property, value := range map[string]any{"image": ownImage, "userData": "other", "vpcUuid": "x",
		"sshKeys": []any{"1"}, "region": "sfo3", "monitoring": true} {
		assert.Equal(t, []string{property}, p.Diff(dropletType, droplet,
			p.droplet.With(props{property: value})).Replaces)
	}
	assert.Empty(t, p.Diff(dropletType, droplet,
		p.droplet.With(props{"size": "s-4vcpu-8gb", "name": "other", "tags": []any{"lab-worker"}})).Replaces)
	require.NoError(t, p.Update(dropletType, droplet, p.droplet.With(props{"size": "s-4vcpu-8gb"})))
	assert.ErrorContains(t, p.Update(dropletType, droplet, p.droplet), "smaller disk", "a disk never shrinks")

	loadBalancer := p.Create(loadBalancerType, "api", p.lb)
	assert.Equal(t, []string{"network"}, p.Diff(loadBalancerType, loadBalancer,
		p.lb.With(props{"network": "EXTERNAL"})).Replaces)
	assert.Empty(t, p.Diff(loadBalancerType, loadBalancer,
		p.lb.With(props{"dropletTag": "lab-worker", "sizeUnit": 2})).Replaces)
	assert.ErrorContains(t, p.Delete(vpcType, p.vpc), "can not delete VPC with members")

	image := props{"url": talosURL, "regions": []any{"nyc1"}, "distribution": "Unknown OS"}
	assert.Equal(t, []string{"url"}, p.Diff(imageType, p.image, image.With(props{"url": talosURL + "x"})).Replaces)
	assert.Equal(t, []string{"regions"}, p.Diff(imageType, p.image,
		image.With(props{"regions": []any{"sfo3"}})).Replaces)
}

// TestADropletThatStopsSlowly: a droplet is deleted once it is off, if that comes in time.
func TestADropletThatStopsSlowly(t *testing.T) {
	t.Setenv("SIMULATOR_SLOW_STOP", "90s")
	for graceful, want := range map[bool]string{true: "timeout: 1m0s", false: ""} {
		call := &schema.Call{ID: "1", State: store.Values{"gracefulShutdown": graceful}}
		if err := shutDown(call); want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, want)
		}
		call.Timeout = 10 * time.Minute
		assert.NoError(t, shutDown(call), "a longer timeout is enough")
	}
}

// TestAVPCWithLingeringMembers: a VPC is deleted once its members are gone for the API as well, if that comes in time.
func TestAVPCWithLingeringMembers(t *testing.T) {
	t.Setenv("SIMULATOR_LINGERING", "5m")
	h := newHarness(t)
	vpc := h.Create(vpcType, "network", props{"name": "network", "region": "nyc1"})
	assert.ErrorContains(t, h.Delete(vpcType, vpc), "Can not delete VPC with members")
	_, err := h.Server.Delete(t.Context(), &pulumirpc.DeleteRequest{Id: vpc, Urn: "urn:pulumi:test::lab::" + vpcType +
		"::gone", Timeout: 600})
	assert.NoError(t, err)
}

// TestAnImageAsTheProviderTreatsIt: its tags stay, and a refresh of one that is gone fails.
func TestAnImageAsTheProviderTreatsIt(t *testing.T) {
	h := newHarness(t)
	image := props{"name": "talos", "url": "https://example.com/talos.raw.gz", "regions": []any{"nyc1"},
		"tags": []any{"a"}}
	id := h.Create(imageType, "talos", image)
	require.NoError(t, h.Update(imageType, id, image.With(props{"tags": []any{"b"}})))
	read := func() (*pulumirpc.ReadResponse, error) {
		return h.Server.Read(t.Context(), &pulumirpc.ReadRequest{Id: id, Urn: "urn:pulumi:test::lab::" + imageType +
			"::talos", Inputs: h.Inputs[id], Properties: h.Inputs[id]})
	}
	found, err := read()
	require.NoError(t, err)
	assert.Equal(t, []any{"a"}, found.Inputs.AsMap()["tags"])
	require.NoError(t, h.Delete(imageType, id))
	_, err = read()
	assert.ErrorContains(t, err, "Error retrieving image with id "+id)
}

func TestTheStateKeepsAHashOfTheUserData(t *testing.T) {
	p := newPlace(t)
	_, outputs, err := p.Try(dropletType, "cp-0", p.droplet)
	require.NoError(t, err)
	sum := sha1.Sum([]byte("hello"))
	assert.Equal(t, hex.EncodeToString(sum[:]), outputs["userData"])
	assert.Equal(t, "10.20.0.2", outputs["ipv4AddressPrivate"])
}

// TestPackets follows packets through firewalls and the load balancer.
func TestPackets(t *testing.T) {
	p := newPlace(t)
	p.Create(dropletType, "cp-0", p.droplet)
	p.Create(dropletType, "cp-1", p.droplet.With(props{"name": "cp-1"}))
	p.Create(dropletType, "worker-0", p.droplet.With(props{"name": "worker-0", "tags": []any{"lab-worker"}}))
	_, err := p.Dial("worker-0", "10.20.0.2", 22)
	assert.NoError(t, err, "a droplet without a firewall is open")
	_, err = p.Dial("", "192.0.2.1", 50000)
	assert.NoError(t, err, "to the whole internet")

	p.Create(firewallType, "control-plane", p.firewall)
	_, err = p.Dial("cp-1", "10.20.0.2", 50000)
	assert.NoError(t, err)
	_, err = p.Dial("worker-0", "10.20.0.2", 50000)
	assert.ErrorContains(t, err, "firewall: no rule of control-plane")
	_, err = p.Dial("", "192.0.2.1", 50000)
	assert.ErrorContains(t, err, "firewall: no rule of control-plane")

	loadBalancer, outputs, err := p.Try(loadBalancerType, "api", p.lb)
	require.NoError(t, err)
	ip := outputs["ip"].(string)
	_, err = p.Dial("worker-0", ip, 6443)
	assert.ErrorContains(t, err, "firewall: no rule", "the targets do not let the load balancer in yet")
	p.Create(firewallType, "api", p.rule(props{"sourceAddresses": nil, "sourceLoadBalancerUids": []any{loadBalancer}}))
	found, err := p.Dial("worker-0", ip, 6443)
	require.NoError(t, err)
	assert.Len(t, found, 2, "both control planes, and no worker")
	_, err = p.Dial("worker-0", ip, 443)
	assert.ErrorContains(t, err, "no forwarding rule for port 443")

	t.Setenv("SIMULATOR_OPERATOR_IP", "203.0.113.7")
	_, err = p.Dial("", ip, 6443)
	assert.ErrorContains(t, err, "is not admitted by the load balancer")
	_, err = p.Dial("worker-0", "api.example.com", 6443)
	assert.ErrorContains(t, err, "does not lead to anything")
}

// TestATagIsSharedByName hands a tag out twice, and takes it from what somebody else tagged with it when it is deleted.
func TestATagIsSharedByName(t *testing.T) {
	p := newPlace(t)
	droplet := p.Create(dropletType, "machine", p.droplet.With(props{"tags": []any{"mine", "lab-worker"}}))
	again := p.Create(tagType, "second state's", props{"name": "lab-worker"})
	require.NoError(t, p.Delete(tagType, again))
	p.Within(func(st *store.Store) {
		assert.Equal(t, []string{"mine"}, st.Get(dropletType, "", droplet).State.Strings("tags"))
		assert.Nil(t, st.Get(tagType, "", "lab-worker"))
	})
}
