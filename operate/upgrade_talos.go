package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/inferadb/infra/machineconfig"
	"github.com/inferadb/infra/regions"
	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
)

// installer returns the image of the target's Talos for the cluster's cloud and schematic.
func (r *upgradeRun) installer() string {
	want := r.op.cluster.Want
	can, _ := regions.CapabilitiesOf(want.Provider)
	return machineconfig.InstallerImage(can.Platform, want.Schematic, r.Target.Talos)
}

// way returns the client and the context for a machine: through itself for a control plane, else through one that
// answers.
func (r *upgradeRun) way(ctx context.Context, o *Observation, m Machine) (*client.Client, context.Context) {
	for _, n := range o.ControlPlanes() {
		if n.TalosError == "" {
			return r.op.talos.reach(ctx, m, n.Name)
		}
	}
	return r.op.talos.reach(ctx, m, o.Nodes[0].Name)
}

// pullImages has every node fetch what it will need, before the first node is touched.
func (r *upgradeRun) pullImages(ctx context.Context) error {
	o := r.op.Observe(ctx)
	if err := r.compareManifests(ctx, o); err != nil {
		return err
	}
	if err := r.pullManifestImages(ctx, o, o.syncable(false)); err != nil {
		return err
	}
	steps := o.plan(r.Target)
	if slices.ContainsFunc(steps, func(s step) bool { return s.kind == configureProxy }) {
		if err := r.pullEverywhere(ctx, o, proxyImage(r.Target.Kubernetes)); err != nil {
			return err
		}
	}
	for _, s := range steps {
		var images []pull
		n := o.Node(s.node)
		switch s.kind {
		case upgradeTalos:
			images = []pull{{r.installer(), common.ContainerdNamespace_NS_SYSTEM}}
		case upgradeComponent:
			images = []pull{{componentImages[s.component] + ":v" + r.Target.Kubernetes,
				common.ContainerdNamespace_NS_CRI}}
		case upgradeKubelet:
			images = []pull{{kubeletImage + ":v" + r.Target.Kubernetes, common.ContainerdNamespace_NS_SYSTEM}}
		}
		for _, image := range images {
			if err := r.pull(ctx, o, n, image); err != nil {
				return err
			}
		}
	}
	return nil
}

// pullManifestImages has every node fetch the images of the DaemonSets that change: they run everywhere.
func (r *upgradeRun) pullManifestImages(ctx context.Context, o *Observation, changes []*manifestChange) error {
	for _, c := range changes {
		if c.wanted.GetKind() != "DaemonSet" {
			continue
		}
		for _, image := range c.images() {
			if err := r.pullEverywhere(ctx, o, image); err != nil {
				return err
			}
		}
	}
	return nil
}

// pullEverywhere has every node fetch an image of pods.
func (r *upgradeRun) pullEverywhere(ctx context.Context, o *Observation, image string) error {
	for _, n := range o.Nodes {
		if err := r.pull(ctx, o, n, pull{image, common.ContainerdNamespace_NS_CRI}); err != nil {
			return err
		}
	}
	return nil
}

// pull is an image and the place that it is pulled to.
type pull struct {
	image     string
	namespace common.ContainerdNamespace
}

func (r *upgradeRun) pull(ctx context.Context, o *Observation, n *Node, p pull) error {
	ctx, cancel := context.WithTimeout(ctx, r.Gate)
	defer cancel()
	r.logf("%s: fetching %s", n.Name, p.image)
	c, ctx := r.way(ctx, o, n.Machine)
	var err error
	if installsOnly(n.Talos) {
		err = pullNew(ctx, c, p)
	} else {
		//lint:ignore SA1019 Talos 1.12 has no other call
		err = c.ImagePull(ctx, p.namespace, p.image)
	}
	if err != nil {
		return fmt.Errorf("%s: the image %s cannot be fetched: %s", n.Name, p.image, reason(err))
	}
	return nil
}

// pullNew pulls by the image service of Talos 1.13.
func pullNew(ctx context.Context, c *client.Client, p pull) error {
	stream, err := c.ImageClient.Pull(ctx, &machine.ImageServicePullRequest{Containerd: instance(p.namespace),
		ImageRef: p.image})
	for err == nil {
		_, err = stream.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// instance returns the containerd that keeps a namespace's images on the disk. Talos' other one, for its own services,
// keeps them in memory.
func instance(namespace common.ContainerdNamespace) *common.ContainerdInstance {
	return &common.ContainerdInstance{Driver: common.ContainerDriver_CRI, Namespace: namespace}
}

// installsOnly reports whether a node has the service of Talos 1.13, which installs and leaves the rest to the client.
// Before that, the upgrade call also drains and reboots.
func installsOnly(talos string) bool { return compare(talos, "v1.13.0-alpha.0") >= 0 }

// talos upgrades one node: install, and restart into the new version.
func (r *upgradeRun) talos(ctx context.Context, o *Observation, n *Node) error {
	if installsOnly(n.Talos) {
		if err := r.install(ctx, o, n); err != nil {
			return err
		}
	}
	if err := r.restart(ctx, o, n, r.reboot); err != nil {
		return err
	}
	return r.checkSchematic(ctx, o, n)
}

// checkSchematic finds a node that fell back to another image of the same version.
func (r *upgradeRun) checkSchematic(ctx context.Context, o *Observation, n *Node) error {
	limited, cancel := context.WithTimeout(ctx, r.op.Limit)
	defer cancel()
	c, limited := r.way(limited, o, n.Machine)
	runs, err := schematicOf(limited, c)
	if err != nil {
		return fmt.Errorf("the schematic of its image cannot be read: %s", reason(err))
	}
	if o.isOther(runs) {
		return fmt.Errorf("it came back with an image of the schematic %s: the new one did not start, and it fell "+
			"back; look at: talosctl -n %s dmesg",
			runs, n.Address)
	}
	return nil
}

// restart takes one node away and brings it back: drain, hand the leadership of etcd over, reboot by the function, and
// wait until the node is what it should be.
func (r *upgradeRun) restart(ctx context.Context, o *Observation, n *Node,
	reboot func(context.Context, *Observation, *Node) error) error {
	if err := r.empty(ctx, o, n); err != nil {
		return err
	}
	// Other nodes may have failed during the drain.
	o, err := r.green(ctx, 1)
	if err == nil {
		err = r.giveUpLeadership(ctx, o, n)
	}
	if err == nil {
		err = r.lock.check(ctx)
	}
	if err != nil {
		return errors.Join(err, r.restore(ctx, n))
	}
	n = o.Node(n.Name)
	if n.ControlPlane {
		r.started[n.Name] = n.StaticPods[components[0]].Started
	}
	if err := reboot(ctx, o, n); err != nil {
		return errors.Join(err, r.restore(ctx, n))
	}
	if err := r.back(ctx, o, n); err != nil {
		return err
	}
	return r.finish(ctx, n)
}

// install puts the new version beside the one that runs.
func (r *upgradeRun) install(ctx context.Context, o *Observation, n *Node) error {
	ctx, cancel := context.WithTimeout(ctx, r.Node)
	defer cancel()
	image := pull{r.installer(), common.ContainerdNamespace_NS_SYSTEM}
	if err := r.pull(ctx, o, n, image); err != nil {
		return err
	}
	c, ctx := r.way(ctx, o, n.Machine)
	stream, err := c.LifecycleClient.Upgrade(ctx, &machine.LifecycleServiceUpgradeRequest{
		Containerd: instance(image.namespace), Source: &machine.InstallArtifactsSource{ImageName: image.image},
	})
	if err != nil {
		return fmt.Errorf("the installation was refused: %s", reason(err))
	}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return errors.New("the installation ended without a result; nothing was rebooted")
		}
		if err != nil {
			return fmt.Errorf("the installation failed: %s; nothing was rebooted", reason(err))
		}
		if result, ok := answer.GetProgress().GetResponse().(*machine.LifecycleServiceInstallProgress_ExitCode); ok {
			if result.ExitCode != 0 {
				return fmt.Errorf("the installer failed with code %d; nothing was rebooted; look at: talosctl -n %s "+
					"dmesg", result.ExitCode, n.Address)
			}
			return nil
		}
	}
}

// empty cordons and drains a node, unless no other could take its pods. After a drain that fails, the node is
// uncordoned.
func (r *upgradeRun) empty(ctx context.Context, o *Observation, n *Node) error {
	if n.Kubernetes == nil {
		r.logf("%s: Kubernetes has no such node, so nothing is drained", n.Name)
		return nil
	}
	others := 0
	for _, k := range o.kubernetesNodes() {
		if k.Name != n.Kubernetes.Name && k.Ready && k.Cordoned == "" {
			others++
		}
	}
	if others == 0 {
		r.logf("%s: no other node could take its pods, so it is not drained", n.Name)
		return nil
	}
	if err := r.op.kubernetes.cordon(ctx, n.Kubernetes); err != nil {
		return fmt.Errorf("it cannot be cordoned: %s", reason(err))
	}
	r.logf("%s: draining", n.Name)
	if err := r.op.kubernetes.drain(ctx, n.Kubernetes.Name, r.Drain, r.Poll); err != nil {
		return errors.Join(err, r.restore(ctx, n))
	}
	return nil
}

// restore uncordons a node that this upgrade has cordoned.
func (r *upgradeRun) restore(ctx context.Context, n *Node) error {
	// Cordoned is from before: a node that a person cordoned stays so.
	if k := n.Kubernetes; k == nil || k.Cordoned != "" && k.Cordoned != byUpgrade {
		return nil
	}
	if err := r.op.kubernetes.uncordon(ctx, n.Kubernetes.Name, cordonedByUs); err != nil {
		return fmt.Errorf("it stays cordoned: %s; run: kubectl uncordon %s, and kubectl annotate node %s %s-",
			reason(err), n.Kubernetes.Name,
			n.Kubernetes.Name, cordonedByUs)
	}
	return nil
}

// giveUpLeadership has the leader of etcd hand over, so that its reboot costs no election.
func (r *upgradeRun) giveUpLeadership(ctx context.Context, o *Observation, n *Node) error {
	if leader := o.Leader(); leader == nil || leader.Name != n.Name || len(o.ControlPlanes()) == 1 {
		return nil
	}
	c, limited := r.way(ctx, o, n.Machine)
	limited, cancel := context.WithTimeout(limited, r.op.Limit)
	defer cancel()
	if _, err := c.EtcdForfeitLeadership(limited, &machine.EtcdForfeitLeadershipRequest{}); err != nil {
		return fmt.Errorf("it leads etcd and did not hand over: %s", reason(err))
	}
	after, err := r.green(ctx, 1)
	if err != nil {
		return err
	}
	if leader := after.Leader(); leader == nil || leader.Name == n.Name {
		return errors.New("it still leads etcd after it was asked to hand over")
	}
	return nil
}

// reboot starts the new version. A connection that breaks is no answer: the node may have begun.
func (r *upgradeRun) reboot(ctx context.Context, o *Observation, n *Node) error {
	ctx, cancel := context.WithTimeout(ctx, r.Node)
	defer cancel()
	c, ctx := r.way(ctx, o, n.Machine)
	r.logf("%s: rebooting", n.Name)
	var err error
	if installsOnly(n.Talos) {
		err = c.Reboot(ctx)
	} else {
		//lint:ignore SA1019 Talos 1.12 has no other call
		_, err = c.MachineClient.Upgrade(ctx, &machine.UpgradeRequest{Image: r.installer()})
	}
	if mayHaveBegun(err) {
		return nil
	}
	return fmt.Errorf("it refused to reboot into the new version: %s", reason(err))
}

// back waits until a node has booted again with the version. A node whose new system did not start has booted its old
// one: that is no success.
// https://docs.siderolabs.com/talos/v1.13/configure-your-talos-cluster/lifecycle-management/upgrading-talos
func (r *upgradeRun) back(ctx context.Context, o *Observation, n *Node) error {
	end := time.Now().Add(r.Node)
	for {
		version, boot, err := r.identity(ctx, o, n)
		switch {
		case err != nil, boot == n.BootID:
		case compare(version, r.Target.Talos) == 0:
			r.logf("%s: is back with Talos %s", n.Name, version)
			return nil
		default:
			return fmt.Errorf("it came back with Talos %s: the new version did not start, and it fell back; look at: "+
				"talosctl -n %s dmesg", version, n.Address)
		}
		if time.Now().After(end) {
			if err != nil {
				return fmt.Errorf("it did not come back in %s: %s; look at the machine's console", r.Node, reason(err))
			}
			return fmt.Errorf("it did not reboot in %s; look at: talosctl -n %s dmesg", r.Node, n.Address)
		}
		if err := pause(ctx, r.Poll); err != nil {
			return err
		}
	}
}

// identity asks a node for its version and its boot.
func (r *upgradeRun) identity(ctx context.Context, o *Observation, n *Node) (version, boot string, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.op.Limit)
	defer cancel()
	c, ctx := r.way(ctx, o, n.Machine)
	if version, err = versionOf(ctx, c); err == nil {
		boot, err = bootIDOf(ctx, c)
	}
	return version, boot, err
}

// finish waits until the cluster bears the next node's absence, and lets pods onto this one again.
func (r *upgradeRun) finish(ctx context.Context, n *Node) error {
	if _, err := r.green(ctx, 2); err != nil {
		return err
	}
	return r.restore(ctx, n)
}
