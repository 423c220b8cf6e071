package nodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// api is the Kubernetes API of a control plane, as far as an operator's programs use it. Nodes are what the store has
// of them; static pods and those of DaemonSets follow from the nodes; everything else is kept in the real etcd.
type api struct{ node *node }

func newAPI(n *node) http.Handler { return api{node: n} }

// object is a Kubernetes object as JSON.
type object = map[string]any

// kind is a type of object that the API serves.
type kind struct {
	group, version, resource, kind string
	cluster                        bool
}

var kinds = []kind{
	{"", "v1", "configmaps", "ConfigMap", false},
	{"", "v1", "events", "Event", false},
	{"", "v1", "namespaces", "Namespace", true},
	{"", "v1", "nodes", "Node", true},
	{"", "v1", "pods", "Pod", false},
	{"", "v1", "secrets", "Secret", false},
	{"", "v1", "serviceaccounts", "ServiceAccount", false},
	{"", "v1", "services", "Service", false},
	{"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", true},
	{"apps", "v1", "daemonsets", "DaemonSet", false},
	{"apps", "v1", "deployments", "Deployment", false},
	{"apps", "v1", "replicasets", "ReplicaSet", false},
	{"apps", "v1", "statefulsets", "StatefulSet", false},
	{"batch", "v1", "cronjobs", "CronJob", false},
	{"cilium.io", "v2", "ciliumclusterwidenetworkpolicies", "CiliumClusterwideNetworkPolicy", true},
	{"coordination.k8s.io", "v1", "leases", "Lease", false},
	{"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", false},
	{"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", false},
	{"rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", true},
	{"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", true},
	{"rbac.authorization.k8s.io", "v1", "roles", "Role", false},
	{"rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", false},
}

func (k kind) apiVersion() string {
	if k.group == "" {
		return k.version
	}
	return k.group + "/" + k.version
}

func (k kind) of() schema.GroupResource {
	return schema.GroupResource{Group: k.group, Resource: k.resource}
}

// requestTimeout is longer than etcd's own limit, so that the error has etcd's reason.
const requestTimeout = 15 * time.Second

func (a api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	answer, err := a.answer(ctx, w, r)
	switch {
	case err != nil:
		writeError(w, err)
	case answer != nil:
		code := http.StatusOK
		if r.Method == http.MethodPost {
			code = http.StatusCreated
		}
		writeJSON(w, code, answer)
	}
}

func writeJSON(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value)
}

func writeError(w http.ResponseWriter, err error) {
	var known apierrors.APIStatus
	if !errors.As(err, &known) {
		known = apierrors.NewInternalError(err)
	}
	status := known.Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	if details := status.Details; details != nil && details.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(details.RetryAfterSeconds))
	}
	writeJSON(w, int(status.Code), status)
}

// answer asks who calls, and finds what the path is about. A nil answer has been written already.
func (a api) answer(ctx context.Context, w http.ResponseWriter, r *http.Request) (any, error) {
	if len(r.TLS.PeerCertificates) == 0 {
		return nil, apierrors.NewUnauthorized("Unauthorized")
	}
	if user := r.TLS.PeerCertificates[0].Subject; !slices.Contains(user.Organization, "system:masters") {
		return nil, apierrors.NewForbidden(schema.GroupResource{}, "",
			fmt.Errorf("user %q may not do this here", user.CommonName))
	}
	switch r.URL.Path {
	case "/version":
		version, err := v1alpha1.KubernetesVersionFromImageRef(a.node.state().Config.Cluster().APIServer().Image())
		if err != nil {
			return nil, err
		}
		parts := strings.SplitN(version.String(), ".", 3)
		return object{"major": parts[0], "minor": parts[1], "gitVersion": "v" + version.String(),
			"platform": "linux/amd64"}, nil
	case "/livez":
		_, err := io.WriteString(w, "ok")
		return nil, err
	case "/readyz", "/healthz":
		if err := a.reads(ctx); err != nil {
			http.Error(w, "[-]etcd failed: reason withheld\nreadyz check failed", http.StatusInternalServerError)
			return nil, nil
		}
		_, err := io.WriteString(w, "ok")
		return nil, err
	case "/metrics":
		return nil, a.metrics(w)
	case "/api":
		return metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}}, nil
	case "/apis":
		return a.groups(), nil
	}
	return a.resource(ctx, r)
}

// metrics writes which APIs this server was asked for that a release of Kubernetes removes.
// https://github.com/kubernetes/kubernetes/blob/v1.36.5/staging/src/k8s.io/apiserver/pkg/endpoints/metrics/metrics.go
func (a api) metrics(w http.ResponseWriter) error {
	text := "# HELP apiserver_requested_deprecated_apis [STABLE] Gauge of deprecated APIs that have been requested.\n" +
		"# TYPE apiserver_requested_deprecated_apis gauge\n"
	if release, asked := a.node.state().Faults[talos.FaultDeprecatedAPI]; asked {
		text += fmt.Sprintf("apiserver_requested_deprecated_apis{group=\"flowcontrol.apiserver.k8s.io\",removed_release=%q,"+
			"resource=\"flowschemas\",subresource=\"\",version=\"v1beta3\"} 1\n", release)
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, err := io.WriteString(w, text)
	return err
}

// reads returns why etcd does not answer this API server.
func (a api) reads(ctx context.Context) error {
	m := a.node.member()
	if m == nil {
		return errors.New("etcd does not run")
	}
	return quorum(ctx, m)
}

func (a api) groups() metav1.APIGroupList {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, k := range a.kinds() {
		known := slices.ContainsFunc(list.Groups, func(g metav1.APIGroup) bool { return g.Name == k.group })
		if version := (metav1.GroupVersionForDiscovery{GroupVersion: k.apiVersion(),
			Version: k.version}); k.group != "" && !known {
			list.Groups = append(list.Groups, metav1.APIGroup{
				Name: k.group, Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version,
			})
		}
	}
	return list
}

func (a api) resources(groupVersion string) (metav1.APIResourceList, bool) {
	list := metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: groupVersion,
	}
	verbs := metav1.Verbs{"create", "delete", "get", "list", "patch", "update"}
	for _, k := range a.kinds() {
		if k.apiVersion() != groupVersion {
			continue
		}
		list.APIResources = append(list.APIResources, metav1.APIResource{
			Name: k.resource, Kind: k.kind, Namespaced: !k.cluster, Verbs: verbs,
		})
		if k.resource == "pods" {
			list.APIResources = append(list.APIResources, metav1.APIResource{
				Name: "pods/eviction", Kind: "Eviction", Group: "policy", Version: "v1", Namespaced: true,
				Verbs: metav1.Verbs{"create"},
			})
		}
	}
	return list, len(list.APIResources) > 0
}

// path is what a URL is about.
type path struct {
	kind                         kind
	namespace, name, subresource string
	// manager is who writes, as the owner of fields.
	manager string
}

func (a api) parsePath(text string) (path, string, error) {
	parts := strings.Split(strings.Trim(text, "/"), "/")
	unknown := apierrors.NewNotFound(schema.GroupResource{}, text)
	var groupVersion string
	switch {
	case len(parts) >= 2 && parts[0] == "api":
		groupVersion, parts = parts[1], parts[2:]
	case len(parts) >= 3 && parts[0] == "apis":
		groupVersion, parts = parts[1]+"/"+parts[2], parts[3:]
	default:
		return path{}, "", unknown
	}
	var p path
	if len(parts) > 2 && parts[0] == "namespaces" {
		p.namespace, parts = parts[1], parts[2:]
	}
	if len(parts) == 0 {
		return p, groupVersion, nil
	}
	known := a.kinds()
	i := slices.IndexFunc(known, func(k kind) bool { return k.apiVersion() == groupVersion && k.resource == parts[0] })
	if i < 0 || len(parts) > 3 {
		return p, "", unknown
	}
	p.kind = known[i]
	if len(parts) > 1 {
		p.name = parts[1]
	}
	if len(parts) > 2 {
		p.subresource = parts[2]
	}
	return p, "", nil
}

func (a api) resource(ctx context.Context, r *http.Request) (any, error) {
	p, groupVersion, err := a.parsePath(r.URL.Path)
	if err != nil {
		return nil, err
	}
	p.manager = r.URL.Query().Get("fieldManager")
	if groupVersion != "" {
		if list, known := a.resources(groupVersion); known {
			return list, nil
		}
		return nil, apierrors.NewNotFound(schema.GroupResource{}, groupVersion)
	}
	if r.URL.Query().Get("watch") == "true" {
		return nil, apierrors.NewMethodNotSupported(p.kind.of(), "watch")
	}
	if err := a.reads(ctx); err != nil {
		return nil, err
	}
	if p.subresource == "eviction" && p.kind.resource == "pods" && r.Method == http.MethodPost {
		return a.evict(ctx, p, r)
	}
	if p.subresource != "" && p.subresource != "status" {
		return nil, apierrors.NewNotFound(p.kind.of(), p.name+"/"+p.subresource)
	}
	switch {
	case r.Method == http.MethodGet && p.name == "":
		return a.list(ctx, p, r)
	case r.Method == http.MethodGet:
		return a.get(ctx, p)
	case r.Method == http.MethodDelete && p.name != "":
		return a.delete(ctx, p)
	}
	return a.write(ctx, p, r)
}

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if body, err = toJSON(body, r.Header.Get("Content-Type")); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return body, nil
}

// applyType is the content type of a server-side apply. The YAML that is sent here is JSON.
const applyType = "application/apply-patch+yaml"

func (a api) write(ctx context.Context, p path, r *http.Request) (any, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	mediaType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch {
	case r.Method == http.MethodPatch && (mediaType == applyType || strings.HasSuffix(mediaType, "merge-patch+json")):
	case r.Method != http.MethodPatch && slices.Contains([]string{"application/json", protobufType, ""}, mediaType):
	default:
		return nil, &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusUnsupportedMediaType,
			Reason: metav1.StatusReasonUnsupportedMediaType,
			Message: fmt.Sprintf("the simulator accepts JSON, protobuf, merge patches and server-side apply, not %q",
				mediaType),
		}}
	}
	var sent object
	if err := json.Unmarshal(body, &sent); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	switch {
	case r.Method == http.MethodPost && p.name == "":
		return a.create(ctx, p, sent)
	case r.Method == http.MethodPut && p.name != "":
		return a.update(ctx, p, sent)
	case mediaType == applyType && p.name != "":
		query := r.URL.Query()
		return a.apply(ctx, p, jsonCopy(sent), query.Get("force") == "true", query.Get("dryRun") == "All")
	case r.Method == http.MethodPatch && p.name != "":
		return a.patch(ctx, p, sent)
	}
	return nil, apierrors.NewMethodNotSupported(p.kind.of(), strings.ToLower(r.Method))
}

func (a api) list(ctx context.Context, p path, r *http.Request) (any, error) {
	byLabel, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	byField, err := fields.ParseSelector(r.URL.Query().Get("fieldSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	all, err := a.all(ctx, p.kind, p.namespace)
	if err != nil {
		return nil, err
	}
	items := []any{}
	for _, o := range all {
		named := fields.Set{
			"metadata.name": text(o, "metadata", "name"), "metadata.namespace": text(o, "metadata", "namespace"),
			"spec.nodeName": text(o, "spec", "nodeName"), "status.phase": text(o, "status", "phase"),
		}
		if byLabel.Matches(labels.Set(labelsOf(o))) && byField.Matches(named) {
			items = append(items, o)
		}
	}
	return object{
		"kind": p.kind.kind + "List", "apiVersion": p.kind.apiVersion(), "items": items,
		"metadata": object{"resourceVersion": fmt.Sprint(a.revision())},
	}, nil
}

func (a api) get(ctx context.Context, p path) (object, error) {
	all, err := a.all(ctx, p.kind, p.namespace)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if text(o, "metadata", "name") == p.name {
			return o, nil
		}
	}
	return nil, apierrors.NewNotFound(p.kind.of(), p.name)
}
