package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/inferadb/infra/invariants"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// stackFile is what a test's stack file says beside, or instead of, environment dev, provider aws, regions [nyc1].
type stackFile map[string]string

func (s stackFile) settings() map[string]string {
	settings := map[string]string{
		"inferadb:environment": "dev", "inferadb:provider": "aws", "inferadb:regions": `["nyc1"]`,
		"inferadb:talosVersion": DefaultTalosVersion, "inferadb:kubernetesVersion": DefaultKubernetesVersion,
	}
	for key, value := range s {
		if !strings.Contains(key, ":") {
			key = Namespace + ":" + key
		}
		settings[key] = value
	}
	return settings
}

func (s stackFile) with(key, value string) stackFile {
	changed := maps.Clone(s)
	changed[key] = value
	return changed
}

// refused lists what a stack file must not say, with everything that Load answers; {regions} are the tables'.
var refused = []struct {
	what string
	file stackFile
	want []string
}{
	{"an unknown key", stackFile{"enviroment": "dev"}, []string{
		"enviroment: there is no such key; did you mean environment?",
	}},
	{"an unknown key like no other", stackFile{"foo": "dev"}, []string{
		"foo: there is no such key; known are environment, provider, regions, controlPlanes, controlPlaneSize, pools, talosVersion, kubernetesVersion, schematic, access, operatorCidrs, openPorts, cni, podEncryption, bootstrapManifests, encryptionKey, diskEncryption, luksKey, endpoint, patches, tags, alarmEmails, flowLogs, ebsEncryptionByDefault, cloudController, protection, acknowledge, upgrade",
	}},
	{"an unknown key of a pool", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spott":true}]`}, []string{
		"pools[0].spott: there is no such key; did you mean spot?",
	}},
	{"an unknown key of spot", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":{"bases":1}}]`}, []string{
		"pools[0].spot.bases: there is no such key; did you mean base?",
	}},
	{"an unknown key of a network", stackFile{"regions": `[{"name":"nyc1","network":{"cdir":"10.0.0.0/16"}}]`}, []string{
		"regions[0].network.cdir: there is no such key; did you mean cidr?",
	}},
	{"an unknown key of patches", stackFile{"patches": `{"worker":["x"]}`}, []string{
		"patches.worker: there is no such key; did you mean workers?",
	}},
	{"an unknown key of a taint", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"taints":[{"key":"a","effects":"NoSchedule","effect":"NoSchedule"}]}]`}, []string{
		"pools[0].taints[0].effects: there is no such key; did you mean effect?",
	}},
	{"a cloud's own namespace", stackFile{"aws:region": "us-east-1"}, []string{
		"aws:region: the program creates its own provider for each region, which does not read this key; remove it; the region comes from regions/, the credentials from the environment",
	}},
	{"another namespace", stackFile{"infra:environment": "dev"}, []string{
		`infra:environment: nothing reads keys of the namespace "infra"; begin the key with inferadb:`,
	}},
	{"an unknown environment", stackFile{"environment": "prod"}, []string{
		`environment: there is no environment "prod"; choose one of dev, staging, production`,
	}},
	{"no environment", stackFile{"environment": ""}, []string{
		"environment: is missing; choose one of dev, staging, production",
	}},
	{"an unknown provider", stackFile{"provider": "azure"}, []string{
		`provider: there is no provider "azure"; choose one of aws, gcp, digitalocean`,
	}},
	{"no provider", stackFile{"provider": ""}, []string{
		"provider: is missing; choose one of aws, gcp, digitalocean",
	}},
	{"no region", stackFile{"regions": ""}, []string{
		"regions: is missing; name one region or more of {regions}",
	}},
	{"an unknown region", stackFile{"regions": `["nyc2"]`}, []string{
		`regions[0]: there is no region "nyc2"; choose one of {regions}`,
	}},
	{"a region twice", stackFile{"regions": `["nyc1","nyc1"]`}, []string{
		"regions[1]: nyc1 is regions[0] already; name each region once; a second cluster there is another stack's",
	}},
	{"regions that are no list", stackFile{"regions": "nyc1"}, []string{
		`regions: is the text "nyc1"; write a list`,
	}},
	{"JSON that does not parse", stackFile{"regions": `["nyc1"`}, []string{
		`regions: is the text "[\"nyc1\""; write a list`,
	}},
	{"a region that is a number", stackFile{"regions": "[1]"}, []string{
		"regions[0]: is the number 1; write a region's name or an object",
	}},
	{"a region without a name", stackFile{"regions": "[{}]"}, []string{
		"regions[0].name: is missing; choose one of {regions}",
	}},
	{"a region's unknown provider", stackFile{"regions": `[{"name":"nyc1","provider":"azure"}]`}, []string{
		`regions[0].provider: there is no provider "azure"; choose one of aws, gcp, digitalocean`,
	}},
	{"two control planes", stackFile{"controlPlanes": "2"}, []string{
		"controlPlanes: 2 is not 1, 3 or 5: an even number is no safer, a larger one slower; set 1, 3 or 5",
	}},
	{"seven control planes", stackFile{"controlPlanes": "7"}, []string{
		"controlPlanes: 7 is not 1, 3 or 5: an even number is no safer, a larger one slower; set 1, 3 or 5",
	}},
	{"a fraction of a control plane", stackFile{"controlPlanes": "1.5"}, []string{
		"controlPlanes: is the number 1.5; write a whole number",
	}},
	{"a number that is text", stackFile{"controlPlanes": "three"}, []string{
		`controlPlanes: is the text "three"; write a whole number`,
	}},
	{"production with one control plane", stackFile{"controlPlanes": "1", "environment": "production"}, []string{
		"controlPlanes: 1 control plane does not survive the loss of a machine, and production must; set 3 or 5",
	}},
	{"an unknown size of control planes", stackFile{"controlPlaneSize": "huge"}, []string{
		`controlPlaneSize: there is no machine size "huge"; choose one of small, medium, large`,
	}},
	{"an unknown size of a pool", stackFile{"pools": `[{"name":"a","size":"huge","count":1}]`}, []string{
		`pools[0].size: there is no machine size "huge"; choose one of small, medium, large`,
	}},
	{"an empty pool", stackFile{"pools": "[{}]"}, []string{
		"pools[0]: has no number of machines; set count, or both min and max",
		"pools[0].name: is missing; name the pool, such as workers",
		"pools[0].size: is missing; choose one of small, medium, large",
	}},
	{"a pool twice", stackFile{"pools": `[{"name":"a","size":"small","count":1},{"name":"a","size":"small","count":1}]`}, []string{
		`pools[1].name: there is a pool "a" already; give each pool a name of its own`,
	}},
	{"a pool with the control planes' name", stackFile{"pools": `[{"name":"control-plane","size":"small","count":1}]`}, []string{
		"pools[0].name: control-plane is the name of the control planes; choose another name",
	}},
	{"a pool with a region's name", stackFile{"pools": `[{"name":"nyc1-web","size":"small","count":1}]`}, []string{
		"pools[0].name: nyc1-web begins with a region's name, so another stack's machines could get the same names; choose another name",
	}},
	{"a pool name that is no label", stackFile{"pools": `[{"name":"Workers","size":"small","count":1}]`}, []string{
		`pools[0].name: "Workers" is not a DNS label; use lower-case letters, digits and dashes, such as workers`,
	}},
	{"a pool name that is too long", stackFile{"pools": `[{"name":"abcdefghijklmnopqrstu","size":"small","count":1}]`}, []string{
		`pools[0].name: "abcdefghijklmnopqrstu" has 21 characters; use at most 20`,
	}},
	{"a negative count", stackFile{"pools": `[{"name":"a","size":"small","count":-1}]`}, []string{
		"pools[0].count: -1 is below zero; choose 0 or more",
	}},
	{"more machines than pods' ranges", stackFile{"pools": `[{"name":"a","size":"small","count":128},{"name":"b","size":"small","min":1,"max":128}]`}, []string{
		"pools: the pods' range 10.151.0.0/16 has room for 256 nodes, control planes included; lower count or max",
	}},
	{"min above max", stackFile{"pools": `[{"name":"a","size":"small","min":3,"max":2}]`}, []string{
		"pools[0].min: 3 is more than max, 2; swap them",
	}},
	{"count beside max", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"max":3}]`}, []string{
		"pools[0]: has both count and min or max; keep count for a fixed number of machines, or min and max for a range",
	}},
	{"min without max", stackFile{"pools": `[{"name":"a","size":"small","min":3}]`}, []string{
		"pools[0]: has no number of machines; set count, or both min and max",
	}},
	{"a stateful pool that scales", stackFile{"pools": `[{"name":"a","size":"small","min":1,"max":3,"workload":"stateful"}]`}, []string{
		"pools[0]: is stateful, and a stateful pool has a fixed size: scaling in would delete its data; set count instead of min and max",
	}},
	{"a stateful pool on spot", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"workload":"stateful","spot":true}]`}, []string{
		"pools[0].spot: the pool is stateful, and a spot machine can be reclaimed at two minutes' notice; set spot: false or workload: stateless",
	}},
	{"an unknown workload", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"workload":"statefull"}]`}, []string{
		`pools[0].workload: there is no workload "statefull"; choose one of stateless, stateful`,
	}},
	{"spot that is text", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":"yes"}]`}, []string{
		`pools[0].spot: is the text "yes"; write true, false or an object`,
	}},
	{"a base above the pool", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":{"base":3}}]`}, []string{
		"pools[0].spot.base: 3 on-demand machines in a pool of at most 2; choose 0 to 2",
	}},
	{"a negative base", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":{"base":-1}}]`}, []string{
		"pools[0].spot.base: -1 on-demand machines in a pool of at most 2; choose 0 to 2",
	}},
	{"a price that is no number", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":{"maxPrice":"cheap"}}]`}, []string{
		`pools[0].spot.maxPrice: "cheap" is not a price; write US dollars per hour, such as 0.05`,
	}},
	{"a price of nothing", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":{"maxPrice":0}}]`}, []string{
		`pools[0].spot.maxPrice: "0" is not a price; write US dollars per hour, such as 0.05`,
	}},
	{"an unknown strategy", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":{"strategy":"diversified"}}]`}, []string{
		`pools[0].spot.strategy: there is no strategy "diversified"; choose one of capacity-optimized, capacity-optimized-prioritized, price-capacity-optimized, lowest-price`,
	}},
	{"a spot type of another architecture", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":{"types":["m6i.xlarge"]}}]`}, []string{
		`pools[0].spot.types[0]: "m6i.xlarge" is not known to be like t4g.xlarge (arm64, 4 vCPU, 16 GiB); choose from m6g.xlarge, m6gd.xlarge, m8g.xlarge, r6g.xlarge, r6gd.xlarge`,
	}},
	{"a spot type with less memory and vCPU", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":{"types":["t4g.large"]}}]`}, []string{
		"pools[0].spot.types[0]: t4g.large has 2 vCPU, t4g.xlarge has 4; choose from m6g.xlarge, m6gd.xlarge, m8g.xlarge, r6g.xlarge, r6gd.xlarge",
	}},
	{"a spot type with more vCPU", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":{"types":["m6g.2xlarge"]}}]`}, []string{
		"pools[0].spot.types[0]: m6g.2xlarge has 8 vCPU, t4g.xlarge has 4; choose from m6g.xlarge, m6gd.xlarge, m8g.xlarge, r6g.xlarge, r6gd.xlarge",
	}},
	{"a spot type twice", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":{"types":["m6g.xlarge","m6g.xlarge"]}}]`}, []string{
		"pools[0].spot.types[1]: m6g.xlarge is named twice; name each type once",
	}},
	{"no spot type but the pool's own", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":{"types":["t4g.xlarge"]}}]`}, []string{
		"pools[0].spot.types: names no type besides the pool's own t4g.xlarge; choose from m6g.xlarge, m6gd.xlarge, m8g.xlarge, r6g.xlarge, r6gd.xlarge, or remove types to have them all",
	}},
	{"no spot type", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"spot":{"types":[]}}]`}, []string{
		"pools[0].spot.types: names no type besides the pool's own t4g.xlarge; choose from m6g.xlarge, m6gd.xlarge, m8g.xlarge, r6g.xlarge, r6gd.xlarge, or remove types to have them all",
	}},
	{"a percentage that is none", stackFile{"pools": `[{"name":"a","size":"small","count":2,"spot":{"onDemandPercent":101}}]`}, []string{
		"pools[0].spot.onDemandPercent: 101 is not a percentage; choose 0 to 100",
	}},
	{"requirements and types", stackFile{"pools": `[{"name":"a","size":"small","count":2,"spot":{"requirements":true,"types":["m6g.large"]}}]`}, []string{
		"pools[0].spot.requirements: allows every type that is like the pool's own, and types allows only some; remove one of them",
	}},
	{"requirements in order", stackFile{"pools": `[{"name":"a","size":"small","count":2,"spot":{"requirements":true,"strategy":"capacity-optimized-prioritized"}}]`}, []string{
		"pools[0].spot.requirements: gives the types no order, which the strategy capacity-optimized-prioritized requires; choose another strategy, or remove requirements",
	}},
	{"autoscaling of a fixed pool", stackFile{"pools": `[{"name":"a","size":"small","count":2,"autoscaling":"cpu"}]`}, []string{
		"pools[0].autoscaling: the pool has a fixed size; remove it, or set min and max",
	}},
	{"an unknown autoscaling", stackFile{"pools": `[{"name":"a","size":"small","min":1,"max":2,"autoscaling":"karpenter"}]`}, []string{
		`pools[0].autoscaling: there is no autoscaling "karpenter"; choose one of cluster-autoscaler, cpu`,
	}},
	{"autoscaling by the load of nothing", stackFile{"pools": `[{"name":"a","size":"small","min":0,"max":2,"autoscaling":"cpu"}]`}, []string{
		"pools[0].min: 0 can leave a group empty, and autoscaling by cpu needs a machine to measure; set 1 or more",
	}},
	{"autoscaling of a stateful pool", stackFile{"pools": `[{"name":"a","size":"small","min":1,"max":2,"workload":"stateful","autoscaling":"cpu"}]`}, []string{
		"pools[0]: is stateful, and a stateful pool has a fixed size: scaling in would delete its data; set count instead of min and max",
	}},
	{"an empty spot group under load on Google Cloud", stackFile{"provider": "gcp", "pools": `[{"name":"a","size":"small","min":1,"max":3,"spot":true,"autoscaling":"cpu"}]`}, []string{
		"pools[0].min: 1 can leave a group empty, and autoscaling by cpu needs a machine to measure; set 2 or more",
	}},
	{"cluster-autoscaler on Google Cloud", stackFile{"provider": "gcp", "pools": `[{"name":"a","size":"small","min":1,"max":3,"autoscaling":"cluster-autoscaler"}]`}, []string{
		"pools[0].autoscaling: cluster-autoscaler cannot move the groups of Google Cloud; choose cpu",
	}},
	{"what only AWS offers on spot", stackFile{"provider": "gcp", "pools": `[{"name":"a","size":"small","count":2,"spot":{"onDemandPercent":50,"requirements":true,"rebalance":true}}]`}, []string{
		"pools[0].spot.onDemandPercent: Google Cloud does not support this setting; remove it",
		"pools[0].spot.rebalance: Google Cloud does not support this setting; remove it",
		"pools[0].spot.requirements: Google Cloud does not support this setting; remove it",
	}},
	{"an autoscaled pool's long label", stackFile{"pools": `[{"name":"a","size":"small","min":1,"max":2,"labels":{"` + strings.Repeat("a", 30) + ".example.com/" + strings.Repeat("b", 60) + `":"x"}}]`}, []string{
		"pools[0]: cluster-autoscaler's tag k8s.io/cluster-autoscaler/node-template/label/" + strings.Repeat("a", 30) + ".example.com/" + strings.Repeat("b", 60) + " has 149 characters; shorten the key by 21",
	}},
	{"an autoscaled pool's two taints of a key", stackFile{"pools": `[{"name":"a","size":"small","min":1,"max":2,"taints":[{"key":"a","effect":"NoSchedule"},{"key":"a","effect":"NoExecute"}]}]`}, []string{
		"pools[0].taints: cluster-autoscaler knows one taint of each key; keep one effect for each key, or set count",
	}},
	{"an autoscaled pool's many labels", stackFile{"pools": `[{"name":"a","size":"small","min":1,"max":2,"labels":{` + manyLabels(40) + `}}]`}, []string{
		"pools[0]: 42 labels and taints and 13 tags are more than the 50 tags that a group can have; keep at most 44 together",
	}},
	{"an alarm without an address", stackFile{"alarmEmails": `["ops@example.com","ops","ops@example.com"]`}, []string{
		`alarmEmails[1]: "ops" is not an e-mail address; write it like ops@example.com`,
		"alarmEmails[2]: ops@example.com is named twice; name each address once",
	}},
	{"an alarm without spot", stackFile{"alarmEmails": `["ops@example.com"]`, "environment": "production"}, []string{
		"alarmEmails: no pool of the stack is on the spot market, so there are no interruptions to report; remove it, or make a pool spot",
	}},
	{"an alarm on DigitalOcean", stackFile{"alarmEmails": `["ops@example.com"]`, "provider": "digitalocean"}, []string{
		"alarmEmails: no pool of the stack is on the spot market, so there are no interruptions to report; remove it, or make a pool spot",
	}},
	{"production on spot alone", stackFile{"environment": "production", "pools": `[{"name":"a","size":"small","count":3,"spot":true}]`}, []string{
		"pools: every machine of production's pools is on the spot market, which can reclaim them all at once; make one pool spot: false for what must not stop",
	}},
	{"production on spot beside an empty pool", stackFile{"environment": "production", "pools": `[{"name":"a","size":"small","count":3,"spot":true},{"name":"b","size":"small","count":0}]`}, []string{
		"pools: every machine of production's pools is on the spot market, which can reclaim them all at once; make one pool spot: false for what must not stop",
	}},
	{"spot on DigitalOcean", stackFile{"pools": `[{"name":"a","size":"small","count":3,"spot":true}]`, "provider": "digitalocean"}, []string{
		"pools[0].spot: digitalocean has no spot market; set spot: false or choose aws or gcp",
	}},
	{"a range on DigitalOcean", stackFile{"pools": `[{"name":"a","size":"small","min":1,"max":3}]`, "provider": "digitalocean"}, []string{
		"pools[0]: digitalocean has no scaling group that runs Talos; set count instead of min and max",
	}},
	{"zones on DigitalOcean", stackFile{"pools": `[{"name":"a","size":"small","count":3,"zones":["a"]}]`, "provider": "digitalocean", "regions": `[{"name":"nyc1","zones":["a"]}]`}, []string{
		"pools[0].zones: DigitalOcean has no zones to choose from; remove zones",
		"regions[0].zones: DigitalOcean has no zones to choose from; remove zones",
	}},
	{"a key on DigitalOcean", stackFile{"encryptionKey": `{"managed":true}`, "provider": "digitalocean"}, []string{
		"encryptionKey: DigitalOcean encrypts no disk with a customer's key; remove it; Talos encrypts the disks there",
	}},
	{"cloud encryption on DigitalOcean", stackFile{"diskEncryption": "cloud", "provider": "digitalocean"}, []string{
		"diskEncryption: DigitalOcean does not encrypt disks itself; set luks, or leave diskEncryption out",
	}},
	{"subnets on DigitalOcean", stackFile{"operatorCidrs": `["10.0.0.0/8"]`, "provider": "digitalocean", "regions": `[{"name":"nyc1","network":{"id":"5a4981aa-9653-4bd1-bef5-d6bff52042e4","subnetIds":["y"],"publicSubnetIds":["z"]}}]`}, []string{
		"regions[0].network.publicSubnetIds: DigitalOcean has no public subnets; remove publicSubnetIds",
		"regions[0].network.subnetIds: DigitalOcean has no subnets; remove it: the network's id is enough",
	}},
	{"an image that is no id on DigitalOcean", stackFile{"provider": "digitalocean", "regions": `[{"name":"nyc1","image":"talos"}]`}, []string{
		`regions[0].image: "talos" is not a custom image's id; write its number, quoted`,
	}},
	{"a spot policy on Google Cloud", stackFile{"pools": `[{"name":"a","size":"small","count":3,"spot":{"types":["e2-medium"],"strategy":"lowest-price","maxPrice":1}}]`, "provider": "gcp"}, []string{
		"pools[0].spot.maxPrice: Google Cloud does not support this setting; remove it",
		"pools[0].spot.strategy: Google Cloud does not support this setting; remove it",
		"pools[0].spot.types: Google Cloud does not support this setting; remove it",
	}},
	{"what DigitalOcean has no choice of", stackFile{"operatorCidrs": `["10.0.0.0/8"]`, "provider": "digitalocean",
		"regions": `[{"name":"nyc1","network":{"id":"default"}},{"name":"sfo1","network":{"cidr":"10.244.0.0/20"}}]`,
		"pools":   `[{"name":"workers","size":"small","count":1,"diskGiB":50}]`}, []string{
		`pools[0].diskGiB: DigitalOcean has one disk size for each machine size; remove it, or choose a larger size`,
		`regions[0].network.id: "default" is not a VPC's id; write it like 5a4981aa-9653-4bd1-bef5-d6bff52042e4`,
		`regions[1].network.cidr: 10.244.0.0/20 overlaps 10.244.0.0/16, which DigitalOcean reserves; choose another range`,
	}},
	{"two subnets on Google Cloud", stackFile{"operatorCidrs": `["10.0.0.0/8"]`, "provider": "gcp", "regions": `[{"name":"nyc1","network":{"id":"x","subnetIds":["y","z"]}}]`}, []string{
		"regions[0].network.subnetIds: names 2 subnets; name the one subnet of the adopted network for the machines",
	}},
	{"a key and an image that are none of Google Cloud", stackFile{"encryptionKey": "k", "provider": "gcp", "regions": `[{"name":"nyc1","image":"talos"}]`}, []string{
		`encryptionKey: "k" is not a key of Google Cloud; write it like projects/acme/locations/us-east4/keyRings/clusters/cryptoKeys/disks`,
		`regions[0].image: "talos" is not an image of Google Cloud; write it like projects/acme/global/images/talos`,
	}},
	{"a key of another region on Google Cloud", stackFile{"encryptionKey": "projects/a/locations/us-west1/keyRings/b/cryptoKeys/c", "provider": "gcp"}, []string{
		"encryptionKey: the key is in us-west1, the disks are in us-east4; give nyc1 a key of its own under regions",
	}},
	{"a zone of another region", stackFile{"regions": `[{"name":"nyc1","zones":["us-west-1a","us-east-1b"]}]`}, []string{
		`regions[0].zones[0]: "us-west-1a" is not a zone of us-east-1; write zones like us-east-1a, us-east-1b, us-east-1c`,
	}},
	{"a zone twice", stackFile{"regions": `[{"name":"nyc1","zones":["us-east-1b","us-east-1b"]}]`}, []string{
		"regions[0].zones[1]: us-east-1b is named twice; name each zone once",
	}},
	{"fewer zones than control planes", stackFile{"environment": "staging", "regions": `[{"name":"nyc1","zones":["us-east-1b","us-east-1c"]}]`}, []string{
		"regions[0].zones: 2 zones cannot hold 3 control planes apart; name at least 3 zones of us-east-1",
	}},
	{"a local zone", stackFile{"regions": `[{"name":"nyc1","zones":["us-east-1-bos-1a"]}]`}, []string{
		`regions[0].zones[0]: "us-east-1-bos-1a" is not a zone of us-east-1; write zones like us-east-1a, us-east-1b, us-east-1c`,
	}},
	{"no zone", stackFile{"regions": `[{"name":"nyc1","zones":[]}]`}, []string{
		"regions[0].zones: names no zone; name zones, or remove it",
	}},
	{"a pool's zone of another region", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"zones":["us-west-1a"]}]`}, []string{
		"pools[0].zones: none of them is a zone of inferadb-test-nyc1; add one of us-east-1a, us-east-1b, us-east-1c",
		`pools[0].zones[0]: "us-west-1a" is not a zone of any cluster of the stack; name zones that the regions use`,
	}},
	{"a pool's zone twice", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"zones":["us-east-1a","us-east-1a"]}]`}, []string{
		"pools[0].zones[1]: us-east-1a is named twice; name each zone once",
	}},
	{"a pool without a zone in one region", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"zones":["us-east-1a"]}]`, "regions": `["nyc1","sfo1"]`}, []string{
		"pools[0].zones: none of them is a zone of inferadb-test-sfo1; add one of us-west-1a, us-west-1c",
	}},
	{"a range with host bits", stackFile{"regions": `[{"name":"nyc1","network":{"cidr":"10.0.0.1/16"}}]`}, []string{
		"regions[0].network.cidr: 10.0.0.1/16 has host bits set; write 10.0.0.0/16",
	}},
	{"an address for a range", stackFile{"regions": `[{"name":"nyc1","network":{"cidr":"10.0.0.0"}}]`}, []string{
		`regions[0].network.cidr: "10.0.0.0" is not a range of addresses; write it like 10.0.0.0/16`,
	}},
	{"an IPv6 range", stackFile{"regions": `[{"name":"nyc1","network":{"cidr":"fd00::/48"}}]`}, []string{
		"regions[0].network.cidr: fd00::/48 is not IPv4; write it like 10.0.0.0/16",
	}},
	{"an IPv4 range in IPv6 clothes", stackFile{"regions": `[{"name":"nyc1","network":{"cidr":"::ffff:10.0.0.0/112"}}]`}, []string{
		"regions[0].network.cidr: ::ffff:10.0.0.0/112 is not IPv4; write it like 10.0.0.0/16",
	}},
	{"a range that is too wide", stackFile{"regions": `[{"name":"nyc1","network":{"cidr":"10.0.0.0/8"}}]`}, []string{
		"regions[0].network.cidr: 10.0.0.0/8 is a /8; choose a range between /16 and /22",
		"regions[0].network.cidr: 10.0.0.0/8 overlaps the pods of nyc1, 10.151.0.0/16; choose another range",
		"regions[0].network.cidr: 10.0.0.0/8 overlaps the services of nyc1, 10.201.0.0/16; choose another range",
	}},
	{"a range that is too narrow", stackFile{"regions": `[{"name":"nyc1","network":{"cidr":"10.0.0.0/23"}}]`}, []string{
		"regions[0].network.cidr: 10.0.0.0/23 is a /23; choose a range between /16 and /22",
	}},
	{"a public range", stackFile{"regions": `[{"name":"nyc1","network":{"cidr":"8.8.0.0/16"}}]`}, []string{
		"regions[0].network.cidr: 8.8.0.0/16 is not a private range; choose one in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
	}},
	{"a range that overlaps the pods", stackFile{"regions": `[{"name":"nyc1","network":{"cidr":"10.151.0.0/16"}}]`}, []string{
		"regions[0].network.cidr: 10.151.0.0/16 overlaps the pods of nyc1, 10.151.0.0/16; choose another range",
	}},
	{"a range that overlaps another region's", stackFile{"regions": `["nyc1",{"name":"sfo1","network":{"cidr":"10.101.0.0/20"}}]`}, []string{
		"regions[1].network.cidr: 10.101.0.0/20 overlaps the network of nyc1, 10.101.0.0/18; choose another range",
	}},
	{"operators from everywhere", stackFile{"operatorCidrs": `["0.0.0.0/0","::/0","64.0.0.0/3","10.0.0.1/8","x","10.0.0.0/8","10.0.0.0/8"]`}, []string{
		"operatorCidrs[0]: 0.0.0.0/0 lets the whole internet reach the Talos and Kubernetes APIs; name the networks that operators come from",
		"operatorCidrs[1]: ::/0 is not IPv4; write it like 10.0.0.0/16",
		"operatorCidrs[2]: 64.0.0.0/3 is wider than a /8; name the networks that operators come from",
		"operatorCidrs[3]: 10.0.0.1/8 has host bits set; write 10.0.0.0/8",
		`operatorCidrs[4]: "x" is not a range of addresses; write it like 10.0.0.0/16`,
		"operatorCidrs[6]: 10.0.0.0/8 is named twice; name each network once",
	}},
	{"operators from everywhere, in pieces", stackFile{"operatorCidrs": `["11.0.0.0/8","12.0.0.0/8","10.0.0.0/8"]`}, []string{
		"operatorCidrs: they hold 33554432 public addresses together, more than a /8; name the networks that operators come from",
	}},
	{"public access for nobody in particular", stackFile{"access": "public"}, []string{
		"operatorCidrs: public access needs the networks that may reach the control planes; name the networks that operators come from, such as 203.0.113.7/32",
	}},
	{"unknown access", stackFile{"access": "open"}, []string{
		`access: there is no access "open"; choose one of private, public`,
	}},
	{"an unknown CNI", stackFile{"cni": "calico"}, []string{
		`cni: there is no cni "calico"; choose one of cilium, none, flannel`,
	}},
	{"encryption of pods' traffic by nobody knows what", stackFile{"podEncryption": "ipsec"}, []string{
		`podEncryption: there is no podEncryption "ipsec"; choose one of wireguard, none`,
	}},
	{"encryption by a Cilium that the program does not install", stackFile{"cni": "none", "podEncryption": "wireguard"}, []string{
		"podEncryption: belongs to the Cilium that the program installs, and cni is none; remove it, or set cni: cilium",
	}},
	{"production in clear", stackFile{"environment": "production", "podEncryption": "none", "regions": `["nyc1","sfo1"]`}, []string{
		"podEncryption: the traffic of pods between machines could be read and changed on its way, which production does not allow; " +
			"remove it, or set cni: none and install Cilium yourself",
	}},
	{"a Kubernetes version that no Cilium is tested with", stackFile{"talosVersion": "v1.12.1", "kubernetesVersion": "1.31.4", "regions": `["nyc1","sfo1"]`}, []string{
		"kubernetesVersion: Cilium 1.19.3 to 1.20.2, which the program installs, are not tested with Kubernetes 1.31.4; " +
			"choose one of 1.32 to 1.36, or set cni: none and install a version of your own",
	}},
	{"unknown disk encryption", stackFile{"diskEncryption": "both"}, []string{
		`diskEncryption: there is no diskEncryption "both"; choose one of cloud, luks`,
	}},
	{"a shared subnet without its project", stackFile{"operatorCidrs": `["10.0.0.0/8"]`, "provider": "gcp", "gcp:project": "acme-prod",
		"regions": `[{"name":"nyc1","network":{"id":"projects/acme-net/global/networks/shared","subnetIds":["machines"]}}]`}, []string{
		`regions[0].network.subnetIds[0]: "machines" does not name project acme-net, which owns the network; write it like projects/acme-net/regions/us-east4/subnetworks/machines`,
	}},
	{"an adopted network without subnets", stackFile{"regions": `[{"name":"nyc1","network":{"id":"vpc-0123456789abcdef0"}}]`}, []string{
		"operatorCidrs: is needed: the range of the adopted network vpc-0123456789abcdef0 is not known beforehand; name the networks that operators come from",
		"regions[0].network.subnetIds: names 0 subnets for 3 zones; name one subnet for each of us-east-1a, us-east-1b, us-east-1c, in this order",
	}},
	{"an adopted network of wrong ids", stackFile{"access": "public", "operatorCidrs": `["10.0.0.0/8"]`, "regions": `[{"name":"nyc1","network":{"id":"network","cidr":"10.0.0.0/16","subnetIds":["a","subnet-01234567","subnet-01234567"]}}]`}, []string{
		"regions[0].network.cidr: an adopted network has its range already; remove cidr, or remove id to create a network",
		`regions[0].network.id: "network" is not an AWS vpc id; write it like vpc-0123456789abcdef0`,
		"regions[0].network.publicSubnetIds: names 0 subnets for 3 zones; name one subnet for each of us-east-1a, us-east-1b, us-east-1c, in this order",
		`regions[0].network.subnetIds[0]: "a" is not an AWS subnet id; write it like subnet-0123456789abcdef0`,
		"regions[0].network.subnetIds[2]: subnet-01234567 is named twice; name each subnet once",
	}},
	{"public subnets under private access", stackFile{"operatorCidrs": `["10.0.0.0/8"]`, "regions": `[{"name":"nyc1","network":{"id":"vpc-01234567","subnetIds":["subnet-01234560","subnet-01234561","subnet-01234562"],"publicSubnetIds":["subnet-01234563"]}}]`}, []string{
		"regions[0].network.publicSubnetIds: under private access no machine is in a public subnet; remove publicSubnetIds, or set access: public",
	}},
	{"subnets without a network", stackFile{"regions": `[{"name":"nyc1","network":{"subnetIds":["a"]}}]`}, []string{
		"regions[0].network: names subnets but not the network that they belong to; set id, or remove subnetIds and publicSubnetIds",
	}},
	{"an address for an endpoint", stackFile{"endpoint": "10.0.0.1"}, []string{
		`endpoint: "10.0.0.1" is an address, not a name; give a DNS name that you point at the load balancer, such as api.example.com`,
	}},
	{"an address for an endpoint, in disguise", stackFile{"endpoint": "0x7f.1"}, []string{
		`endpoint: "0x7f.1" ends in a number, as an address does; give a DNS name that you point at the load balancer, such as api.example.com`,
	}},
	{"a URL for an endpoint", stackFile{"endpoint": "https://api.example.com:6443"}, []string{
		`endpoint: "https://api.example.com:6443" is not a host name in lower case, without scheme and port; give a DNS name that you point at the load balancer, such as api.example.com`,
	}},
	{"an endpoint without domain", stackFile{"endpoint": "api"}, []string{
		`endpoint: "api" has no domain; give a DNS name that you point at the load balancer, such as api.example.com`,
	}},
	{"one endpoint for two regions", stackFile{"endpoint": "api.example.com", "regions": `["nyc1","sfo1"]`}, []string{
		"endpoint: one host name cannot serve several regions; set endpoint of each region under regions",
	}},
	{"the same endpoint twice", stackFile{"regions": `[{"name":"nyc1","endpoint":"api.example.com"},{"name":"sfo1","endpoint":"api.example.com"}]`}, []string{
		"regions[1].endpoint: api.example.com is another region's already; give each region a name of its own",
	}},
	{"one key for two regions", stackFile{"encryptionKey": "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", "regions": `["nyc1","sfo1"]`}, []string{
		"encryptionKey: a key belongs to one region; set encryptionKey of each region under regions, or managed: true",
	}},
	{"an alias for a key", stackFile{"encryptionKey": "arn:aws:kms:us-east-1:111122223333:alias/a"}, []string{
		`encryptionKey: "arn:aws:kms:us-east-1:111122223333:alias/a" is not a key of AWS; write it like arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
	}},
	{"a key of another region", stackFile{"encryptionKey": "arn:aws:kms:us-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}, []string{
		"encryptionKey: the key is in us-west-1, the disks are in us-east-1; give nyc1 a key of its own under regions",
	}},
	{"a key that is a list", stackFile{"encryptionKey": "[1]"}, []string{
		"encryptionKey: is a list; write a key's id, or an object with managed",
	}},
	{"an image that is no AMI", stackFile{"regions": `[{"name":"nyc1","image":"talos"}]`}, []string{
		`regions[0].image: "talos" is not an AMI id; write it like ami-0123456789abcdef0`,
	}},
	{"two primary regions", stackFile{"regions": `[{"name":"nyc1","primary":true},{"name":"sfo1","primary":true}]`}, []string{
		"regions[1].primary: regions[0] is primary already; set primary: true on one region only",
	}},
	{"no primary region", stackFile{"regions": `[{"name":"nyc1","primary":false},{"name":"sfo1","primary":false}]`}, []string{
		"regions: primary is false for every region; leave it out for one region, whose cluster is then the current one",
	}},
	{"labels that Kubernetes refuses", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"labels":{"node-role.kubernetes.io/worker":"","a b":"c d","x":1}}]`}, []string{
		`pools[0].labels.a b: Kubernetes does not accept the key "a b"; use up to 63 letters, digits, dashes, dots and underscores between a letter or digit and another; a prefix is a domain, such as example.com/name`,
		`pools[0].labels.a b: Kubernetes does not accept the value "c d"; use up to 63 letters, digits, dashes, dots and underscores between a letter or digit and another`,
		"pools[0].labels.node-role.kubernetes.io/worker: Kubernetes does not let a node set this label on itself; use a prefix of your own, or node.kubernetes.io/",
		"pools[0].labels.x: is the number 1; write text, in quotes",
	}},
	{"taints that Kubernetes refuses", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"taints":[{"key":"","effect":"Never","value":"-"},{"key":"a","effect":"NoSchedule"},{"key":"a","effect":"NoSchedule"}]}]`}, []string{
		`pools[0].taints[0].effect: there is no effect "Never"; choose one of NoSchedule, PreferNoSchedule, NoExecute`,
		`pools[0].taints[0].key: Kubernetes does not accept the key ""; use up to 63 letters, digits, dashes, dots and underscores between a letter or digit and another; a prefix is a domain, such as example.com/name`,
		`pools[0].taints[0].value: Kubernetes does not accept the value "-"; use up to 63 letters, digits, dashes, dots and underscores between a letter or digit and another`,
		"pools[0].taints[2]: there is a taint a with effect NoSchedule already; keep one of them",
	}},
	{"a disk that is too small", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"diskGiB":5}]`}, []string{
		"pools[0].diskGiB: 5 is out of range; choose 20 to 16384",
	}},
	{"a key without value", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"labels":null}]`}, []string{
		"pools[0].labels: has no value; give it an object, or remove the key",
	}},
	{"tags that AWS or the program refuses", stackFile{"tags": `{"Cluster":"x","aws:x":"y","kubernetes.io/cluster/x":"owned","Team":"a","team":"b","a,b":"c","c":"<>","n":5,"":"x"}`}, []string{
		"tags: a tag has no key; name it",
		"tags.Cluster: the program sets this tag; choose another key",
		"tags.a,b: the key has characters that AWS does not accept; use letters, digits, spaces and _.:/=+-@",
		"tags.aws:x: AWS reserves keys that begin with aws:; choose another key",
		`tags.c: the value "<>" has characters that AWS does not accept; use letters, digits, spaces and _.:/=+-@`,
		"tags.kubernetes.io/cluster/x: Kubernetes' controllers act on this tag; choose another key",
		"tags.n: is the number 5; write text, in quotes",
		"tags.team: differs from Team by case only; keep one of them",
	}},
	{"a Talos version without v", stackFile{"talosVersion": "1.12.1"}, []string{
		`talosVersion: "1.12.1" is not the version of a Talos release; write it like v1.13.10`,
	}},
	{"an unknown Talos version", stackFile{"talosVersion": "v2.0.0"}, []string{
		"talosVersion: Talos v2.0.0 is not among the versions that this program knows; choose one of v1.10 to v1.13",
	}},
	{"a Kubernetes version with v", stackFile{"kubernetesVersion": "v1.35.0"}, []string{
		`kubernetesVersion: "v1.35.0" is not the version of a Kubernetes release; write it like 1.36.5`,
	}},
	{"a Kubernetes version that Talos does not run", stackFile{"kubernetesVersion": "1.29.0"}, []string{
		"kubernetesVersion: Talos v1.13.10 does not run Kubernetes 1.29.0; choose one of 1.31 to 1.36",
	}},
	{"a Talos version that does not run Kubernetes", stackFile{"talosVersion": "v1.10.0"}, []string{
		"kubernetesVersion: Talos v1.10.0 does not run Kubernetes 1.36.5; choose one of 1.28 to 1.33",
	}},
	{"two wrong versions", stackFile{"talosVersion": "1.12.1", "kubernetesVersion": "v1.35.0"}, []string{
		`kubernetesVersion: "v1.35.0" is not the version of a Kubernetes release; write it like 1.36.5`,
		`talosVersion: "1.12.1" is not the version of a Talos release; write it like v1.13.10`,
	}},
	{"a Kubernetes version that no Talos runs beside an unknown Talos", stackFile{"talosVersion": "v2.99.0", "kubernetesVersion": "1.12.0"}, []string{
		"kubernetesVersion: no Talos of this program runs Kubernetes 1.12.0; choose one of 1.28 to 1.36",
		"talosVersion: Talos v2.99.0 is not among the versions that this program knows; choose one of v1.10 to v1.13",
	}},
	{"versions that YAML takes for numbers", stackFile{"talosVersion": "1.1", "kubernetesVersion": "1.3"}, []string{
		`kubernetesVersion: is not the version of a Kubernetes release, and without quotes YAML reads 1.30 as the number 1.3; write all three parts, in quotes, like "1.36.5"`,
		"talosVersion: is a number, and not the version of a Talos release; write it like v1.13.10",
	}},
	{"a schematic's name", stackFile{"schematic": "iscsi-tools", "provider": "gcp"}, []string{
		`schematic: "iscsi-tools" is not the id of a schematic; write the 64 characters that https://factory.talos.dev gives for it (docs/operations.md#system-extensions)`,
	}},
	{"a schematic without an image on AWS", stackFile{"schematic": strings.Repeat("0123456789abcdef", 4), "regions": `["nyc1",{"name":"sfo1","image":"ami-0123456789abcdef0"}]`}, []string{
		"regions[0].image: there is no published image of the schematic on AWS; make an image of it there and name it here (docs/operations.md#system-extensions)",
	}},
	{"a pool's patch that is a map", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"patches":[{"machine":{"token":"secret"}}]}]`}, []string{
		"pools[0].patches[0]: is an object; write it as text: put | behind the dash, and the patch below it, indented",
	}},
	{"what all machines must agree on, on some", stackFile{"patches": `{"controlPlanes":["cluster: {network: {dnsDomain: example.internal}}"],"workers":["machine: {network: {kubespan: {enabled: true}}}"]}`}, []string{
		"patches.controlPlanes[0]: sets cluster.network.dnsDomain for the control planes, and the other machines of the cluster have another value; move it to patches.all",
		"patches.workers[0]: sets machine.network.kubespan.enabled for pool workers, and the other machines of the cluster have another value; move it to patches.all",
	}},
	{"two patches that do not fit together", stackFile{"provider": "digitalocean", "patches": `{"all":["machine: {sysctls: {a.b: c}}","{apiVersion: v1alpha1, kind: UserVolumeConfig, name: data, provisioning: {diskSelector: {match: '!system_disk'}, minSize: 1GiB}}"]}`}, []string{
		"patches.all[1]: UserVolumeConfig data: the volume's data would not be encrypted, and diskEncryption: luks promises that they are; add encryption: {provider: luks2, keys: [{slot: 0, nodeID: {}}]}",
	}},
	{"patches that Talos refuses", stackFile{"patches": `{"all":["machine: {nope: 1}",""],"workers":["cluster: {etcd: {}}"],"controlPlanes":["[{\"op\":\"add\"}]"]}`}, []string{
		"patches.all[0]: Talos does not know machine.nope; correct the patch",
		"patches.all[1]: the patch is empty; remove it or write what it should change",
		"patches.controlPlanes[0]: a JSON patch (RFC 6902) cannot change a configuration of several documents; write a strategic merge patch: the YAML that should be in the configuration",
		"patches.workers[0]: etcd config is only allowed on control plane machines; correct the patch",
	}},
	{"a patch that is no text", stackFile{"patches": `{"all":[{"machine":{"token":"secret"}}]}`}, []string{
		"patches.all[0]: is an object; write it as text: put | behind the dash, and the patch below it, indented",
	}},
	{"patches that are no object", stackFile{"patches": "machine: secret"}, []string{
		"patches: is text; write an object",
	}},
	{"a pool's patch that is no YAML", stackFile{"pools": `[{"name":"a","size":"medium","count":2,"patches":["machine: ["]}]`}, []string{
		"pools[0].patches[0]: decode error: yaml: while parsing a flow node at line 1: did not find expected node content; correct the patch",
	}},
	{"a key for disks that are not encrypted", stackFile{"luksKey": "https://kms.example.com:4050"}, []string{
		"luksKey: Talos encrypts no disk of the stack, so no key is needed; set diskEncryption: luks, or remove it",
	}},
	{"a kind of key that there is not", stackFile{"luksKey": "tpm", "diskEncryption": "luks"}, []string{
		"luksKey: is neither nodeID nor the https URL of a KMS server; write it like https://kms.example.com:4050",
	}},
	{"a KMS server without TLS", stackFile{"luksKey": "http://kms.example.com", "provider": "digitalocean"}, []string{
		"luksKey: is neither nodeID nor the https URL of a KMS server; write it like https://kms.example.com:4050",
	}},
	{"a KMS server with a password", stackFile{"luksKey": "https://me:hush@kms.example.com", "diskEncryption": "luks"}, []string{
		"luksKey: the URL has a user or a password, which Talos does not send; write it like https://kms.example.com:4050",
	}},
	{"a KMS server with a path, for nothing", stackFile{"luksKey": "https://kms.example.com/v1"}, []string{
		"luksKey: Talos encrypts no disk of the stack, so no key is needed; set diskEncryption: luks, or remove it",
		"luksKey: the URL has more than a host and a port, which is all that Talos reads; write it like https://kms.example.com:4050",
	}},
	{"a KMS server in the cluster", stackFile{"luksKey": "https://kms.vault.svc.cluster.local", "diskEncryption": "luks"}, []string{
		"luksKey: the KMS server is inside the cluster whose disks it should open; write it like https://kms.example.com:4050",
	}},
	{"a patch that opens a disk by another key", stackFile{"diskEncryption": "luks", "patches": `{"controlPlanes":["{apiVersion: v1alpha1, kind: VolumeConfig, name: STATE, encryption: {provider: luks2, keys: [{slot: 2, static: {passphrase: hush}}]}}"]}`}, []string{
		"patches.controlPlanes[0]: a patch changes the keys of the STATE volume, which luksKey decides; remove it from the patch",
	}},
	{"a patch without KubePrism", ofProduction("machine: {features: {kubePrism: {enabled: false}}}"), []string{
		"patches.controlPlanes[0]: a patch changes machine.features.kubePrism, which the program sets and the cluster depends on; remove it from the patch",
	}},
	{"a patch with another key for etcd's secrets", ofProduction("cluster: {secretboxEncryptionSecret: hush}"), []string{
		"patches.controlPlanes[0]: a patch changes cluster.secretboxEncryptionSecret, which the program sets and the cluster depends on; remove it from the patch",
	}},
	{"ports that are none", stackFile{"openPorts": `[{"ports":"http"},{"ports":"9200-9100"},{"ports":0},{"ports":"65536"},{},{"ports":true}]`}, []string{
		`openPorts[0].ports: "http" is neither a port nor a range of ports; write a port like "9100", or a range like "30000-32767"`,
		`openPorts[1].ports: "9200-9100" is neither a port nor a range of ports; write a port like "9100", or a range like "30000-32767"`,
		`openPorts[2].ports: "0" is neither a port nor a range of ports; write a port like "9100", or a range like "30000-32767"`,
		`openPorts[3].ports: "65536" is neither a port nor a range of ports; write a port like "9100", or a range like "30000-32767"`,
		`openPorts[4].ports: is missing; write a port like "9100", or a range like "30000-32767"`,
		"openPorts[5].ports: is true; write a port or a range of ports",
	}},
	{"ports with rules of their own", stackFile{"openPorts": `[{"ports":"22"},{"ports":"2000-2379"},{"ports":6443},{"ports":"10250"},{"ports":"50001-50100"},{"ports":"51871","protocol":"udp"}]`}, []string{
		"openPorts[0].ports: tcp-22 holds the port of SSH, which is open to what needs it and nothing else; leave that port out",
		"openPorts[1].ports: tcp-2000-2379 holds the port of etcd, which is open to what needs it and nothing else; leave that port out",
		"openPorts[2].ports: tcp-6443 holds the port of the Kubernetes API, which is open to what needs it and nothing else; leave that port out",
		"openPorts[3].ports: tcp-10250 holds the port of the kubelet, which is open to what needs it and nothing else; leave that port out",
		"openPorts[4].ports: tcp-50001-50100 holds the port of Talos, which is open to what needs it and nothing else; leave that port out",
		"openPorts[5].ports: udp-51871 holds the port of WireGuard, which is open to what needs it and nothing else; leave that port out",
	}},
	{"a protocol without ports", stackFile{"openPorts": `[{"ports":"9100","protocol":"icmp"}]`}, []string{
		`openPorts[0].protocol: there is no protocol "icmp"; choose one of tcp, udp`,
	}},
	{"a port for the internet", stackFile{"openPorts": `[{"ports":"9100","from":["0.0.0.0/0","8.0.0.0/7","::/0","everybody","10.0.0.1/8","nodes","nodes"]}]`}, []string{
		"openPorts[0].from[0]: 0.0.0.0/0 is not a private range, and no setting opens a port to the internet; choose a range in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
		"openPorts[0].from[1]: 8.0.0.0/7 is not a private range, and no setting opens a port to the internet; choose a range in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
		"openPorts[0].from[2]: ::/0 is not IPv4; write it like 10.0.0.0/16",
		`openPorts[0].from[3]: "everybody" is neither nodes nor a range of addresses; write nodes, or a range like 10.0.0.0/16`,
		"openPorts[0].from[4]: 10.0.0.1/8 has host bits set; write 10.0.0.0/8",
		"openPorts[0].from[6]: nodes is named twice; name each source once",
	}},
	{"a port for part of Google's load balancers", stackFile{"provider": "gcp", "openPorts": `[{"ports":"30080","from":["35.191.0.0/16","35.190.0.0/16"]}]`}, []string{
		"openPorts[0].from[1]: 35.190.0.0/16 is not a private range, and no setting opens a port to the internet; choose a range in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, " +
			"or 130.211.0.0/22, where load balancers of Google Cloud come from, or 35.191.0.0/16, where load balancers of Google Cloud come from",
	}},
	{"a port twice", stackFile{"openPorts": `[{"ports":"9100"},{"ports":9100,"from":["10.0.0.0/8"]}]`}, []string{
		"openPorts[1]: opens tcp-9100, as openPorts[0] does; write all sources into one of them",
	}},
	{"flow logs on DigitalOcean", stackFile{"flowLogs": "true", "provider": "digitalocean"}, []string{
		"flowLogs: DigitalOcean has no flow logs; remove it, or choose aws or gcp",
	}},
	{"flow logs of an adopted network", stackFile{"flowLogs": "true", "operatorCidrs": `["10.0.0.0/8"]`, "provider": "gcp",
		"regions": `["sfo1",{"name":"nyc1","network":{"id":"shared","subnetIds":["machines"]}}]`}, []string{
		"flowLogs: the network of nyc1 is adopted, and its owner decides what is logged there; remove it, and have the owner switch them on",
	}},
	{"flow logs that are neither", stackFile{"flowLogs": "all"}, []string{
		`flowLogs: is the text "all"; write true or false`,
	}},
	{"an account's disks beyond AWS", stackFile{"ebsEncryptionByDefault": "true", "regions": `["nyc1",{"name":"sfo1","provider":"gcp"}]`}, []string{
		"ebsEncryptionByDefault: Google Cloud has no such setting of an account; remove it",
	}},
	{"an account's disks on DigitalOcean", stackFile{"ebsEncryptionByDefault": "true", "provider": "digitalocean"}, []string{
		"ebsEncryptionByDefault: DigitalOcean has no such setting of an account; remove it",
	}},
	{"flannel where pods read the keys", stackFile{"cni": "flannel", "environment": "production", "provider": "digitalocean", "regions": `["nyc1",{"name":"sfo1","provider":"gcp"}]`}, []string{
		"cni: on DigitalOcean every pod under flannel can read its machine's user data, and in it the keys of the cluster; choose cilium, whose policy keeps pods from it (docs/next-steps.md#keep-pods-from-the-metadata-service), or the provider aws",
		"cni: on Google Cloud every pod under flannel can read its machine's user data, and in it the keys of the cluster; choose cilium, whose policy keeps pods from it (docs/next-steps.md#keep-pods-from-the-metadata-service), or the provider aws",
	}},
	{"a cloud controller whose permissions reach further", stackFile{"cloudController": "true", "provider": "gcp", "regions": `["nyc1",{"name":"sfo1","provider":"digitalocean"}]`}, []string{
		"cloudController: DigitalOcean cannot limit the permissions of machines to this cluster; " + tokenOfYourOwn,
		"cloudController: Google Cloud cannot limit the permissions of machines to this cluster; " + tokenOfYourOwn,
	}},
	{"manifests that are no files", stackFile{"bootstrapManifests": `["missing.yaml","../go.mod","/etc/passwd"]`}, []string{
		"bootstrapManifests[0]: there is no file missing.yaml; " + nameAFile,
		"bootstrapManifests[1]: ../go.mod is not a path inside the folder of the stack file; " + nameAFile,
		"bootstrapManifests[2]: /etc/passwd is not a path inside the folder of the stack file; " + nameAFile,
	}},
	{"manifests that nobody can read", manifests("a: [", "- a\n- b", "{kind: Namespace, metadata: {name: a}}", "{apiVersion: v1, kind: Namespace}", "---\n# nothing", "",
		"{apiVersion: v1, kind: List, metadata: {name: a}, items: []}", "{apiVersion: v1,\n kind: Namespace}  # braces"), []string{
		"bootstrapManifests[0]: is not YAML in its document 1; correct it",
		"bootstrapManifests[1]: has no Kubernetes object in its document 1; write apiVersion, kind and metadata.name",
		"bootstrapManifests[2]: has an object without apiVersion, kind or metadata.name (Namespace a); write all three",
		"bootstrapManifests[3]: has an object without apiVersion, kind or metadata.name (Namespace); write all three",
		"bootstrapManifests[4]: holds no object; remove it",
		"bootstrapManifests[5]: holds no object; remove it",
		"bootstrapManifests[6]: has a list (List), which not every version of Talos can read; write each object as a document, between lines of ---",
		"bootstrapManifests[7]: has a document 1 in braces that is not JSON; write a key to each line, without braces around all of them",
	}},
	{"manifests of a wrong type", stackFile{"bootstrapManifests": `[{"kind":"Secret","stringData":{"a":"hunter2"}}]`}, []string{
		"bootstrapManifests[0]: is an object; write it as text: put | behind the dash, and the objects below it, indented",
	}},
	{"a secret that everybody reads", manifests("{apiVersion: v1, kind: Secret, metadata: {name: token, namespace: default}, stringData: {token: hunter2}}"), []string{
		"bootstrapManifests[0]: has Secret default/token in clear; set the text with --secret (docs/security.md#a-secret-among-the-manifests), " +
			"or have it made in the cluster, by External Secrets for example",
	}},
	{"manifests that would not come up", manifests(
		"{apiVersion: batch/v1, kind: Job, metadata: {name: once, namespace: default}}",
		"{apiVersion: v1, kind: ServiceAccount, metadata: {name: flux}}",
		"{apiVersion: v1, kind: ServiceAccount, metadata: {name: flux, namespace: flux-system}}"), []string{
		"bootstrapManifests[0]: has Job default/once, and a job cannot be changed: the next make upgrade would fail at it; " +
			"write a Deployment or a CronJob, or have Flux run it",
		"bootstrapManifests[1]: has ServiceAccount flux without metadata.namespace, which Talos does not fill in; write it",
		"bootstrapManifests[2]: has ServiceAccount flux-system/flux, and nothing creates the namespace flux-system: Talos would retry forever; " +
			"add the object of kind Namespace, which is created first",
	}},
	{"an object that is there already", manifests(
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}",
		"{apiVersion: v1, kind: Namespace, metadata: {name: b}}", "{apiVersion: v1, kind: Namespace, metadata: {name: b}}",
		"{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: cilium, namespace: kube-system}}",
		"{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: deny-metadata}}"), []string{
		"bootstrapManifests[0]: has Namespace a twice; keep one of them",
		"bootstrapManifests[2]: has Namespace b, as bootstrapManifests[1] does; keep one of them",
		"bootstrapManifests[3]: has DaemonSet kube-system/cilium, which the program installs with cni: cilium; remove the object, or set cni: none and bring all of Cilium yourself",
		"bootstrapManifests[4]: has CiliumClusterwideNetworkPolicy deny-metadata, which the program installs with cni: cilium; remove the object, or set cni: none and bring all of Cilium yourself",
	}},
	{"manifests that are too large", manifests(largeObject("a", 1600), largeObject("b", 1400), largeObject("c", 1400),
		largeObject("d", 1400)), []string{
		"bootstrapManifests: has 4301070 bytes, more than 4194304: every control plane is given all of it, and the state keeps it; install what brings the rest, such as Flux",
		"bootstrapManifests[0]: has ConfigMap default/a with 1638500 bytes, and etcd accepts 1572864; make it smaller",
	}},
	{"protection that is neither", stackFile{"protection": "maybe"}, []string{
		`protection: is the text "maybe"; write true or false`,
	}},
}

const tokenOfYourOwn = "remove it, switch cluster.externalCloudProvider on by patches.all, and bring a token or key of your own among " +
	"bootstrapManifests (docs/next-steps.md#cloud-controller-managers-and-storage)"

const nameAFile = "name a file by its path from the folder of the stack file, or write the objects behind |"

// manifests is a stack file with these as its bootstrapManifests. Talos takes a document in braces for JSON.
func manifests(texts ...string) stackFile {
	for i, text := range texts {
		var object map[string]any
		if strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") && yaml.Unmarshal([]byte(text), &object) == nil {
			block, err := yaml.Marshal(object)
			if err != nil {
				panic(err)
			}
			texts[i] = string(block)
		}
	}
	list, err := json.Marshal(texts)
	if err != nil {
		panic(err)
	}
	return stackFile{"bootstrapManifests": string(list)}
}

// largeObject is an object of that many KiB.
func largeObject(name string, kib int) string {
	return fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, namespace: default}, data: {a: %s}}", name, strings.Repeat("a", kib<<10))
}

// ofProduction is a stack of production whose control planes have a patch.
func ofProduction(patch string) stackFile {
	return stackFile{"environment": "production", "patches": fmt.Sprintf(`{"controlPlanes":[%q]}`, patch)}
}

func TestEachOfTheseIsRefused(t *testing.T) {
	for _, row := range refused {
		t.Run(row.what, func(t *testing.T) {
			clusters, _, err := Load("test", row.file.settings())
			assert.Nil(t, clusters)
			var all Errors
			require.ErrorAs(t, err, &all)
			var got []string
			for _, one := range all {
				got = append(got, one.Error())
			}
			var want []string
			for _, text := range row.want {
				want = append(want, strings.ReplaceAll(text, "{regions}", strings.Join(regionNames(), ", ")))
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestProductionRefusesEachWeakeningPatch(t *testing.T) {
	for _, w := range invariants.Weakenings() {
		t.Run(w.Name, func(t *testing.T) {
			_, _, err := Load("test", ofProduction(w.Patch).settings())
			var all Errors
			require.ErrorAs(t, err, &all)
			require.Len(t, all, 1)
			assert.EqualError(t, all[0], "patches.controlPlanes[0]: "+w.Refusal())
		})
	}
}

// What weakens machines is refused in production alone.
func TestElsewhereAPatchMayWeakenMachines(t *testing.T) {
	for _, w := range invariants.Weakenings() {
		for _, environment := range []string{"dev", "staging"} {
			_, _, err := Load("test", ofProduction(w.Patch).with("environment", environment).settings())
			assert.NoError(t, err, "%s: %s", environment, w.Name)
		}
	}
}

func TestStackNamesThatMakeNoClusterNameAreRefused(t *testing.T) {
	for name, want := range map[string]string{
		"Prod":                        `stack name: "Prod" is not a DNS label; name the stack with lower-case letters, digits and dashes`,
		"a-stack-with-a-long-name-xy": "stack name: the cluster's name inferadb-a-stack-with-a-long-name-xy-nyc1 has 41 characters, more than 40; choose a shorter name",
	} {
		_, _, err := Load(name, stackFile{}.settings())
		assert.ErrorContains(t, err, want)
	}
}

func TestEverythingWrongIsNamedAtOnceAndInOrder(t *testing.T) {
	file := stackFile{
		"controlPlanes": "2", "acess": "public", "aws:region": "us-east-1", "operatorCidrs": `["0.0.0.0/0"]`,
		"regions": `["nyc1","nyc2",{"name":"sfo1","zone":["us-west-1b"],"network":{"cidr":"10.0.0.1/16"}}]`,
		"pools":   `[{"name":"a","size":"small","count":1},{"name":"a","size":"tiny","count":-1,"workload":"stateful","spot":true}]`,
		"tags":    `{"cluster":"mine"}`, "talosVersion": "1.12.1",
		"patches": `{"workers":["cluster: {etcd: {}}"]}`,
	}
	var first string
	for range 5 {
		_, _, err := Load("test", file.settings())
		var all Errors
		require.ErrorAs(t, err, &all)
		var paths []string
		for _, one := range all {
			paths = append(paths, one.Path)
			assert.NotEmpty(t, one.Problem)
			assert.NotEmpty(t, one.Remedy)
		}
		assert.Equal(t, []string{
			"acess", "aws:region", "controlPlanes", "operatorCidrs[0]", "patches.workers[0]", "pools[1].count", "pools[1].name",
			"pools[1].size", "pools[1].spot", "regions[1]", "regions[2].network.cidr", "regions[2].zone", "tags.cluster", "talosVersion",
		}, paths)
		if first == "" {
			first = err.Error()
		}
		assert.Equal(t, first, err.Error())
	}
	assert.True(t, strings.HasPrefix(first, "14 of the stack's settings cannot be used:\n  acess: "))
	assert.True(t, strings.HasSuffix(first, "\nevery key: README.md#configuration; what a message means: docs/troubleshooting.md#settings"))
}

func TestErrorsDoNotRepeatWhatAPatchSays(t *testing.T) {
	const secret = "abcdef.0123456789abcdef"
	for _, file := range []stackFile{
		{"patches": `"machine: {token: ` + secret + `}"`},
		{"patches": "machine: {token: " + secret + "}"},
		{"patches": `{"all":"machine: {token: ` + secret + `}"}`},
		{"patches": `{"all":[{"machine":{"token":"` + secret + `"}}]}`},
		{"patches": `{"all":["machine: {token: ` + secret + `, nope: 1}"]}`},
		{"patches": `{"all":["machine: {token: ` + secret + `"]}`},
		{"pools": `[{"name":"a","size":"small","count":1,"patches":["` + secret + `"]}]`},
		{"bootstrapManifests": `"` + secret + `"`},
		{"bootstrapManifests": `[{"stringData":"` + secret + `"}]`},
		manifests("{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: default}, stringData: {a: " + secret + "}}"),
		manifests("{stringData: {a: " + secret + "}}"),
		manifests("a: " + secret + "\nb: ["),
	} {
		_, _, err := Load("test", file.settings())
		require.Error(t, err)
		assert.NotContains(t, err.Error(), secret)
	}
}

// manyLabels are that many labels, as JSON.
func manyLabels(count int) string {
	var labels []string
	for i := range count {
		labels = append(labels, fmt.Sprintf(`"label-%d":"x"`, i))
	}
	return strings.Join(labels, ",")
}
