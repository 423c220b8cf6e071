// Command cilium renders Cilium's Helm chart into the manifests that the program installs with a cluster: one file for
// each minor version of Cilium. Run it after a change of the versions or the values: make cilium.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	folder := flag.String("o", "../../machineconfig/cilium", "the folder that the files are written to")
	flag.Parse()
	for _, release := range releases {
		if err := write(*folder, release); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func write(folder string, release release) error {
	text, err := render(release, true)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, release.version+".yaml"), []byte(text), 0o644)
}
