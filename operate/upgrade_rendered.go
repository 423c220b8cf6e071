package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cosi-project/runtime/pkg/safe"
	"github.com/inferadb/infra/machineconfig"
	"github.com/siderolabs/talos/pkg/machinery/client"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/resources/k8s"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// renderer owns the manifests that Talos renders by itself; those of the configuration have another owner.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/k8s/manifest.go
const renderer = "k8s.ManifestController"

// renderedBy returns the objects that a control plane renders from its version of Talos and its configuration: CoreDNS,
// kube-proxy and flannel if they are not disabled, and what nodes need to join. Talos creates them, and does not change
// them again by itself.
func renderedBy(ctx context.Context, c *client.Client) ([]*unstructured.Unstructured, error) {
	list, err := safe.StateListAll[*k8s.Manifest](ctx, c.COSI)
	if err != nil {
		return nil, err
	}
	var own []*k8s.Manifest
	for manifest := range list.All() {
		if manifest.Metadata().Owner() == renderer {
			own = append(own, manifest)
		}
	}
	slices.SortFunc(own, func(a, b *k8s.Manifest) int { return strings.Compare(a.Metadata().ID(), b.Metadata().ID()) })
	var objects []*unstructured.Unstructured
	for _, manifest := range own {
		for _, item := range manifest.TypedSpec().Items {
			// The client's numbers are not those that the library of Kubernetes takes.
			text, err := json.Marshal(item.Object)
			if err != nil {
				return nil, err
			}
			object := &unstructured.Unstructured{}
			if err := object.UnmarshalJSON(text); err != nil {
				return nil, err
			}
			unstructured.RemoveNestedField(object.Object, "metadata", "creationTimestamp")
			objects = append(objects, object)
		}
	}
	return objects, nil
}

// proxyOf returns the version of kube-proxy among the objects; empty if it is not there.
func proxyOf(objects []*unstructured.Unstructured) string {
	for _, object := range objects {
		if object.GetKind() == "DaemonSet" && object.GetName() == proxyName {
			for _, image := range (&manifestChange{wanted: object}).images() {
				return strings.TrimPrefix(machineconfig.ImageTag(image), "v")
			}
		}
	}
	return ""
}

// readRendered puts into the observation what each control plane renders.
func (r *upgradeRun) readRendered(ctx context.Context, o *Observation) error {
	for _, n := range o.ControlPlanes() {
		if n.TalosError != "" {
			continue
		}
		var err error
		if n.rendered, err = r.renderedOn(context.WithoutCancel(ctx), o, n); err != nil {
			return fmt.Errorf("%s: the manifests of its Talos cannot be read: %s", n.Name, reason(err))
		}
	}
	return nil
}

// renderedOn waits for a control plane that has just booted and has rendered nothing yet.
func (r *upgradeRun) renderedOn(ctx context.Context, o *Observation, n *Node) ([]*unstructured.Unstructured, error) {
	limited, cancel := context.WithTimeout(ctx, r.op.Limit)
	defer cancel()
	c, asking := r.way(limited, o, n.Machine)
	for {
		objects, err := renderedBy(asking, c)
		if err != nil || len(objects) > 0 {
			return objects, err
		}
		if pause(limited, r.Poll) != nil {
			return nil, errors.New("it has rendered none")
		}
	}
}

// compareRendered puts into the observation what the cluster does not have as its control planes render it.
func (r *upgradeRun) compareRendered(ctx context.Context, o *Observation) error {
	i := slices.IndexFunc(o.ControlPlanes(), func(n *Node) bool { return len(n.rendered) > 0 })
	if r.rendered || o.APIError != "" || i < 0 {
		return nil
	}
	var all []*manifestChange
	for _, object := range o.ControlPlanes()[i].rendered {
		all = append(all, &manifestChange{wanted: object.DeepCopy(), origin: ofTalos,
			secret: object.GetKind() == "Secret"})
	}
	changes, err := r.changes(ctx, o, all)
	r.rendered = err == nil && changes == 0 && len(o.plan(r.Target)) == 0
	return err
}

// describeRendered returns what is not known about the objects that Talos renders until the steps are done.
func (o *Observation) describeRendered(steps []step) []string {
	for _, s := range steps {
		if s.kind == configureProxy || s.kind == upgradeTalos && o.Node(s.node).ControlPlane {
			return []string{"then what Talos itself installs, such as CoreDNS, as the control planes render " +
				"it by then; nothing is deleted"}
		}
	}
	return nil
}

// syncRendered brings the objects in line that Talos renders, as `talosctl upgrade-k8s --manifests-no-prune` does.
// https://github.com/siderolabs/talos/blob/v1.13.9/pkg/cluster/kubernetes/talos_managed.go
func (r *upgradeRun) syncRendered(ctx context.Context, o *Observation) error {
	changes := o.syncable(true)
	if err := r.pullManifestImages(ctx, o, changes); err != nil {
		return err
	}
	err := r.sync(ctx, o, changes)
	r.rendered = err == nil
	return err
}

// proxy gives a control plane the image of kube-proxy, and waits until its Talos renders it. No pod changes by that.
func (r *upgradeRun) proxy(ctx context.Context, o *Observation, n *Node) error {
	err := r.configure(ctx, o, n, func(c *v1alpha1.Config) error {
		if c.ClusterConfig == nil {
			return errors.New("its configuration has no cluster")
		}
		if c.ClusterConfig.ProxyConfig == nil {
			c.ClusterConfig.ProxyConfig = &v1alpha1.ProxyConfig{}
		}
		c.ClusterConfig.ProxyConfig.ContainerImage = proxyImage(r.Target.Kubernetes)
		return nil
	})
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, r.Node)
	defer cancel()
	c, asking := r.way(limited, o, n.Machine)
	for {
		objects, err := renderedBy(asking, c)
		if err == nil && proxyOf(objects) == r.Target.Kubernetes {
			return nil
		}
		if pause(limited, r.Poll) != nil {
			return fmt.Errorf("its Talos did not render %s %s in %s; look at: talosctl -n %s get "+
				"manifests 10-kube-proxy -o yaml",
				proxyName, r.Target.Kubernetes, r.Node, n.Address)
		}
	}
}

func proxyImage(kubernetes string) string { return constants.KubeProxyImage + ":v" + kubernetes }
