package machineconfig

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// The sizes that the stack's manifests may have.
const (
	// maxObject is the largest request that etcd accepts by default:
	// https://etcd.io/docs/v3.6/dev-guide/limits/
	maxObject = 1536 << 10
	// maxBootstrapManifests keeps the configuration far below the 32 MiB of a message to the Talos API
	// (https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/apid/service.go), and the state small:
	// it has the configuration twice for each control plane.
	maxBootstrapManifests = 4 << 20
)

// Object identifies a Kubernetes object, whichever version of its kind a text is written in.
type Object struct{ Group, Kind, Namespace, Name string }

func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// bootstrapPrefix begins the names of the stack's manifests. Talos creates the objects of a configuration in the
// order of these names, namespaces and definitions of kinds before everything else: they come after Cilium's.
const bootstrapPrefix = "manifests-"

// BootstrapManifests returns the stack's own texts as manifests, in their order. Secret says that the stack file keeps
// them from readers.
func BootstrapManifests(texts []string, secret bool) []Manifest {
	var manifests []Manifest
	for i, text := range texts {
		manifests = append(
			manifests,
			Manifest{Name: fmt.Sprintf("%s%03d", bootstrapPrefix, i), Contents: text, Secret: secret},
		)
	}
	return manifests
}

// CheckBootstrapSize refuses texts that are too large together.
func CheckBootstrapSize(texts []string) error {
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	if size > maxBootstrapManifests {
		return problem(
			"has %d bytes, more than %d: every control plane is given all of it, and the state keeps it",
			size,
			maxBootstrapManifests,
		).
			remedy("install what brings the rest, such as Flux")
	}
	return nil
}

// Objects returns the objects of the manifest, in its order.
func (m Manifest) Objects() ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	err := eachObject(m.Contents, func(content *unstructured.Unstructured, _ int) error {
		objects = append(objects, content)
		return nil
	})
	return objects, err
}

// Objects returns the objects of a manifest's text, in its order, and an error if Talos could not read it or the API
// server would refuse one of them. Encrypted says that the stack file keeps the text from readers.
func Objects(text string, encrypted bool) ([]Object, error) {
	var objects []Object
	err := eachObject(text, func(content *unstructured.Unstructured, size int) error {
		object := identify(content)
		if err := checkObject(content, object, size, encrypted); err != nil {
			return err
		}
		if slices.Contains(objects, object) {
			return problem("has %s twice", object).remedy("keep one of them")
		}
		objects = append(objects, object)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(objects) == 0:
		return nil, problem("holds no object").remedy("remove it")
	}
	return objects, nil
}

// BootstrapObjects returns a digest of each object among the stack's own manifests of a configuration.
func BootstrapObjects(manifests map[string]string) map[Object]string {
	digests := map[Object]string{}
	for name, text := range manifests {
		if !strings.HasPrefix(name, bootstrapPrefix) {
			continue
		}
		// What was applied once could be read.
		_ = eachObject(text, func(content *unstructured.Unstructured, _ int) error {
			encoded, err := content.MarshalJSON()
			sum := sha256.Sum256(encoded)
			digests[identify(content)] = hex.EncodeToString(sum[:])
			return err
		})
	}
	return digests
}

// eachObject reads a text as Talos does, and leaves out documents with nothing in them.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/adapters/k8s/manifest.go
func eachObject(text string, do func(content *unstructured.Unstructured, size int) error) error {
	reader := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for number := 1; ; number++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var encoded []byte
		if err == nil {
			encoded, err = yaml.ToJSON(document)
		}
		if err != nil {
			// The parser's error may quote the document.
			return problem("is not YAML in its document %d", number).remedy("correct it")
		}
		if bytes.HasPrefix(bytes.TrimSpace(document), []byte("{")) && !json.Valid(encoded) {
			// The library reads it as JSON, and so does Talos.
			return problem("has a document %d in braces that is not JSON", number).
				remedy("write a key to each line, without braces around all of them")
		}
		if encoded = bytes.TrimSpace(encoded); bytes.Equal(encoded, []byte("null")) ||
			bytes.Equal(encoded, []byte("{}")) {
			continue
		}
		content := &unstructured.Unstructured{}
		if err := content.UnmarshalJSON(encoded); err != nil {
			return problem("has no Kubernetes object in its document %d", number).
				remedy("write apiVersion, kind and metadata.name")
		}
		if err := do(content, len(encoded)); err != nil {
			return err
		}
	}
}

func identify(content *unstructured.Unstructured) Object {
	kind := content.GroupVersionKind()
	return Object{Group: kind.Group, Kind: kind.Kind, Namespace: content.GetNamespace(), Name: content.GetName()}
}

// needNamespace are namespaced kinds of Kubernetes that a manifest is likely to have, by their group.
var needNamespace = map[string][]string{
	"": {
		"ConfigMap",
		"Endpoints",
		"LimitRange",
		"PersistentVolumeClaim",
		"Pod",
		"PodTemplate",
		"ReplicationController",
		"ResourceQuota",
		"Secret",
		"Service",
		"ServiceAccount",
	},
	"apps":                      {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
	"autoscaling":               {"HorizontalPodAutoscaler"},
	"batch":                     {"CronJob"},
	"coordination.k8s.io":       {"Lease"},
	"networking.k8s.io":         {"Ingress", "NetworkPolicy"},
	"policy":                    {"PodDisruptionBudget"},
	"rbac.authorization.k8s.io": {"Role", "RoleBinding"},
}

// checkObject refuses what would not come up, or should not be there.
func checkObject(content *unstructured.Unstructured, object Object, size int, encrypted bool) error {
	switch {
	case content.GetAPIVersion() == "" || object.Kind == "" || object.Name == "":
		return problem(
			"has an object without apiVersion, kind or metadata.name (%s)",
			strings.TrimSpace(object.String()),
		).
			remedy("write all three")
	case content.IsList():
		return problem("has a list (%s), which not every version of Talos can read", object.Kind).
			remedy("write each object as a document, between lines of ---")
	case size > maxObject:
		return problem("has %s with %d bytes, and etcd accepts %d", object, size, maxObject).remedy("make it smaller")
	case object.Group == "" && object.Kind == "Secret" && !encrypted:
		return problem("has %s in clear", object).
			remedy("set the text with --secret (docs/security.md#a-secret-among-the-manifests), or have it made in " +
				"the cluster, by External Secrets for example")
	// https://github.com/siderolabs/talos/issues/11603
	case object.Group == "batch" && object.Kind == "Job":
		return problem("has %s, and a job cannot be changed: the next make upgrade would fail at it", object).
			remedy("write a Deployment or a CronJob, or have Flux run it")
	case object.Namespace == "" && slices.Contains(needNamespace[object.Group], object.Kind):
		return problem("has %s without metadata.namespace, which Talos does not fill in", object).remedy("write it")
	}
	return nil
}

// IsNamespace reports whether the object is a namespace.
func (o Object) IsNamespace() bool { return o.Group == "" && o.Kind == "Namespace" }
