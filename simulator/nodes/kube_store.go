package nodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	clientv3 "go.etcd.io/etcd/client/v3"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// text reads a string of an object; empty if there is none.
func text(o object, at ...string) string {
	found, _, _ := unstructured.NestedString(o, at...)
	return found
}

func labelsOf(o object) map[string]string {
	found, _, _ := unstructured.NestedStringMap(o, "metadata", "labels")
	return found
}

// meta returns the metadata of an object, which it makes if there is none.
func meta(o object) object {
	if found, ok := o["metadata"].(object); ok {
		return found
	}
	made := object{}
	o["metadata"] = made
	return made
}

// key returns the key of an object in etcd, or with an empty name the prefix of a namespace.
func key(k kind, namespace, name string) string {
	at := "/registry/" + k.resource + "/"
	if namespace != "" {
		at += namespace + "/"
	}
	return at + name
}

func (a api) kv() (*clientv3.Client, error) {
	if m := a.node.member(); m != nil {
		return m.kv, nil
	}
	return nil, errors.New("etcd does not run")
}

func (a api) revision() uint64 {
	if m := a.node.member(); m != nil {
		return m.etcd.Server.AppliedIndex()
	}
	return 0
}

// all returns every object of a kind, in a namespace or in all.
func (a api) all(ctx context.Context, k kind, namespace string) ([]object, error) {
	if k.resource == "nodes" {
		return a.nodeObjects(), nil
	}
	kept, err := a.stored(ctx, k, namespace)
	if err != nil {
		return nil, err
	}
	list := append(a.derived(k, namespace), a.createdObjects(k, namespace)...)
	switch k.resource {
	case "pods":
		kept = a.withHealth(kept)
	case "poddisruptionbudgets":
		if err := a.withBudgets(ctx, kept); err != nil {
			return nil, err
		}
	case "daemonsets":
		list = a.withPods(list)
	case "deployments":
		if list, err = a.withReplicas(ctx, list); err != nil {
			return nil, err
		}
	}
	return append(list, kept...), nil
}

// stored reads objects from etcd.
func (a api) stored(ctx context.Context, k kind, namespace string) ([]object, error) {
	kv, err := a.kv()
	if err != nil {
		return nil, err
	}
	found, err := kv.Get(ctx, key(k, namespace, ""), clientv3.WithPrefix())
	if err != nil {
		return nil, err
	}
	var list []object
	for _, pair := range found.Kvs {
		var o object
		if err := json.Unmarshal(pair.Value, &o); err != nil {
			return nil, err
		}
		meta(o)["resourceVersion"] = fmt.Sprint(pair.ModRevision)
		list = append(list, o)
	}
	return list, nil
}

// put writes an object if its revision in etcd is still the expected one; 0 is none.
func (a api) put(ctx context.Context, k kind, o object, expected string) (object, error) {
	kv, err := a.kv()
	if err != nil {
		return nil, err
	}
	var revision int64
	if expected != "" {
		if _, err := fmt.Sscan(expected, &revision); err != nil {
			return nil, apierrors.NewBadRequest("resourceVersion: " + err.Error())
		}
	}
	delete(meta(o), "resourceVersion")
	value, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	at := key(k, text(o, "metadata", "namespace"), text(o, "metadata", "name"))
	unchanged := clientv3.Compare(clientv3.ModRevision(at), "=", revision)
	done, err := kv.Txn(ctx).If(unchanged).Then(clientv3.OpPut(at, string(value))).Commit()
	if err != nil {
		return nil, err
	}
	if !done.Succeeded {
		if revision == 0 {
			return nil, apierrors.NewAlreadyExists(k.of(), text(o, "metadata", "name"))
		}
		return nil, apierrors.NewConflict(k.of(), text(o, "metadata", "name"),
			errors.New("the object has been modified"))
	}
	meta(o)["resourceVersion"] = fmt.Sprint(done.Header.Revision)
	return o, nil
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }

func (a api) create(ctx context.Context, p path, o object) (any, error) {
	if p.kind.resource == "nodes" {
		return nil, apierrors.NewMethodNotSupported(p.kind.of(), "create")
	}
	o["kind"], o["apiVersion"] = p.kind.kind, p.kind.apiVersion()
	m := meta(o)
	if prefix, generated := m["generateName"].(string); generated && m["name"] == nil {
		m["name"] = prefix + uuid.NewString()[:5]
	}
	if p.namespace != "" {
		m["namespace"] = p.namespace
	}
	m["uid"], m["creationTimestamp"] = uuid.NewString(), now()
	if p.kind.resource == "pods" {
		a.startPod(o)
	}
	return a.put(ctx, p.kind, o, "")
}

// update replaces an object. With a version it must be the present one.
func (a api) update(ctx context.Context, p path, o object) (any, error) {
	before, err := a.get(ctx, p)
	if err != nil {
		return nil, err
	}
	expected := text(before, "metadata", "resourceVersion")
	if claimed := text(o, "metadata", "resourceVersion"); claimed != "" && claimed != expected {
		return nil, apierrors.NewConflict(p.kind.of(), p.name,
			errors.New("the object has been modified; please apply your changes to the latest version and try again"))
	}
	if p.kind.resource == "nodes" {
		return a.changeNode(before, o)
	}
	m := meta(o)
	o["kind"], o["apiVersion"] = p.kind.kind, p.kind.apiVersion()
	if a.isCreated(p) {
		return a.replace(ctx, p, before, o)
	}
	m["uid"], m["creationTimestamp"] = meta(before)["uid"], meta(before)["creationTimestamp"]
	return a.put(ctx, p.kind, o, expected)
}

// patch merges a patch into an object. A strategic patch of the fields that are used here is a merge patch; one with
// directives is refused.
func (a api) patch(ctx context.Context, p path, change object) (any, error) {
	if directive := findDirective(change); directive != "" {
		return nil, apierrors.NewBadRequest("the simulator does not know the directive " + directive)
	}
	before, err := a.get(ctx, p)
	if err != nil {
		return nil, err
	}
	var after object
	copied, err := json.Marshal(before)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(copied, &after); err != nil {
		return nil, err
	}
	return a.update(ctx, p, mergePatch(after, change))
}

func findDirective(change object) string {
	for name, value := range change {
		if strings.HasPrefix(name, "$") {
			return name
		}
		if below, ok := value.(object); ok {
			if found := findDirective(below); found != "" {
				return found
			}
		}
	}
	return ""
}

// mergePatch applies a JSON merge patch: https://www.rfc-editor.org/rfc/rfc7386.
func mergePatch(o, change object) object {
	merged := maps.Clone(o)
	if merged == nil {
		merged = object{}
	}
	for name, value := range change {
		below, isObject := value.(object)
		switch {
		case value == nil:
			delete(merged, name)
		case isObject:
			current, _ := merged[name].(object)
			merged[name] = mergePatch(current, below)
		default:
			merged[name] = value
		}
	}
	return merged
}

func (a api) delete(ctx context.Context, p path) (any, error) {
	before, err := a.get(ctx, p)
	if err != nil {
		return nil, err
	}
	switch p.kind.resource {
	case "nodes":
		err = a.deleteNode(p.name)
	case "pods":
		err = a.endPod(ctx, before)
	default:
		if a.isCreated(p) {
			err = a.deleteCreated(p)
			break
		}
		var kv *clientv3.Client
		if kv, err = a.kv(); err == nil {
			_, err = kv.Delete(ctx, key(p.kind, p.namespace, p.name))
		}
	}
	if err != nil {
		return nil, err
	}
	return metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusSuccess}, nil
}
