package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// compareManifests puts into the observation what Talos renders, and what the cluster does not have as the stack wants
// it. Once that is in line in this run, it is not asked for again: the API server may spell a field in its own way.
func (r *upgradeRun) compareManifests(ctx context.Context, o *Observation) error {
	if err := r.readRendered(ctx, o); err != nil {
		return err
	}
	if r.synced || o.APIError != "" {
		return nil
	}
	wanted, err := r.op.cluster.Want.ManifestsAt(r.Target.Kubernetes)
	if err != nil {
		// checkPath names a version of Kubernetes that Cilium does not have.
		return nil
	}
	objects, err := stackObjects(wanted)
	if err != nil {
		return err
	}
	changes, err := r.changes(ctx, o, objects)
	r.synced = err == nil && changes == 0
	return err
}

// changes puts into the observation which objects differ, and returns how many do.
func (r *upgradeRun) changes(ctx context.Context, o *Observation, objects []*manifestChange) (int, error) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	changes, err := r.op.kubernetes.manifestChanges(limited, objects)
	if err != nil {
		return 0, fmt.Errorf("the manifests cannot be compared with the cluster: %w", err)
	}
	for _, c := range changes {
		c.left = len(c.owners) > 0 &&
			(c.origin == ofStackFile || c.origin == ofTalos && !slices.Contains(r.Accept, "manifests"))
	}
	o.manifests = append(o.manifests, changes...)
	return len(changes), nil
}

// syncable returns the changes that an upgrade makes: to the objects of Talos, or to the others. An object of the
// stack's own, or of Talos, that something else manages by now is left to it.
func (o *Observation) syncable(talos bool) []*manifestChange {
	return slices.DeleteFunc(slices.Clone(o.manifests),
		func(c *manifestChange) bool { return c.left || (c.origin == ofTalos) != talos })
}

// manifestsFirst reports whether the manifests come before Kubernetes: they do if their Cilium is tested with the
// version that runs.
func (o *Observation) manifestsFirst(kubernetes string) bool {
	if o.Cluster.Want.CNI != cluster.Cilium {
		return false
	}
	version, err := machineconfig.CiliumVersion(kubernetes)
	return err == nil && machineconfig.CiliumServes(version, o.APIVersion)
}

// checkManifests finds fields that an upgrade would take from another manager.
func (o *Observation) checkManifests() []Finding {
	var all []Finding
	for _, c := range o.manifests {
		if c.origin == ofCilium && len(c.owners) > 0 {
			all = append(all, Finding{Level: Degraded,
				Problem: fmt.Sprintf("%s was changed by %s since the program installed it", c.name,
					strings.Join(c.owners, ", ")),
				Remedy: "if Helm or Flux has Cilium now: docs/next-steps.md#hand-cilium-over; to overwrite " +
					"the change: --accept=manifests"})
		}
	}
	return all
}

// describeManifests writes what an upgrade changes in the cluster, with the differences.
func (o *Observation) describeManifests() []string {
	var lines []string
	for _, c := range o.manifests {
		switch {
		case c.left && c.origin == ofTalos:
			lines = append(lines,
				fmt.Sprintf("%s is left as it is: %s has changed it; to overwrite the change: --accept=manifests",
					c.name,
					strings.Join(c.owners, ", ")))
		case c.left:
			lines = append(lines,
				fmt.Sprintf("%s is left as it is: %s manages it", c.name, strings.Join(c.owners, ", ")))
		case c.rolling != "":
			lines = append(lines, "wait: "+c.rolling)
		case c.live == nil:
			lines = append(lines, c.name+" is created")
		case c.secret:
			lines = append(lines, c.name+" is changed; the difference is a secret")
		default:
			lines = append(lines, c.name+" is changed:")
			for line := range strings.Lines(c.difference) {
				lines = append(lines, "  "+strings.TrimRight(line, "\n"))
			}
		}
	}
	return lines
}

// sync brings manifests in line with the stack or with Talos, and waits until the pods follow. It deletes nothing.
func (r *upgradeRun) sync(ctx context.Context, o *Observation, changes []*manifestChange) error {
	limited, cancel := context.WithTimeout(ctx, r.Node)
	defer cancel()
	if found := r.blocking(o.Findings(func(g Gate) bool { return g.Name == "manifests" })); len(found) > 0 {
		return errors.New(found[0].String())
	}
	for _, c := range changes {
		if c.rolling != "" {
			continue
		}
		if err := r.op.kubernetes.takeOver(limited, c); err != nil {
			return fmt.Errorf("%s: the ownership of its fields cannot be changed: %s", c.name, c.reason(err))
		}
		if err := r.apply(limited, c); err != nil {
			return err
		}
		r.logf("%s is %s", c.name, map[bool]string{true: "created", false: "changed"}[c.live == nil])
	}
	for _, c := range changes {
		if err := r.waitFor(limited, c); err != nil {
			return err
		}
	}
	_, err := r.green(ctx, 2)
	return err
}

// apply writes one object. A kind that the API server does not know yet may be registered by what was created before
// it.
func (r *upgradeRun) apply(ctx context.Context, c *manifestChange) error {
	for {
		_, err := r.op.kubernetes.applyObject(ctx, c, c.live != nil, false)
		switch {
		case err == nil:
			return nil
		case !apierrors.IsNotFound(err):
			return fmt.Errorf("%s cannot be applied: %s", c.name, c.reason(err))
		}
		if pause(ctx, r.Poll) != nil {
			return fmt.Errorf("%s cannot be applied in %s: %s", c.name, r.Node, c.reason(err))
		}
	}
}

// waitFor looks until the pods of a DaemonSet or Deployment are those of its new version.
func (r *upgradeRun) waitFor(ctx context.Context, c *manifestChange) error {
	waits := ""
	for {
		object, err := r.op.kubernetes.readObject(ctx, c.path)
		if err == nil {
			if waits = rolledOut(object); waits == "" {
				return nil
			}
		}
		if pause(ctx, r.Poll) != nil {
			if waits == "" {
				waits = fmt.Sprintf("%s cannot be read: %s", c.name, reason(err))
			}
			return fmt.Errorf("%s after %s; look at: kubectl -n %s get pods", waits, r.Node, c.wanted.GetNamespace())
		}
	}
}

// reason returns an error of the API server about an object, which may quote the object.
func (c *manifestChange) reason(err error) string {
	if c.secret && !errors.Is(err, context.DeadlineExceeded) {
		return "the API server did not accept it; the reason is not shown, because it may contain a secret"
	}
	return reason(err)
}

// images returns the images of the pods that a change creates.
func (c *manifestChange) images() []string {
	var images []string
	for _, list := range []string{"initContainers", "containers"} {
		containers, _, _ := unstructured.NestedSlice(c.wanted.Object, "spec", "template", "spec", list)
		for _, item := range containers {
			container, _ := item.(map[string]any)
			if image, _ := container["image"].(string); image != "" && !slices.Contains(images, image) {
				images = append(images, image)
			}
		}
	}
	return images
}
