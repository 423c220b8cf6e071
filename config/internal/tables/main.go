// Tables writes what documents the settings, the tables of README.md and the declarations of Pulumi.yaml, from the
// structs of package config and the comments of their fields: go generate ./...
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	// go generate runs it in the folder of package config.
	if err := write(".", ".."); err != nil {
		fmt.Fprintln(os.Stderr, "tables:", err)
		os.Exit(1)
	}
}

// write brings both files of the repository up to date.
func write(config, repository string) error {
	files, err := render(config, repository)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(repository, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// render returns the files of the repository as they should be, by name.
func render(config, repository string) (map[string]string, error) {
	settings, err := readSettings(config)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for name, generate := range map[string]func([]setting) string{"README.md": readmeTables,
		"Pulumi.yaml": projectConfig} {
		text, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			return nil, err
		}
		if files[name], err = between(string(text), generate(settings)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}
