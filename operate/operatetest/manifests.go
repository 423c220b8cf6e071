package operatetest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// kinds are those of the objects that a cluster installs, by the path of their group and version.
var kinds = map[string][]metav1.APIResource{
	"/api/v1": {
		{Name: "configmaps", Kind: "ConfigMap", Namespaced: true}, {Name: "namespaces", Kind: "Namespace"},
		{Name: "secrets", Kind: "Secret", Namespaced: true},
		{Name: "serviceaccounts", Kind: "ServiceAccount", Namespaced: true},
		{Name: "services", Kind: "Service", Namespaced: true},
	},
	"/apis/apps/v1": {
		{Name: "daemonsets", Kind: "DaemonSet", Namespaced: true},
		{Name: "daemonsets/status", Kind: "DaemonSet", Namespaced: true},
		{Name: "deployments", Kind: "Deployment", Namespaced: true},
	},
	"/apis/rbac.authorization.k8s.io/v1": {
		{Name: "clusterroles", Kind: "ClusterRole"}, {Name: "clusterrolebindings", Kind: "ClusterRoleBinding"},
		{Name: "roles", Kind: "Role", Namespaced: true}, {Name: "rolebindings", Kind: "RoleBinding", Namespaced: true},
	},
	"/apis/cilium.io/v2": {{Name: "ciliumclusterwidenetworkpolicies", Kind: "CiliumClusterwideNetworkPolicy"}},
}

// Install puts objects into the API, as Talos creates them.
func (c *Cluster) Install(objects []*unstructured.Unstructured) {
	for _, object := range objects {
		version := object.GroupVersionKind().GroupVersion()
		root := "/apis/" + version.String()
		if version.Group == "" {
			root = "/api/" + version.Version
		}
		i := slices.IndexFunc(kinds[root], func(k metav1.APIResource) bool { return k.Kind == object.GetKind() })
		if i < 0 {
			c.t.Fatalf("the fake API server has no %s", object.GroupVersionKind())
		}
		path := root
		if kinds[root][i].Namespaced {
			path += "/namespaces/" + object.GetNamespace()
		}
		kept := object.DeepCopy().Object
		c.roll(kept)
		c.Objects[path+"/"+kinds[root][i].Name+"/"+object.GetName()] = kept
	}
}

// object serves what Install put into the API, and the kinds that there are.
func (c *Cluster) object(w http.ResponseWriter, r *http.Request) {
	if list, ok := kinds[r.URL.Path]; ok {
		answer(w, http.StatusOK, metav1.APIResourceList{APIResources: list})
		return
	}
	object, ok := c.Objects[r.URL.Path]
	switch {
	case r.Method == http.MethodPatch:
		c.patchObject(w, r, object)
	case !ok:
		refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, "there is no "+r.URL.Path)
	default:
		answer(w, http.StatusOK, object)
	}
}

// patchObject takes a server-side apply, which replaces the object, and a merge patch of the metadata.
func (c *Cluster) patchObject(w http.ResponseWriter, r *http.Request, object map[string]any) {
	var sent map[string]any
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	query := r.URL.Query()
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/apply-patch") {
		c.record("take over %s", name)
		metadata, _ := sent["metadata"].(map[string]any)
		own, _ := object["metadata"].(map[string]any)
		maps.Copy(own, metadata)
		answer(w, http.StatusOK, object)
		return
	}
	if owner := c.Managers[r.URL.Path]; owner != "" && query.Get("force") != "true" {
		answer(w, http.StatusConflict, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
			Status: metav1.StatusFailure,
			Code:   http.StatusConflict, Reason: metav1.StatusReasonConflict, Message: "Apply failed with 1 conflict",
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{
				Type: metav1.CauseTypeFieldManagerConflict, Message: `conflict with "` + owner + `" using v1`,
				Field: ".data.debug",
			}}}})
		return
	}
	if query.Get("dryRun") == "" {
		c.record("apply %s", name)
		c.roll(sent)
		c.Objects[r.URL.Path] = sent
	}
	answer(w, http.StatusOK, sent)
}

// roll gives a DaemonSet or Deployment its new pods, at once.
func (c *Cluster) roll(o object) {
	metadata, _ := o["metadata"].(object)
	spec, _ := o["spec"].(object)
	pods := int64(len(c.Nodes))
	done := pods
	if name, _ := metadata["name"].(string); slices.Contains(c.Stuck, name) {
		done--
	}
	switch o["kind"] {
	case "DaemonSet":
		o["status"] = object{"desiredNumberScheduled": pods, "updatedNumberScheduled": done, "numberAvailable": pods}
	case "Deployment":
		o["status"] = object{"updatedReplicas": spec["replicas"], "availableReplicas": spec["replicas"]}
	}
}
