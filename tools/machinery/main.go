// Command machinery reads machine configurations as the provider pulumi-talos 0.7.1 does before it applies them: with
// version 1.12.1 of Talos' library. It is a module of its own, because a program can have one version of a library
// only. It prints the files that cannot be read, and why.
package main

import (
	"fmt"
	"os"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
)

func main() {
	failed := false
	for _, file := range os.Args[1:] {
		if err := read(file); err != nil {
			failed = true
			fmt.Printf("%s: %v\n", file, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}

// read follows the provider's resource talos_machine_configuration_apply: patches are applied, here none, and the
// result is written anew. What the machine says of it is another matter: it has a library of its own version.
// https://github.com/siderolabs/terraform-provider-talos/blob/v0.10.0/pkg/talos/talos_machine_configuration_apply_resource.go
func read(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	patched, err := configpatcher.Apply(configpatcher.WithBytes(text), nil)
	if err != nil {
		return err
	}
	written, err := patched.Bytes()
	if err != nil {
		return err
	}
	_, err = configloader.NewFromBytes(written)
	return err
}
