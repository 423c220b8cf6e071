// Package compiled lets the Pulumi CLI run a program that was compiled beforehand. The pinned language host compiles
// for every command, and linking the cloud SDKs takes longer than most commands on the simulator.
package compiled

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Tools compiles the package at path in the repository, and makes a folder with a CLI whose programs are all that one.
// It returns the path of the CLI.
func Tools(repository, path, folder string) (cli string, err error) {
	program := filepath.Join(folder, "program")
	build := exec.Command("go", "build", "-o", program, path)
	build.Dir = repository
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", path, err, output)
	}
	// The CLI takes the language host that lies beside it, and follows links to find itself.
	bin := filepath.Join(repository, ".bin")
	text, err := os.ReadFile(filepath.Join(bin, "pulumi"))
	if err != nil {
		return "", fmt.Errorf("%w; run: make tools simulator", err)
	}
	cli = filepath.Join(folder, "pulumi")
	if err := os.WriteFile(cli, text, 0o700); err != nil {
		return "", err
	}
	host := fmt.Sprintf("#!/bin/sh\nexec '%s/pulumi-language-go' -binary='%s' \"$@\"\n", bin, program)
	return cli, os.WriteFile(filepath.Join(folder, "pulumi-language-go"), []byte(host), 0o700)
}
