package operate

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/api/machine"
)

const (
	snapshotSuffix = ".etcd-snapshot"
	// snapshotTime is the format of the time in a snapshot's name, in UTC.
	snapshotTime = "20060102T150405Z"
	// partSuffix is that of a file that is not whole yet.
	partSuffix = ".part"
	// snapshotLimit is how long a snapshot may take.
	snapshotLimit = 30 * time.Minute
)

// Snapshot writes a snapshot of a cluster's etcd into a folder and returns the file. It keeps the newest of the
// cluster's snapshots there, as many as keep; 0 keeps all. Secrets in the snapshot are encrypted as Kubernetes
// stores them, with the key of the cluster's secrets.
func (op *Operator) Snapshot(ctx context.Context, folder string, keep int) (string, error) {
	path := filepath.Join(folder, op.snapshotName())
	err := op.withSnapshot(ctx, func(_ context.Context, stream io.Reader) error {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		return writeSnapshot(path, stream)
	})
	if err != nil {
		return "", err
	}
	return path, prune(folder, op.cluster.Name, keep)
}

// snapshotName returns the name of a snapshot that is taken now.
func (op *Operator) snapshotName() string {
	return op.cluster.Name + "-" + time.Now().UTC().Format(snapshotTime) + snapshotSuffix
}

// withSnapshot hands a stream of a snapshot to a function.
func (op *Operator) withSnapshot(ctx context.Context, write func(context.Context, io.Reader) error) error {
	n, err := snapshotSource(op.Observe(ctx))
	if err != nil {
		return fmt.Errorf("%s: %w", op.cluster.Name, err)
	}
	// Without a limit, a stream without progress would be waited for forever.
	ctx, cancel := context.WithTimeout(ctx, snapshotLimit)
	defer cancel()
	c, ctx := op.talos.reach(ctx, n.Machine, "")
	stream, err := c.EtcdSnapshot(ctx, &machine.EtcdSnapshotRequest{})
	if err != nil {
		return fmt.Errorf("%s: etcd gives no snapshot: %s", n.Name, reason(err))
	}
	defer stream.Close()
	if err := write(ctx, stream); err != nil {
		return fmt.Errorf("%s: %w; nothing was kept", n.Name, err)
	}
	return nil
}

// snapshotSource chooses a member that is up to date: a follower, so that the leader has no more to do.
func snapshotSource(o *Observation) (*Node, error) {
	var best *Node
	for _, n := range o.ControlPlanes() {
		// Without a leader, a member cannot know what it lacks.
		if !n.HasHealthyEtcd() {
			continue
		}
		follows := n.Etcd.Leader != n.Etcd.ID
		switch {
		case best == nil, follows && best.Etcd.Leader == best.Etcd.ID:
			best = n
		case follows && n.Etcd.AppliedIndex > best.Etcd.AppliedIndex:
			best = n
		}
	}
	if best == nil {
		return nil, errors.New("no control plane has an etcd that is healthy and has a leader; run: make status; " +
			"with the quorum lost: docs/operations.md#restore-etcd")
	}
	return best, nil
}

// writeSnapshot writes a stream to a file and checks it.
func writeSnapshot(path string, stream io.Reader) error {
	return writeWhole(path, func(file io.Writer) error { return copyVerified(file, stream) })
}

// writeWhole writes a file that has its name only when it is whole: a process that is killed, a disk that is full and a
// connection that breaks leave a .part file, which the next snapshot removes.
func writeWhole(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path+partSuffix, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(path+partSuffix, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path+partSuffix))
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// copyVerified copies a snapshot and checks it: a database of whole pages of 512 bytes, and the SHA-256 of it behind
// them.
// https://github.com/etcd-io/etcd/blob/v3.6.5/server/etcdserver/api/v3rpc/maintenance.go
func copyVerified(to io.Writer, from io.Reader) error {
	trailer := &trailerHash{hash: sha256.New()}
	size, err := io.Copy(io.MultiWriter(to, trailer), from)
	switch {
	case err != nil:
		return fmt.Errorf("the snapshot was cut off after %d bytes: %s", size, reason(err))
	case size <= sha256.Size || size%512 != sha256.Size:
		return fmt.Errorf("the snapshot was cut off: it has %d bytes, which are not whole pages with a checksum", size)
	case !trailer.matches():
		return errors.New("the snapshot's checksum does not match its content")
	}
	return nil
}

// trailerHash hashes all that is written to it but the last 32 bytes.
type trailerHash struct {
	hash hash.Hash
	last []byte
}

func (t *trailerHash) Write(p []byte) (int, error) {
	t.last = append(t.last, p...)
	if n := len(t.last) - sha256.Size; n > 0 {
		t.hash.Write(t.last[:n])
		t.last = slices.Clone(t.last[n:])
	}
	return len(p), nil
}

func (t *trailerHash) matches() bool { return slices.Equal(t.hash.Sum(nil), t.last) }

// prune removes what earlier snapshots of the cluster left unfinished, and those beyond the newest.
func prune(folder, cluster string, keep int) error {
	parts, err := filepath.Glob(filepath.Join(folder, cluster+"-*"+snapshotSuffix+partSuffix))
	if err != nil {
		return err
	}
	// Another run may be writing one now.
	parts = slices.DeleteFunc(parts, func(part string) bool {
		info, err := os.Stat(part)
		return err != nil || time.Since(info.ModTime()) < snapshotLimit
	})
	whole, err := filepath.Glob(filepath.Join(folder, cluster+"-*"+snapshotSuffix))
	if err != nil {
		return err
	}
	whole = snapshotsOf(cluster, whole)
	old := parts
	if keep > 0 && len(whole) > keep {
		old = append(old, whole[:len(whole)-keep]...)
	}
	var failed error
	for _, path := range old {
		failed = errors.Join(failed, os.Remove(path))
	}
	return failed
}

// snapshotsOf returns those of a cluster among snapshots, the oldest first. Another cluster's name may begin with this
// one's.
func snapshotsOf(cluster string, paths []string) []string {
	own := slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		of, _, ok := parseSnapshotName(path)
		return !ok || of != cluster
	})
	slices.Sort(own)
	return own
}

// parseSnapshotName reads the cluster and the time from a snapshot's name.
func parseSnapshotName(path string) (cluster string, taken time.Time, ok bool) {
	name, found := strings.CutSuffix(filepath.Base(path), snapshotSuffix)
	i := strings.LastIndex(name, "-")
	if !found || i < 0 {
		return "", time.Time{}, false
	}
	taken, err := time.Parse(snapshotTime, name[i+1:])
	return name[:i], taken, err == nil
}
