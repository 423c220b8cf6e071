package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/inferadb/infra/simulator/talos"
	"github.com/spf13/cobra"
)

// patch changes the configuration of nodes: talosctl patch machineconfig --mode=staged --patch @file.
func (t *talosctl) patch() *cobra.Command {
	var mode string
	var patches []string
	command := &cobra.Command{Use: "patch <type>", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] != "machineconfig" && args[0] != "mc" {
				return fmt.Errorf("the simulator only patches the machineconfig, not %s", args[0])
			}
			texts, err := readPatches(patches)
			if err != nil {
				return err
			}
			return t.each(func(session *talos.Session, node string) error {
				if err := session.Patch(node, mode, texts); err != nil {
					return err
				}
				fmt.Printf("patched MachineConfigs.config.talos.dev/v1alpha1 at the node %s\n", node)
				return nil
			})
		}}
	command.Flags().StringVarP(&mode, "mode", "m", "auto", "when the nodes take it")
	command.Flags().StringArrayVarP(&patches, "patch", "p", nil, "a patch, or @ and a file of it")
	return command
}

func readPatches(arguments []string) ([]string, error) {
	var texts []string
	for _, argument := range arguments {
		file, isFile := strings.CutPrefix(argument, "@")
		if !isFile {
			texts = append(texts, argument)
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}
