package lifecycle

// edit changes the stack file of a running stack: the keys of change, which is YAML, take the place of those of the
// whole file, of its one region, or of one of its two pools. A key without a value goes. A word in braces stands for
// what differs by cloud.
type edit struct {
	in, change string
}

// The places that an edit can change.
const (
	inFile   = "the file"
	inRegion = "regions[0]"
	inData   = "pools[0]"
	inWeb    = "pools[1]"
)

// editedKey is a key of the stack file and the other legal values that it is given.
type editedKey struct {
	key   string
	edits []edit
}

func file(changes ...string) []edit { return editsIn(inFile, changes) }
func area(changes ...string) []edit { return editsIn(inRegion, changes) }
func data(changes ...string) []edit { return editsIn(inData, changes) }
func web(changes ...string) []edit  { return editsIn(inWeb, changes) }

func editsIn(place string, changes []string) []edit {
	var edits []edit
	for _, change := range changes {
		edits = append(edits, edit{place, change})
	}
	return edits
}

// runningStack is what every cloud's stack file says before the edits: a pool of named nodes with data, and a pool that
// stands behind a scaling group where the cloud has one.
var runningStack = map[string]string{
	"aws": `{regions: [{name: nyc1}], talosVersion: v1.13.9, kubernetesVersion: 1.35.7, pools: [{data}, {web}]}`,
	"gcp": `{regions: [{name: nyc1}], talosVersion: v1.13.9, kubernetesVersion: 1.35.7, pools: [{data}, {web}]}`,
	// A cluster without LUKS has no disks of its own to change the encryption of.
	"digitalocean": `{regions: [{name: nyc1}], talosVersion: v1.13.9, kubernetesVersion: 1.35.7, pools: [{data}, {web}]}`,
}

const (
	dataPool = `{name: data, size: small, count: 1, workload: stateful, labels: {tier: gold}, taints: [{key: data, value: own, effect: NoSchedule}]}`
	webGroup = `{name: web, size: small, min: 2, max: 4, spot: {base: 1}}`
	webNamed = `{name: web, size: small, count: 1}`
)

// editWords differ by cloud. Networks, subnets and keys to adopt are made with the stack.
var editWords = map[string]map[string]string{
	"aws": {
		"data": dataPool, "web": webGroup, "other": "gcp", "third": "digitalocean",
		"zone": "us-east-1b", "fewZones": "us-east-1a, us-east-1b", "sameZones": "us-east-1b, us-east-1a, us-east-1c",
		"otherZones": "us-east-1a, us-east-1b, us-east-1d", "moreZones": "us-east-1a, us-east-1b, us-east-1c, us-east-1d",
		"image": "ami-0aa64000000000001", "disks": "luks",
	},
	"gcp": {
		"data": dataPool, "web": webGroup, "other": "aws", "third": "digitalocean",
		"zone": "us-east4-b", "fewZones": "us-east4-a, us-east4-b", "sameZones": "us-east4-b, us-east4-a, us-east4-c",
		"otherZones": "us-east4-c, us-east4-b, us-east4-a", "moreZones": "us-east4-c, us-east4-a, us-east4-b",
		"image": "projects/inferadb-simulated/global/images/custom-talos-amd64", "disks": "luks",
	},
	"digitalocean": {
		"data": dataPool, "web": webNamed, "other": "aws", "third": "gcp",
		"zone": "nyc1", "fewZones": "nyc1", "sameZones": "nyc1", "otherZones": "nyc1", "moreZones": "nyc1",
		"image": "170000001", "subnets": "x", "subnets2": "y", "key": "none", "key2": "other", "disks": "cloud",
	},
}

// editedKeys has a row for every key, in the order of config.Keys(). Each value is tried on every cloud: it works, or
// it is refused.
var editedKeys = []editedKey{
	{"environment", file("environment: dev", "environment: production")},
	{"provider", file("provider: {other}", "provider: {third}")},
	{"regions", file("regions: [sfo1]")},
	{"regions[].name", area("name: sfo1")},
	{"regions[].provider", area("provider: {other}", "provider: {third}")},
	{"regions[].primary", area("primary: true", "primary: false")},
	{"regions[].zones", area("zones: [{fewZones}]", "zones: [{sameZones}]", "zones: [{otherZones}]", "zones: [{moreZones}]")},
	{"regions[].network", area("network: {cidr: 10.20.0.0/18}", "network: {cidr: 10.101.64.0/18}")},
	{"regions[].network.cidr", area("network: {cidr: 10.101.0.0/17}", "network: {cidr: 10.101.64.0/19}")},
	{"regions[].network.id", file("{regions: [{name: nyc1, network: {id: {network}, subnetIds: [{subnets}]}}], operatorCidrs: [10.101.64.0/18]}",
		"{regions: [{name: nyc1, network: {id: {network2}}}], operatorCidrs: [10.101.64.0/18]}")},
	{"regions[].network.subnetIds", file("{regions: [{name: nyc1, network: {id: {network}, subnetIds: [{subnets2}]}}], operatorCidrs: [10.101.64.0/18]}")},
	{"regions[].network.publicSubnetIds", file("{regions: [{name: nyc1, network: {id: {network}, subnetIds: [{subnets}], publicSubnetIds: [{subnets2}]}}], " +
		"access: public, operatorCidrs: [10.101.64.0/18]}")},
	{"regions[].image", area("image: {image}")},
	{"regions[].endpoint", area("endpoint: k8s.example.org")},
	{"regions[].encryptionKey", area("encryptionKey: '{key}'", "encryptionKey: '{key2}'")},
	{"regions[].encryptionKey.managed", area("encryptionKey: {managed: true}", "encryptionKey: {managed: false}")},
	{"controlPlanes", file("controlPlanes: 1")},
	{"controlPlaneSize", file("controlPlaneSize: small", "controlPlaneSize: large")},
	{"pools", file("pools: [{data}, {web}, {name: extra, size: small, count: 1}]", "pools: [{data}]", "pools: [{web}]")},
	{"pools[].name", append(data("name: db"), web("name: api")...)},
	{"pools[].size", append(data("size: medium"), web("size: medium")...)},
	{"pools[].count", append(data("count: 2", "count: 0"), web("{min: , max: , count: 2}")...)},
	{"pools[].min", web("{count: , min: 3, max: 4}", "{count: , min: 0, max: 3}")},
	{"pools[].max", web("{count: , min: 2, max: 3}", "{count: , min: 2, max: 5}")},
	{"pools[].autoscaling", web("autoscaling: cpu", "autoscaling: cluster-autoscaler")},
	{"pools[].workload", append(data("workload: stateless"), web("{workload: stateful, min: , max: , spot: , count: 1}")...)},
	{"pools[].spot", append(data("{workload: , spot: true}"), web("spot: false", "spot: true")...)},
	{"pools[].spot.base", web("spot: {base: 0}", "spot: {base: 2}")},
	{"pools[].spot.onDemandPercent", web("spot: {base: 1, onDemandPercent: 50}")},
	{"pools[].spot.maxPrice", web("spot: {base: 1, maxPrice: 0.07}")},
	{"pools[].spot.strategy", web("spot: {base: 1, strategy: lowest-price}", "spot: {base: 1, strategy: price-capacity-optimized}")},
	{"pools[].spot.types", web("spot: {base: 1, types: [t4g.large]}")},
	{"pools[].spot.requirements", web("spot: {base: 1, requirements: true}")},
	{"pools[].spot.rebalance", web("spot: {base: 1, rebalance: true}")},
	{"pools[].labels", append(data("labels: {tier: silver}", "labels: "), web("labels: {tier: tin}")...)},
	{"pools[].taints", append(data("taints: "), web("taints: [{key: web, effect: NoSchedule}]")...)},
	{"pools[].taints[].key", append(data("taints: [{key: other, value: own, effect: NoSchedule}]"), web("taints: [{key: api, effect: NoSchedule}]")...)},
	{"pools[].taints[].value", append(data("taints: [{key: data, value: other, effect: NoSchedule}]"), web("taints: [{key: web, value: x, effect: NoSchedule}]")...)},
	{"pools[].taints[].effect", append(data("taints: [{key: data, value: own, effect: NoExecute}]"), web("taints: [{key: web, effect: PreferNoSchedule}]")...)},
	{"pools[].diskGiB", append(data("diskGiB: 200", "diskGiB: 50"), web("diskGiB: 200")...)},
	{"pools[].zones", append(data("zones: [{zone}]"), web("zones: [{fewZones}]")...)},
	{"pools[].patches", append(data(onePatch("patches", livePatch), onePatch("patches", rebootPatch)), web(onePatch("patches", livePatch))...)},
	{"access", file("{access: public, operatorCidrs: [10.101.64.0/18]}")},
	{"operatorCidrs", file("operatorCidrs: [10.101.64.0/18, 203.0.113.0/24]", "operatorCidrs: [10.0.0.0/8]")},
	{"openPorts", file("openPorts: [{ports: 9100}]", "openPorts: [{ports: 9100}, {ports: 9200}]")},
	{"openPorts[].ports", file("openPorts: [{ports: 30000-32767}]")},
	{"openPorts[].protocol", file("openPorts: [{ports: 9100, protocol: udp}]")},
	{"openPorts[].from", file("openPorts: [{ports: 9100, from: [nodes, 10.0.0.0/8]}]", "openPorts: [{ports: 9100, from: [10.101.64.0/18]}]")},
	{"cni", file("cni: flannel", "cni: none")},
	{"podEncryption", file("podEncryption: none", "podEncryption: wireguard")},
	{"bootstrapManifests", file("bootstrapManifests: ['" + namespaceManifest + "']")},
	{"encryptionKey", file("encryptionKey: '{key}'", "encryptionKey: '{key2}'")},
	{"encryptionKey.managed", file("encryptionKey: {managed: true}", "encryptionKey: {managed: false}")},
	{"diskEncryption", file("diskEncryption: {disks}")},
	{"luksKey", file("{diskEncryption: luks, luksKey: 'https://kms.example.com:4050'}", "luksKey: 'https://kms.example.com:4050'")},
	{"endpoint", file("endpoint: api.example.com")},
	{"schematic", file("schematic: 376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba", "schematic: c9078f9419961640c712a8bf2bb9174933dfcf1da383fd8ea2b7dc21493f8bac")},
	{"patches", file("patches: {all: ['" + livePatch + "'], workers: ['" + livePatch + "']}")},
	{"patches.all", file("patches: {all: ['"+livePatch+"']}", "patches: {all: ['"+rebootPatch+"']}")},
	{"patches.controlPlanes", file("patches: {controlPlanes: ['"+livePatch+"']}", "patches: {controlPlanes: ['cluster: {apiServer: {extraArgs: {max-requests-inflight: \"500\"}}}']}")},
	{"patches.workers", file("patches: {workers: ['"+livePatch+"']}", "patches: {workers: ['"+rebootPatch+"']}")},
	{"tags", file("tags: {team: storage}", "tags: {team: core, stage: second}")},
	{"alarmEmails", file("alarmEmails: [ops@example.com]", "alarmEmails: [ops@example.com, dev@example.com]")},
	{"flowLogs", file("flowLogs: true")},
	{"ebsEncryptionByDefault", file("ebsEncryptionByDefault: true")},
	{"cloudController", file("cloudController: true")},
	{"protection", file("protection: true")},
	{"acknowledge", file("acknowledge: ['etcd-left:nobody']")},
	{"upgrade", file("upgrade: {talos: v1.12.1, kubernetes: 1.34.3}")},
	{"upgrade.talos", file("upgrade: {talos: v1.12.1}")},
	{"upgrade.kubernetes", file("upgrade: {kubernetes: 1.34.3}")},
	// What cannot be taken back comes last.
	{"kubernetesVersion", file("kubernetesVersion: 1.34.4", "kubernetesVersion: 1.35.8", "kubernetesVersion: 1.36.5")},
	{"talosVersion", file("talosVersion: v1.12.12", "talosVersion: v1.13.10")},
	{"controlPlanes", file("controlPlanes: 5")},
	{"regions", file("regions: [nyc1, sfo1]")},
}

const (
	namespaceManifest = `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}}`

	livePatch = "machine: {sysctls: {net.core.rmem_max: \"262144\"}}"
	// It needs a reboot.
	rebootPatch = "machine: {udev: {rules: [\"KERNEL==x\"]}}"
)

func onePatch(key, patch string) string { return key + ": ['" + patch + "']" }
