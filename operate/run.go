package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// checkAccept refuses gates that cannot be accepted.
func (u *Upgrade) checkAccept() error {
	for _, name := range u.Accept {
		if !slices.ContainsFunc(Gates, func(g Gate) bool { return g.Name == name && g.Acceptable }) {
			return refused("--accept: there is no gate %q that can be accepted; they are nodes, system, "+
				"drain, manifests and removed", name)
		}
	}
	return nil
}

// lockAll takes the lock of each cluster.
func (u *Upgrade) lockAll(ctx context.Context, runs []*upgradeRun) error {
	for _, r := range runs {
		var err error
		if r.lock, err = r.op.kubernetes.acquire(ctx, u.Renew, u.logf); err != nil {
			var locked *ExitError
			if errors.As(err, &locked) {
				return err
			}
			return refused("the lock cannot be taken: %s; nothing was changed", reason(err))
		}
	}
	return nil
}

// saveAll writes a snapshot of each cluster's etcd.
func (u *Upgrade) saveAll(ctx context.Context, runs []*upgradeRun) error {
	for _, r := range runs {
		path, err := r.op.Snapshot(ctx, u.Snapshots, 0)
		if err != nil {
			return &ExitError{Code: Refused, Err: fmt.Errorf("%w; nothing was changed", err)}
		}
		u.logf("etcd of %s is saved in %s", r.op.cluster.Name, path)
	}
	return nil
}

// closeRuns gives the locks back and ends the connections.
func closeRuns(ctx context.Context, runs []*upgradeRun) {
	for _, r := range runs {
		if r.lock != nil {
			r.lock.release(ctx)
		}
		_ = r.op.Close()
	}
}
