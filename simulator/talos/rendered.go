package talos

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/constants"
)

// content is a Kubernetes object.
type content = map[string]any

// Rendered returns the manifests that a control plane renders from its version of Talos and its configuration, by their
// names. The texts are shorter than Talos' own, and every release of Talos has a CoreDNS and a flannel of its own here.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/k8s/manifest.go
func Rendered(c config.Provider, version string) map[string][]map[string]any {
	token := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	all := map[string][]map[string]any{
		"00-kubelet-bootstrapping-token": {{
			"apiVersion": "v1", "kind": "Secret", "metadata": inSystem("bootstrap-token-" + c.Cluster().Token().ID()),
			"type": "bootstrap.kubernetes.io/token",
			"data": content{"token-id": token(c.Cluster().Token().ID()),
				"token-secret": token(c.Cluster().Token().Secret())},
		}},
	}
	if c.Cluster().CoreDNS().Enabled() {
		all["11-core-dns"] = []map[string]any{
			account("coredns"),
			{"apiVersion": "v1", "kind": "ConfigMap", "metadata": inSystem("coredns"), "data": content{
				"Corefile": ".:53 {\n    kubernetes " + c.Cluster().Network().DNSDomain() +
					"\n    forward . /etc/resolv.conf\n}\n",
			}},
			podsOf("Deployment", "coredns", "registry.k8s.io/coredns/coredns:"+version, content{},
				content{"replicas": 2}),
		}
		all["11-core-dns-svc"] = []map[string]any{{
			"apiVersion": "v1", "kind": "Service", "metadata": inSystem("kube-dns"),
			"spec": content{"selector": content{"k8s-app": "coredns"},
				"ports": []any{content{"name": "dns", "port": 53, "protocol": "UDP"}}},
		}}
	}
	if c.Cluster().Network().CNI().Name() == constants.FlannelCNI {
		plugin := content{"name": "cni", "hostPath": content{"path": "/etc/cni/net.d"}}
		all["05-flannel"] = []map[string]any{
			account("flannel"),
			podsOf("DaemonSet", "kube-flannel", "ghcr.io/siderolabs/flannel:"+version,
				content{"hostNetwork": true, "volumes": []any{plugin}}, content{}),
		}
	}
	if c.Cluster().Proxy().Enabled() {
		all["10-kube-proxy"] = []map[string]any{
			podsOf("DaemonSet", "kube-proxy", c.Cluster().Proxy().Image(), content{"hostNetwork": true},
				content{}), account("kube-proxy"),
		}
	}
	return all
}

func inSystem(name string) content { return content{"name": name, "namespace": "kube-system"} }

func account(name string) content {
	return content{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": inSystem(name)}
}

// podsOf returns a workload of one container. Its pods carry its name.
func podsOf(kind, name, image string, pods, spec content) content {
	label := content{"k8s-app": name}
	pods["containers"] = []any{content{"name": name, "image": image}}
	spec["selector"] = content{"matchLabels": label}
	spec["template"] = content{"metadata": content{"labels": label}, "spec": pods}
	metadata := inSystem(name)
	metadata["labels"] = label
	return content{"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}
}

// renderedObjects returns the objects of what a machine renders.
func renderedObjects(n *node) ([]Object, error) {
	manifests := Rendered(n.config, n.disk.Talos)
	var list []Object
	for _, name := range slices.Sorted(maps.Keys(manifests)) {
		for _, c := range manifests[name] {
			text, err := json.Marshal(c)
			if err != nil {
				return nil, err
			}
			// JSON is YAML.
			found, err := parseManifests(string(text))
			if err != nil {
				return nil, err
			}
			list = append(list, found...)
		}
	}
	return list, nil
}

// schematicOf returns the schematic of an installer image of Talos' Image Factory; empty for an image from elsewhere.
func schematicOf(image string) string {
	image, _, _ = strings.Cut(image, ":")
	id := image[strings.LastIndex(image, "/")+1:]
	if len(id) != 64 || strings.Trim(id, "0123456789abcdef") != "" {
		return ""
	}
	return id
}
