package machineconfig

import (
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
)

// Manifest is a text of Kubernetes objects that the control planes create once the cluster's API answers. It is too
// large for user data: only the configuration that is applied to a control plane after it booted has it.
//
// Talos creates what is missing, and changes nothing that is there. An upgrade (package operate) updates what is there.
// The manifest sync of `talosctl upgrade-k8s` does so too and, from Talos 1.13 on, deletes objects that are no longer
// in the configuration.
type Manifest struct {
	Name, Contents string
	// Secret says that the stack file keeps the text from readers.
	Secret bool
}

// Texts returns the manifests' texts by their names.
func Texts(manifests []Manifest) map[string]string {
	texts := map[string]string{}
	for _, manifest := range manifests {
		texts[manifest.Name] = manifest.Contents
	}
	return texts
}

// inlineManifests returns the manifests as Talos spells them. The documents of version contract 1.12 have them in the
// main document.
func inlineManifests(manifests []Manifest) v1alpha1.ClusterInlineManifests {
	var inline v1alpha1.ClusterInlineManifests
	for _, manifest := range manifests {
		inline = append(inline, v1alpha1.ClusterInlineManifest{
			InlineManifestName: manifest.Name, InlineManifestContents: manifest.Contents,
		})
	}
	return inline
}

// InlineManifests returns the texts of a configuration's inline manifests by their names.
func InlineManifests(c config.Provider) map[string]string {
	texts := map[string]string{}
	if c.Cluster() != nil {
		for _, manifest := range c.Cluster().InlineManifests() {
			texts[manifest.Name()] = manifest.Contents()
		}
	}
	return texts
}

// checkManifests refuses a patch that changes what the program installs.
func checkManifests(before, after config.Provider) error {
	left := InlineManifests(after)
	for name, text := range InlineManifests(before) {
		if left[name] != text {
			return problem("a patch changes the inline manifest %q, which the program sets", name).
				remedy("give it another name, or remove it from the patch")
		}
	}
	return nil
}
