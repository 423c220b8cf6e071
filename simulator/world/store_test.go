package world

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// childEnv makes the test binary a process that works on the world that it names.
const childEnv = "WORLD_TEST_DIRECTORY"

func TestMain(m *testing.M) {
	directory := os.Getenv(childEnv)
	if directory == "" {
		os.Exit(m.Run())
	}
	store, err := Open(directory)
	for range 50 {
		if err == nil {
			err = store.Do(func(w *World) error {
				n := w.Count("all")
				w.Put(&Resource{Type: "thing", ID: fmt.Sprint(n), State: Values{"by": fmt.Sprint(os.Getpid())}})
				return nil
			})
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestProcesses lets processes work on one world at the same time: no change is lost, none is seen twice.
func TestProcesses(t *testing.T) {
	directory := t.TempDir()
	var children []*exec.Cmd
	for range 4 {
		child := exec.Command(os.Args[0])
		child.Env, child.Stderr = append(os.Environ(), childEnv+"="+directory), os.Stderr
		require.NoError(t, child.Start())
		children = append(children, child)
	}
	for _, child := range children {
		require.NoError(t, child.Wait())
	}
	store, err := Open(directory)
	require.NoError(t, err)
	require.NoError(t, store.Do(func(w *World) error {
		assert.Len(t, w.List("thing", ""), 200)
		assert.Equal(t, 201, w.Count("all"))
		return nil
	}))
}

func put(id string) func(*World) error {
	return func(w *World) error { w.Put(&Resource{Type: "thing", ID: id}); return nil }
}

func TestFailedOperationsLeaveNothing(t *testing.T) {
	store, err := Open(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, store.Do(put("kept")))
	broken := errors.New("broken")
	assert.ErrorIs(t, store.Do(func(w *World) error {
		require.NoError(t, put("lost")(w))
		w.Remove(w.Get("thing", "", "kept"))
		w.SetTalos("key", []byte(`1`))
		return broken
	}), broken)
	require.NoError(t, store.Do(func(w *World) error {
		assert.NotNil(t, w.Get("thing", "", "kept"))
		assert.Nil(t, w.Get("thing", "", "lost"))
		assert.Nil(t, w.Talos("key"))
		return nil
	}))
}

// TestTornLine stops a process in the middle of writing: what it wrote before counts, the torn line does not.
func TestTornLine(t *testing.T) {
	directory := t.TempDir()
	store, err := Open(directory)
	require.NoError(t, err)
	require.NoError(t, store.Do(put("whole")))
	file, err := os.OpenFile(filepath.Join(directory, Journal), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"put":[{"type":"thing","id":"to`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	for range 2 {
		other, err := Open(directory)
		require.NoError(t, err)
		require.NoError(t, other.Do(put("next")))
		require.NoError(t, other.Do(func(w *World) error {
			assert.Len(t, w.List("thing", ""), 2)
			return nil
		}))
	}
}

// TestPrivate keeps the world, and with it the machines' secrets, from other users.
func TestPrivate(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "world")
	store, err := Open(directory)
	require.NoError(t, err)
	require.NoError(t, store.Do(put("thing")))
	for path, mode := range map[string]os.FileMode{directory: 0o700, filepath.Join(directory, Journal): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm())
	}
}

func TestHash(t *testing.T) {
	first, second := empty(), empty()
	one := first.Hash("seed", 17)
	second.Hash("another", 17)
	assert.Equal(t, one, second.Hash("seed", 17), "ids do not depend on what else happened")
	assert.NotEqual(t, one, first.Hash("seed", 17), "a replacement gets an id of its own")
	assert.Len(t, one, 17)
}
