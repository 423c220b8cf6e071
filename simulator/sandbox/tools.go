package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// Link puts links to the simulator's binary beside it, under each of the names.
func Link(binary string, names []string) error {
	for _, name := range names {
		path := filepath.Join(filepath.Dir(binary), name)
		if target, err := os.Readlink(path); err == nil && target == filepath.Base(binary) {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Symlink(filepath.Base(binary), path); err != nil {
			return err
		}
	}
	return nil
}

// CLI compiles the program at a path of the repository, and makes a folder with a Pulumi CLI whose programs are all
// that one. It returns the path of the CLI. The pinned language host compiles for every command, and linking the cloud
// SDKs takes longer than most commands on the simulator.
func CLI(root, path, folder string) (cli string, err error) {
	program := filepath.Join(folder, "program")
	// The program of the project is linked where make links it, with the same flags, and only if it has changed.
	built := program
	if path == "." {
		built = filepath.Join(root, ".bin", "inferadb")
	}
	build := exec.Command("go", "build", "-ldflags=-w", "-o", built, path)
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", path, err, output)
	}
	cli = filepath.Join(folder, "pulumi")
	bin := filepath.Join(root, ".bin")
	// The CLI takes the language host that is beside it and follows symbolic links to find itself, so the links are
	// hard.
	for to, from := range map[string]string{program: built, cli: filepath.Join(bin, "pulumi")} {
		if to == from {
			continue
		}
		if err := linkOrCopy(from, to); err != nil {
			return "", err
		}
	}
	host := fmt.Sprintf("#!/bin/sh\nexec '%s/pulumi-language-go' -binary='%s' \"$@\"\n", bin, program)
	return cli, os.WriteFile(filepath.Join(folder, "pulumi-language-go"), []byte(host), 0o700)
}

// linkOrCopy creates a hard link to a binary, or a copy on a file system of its own. A binary that is compiled anew is
// a new file, so the link keeps the one that it was made for.
func linkOrCopy(from, to string) error {
	// .bin has a symbolic link to a CLI that was found on PATH. package os does not record for Go's test cache which
	// links it reads.
	for {
		target, err := os.Readlink(from)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(from), target)
		}
		from = target
	}
	if os.Link(from, to) == nil {
		return nil
	}
	// A test that read a binary itself would be repeated whenever make asks Go for the binary.
	if output, err := exec.Command("cp", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("cp %s: %w\n%s; run: make tools simulator", from, err, output)
	}
	return nil
}
