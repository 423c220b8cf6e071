package store

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

// JournalFile is the name of the journal in its directory. It has one line for each operation and is only appended to:
// a process reads what the others wrote since it last looked, which keeps large stores fast.
const JournalFile = "journal.jsonl"

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

// Journal keeps a store on disk, for processes that share it.
type Journal struct {
	mutex  sync.Mutex
	path   string
	store  *Store
	offset int64
}

// Open returns the journal of a directory, which is created when needed.
func Open(directory string) (*Journal, error) {
	// The store holds the machines' user data, and with it the clusters' secrets.
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	return &Journal{path: filepath.Join(directory, JournalFile), store: empty()}, nil
}

// Directory returns where the journal is kept.
func (j *Journal) Directory() string { return filepath.Dir(j.path) }

// Do runs one operation on the store under its lock. What the operation changed is kept if it returns no error, and
// forgotten otherwise.
func (j *Journal) Do(operation func(*Store) error) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	file, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	// Closing the file gives the lock back, also when the process dies.
	defer file.Close()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("%s: lock: %w", j.path, err)
	}
	if err := j.catchUp(file); err != nil {
		return err
	}
	j.store.changes = record{}
	err = operation(j.store)
	if err == nil {
		err = j.commit(file)
	}
	if err != nil {
		// The operation may have changed what is in memory; read it again from the start.
		j.store, j.offset = empty(), 0
	}
	return err
}

// catchUp applies what other processes wrote since the last operation.
func (j *Journal) catchUp(file *os.File) error {
	if _, err := file.Seek(j.offset, io.SeekStart); err != nil {
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
			return fmt.Errorf("%s: %w", j.path, err)
		}
		j.store.apply(change)
		j.offset += int64(len(line))
	}
}

func (j *Journal) commit(file *os.File) error {
	if j.store.changes.empty() {
		return nil
	}
	line, err := json.Marshal(j.store.changes)
	if err != nil {
		return err
	}
	line = append(bytes.TrimSpace(line), '\n')
	if err := file.Truncate(j.offset); err != nil {
		return err
	}
	if _, err := file.WriteAt(line, j.offset); err != nil {
		return err
	}
	j.offset += int64(len(line))
	return nil
}

func (s *Store) apply(change record) {
	clear(s.lists)
	for _, resource := range change.Put {
		s.resources[resource.key()] = resource
	}
	for _, key := range change.Remove {
		delete(s.resources, key)
	}
	for seed, serial := range change.Serials {
		s.serials[seed] = serial
	}
	for key, value := range change.Talos {
		if value == nil || string(value) == "null" {
			delete(s.talos, key)
			continue
		}
		s.talos[key] = value
	}
}
