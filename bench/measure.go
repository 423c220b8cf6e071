package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// measurement is what a command took.
type measurement struct {
	wall, cpu time.Duration
	// processes are the command and its descendants by their names: what the largest and busiest of a name took.
	processes map[string]process
}

// times returns the cell of the table with the times.
func (m measurement) times() string {
	return fmt.Sprintf("%.1f s, CPU %.1f s", m.wall.Seconds(), m.cpu.Seconds())
}

// measure runs a command to its end.
func measure(command *exec.Cmd) (measurement, error) {
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	from := time.Now()
	if err := command.Start(); err != nil {
		return measurement{}, err
	}
	stop, processes := make(chan struct{}), make(chan map[string]process)
	go func() { processes <- watch(command.Process.Pid, stop) }()
	err := command.Wait()
	wall := time.Since(from)
	close(stop)
	m := measurement{wall: wall, processes: <-processes}
	m.cpu = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	if err != nil {
		return m, fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, output.String())
	}
	return m, nil
}

// repeat measures a command several times, and returns the medians.
func repeat(runs int, command func() *exec.Cmd) (measurement, error) {
	var all []measurement
	for range runs {
		m, err := measure(command())
		if err != nil {
			return m, err
		}
		all = append(all, m)
	}
	return medians(all), nil
}

// medians returns the median of each value.
func medians(all []measurement) measurement {
	m := measurement{processes: map[string]process{}}
	m.wall = median(all, func(m measurement) time.Duration { return m.wall })
	m.cpu = median(all, func(m measurement) time.Duration { return m.cpu })
	for name := range all[0].processes {
		m.processes[name] = process{
			cpu:  median(all, func(m measurement) time.Duration { return m.processes[name].cpu }),
			peak: median(all, func(m measurement) int { return m.processes[name].peak }),
		}
	}
	return m
}

// median returns the value in the middle, the lower one of two.
func median[T int | time.Duration](all []measurement, value func(measurement) T) T {
	var values []T
	for _, m := range all {
		values = append(values, value(m))
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// watch follows a process and its descendants until stopped, and returns them by name. It reads /proc: on a system
// without it, there are none.
func watch(root int, stop <-chan struct{}) map[string]process {
	seen := map[string]process{}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return seen
		case <-tick.C:
			processes := readProcesses()
			for pid, p := range processes {
				if descends(processes, pid, root) {
					most := seen[p.name]
					seen[p.name] = process{cpu: max(most.cpu, p.cpu), peak: max(most.peak, p.peak)}
				}
			}
		}
	}
}

// process is what /proc has of a process. peak is the most memory that it had resident, in MiB.
type process struct {
	name         string
	parent, peak int
	cpu          time.Duration
}

func readProcesses() map[int]process {
	processes := map[int]process{}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		status, noStatus := os.ReadFile(filepath.Join(folder, "status"))
		stat, noStat := os.ReadFile(filepath.Join(folder, "stat"))
		if err != nil || noStatus != nil || noStat != nil {
			continue // it has ended
		}
		p := process{cpu: processorTime(string(stat))}
		for line := range strings.Lines(string(status)) {
			key, value, _ := strings.Cut(line, ":")
			value = strings.TrimSpace(value)
			switch key {
			case "Name":
				p.name = value
			case "PPid":
				p.parent, _ = strconv.Atoi(value)
			case "VmHWM":
				kib, _ := strconv.Atoi(strings.TrimSuffix(value, " kB"))
				p.peak = kib / 1024
			}
		}
		processes[pid] = p
	}
	return processes
}

// processorTime reads the fields utime and stime of /proc/<pid>/stat, in hundredths of a second. What is before them is
// a name in parentheses and eleven fields: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
func processorTime(stat string) time.Duration {
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
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
