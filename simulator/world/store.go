package world

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// Journal is the file's name inside the world's directory. It holds one line per operation and is only appended to: a
// process reads what the others wrote since it last looked, which keeps large worlds fast.
const Journal = "world.jsonl"

// record is one line of the journal: what one operation changed.
type record struct {
	Put     []*Resource                `json:"put,omitempty"`
	Remove  []string                   `json:"remove,omitempty"`
	Serials map[string]int             `json:"serials,omitempty"`
	Talos   map[string]json.RawMessage `json:"talos,omitempty"`
}

func (r record) empty() bool {
	return len(r.Put) == 0 && len(r.Remove) == 0 && len(r.Serials) == 0 && len(r.Talos) == 0
}

// Store is a world on disk, shared between processes.
type Store struct {
	mutex  sync.Mutex
	path   string
	world  *World
	offset int64
}

// Open returns the world of a directory, which is created when needed.
func Open(directory string) (*Store, error) {
	// The world holds the machines' user data, and with it the clusters' secrets.
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	return &Store{path: filepath.Join(directory, Journal), world: empty()}, nil
}

// Directory is where the world is kept.
func (s *Store) Directory() string { return filepath.Dir(s.path) }

// Do runs one operation on the world under its lock. What the operation changed is kept if it returns no error, and
// forgotten otherwise.
func (s *Store) Do(operation func(*World) error) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	file, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	// Closing the file gives the lock back, also when the process dies.
	defer file.Close()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("%s: lock: %w", s.path, err)
	}
	if err := s.catchUp(file); err != nil {
		return err
	}
	s.world.changes = record{}
	err = operation(s.world)
	if err == nil {
		err = s.commit(file)
	}
	if err != nil {
		// The operation may have changed what is in memory; read it again from the start.
		s.world, s.offset = empty(), 0
	}
	return err
}

// catchUp applies what other processes wrote since the last operation.
func (s *Store) catchUp(file *os.File) error {
	if _, err := file.Seek(s.offset, io.SeekStart); err != nil {
		return err
	}
	reader := bufio.NewReaderSize(file, 1<<20)
	for {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF {
			// A line without an end is what a killed process left; the next one is written over it.
			return nil
		}
		if err != nil {
			return err
		}
		var change record
		if err := json.Unmarshal(line, &change); err != nil {
			return fmt.Errorf("%s: %w", s.path, err)
		}
		s.world.apply(change)
		s.offset += int64(len(line))
	}
}

func (s *Store) commit(file *os.File) error {
	if s.world.changes.empty() {
		return nil
	}
	line, err := json.Marshal(s.world.changes)
	if err != nil {
		return err
	}
	line = append(bytes.TrimSpace(line), '\n')
	if err := file.Truncate(s.offset); err != nil {
		return err
	}
	if _, err := file.WriteAt(line, s.offset); err != nil {
		return err
	}
	s.offset += int64(len(line))
	return nil
}

func (w *World) apply(change record) {
	clear(w.lists)
	for _, resource := range change.Put {
		w.resources[resource.key()] = resource
	}
	for _, key := range change.Remove {
		delete(w.resources, key)
	}
	for seed, serial := range change.Serials {
		w.serials[seed] = serial
	}
	for key, value := range change.Talos {
		if value == nil || string(value) == "null" {
			delete(w.talos, key)
			continue
		}
		w.talos[key] = value
	}
}
