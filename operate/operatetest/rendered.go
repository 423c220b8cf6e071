package operatetest

import (
	"context"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/cosi-project/runtime/pkg/safe"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/siderolabs/talos/pkg/machinery/config"
	talosconfig "github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	configresource "github.com/siderolabs/talos/pkg/machinery/resources/config"
	"github.com/siderolabs/talos/pkg/machinery/resources/k8s"
	"github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// renderer is the owner of what Talos renders.
const renderer = "k8s.ManifestController"

type object = map[string]any

// render lets the node's manifests follow its version and its configuration. Every release of Talos has a CoreDNS of
// its own here.
func (m *machineConfig) render(n *Node) error {
	if n.Components == nil {
		return nil
	}
	ctx, all := context.Background(), state.WrapCore(m.state)
	live, err := safe.StateGetByID[*configresource.MachineConfig](ctx, all, configresource.ActiveID)
	if err != nil {
		return err
	}
	old, err := safe.StateListAll[*k8s.Manifest](ctx, all)
	if err != nil {
		return err
	}
	for manifest := range old.All() {
		if err := all.Destroy(ctx, manifest.Metadata(),
			state.WithDestroyOwner(manifest.Metadata().Owner())); err != nil {
			return err
		}
	}
	for id, objects := range manifestsOf(live.Provider(), n.Talos) {
		manifest := k8s.NewManifest(k8s.ControlPlaneNamespaceName, resource.ID(id))
		for _, o := range objects {
			manifest.TypedSpec().Items = append(manifest.TypedSpec().Items, k8s.SingleManifest{Object: o})
		}
		if err := all.Create(ctx, manifest, state.WithCreateOwner(renderer)); err != nil {
			return err
		}
	}
	extra := k8s.NewManifest(k8s.ControlPlaneNamespaceName, "99-the-stacks-own")
	extra.TypedSpec().Items = []k8s.SingleManifest{{Object: object{"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": object{"name": "not-of-talos"}}}}
	return all.Create(ctx, extra, state.WithCreateOwner("k8s.ExtraManifestController"))
}

// nameExtensions lets the node's resources follow what its image has.
func (m *machineConfig) nameExtensions(n *Node) error {
	ctx, all := context.Background(), state.WrapCore(m.state)
	old, err := safe.StateListAll[*runtime.ExtensionStatus](ctx, all)
	if err != nil {
		return err
	}
	for extension := range old.All() {
		if err := all.Destroy(ctx, extension.Metadata()); err != nil {
			return err
		}
	}
	add := func(name, version string) error {
		extension := runtime.NewExtensionStatus(runtime.NamespaceName, name)
		extension.TypedSpec().Metadata.Name, extension.TypedSpec().Metadata.Version = name, version
		return all.Create(ctx, extension)
	}
	for _, name := range n.Extensions {
		if err := add(name, "v1"); err != nil {
			return err
		}
	}
	if n.Schematic == "" {
		return nil
	}
	return add("schematic", n.Schematic)
}

func manifestsOf(c config.Provider, talos string) map[string][]object {
	all := map[string][]object{
		"00-kubelet-bootstrapping-token": {{"apiVersion": "v1", "kind": "Secret",
			"stringData": object{"token-secret": "hunter3"},
			"metadata":   object{"name": "bootstrap-token", "namespace": "kube-system"}}},
		"11-core-dns": {
			{"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": "coredns", "namespace": "kube-system"},
				"data": object{"Corefile": "forward . /etc/resolv.conf"}},
			workload("Deployment", "coredns", "registry.k8s.io/coredns/coredns:"+talos, object{"replicas": int64(2)}),
		},
	}
	if c.Cluster().Proxy().Enabled() {
		all["10-kube-proxy"] = []object{workload("DaemonSet", "kube-proxy", c.Cluster().Proxy().Image(), object{})}
	}
	if c.Cluster().Network().CNI().Name() == constants.FlannelCNI {
		all["05-flannel"] = []object{workload("DaemonSet", "kube-flannel", "ghcr.io/siderolabs/flannel:"+talos,
			object{})}
	}
	return all
}

func workload(kind, name, image string, spec object) object {
	spec["template"] = object{"spec": object{"containers": []any{object{"name": name, "image": image}}}}
	return object{"apiVersion": "apps/v1", "kind": kind, "metadata": object{"name": name, "namespace": "kube-system"},
		"spec": spec}
}

// installRendered puts what the first control plane renders into the API.
func (c *Cluster) installRendered() {
	live, err := safe.StateGetByID[*configresource.MachineConfig](context.Background(),
		state.WrapCore(c.Nodes[0].config.state), configresource.ActiveID)
	require.NoError(c.t, err)
	for _, objects := range manifestsOf(live.Provider(), c.Nodes[0].Talos) {
		for _, o := range objects {
			c.Install([]*unstructured.Unstructured{{Object: o}})
		}
	}
}

// UseFlannel lets the cluster have flannel and kube-proxy, as Talos has by default.
func (c *Cluster) UseFlannel() {
	for _, n := range c.Nodes[:len(c.Members)] {
		changed, err := n.Config(c.t).PatchV1Alpha1(func(v *talosconfig.Config) error {
			v.ClusterConfig.ProxyConfig = &talosconfig.ProxyConfig{ContainerImage: constants.KubeProxyImage + ":v" +
				c.Kubernetes}
			v.ClusterConfig.ClusterNetwork.CNI = nil
			return nil
		})
		require.NoError(c.t, err)
		text, err := changed.Bytes()
		require.NoError(c.t, err)
		_, err = n.config.apply(context.Background(), text)
		require.NoError(c.t, err)
		require.NoError(c.t, n.config.render(n))
		n.proxy = c.Kubernetes
	}
	c.installRendered()
}

// configuredProxy records that a node's kube-proxy is given another version.
func (c *Cluster) configuredProxy(n *Node, provider config.Provider) {
	if n.Components == nil || !provider.Cluster().Proxy().Enabled() {
		return
	}
	if version := tag(provider.Cluster().Proxy().Image()); version != n.proxy {
		n.proxy = version
		c.record("kube-proxy %s %s", n.Name, version)
	}
}
