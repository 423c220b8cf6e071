package operate

import (
	"fmt"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/stackfile"
)

const upgradeKey = config.Namespace + ":upgrade"

// stackFile returns the file of the stack's settings.
func (s *Stack) stackFile() string { return stackfile.Path(s.Folder, s.Name) }

// mark writes the versions of an upgrade into the stack file, so that no update runs until it is through: with the old
// versions in the file, an update would downgrade the nodes that are done.
func (s *Stack) mark(versions cluster.Upgrade) error {
	return stackfile.Edit(s.stackFile(), func(text []byte) ([]byte, error) {
		return stackfile.Set(text, upgradeKey,
			fmt.Sprintf("{talos: %s, kubernetes: %s}", versions.Talos, versions.Kubernetes))
	})
}

// unmark removes only the mark.
func (s *Stack) unmark() error {
	return stackfile.Edit(s.stackFile(),
		func(text []byte) ([]byte, error) { return stackfile.Set(text, upgradeKey, "") })
}

// record removes the mark and writes the running versions, in one step.
func (s *Stack) record(versions cluster.Upgrade) error {
	return stackfile.Edit(s.stackFile(), func(text []byte) ([]byte, error) {
		for _, setting := range []struct{ key, value string }{
			{config.Namespace + ":talosVersion", versions.Talos},
			{config.Namespace + ":kubernetesVersion", versions.Kubernetes},
			{upgradeKey, ""},
		} {
			var err error
			if text, err = stackfile.Set(text, setting.key, setting.value); err != nil {
				return nil, err
			}
		}
		return text, nil
	})
}
