package operate

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/inferadb/infra/operate/operatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASnapshotIsWholeAndItsOwnersAlone(t *testing.T) {
	f := newFixture(t)
	folder := filepath.Join(f.folder, "backups")
	op := f.operator(f.stack())
	path, err := op.Snapshot(context.Background(), folder, 2)
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, f.Cluster.Snapshot, text)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.Equal(t, []string{"snapshot " + clusterName + "-control-plane-1"}, f.Log(), "from a follower")
}

func TestATornSnapshotIsNotKept(t *testing.T) {
	for name, text := range map[string][]byte{
		"nothing": nil, "cut within a page": operatetest.Snapshot("database")[:100], "cut at a page": operatetest.Snapshot("database")[:512],
		"other content": append([]byte{1}, operatetest.Snapshot("database")[1:]...),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.Do(func() { f.Cluster.Snapshot = text })
			folder := filepath.Join(f.folder, "backups")
			_, err := f.operator(f.stack()).Snapshot(context.Background(), folder, 1)
			require.ErrorContains(t, err, "nothing was kept")
			left, err := os.ReadDir(folder)
			require.NoError(t, err)
			assert.Empty(t, left)
		})
	}
	path := filepath.Join(t.TempDir(), "x")
	err := writeSnapshot(path, io.MultiReader(bytes.NewReader(operatetest.Snapshot("database")), &failingReader{}))
	require.ErrorContains(t, err, "cut off after 544 bytes: broken", "whole so far, and the stream did not end")
	assert.NoFileExists(t, path)
}

type failingReader struct{}

func (*failingReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestOldSnapshotsAreRemoved(t *testing.T) {
	f := newFixture(t)
	folder := filepath.Join(f.folder, "backups")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	const part = clusterName + "-20260102T000000Z.etcd-snapshot.part"
	others := []string{clusterName + "-b-20260101T000000Z.etcd-snapshot", "other.txt", clusterName + "-20260101T000000Z.db"}
	mine := []string{clusterName + "-20260101T000000Z.etcd-snapshot", clusterName + "-20260102T000000Z.etcd-snapshot"}
	for _, name := range append(append([]string{part}, others...), mine...) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	long := time.Now().Add(-2 * snapshotLimit)
	require.NoError(t, os.Chtimes(filepath.Join(folder, part), long, long))
	const another = clusterName + "-20260103T000000Z.etcd-snapshot.part"
	require.NoError(t, os.WriteFile(filepath.Join(folder, another), nil, 0o600))
	path, err := f.operator(f.stack()).Snapshot(context.Background(), folder, 2)
	require.NoError(t, err)
	for _, name := range append(others, mine[1], filepath.Base(path)) {
		assert.FileExists(t, filepath.Join(folder, name))
	}
	assert.NoFileExists(t, filepath.Join(folder, mine[0]))
	assert.NoFileExists(t, filepath.Join(folder, part))
	assert.FileExists(t, filepath.Join(folder, another), "another run may be writing it")
}

func TestNoSnapshotWithoutALeader(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Node("control-plane-0").Down, f.Node("control-plane-2").Down = true, true })
	_, err := f.operator(f.stack()).Snapshot(context.Background(), filepath.Join(f.folder, "backups"), 0)
	require.ErrorContains(t, err, "no control plane has an etcd that is healthy and has a leader")
	assert.NoDirExists(t, filepath.Join(f.folder, "backups"))
}
