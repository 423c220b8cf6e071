package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// watch follows a process and its descendants until stopped, and returns the peak of their memory. It reads /proc: on a
// system without it, memory is 0.
func watch(root int, stop <-chan struct{}) measurement {
	var peak measurement
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return peak
		case <-tick.C:
			if now := memoryOf(root); now.total() > peak.total() {
				peak = now
			}
		}
	}
}

// process is what /proc says of one.
type process struct {
	name   string
	parent int
	mib    int
}

func memoryOf(root int) measurement {
	processes := map[int]process{}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		if pid, err := strconv.Atoi(filepath.Base(folder)); err == nil {
			processes[pid] = readProcess(folder)
		}
	}
	var m measurement
	for pid, p := range processes {
		if !descends(processes, pid, root) {
			continue
		}
		switch {
		case strings.HasPrefix(p.name, "pulumi-resource"):
			m.plugins += p.mib
		case strings.HasPrefix(p.name, "pulumi"):
			m.engine += p.mib
		default:
			m.program += p.mib
		}
	}
	return m
}

func descends(processes map[int]process, pid, root int) bool {
	for pid > 1 {
		if pid == root {
			return true
		}
		pid = processes[pid].parent
	}
	return false
}

// readProcess takes the memory that a process does not share with others: the plugins are many of one binary.
func readProcess(folder string) process {
	var p process
	status, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return p
	}
	for line := range strings.Lines(string(status)) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "Name":
			p.name = value
		case "PPid":
			p.parent, _ = strconv.Atoi(value)
		case "RssAnon":
			kib, _ := strconv.Atoi(strings.TrimSuffix(value, " kB"))
			p.mib = kib / 1024
		}
	}
	return p
}
