package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
)

// WireGuard and NoEncryption are the values of podEncryption.
const (
	WireGuard    = "wireguard"
	NoEncryption = "none"
)

// checkPodEncryption refuses the setting without the Cilium that the program installs, and no encryption in
// production.
func (l *loader) checkPodEncryption() {
	const path = "podEncryption"
	encryption := l.stack.PodEncryption
	switch {
	case encryption == "":
		return
	case l.stack.CNI != string(cluster.Cilium):
		l.Reject(
			path,
			"belongs to the Cilium that the program installs, and cni is "+l.stack.CNI,
			"remove it, or set cni: cilium",
		)
	case encryption == NoEncryption && l.profile.hardened:
		l.Reject(
			path,
			"the traffic of pods between machines could be read and changed on its way, which production does not "+
				"allow",
			"remove it, or set cni: none and install Cilium yourself",
		)
	default:
		l.oneOf(path, encryption, WireGuard, NoEncryption)
	}
}

// manifests adds what the control planes of a cluster install: Cilium, and the manifests of the stack file.
func (l *loader) manifests(p *target) {
	l.cilium(p)
	if len(l.bootstrap) == 0 {
		return
	}
	l.checkBootstrapObjects(p)
	p.cluster.Manifests = append(
		p.cluster.Manifests,
		machineconfig.BootstrapManifests(l.bootstrapTexts(), l.encrypted(bootstrapPath))...)
}

// checkBootstrapObjects compares the stack file's objects with what else the cluster has.
func (l *loader) checkBootstrapObjects(p *target) {
	installed := map[machineconfig.Object]bool{}
	namespaces := []string{"default", "kube-node-lease", "kube-public", "kube-system"}
	for _, manifest := range p.cluster.Manifests {
		// The program's own manifests are read by a test.
		objects, _ := machineconfig.Objects(manifest.Contents, true)
		for _, object := range objects {
			installed[object] = true
		}
		namespaces = append(namespaces, namespacesOf(objects)...)
	}
	for _, m := range l.bootstrap {
		namespaces = append(namespaces, namespacesOf(m.objects)...)
	}
	for _, m := range l.bootstrap {
		for _, object := range m.objects {
			switch {
			case installed[object]:
				l.Reject(m.path, fmt.Sprintf("%shas %s, which the program installs with cni: cilium", m.from, object),
					"remove the object, or set cni: none and bring all of Cilium yourself")
			case object.Namespace != "" && !slices.Contains(namespaces, object.Namespace):
				l.Reject(
					m.path,
					fmt.Sprintf(
						"%shas %s, and nothing creates the namespace %s: Talos would retry forever",
						m.from,
						object,
						object.Namespace,
					),
					"add the object of kind Namespace, which is created first",
				)
			}
		}
	}
}

func namespacesOf(objects []machineconfig.Object) []string {
	var names []string
	for _, object := range objects {
		if object.IsNamespace() {
			names = append(names, object.Name)
		}
	}
	return names
}

// cilium adds the Cilium that the program installs.
func (l *loader) cilium(p *target) {
	if p.cluster.CNI != cluster.Cilium {
		return
	}
	version, err := machineconfig.CiliumVersion(p.cluster.KubernetesVersion)
	if err != nil {
		// A version that Talos refuses as well is refused there.
		if machineconfig.CheckVersions(p.cluster.TalosVersion, p.cluster.KubernetesVersion) == nil {
			l.refuseMachineConfig("kubernetesVersion", err)
		}
		return
	}
	if p.cluster.Manifests, err = machineconfig.Cilium(version, l.stack.PodEncryption != NoEncryption); err != nil {
		l.refuseMachineConfig("cni", err)
	}
}

// bootstrapPath is the setting of the manifests that the stack file brings.
const bootstrapPath = "bootstrapManifests"

// bootstrapManifest is one item of bootstrapManifests, read and checked.
type bootstrapManifest struct {
	path string
	// from names the file, if the item is one: "flux.yaml ".
	from    string
	text    string
	objects []machineconfig.Object
}

// readBootstrapManifests reads the stack file's manifests and refuses what no control plane could create, before
// anything is made. Only a text in the stack file itself can be encrypted.
func (l *loader) readBootstrapManifests() {
	isEncrypted := l.encrypted(bootstrapPath)
	owners := map[machineconfig.Object]string{}
	for i, item := range l.stack.BootstrapManifests {
		m := bootstrapManifest{path: fmt.Sprintf("%s[%d]", bootstrapPath, i), text: item}
		name := strings.TrimSpace(item)
		isFile := name != "" && !strings.ContainsAny(name, "\n:{")
		if isFile {
			text, err := readWithin(l.folder, name)
			if err != nil {
				l.Reject(
					m.path,
					err.Error(),
					"name a file by its path from the folder of the stack file, or write the objects behind |",
				)
				continue
			}
			m.from, m.text = name+" ", text
		}
		objects, err := machineconfig.Objects(m.text, isEncrypted && !isFile)
		if err != nil {
			refused := refusal(err)
			l.Reject(m.path, m.from+refused.Problem, refused.Remedy)
			continue
		}
		for _, object := range objects {
			if owner := owners[object]; owner != "" {
				l.Reject(m.path, fmt.Sprintf("%shas %s, as %s does", m.from, object, owner), "keep one of them")
			}
			owners[object] = cmp.Or(owners[object], m.path)
		}
		m.objects = objects
		l.bootstrap = append(l.bootstrap, m)
	}
	if err := machineconfig.CheckBootstrapSize(l.bootstrapTexts()); err != nil {
		refused := refusal(err)
		l.Reject(bootstrapPath, refused.Problem, refused.Remedy)
	}
}

func (l *loader) bootstrapTexts() []string {
	var texts []string
	for _, m := range l.bootstrap {
		texts = append(texts, m.text)
	}
	return texts
}

// readWithin reads a file of the folder, and of no other: what a stack file names is reviewed with it.
func readWithin(folder, name string) (string, error) {
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("%s is not a path inside the folder of the stack file", name)
	}
	root, err := os.OpenRoot(cmp.Or(folder, "."))
	if err != nil {
		return "", err
	}
	defer root.Close()
	text, err := root.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no file %s", name)
	case err != nil:
		return "", fmt.Errorf("%s cannot be read", name)
	}
	return string(text), nil
}
