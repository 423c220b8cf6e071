package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/engine"
)

// values is what Talos and the program need of Cilium. docs/next-steps.md shows the same file to whoever installs
// Cilium with Helm.
//
//go:embed values.yaml
var values []byte

// kubernetes is the version that the chart is rendered for. The result is the same for every version that Cilium
// supports.
const kubernetes = "v1.35.0"

// releaseName and namespace are those of a Helm release that may adopt the objects later.
const releaseName, namespace = "cilium", "kube-system"

// render returns the manifests of a release, always the same for the same release: a header and the objects in the
// order of their kinds and names.
func render(release release, encrypted bool) (string, error) {
	loaded, err := loadChart(release)
	if err != nil {
		return "", err
	}
	settings, err := settingsOf(release, encrypted)
	if err != nil {
		return "", err
	}
	capabilities := common.DefaultCapabilities.Copy()
	version, err := common.ParseKubeVersion(kubernetes)
	if err != nil {
		return "", err
	}
	capabilities.KubeVersion = *version
	all, err := util.ToRenderValues(loaded, settings,
		common.ReleaseOptions{Name: releaseName, Namespace: namespace, Revision: 1, IsInstall: true}, capabilities)
	if err != nil {
		return "", fmt.Errorf("cilium %s: %w", release.version, err)
	}
	files, err := engine.Render(loaded, all)
	if err != nil {
		return "", fmt.Errorf("cilium %s: %w", release.version, err)
	}
	var objects []map[string]any
	for name, text := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			continue
		}
		found, err := parse(text)
		if err != nil {
			return "", fmt.Errorf("cilium %s: %s: %w", release.version, name, err)
		}
		objects = append(objects, found...)
	}
	return format(release, objects)
}

// settingsOf returns the values for a release: the common ones, with its own digests.
func settingsOf(release release, encrypted bool) (map[string]any, error) {
	var settings map[string]any
	if err := yaml.Unmarshal(values, &settings); err != nil {
		return nil, fmt.Errorf("values.yaml: %w", err)
	}
	settings["encryption"] = map[string]any{"enabled": encrypted, "type": "wireguard"}
	settings["image"] = map[string]any{"digest": release.agent, "useDigest": true}
	settings["operator"] = map[string]any{
		"image": map[string]any{"genericDigest": release.operator, "useDigest": true}, "rollOutPods": true,
	}
	return settings, nil
}

// parse reads the objects of one rendered file. A template that was switched off leaves none.
func parse(text string) ([]map[string]any, error) {
	var objects []map[string]any
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var object map[string]any
		switch err := decoder.Decode(&object); {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, err
		}
		if len(object) > 0 {
			objects = append(objects, object)
		}
	}
}

const header = `# Cilium %s for Talos, rendered by tools/cilium (make cilium). Do not edit.
# Cilium is licensed under the Apache License 2.0: https://github.com/cilium/cilium/blob/v%s/LICENSE
`

// format marks the objects as those of a Helm release, so that Helm, and Flux with it, adopt them instead of refusing
// to install over them (https://helm.sh/docs/topics/charts_tips_and_tricks/), and writes them in a fixed order.
func format(release release, objects []map[string]any) (string, error) {
	slices.SortFunc(objects, func(a, b map[string]any) int { return strings.Compare(key(a), key(b)) })
	var out bytes.Buffer
	fmt.Fprintf(&out, header, release.version, release.version)
	for _, object := range objects {
		metadata, _ := object["metadata"].(map[string]any)
		set(metadata, "labels", "app.kubernetes.io/managed-by", "Helm")
		set(metadata, "annotations", "meta.helm.sh/release-name", releaseName)
		set(metadata, "annotations", "meta.helm.sh/release-namespace", namespace)
		out.WriteString("---\n")
		encoder := yaml.NewEncoder(&out)
		encoder.SetIndent(2)
		if err := encoder.Encode(object); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

// kinds are those that other objects need first; the rest follows in alphabetical order.
var kinds = []string{
	"Namespace",
	"ServiceAccount",
	"ConfigMap",
	"ClusterRole",
	"ClusterRoleBinding",
	"Role",
	"RoleBinding",
}

func key(object map[string]any) string {
	kind, _ := object["kind"].(string)
	metadata, _ := object["metadata"].(map[string]any)
	rank := slices.Index(kinds, kind)
	if rank < 0 {
		rank = len(kinds)
	}
	return fmt.Sprintf("%d %s %v %v", rank, kind, metadata["namespace"], metadata["name"])
}

func set(metadata map[string]any, field, key, value string) {
	entries, _ := metadata[field].(map[string]any)
	if entries == nil {
		entries = map[string]any{}
	}
	entries[key] = value
	metadata[field] = entries
}
