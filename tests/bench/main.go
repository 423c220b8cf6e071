// Bench measures previews and updates on the simulator: of production as it is, of many regions, and on each cloud.
// `make bench` runs it. The simulator answers at once, so what is measured is the engine, the program and the plugins.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/inferadb/infra/simulator/sandbox"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	repository, err := os.Getwd()
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	fmt.Println("Compiling the program and its copy for many regions ...")
	b := bench{repository: repository, scratch: scratch, clis: map[string]string{}}
	if err := b.compile("production", "."); err != nil {
		return err
	}
	if err := b.compile("many", "./tests/bench/program"); err != nil {
		return err
	}
	for _, part := range []func() error{b.production, b.manyRegions, b.clouds} {
		if err := part(); err != nil {
			return err
		}
	}
	fmt.Println("\nMemory is the peak of all processes together, in MiB: CLI and engine, program, plugins.")
	return nil
}

// bench is where everything is.
type bench struct {
	repository, scratch string
	// clis are the Pulumi CLIs, by the program that they run.
	clis map[string]string
}

func (b bench) compile(name, path string) error {
	folder := filepath.Join(b.scratch, name)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	cli, err := sandbox.CLI(b.repository, path, folder)
	b.clis[name] = cli
	return err
}

// production measures what a person waits for: the preview of a stack that is up.
func (b bench) production() error {
	s, err := b.stack("production", "production", "aws", 0)
	if err != nil {
		return err
	}
	heading("Pulumi.production.yaml on the simulator", "step")
	for _, step := range []struct {
		title string
		args  []string
	}{
		{"preview of a new stack", []string{"preview"}},
		{"up", []string{"up", "--yes", "--skip-preview"}},
		{"warm preview, nothing to do", []string{"preview", "--expect-no-changes"}},
	} {
		measured, err := s.pulumi(step.args...)
		if err != nil {
			return err
		}
		measured.print(step.title)
	}
	return nil
}

// manyRegions measures how a preview grows with the number of regions.
func (b bench) manyRegions() error {
	heading("Preview of a new stack, production's cluster in N regions", "regions")
	var before measurement
	counts := []int{1, 10, 50}
	for i, count := range counts {
		s, err := b.stack("many", "production", "aws", count)
		if err != nil {
			return err
		}
		measured, err := s.pulumi("preview")
		if err != nil {
			return err
		}
		measured.print(fmt.Sprint(count))
		if i > 0 {
			more := count - counts[i-1]
			fmt.Printf("  each further region: %.2f s, %d MiB\n",
				(measured.wall-before.wall).Seconds()/float64(more), (measured.total()-before.total())/more)
		}
		before = measured
	}
	return nil
}

// clouds measures the same cluster on each cloud.
func (b bench) clouds() error {
	heading("Production's cluster in one region, by cloud", "cloud and step")
	for _, provider := range []string{"aws", "gcp", "digitalocean"} {
		s, err := b.stack("many", "production", provider, 1)
		if err != nil {
			return err
		}
		for _, args := range [][]string{{"preview"}, {"up", "--yes", "--skip-preview"},
			{"preview", "--expect-no-changes"}} {
			measured, err := s.pulumi(args...)
			if err != nil {
				return err
			}
			measured.print(provider + ": " + args[0])
		}
	}
	return nil
}

func heading(title, first string) {
	fmt.Printf("\n%s\n  %-36s %8s %8s %8s %8s %8s\n", title, first, "seconds", "memory", "engine", "program", "plugins")
}

// measurement is the time that a command took, and its peak of memory in MiB by kind of process.
type measurement struct {
	wall                     time.Duration
	engine, program, plugins int
}

func (m measurement) total() int { return m.engine + m.program + m.plugins }

func (m measurement) print(title string) {
	fmt.Printf("  %-36s %8.1f %8d %8d %8d %8d\n", title, m.wall.Seconds(), m.total(), m.engine, m.program, m.plugins)
}
