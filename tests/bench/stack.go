package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// stack is a copy of one of the project's stacks, with a home, a state and a world of its own.
type stack struct {
	folder      string
	cli         string
	environment []string
}

// stack prepares a stack whose program is one of the compiled ones. regions is for the program of many regions.
func (b bench) stack(program, name, provider string, regions int) (*stack, error) {
	folder, err := os.MkdirTemp(b.scratch, name)
	if err != nil {
		return nil, err
	}
	cli := b.clis[program]
	s := &stack{folder: folder, cli: cli, environment: append(os.Environ(),
		"PATH="+filepath.Join(b.repository, ".bin", "simulator")+":"+filepath.Dir(cli)+":"+os.Getenv("PATH"),
		"SIMULATOR_WORLD="+filepath.Join(folder, "world"),
		"PULUMI_HOME="+filepath.Join(folder, "home"),
		"PULUMI_BACKEND_URL=file://"+folder,
		"PULUMI_CONFIG_PASSPHRASE=",
		"PULUMI_STACK="+name,
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		// A checkpoint after every step would measure the disk.
		"PULUMI_SKIP_CHECKPOINTS=true",
		"DIGITALOCEAN_TOKEN=simulated",
		"GOOGLE_PROJECT=inferadb-simulated",
		fmt.Sprint("BENCH_REGIONS=", regions),
	)}
	if err := os.Mkdir(filepath.Join(folder, "world"), 0o700); err != nil {
		return nil, err
	}
	project, err := os.ReadFile(filepath.Join(b.repository, "Pulumi.yaml"))
	if err != nil {
		return nil, err
	}
	main, err := filepath.Rel(folder, b.repository)
	if err != nil {
		return nil, err
	}
	text := string(project) + "\nmain: " + main + "\n"
	if err := os.WriteFile(filepath.Join(folder, "Pulumi.yaml"), []byte(text), 0o600); err != nil {
		return nil, err
	}
	file := "Pulumi." + name + ".yaml"
	settings, err := os.ReadFile(filepath.Join(b.repository, file))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, file), settings, 0o600); err != nil {
		return nil, err
	}
	if _, err := s.pulumi("stack", "init", name, "--secrets-provider", "passphrase"); err != nil {
		return nil, err
	}
	_, err = s.pulumi("config", "set", "inferadb:provider", provider)
	return s, err
}

// pulumi runs a command and measures it.
func (s *stack) pulumi(args ...string) (measurement, error) {
	command := exec.Command(s.cli, args...)
	command.Dir, command.Env = s.folder, s.environment
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	from := time.Now()
	if err := command.Start(); err != nil {
		return measurement{}, err
	}
	stop := make(chan struct{})
	peak := make(chan measurement)
	go func() { peak <- watch(command.Process.Pid, stop) }()
	err := command.Wait()
	close(stop)
	measured := <-peak
	measured.wall = time.Since(from)
	if err != nil {
		return measured, fmt.Errorf("pulumi %s: %w\n%s", strings.Join(args, " "), err, output.String())
	}
	return measured, nil
}
