package latency

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Operation is what was done with a resource.
type Operation string

// The operations that take time.
const (
	Create Operation = "create"
	Update Operation = "update"
	Delete Operation = "delete"
)

// Entry is an operation as it happened.
type Entry struct {
	Operation  Operation
	URN        string
	Start, End time.Time
}

// record is the file of entries in the directory of a store, one a line.
const record = "operations.jsonl"

// Record adds an entry. Several processes may do so at the same time: a line is written at once.
func Record(directory string, entry Entry) error {
	line, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(directory, record), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write(append(line, '\n'))
	return err
}

// Measured returns when each resource was created or deleted for the last time, in the clouds' own time since the first
// of them began.
func Measured(directory string, operation Operation, factor float64) (map[string]time.Duration, error) {
	path := filepath.Join(directory, record)
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var entries []Entry
	first := time.Now()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var entry Entry
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if entry.Operation == operation {
			entries = append(entries, entry)
			if entry.Start.Before(first) {
				first = entry.Start
			}
		}
	}
	ends := map[string]time.Duration{}
	for _, entry := range entries {
		ends[entry.URN] = time.Duration(float64(entry.End.Sub(first)) / factor)
	}
	return ends, nil
}
