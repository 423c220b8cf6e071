package talos

import (
	"fmt"

	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
)

// Patch changes a node's configuration by patches, and applies it in a mode as talosctl does: at once where the machine
// takes it, or staged for its next boot.
func (s *Session) Patch(address, mode string, patches []string) error {
	n, err := s.node(address)
	if err != nil {
		return err
	}
	saved, err := recall[disk](s.clusters.memory, disks, n.ID)
	if err != nil {
		return err
	}
	loaded, err := configpatcher.LoadPatches(patches)
	if err != nil {
		return err
	}
	patched, err := configpatcher.Apply(configpatcher.WithBytes([]byte(saved.Config)), loaded)
	if err != nil {
		return err
	}
	document, err := patched.Bytes()
	if err != nil {
		return err
	}
	changed, err := load(document)
	if err != nil {
		return fmt.Errorf("rpc error: code = InvalidArgument desc = %w", err)
	}
	switch mode {
	case "staged":
		saved.Staged = string(document)
	case "no-reboot":
		if err := immediate(n.config, changed); err != nil {
			return fmt.Errorf("rpc error: code = InvalidArgument desc = %w", err)
		}
		saved.Config, saved.Staged = string(document), ""
	default:
		return fmt.Errorf("the simulator applies in the modes staged and no-reboot, not %q", mode)
	}
	return keep(s.clusters.memory, disks, n.ID, saved)
}
