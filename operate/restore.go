package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Restore starts the etcd of a cluster that has lost its quorum from a snapshot. What is left of the old etcd is wiped
// first, so that no member of it comes back. It keeps no state: run again after an interruption, it goes on from what
// the nodes say.
// https://docs.siderolabs.com/talos/v1.13/build-and-extend-talos/cluster-operations-and-maintenance/disaster-recovery
type Restore struct {
	Operator *Operator
	// Stack is named in what to do next.
	Stack string
	// Snapshot is the file, or its URL in a bucket. Databases is the folder for what is left of the old etcd, and for
	// what comes from a bucket.
	Snapshot, Databases string
	// WithoutDatabases wipes a control plane also if what it has left cannot be copied.
	WithoutDatabases bool
	// Node is how long a node may take until it answers again, Gate how long etcd and the API may take after it.
	Node, Gate time.Duration
	// Poll is how long to wait between two looks, Settle between two that must both find the same.
	Poll, Settle time.Duration
	// Out is where plan and progress go, Confirm asks whether to go on.
	Out     io.Writer
	Confirm func() error
}

// Run restores the snapshot. Nothing is changed before all has been asked and confirmed.
func (r *Restore) Run(ctx context.Context) error {
	name := r.Operator.cluster.Name
	snapshot, err := fetchSnapshot(ctx, r.Snapshot, r.Databases, name)
	if err != nil {
		return fmt.Errorf("--snapshot: %w; nothing was changed", err)
	}
	r.Snapshot = snapshot
	file, err := openSnapshot(r.Snapshot, name)
	if err != nil {
		return err
	}
	defer file.Close()
	members, err := r.observe(ctx)
	if err == nil {
		err = r.check(members)
	}
	if err != nil {
		return fmt.Errorf("%s: %w; nothing was changed", name, err)
	}
	r.describe(file, members)
	if err := r.Confirm(); err != nil {
		return err
	}
	// The person took their time.
	if members, err = r.observe(ctx); err == nil {
		err = r.check(members)
	}
	if err != nil {
		return fmt.Errorf("%s: %w; nothing was changed", name, err)
	}
	if err := r.start(ctx, file, members); err != nil {
		return fmt.Errorf("%s: %w; when that is mended, run the command again", name, err)
	}
	if err := r.finish(ctx); err != nil {
		return fmt.Errorf("%s: etcd was started from the snapshot, and %w; run: make status STACK=%s", name, err,
			r.Stack)
	}
	r.logf("etcd of %s runs from %s", name, r.Snapshot)
	return nil
}

// checkSnapshotName refuses a snapshot that is another cluster's by its name.
func checkSnapshotName(path, cluster string) error {
	if of, _, ok := parseSnapshotName(path); ok && of != cluster {
		return fmt.Errorf("%s: by its name it is a snapshot of %s, not of %s, which could not read its secrets; "+
			"choose another", path, of, cluster)
	}
	return nil
}

// openSnapshot opens a file that is a whole snapshot, and by its name of this cluster.
func openSnapshot(path, cluster string) (*os.File, error) {
	if err := checkSnapshotName(path, cluster); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the snapshot cannot be read: %w", err)
	}
	err = copyVerified(io.Discard, file)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w; choose another", path, err), file.Close())
	}
	return file, nil
}

// controlPlaneEtcd is what a control plane reports about its etcd.
type controlPlaneEtcd struct {
	Machine
	// silent is why its Talos API does not answer.
	silent string
	// service is the state of the service, detail the last thing that happened to it.
	service, detail string
	// leader is the member that it follows; 0 for none.
	leader uint64
}

// waits reports whether a node's etcd has no data and waits for a bootstrap, or for a cluster that it can join.
func (c controlPlaneEtcd) waits() bool { return c.service == "Preparing" }

// look asks each control plane once. None of it needs a quorum.
func (r *Restore) look(ctx context.Context) []controlPlaneEtcd {
	members := make([]controlPlaneEtcd, len(r.Operator.cluster.ControlPlanes))
	var asking []func()
	for i, m := range r.Operator.cluster.ControlPlanes {
		asking = append(asking, func() {
			limited, cancel := context.WithTimeout(ctx, r.Operator.Limit)
			defer cancel()
			members[i] = r.lookAt(limited, m)
		})
	}
	together(asking...)
	return members
}

func (r *Restore) lookAt(ctx context.Context, m Machine) controlPlaneEtcd {
	seen := controlPlaneEtcd{Machine: m, service: "unknown"}
	c, ctx := r.Operator.talos.reach(ctx, m, "")
	services, err := c.ServiceInfo(ctx, "etcd")
	if err != nil {
		seen.silent = reason(err)
		return seen
	}
	for _, info := range services {
		seen.service = info.Service.GetState()
		for _, event := range info.Service.GetEvents().GetEvents() {
			seen.detail = event.GetMsg()
		}
	}
	// It fails where etcd does not run.
	if answer, err := c.EtcdStatus(ctx); err == nil {
		for _, message := range answer.GetMessages() {
			seen.leader = message.GetMemberStatus().GetLeader()
		}
	}
	return seen
}

// observe looks twice: an election leaves a living etcd without a leader for a moment, and a node that boots reports
// for a moment that its etcd waits. What one of the looks shows of a leader, of data or of silence counts.
func (r *Restore) observe(ctx context.Context) ([]controlPlaneEtcd, error) {
	members := r.look(ctx)
	if err := pause(ctx, r.Settle); err != nil {
		return nil, errors.New("interrupted")
	}
	for i, again := range r.look(ctx) {
		if first := members[i]; again.silent == "" &&
			(first.silent != "" || first.leader != 0 || again.waits() && !first.waits()) {
			continue
		}
		members[i] = again
	}
	return members, nil
}

// check refuses to overwrite an etcd that lives, and to begin while a node does not answer: it may hold the majority.
func (r *Restore) check(members []controlPlaneEtcd) error {
	for _, m := range members {
		if m.leader != 0 {
			return fmt.Errorf("etcd lives: %s follows the leader %x, and a restore would overwrite "+
				"it; run: make status STACK=%s. "+
				"A restore that was interrupted after etcd had started goes on by itself", m.Name, m.leader, r.Stack)
		}
	}
	for _, m := range members {
		if m.silent != "" {
			return fmt.Errorf("%s: its Talos API at %s does not answer: %s. If it boots, wait; if its "+
				"machine is lost, have it made anew "+
				"(docs/operations.md#recover-lost-control-planes); then run the command again", m.Name, m.Endpoint,
				m.silent)
		}
	}
	return nil
}

// describe prints the plan.
func (r *Restore) describe(file *os.File, members []controlPlaneEtcd) {
	since := "the snapshot was taken, whose name has no time"
	if _, taken, ok := parseSnapshotName(r.Snapshot); ok {
		since = fmt.Sprintf("%s, %s ago", taken.Format("2006-01-02 15:04 MST"), time.Since(taken).Round(time.Minute))
	}
	mib := 0.0
	if info, err := file.Stat(); err == nil {
		mib = float64(info.Size()) / (1 << 20)
	}
	line := func(format string, arguments ...any) { fmt.Fprintf(r.Out, format+"\n", arguments...) }
	line("%s: etcd has no leader. It starts anew from %s (%.1f MiB)", r.Operator.cluster.Name, r.Snapshot, mib)
	line("  lost is all that was written to Kubernetes since %s", since)
	for _, m := range members {
		if m.waits() {
			line("  %s: stays as it is; its etcd is empty and waits", m.Name)
		} else {
			line("  %s: its etcd (%s) is copied into %s as far as possible; then its EPHEMERAL "+
				"partition is wiped: etcd, images, "+
				"local data of its pods. It reboots", m.Name, m.service, r.Databases)
		}
	}
	if len(members) == 1 {
		line("  then etcd starts on it from the snapshot")
		return
	}
	line("  then etcd starts on %s from the snapshot, and the others join it", members[0].Name)
}

// start wipes what is left, and starts etcd on the first control plane.
func (r *Restore) start(ctx context.Context, file *os.File, members []controlPlaneEtcd) error {
	for _, m := range members {
		if m.waits() {
			continue
		}
		if err := r.keepDatabase(ctx, m.Machine); err != nil {
			return err
		}
		r.logf("%s: wiping EPHEMERAL", m.Name)
		limited, cancel := context.WithTimeout(ctx, r.Operator.Limit)
		c, to := r.Operator.talos.reach(limited, m.Machine, "")
		err := c.ResetGeneric(to, &machine.ResetRequest{
			Reboot: true, SystemPartitionsToWipe: []*machine.ResetPartitionSpec{{Label: "EPHEMERAL", Wipe: true}},
		})
		cancel()
		if err != nil {
			return fmt.Errorf("%s: it did not accept the reset: %s", m.Name, reason(err))
		}
	}
	if err := r.untilAllWait(ctx); err != nil {
		return err
	}
	first := members[0].Machine
	r.logf("%s: taking the snapshot", first.Name)
	limited, cancel := context.WithTimeout(ctx, snapshotLimit)
	defer cancel()
	c, to := r.Operator.talos.reach(limited, first, "")
	if _, err := c.EtcdRecover(to, file); err != nil {
		return fmt.Errorf("%s: it did not accept the snapshot: %s", first.Name, reason(err))
	}
	return r.bootstrap(ctx, first)
}

// untilAllWait waits until the etcd of each control plane is empty.
func (r *Restore) untilAllWait(ctx context.Context) error {
	end, said := time.Now().Add(r.Node), ""
	for {
		members, err := r.observe(ctx)
		if err != nil {
			return err
		}
		waiting := ""
		for _, m := range members {
			switch {
			case m.silent != "":
				waiting = m.Name + " does not answer yet"
			case !m.waits():
				waiting = fmt.Sprintf("etcd of %s is %s, not Preparing", m.Name, m.service)
			}
		}
		if waiting == "" {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("after %s, %s", r.Node, waiting)
		}
		if waiting != said {
			r.logf("waiting: %s", waiting)
			said = waiting
		}
		if err := pause(ctx, r.Poll); err != nil {
			return errors.New("interrupted")
		}
	}
}

// bootstrap starts etcd from the snapshot that a node has taken. A node refuses it while it has only just booted.
func (r *Restore) bootstrap(ctx context.Context, first Machine) error {
	r.logf("%s: starting etcd", first.Name)
	end := time.Now().Add(r.Gate)
	for {
		limited, cancel := context.WithTimeout(ctx, r.Operator.Limit)
		c, to := r.Operator.talos.reach(limited, first, "")
		err := c.Bootstrap(to, &machine.BootstrapRequest{RecoverEtcd: true})
		seen := r.lookAt(limited, first)
		cancel()
		switch {
		case err == nil, seen.leader != 0:
			return nil
		case status.Code(err) != codes.FailedPrecondition && status.Code(err) != codes.Unavailable ||
			time.Now().After(end):
			return fmt.Errorf("%s: it does not start etcd: %s", first.Name, reason(err))
		}
		if err := pause(ctx, r.Poll); err != nil {
			return errors.New("interrupted")
		}
	}
}

// finish waits until etcd has all control planes as members and the API answers, in two looks in a row.
func (r *Restore) finish(ctx context.Context) error {
	end, said, passed, failed := time.Now().Add(r.Gate), "", 0, 0
	for passed < 2 {
		found := r.Operator.Observe(ctx).Findings(func(g Gate) bool { return g.Name == "etcd" || g.Name == "api" })
		wait := r.Settle
		if Worst(found) == Notice {
			passed++
		} else {
			passed, wait = 0, r.Poll
			// The service that waited ends before the one with the snapshot begins.
			first := r.lookAt(ctx, r.Operator.cluster.ControlPlanes[0])
			if failed++; first.service != "Failed" {
				failed = 0
			}
			if failed == 5 {
				return fmt.Errorf("%s: its etcd has failed: %s (talosctl -n %s logs etcd)", first.Name,
					cmp.Or(first.detail, "it does not say why"), first.Address)
			}
			if time.Now().After(end) {
				return fmt.Errorf("gate %s did not pass in %s: %s", found[0].Gate, r.Gate, found[0])
			}
			if text := found[0].String(); text != said {
				r.logf("waiting for %s: %s", found[0].Gate, strings.SplitN(text, ";", 2)[0])
				said = text
			}
		}
		if err := pause(ctx, wait); err != nil {
			return errors.New("interrupted")
		}
	}
	return nil
}

func (r *Restore) logf(format string, arguments ...any) {
	progress(r.Out, format, arguments...)
}
