package operate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd/api"
)

// evictable reports whether a drain evicts the pod. It leaves pods that ended, those of DaemonSets, which come back at
// once, and static pods, which the API only mirrors.
func evictable(pod corev1.Pod) bool {
	if _, mirrored := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirrored {
		return false
	}
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return false
	}
	owner := metav1.GetControllerOf(&pod)
	return owner == nil || owner.Kind != "DaemonSet"
}

// cordon keeps new pods off a node. It marks the node, so that another run knows which node to uncordon. A node that is
// cordoned already stays another's.
func (k *kubernetesAPI) cordon(ctx context.Context, n *KubernetesNode) error {
	if n.Cordoned != "" {
		return nil
	}
	return k.patch(ctx, "nodes", n.Name, map[string]any{
		"spec":     map[string]any{"unschedulable": true},
		"metadata": map[string]any{"annotations": map[string]any{cordonedByUs: "true"}},
	})
}

// uncordon lets pods onto a node again, and takes the annotation of who cordoned it away.
func (k *kubernetesAPI) uncordon(ctx context.Context, name, annotation string) error {
	return k.patch(ctx, "nodes", name, map[string]any{
		"spec":     map[string]any{"unschedulable": false},
		"metadata": map[string]any{"annotations": map[string]any{annotation: nil}},
	})
}

// Drain prepares a node for a restart: it evicts the node's pods and waits until they are gone,
// at most until the limit. The node stays as schedulable as it is.
func Drain(ctx context.Context, kubeconfig *api.Config, node string, limit, poll time.Duration) error {
	k, err := openKubernetes(&Cluster{kubernetes: kubeconfig})
	if err != nil {
		return err
	}
	return k.drain(ctx, node, limit, poll)
}

// drain evicts the pods of a node and waits until they are gone. Evictions honor PodDisruptionBudgets; one that is
// refused is tried again until the limit. Kubernetes' own library for it (k8s.io/kubectl/pkg/drain) would add minutes
// to every first build.
func (k *kubernetesAPI) drain(ctx context.Context, node string, limit, poll time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var last []string
	var failed error
	// A pod that comes after the cordon tolerates it, and would come again after each eviction.
	var ours map[string]bool
	for {
		left, err := k.evictAll(ctx, node, &ours)
		if err == nil && len(left) == 0 {
			return nil
		}
		// A round that the limit cut off has fewer reasons than the one before.
		if ctx.Err() == nil || last == nil && failed == nil {
			last, failed = left, err
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			if failed != nil {
				return failed
			}
			return fmt.Errorf("the drain did not end in %s: %s", limit, strings.Join(last, "; "))
		}
	}
}

// evictAll asks for the eviction of each pod of a node once, and returns why a pod was not evicted. The first call
// chooses the pods.
func (k *kubernetesAPI) evictAll(ctx context.Context, node string, ours *map[string]bool) ([]string, error) {
	var pods corev1.PodList
	if err := k.core.Get().Resource("pods").Param("fieldSelector", "spec.nodeName="+node).Do(ctx).Into(
		&pods); err != nil {
		return nil, fmt.Errorf("the pods of the node cannot be listed: %s", reason(err))
	}
	if *ours == nil {
		*ours = map[string]bool{}
		for _, pod := range pods.Items {
			(*ours)[identityOf(pod)] = true
		}
	}
	var left []string
	for _, pod := range pods.Items {
		if !evictable(pod) || !(*ours)[identityOf(pod)] {
			continue
		}
		name := pod.Namespace + "/" + pod.Name
		if pod.DeletionTimestamp != nil {
			left = append(left, name+" is still ending")
			continue
		}
		eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace}}
		eviction.APIVersion, eviction.Kind = "policy/v1", "Eviction"
		err := k.evict(ctx, eviction)
		switch {
		case apierrors.IsNotFound(err):
		case apierrors.IsTooManyRequests(err):
			left = append(left, name+": "+refusal(err))
		case err != nil:
			left = append(left, name+" cannot be evicted: "+reason(err))
		default:
			left = append(left, name+" is still ending")
		}
	}
	return left, nil
}

// refusal returns why an eviction is refused. The server names the budget only among the causes, not in its message.
func refusal(err error) string {
	if cause, ok := apierrors.StatusCause(err, policyv1.DisruptionBudgetCause); ok {
		return reason(err) + " " + cause.Message
	}
	return reason(err)
}

// identityOf returns what distinguishes a pod from a later one with the same name.
func identityOf(pod corev1.Pod) string { return pod.Namespace + "/" + pod.Name + "/" + string(pod.UID) }

func (k *kubernetesAPI) evict(ctx context.Context, eviction *policyv1.Eviction) error {
	// client-go would wait and try again by itself when a budget refuses, and not report it.
	err := k.core.Post().Namespace(eviction.Namespace).Resource("pods").Name(eviction.Name).SubResource("eviction").
		MaxRetries(0).Body(eviction).Do(ctx).Error()
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	return err
}
