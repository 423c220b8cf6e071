package store

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

// childEnv names a store and makes the test binary a process that works on it.
const childEnv = "STORE_TEST_DIRECTORY"

func TestMain(m *testing.M) {
	directory := os.Getenv(childEnv)
	if directory == "" {
		os.Exit(m.Run())
	}
	journal, err := Open(directory)
	for range 50 {
		if err == nil {
			err = journal.Do(func(s *Store) error {
				n := s.Count("all")
				s.Put(&Resource{Type: "thing", ID: fmt.Sprint(n), State: Values{"by": fmt.Sprint(os.Getpid())}})
				return nil
			})
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestProcesses lets processes work on one store at the same time: no change is lost, none is seen twice.
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
	journal, err := Open(directory)
	require.NoError(t, err)
	require.NoError(t, journal.Do(func(s *Store) error {
		assert.Len(t, s.List("thing", ""), 200)
		assert.Equal(t, 201, s.Count("all"))
		return nil
	}))
}

func put(id string) func(*Store) error {
	return func(s *Store) error { s.Put(&Resource{Type: "thing", ID: id}); return nil }
}

func TestFailedOperationsLeaveNothing(t *testing.T) {
	journal, err := Open(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, journal.Do(put("kept")))
	broken := errors.New("broken")
	assert.ErrorIs(t, journal.Do(func(s *Store) error {
		require.NoError(t, put("lost")(s))
		s.Remove(s.Get("thing", "", "kept"))
		s.SetTalos("key", []byte(`1`))
		return broken
	}), broken)
	require.NoError(t, journal.Do(func(s *Store) error {
		assert.NotNil(t, s.Get("thing", "", "kept"))
		assert.Nil(t, s.Get("thing", "", "lost"))
		assert.Nil(t, s.Talos("key"))
		return nil
	}))
}

// TestTornLine stops a process in the middle of writing: what it wrote before counts, the torn line does not.
func TestTornLine(t *testing.T) {
	directory := t.TempDir()
	journal, err := Open(directory)
	require.NoError(t, err)
	require.NoError(t, journal.Do(put("whole")))
	file, err := os.OpenFile(filepath.Join(directory, JournalFile), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"put":[{"type":"thing","id":"to`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	for range 2 {
		other, err := Open(directory)
		require.NoError(t, err)
		require.NoError(t, other.Do(put("next")))
		require.NoError(t, other.Do(func(s *Store) error {
			assert.Len(t, s.List("thing", ""), 2)
			return nil
		}))
	}
}

// TestPrivate keeps the store, and with it the machines' secrets, from other users.
func TestPrivate(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "store")
	journal, err := Open(directory)
	require.NoError(t, err)
	require.NoError(t, journal.Do(put("thing")))
	for path, mode := range map[string]os.FileMode{directory: 0o700, filepath.Join(directory, JournalFile): 0o600} {
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
