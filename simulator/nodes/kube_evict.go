package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/inferadb/infra/simulator/talos"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var budgetKind = kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.resource == "poddisruptionbudgets" })]

// evict ends a pod if the budgets that select it allow that.
// https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
func (a api) evict(ctx context.Context, p path, r *http.Request) (any, error) {
	var eviction struct{ DeleteOptions *metav1.DeleteOptions }
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &eviction); err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
	}
	c := a.node.daemon.cluster(a.node.state().Cluster)
	c.evicting.Lock()
	defer c.evicting.Unlock()
	pod, err := a.get(ctx, p)
	if err != nil {
		return nil, err
	}
	budgets, err := a.all(ctx, budgetKind, p.namespace)
	if err != nil {
		return nil, err
	}
	for _, budget := range budgets {
		selector, err := selectorOf(budget)
		if err != nil {
			return nil, err
		}
		allowed, _ := budget["status"].(object)["disruptionsAllowed"].(int)
		if selector.Matches(labels.Set(labelsOf(pod))) && podReady(pod) && allowed == 0 {
			return nil, tooMany(text(budget, "metadata", "name"))
		}
	}
	dry := r.URL.Query().Has("dryRun") || eviction.DeleteOptions != nil && len(eviction.DeleteOptions.DryRun) > 0
	if !dry {
		if err := a.endPod(ctx, pod); err != nil {
			return nil, err
		}
	}
	return metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusSuccess}, nil
}

func tooMany(budget string) error {
	err := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{
		Type: "DisruptionBudget", Message: fmt.Sprintf("The disruption budget %s does not allow it", budget),
	}}
	return err
}

func selectorOf(budget object) (labels.Selector, error) {
	spec, _ := budget["spec"].(object)
	written, err := json.Marshal(spec["selector"])
	if err != nil {
		return nil, err
	}
	var selector metav1.LabelSelector
	if err := json.Unmarshal(written, &selector); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return metav1.LabelSelectorAsSelector(&selector)
}

// withBudgets computes the status that the disruption controller would set.
func (a api) withBudgets(ctx context.Context, budgets []object) error {
	for _, budget := range budgets {
		selector, err := selectorOf(budget)
		if err != nil {
			return err
		}
		pods, err := a.all(ctx, podKind, text(budget, "metadata", "namespace"))
		if err != nil {
			return err
		}
		expected, healthy := 0, 0
		for _, pod := range pods {
			if !selector.Matches(labels.Set(labelsOf(pod))) {
				continue
			}
			expected++
			if podReady(pod) {
				healthy++
			}
		}
		desired, err := desiredHealthy(budget, expected)
		if err != nil {
			return err
		}
		budget["status"] = object{
			"expectedPods": expected, "currentHealthy": healthy, "desiredHealthy": desired,
			"disruptionsAllowed": max(0, healthy-desired), "observedGeneration": 1,
		}
	}
	return nil
}

func desiredHealthy(budget object, expected int) (int, error) {
	spec, _ := budget["spec"].(object)
	share := func(value any) (int, error) {
		written, err := json.Marshal(value)
		if err != nil {
			return 0, err
		}
		var number intstr.IntOrString
		if err := json.Unmarshal(written, &number); err != nil {
			return 0, apierrors.NewBadRequest(err.Error())
		}
		return intstr.GetScaledValueFromIntOrPercent(&number, expected, true)
	}
	if spec["maxUnavailable"] != nil {
		unavailable, err := share(spec["maxUnavailable"])
		return max(0, expected-unavailable), err
	}
	if spec["minAvailable"] != nil {
		return share(spec["minAvailable"])
	}
	return 0, nil
}

// grace is how long a pod takes to end.
const grace = 100 * time.Millisecond

// endPod marks a pod as ending; a while later it is gone, and what controls it has made another one. Derived pods stay.
func (a api) endPod(ctx context.Context, pod object) error {
	kept, err := a.stored(ctx, podKind, text(pod, "metadata", "namespace"))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(kept, func(o object) bool {
		return text(o, "metadata", "name") == text(pod, "metadata", "name")
	})
	if i < 0 || meta(kept[i])["deletionTimestamp"] != nil {
		return nil
	}
	takes := grace
	for _, n := range a.node.daemon.runningNodes(a.node.state().Cluster) {
		if slow, set := n.state().Faults[talos.FaultSlowDrain]; set && n.name == text(pod, "spec", "nodeName") {
			if takes, err = time.ParseDuration(slow); err != nil {
				return err
			}
		}
	}
	ending := kept[i]
	meta(ending)["deletionTimestamp"] = now()
	if _, err := a.put(ctx, podKind, ending, text(ending, "metadata", "resourceVersion")); err != nil {
		return err
	}
	cluster := a.node.daemon.cluster(a.node.state().Cluster)
	a.node.daemon.spawn(func() {
		if a.node.daemon.sleep(takes) {
			cluster.finishPod(ending)
		}
	})
	return nil
}

// finishPod takes a pod away. What a controller owns is created again, for the scheduler to place.
func (c *cluster) finishPod(pod object) {
	for range 20 {
		if a, running := c.anyAPI(); running {
			ctx, cancel := short(c.daemon.ctx)
			kv, err := a.kv()
			if err == nil {
				_, err = kv.Delete(ctx, key(podKind, text(pod, "metadata", "namespace"), text(pod, "metadata", "name")))
			}
			if err == nil && meta(pod)["ownerReferences"] != nil {
				_, err = a.create(ctx, path{kind: podKind, namespace: text(pod, "metadata", "namespace")},
					successor(pod))
			}
			cancel()
			if err == nil {
				return
			}
		}
		if !c.daemon.sleep(time.Second) {
			return
		}
	}
}

func successor(pod object) object {
	spec, _ := pod["spec"].(object)
	spec = maps.Clone(spec)
	delete(spec, "nodeName")
	return object{"spec": spec, "metadata": object{
		"name": text(pod, "metadata", "name") + "-" + uuid.NewString()[:4], "labels": meta(pod)["labels"],
		"ownerReferences": meta(pod)["ownerReferences"],
	}}
}

// anyAPI returns an API whose etcd has a leader.
func (c *cluster) anyAPI() (api, bool) {
	for _, n := range c.daemon.runningNodes(c.id) {
		if m := n.member(); m != nil && m.votes() {
			return api{node: n}, true
		}
	}
	return api{}, false
}

// control does the work of controllers and the scheduler: it creates missing pods, and gives pods without a node one.
func (c *cluster) control() error {
	a, running := c.anyAPI()
	if !running {
		return nil
	}
	ctx, cancel := short(c.daemon.ctx)
	defer cancel()
	pods, err := a.stored(ctx, podKind, "")
	if err != nil {
		return err
	}
	for _, d := range a.createdObjects(deploymentKind, "") {
		name, namespace := text(d, "metadata", "name"), text(d, "metadata", "namespace")
		for have := len(podsOf(d, pods)); have < replicasOf(d); have++ {
			pod := newPod(namespace, name+"-"+uuid.NewString()[:5], "", name, "")
			meta(pod)["ownerReferences"] = owner("apps/v1", "ReplicaSet", name)
			if _, err := a.create(ctx, path{kind: podKind, namespace: namespace}, pod); err != nil {
				return err
			}
		}
	}
	for _, pod := range pods {
		if text(pod, "spec", "nodeName") != "" {
			continue
		}
		node := a.place(pods)
		if node == "" {
			return nil
		}
		pod["spec"].(object)["nodeName"] = node
		a.startPod(pod)
		if _, err := a.put(ctx, podKind, pod, text(pod, "metadata", "resourceVersion")); err != nil {
			return err
		}
	}
	return nil
}

// place returns the ready and schedulable node with the fewest pods; workers come first. Of the taints only a cordon
// counts.
func (a api) place(pods []object) string {
	best, least := "", math.MaxInt
	for _, o := range a.nodeObjects() {
		name := text(o, "metadata", "name")
		spec, _ := o["spec"].(object)
		if cordoned, _ := spec["unschedulable"].(bool); cordoned || !isReady(o) {
			continue
		}
		load := 0
		if hasKey(labelsOf(o), "node-role.kubernetes.io/control-plane") {
			load = 1000
		}
		for _, pod := range pods {
			if text(pod, "spec", "nodeName") == name {
				load++
			}
		}
		if load < least {
			best, least = name, load
		}
	}
	return best
}

func isReady(node object) bool {
	status, _ := node["status"].(object)
	conditions, _ := status["conditions"].([]any)
	return len(conditions) > 0 && conditions[0].(object)["status"] == "True"
}
