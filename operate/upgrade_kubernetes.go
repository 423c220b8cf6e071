package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"
)

const (
	kubeletImage = constants.KubeletImage
	proxyName    = "kube-proxy"
)

// componentImages are the images of a control plane's static pods.
var componentImages = map[string]string{
	"kube-apiserver":          constants.KubernetesAPIServerImage,
	"kube-controller-manager": constants.KubernetesControllerManagerImage,
	"kube-scheduler":          constants.KubernetesSchedulerImage,
}

// component changes one static pod of one control plane, as `talosctl upgrade-k8s` does: by its image in the node's
// live configuration. https://github.com/siderolabs/talos/blob/v1.13.9/pkg/cluster/kubernetes/upgrade.go
func (r *upgradeRun) component(ctx context.Context, o *Observation, n *Node, component string) error {
	image := componentImages[component] + ":v" + r.Target.Kubernetes
	err := r.configure(ctx, o, n, func(c *v1alpha1.Config) error {
		if c.ClusterConfig == nil {
			return errors.New("its configuration has no cluster")
		}
		switch component {
		case "kube-apiserver":
			if c.ClusterConfig.APIServerConfig == nil {
				c.ClusterConfig.APIServerConfig = &v1alpha1.APIServerConfig{}
			}
			c.ClusterConfig.APIServerConfig.ContainerImage = image
		case "kube-controller-manager":
			if c.ClusterConfig.ControllerManagerConfig == nil {
				c.ClusterConfig.ControllerManagerConfig = &v1alpha1.ControllerManagerConfig{}
			}
			c.ClusterConfig.ControllerManagerConfig.ContainerImage = image
		case "kube-scheduler":
			if c.ClusterConfig.SchedulerConfig == nil {
				c.ClusterConfig.SchedulerConfig = &v1alpha1.SchedulerConfig{}
			}
			c.ClusterConfig.SchedulerConfig.ContainerImage = image
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.until(ctx, fmt.Sprintf("its %s did not become ready with version %s", component, r.Target.Kubernetes),
		func(o *Observation) bool {
			pod := o.Node(n.Name).StaticPods[component]
			return pod.Ready && compare(pod.Version, r.Target.Kubernetes) == 0
		})
}

// kubelet changes the kubelet of one node, which restarts it and leaves the pods running.
func (r *upgradeRun) kubelet(ctx context.Context, o *Observation, n *Node) error {
	err := r.configure(ctx, o, n, func(c *v1alpha1.Config) error {
		if c.MachineConfig == nil || c.MachineConfig.MachineKubelet == nil {
			return errors.New("its configuration has no kubelet")
		}
		c.MachineConfig.MachineKubelet.KubeletImage = kubeletImage + ":v" + r.Target.Kubernetes
		return nil
	})
	if err != nil {
		return err
	}
	return r.until(ctx, "its kubelet did not become ready with version "+r.Target.Kubernetes,
		func(o *Observation) bool {
			k := o.Node(n.Name).Kubernetes
			return k != nil && k.Ready && compare(k.Kubelet, r.Target.Kubernetes) == 0
		})
}

// configure changes a node's live configuration, without a reboot. Errors of it may quote the configuration, which is
// secret.
func (r *upgradeRun) configure(ctx context.Context, o *Observation, n *Node,
	change func(*v1alpha1.Config) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.Node)
	defer cancel()
	c, ctx := r.way(ctx, o, n.Machine)
	live, err := configOf(ctx, c)
	if err != nil {
		return err
	}
	changed, err := live.PatchV1Alpha1(change)
	if err != nil {
		return err
	}
	text, err := changed.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))
	if err != nil {
		return errors.New("its configuration cannot be written")
	}
	_, err = c.ApplyConfiguration(ctx,
		&machine.ApplyConfigurationRequest{Data: text, Mode: machine.ApplyConfigurationRequest_NO_REBOOT})
	if err != nil {
		return fmt.Errorf("it did not accept its configuration with another image: %s", reason(err))
	}
	return nil
}

// until looks until the condition holds, and then until the gates pass twice.
func (r *upgradeRun) until(ctx context.Context, problem string, holds func(*Observation) bool) error {
	end := time.Now().Add(r.Node)
	for {
		if holds(r.op.Observe(ctx)) {
			_, err := r.green(ctx, 2)
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s in %s; look at: kubectl -n kube-system get pods, and talosctl logs kubelet", problem,
				r.Node)
		}
		if err := pause(ctx, r.Poll); err != nil {
			return err
		}
	}
}
