package graph

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/invariants"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// settingRow changes one setting of a stack file: what the file says anyway, and what it says then. A word in braces
// stands for what differs between the clouds.
type settingRow struct {
	key          string
	base, change map[string]string
}

func stackSays(pairs ...string) map[string]string {
	settings := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		settings[pairs[i]] = pairs[i+1]
	}
	return settings
}

// region is a stack's one region, with more said about it.
func region(more string) map[string]string {
	return stackSays("operatorCidrs", `["10.50.0.0/16"]`, "regions", `[{"name":"nyc1"`+more+`}]`)
}

// pool is a stack's one pool, with more said about it.
func pool(more string) map[string]string {
	return stackSays("pools", `[{"name":"web","size":"small"`+more+`}]`)
}

const patch = `"machine: {sysctls: {net.core.rmem_max: \"1\"}}"`

var settingRows = []settingRow{
	{"environment", nil, stackSays("environment", "dev")},
	{"provider", nil, stackSays("provider", "{other}")},
	{"regions", nil, stackSays("regions", `["nyc1","sfo1"]`)},
	{"regions[].name", region(""), stackSays("regions", `[{"name":"sfo1"}]`)},
	{"regions[].provider", region(""), region(`,"provider":"{other}"`)},
	{"regions[].primary", stackSays("regions", `["nyc1","sfo1"]`), stackSays("regions", `["nyc1",{"name":"sfo1","primary":true}]`)},
	{"regions[].zones", region(""), region(`,"zones":[{zones}]`)},
	{"regions[].network", region(""), region(`,"network":{"cidr":"10.20.0.0/18"}`)},
	{"regions[].network.cidr", region(`,"network":{"cidr":"10.30.0.0/18"}`), region(`,"network":{"cidr":"10.20.0.0/18"}`)},
	{"regions[].network.id", region(`,"network":{"id":"{network}","subnetIds":[{subnets}]}`), region(`,"network":{"id":"{network2}","subnetIds":[{subnets}]}`)},
	{"regions[].network.subnetIds", region(`,"network":{"id":"{network}","subnetIds":[{subnets}]}`), region(`,"network":{"id":"{network}","subnetIds":[{subnets2}]}`)},
	{"regions[].network.publicSubnetIds",
		with(region(`,"network":{"id":"{network}","subnetIds":[{subnets}]{public}}`), "access", "public"),
		region(`,"network":{"id":"{network}","subnetIds":[{subnets}]{public2}}`)},
	{"regions[].image", region(""), region(`,"image":"{image}"`)},
	{"regions[].endpoint", region(""), region(`,"endpoint":"api.example.com"`)},
	{"regions[].encryptionKey", region(""), region(`,"encryptionKey":"{key}"`)},
	{"regions[].encryptionKey.managed", region(""), region(`,"encryptionKey":{"managed":true}`)},
	{"controlPlanes", nil, stackSays("controlPlanes", "5")},
	{"controlPlaneSize", nil, stackSays("controlPlaneSize", "large")},
	{"pools", nil, pool(`,"count":2`)},
	{"pools[].name", pool(`,"count":2`), stackSays("pools", `[{"name":"other","size":"small","count":2}]`)},
	{"pools[].size", pool(`,"count":2`), stackSays("pools", `[{"name":"web","size":"medium","count":2}]`)},
	{"pools[].count", pool(`,"count":2`), pool(`,"count":3`)},
	{"pools[].min", pool(`,"min":1,"max":4`), pool(`,"min":2,"max":4`)},
	{"pools[].max", pool(`,"min":1,"max":4`), pool(`,"min":1,"max":5`)},
	{"pools[].autoscaling", pool(`,"min":1,"max":4`), pool(`,"min":1,"max":4,"autoscaling":"{autoscaling}"`)},
	{"pools[].workload", pool(`,"count":2`), pool(`,"count":2,"workload":"stateful"`)},
	{"pools[].spot", pool(`,"count":2`), pool(`,"count":2,"spot":true`)},
	{"pools[].spot.base", pool(`,"count":3,"spot":true`), pool(`,"count":3,"spot":{"base":2}`)},
	{"pools[].spot.onDemandPercent", pool(`,"count":5,"spot":true`), pool(`,"count":5,"spot":{"onDemandPercent":50}`)},
	{"pools[].spot.requirements", pool(`,"count":2,"spot":true`), pool(`,"count":2,"spot":{"requirements":true}`)},
	{"pools[].spot.rebalance", pool(`,"count":2,"spot":true`), pool(`,"count":2,"spot":{"rebalance":true}`)},
	{"pools[].spot.maxPrice", pool(`,"count":2,"spot":true`), pool(`,"count":2,"spot":{"maxPrice":0.07}`)},
	{"pools[].spot.strategy", pool(`,"count":2,"spot":true`), pool(`,"count":2,"spot":{"strategy":"lowest-price"}`)},
	{"pools[].spot.types", pool(`,"count":2,"spot":true`), pool(`,"count":2,"spot":{"types":["t4g.large"]}`)},
	{"pools[].labels", pool(`,"count":2`), pool(`,"count":2,"labels":{"tier":"gold"}`)},
	{"pools[].taints", pool(`,"count":2`), pool(`,"count":2,"taints":[{"key":"a","value":"b","effect":"NoSchedule"}]`)},
	{"pools[].taints[].key", pool(`,"count":2,"taints":[{"key":"a","effect":"NoSchedule"}]`), pool(`,"count":2,"taints":[{"key":"b","effect":"NoSchedule"}]`)},
	{"pools[].taints[].value", pool(`,"count":2,"taints":[{"key":"a","effect":"NoSchedule"}]`), pool(`,"count":2,"taints":[{"key":"a","value":"b","effect":"NoSchedule"}]`)},
	{"pools[].taints[].effect", pool(`,"count":2,"taints":[{"key":"a","effect":"NoSchedule"}]`), pool(`,"count":2,"taints":[{"key":"a","effect":"NoExecute"}]`)},
	{"pools[].diskGiB", pool(`,"count":2`), pool(`,"count":2,"diskGiB":300`)},
	{"pools[].zones", pool(`,"count":3`), pool(`,"count":3,"zones":[{zones}]`)},
	{"pools[].patches", pool(`,"count":2`), pool(`,"count":2,"patches":[` + patch + `]`)},
	{"talosVersion", nil, stackSays("talosVersion", "v1.13.0")},
	{"kubernetesVersion", nil, stackSays("kubernetesVersion", "1.35.2")},
	{"schematic", region(`,"image":"{image}"`), stackSays("schematic", strings.Repeat("0123456789abcdef", 4))},
	{"access", stackSays("operatorCidrs", `["203.0.113.0/24"]`), stackSays("access", "public")},
	{"operatorCidrs", nil, stackSays("operatorCidrs", `["203.0.113.0/24"]`)},
	{"openPorts", nil, stackSays("openPorts", `[{"ports":"9100"}]`)},
	{"openPorts[].ports", stackSays("openPorts", `[{"ports":"9100"}]`), stackSays("openPorts", `[{"ports":"9200"}]`)},
	{"openPorts[].protocol", stackSays("openPorts", `[{"ports":"9100"}]`), stackSays("openPorts", `[{"ports":"9100","protocol":"udp"}]`)},
	{"openPorts[].from", stackSays("openPorts", `[{"ports":"9100"}]`), stackSays("openPorts", `[{"ports":"9100","from":["10.0.0.0/8"]}]`)},
	{"cni", nil, stackSays("cni", "flannel")},
	{"podEncryption", nil, stackSays("podEncryption", "none")},
	{"bootstrapManifests", nil, stackSays("bootstrapManifests", `["apiVersion: v1\nkind: Namespace\nmetadata: {name: flux-system}"]`)},
	{"encryptionKey", nil, stackSays("encryptionKey", "{key}")},
	{"encryptionKey.managed", nil, stackSays("encryptionKey", `{"managed":true}`)},
	{"diskEncryption", nil, stackSays("diskEncryption", "{diskEncryption}")},
	{"luksKey", stackSays("diskEncryption", "luks"), stackSays("luksKey", "https://kms.example.com:4050")},
	{"endpoint", nil, stackSays("endpoint", "api.example.com")},
	{"patches", nil, stackSays("patches", `{"all":[`+patch+`]}`)},
	{"patches.all", nil, stackSays("patches", `{"all":[`+patch+`]}`)},
	{"patches.controlPlanes", nil, stackSays("patches", `{"controlPlanes":[`+patch+`]}`)},
	{"patches.workers", nil, stackSays("patches", `{"workers":[`+patch+`]}`)},
	{"tags", nil, stackSays("tags", `{"team":"storage"}`)},
	{"alarmEmails", nil, stackSays("alarmEmails", `["ops@example.com"]`)},
	{"flowLogs", nil, stackSays("flowLogs", "true")},
	{"ebsEncryptionByDefault", nil, stackSays("ebsEncryptionByDefault", "true")},
	{"cloudController", nil, stackSays("cloudController", "true")},
	{"protection", nil, stackSays("protection", "true")},
}

func with(settings map[string]string, key, value string) map[string]string {
	settings = maps.Clone(settings)
	settings[key] = value
	return settings
}

// TestEverySettingIsHonoredOrRejected is the promise that no cloud ignores a setting: whatever is said changes the
// graph, or is an error.
func TestEverySettingIsHonoredOrRejected(t *testing.T) {
	var keys, tested []string
	for _, key := range config.Keys() {
		// They are about a cluster that runs, which no stack under mocks does: running/ and the lifecycle tests have
		// them.
		if key.Path != "acknowledge" && !strings.HasPrefix(key.Path, "upgrade") {
			keys = append(keys, key.Path)
		}
	}
	for _, row := range settingRows {
		tested = append(tested, row.key)
	}
	require.ElementsMatch(t, keys, tested, "one row for each setting")
	for _, provider := range regions.Providers() {
		says := func(changes ...map[string]string) (string, error) {
			said := []map[string]string{{"provider": string(provider)}}
			for _, change := range changes {
				said = append(said, invariants.Setting{Says: change}.Settings(string(provider)))
			}
			g, err := tryBuild("staging", stackFile(t, "staging", said...))
			return g.fingerprint(), err
		}
		plain, err := says()
		require.NoError(t, err)
		again, err := says()
		require.NoError(t, err)
		require.Equal(t, plain, again, "what is not changed has the same graph")
		for _, row := range settingRows {
			t.Run(string(provider)+"/"+row.key, func(t *testing.T) {
				t.Parallel()
				before, err := says(row.base)
				after, rejected := says(row.base, row.change)
				if err != nil {
					require.Error(t, rejected, "what the row begins with is rejected: %v", err)
				}
				if rejected == nil {
					assert.False(t, before == after, "%s is ignored on %s", row.key, provider)
				}
			})
		}
	}
}

// madeUp are the addresses and numbers that the mocks give out in the order of registration, which no two runs share.
var madeUp = regexp.MustCompile(`\b(10\.101\.(0|63)|198\.51\.100)\.\d+\b`)

// fingerprint is everything that the program asks for, as one text.
func (g graph) fingerprint() string {
	var lines []string
	for urn, n := range g.nodes {
		slices.Sort(n.DependsOn)
		slices.Sort(n.IgnoreChanges)
		lines = append(lines, fmt.Sprintln(urn, n.Provider, n.Protect, n.IgnoreChanges, n.DependsOn,
			shown(resource.NewObjectProperty(n.Inputs))))
	}
	for _, call := range g.calls {
		lines = append(lines, fmt.Sprintln(call.Token, shown(resource.NewObjectProperty(call.Args))))
	}
	for name, output := range g.exports {
		text, err := json.Marshal(output.value)
		if err != nil {
			panic(err)
		}
		lines = append(lines, fmt.Sprintln(name, output.secret, string(text)))
	}
	slices.Sort(lines)
	return madeUp.ReplaceAllString(strings.Join(lines, ""), "address")
}

// shown is a value with its secrets, in an order of its own.
func shown(v resource.PropertyValue) string {
	text, err := json.Marshal(v.Mappable())
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestTheSameStackHasTheSameOutputsEverywhere compares what a stack exports, by its keys.
func TestTheSameStackHasTheSameOutputsEverywhere(t *testing.T) {
	settings := stackSays("regions", `["nyc1","sfo1"]`, "pools", `[{"name":"data","size":"large","count":3,"workload":"stateful"},{"name":"web","size":"small","count":2}]`)
	shapes := map[regions.Provider]string{}
	for _, provider := range regions.Providers() {
		g := build(t, "production", stackFile(t, "production", settings, stackSays("provider", string(provider))))
		shapes[provider] = shapeOf(g.exports)
		clusters := g.exports["clusters"].value.(map[string]any)
		for name, summary := range clusters {
			s := summary.(map[string]any)
			assert.Equal(t, string(provider), s["provider"])
			assert.Equal(t, "inferadb-production-"+name, s["name"])
			assert.Len(t, s["controlPlanes"], 3)
			assert.Regexp(t, `^https://[a-z0-9.-]+:6443$`, s["endpoint"])
		}
	}
	for provider, shape := range shapes {
		assert.Equal(t, shapes[regions.AWS], shape, "outputs on %s", provider)
	}
}

// shapeOf is the exports with their keys, the names of clusters, pools and contexts, and the kinds of everything else.
func shapeOf(exports map[string]export) string {
	var lines []string
	var walk func(path string, value any)
	walk = func(path string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, item := range value {
				walk(path+"."+key, item)
			}
		case map[string]string:
			for key := range value {
				lines = append(lines, path+"."+key+" string")
			}
		case []any:
			lines = append(lines, fmt.Sprintf("%s has %d", path, len(value)))
			for i, item := range value {
				walk(fmt.Sprintf("%s[%d]", path, i), item)
			}
		default:
			lines = append(lines, fmt.Sprintf("%s %T", path, value))
		}
	}
	context := regexp.MustCompile(`(?m)^(?:  name|current-context|context|    inferadb\S+): ?\S*$`)
	for name, output := range exports {
		lines = append(lines, fmt.Sprintln(name, output.secret))
		if text, isText := output.value.(string); isText {
			lines = append(lines, strings.Join(context.FindAllString(text, -1), "\n"))
		}
		walk(name, output.value)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
