package invariants

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The types of resources on DigitalOcean.
const (
	doDroplet  = "digitalocean:index/droplet:Droplet"
	doFirewall = "digitalocean:index/firewall:Firewall"
	doBalancer = "digitalocean:index/loadBalancer:LoadBalancer"
	doImage    = "digitalocean:index/customImage:CustomImage"
	doVPC      = "digitalocean:index/vpc:Vpc"

	// doOwnVPC is the network that a stack adopts.
	doOwnVPC = "5a4981aa-9653-4bd1-bef5-d6bff52042e4"
	// doOwnImage is an image that a stack names.
	doOwnImage = "170000001"
)

var _ = register("digitalocean", cloud{
	stacks: doStacks, checks: digitalOceanChecks, breaks: digitalOceanBreaks, refused: digitalOceanRefused,
	words: map[string]string{
		"other": "aws", "zone": "nyc1", "zones": `"nyc1"`, "image": doOwnImage, "network": doOwnVPC,
		"network2": "0a4981aa-9653-4bd1-bef5-d6bff52042e4", "subnets": "", "subnets2": `"x"`,
		"public2": `,"publicSubnetIds":["x"]`,
		"key":     "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef", "autoscaling": "cpu",
		// Talos encrypts there anyway.
		"diskEncryption": "cloud",
	},
})

var doStacks = []Stack{
	{Name: "dev", Environment: "dev"},
	{Name: "staging", Environment: "staging"},
	{Name: "production", Environment: "production"},
	{Name: "public", Environment: "production", Changes: publicTo(`["203.0.113.0/24"]`)},
	{Name: "adopted", Environment: "staging", Changes: stack("operatorCidrs", `["10.60.0.0/16"]`,
		"regions", `[{"name": "nyc1", "network": {"id": "`+doOwnVPC+`"}}]`)},
	{Name: "endpoint", Environment: "staging", Changes: stack("endpoint", ownEndpoint)},
	{Name: "own-image", Environment: "dev", Changes: oneRegion(`, "image": "` + doOwnImage + `"`)},
	{Name: "flannel", Environment: "dev", Changes: stack("cni", "flannel")},
	{Name: "pools", Environment: "production", Changes: stack("pools", `[
		{"name": "stateful", "size": "large", "count": 3, "workload": "stateful"},
		{"name": "web", "size": "small", "count": 2}]`)},
	{Name: "open-ports", Environment: "production", Changes: stack("openPorts", openPorts)},
}

var digitalOceanRefused = map[int][]Setting{
	3: {refuse("all control planes in one zone", oneRegion(`,"zones":["nyc1"]`),
		"regions[0].zones: DigitalOcean has no zones")},
	15: {
		refuse("encryption by a cloud that has none", stack("diskEncryption", "cloud"),
			"diskEncryption: DigitalOcean does not encrypt disks itself"),
		refuse("a customer's key on a cloud that takes none", oneRegion(`,"encryptionKey":"{key}"`),
			"encrypts no disk with a customer's key"),
		refuse("a patch that removes the encryption of a volume",
			inAllPatches("apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\n$patch: delete"), "patches.all[0]: "),
		refuse("a patch that replaces the key with a passphrase in clear",
			inAllPatches("apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\n"+
				"encryption: {provider: luks2, keys: [{slot: 0, static: {passphrase: x}}]}"), "duplicate key slot 0"),
	},
	35: {everywhere(refuse("a DigitalOcean token in the stack file", stack("digitalocean:token", "x"),
		"digitalocean:token: the program creates its own provider"))},
	43: {refuse("flannel where pods can read user data", stack("cni", "flannel"), "cni: on ")},
}

// digitalOceanBreaks break what is checked on every cloud.
var digitalOceanBreaks = map[string][]Breakage{
	"closed-to-the-internet": {
		set(doFirewall, "", []any{internet}, "inboundRules", 0, "sourceAddresses"),
		set(doBalancer, "", nil, "firewall"),
	},
	"no-ssh": {set(doFirewall, "", "all", "inboundRules", 0, "portRange")},
	"node-ports-from-nodes": {set(doFirewall, "",
		map[string]any{"protocol": "tcp", "portRange": "10250", "sourceAddresses": []any{"10.0.0.0/8"}},
		"inboundRules", 0)},
	"machine-has-firewall":    {set(doDroplet, "", nil, "tags")},
	"firewall-covers-machine": {set(doDroplet, "", []any{"stranger"}, "tags")},
	"balancer-internal":       {set(doBalancer, "", "EXTERNAL", "network")},
	"disk-encrypted":          {set(doDroplet, "", inClear, "userData")},
	"metadata-guarded":        {set(doDroplet, "", true, "dropletAgent")},
	"machines-tagged":         {set(doDroplet, "", nil, "tags", 0)},
	"secrets-marked":          {set(doDroplet, "", inClear, "userData")},
	"production-protected": {unprotect(doDroplet, "-control-plane-0"), unprotect(doBalancer, ""),
		unprotect(talosSecrets, "")},
	"provider-explicit": {defaultProvider(doDroplet)},
}

var digitalOceanChecks = map[int][]Check{
	8: {{Name: "ports-are-the-least", Look: digitalOceanPorts, Breaks: []Breakage{
		digitalOceanRule("-control-plane", "2379-2380", "the tag of workers", []any{"x-worker-0000000"}, "sourceTags"),
		digitalOceanRule("-worker", "50000", "the tag of workers", []any{"x-worker-0000000"}, "sourceTags"),
		digitalOceanRule("-worker", "10250", "another port", "10251", "portRange"),
		digitalOceanRule("-control-plane", "6443", "operators", []any{"10.0.0.0/8"}, "sourceAddresses"),
		digitalOceanRule("-worker", "10250", "a load balancer", []any{"balancer"}, "sourceLoadBalancerUids"),
		digitalOceanRule("-worker", "30000-32767", "other networks", []any{"172.16.0.0/12"}, "sourceAddresses").in(
			"open-ports"),
		set(doFirewall, "", []any{"one", "two"}, "tags"),
	}}},
	9: {{Name: "firewall-before-droplet", Look: digitalOceanFirewallBeforeDroplet, Breaks: []Breakage{
		waitForNothing(doDroplet, ""), set(doFirewall, "nyc1-worker", nil, "outboundRules"),
		set(doDroplet, "-workers-0", []any{"inferadb-production-nyc1-control-plane-0000000"}, "tags"),
	}}},
	10: {{Name: "the-load-balancer-is-in-the-network", Look: digitalOceanBalancer, Breaks: []Breakage{
		set(doBalancer, "", "GLOBAL", "type"), set(doBalancer, "", nil, "vpcUuid"),
		set(doBalancer, "", "EXTERNAL", "network"),
	}}},
	11: {{Name: "checks-and-targets", Look: digitalOceanTargets, Breaks: []Breakage{
		set(doBalancer, "", "http", "healthcheck", "protocol"), set(doBalancer, "", 443, "healthcheck", "port"),
		set(doBalancer, "", 30, "healthcheck", "checkIntervalSeconds"),
		set(doBalancer, "", true, "enableProxyProtocol"),
		set(doBalancer, "", []any{}, "forwardingRules"), set(doBalancer, "", 443, "forwardingRules", 0, "entryPort"),
		set(doBalancer, "nyc1-api", "inferadb-production-nyc1-worker-0000000", "dropletTag"),
	}}},
	13: {{Name: "endpoint-in-configurations", Look: digitalOceanEndpoint, Breaks: []Breakage{
		replaceText(doDroplet, "", "endpoint: https://10.", "endpoint: https://11.", "userData"),
		replaceText(doDroplet, "", "endpoint: https://"+ownEndpoint, "endpoint: https://10.0.0.1",
			"userData").in("endpoint"),
		replaceText(doDroplet, "", "validSubnets:", "subnets:", "userData"),
		replaceText(doDroplet, "-control-plane-0", "advertisedSubnets:", "subnets:", "userData"),
	}}},
	15: {{Name: "talos-encrypts-both-partitions", Look: digitalOceanEncryption, Breaks: []Breakage{
		replaceText(doDroplet, "", "provider: luks2", "provider: luks1", "userData"),
		replaceText(doDroplet, "", "provider: luks2", "provider: luks2\nprovider: luks2", "userData"),
	}}},
	18: {{Name: "tags-keep-to-the-alphabet", Look: digitalOceanTags, Breaks: []Breakage{
		alter(doDroplet, "", "has a tag with a blank", func(_ *Graph, r *Resource) {
			tags := append(slices.Clone(r.Get("tags").ArrayValue()), resource.NewStringProperty("a b"))
			r.put(resource.NewArrayProperty(tags), "tags")
		}),
	}}},
	29: {{Name: "critical-resources-are-protected", Look: digitalOceanProtected, Breaks: []Breakage{
		unprotect(doDroplet, "-workers-0"), unprotect(doBalancer, ""), protect(doDroplet, "-web-0").in("pools"),
		protect(doFirewall, ""),
		protect(talosSecrets, "").in("staging"),
	}}},
	30: {{Name: "droplets-are-never-replaced", Look: digitalOceanNotReplaced, Breaks: []Breakage{
		heedChanges(doDroplet, ""), set(doDroplet, "", false, "gracefulShutdown"),
		set(doDroplet, "", []any{}, "sshKeys"),
	}}},
	33: {
		{Name: "bootstrap-waits-for-the-api", Look: digitalOceanBootstrapWaits, Breaks: []Breakage{
			waitForNothing(talosBootstrap, ""), waitFor(doDroplet, "nyc1-workers-0", talosBootstrap, "nyc1"),
		}},
		{Name: "no-needless-edge", Look: digitalOceanNoNeedlessEdge, Breaks: []Breakage{
			waitFor(doDroplet, "nyc1-workers-0", doDroplet, "nyc1-control-plane-0"),
			waitFor(doBalancer, "nyc1-api", doDroplet, "nyc1-workers-0"),
			waitForNothing(doDroplet, "nyc1-workers-0"),
			waitFor(doDroplet, "nyc1-workers-0", doBalancer, "").in("endpoint"),
		}},
	},
	36: {{Name: "adopted-network", Look: digitalOceanAdopted, Breaks: []Breakage{
		add(doVPC, "added", nil).in("adopted"), set(doDroplet, "", "other", "vpcUuid").in("adopted"),
		remove(doVPC, "").in("dev"),
		set(doDroplet, "", doOwnVPC, "vpcUuid"), add("pulumi:providers:aws", "added", nil),
		add("pulumi:providers:gcp", "added", nil),
	}}},
	37: {{Name: "images-are-pinned", Look: digitalOceanImages, Breaks: []Breakage{
		set(doImage, "", "https://example.com/talos.raw.gz", "url"), remove(doImage, ""),
		set(doImage, "", []any{"nyc1", "sfo3"}, "regions"),
		add(doImage, "added", nil).in("own-image"), set(doDroplet, "", "other", "image").in("own-image"),
	}}},
}

// digitalOceanRule changes the rule of a firewall for some ports.
func digitalOceanRule(firewall, ports, what string, value any, property string) Breakage {
	return alter(doFirewall, firewall, "has "+what+" for "+ports, func(_ *Graph, r *Resource) {
		for i := range r.items("inboundRules") {
			if r.Text("inboundRules", i, "portRange") == ports {
				r.put(value, "inboundRules", i, property)
			}
		}
	})
}

func digitalOceanRange(from, to int) string {
	if from == to {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d-%d", from, to)
}

func digitalOceanRole(tag string) string {
	if strings.Contains(tag, "-control-plane-") {
		return controlPlane
	}
	return worker
}

// digitalOceanPorts compares every rule with what each port may come from, by the role that it leads to.
func digitalOceanPorts(g *Graph, v *Violations) {
	allowed, opened := nodesMayReach(digitalOceanRange, digitalOceanRange), map[string][]string{}
	for _, role := range []string{controlPlane, worker} {
		allowed[role+" "] = []string{controlPlane, worker}
	}
	if g.says("access") == "public" {
		allowed["control-plane 6443"] = append(allowed["control-plane 6443"], operators)
	}
	if g.says("openPorts") == openPorts {
		opened = openedTo(digitalOceanRange, digitalOceanRange)
	}
	for _, r := range g.ofType(doFirewall) {
		v.equal(1, r.items("tags"), r, "number of roles")
		for i := range r.items("inboundRules") {
			key := digitalOceanRole(r.Text("tags", 0)) + " " + r.Text("inboundRules", i, "portRange")
			var sources []string
			for _, tag := range r.Texts("inboundRules", i, "sourceTags") {
				sources = append(sources, digitalOceanRole(tag))
			}
			if addresses := r.Texts("inboundRules", i, "sourceAddresses"); opened[key] != nil {
				sources = append(sources, addresses...)
			} else if len(addresses) > 0 {
				sources = append(sources, operators)
			}
			if r.items("inboundRules", i, "sourceLoadBalancerUids") > 0 {
				sources = append(sources, loadBalancer)
			}
			v.within(slices.Concat(allowed[key], opened[key]), sources, r, "source of "+key)
		}
	}
}

// digitalOceanFirewallBeforeDroplet checks that firewalls exist before their droplets, which they select by tags. A
// user's tag that looks like a cluster's gets a suffix from Pulumi and selects nothing.
func digitalOceanFirewallBeforeDroplet(g *Graph, v *Violations) {
	for _, r := range g.ofType(doDroplet) {
		covered := slices.ContainsFunc(g.ofType(doFirewall), func(f *Resource) bool {
			return slices.Contains(r.Texts("tags"), f.Text("tags", 0)) && g.reaches(r, f) && f.has("outboundRules")
		})
		v.unless(covered, r, "is made before its firewall")
		ours := slices.Contains(r.Texts("tags"), g.clusterOf(r)+"-control-plane-0000000")
		v.equal(r.isControlPlane(), ours, r, "whether it has the control planes' tag")
	}
}

func digitalOceanBalancer(g *Graph, v *Violations) {
	v.unless(len(g.ofType(doBalancer)) > 0, nil, "has no load balancer")
	for _, r := range g.ofType(doBalancer) {
		v.equal("INTERNAL REGIONAL", r.Text("network")+" "+r.Text("type"), r, "its kind")
		v.unless(r.Text("vpcUuid") != "", r, "is in no network")
	}
}

func digitalOceanTargets(g *Graph, v *Violations) {
	for _, r := range g.ofType(doBalancer) {
		v.equal("tcp 6443", r.Text("healthcheck", "protocol")+" "+r.Text("healthcheck", "port"), r, "its check")
		v.unless(r.number("healthcheck", "checkIntervalSeconds") <= 10, r, "checks too rarely")
		v.equal("false", r.Text("enableProxyProtocol"), r, "whether it speaks the proxy protocol")
		v.equal(1, r.items("forwardingRules"), r, "number of ports")
		v.equal("6443", r.Text("forwardingRules", 0, "entryPort"), r, "its port")
		for _, droplet := range g.ofType(doDroplet) {
			if droplet.Parent == r.Parent {
				target := slices.Contains(droplet.Texts("tags"), r.Text("dropletTag"))
				v.equal(droplet.isControlPlane(), target, droplet, "whether it is a target")
			}
		}
	}
}

// digitalOceanEndpoint checks that kubelet and etcd are pinned to the private network.
func digitalOceanEndpoint(g *Graph, v *Violations) {
	host := "10.101.63."
	if g.bringsEndpoint() {
		host = ownEndpoint
	}
	for _, r := range g.ofType(doDroplet) {
		document := r.Text("userData")
		v.unless(strings.Contains(document, "endpoint: https://"+host), r, "does not name the endpoint")
		v.unless(strings.Contains(document, "validSubnets:"), r, "does not pin the kubelet to the private network")
		v.unless(!r.isControlPlane() || strings.Contains(document, "advertisedSubnets:"), r,
			"does not pin etcd to the private network")
	}
}

func digitalOceanEncryption(g *Graph, v *Violations) {
	for _, r := range g.ofType(doDroplet) {
		v.equal(2, strings.Count(r.Text("userData"), "provider: luks2"), r,
			"number of partitions that Talos encrypts from the first boot")
	}
}

var digitalOceanTag = regexp.MustCompile(`^[a-zA-Z0-9:_-]{1,255}$`)

func digitalOceanTags(g *Graph, v *Violations) {
	for _, r := range g.ofType(doDroplet) {
		for _, tag := range r.Texts("tags") {
			v.unless(digitalOceanTag.MatchString(tag), r, "has a tag that is none: %s", tag)
		}
	}
}

// digitalOceanProtected checks that everything except stateless pools is protected.
func digitalOceanProtected(g *Graph, v *Violations) {
	for _, r := range g.all() {
		keeps := slices.Contains([]string{talosSecrets, talosBootstrap, doBalancer}, r.Type) ||
			r.Type == doDroplet && (r.isControlPlane() || g.stateful(r))
		v.equal(keeps && g.protected(), r.Protect, r, "whether it is protected")
	}
}

// digitalOceanNotReplaced checks that changes of the SSH key are ignored. The API requires one, and it is a
// placeholder.
func digitalOceanNotReplaced(g *Graph, v *Violations) {
	for _, r := range g.ofType(doDroplet) {
		v.sameItems([]string{"image", "userData", "sshKeys", "size", "vpcUuid"}, r.IgnoreChanges, r,
			"the changes that are ignored")
		v.equal("true", r.Text("gracefulShutdown"), r, "whether it is shut down in order")
		v.equal(1, r.items("sshKeys"), r, "number of keys")
	}
}

func digitalOceanBootstrapWaits(g *Graph, v *Violations) {
	way := only(g.ofType(doBalancer, doFirewall, doDroplet), func(r *Resource) bool {
		return !strings.HasSuffix(r.Name, "-"+worker) && (r.Type != doDroplet || r.isControlPlane())
	})
	bootstrapWaits(g, v, way, g.ofType(doDroplet))
}

// digitalOceanNoNeedlessEdge checks that machines wait for nothing but the load balancer, whose address they need, and
// not even for that if the user sets an endpoint.
func digitalOceanNoNeedlessEdge(g *Graph, v *Violations) {
	droplets, balancers := g.ofType(doDroplet), g.ofType(doBalancer)
	waitsForNone(g, v, slices.Concat(droplets, balancers), droplets)
	for _, r := range droplets {
		for _, balancer := range balancers {
			if balancer.Parent == r.Parent {
				v.equal(!g.bringsEndpoint(), g.reaches(r, balancer), r, "whether it waits for "+balancer.Name)
			}
		}
	}
}

func digitalOceanAdopted(g *Graph, v *Violations) {
	for _, r := range g.all() {
		other := strings.HasPrefix(r.Type, "pulumi:providers:") &&
			!strings.HasPrefix(r.Type, "pulumi:providers:digitalocean") &&
			!strings.HasPrefix(r.Type, "pulumi:providers:talos")
		v.unless(!other, r, "is of another cloud")
	}
	v.equal(g.adopts(), len(g.ofType(doVPC)) == 0, nil, "whether it makes no network")
	for _, r := range g.ofType(doDroplet) {
		v.equal(g.adopts(), r.Text("vpcUuid") == doOwnVPC, r, "whether it is in the adopted network")
	}
}

var digitalOceanImage = regexp.MustCompile(
	`^https://factory\.talos\.dev/image/[0-9a-f]{64}/v1\.13\.10/digital-ocean-amd64\.raw\.gz$`)

func digitalOceanImages(g *Graph, v *Violations) {
	images := g.ofType(doImage)
	if g.saysOfRegions("image") {
		v.equal(0, len(images), nil, "number of images beside its own")
		for _, r := range g.ofType(doDroplet) {
			v.equal(doOwnImage, r.Text("image"), r, "its image")
		}
		return
	}
	v.equal(len(g.clusters()), len(images), nil, "number of images, one in each region")
	for _, r := range images {
		v.unless(digitalOceanImage.MatchString(r.Text("url")), r, "is not pinned")
		v.equal(1, r.items("regions"), r, "number of its regions")
	}
}
