// Package graph checks the graph of resources that the program registers, for each cloud and environment, under mocks.
package graph

import (
	"cmp"
	"encoding/base64"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	stackconfig "github.com/inferadb/infra/config"
	"github.com/inferadb/infra/invariants"
	program "github.com/inferadb/infra/stack"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

var update = flag.Bool("update", false, "write the golden files")

// root is the repository.
const root = "../.."

// node is a resource as the program registered it.
type node struct {
	invariants.Resource
	// DataDependsOn are the dependencies through inputs only.
	DataDependsOn []string
}

// graph is everything that a stack registers, by URN, and what it exports.
type graph struct {
	nodes   map[string]*node
	calls   []pulumi.MockCallArgs
	exports map[string]export
	// state is what the engine would keep of it.
	state resource.PropertyMap
}

// export is an output of the stack.
type export struct {
	value  any
	secret bool
}

// ofType returns the resources of a type, sorted by name.
func (g graph) ofType(token string) []*node {
	var found []*node
	for _, n := range g.nodes {
		if n.Type == token {
			found = append(found, n)
		}
	}
	slices.SortFunc(found, func(a, b *node) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// build runs the program with the settings of a stack against mocks. Each graph is built once: every invariant walks
// over it.
func build(t *testing.T, stack string, settings map[string]string) graph {
	t.Helper()
	once, _ := built.LoadOrStore(fmt.Sprint(stack, settings),
		sync.OnceValues(func() (graph, error) { return tryBuild(stack, settings) }))
	g, err := once.(func() (graph, error))()
	require.NoError(t, err)
	return g
}

// buildAgain runs the program for a stack that is up, once for each stack.
func buildAgain(t *testing.T, stack string, settings map[string]string, state resource.PropertyMap) graph {
	t.Helper()
	once, _ := built.LoadOrStore(fmt.Sprint("again", stack, settings), sync.OnceValues(func() (graph, error) {
		return tryBuildAgain(stack, settings, state)
	}))
	g, err := once.(func() (graph, error))()
	require.NoError(t, err)
	return g
}

// built has a function for each graph that returns it.
var built sync.Map

func tryBuild(stack string, settings map[string]string, options ...pulumi.RunOption) (graph, error) {
	return tryBuildAgain(stack, settings, resource.PropertyMap{}, options...)
}

// tryBuildAgain runs the program for a stack that has been brought up, and has that state.
func tryBuildAgain(
	stack string,
	settings map[string]string,
	state resource.PropertyMap,
	options ...pulumi.RunOption,
) (graph, error) {
	m := &mocks{nodes: map[string]*node{}, stack: stack, before: state, after: resource.PropertyMap{}}
	exports := map[string]export{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := program.Program(ctx, settings); err != nil {
			return err
		}
		for name, value := range ctx.GetCurrentExportMap() {
			output := pulumi.ToOutput(value)
			pulumi.All(output, pulumi.IsSecret(output)).ApplyT(func(values []any) error {
				m.mutex.Lock()
				defer m.mutex.Unlock()
				exports[name] = export{values[0], values[1].(bool)}
				return nil
			})
		}
		return nil
	}, append(options, pulumi.WithMocks("inferadb", stack, m))...)
	return graph{nodes: m.nodes, calls: m.calls, exports: exports, state: m.after}, err
}

// stackFile reads the settings of a stack file of this repository, with changes made to it.
func stackFile(t *testing.T, stack string, changes ...map[string]string) map[string]string {
	t.Helper()
	settings, err := stackconfig.ReadStackFile(root, stack)
	require.NoError(t, err)
	for _, change := range changes {
		for key, value := range change {
			settings["inferadb:"+key] = value
		}
	}
	return settings
}

// mocks answer for the engine: every resource is recorded, and what a cloud computes is made up.
type mocks struct {
	mutex sync.Mutex
	stack string
	nodes map[string]*node
	calls []pulumi.MockCallArgs
	// before and after are the state, as the engine tells the program of it.
	before, after resource.PropertyMap
}

func (m *mocks) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	request := args.RegisterRPC
	urn := m.urn(request.GetParent(), args.TypeToken, args.Name)
	n := &node{Resource: invariants.Resource{
		Type: args.TypeToken, Name: args.Name, Inputs: args.Inputs, Provider: args.Provider, Custom: args.Custom,
		Parent: request.GetParent(), Protect: request.GetProtect(), Retain: request.GetRetainOnDelete(),
		IgnoreChanges: request.GetIgnoreChanges(),
		DependsOn:     request.GetDependencies(),
	}}
	for _, d := range request.GetPropertyDependencies() {
		n.DataDependsOn = append(n.DataDependsOn, d.GetUrns()...)
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.nodes[urn] != nil {
		return "", nil, fmt.Errorf("two resources share the URN %s", urn)
	}
	m.nodes[urn] = n
	outputs := args.Inputs.Copy()
	for key, value := range computed(args, len(m.nodes)) {
		outputs[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
	}
	// Mocks know nothing of the option that makes outputs secret.
	for _, key := range request.GetAdditionalSecretOutputs() {
		outputs[resource.PropertyKey(key)] = resource.MakeSecret(outputs[resource.PropertyKey(key)])
	}
	m.after[resource.PropertyKey(urn)] = resource.NewObjectProperty(resource.PropertyMap{
		"type": resource.NewStringProperty(args.TypeToken), "outputs": resource.NewObjectProperty(inClear(outputs)),
	})
	return args.Name + "-id", outputs, nil
}

func (m *mocks) urn(parent, token, name string) string {
	var parentType string
	if parent != "" && !strings.Contains(parent, "::pulumi:pulumi:Stack::") {
		parentType = string(resource.URN(parent).QualifiedType()) + "$"
	}
	return fmt.Sprintf("urn:pulumi:%s::inferadb::%s%s::%s", m.stack, parentType, token, name)
}

func (m *mocks) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if strings.HasPrefix(args.Token, "pulumi:pulumi:") {
		return resource.PropertyMap{"outputs": resource.NewObjectProperty(m.before)}, nil
	}
	m.mutex.Lock()
	m.calls = append(m.calls, args)
	m.mutex.Unlock()
	answers := map[string]map[string]any{
		"aws:ec2/getAmi:getAmi":                         {"id": "ami-0123456789abcdef0", "architecture": "arm64", "rootDeviceName": "/dev/xvda"},
		"aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "123456789012"},
		"aws:index/getAvailabilityZones:getAvailabilityZones": {"names": []any{
			"us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-west-1a", "us-west-1c"}},
		"aws:ec2/getVpc:getVpc":                       {"id": "vpc-0123456789abcdef0", "cidrBlock": "10.50.0.0/16"},
		"aws:ec2/getSubnet:getSubnet":                 {"vpcId": "vpc-0123456789abcdef0"},
		"digitalocean:index/getVpc:getVpc":            {"id": ownVPC, "region": "nyc1", "ipRange": "10.50.0.0/16"},
		"aws:ec2/getSecurityGroups:getSecurityGroups": {"ids": []any{}},
		"aws:ec2/getInstances:getInstances":           {"ids": []any{}},
		"digitalocean:index/getSshKeys:getSshKeys":    {"sshKeys": []any{}},
		"digitalocean:index/getDroplets:getDroplets":  {"droplets": []any{}},
	}
	answer, ok := answers[args.Token]
	if strings.HasPrefix(args.Token, "gcp:") {
		answer, ok = answerOfGoogleCloud(args), true
	}
	if !ok {
		return nil, fmt.Errorf("no answer to %s", args.Token)
	}
	outputs := args.Args.Copy()
	if args.Token == "aws:ec2/getSubnet:getSubnet" {
		id := args.Args["id"].StringValue()
		answer["cidrBlock"] = "10.50." + id[len(id)-1:] + ".0/24"
		answer["availabilityZone"] = map[byte]string{'0': "us-east-1a", '1': "us-east-1b", '2': "us-east-1c"}[id[len(id)-1]]
	}
	for key, value := range answer {
		outputs[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
	}
	return outputs, nil
}

// computed are the outputs that the program reads and that a cloud would compute.
func computed(args pulumi.MockResourceArgs, n int) map[string]any {
	if strings.HasPrefix(args.TypeToken, "digitalocean:") {
		return computedByDigitalOcean(args, n)
	}
	if strings.HasPrefix(args.TypeToken, "gcp:") {
		return computedByGoogleCloud(args, n)
	}
	switch args.TypeToken {
	case "talos:machine/secrets:Secrets":
		return mockSecrets()
	case "talos:cluster/kubeconfig:Kubeconfig":
		return map[string]any{"kubeconfigRaw": mockKubeconfig()}
	case "talos:machine/configurationApply:ConfigurationApply":
		return map[string]any{"machineConfiguration": args.Inputs["machineConfigurationInput"]}
	case "aws:ec2/networkInterface:NetworkInterface":
		return map[string]any{"privateIp": fmt.Sprintf("10.101.0.%d", n)}
	case "aws:ec2/eip:Eip":
		return map[string]any{"publicIp": fmt.Sprintf("198.51.100.%d", n)}
	case "aws:ec2/instance:Instance":
		return map[string]any{"availabilityZone": "us-east-1a"}
	case "aws:ec2/subnet:Subnet":
		return map[string]any{"availabilityZone": args.Inputs["availabilityZone"].StringValue()}
	case "aws:ec2/launchTemplate:LaunchTemplate":
		return map[string]any{"latestVersion": 1.0, "arn": "arn:aws:ec2:::launch-template/" + args.Name}
	case "aws:lb/loadBalancer:LoadBalancer":
		return map[string]any{"dnsName": args.Name + ".elb.amazonaws.com", "arn": "arn:aws:elasticloadbalancing:::" + args.Name, "zoneId": "Z0"}
	case "aws:autoscaling/group:Group":
		return map[string]any{"name": args.Name + "-0000000"}
	case "aws:sqs/queue:Queue":
		return map[string]any{"url": "https://sqs.mock/" + args.Name, "arn": "arn:aws:sqs:::" + args.Name}
	case "aws:cloudwatch/logGroup:LogGroup":
		return map[string]any{"arn": "arn:aws:logs:::log-group:" + args.Name}
	case "aws:route53/zone:Zone":
		return map[string]any{"zoneId": "Z1"}
	default:
		return map[string]any{"arn": "arn:aws:::" + args.Name, "name": args.Name + "-0000000", "keyId": args.Name}
	}
}

// mockSecrets is a real secrets bundle, made once: keys take time.
var mockSecrets = sync.OnceValue(func() map[string]any {
	bundle, err := secrets.NewBundle(secrets.NewFixedClock(secrets.NewClock().Now()), config.TalosVersion1_12)
	if err != nil {
		panic(err)
	}
	pair := func(crt, key []byte) map[string]any {
		return map[string]any{"cert": base64Of(crt), "key": base64Of(key)}
	}
	return map[string]any{
		"talosVersion": "v1.12.1",
		"machineSecrets": map[string]any{
			"certs": map[string]any{
				"etcd":              pair(bundle.Certs.Etcd.Crt, bundle.Certs.Etcd.Key),
				"k8s":               pair(bundle.Certs.K8s.Crt, bundle.Certs.K8s.Key),
				"k8sAggregator":     pair(bundle.Certs.K8sAggregator.Crt, bundle.Certs.K8sAggregator.Key),
				"k8sServiceaccount": map[string]any{"key": base64Of(bundle.Certs.K8sServiceAccount.Key)},
				"os":                pair(bundle.Certs.OS.Crt, bundle.Certs.OS.Key),
			},
			"cluster":    map[string]any{"id": bundle.Cluster.ID, "secret": bundle.Cluster.Secret},
			"secrets":    map[string]any{"bootstrapToken": bundle.Secrets.BootstrapToken, "secretboxEncryptionSecret": bundle.Secrets.SecretboxEncryptionSecret},
			"trustdinfo": map[string]any{"token": bundle.TrustdInfo.Token},
		},
		"clientConfiguration": map[string]any{
			"caCertificate": base64Of(bundle.Certs.OS.Crt), "clientCertificate": base64Of(bundle.Certs.OS.Crt), "clientKey": base64Of(bundle.Certs.OS.Key),
		},
	}
})

func mockKubeconfig() string {
	c := api.NewConfig()
	c.Clusters["mock"] = &api.Cluster{Server: "https://api.internal:6443"}
	c.AuthInfos["admin@mock"] = &api.AuthInfo{Token: "mock"}
	c.Contexts["admin@mock"] = &api.Context{Cluster: "mock", AuthInfo: "admin@mock"}
	c.CurrentContext = "admin@mock"
	data, err := clientcmd.Write(*c)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// TestGraphGolden shows each environment's graph as a text that a reviewer can read: a resource a line, with what it
// waits for.
func TestGraphGolden(t *testing.T) {
	for _, provider := range []string{"aws", "digitalocean", "gcp"} {
		for _, stack := range []string{"dev", "staging", "production"} {
			t.Run(provider+"/"+stack, func(t *testing.T) {
				g := build(t, stack, stackFile(t, stack, map[string]string{"provider": provider}))
				path := filepath.Join(root, "testdata", "graph", provider+"-"+stack+".golden")
				got := g.render("inferadb-" + stack + "-nyc1")
				if *update {
					require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
				}
				want, err := os.ReadFile(path)
				require.NoError(t, err)
				assert.Equal(t, string(want), got, "run: go test ./tests/graph -run TestGraphGolden -update")
			})
		}
	}
}

// TestAPreviewRegistersWhatAnUpdateDoes fails when a resource is made inside an Apply: a preview, to which the
// values are unknown, would not show it.
func TestAPreviewRegistersWhatAnUpdateDoes(t *testing.T) {
	preview := func(info *pulumi.RunInfo) { info.DryRun = true }
	for _, provider := range []string{"aws", "gcp", "digitalocean"} {
		for _, stack := range []string{"dev", "staging", "production"} {
			t.Run(provider+"/"+stack, func(t *testing.T) {
				settings := stackFile(t, stack, map[string]string{"provider": provider})
				previewed, err := tryBuild(stack, settings, preview)
				require.NoError(t, err)
				assert.ElementsMatch(t, slices.Collect(maps.Keys(build(t, stack, settings).nodes)),
					slices.Collect(maps.Keys(previewed.nodes)))
			})
		}
	}
}

// render lists a cluster's resources by type and name, with those that each waits for directly. A name that was cut
// stays cut.
func (g graph) render(cluster string) string {
	short := func(n *node) string {
		kind := n.Type[strings.LastIndex(n.Type, ":")+1:]
		return kind + " " + strings.TrimPrefix(strings.TrimPrefix(n.Name, cluster), "-")
	}
	var lines []string
	for _, n := range g.nodes {
		if !strings.HasSuffix(n.Parent, "::"+cluster) {
			continue
		}
		line := short(n)
		if n.Protect {
			line += " (protected)"
		}
		var after []string
		for _, urn := range n.DependsOn {
			if d := g.nodes[urn]; d != nil && d.Custom && !strings.HasPrefix(d.Type, "pulumi:providers:") {
				after = append(after, short(d))
			}
		}
		slices.Sort(after)
		if len(after) > 0 {
			line += " <- " + strings.Join(slices.Compact(after), ", ")
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// inClear unwraps secrets, as the engine does where a program reads its own stack's state.
func inClear(values resource.PropertyMap) resource.PropertyMap {
	var unwrap func(v resource.PropertyValue) (any, bool)
	unwrap = func(v resource.PropertyValue) (any, bool) {
		if !v.IsSecret() {
			return nil, false
		}
		return v.SecretValue().Element.MapRepl(nil, unwrap), true
	}
	return resource.NewPropertyMapFromMap(values.MapRepl(nil, unwrap))
}

func base64Of(data []byte) string { return base64.StdEncoding.EncodeToString(data) }
