package talos

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/inferadb/infra/simulator/network"
	"go.yaml.in/yaml/v4"
)

// Object is a Kubernetes object that control planes have created. The simulator runs none of its pods.
type Object struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Group of the API; empty for Kubernetes' core.
	Group string `json:"group,omitempty"`
	// Content is the object as the API server keeps it.
	Content json.RawMessage `json:"content,omitempty"`
	// NetworkPlugin marks the DaemonSet that gives the nodes their network.
	NetworkPlugin bool `json:"networkPlugin,omitempty"`
}

// createObjects lets a control plane create what its configuration asks for and the API server does not have yet. It
// never changes or deletes an object.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/controllers/k8s/manifest_apply.go
func (c *clusters) createObjects(n *node) error {
	if !n.controlPlane() || !c.member(n) || c.quorum(n.clusterID()) != nil {
		return nil
	}
	cluster := c.etcd[n.clusterID()]
	digest := manifestsOf(n)
	if slices.Contains(cluster.Created, digest) {
		return nil
	}
	wanted, err := objectsOf(n)
	if err != nil {
		return nil // Talos logs a text that it cannot read, tries again and creates nothing of it.
	}
	complete := true
	for _, m := range wanted {
		switch known := slices.ContainsFunc(cluster.Objects, m.Is); {
		case known:
		case m.Group == "cilium.io" && !hasObject(cluster.Objects, "Deployment", "cilium-operator"):
			complete = false // The kind is not registered.
		case !hasNamespace(cluster.Objects, m.Namespace):
			complete = false // The API server refuses it.
		default:
			cluster.Objects = append(cluster.Objects, m)
		}
	}
	if complete {
		cluster.Created = append(cluster.Created, digest)
	}
	return keep(c.memory, etcds, n.clusterID(), cluster)
}

// Is reports whether two objects are the same one, whatever their content.
func (o Object) Is(other Object) bool {
	return o.Kind == other.Kind && o.Namespace == other.Namespace && o.Name == other.Name
}

// SetObject keeps an object as a client has left it.
func SetObject(memory Memory, cluster string, changed Object) error {
	return changeObjects(memory, cluster, func(objects []Object) []Object {
		if i := slices.IndexFunc(objects, changed.Is); i >= 0 {
			changed.NetworkPlugin = objects[i].NetworkPlugin
			objects[i] = changed
			return objects
		}
		return append(objects, changed)
	})
}

// DeleteObject forgets an object that a client has deleted. Control planes do not create it again.
func DeleteObject(memory Memory, cluster string, gone Object) error {
	return changeObjects(memory, cluster, func(objects []Object) []Object {
		return slices.DeleteFunc(objects,
			gone.Is)
	})
}

func changeObjects(memory Memory, cluster string, change func([]Object) []Object) error {
	known, err := recall[etcd](memory, etcds, cluster)
	if err != nil || known == nil {
		return err
	}
	known.Objects = change(known.Objects)
	return keep(memory, etcds, cluster, known)
}

func hasObject(objects []Object, kind, name string) bool {
	return slices.ContainsFunc(objects, func(o Object) bool { return o.Kind == kind && o.Name == name })
}

// hasNamespace reports whether the API server has the namespace: made with the cluster, or by a manifest.
func hasNamespace(objects []Object, name string) bool {
	return slices.Contains([]string{"", "default", "kube-node-lease", "kube-public", "kube-system"}, name) ||
		hasObject(objects, "Namespace", name)
}

// manifestsOf returns a digest of everything that objectsOf reads.
func manifestsOf(n *node) string {
	network := n.config.Cluster().Network().CNI().Name()
	if n.config.Cluster().Proxy().Enabled() {
		network += " kube-proxy"
	}
	sum := sha256.New()
	io.WriteString(sum, network)
	for _, inline := range n.config.Cluster().InlineManifests() {
		io.WriteString(sum, "\n"+inline.Name()+"\n"+inline.Contents())
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// parsed remembers what the objects of a configuration are: the manifests of a network plugin take a while to read.
var parsed sync.Map

// objectsOf returns what a control plane creates: what Talos renders, and the inline manifests in the order of their
// names, namespaces before everything else.
func objectsOf(n *node) ([]Object, error) {
	key := sha256.Sum256([]byte(n.disk.Talos + "\n" + n.disk.Config))
	if known, ok := parsed.Load(key); ok {
		return slices.Clone(known.([]Object)), nil
	}
	list, err := readObjects(n)
	if err == nil {
		parsed.Store(key, slices.Clone(list))
	}
	return list, err
}

func readObjects(n *node) ([]Object, error) {
	list, err := renderedObjects(n)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	var names []string
	for _, inline := range n.config.Cluster().InlineManifests() {
		texts[inline.Name()] = inline.Contents()
		names = append(names, inline.Name())
	}
	slices.Sort(names)
	for _, name := range names {
		found, err := parseManifests(texts[name])
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	slices.SortStableFunc(list, func(a, b Object) int { return rank(a) - rank(b) })
	return list, nil
}

func rank(o Object) int {
	if o.Kind == "Namespace" {
		return 0
	}
	return 1
}

func parseManifests(text string) ([]Object, error) {
	var list []Object
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var document yaml.Node
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, err
		}
		var object struct {
			APIVersion string `yaml:"apiVersion"`
			Kind       string `yaml:"kind"`
			Metadata   struct{ Name, Namespace string }
			Spec       yaml.Node
		}
		if err := document.Decode(&object); err != nil {
			return nil, err
		}
		if object.Kind == "" {
			continue
		}
		var content map[string]any
		if err := document.Decode(&content); err != nil {
			return nil, err
		}
		encoded, err := json.Marshal(content)
		if err != nil {
			return nil, err
		}
		group, _, versioned := strings.Cut(object.APIVersion, "/")
		if !versioned {
			group = ""
		}
		list = append(list, Object{
			Kind: object.Kind, Namespace: object.Metadata.Namespace, Name: object.Metadata.Name, Group: group,
			Content:       encoded,
			NetworkPlugin: object.Kind == "DaemonSet" && configuresNetwork(object.Spec),
		})
	}
}

// configuresNetwork reports whether pods of the DaemonSet write the configuration by which the container runtime calls
// a network plugin.
func configuresNetwork(spec yaml.Node) bool {
	var content struct {
		Template struct {
			Spec struct {
				HostNetwork bool `yaml:"hostNetwork"`
				Volumes     []struct {
					HostPath struct{ Path string } `yaml:"hostPath"`
				}
			}
		}
	}
	if spec.Decode(&content) != nil || !content.Template.Spec.HostNetwork {
		return false
	}
	for _, volume := range content.Template.Spec.Volumes {
		if volume.HostPath.Path == "/etc/cni/net.d" {
			return true
		}
	}
	return false
}

// networkPlugin returns the DaemonSet that gives a cluster's nodes their network; empty if there is none.
func (c *clusters) networkPlugin(cluster string) string {
	if known := c.etcd[cluster]; known != nil {
		for _, object := range known.Objects {
			if object.NetworkPlugin {
				return object.Namespace + "/" + object.Name
			}
		}
	}
	return ""
}

// Objects returns what the control planes of each cluster have created, by the cluster's name.
func Objects(clouds network.Network, memory Memory) (map[string][]Object, error) {
	c, err := observe(clouds, memory)
	if err != nil {
		return nil, err
	}
	objects := map[string][]Object{}
	for _, n := range c.nodes {
		if n.controlPlane() && c.etcd[n.clusterID()] != nil {
			objects[c.name(n)] = c.etcd[n.clusterID()].Objects
		}
	}
	return objects, nil
}
