package graph

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/policy/rules"
	"github.com/inferadb/infra/regions"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// weakening is a change of production's stack file by which somebody would make it less safe: by mistake, on purpose, or in a
// pull request that looks harmless. It is refused, or it does no harm: then the graph still keeps every rule, and what the row
// says of it.
type weakening struct {
	name string
	says map[string]string
	// refused is part of the message. On a cloud that refuses for a reason of its own it is in instead.
	refused string
	instead map[regions.Provider]string
	// harmless says what else must hold, and except names the rule that the change is about.
	harmless func(t *testing.T, g graph)
	except   string
	// on are the clouds where the row applies; none for all.
	on []regions.Provider
}

var (
	awsAlone = []regions.Provider{regions.AWS}
	withKeys = []regions.Provider{regions.AWS, regions.GCP}
	doAlone  = []regions.Provider{regions.DigitalOcean}
)

// inAllPatches is a patch of every machine, inControlPlanes one of the control planes.
func inAllPatches(patch string) map[string]string {
	return stackSays("patches", fmt.Sprintf(`{"all":[%q]}`, patch))
}

func inControlPlanes(patch string) map[string]string {
	return stackSays("patches", fmt.Sprintf(`{"controlPlanes":[%q]}`, patch))
}

func publicTo(cidrs string) map[string]string {
	return stackSays("access", "public", "operatorCidrs", cidrs)
}

// doors are ways to open the APIs to strangers.
var doors = []weakening{
	{name: "public to everybody", says: publicTo(`["0.0.0.0/0"]`), refused: "operatorCidrs[0]: 0.0.0.0/0 lets the whole internet"},
	{name: "private, and everybody operates", says: stackSays("operatorCidrs", `["0.0.0.0/0"]`), refused: "operatorCidrs[0]: 0.0.0.0/0 lets the whole internet"},
	{name: "public to everybody, by IPv6", says: publicTo(`["::/0"]`), refused: "operatorCidrs[0]: ::/0 is not IPv4"},
	{name: "public to everybody, by IPv4 in IPv6", says: publicTo(`["::ffff:0.0.0.0/96"]`), refused: "is not IPv4"},
	{name: "public to both halves of the internet", says: publicTo(`["0.0.0.0/1","128.0.0.0/1"]`), refused: "operatorCidrs[1]: 128.0.0.0/1 is wider than a /8"},
	{name: "public to a /7", says: publicTo(`["2.0.0.0/7"]`), refused: "operatorCidrs[0]: 2.0.0.0/7 is wider than a /8"},
	{name: "public to many /8", says: publicTo(`["2.0.0.0/8","3.0.0.0/8","4.0.0.0/8"]`), refused: "operatorCidrs: they hold 50331648 public addresses together"},
	{name: "public to everybody, behind an address", says: publicTo(`["203.0.113.7/0"]`), refused: "operatorCidrs[0]: 203.0.113.7/0 has host bits set"},
	{name: "a range that others read as another", says: publicTo(`["010.0.0.0/8"]`), refused: `operatorCidrs[0]: "010.0.0.0/8" is not a range`},
	{name: "public to nobody in particular", says: stackSays("access", "public"), refused: "operatorCidrs: public access needs to know"},
	{name: "public to an empty list", says: publicTo(`[]`), refused: "operatorCidrs: public access needs to know"},
	{name: "a range twice", says: publicTo(`["203.0.113.0/24","203.0.113.0/24"]`), refused: "operatorCidrs[1]: 203.0.113.0/24 is named twice"},
	{name: "an adopted network whose operators are anybody", says: stackSays("regions", `[{"name":"nyc1","network":{"id":"{network}","subnetIds":[{subnets}]}}]`),
		refused: "operatorCidrs: is needed"},
	{name: "a network of public addresses", says: stackSays("regions", `[{"name":"nyc1","network":{"cidr":"8.8.0.0/16"}}]`), refused: "regions[0].network.cidr: 8.8.0.0/16 is not a private range"},
	{name: "a switch that other tools have", says: stackSays("allowSsh", "true"), refused: "allowSsh: there is no such key"},
	{name: "an API at an address", says: oneRegion(`,"endpoint":"203.0.113.7"`), refused: `regions[0].endpoint: "203.0.113.7" is an address`},
	{name: "an API at an address in disguise", says: oneRegion(`,"endpoint":"127.1"`), refused: `regions[0].endpoint: "127.1" ends in a number`},
	{name: "the API under a name of somebody", says: oneRegion(`,"endpoint":"api.example.com"`), harmless: func(t *testing.T, g graph) {
		for _, n := range g.ofType("talos:machine/configurationApply:ConfigurationApply") {
			assert.Contains(t, n.text("machineConfigurationInput"), "endpoint: https://api.example.com:6443", "machines trust the cluster's authority, not the name")
		}
	}},
	{name: "a port for everybody", says: stackSays("openPorts", `[{"ports":"9100","from":["0.0.0.0/0"]}]`), refused: "openPorts[0].from[0]: 0.0.0.0/0 is not a private range"},
	{name: "a port for half of everybody", says: stackSays("openPorts", `[{"ports":"9100","from":["8.0.0.0/5"]}]`), refused: "openPorts[0].from[0]: 8.0.0.0/5 is not a private range"},
	{name: "a port for a network of the internet", says: stackSays("openPorts", `[{"ports":"9100","from":["203.0.113.0/24"]}]`),
		refused: "openPorts[0].from[0]: 203.0.113.0/24 is not a private range"},
	{name: "a port for everybody, by IPv6", says: stackSays("openPorts", `[{"ports":"9100","from":["::/0"]}]`), refused: "openPorts[0].from[0]: ::/0 is not IPv4"},
	{name: "all ports, for the nodes", says: stackSays("openPorts", `[{"ports":"1-65535"}]`), refused: "openPorts[0].ports: tcp-1-65535 holds the port of SSH"},
	{name: "etcd, for a network", says: stackSays("openPorts", `[{"ports":"2379","from":["10.0.0.0/8"]}]`), refused: "openPorts[0].ports: tcp-2379 holds the port of etcd"},
	{name: "the Talos API, for the nodes", says: stackSays("openPorts", `[{"ports":50000}]`), refused: "openPorts[0].ports: tcp-50000 holds the port of Talos"},
	{name: "a protocol that has no ports", says: stackSays("openPorts", `[{"ports":"9100","protocol":"all"}]`), refused: "openPorts[0].protocol: there is no protocol"},
	{name: "ports for nodes and networks", says: stackSays("openPorts", openPorts), harmless: noHarm},
	{name: "public to one network", says: publicTo(`["203.0.113.0/24"]`), harmless: noHarm},
	{name: "a public network operates a private stack", says: stackSays("operatorCidrs", `["12.0.0.0/8"]`), harmless: noHarm},
}

// locks are ways to leave what is stored open.
var locks = []weakening{
	{name: "a pool without encryption", says: pool(`,"count":3,"encrypted":false`), refused: "pools[0].encrypted: there is no such key"},
	{name: "a pool without the key", says: pool(`,"count":3,"encryptionKey":{"managed":false}`), refused: "pools[0].encryptionKey: there is no such key"},
	{name: "no disk encryption", says: stackSays("diskEncryption", "none"), refused: `diskEncryption: there is no diskEncryption "none"`},
	{name: "the cloud encrypts where none does", says: stackSays("diskEncryption", "cloud"), on: doAlone, refused: "diskEncryption: DigitalOcean does not encrypt disks itself"},
	{name: "an alias that may come to point elsewhere", says: oneRegion(`,"encryptionKey":"arn:aws:kms:us-east-1:123456789012:alias/disks"`), on: awsAlone,
		refused: "is not a key of AWS"},
	{name: "a key of another region", says: oneRegion(`,"encryptionKey":"arn:aws:kms:us-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"`), on: awsAlone,
		refused: "the key is in us-west-1, the disks are in us-east-1"},
	{name: "a key of another location", says: oneRegion(`,"encryptionKey":"projects/acme/locations/us-west1/keyRings/clusters/cryptoKeys/disks"`),
		on: []regions.Provider{regions.GCP}, refused: "the key is in us-west1, the disks are in us-east4"},
	{name: "a key where no disk takes one", says: oneRegion(`,"encryptionKey":"{key}"`), on: doAlone, refused: "encrypts no disk with a customer's key"},
	// Whoever holds the key can take the disks away; that is what a key of one's own is for.
	{name: "a key of somebody else", says: oneRegion(`,"encryptionKey":"{key}"`), on: withKeys, harmless: func(t *testing.T, g graph) {
		assert.Empty(t, g.ofType("aws:kms/key:Key"), "no second key stands beside it")
		assert.Empty(t, g.ofType("gcp:kms/cryptoKey:CryptoKey"), "no second key stands beside it")
	}},
	{name: "no key of its own", says: stackSays("encryptionKey", `{"managed":false}`), on: withKeys, harmless: noHarm},
	{name: "a patch takes the disks' encryption away", says: inAllPatches("apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\n$patch: delete"), on: doAlone, refused: "patches.all[0]: "},
	{name: "a passphrase that everybody knows", says: inAllPatches("apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\nencryption: {provider: luks2, keys: [{slot: 0, static: {passphrase: x}}]}"),
		on: doAlone, refused: "duplicate key slot 0"},
	{name: "etcd's own encryption with another key", says: inControlPlanes("cluster: {secretboxEncryptionSecret: z01mye6j16bspJYtTB/5SFX8j7Ph4JXxM2Xuu4vsBPM=}"),
		refused: "cluster.secretboxEncryptionSecret"},
	{name: "no encryption of etcd's own", says: inControlPlanes("cluster: {secretboxEncryptionSecret: {$patch: delete}}"), refused: "cluster.secretboxEncryptionSecret"},
	{name: "no encryption of etcd's own, by nothing", says: inControlPlanes("cluster: {secretboxEncryptionSecret: null}"), harmless: func(t *testing.T, g graph) {
		secret := mockSecrets()["machineSecrets"].(map[string]any)["secrets"].(map[string]any)["secretboxEncryptionSecret"].(string)
		for _, n := range g.ofType("talos:machine/configurationApply:ConfigurationApply") {
			if strings.Contains(n.Name, "-control-plane-") {
				assert.Contains(t, n.text("machineConfigurationInput"), "secretboxEncryptionSecret: "+secret)
			}
		}
	}},
}

// identities are ways to be taken for somebody else.
var identities = []weakening{
	{name: "another authority of the machines", says: inAllPatches("machine: {ca: {crt: LS0tLQ==, key: LS0tLQ==}}"), refused: "patches.all[0]: "},
	{name: "another token of the machines", says: inAllPatches("machine: {token: abcdef.0123456789abcdef}"), refused: "patches.all[0]: a patch changes machine.token"},
	{name: "another token of the cluster", says: inAllPatches("cluster: {token: abcdef.0123456789abcdef}"), refused: "patches.all[0]: a patch changes cluster.token"},
	{name: "another endpoint", says: inAllPatches("cluster: {controlPlane: {endpoint: 'https://evil.example.com:6443'}}"), refused: "patches.all[0]: a patch changes cluster.controlPlane.endpoint"},
	{name: "another cluster's id", says: inAllPatches("cluster: {id: AAAA}"), refused: "patches.all[0]: a patch changes cluster.id"},
	{name: "another cluster's name", says: inAllPatches("cluster: {clusterName: other}"), refused: "patches.all[0]: a patch changes cluster.clusterName"},
	{name: "workers that are control planes", says: stackSays("patches", `{"workers":["machine: {type: controlplane}"]}`), refused: "patches.workers[0]: "},
	{name: "workers that say so", says: pool(`,"count":3,"labels":{"node-role.kubernetes.io/control-plane":""}`), refused: "Kubernetes lets no node give itself this label"},
	{name: "no KubePrism", says: inAllPatches("machine: {features: {kubePrism: {enabled: false}}}"), refused: "patches.all[0]: a patch changes machine.features.kubePrism"},
	{name: "a Kubernetes API that allows everything", says: inControlPlanes("cluster: {apiServer: {authorizationConfig: [{type: AlwaysAllow, name: x}]}}"),
		refused: "authorizer type AlwaysAllow is not allowed"},
	{name: "kubelets that ask nobody's name", says: inAllPatches("machine: {kubelet: {extraConfig: {authentication: {anonymous: {enabled: true}}}}}"), refused: `"authentication" can't be overridden`},
	{name: "kubelets that allow everything", says: inAllPatches("machine: {kubelet: {extraConfig: {authorization: {mode: AlwaysAllow}}}}"), refused: `"authorization" can't be overridden`},
	{name: "machines named like another stack's", says: stackSays("pools", `[{"name":"nyc1-control-plane","size":"small","count":1}]`),
		refused: "pools[0].name: nyc1-control-plane begins with a region's name"},
	{name: "the tag by which machines belong to a cluster", says: stackSays("tags", `{"Cluster":"inferadb-dev-nyc1"}`), refused: "tags.Cluster: the program sets this tag"},
	{name: "the tag by which Kubernetes owns things", says: stackSays("tags", `{"kubernetes.io/cluster/other":"owned"}`), refused: "Kubernetes' controllers act on this tag"},
	{name: "a tag of AWS' own", says: stackSays("tags", `{"aws:autoscaling:groupName":"other"}`), refused: "AWS keeps keys that begin with aws: to itself"},
	{name: "a wildcard for a tag", says: stackSays("tags", `{"*":"*"}`), refused: "tags.*: the key has characters"},
	{name: "a tag that looks like a firewall's", says: stackSays("tags", `{"inferadb-production-nyc1-control-plane":""}`), harmless: func(t *testing.T, g graph) {
		for _, n := range g.ofType(dropletType) {
			ours := slices.Contains(n.texts("tags"), "inferadb-production-nyc1-control-plane-0000000")
			assert.Equal(t, strings.Contains(n.Name, "nyc1-control-plane-"), ours, n.Name)
		}
	}},
	{name: "an account of the stack file's", says: stackSays("aws:accessKey", "AKIAIOSFODNN7EXAMPLE"), refused: "aws:accessKey: the program makes a provider of its own"},
	{name: "credentials in the stack file", says: stackSays("gcp:credentials", "{}"), refused: "gcp:credentials: the program makes a provider of its own"},
	{name: "a token in the stack file", says: stackSays("digitalocean:token", "x"), refused: "digitalocean:token: the program makes a provider of its own"},
	{name: "default providers", says: stackSays("pulumi:disable-default-providers", "[]"), harmless: noHarm},
	// Whoever picks the image owns the machines. It is named exactly, so a review sees it.
	{name: "an image of somebody else", says: oneRegion(`,"image":"{image}"`), harmless: noHarm},
}

// losses are ways to lose the cluster.
var losses = []weakening{
	{name: "the profile of dev", says: stackSays("environment", "dev"), refused: "environment: the stack is named production, and dev is another environment"},
	{name: "one control plane", says: stackSays("controlPlanes", "1"), refused: "controlPlanes: 1 control plane does not outlive a machine"},
	{name: "an even number of control planes", says: stackSays("controlPlanes", "4"), refused: "controlPlanes: 4 is not 1, 3 or 5"},
	{name: "control planes on spot", says: stackSays("controlPlaneSpot", "true"), refused: "controlPlaneSpot: there is no such key"},
	{name: "a pool that takes the control planes' name", says: stackSays("pools", `[{"name":"control-plane","size":"small","count":1}]`), refused: "pools[0].name: control-plane is the name of the control planes"},
	{name: "data on spot", says: pool(`,"count":3,"workload":"stateful","spot":true`), refused: "pools[0].spot: the pool is stateful"},
	{name: "data that scales away", says: pool(`,"min":0,"max":3,"workload":"stateful"`), refused: "pools[0]: is stateful, and a stateful pool is of fixed size"},
	{name: "everything on spot", says: pool(`,"count":3,"spot":true`), refused: "pools: every machine of production's pools is on the spot market"},
	{name: "everything on spot beside a parked pool", says: stackSays("pools", `[{"name":"a","size":"small","count":3,"spot":true},{"name":"b","size":"small","count":0}]`),
		refused: "pools: every machine of production's pools is on the spot market"},
	{name: "all control planes in one zone", says: oneRegion(`,"zones":["{zone}"]`), refused: "regions[0].zones: 1 zones cannot hold 3 control planes apart",
		instead: map[regions.Provider]string{regions.DigitalOcean: "regions[0].zones: DigitalOcean has no zones"}},
	{name: "a pool in one zone", says: with(pool(`,"count":3,"zones":["{zone}"]`), "regions", `["nyc1"]`), on: withKeys, harmless: noHarm},
	{name: "a pool that may be empty", says: pool(`,"min":0,"max":3,"autoscaling":"cluster-autoscaler"`), on: awsAlone, harmless: noHarm},
	// It is the documented way to delete a stack, and takes two ups: docs/operations.md.
	{name: "no protection", says: stackSays("protection", "false"), except: "production-protected", harmless: noHarm},
}

func noHarm(*testing.T, graph) {}

// oneRegion is a stack of one region with more said about it, and with nothing else.
func oneRegion(more string) map[string]string {
	return stackSays("regions", `[{"name":"nyc1"`+more+`}]`)
}

// TestNobodyWeakensProduction tries each of these on every cloud.
func TestNobodyWeakensProduction(t *testing.T) {
	zone := map[regions.Provider]string{regions.AWS: "us-east-1a", regions.GCP: "us-east4-a", regions.DigitalOcean: "nyc1"}
	for _, row := range slices.Concat(doors, locks, identities, losses, softening) {
		for _, provider := range regions.Providers() {
			if row.on != nil && !slices.Contains(row.on, provider) {
				continue
			}
			t.Run(string(provider)+"/"+row.name, func(t *testing.T) {
				t.Parallel()
				known := maps.Clone(words[provider])
				known["zone"] = zone[provider]
				g, err := tryBuild("production", weakened(t, provider, row.says, known))
				if row.harmless == nil {
					var all config.Errors
					require.ErrorAs(t, err, &all)
					if expected, other := row.instead[provider]; other {
						assert.ErrorContains(t, err, expected)
					} else {
						assert.ErrorContains(t, err, row.refused)
					}
					assert.Empty(t, g.nodes, "it is refused before anything is made")
					return
				}
				require.NoError(t, err)
				for _, rule := range rules.All() {
					if rule.Name != row.except {
						assert.Empty(t, rule.Check(g.resources()...), rule.Name)
					}
				}
				row.harmless(t, g)
			})
		}
	}
}

// weakened is production's stack file on a cloud, with a change. A key with a namespace is not the program's.
func weakened(t *testing.T, provider regions.Provider, says, words map[string]string) map[string]string {
	t.Helper()
	settings := stackFile(t, "production", stackSays("provider", string(provider)))
	for key, text := range says {
		if !strings.Contains(key, ":") {
			key = config.Namespace + ":" + key
		}
		settings[key] = fill(text, words)
	}
	return settings
}

// TestASecretIsNotTakenForATag sets a tag as a secret, which would stand in clear on every resource.
func TestASecretIsNotTakenForATag(t *testing.T) {
	settings := weakened(t, regions.AWS, stackSays("tags", `{"token":"hunter2-hunter2"}`), nil)
	_, _, err := config.Load("production", settings, "inferadb:tags")
	assert.ErrorContains(t, err, "tags: is encrypted in the stack file")
	assert.NotContains(t, err.Error(), "hunter2")
}
