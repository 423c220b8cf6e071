//go:build apiserver

package apiserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
	"github.com/inferadb/infra/regions"
	machinery "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	kubelet "k8s.io/kubelet/config/v1beta1"
)

const nodes = "/api/v1/nodes"

// pools are one pool of each kind, with labels and taints of their own.
const pools = `[{"name":"data","size":"large","count":3,"workload":"stateful","labels":{"tier":"gold","node.kubernetes.io/disk":"local"},` +
	`"taints":[{"key":"dedicated","value":"db","effect":"NoSchedule"},{"key":"slow","effect":"PreferNoSchedule"}]},` +
	`{"name":"web","size":"small","min":1,"max":4,"taints":[{"key":"web","effect":"NoExecute"}]}]`

// topology is what an applied configuration of a named node has in addition.
var topology = map[string]string{
	machineconfig.ZoneLabel: "us-east-1a", machineconfig.RegionLabel: "us-east-1", machineconfig.InstanceTypeLabel: "m6i.large",
}

// registration is the node with which the kubelet of a worker registers.
func registration(t *testing.T, name string, worker machinery.Provider) *corev1.Node {
	t.Helper()
	var settings kubelet.KubeletConfiguration
	given := worker.Machine().Kubelet().ExtraConfig()
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(given, &settings, true))
	return &corev1.Node{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		}},
		Spec: corev1.NodeSpec{Taints: settings.RegisterWithTaints},
	}
}

// get returns the node as the client sees it.
func get(t *testing.T, client *rest.RESTClient, name string) *corev1.Node {
	t.Helper()
	var node corev1.Node
	require.NoError(t, client.Get().AbsPath(nodes, name).Do(t.Context()).Into(&node))
	return &node
}

// put updates a node as Talos does, which sends labels and taints in one update.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/k8s/node_apply.go
func put(t *testing.T, client *rest.RESTClient, node *corev1.Node) error {
	t.Helper()
	return client.Put().AbsPath(nodes, node.Name).Body(node).Do(t.Context()).Error()
}

// TestWorkersJoin registers a node of each pool on each cloud with the rights of its own kubelet, and gives it its
// labels.
func TestWorkersJoin(t *testing.T) {
	s := production(t)
	bundle := newBundle(t)
	for _, provider := range regions.Providers() {
		wanted := pools
		capabilities, err := regions.CapabilitiesOf(provider)
		require.NoError(t, err)
		if !capabilities.ScalingGroups {
			wanted = strings.Replace(pools, `"min":1,"max":4`, `"count":2`, 1)
		}
		c := resolved(t, map[string]string{"inferadb:provider": string(provider), "inferadb:pools": wanted})
		require.Len(t, c.Pools, 2)
		for _, pool := range c.Pools {
			t.Run(fmt.Sprint(provider, " ", pool.Name), func(t *testing.T) {
				in := c.WorkerConfiguration(pool)
				in.Topology = topology
				worker := generate(t, in, bundle)
				name := fmt.Sprint(provider, "-", pool.Name)
				own := s.kubelet(t, name)
				require.NoError(t, own.Post().AbsPath(nodes).Body(registration(t, name, worker)).Do(
					t.Context()).Error())

				node := get(t, own, name)
				for label, value := range worker.Machine().NodeLabels() {
					node.Labels[label] = value
				}
				require.NoError(t, put(t, own, node))

				node = get(t, own, name)
				assert.Equal(t, pool.Name, node.Labels[cluster.LabelPool])
				assert.Equal(t, "us-east-1a", node.Labels[machineconfig.ZoneLabel])
				for _, taint := range pool.Taints {
					assert.Contains(t, node.Spec.Taints,
						corev1.Taint{Key: taint.Key, Value: taint.Value, Effect: corev1.TaintEffect(taint.Effect)})
				}

				// The same in one step, as a kubelet with --node-labels does.
				both := registration(t, name+"-2", worker)
				both.Labels = node.Labels
				both.Labels[corev1.LabelHostname] = both.Name
				assert.NoError(t, s.kubelet(t, both.Name).Post().AbsPath(nodes).Body(both).Do(t.Context()).Error())
			})
		}
	}
}

// TestANodeIsRestricted tries what the program builds upon: a worker changes neither its taints once it is registered,
// nor its role, nor another node.
func TestANodeIsRestricted(t *testing.T) {
	s := production(t)
	c := resolved(t, map[string]string{"inferadb:pools": pools})
	worker := generate(t, c.WorkerConfiguration(c.Pools[0]), newBundle(t))
	for _, name := range []string{"w1", "w2"} {
		require.NoError(t, s.kubelet(t, name).Post().AbsPath(nodes).Body(registration(t, name, worker)).Do(
			t.Context()).Error())
	}
	own := s.kubelet(t, "w1")
	for _, test := range []struct {
		name, node, want string
		change           func(*corev1.Node)
	}{
		{"a taint more", "w1", `node "w1" is not allowed to modify taints`,
			func(n *corev1.Node) {
				n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "more", Effect: corev1.TaintEffectNoSchedule})
			}},
		{"no taints", "w1", `node "w1" is not allowed to modify taints`, func(n *corev1.Node) { n.Spec.Taints = nil }},
		{"a role", "w1", "is not allowed to modify labels: node-role.kubernetes.io/worker",
			func(n *corev1.Node) { n.Labels["node-role.kubernetes.io/worker"] = "" }},
		{"a label that restricts nodes", "w1", "is not allowed to modify labels: node-restriction.kubernetes.io/trusted",
			func(n *corev1.Node) { n.Labels["node-restriction.kubernetes.io/trusted"] = "true" }},
		{"another node", "w2", `node "w1" is not allowed to modify node "w2"`, func(n *corev1.Node) { n.Labels["tier"] = "gold" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			node := get(t, s.admin(t), test.node)
			test.change(node)
			err := put(t, own, node)
			assert.True(t, apierrors.IsForbidden(err), "%v", err)
			assert.ErrorContains(t, err, test.want)
			// It is the node's rights that lack, and nothing of the object.
			assert.NoError(t, put(t, s.admin(t), node))
		})
	}
	_, err := own.Get().AbsPath(nodes).Do(t.Context()).Raw()
	assert.True(t, apierrors.IsForbidden(err), "the list of all nodes: %v", err)
}

// TestTheProgramKnowsWhichLabelsAWorkerMayHave holds the check of labels to the server: what passes it joins.
func TestTheProgramKnowsWhichLabelsAWorkerMayHave(t *testing.T) {
	s := production(t)
	bundle := newBundle(t)
	c := resolved(t, nil)
	in := c.WorkerConfiguration(c.Pools[0])
	own := s.kubelet(t, "w1")
	require.NoError(t, own.Post().AbsPath(nodes).Body(registration(t, "w1", generate(t, in, bundle))).Do(
		t.Context()).Error())
	passed, refused := 0, 0
	for _, label := range []string{
		"tier", "example.com/tier", "inferadb.com/anything", "notkubernetes.io/tier",
		"node.kubernetes.io/tier", "sub.node.kubernetes.io/tier", "kubelet.kubernetes.io/tier", "sub.kubelet.kubernetes.io/tier",
		machineconfig.ZoneLabel, machineconfig.RegionLabel, machineconfig.InstanceTypeLabel, "topology.kubernetes.io/rack",
		"node-role.kubernetes.io/db", "node-restriction.kubernetes.io/db", "sub.node-restriction.kubernetes.io/db",
		"kubernetes.io/tier", "k8s.io/tier", "example.k8s.io/tier",
	} {
		in.Labels = map[string]string{label: "x"}
		_, err := machineconfig.Generate(in, bundle)
		node := get(t, own, "w1")
		node.Labels[label] = "x"
		answer := put(t, own, node)
		if err != nil {
			refused++
			assert.True(t, apierrors.IsForbidden(answer), "the program refuses %s, and the server does not: %v", label, answer)
			continue
		}
		passed++
		assert.NoError(t, answer, "the program takes %s", label)
	}
	assert.Positive(t, passed)
	assert.Positive(t, refused)
}
