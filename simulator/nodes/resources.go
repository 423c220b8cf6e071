package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/impl/inmem"
	"github.com/cosi-project/runtime/pkg/state/impl/namespaced"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/talos/pkg/machinery/resources/config"
	"github.com/siderolabs/talos/pkg/machinery/resources/k8s"
	"github.com/siderolabs/talos/pkg/machinery/resources/network"
	"github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"github.com/siderolabs/talos/pkg/machinery/resources/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// quiet discards what Go's servers log about connections of clients.
var quiet = log.New(io.Discard, "", 0)

func findMessage(name protoreflect.FullName) (protoreflect.MessageType, error) {
	return protoregistry.GlobalTypes.FindMessageByName(name)
}

func newResources() state.State { return state.WrapCore(namespaced.NewState(inmem.Build)) }

// visible returns what clients with these roles see. Not all may see the configuration, because it has secrets.
func visible(all state.CoreState, roles role.Set) state.CoreState {
	return state.Filter(all, func(_ context.Context, access state.Access) error {
		if access.ResourceType == config.MachineConfigType && !roles.Includes(role.Admin) || !access.Verb.Readonly() {
			return status.Error(codes.PermissionDenied, "not authorized")
		}
		return nil
	})
}

// publish lets the node's resources follow its state.
func (n *node) publish() {
	s := n.state()
	ready := runtime.NewMachineStatus()
	ready.TypedSpec().Stage = runtime.MachineStageRunning
	ready.TypedSpec().Status.Ready = s.Joined == ""
	if s.Joined != "" {
		ready.TypedSpec().Status.UnmetConditions = []runtime.UnmetCondition{{Name: "nodeReady", Reason: s.Joined}}
	}
	name := k8s.NewNodename(k8s.NamespaceName, k8s.NodenameID)
	name.TypedSpec().Nodename = s.Name
	host := network.NewHostnameStatus(network.NamespaceName, network.HostnameID)
	host.TypedSpec().Hostname = s.Name
	kubelet := k8s.NewKubeletSpec(k8s.NamespaceName, k8s.KubeletID)
	kubelet.TypedSpec().Image = s.Config.Machine().Kubelet().Image()
	n.put(config.NewMachineConfig(s.Config), s.Document)
	n.put(ready, s.Joined)
	n.put(name, s.Name)
	n.put(host, s.Name)
	n.put(kubelet, kubelet.TypedSpec().Image)
	for _, known := range n.services() {
		service := v1alpha1.NewService(known.Id)
		*service.TypedSpec() = v1alpha1.ServiceSpec{
			Running: known.State == running, Healthy: known.Health.Healthy, Unknown: known.Health.Unknown,
		}
		n.put(service, fmt.Sprint(*service.TypedSpec()))
	}
	if s.Schematic != "" {
		schematic := runtime.NewExtensionStatus(runtime.NamespaceName, "schematic")
		schematic.TypedSpec().Metadata.Name, schematic.TypedSpec().Metadata.Version = "schematic", s.Schematic
		n.put(schematic, s.Schematic)
	}
	if s.ControlPlane {
		n.publishStaticPods()
		n.publishManifests()
	}
}

// renderer owns the manifests that Talos renders.
const renderer = "k8s.ManifestController"

// publishManifests publishes what the control plane renders.
func (n *node) publishManifests() {
	s := n.state()
	rendered := talos.Rendered(s.Config, s.Talos)
	for id, objects := range rendered {
		manifest := k8s.NewManifest(k8s.ControlPlaneNamespaceName, id)
		for _, o := range objects {
			manifest.TypedSpec().Items = append(manifest.TypedSpec().Items, k8s.SingleManifest{Object: o})
		}
		if err := manifest.Metadata().SetOwner(renderer); err != nil {
			n.daemon.logf("%s: %s: %v", n.name, id, err)
			continue
		}
		content, _ := json.Marshal(objects)
		n.put(manifest, string(content))
	}
	for _, known := range n.publishedOf(k8s.ManifestType) {
		if _, is := rendered[known]; !is {
			n.remove(k8s.NewManifest(k8s.ControlPlaneNamespaceName, known))
		}
	}
}

// publishedOf returns the ids of the resources of a type.
func (n *node) publishedOf(of resource.Type) []string {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	var ids []string
	for key := range n.published {
		if id, is := strings.CutPrefix(key, of+"/"); is {
			ids = append(ids, id)
		}
	}
	return ids
}

// remove removes a manifest that is not rendered any more.
func (n *node) remove(r resource.Resource) {
	key := r.Metadata().Type() + "/" + r.Metadata().ID()
	n.mutex.Lock()
	delete(n.published, key)
	n.mutex.Unlock()
	if err := n.resources.Destroy(context.Background(), r.Metadata(), state.WithDestroyOwner(renderer)); err != nil {
		n.daemon.logf("%s: %s: %v", n.name, key, err)
	}
}

// publishStaticPods publishes what the static pods are made from. The pods' annotations have their version.
func (n *node) publishStaticPods() {
	cluster := n.state().Config.Cluster()
	api, controllers, scheduler := k8s.NewAPIServerConfig(), k8s.NewControllerManagerConfig(), k8s.NewSchedulerConfig()
	api.TypedSpec().Image = cluster.APIServer().Image()
	controllers.TypedSpec().Image = cluster.ControllerManager().Image()
	scheduler.TypedSpec().Image = cluster.Scheduler().Image()
	n.put(api, api.TypedSpec().Image)
	n.put(controllers, controllers.TypedSpec().Image)
	n.put(scheduler, scheduler.TypedSpec().Image)
}

// put creates or changes a resource, if its content is another one than before.
func (n *node) put(r resource.Resource, content string) {
	ctx := context.Background()
	key := r.Metadata().Type() + "/" + r.Metadata().ID()
	n.mutex.Lock()
	if n.published == nil {
		n.published = map[string]string{}
	}
	before, known := n.published[key]
	n.published[key] = content
	n.mutex.Unlock()
	var err error
	switch {
	case !known:
		err = n.resources.Create(ctx, r, state.WithCreateOwner(r.Metadata().Owner()))
	case before != content:
		var current resource.Resource
		if current, err = n.resources.Get(ctx, r.Metadata()); err == nil {
			r.Metadata().SetVersion(current.Metadata().Version())
			err = n.resources.Update(ctx, r, state.WithUpdateOwner(r.Metadata().Owner()))
		}
	}
	if err != nil {
		n.daemon.logf("%s: %s: %v", n.name, key, err)
	}
}

// versionOn returns the version of a resource on a node, as the static pods' annotations have it.
func versionOn(n *node, r resource.Resource) string {
	if n == nil {
		return ""
	}
	current, err := n.resources.Get(context.Background(), r.Metadata())
	if err != nil {
		return ""
	}
	return current.Metadata().Version().String()
}
