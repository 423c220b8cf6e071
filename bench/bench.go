// Package bench measures what people wait for: previews, ups and destroys on the simulator, which answers at once, and
// builds. `make bench` runs it.
package bench

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/inferadb/infra/simulator/sandbox"
)

// Run measures everything as often as said, and prints a table of medians. root is the repository.
func Run(root string, runs int, out, progress io.Writer) error {
	scratch, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	b := &bench{root: root, scratch: scratch, runs: runs, table: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	b.row("what", "median", "memory")
	for _, part := range []struct {
		title   string
		measure func() error
	}{
		{"production: a preview that finds nothing to do", b.production},
		{"Terraform", b.terraform},
		{"dev: up and destroy", b.demo},
		{"20 and 40 regions", b.regions},
		{"builds", b.builds},
	} {
		fmt.Fprintf(progress, "Measuring %s, %d times ...\n", part.title, runs)
		if err := part.measure(); err != nil {
			return err
		}
	}
	return b.table.Flush()
}

// bench has what all measurements share.
type bench struct {
	root, scratch string
	runs          int
	table         *tabwriter.Writer
}

// row adds a line to the table.
func (b *bench) row(what, median, memory string) {
	fmt.Fprintf(b.table, "%s\t%s\t%s\n", what, median, memory)
}

// engineRow adds the line of a command of the CLI.
func (b *bench) engineRow(what string, m measurement) {
	b.row(what, m.times(),
		fmt.Sprintf("engine %d MiB, program %d MiB", m.processes[engineName].peak, m.processes[programName].peak))
}

// The names of the processes of the engine and of the program.
const (
	engineName  = "pulumi"
	programName = "program"
)

// production measures what a person waits for most often: the preview of a stack that is up.
func (b *bench) production() error {
	s, err := b.stack(".", "production", 0)
	if err != nil {
		return err
	}
	if _, err := measure(s.pulumi("up", "--yes", "--skip-preview")); err != nil {
		return err
	}
	m, err := repeat(b.runs, func() *exec.Cmd { return s.pulumi("preview", "--expect-no-changes") })
	if err == nil {
		b.engineRow("preview of production, nothing to do", m)
	}
	return err
}

// demo measures the life of the stack of `make demo STACK=dev`.
func (b *bench) demo() error {
	s, err := b.stack(".", "dev", 0)
	if err != nil {
		return err
	}
	var ups, destroys []measurement
	for range b.runs {
		up, err := measure(s.pulumi("up", "--yes", "--skip-preview"))
		if err != nil {
			return err
		}
		destroy, err := measure(s.pulumi("destroy", "--yes", "--skip-preview"))
		if err != nil {
			return err
		}
		ups, destroys = append(ups, up), append(destroys, destroy)
	}
	b.engineRow("up of dev", medians(ups))
	b.engineRow("destroy of dev", medians(destroys))
	return nil
}

// fewRegions and manyRegions are the two numbers of regions between which growth is measured.
const (
	fewRegions  = 20
	manyRegions = 40
)

// regions measures how the preview of a new stack grows with the number of regions. The plugins are the simulator's,
// and tell nothing of the clouds' own.
func (b *bench) regions() error {
	var all []measurement
	for _, count := range []int{fewRegions, manyRegions} {
		s, err := b.stack("./bench/program", "production", count)
		if err != nil {
			return err
		}
		m, err := repeat(b.runs, func() *exec.Cmd { return s.pulumi("preview") })
		if err != nil {
			return err
		}
		b.engineRow(fmt.Sprintf("preview of a new stack, %d regions", count), m)
		all = append(all, m)
	}
	more := manyRegions - fewRegions
	growth := func(name string) (cpu float64, memory int) {
		few, many := all[0].processes[name], all[1].processes[name]
		return (many.cpu - few.cpu).Seconds() / float64(more), (many.peak - few.peak) / more
	}
	engine, engineMemory := growth(engineName)
	program, programMemory := growth(programName)
	b.row("each further region, without plugins (goal: 0.25 s, 20 MiB)",
		fmt.Sprintf("CPU %.2f s", engine+program),
		fmt.Sprintf("engine %d MiB, program %d MiB", engineMemory, programMemory))
	return nil
}

// builds measures what make waits for when nothing has changed, and when one file has.
func (b *bench) builds() error {
	program := filepath.Join(b.root, ".bin", "inferadb")
	for _, build := range []struct {
		what      string
		arguments func() []string
	}{
		{"go build of the program, nothing changed", func() []string {
			return []string{"-ldflags", "-w", "-o", program, "."}
		}},
		// A flag of the linker that is another each time has it link as a changed file does.
		{"go build of the program, linked anew", func() []string {
			anew := fmt.Sprintf("-w -X main.bench=%d", time.Now().UnixNano())
			return []string{"-ldflags", anew, "-o", filepath.Join(b.scratch, "linked"), "."}
		}},
	} {
		m, err := repeat(b.runs, func() *exec.Cmd {
			command := exec.Command("go", append([]string{"build"}, build.arguments()...)...)
			command.Dir = b.root
			return command
		})
		if err != nil {
			return err
		}
		most := 0
		for _, p := range m.processes {
			most = max(most, p.peak)
		}
		b.row(build.what, m.times(), fmt.Sprintf("largest process %d MiB", most))
	}
	return nil
}

// stack is a stack of its own, with the CLI that runs its program.
type stack struct {
	sandbox.Sandbox
	regions int
}

// stack prepares a stack of the program at a path. regions is for the program of many regions.
func (b *bench) stack(program, name string, regions int) (*stack, error) {
	folder, err := os.MkdirTemp(b.scratch, name)
	if err != nil {
		return nil, err
	}
	cli, err := sandbox.CLI(b.root, program, folder)
	if err != nil {
		return nil, err
	}
	s := &stack{regions: regions}
	s.Sandbox = sandbox.Sandbox{
		Root: b.root, Folder: filepath.Join(folder, "stack"), Stack: name, Provider: "aws", CLI: cli,
	}
	return s, s.Prepare()
}

// pulumi returns a command of the CLI on the stack.
func (s *stack) pulumi(arguments ...string) *exec.Cmd {
	command := exec.Command(s.CLI, arguments...)
	command.Dir = s.Folder
	command.Env = append(s.Environment(),
		// A checkpoint after every step would measure the disk.
		"PULUMI_SKIP_CHECKPOINTS=true",
		fmt.Sprint("BENCH_REGIONS=", s.regions),
	)
	return command
}
