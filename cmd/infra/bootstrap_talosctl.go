package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// talosctl calls the command of that name for one cluster.
type talosctl struct {
	talosconfig []byte
}

func newTalosctl(c cluster) (*talosctl, error) {
	if _, err := exec.LookPath("talosctl"); err != nil {
		return nil, errors.New("talosctl: is not installed; install the version of the cluster's Talos (https://docs.siderolabs.com/talos/v1.12/getting-started/talosctl)")
	}
	config, err := c.talosconfig()
	return &talosctl{talosconfig: config}, err
}

// run asks a node. The credentials are in a file that has no name any more when the command starts, so that nothing of them
// can stay on the disk.
func (t *talosctl) run(ctx context.Context, node string, arguments ...string) (string, error) {
	file, err := os.CreateTemp("", "talosconfig")
	if err != nil {
		return "", err
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil {
		return "", err
	}
	if _, err := file.Write(t.talosconfig); err != nil {
		return "", err
	}
	if _, err := file.Seek(0, 0); err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, "talosctl", append([]string{"--talosconfig", "/dev/fd/3", "--nodes", node}, arguments...)...)
	command.ExtraFiles = []*os.File{file}
	var out, diagnostics bytes.Buffer
	command.Stdout, command.Stderr = &out, &diagnostics
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("talosctl --nodes %s %s: %w: %s", node, strings.Join(arguments, " "), err, strings.TrimSpace(diagnostics.String()))
	}
	return out.String(), nil
}

// answers reports whether a node's Talos API can be reached.
func (t *talosctl) answers(ctx context.Context, node string) bool {
	_, err := t.run(ctx, node, "version")
	return err == nil
}

// members returns the host names of etcd's members, as the etcd of a node knows them.
func (t *talosctl) members(ctx context.Context, node string) ([]string, error) {
	table, err := t.run(ctx, node, "etcd", "members")
	if err != nil {
		return nil, err
	}
	names := column(table, "HOSTNAME")
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: talosctl etcd members printed no member", node)
	}
	slices.Sort(names)
	return names, nil
}

// healthy returns why the etcd of a node does not work as a member: it knows no leader, or reports an error.
func (t *talosctl) healthy(ctx context.Context, node string) error {
	table, err := t.run(ctx, node, "etcd", "status")
	if err != nil {
		return err
	}
	leaders := column(table, "LEADER")
	if len(leaders) != 1 || strings.Trim(leaders[0], "0") == "" {
		return fmt.Errorf("%s: its etcd has no leader", node)
	}
	if learner := column(table, "LEARNER"); len(learner) != 1 || learner[0] != "false" {
		return fmt.Errorf("%s: its etcd is still catching up", node)
	}
	for _, reported := range column(table, "ERRORS") {
		if reported != "" {
			return fmt.Errorf("%s: its etcd reports: %s", node, reported)
		}
	}
	return nil
}

// Columns of talosctl's tables are two spaces or more apart.
var betweenColumns = regexp.MustCompile(`\s{2,}`)

// column returns the cells under a heading of one of talosctl's tables. Cells at the end of a line may be empty.
func column(table, heading string) []string {
	lines := strings.Split(strings.TrimSpace(table), "\n")
	i := slices.Index(betweenColumns.Split(strings.TrimSpace(lines[0]), -1), heading)
	var cells []string
	for _, line := range lines[1:] {
		fields := betweenColumns.Split(strings.TrimSpace(line), -1)
		switch {
		case i < 0:
		case i < len(fields):
			cells = append(cells, fields[i])
		default:
			cells = append(cells, "")
		}
	}
	return cells
}
