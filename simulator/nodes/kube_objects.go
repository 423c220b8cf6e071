package nodes

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/managedfields/managedfieldstest"
)

// talosManager is the field manager of what Talos has created, by server-side apply since 1.13.
const talosManager = "talos"

// kinds returns the kinds that every API server of the simulator has, and those that a definition among the created
// objects adds.
func (a api) kinds() []kind {
	_, _, created := a.known()
	all := slices.Clone(kinds)
	for _, made := range created {
		if made.Kind != "CustomResourceDefinition" || made.Content == nil {
			continue
		}
		var definition struct {
			Spec struct {
				Group    string
				Scope    string
				Names    struct{ Plural, Kind string }
				Versions []struct{ Name string }
			}
		}
		if json.Unmarshal(made.Content, &definition) != nil {
			continue
		}
		for _, version := range definition.Spec.Versions {
			all = append(all, kind{
				definition.Spec.Group, version.Name, definition.Spec.Names.Plural, definition.Spec.Names.Kind,
				definition.Spec.Scope == "Cluster",
			})
		}
	}
	return all
}

func (k kind) has(o talos.Object) bool { return o.Group == k.group && o.Kind == k.kind }

// createdObjects returns the objects of a kind that the control planes have created and of which the store has the
// content.
func (a api) createdObjects(k kind, namespace string) []object {
	_, _, created := a.known()
	var list []object
	for _, made := range created {
		var content object
		if !k.has(made) || namespace != "" && namespace != made.Namespace ||
			json.Unmarshal(made.Content, &content) != nil {
			continue
		}
		m := meta(content)
		sum := sha256.Sum256(made.Content)
		m["uid"], m["resourceVersion"] = made.Kind+"-"+made.Name, fmt.Sprint(binary.BigEndian.Uint32(sum[:4]))
		m["creationTimestamp"] = "2026-01-01T00:00:00Z"
		if m["generation"] == nil {
			m["generation"] = int64(1)
		}
		list = append(list, content)
	}
	return list
}

// isCreated reports whether the store has the object, and not etcd.
func (a api) isCreated(p path) bool {
	_, _, created := a.known()
	return slices.ContainsFunc(created, func(o talos.Object) bool {
		return p.kind.has(o) && o.Name == p.name && o.Namespace == p.namespace && o.Content != nil
	})
}

// apply does a server-side apply: https://kubernetes.io/docs/reference/using-api/server-side-apply/. The library is
// that of the API server; it knows no schemas here, so that a list belongs to one manager as a whole.
func (a api) apply(ctx context.Context, p path, wanted object, force, dryRun bool) (any, error) {
	if p.manager == "" {
		return nil, apierrors.NewBadRequest("PatchOptions.meta.k8s.io: fieldManager: Required value: is required " +
			"for apply patch")
	}
	if p.kind.resource == "nodes" || p.kind.resource == "pods" {
		return nil, apierrors.NewMethodNotSupported(p.kind.of(), "apply")
	}
	found, err := a.get(ctx, p)
	live := p.kind.empty()
	switch {
	case err == nil:
		if live, err = p.kind.owned(found); err != nil {
			return nil, err
		}
	case !apierrors.IsNotFound(err):
		return nil, err
	}
	result, err := p.kind.fieldManager().Apply(live, &unstructured.Unstructured{Object: wanted}, p.manager, force)
	if err != nil {
		return nil, err
	}
	merged := result.(*unstructured.Unstructured).Object
	if p.namespace != "" {
		meta(merged)["namespace"] = p.namespace
	}
	if dryRun {
		return merged, nil
	}
	return a.keep(ctx, p, found, merged)
}

// replace applies a PUT or a patch to an object of the store. Its sender becomes the owner of the fields that it
// changes.
func (a api) replace(ctx context.Context, p path, before, after object) (any, error) {
	live, err := p.kind.owned(before)
	if err != nil {
		return nil, err
	}
	changed := &unstructured.Unstructured{Object: jsonCopy(after)}
	delete(changed.Object, "status")
	updated, err := p.kind.fieldManager().Update(live, changed, cmp.Or(p.manager, "unknown"))
	if err != nil {
		return nil, err
	}
	return a.keep(ctx, p, before, updated.(*unstructured.Unstructured).Object)
}

func (k kind) empty() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: object{"apiVersion": k.apiVersion(), "kind": k.kind,
		"metadata": object{}}}
}

// owned returns a live object, of which every field has an owner: Talos, unless another client has written it since.
func (k kind) owned(o object) (*unstructured.Unstructured, error) {
	live := &unstructured.Unstructured{Object: jsonCopy(o)}
	delete(live.Object, "status")
	if len(live.GetManagedFields()) > 0 {
		return live, nil
	}
	applied, err := k.fieldManager().Apply(k.empty(), live, talosManager, false)
	if err != nil {
		return nil, err
	}
	return applied.(*unstructured.Unstructured), nil
}

func (k kind) fieldManager() *managedfields.FieldManager {
	return managedfieldstest.NewFakeFieldManager(managedfields.NewDeducedTypeConverter(),
		schema.GroupVersionKind{Group: k.group, Version: k.version, Kind: k.kind})
}

// jsonCopy returns a copy in the types that the API server's library takes: whole numbers are int64.
func jsonCopy(o object) object {
	copied := object{}
	if o == nil {
		return copied
	}
	encoded, _ := json.Marshal(o)
	_ = kjson.Unmarshal(encoded, &copied)
	return copied
}

// keep writes an object into the store, and counts its generation.
func (a api) keep(ctx context.Context, p path, before, after object) (any, error) {
	m := meta(after)
	for _, derived := range []string{"uid", "resourceVersion", "creationTimestamp"} {
		delete(m, derived)
	}
	delete(after, "status")
	was, is := jsonCopy(before), jsonCopy(after)
	generation, _ := meta(was)["generation"].(int64)
	if !reflect.DeepEqual(was["spec"], is["spec"]) {
		generation++
	}
	m["generation"] = max(generation, 1)
	content, err := json.Marshal(after)
	if err != nil {
		return nil, err
	}
	cluster := a.node.state().Cluster
	kept := talos.Object{Kind: p.kind.kind, Group: p.kind.group, Namespace: p.namespace, Name: p.name, Content: content}
	err = a.node.daemon.change(func(st *store.Store,
		_ network.Network) error {
		return talos.SetObject(st, cluster, kept)
	})
	if err != nil {
		return nil, err
	}
	return a.get(ctx, p)
}

func (a api) deleteCreated(p path) error {
	cluster := a.node.state().Cluster
	gone := talos.Object{Kind: p.kind.kind, Namespace: p.namespace, Name: p.name}
	return a.node.daemon.change(func(st *store.Store,
		_ network.Network) error {
		return talos.DeleteObject(st, cluster, gone)
	})
}
