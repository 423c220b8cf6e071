package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/machineconfig"
	"github.com/pmezard/go-difflib/difflib"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"go.yaml.in/yaml/v4"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/csaupgrade"
)

// inventoryAnnotation is on every object that Talos 1.13 creates, and names the inventory that lists the object:
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/k8s/manifest_apply.go
const inventoryAnnotation = "config.k8s.io/owning-inventory"

// origin is the part of the configuration that an object comes from.
type origin int

const (
	// ofStackFile is in the stack file's bootstrapManifests.
	ofStackFile origin = iota
	// ofCilium belongs to the program's Cilium.
	ofCilium
	// ofTalos is what Talos itself renders, such as CoreDNS.
	ofTalos
)

// manifestChange is an object that the cluster does not have as the stack wants it.
type manifestChange struct {
	// name for people: "DaemonSet kube-system/cilium".
	name   string
	path   string
	wanted *unstructured.Unstructured
	// live is the object in the cluster; nil if there is none.
	live *unstructured.Unstructured
	// difference is a unified diff, empty for a secret.
	difference string
	// secret means that the object must not be shown.
	secret bool
	origin origin
	// owners manage fields that would change: neither Talos nor an upgrade does.
	owners []string
	// left means that the object stays as it is: its owners keep it.
	left bool
	// rolling is what the object still waits for although it is as it should be: an earlier run was interrupted.
	rolling string
}

// manifestReader compares manifests with a cluster.
type manifestReader struct {
	*kubernetesAPI
	// kinds are those that the API serves, by group and version.
	kinds map[string][]metav1.APIResource
}

// stackObjects returns the objects of manifests.
func stackObjects(manifests []machineconfig.Manifest) ([]*manifestChange, error) {
	var all []*manifestChange
	for _, manifest := range manifests {
		objects, err := manifest.Objects()
		if err != nil {
			return nil, err
		}
		from := ofStackFile
		if machineconfig.IsCilium(manifest.Name) {
			from = ofCilium
		}
		for _, object := range objects {
			all = append(all, &manifestChange{wanted: object, origin: from, secret: manifest.Secret ||
				object.GetKind() == "Secret"})
		}
	}
	return all, nil
}

// manifestChanges compares objects with the cluster, and returns those that differ in the order in which Talos creates
// objects. It asks the API server what an apply would do, and changes nothing.
func (k *kubernetesAPI) manifestChanges(ctx context.Context, all []*manifestChange) ([]*manifestChange, error) {
	r := manifestReader{kubernetesAPI: k, kinds: map[string][]metav1.APIResource{}}
	for _, c := range all {
		var err error
		if c.path, err = r.path(ctx, c.wanted); err != nil {
			return nil, err
		}
		c.name = nameOf(c.wanted)
		annotate(c.wanted)
	}
	var group errgroup.Group
	group.SetLimit(8)
	for i, manifest := range all {
		group.Go(func() error {
			changed, err := r.compare(ctx, manifest)
			switch {
			case err != nil:
				return fmt.Errorf("%s: %s", manifest.name, manifest.reason(err))
			case !changed:
				all[i] = nil
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(c *manifestChange) bool { return c == nil })
	slices.SortStableFunc(all, func(a, b *manifestChange) int { return a.rank() - b.rank() })
	return all, nil
}

func nameOf(object *unstructured.Unstructured) string {
	name := object.GetName()
	if namespace := object.GetNamespace(); namespace != "" {
		name = namespace + "/" + name
	}
	return object.GetKind() + " " + name
}

func annotate(object *unstructured.Unstructured) {
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[inventoryAnnotation] = constants.KubernetesBootstrapManifestsInventoryName
	object.SetAnnotations(annotations)
}

func (c *manifestChange) rank() int {
	switch c.wanted.GetKind() {
	case "Namespace":
		return 0
	case "CustomResourceDefinition":
		return 1
	}
	return 2
}

// path finds the address of an object. The namespace of an object whose kind has none counts for nothing, as with
// Talos. A kind that the API does not serve yet has an address that finds nothing.
func (r manifestReader) path(ctx context.Context, object *unstructured.Unstructured) (string, error) {
	version := object.GroupVersionKind().GroupVersion()
	root := "/apis/" + version.String()
	if version.Group == "" {
		root = "/api/" + version.Version
	}
	known, asked := r.kinds[root]
	if !asked {
		var list metav1.APIResourceList
		text, err := body(r.core.Get().AbsPath(root).Do(ctx))
		if err == nil {
			err = json.Unmarshal(text, &list)
		}
		if err != nil && !apierrors.IsNotFound(err) {
			return "", fmt.Errorf("the kinds of %s: %s", version, reason(err))
		}
		known = list.APIResources
		r.kinds[root] = known
	}
	i := slices.IndexFunc(known, func(k metav1.APIResource) bool {
		return k.Kind == object.GetKind() &&
			!strings.Contains(k.Name, "/")
	})
	if i < 0 {
		guess := strings.ToLower(object.GetKind()) + "s"
		return root + "/" + guess + "/" + object.GetName(), nil
	}
	if !known[i].Namespaced {
		object.SetNamespace("")
		return root + "/" + known[i].Name + "/" + object.GetName(), nil
	}
	if object.GetNamespace() == "" {
		object.SetNamespace(metav1.NamespaceDefault)
	}
	return root + "/namespaces/" + object.GetNamespace() + "/" + known[i].Name + "/" + object.GetName(), nil
}

// compare fills in what an apply would change, and reports whether it would change anything.
func (r manifestReader) compare(ctx context.Context, c *manifestChange) (bool, error) {
	live, err := r.readObject(ctx, c.path)
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, err
	}
	c.live = live
	after, err := r.applyObject(ctx, c, false, true)
	if apierrors.IsConflict(err) {
		c.owners = ownersOf(err)
		after, err = r.applyObject(ctx, c, true, true)
	}
	if err != nil {
		return false, err
	}
	before, result := withoutServerFields(live), withoutServerFields(after)
	if reflect.DeepEqual(before, result) {
		// An object of the stack's own may never come up, and holds nothing up.
		if c.origin != ofStackFile && outdated(live) {
			c.rolling = rolledOut(live)
		}
		return c.rolling != "", nil
	}
	if !c.secret {
		c.difference, err = difference(before, result)
	}
	return true, err
}

// conflictOwner finds the manager in a conflict's cause: conflict with "kubectl-edit" using v1.
var conflictOwner = regexp.MustCompile(`conflict with ("[^"]*")`)

// ourManagers are those by which Talos, its talosctl upgrade-k8s and this command have written fields.
var ourManagers = []string{constants.KubernetesFieldManagerName, "talosctl", "infra"}

// ownersOf returns the managers that a conflict names, other than our own.
func ownersOf(err error) []string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	var owners []string
	for _, cause := range status.Status().Details.Causes {
		match := conflictOwner.FindStringSubmatch(cause.Message)
		if match == nil {
			continue
		}
		owner, err := strconv.Unquote(match[1])
		if err == nil && !slices.Contains(ourManagers, owner) && !slices.Contains(owners, owner) {
			owners = append(owners, owner)
		}
	}
	slices.Sort(owners)
	return owners
}

// withoutServerFields returns an object without the fields that the API server adds.
func withoutServerFields(object *unstructured.Unstructured) map[string]any {
	copied := object.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
		unstructured.RemoveNestedField(copied.Object, "metadata", field)
	}
	annotations := copied.GetAnnotations()
	if delete(annotations, inventoryAnnotation); len(annotations) == 0 {
		annotations = nil
	}
	copied.SetAnnotations(annotations)
	delete(copied.Object, "status")
	return copied.Object
}

// difference returns a unified diff of two objects.
func difference(before, after map[string]any) (string, error) {
	var lines [2][]string
	for i, object := range []map[string]any{before, after} {
		text, err := yaml.Marshal(object)
		if err != nil {
			return "", err
		}
		lines[i] = slices.Collect(strings.Lines(string(text)))
	}
	return difflib.GetUnifiedDiffString(difflib.UnifiedDiff{A: lines[0], B: lines[1], FromFile: "cluster",
		ToFile: "stack", Context: 2})
}

func (k *kubernetesAPI) readObject(ctx context.Context, path string) (*unstructured.Unstructured, error) {
	text, err := body(k.core.Get().AbsPath(path).Do(ctx))
	if err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{}
	return object, object.UnmarshalJSON(text)
}

// body returns the text of a response. Raw would return an error without the server's message.
func body(answer rest.Result) ([]byte, error) {
	if err := answer.Error(); err != nil {
		return nil, err
	}
	return answer.Raw()
}

// applyObject applies an object as Talos does, or returns with a dry run what the result would be. Without force it
// fails if a field has another manager.
func (k *kubernetesAPI) applyObject(ctx context.Context, c *manifestChange, force,
	dryRun bool) (*unstructured.Unstructured, error) {
	text, err := c.wanted.MarshalJSON()
	if err != nil {
		return nil, err
	}
	request := k.core.Patch(types.ApplyPatchType).AbsPath(c.path).Param("fieldManager",
		constants.KubernetesFieldManagerName).Body(text)
	if force {
		request = request.Param("force", "true")
	}
	if dryRun {
		request = request.Param("dryRun", metav1.DryRunAll)
	}
	answer, err := body(request.Do(ctx))
	if err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{}
	return object, object.UnmarshalJSON(answer)
}

// takeOver makes server-side apply the owner of what Talos 1.12 created by other means: a field that leaves the
// manifest would stay otherwise.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#upgrading-from-client-side-apply
func (k *kubernetesAPI) takeOver(ctx context.Context, c *manifestChange) error {
	if c.live == nil {
		return nil
	}
	owned := c.live.DeepCopy()
	manager := constants.KubernetesFieldManagerName
	if err := csaupgrade.UpgradeManagedFields(owned, sets.New(ourManagers...), manager); err != nil {
		return err
	}
	if reflect.DeepEqual(owned.GetManagedFields(), c.live.GetManagedFields()) {
		return nil
	}
	change, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"managedFields": owned.GetManagedFields(), "resourceVersion": c.live.GetResourceVersion(),
	}})
	if err != nil {
		return err
	}
	return k.core.Patch(types.MergePatchType).AbsPath(c.path).Body(change).Do(ctx).Error()
}

// rolloutOf counts the pods of a DaemonSet or Deployment; ok is false for any other object.
func rolloutOf(object *unstructured.Unstructured) (updated, available, want int64, ok bool) {
	number := func(fields ...string) int64 {
		found, _, _ := unstructured.NestedInt64(object.Object, fields...)
		return found
	}
	switch object.GroupVersionKind().GroupKind() {
	case schema.GroupKind{Group: "apps", Kind: "DaemonSet"}:
		return number("status", "updatedNumberScheduled"), number("status", "numberAvailable"),
			number("status", "desiredNumberScheduled"), true
	case schema.GroupKind{Group: "apps", Kind: "Deployment"}:
		return number("status", "updatedReplicas"), number("status", "availableReplicas"), number("spec", "replicas"),
			true
	}
	return 0, 0, 0, false
}

// outdated reports whether a DaemonSet or Deployment still has pods from before its last change.
func outdated(object *unstructured.Unstructured) bool {
	updated, _, want, ok := rolloutOf(object)
	return ok && (updated < want || unseen(object))
}

// unseen reports whether no controller has acted on the object's last change.
func unseen(object *unstructured.Unstructured) bool {
	seen, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	return seen < object.GetGeneration()
}

// rolledOut returns what a DaemonSet or Deployment waits for; empty if it waits for nothing.
func rolledOut(object *unstructured.Unstructured) string {
	updated, available, want, ok := rolloutOf(object)
	if ok && (unseen(object) || updated < want || available < want) {
		return fmt.Sprintf("%s has %d of %d pods of the new kind available", nameOf(object), min(updated, available),
			want)
	}
	return ""
}
