package operate

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/operate/operatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hooked is where a restore's output goes. The hook sees each line.
type hooked struct {
	bytes.Buffer
	hook func(string)
}

func (h *hooked) Write(p []byte) (int, error) {
	if h.hook != nil {
		h.hook(string(p))
	}
	return h.Buffer.Write(p)
}

// restore prepares the restore of a snapshot that was written an hour ago.
func (f *fixture) restore(out *hooked) *Restore {
	f.t.Helper()
	path := filepath.Join(f.folder, clusterName+"-"+time.Now().Add(-time.Hour).UTC().Format(snapshotTime)+snapshotSuffix)
	require.NoError(f.t, os.WriteFile(path, f.Snapshot, 0o600))
	return &Restore{
		Operator: f.operator(f.stack()), Stack: "staging", Snapshot: path, Databases: filepath.Join(f.folder, "databases"),
		Node: 5 * time.Second, Gate: 5 * time.Second, Poll: 5 * time.Millisecond, Settle: 5 * time.Millisecond,
		Out: out, Confirm: func() error { return nil },
	}
}

// isRestored expects etcd to run from the snapshot on all control planes.
func (f *fixture) isRestored() {
	f.t.Helper()
	assert.Equal(f.t, f.Snapshot, f.Restored)
	assert.Len(f.t, f.Members, 3)
	for _, finding := range f.report().Clusters[0].Findings {
		assert.NotContains(f.t, []string{"etcd", "api"}, finding.Gate, finding)
	}
}

// TestARestoreStartsEtcdAnew loses the etcd of two control planes of three. What the third still has is saved and then
// wiped.
func TestARestoreStartsEtcdAnew(t *testing.T) {
	f := newFixture(t)
	f.LoseEtcd("control-plane-0", "control-plane-2")
	f.Do(func() { f.Database = []byte("newer than the snapshot") })
	var out hooked
	require.NoError(t, f.restore(&out).Run(context.Background()), out.String())
	assert.Equal(t, []string{"wipe control-plane-1", "reboot control-plane-1", "upload control-plane-0", "bootstrap control-plane-0"}, short(f.Log()))
	f.isRestored()
	assert.Contains(t, out.String(), "lost is all that was written to Kubernetes since")
	assert.Contains(t, out.String(), "UTC, 1h0m0s ago")
	assert.Contains(t, out.String(), "control-plane-0: stays as it is")
	assert.Contains(t, out.String(), "control-plane-1: its etcd (Running) is copied into")
	saved, err := filepath.Glob(filepath.Join(f.folder, "databases", clusterName+"-control-plane-1-*.etcd-db"))
	require.NoError(t, err)
	require.Len(t, saved, 1)
	text, err := os.ReadFile(saved[0])
	require.NoError(t, err)
	assert.Equal(t, f.Database, text)
}

// TestARestoreOfNewMachines wipes nothing: none of them has data.
func TestARestoreOfNewMachines(t *testing.T) {
	f := newFixture(t)
	f.LoseEtcd("control-plane-0", "control-plane-1", "control-plane-2")
	var out hooked
	require.NoError(t, f.restore(&out).Run(context.Background()), out.String())
	assert.Equal(t, []string{"upload control-plane-0", "bootstrap control-plane-0"}, short(f.Log()))
	f.isRestored()
}

// TestARestoreWipesAnEtcdThatFailed copies nothing, because there is nothing to copy.
func TestARestoreWipesAnEtcdThatFailed(t *testing.T) {
	f := newFixture(t)
	f.LoseEtcd("control-plane-1", "control-plane-2")
	f.Do(func() { f.Node("control-plane-0").EtcdState = "Failed" })
	var out hooked
	require.NoError(t, f.restore(&out).Run(context.Background()), out.String())
	assert.Contains(t, out.String(), "control-plane-0: its database is not copied: no such file or directory")
	f.isRestored()
}

func TestARestoreIsRefused(t *testing.T) {
	lost := func(f *fixture) { f.LoseEtcd("control-plane-0", "control-plane-1") }
	for name, test := range map[string]struct {
		prepare func(*fixture, *Restore)
		message string
	}{
		"healthy": {func(*fixture, *Restore) {}, "etcd lives"},
		"a majority lives": {func(f *fixture, _ *Restore) { f.LoseEtcd("control-plane-0") },
			"etcd lives: " + clusterName + "-control-plane-1 follows the leader"},
		"a control plane is silent": {func(f *fixture, _ *Restore) {
			lost(f)
			f.Do(func() { f.Node("control-plane-2").Down = true })
		}, "control-plane-2: its Talos API at"},
		"the majority is silent": {func(f *fixture, _ *Restore) {
			f.Do(func() { f.Node("control-plane-1").Down, f.Node("control-plane-2").Down = true, true })
		}, "docs/operations.md#recover-lost-control-planes"},
		"an election": {func(f *fixture, r *Restore) {
			leader := f.Leader
			f.Do(func() { f.Leader = 0 })
			time.AfterFunc(100*time.Millisecond, func() { f.Do(func() { f.Leader = leader }) })
			r.Settle = 200 * time.Millisecond
		}, "etcd lives"},
		"it comes back while the person reads": {func(f *fixture, r *Restore) {
			lost(f)
			r.Confirm = func() error {
				f.Do(func() { f.Node("control-plane-1").NoEtcd = false })
				return nil
			}
		}, "etcd lives"},
		"the person does not confirm": {func(f *fixture, r *Restore) {
			lost(f)
			r.Confirm = func() error { return errors.New("nothing was done") }
		}, "nothing was done"},
		"torn": {func(f *fixture, r *Restore) {
			lost(f)
			require.NoError(f.t, os.Truncate(r.Snapshot, 512))
		}, "it has 512 bytes, which are not whole pages with a checksum; choose another"},
		"changed": {func(f *fixture, r *Restore) {
			lost(f)
			require.NoError(f.t, os.WriteFile(r.Snapshot, append([]byte{1}, f.Snapshot[1:]...), 0o600))
		}, "the snapshot's checksum does not match its content"},
		"missing": {func(f *fixture, r *Restore) { r.Snapshot = filepath.Join(f.folder, "none") }, "the snapshot cannot be read"},
		"of another cluster": {func(_ *fixture, r *Restore) {
			r.Snapshot = "backups/inferadb-staging-sfo1-20260101T000000Z.etcd-snapshot"
		},
			"a snapshot of inferadb-staging-sfo1, not of " + clusterName},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			r := f.restore(&hooked{})
			test.prepare(f, r)
			require.ErrorContains(t, r.Run(context.Background()), test.message)
			assert.Empty(t, f.Log())
			assert.Nil(t, f.Restored)
		})
	}
}

// TestARestoreFromABucketIsRefused before any node is asked, and keeps nothing of what it copied.
func TestARestoreFromABucketIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ address, message string }{
		"of another cluster": {"gs://bucket/etcd/inferadb-staging-sfo1-20260101T000000Z.etcd-snapshot", "a snapshot of inferadb-staging-sfo1, not of " + clusterName},
		"torn":               {"gs://bucket/etcd/torn", "it has 512 bytes, which are not whole pages with a checksum; choose another"},
		"not there":          {"gs://bucket/etcd/none", "gs://bucket/etcd/none: the snapshot cannot be copied into"},
		"no object":          {"s3://bucket/etcd/", "s3://bucket/etcd/ names no object; write: --snapshot s3://bucket/prefix/" + clusterName},
		"no bucket":          {"ftp://bucket/x", "ftp://bucket/ is neither a bucket such as s3://bucket/prefix"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.LoseEtcd("control-plane-0", "control-plane-1")
			googleStorage(t).Put("etcd/torn", f.Snapshot[:512])
			var out hooked
			r := f.restore(&out)
			r.Snapshot = test.address
			err := r.Run(context.Background())
			require.ErrorContains(t, err, "--snapshot: ")
			require.ErrorContains(t, err, test.message)
			require.ErrorContains(t, err, "nothing was changed")
			assert.Empty(t, f.Log())
			assert.Empty(t, out.String(), "no node was asked")
			left, _ := filepath.Glob(filepath.Join(r.Databases, "*"))
			assert.Empty(t, left)
		})
	}
}

// TestARestoreTakesTheSnapshotFromABucket, and copies it once: the next run needs no bucket.
func TestARestoreTakesTheSnapshotFromABucket(t *testing.T) {
	f, storage := newFixture(t), googleStorage(t)
	f.LoseEtcd("control-plane-0", "control-plane-1", "control-plane-2")
	var out hooked
	r := f.restore(&out)
	name := filepath.Base(r.Snapshot)
	file := filepath.Join(r.Databases, name)
	address := "gs://bucket/etcd/" + name
	storage.Put("etcd/"+name, f.Snapshot)
	require.NoError(t, os.Mkdir(r.Databases, 0o700))
	require.NoError(t, os.WriteFile(file+partSuffix, []byte("of a run that was killed"), 0o600))
	r.Snapshot = address
	require.NoError(t, r.Run(context.Background()), out.String())
	f.isRestored()
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.NoFileExists(t, file+partSuffix)
	assert.Contains(t, out.String(), "from "+file+" (0.0 MiB)")
	t.Setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:1")
	again, err := fetchSnapshot(context.Background(), address, r.Databases, clusterName)
	require.NoError(t, err)
	assert.Equal(t, file, again)
}

// TestARestoreGoesOn interrupts a restore at every step, and runs it again.
func TestARestoreGoesOn(t *testing.T) {
	for _, at := range []string{"control-plane-0: wiping", "control-plane-1: wiping", "waiting: ", "taking the snapshot", "starting etcd"} {
		t.Run(at, func(t *testing.T) {
			f := newFixture(t)
			f.LoseEtcd("control-plane-2")
			f.Do(func() { f.Node("control-plane-1").EtcdState = "Failed" })
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			require.Error(t, f.restore(&hooked{hook: func(line string) {
				if strings.Contains(line, at) {
					cancel()
				}
			}}).Run(ctx))
			f.allBack()
			var out hooked
			require.NoError(t, f.restore(&out).Run(context.Background()), out.String())
			f.isRestored()
		})
	}
}

// allBack waits until nothing reboots.
func (f *fixture) allBack() {
	f.t.Helper()
	require.Eventually(f.t, func() bool {
		down := false
		f.Do(func() {
			for _, n := range f.Nodes {
				down = down || n.Down
			}
		})
		return !down
	}, 5*time.Second, time.Millisecond)
}

// TestARestoreThatHasStartedEtcdEndsByItself interrupts it while the others join. The next run does not do it again.
func TestARestoreThatHasStartedEtcdEndsByItself(t *testing.T) {
	f := newFixture(t)
	f.LoseEtcd("control-plane-1", "control-plane-2")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err := f.restore(&hooked{hook: func(line string) {
		if strings.Contains(line, "waiting for") {
			cancel()
		}
	}}).Run(ctx)
	require.ErrorContains(t, err, "etcd was started from the snapshot, and interrupted; run: make status STACK=staging")
	before := f.Log()
	require.ErrorContains(t, f.restore(&hooked{}).Run(context.Background()), "interrupted after etcd had started goes on by itself")
	assert.Equal(t, before, f.Log())
	require.Eventually(t, func() bool { return len(f.restoreFindings()) == 0 }, 5*time.Second, 10*time.Millisecond)
}

func (f *fixture) restoreFindings() []Finding {
	op := f.operator(f.stack())
	return op.Observe(context.Background()).Findings(func(g Gate) bool { return g.Name == "etcd" })
}

// TestAnEtcdThatDoesNotStartIsNamed at once, and not at the end of the limit.
func TestAnEtcdThatDoesNotStartIsNamed(t *testing.T) {
	f := newFixture(t)
	f.LoseEtcd("control-plane-1", "control-plane-2")
	r := f.restore(&hooked{hook: func(line string) {
		if strings.Contains(line, "waiting for") {
			f.Do(func() { f.Node("control-plane-0").EtcdState = "Failed" })
		}
	}})
	r.Gate = time.Hour
	require.ErrorContains(t, r.Run(context.Background()), "control-plane-0: its etcd has failed: the last thing that happened")
}

// TestACutOffDatabaseIsNotKept writes a part of a file.
func TestACutOffDatabaseIsNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.etcd-db")
	require.ErrorContains(t, writeDatabase(path, bytes.NewReader(operatetest.Snapshot("database")[:100]), 544), "cut off after 100 of 544 bytes")
	assert.NoFileExists(t, path)
	assert.NoFileExists(t, path+partSuffix)
}

// TestADatabaseThatCannotBeCopiedIsNotWiped: it may be newer than the snapshot.
func TestADatabaseThatCannotBeCopiedIsNotWiped(t *testing.T) {
	f := newFixture(t)
	r := &Restore{Operator: f.operator(f.stack()), Databases: f.stackFile(), Out: io.Discard}
	f.Do(func() { f.Database = []byte("newer than the snapshot") })
	m := f.stack().Clusters[0].ControlPlanes[1]
	require.ErrorContains(t, r.keepDatabase(context.Background(), m), "cannot be copied into "+f.stackFile())
	r.WithoutDatabases = true
	require.NoError(t, r.keepDatabase(context.Background(), m))
	f.Do(func() { f.Database = nil })
	r.WithoutDatabases = false
	require.NoError(t, r.keepDatabase(context.Background(), m), "a node may have none")
}
