package operate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/inferadb/infra/config"
	"go.yaml.in/yaml/v4"
)

const upgradeKey = config.Namespace + ":upgrade"

// stackFile is the file of the stack's settings.
func (s *Stack) stackFile() string { return filepath.Join(s.Folder, "Pulumi."+s.Name+".yaml") }

// mark writes the versions of an upgrade into the stack file, so that no update runs until it is through: with the old versions in
// the file, an update would downgrade the nodes that are done.
func (s *Stack) mark(versions config.UpgradeSettings) error {
	return editFile(s.stackFile(), func(text []byte) ([]byte, error) {
		return setKey(text, upgradeKey, fmt.Sprintf("{talos: %s, kubernetes: %s}", versions.Talos, versions.Kubernetes))
	})
}

// unmark takes the mark away and changes nothing else.
func (s *Stack) unmark() error {
	return editFile(s.stackFile(), func(text []byte) ([]byte, error) { return setKey(text, upgradeKey, "") })
}

// record takes the mark away and writes the versions that run, in one step.
func (s *Stack) record(versions config.UpgradeSettings) error {
	return editFile(s.stackFile(), func(text []byte) ([]byte, error) {
		for _, setting := range []struct{ key, value string }{
			{config.Namespace + ":talosVersion", versions.Talos},
			{config.Namespace + ":kubernetesVersion", versions.Kubernetes},
			{upgradeKey, ""},
		} {
			var err error
			if text, err = setKey(text, setting.key, setting.value); err != nil {
				return nil, err
			}
		}
		return text, nil
	})
}

// editFile replaces a file's content by a new file that is moved into place: a disk that is full leaves the old one whole.
func editFile(path string, change func([]byte) ([]byte, error)) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changed, err := change(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	written, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path))
	if err != nil {
		return err
	}
	defer os.Remove(written.Name())
	_, err = written.Write(changed)
	if err := errors.Join(err, written.Chmod(info.Mode().Perm()), written.Sync(), written.Close()); err != nil {
		return err
	}
	return os.Rename(written.Name(), path)
}

// setKey returns a stack file's text with a setting on one line, or without it if the value is empty. Other lines stay as they
// are: the file is a person's.
func setKey(text []byte, key, value string) ([]byte, error) {
	settings, at, err := findKey(text, key)
	if err != nil {
		return nil, err
	}
	lines := strings.SplitAfter(string(text), "\n")
	if last := len(lines) - 1; lines[last] != "" {
		lines[last] += "\n"
	}
	indent := strings.Repeat(" ", settings.Content[0].Column-1)
	// Lines count from 1. A new key comes before the first.
	from := settings.Content[0].Line - 1
	to := from
	comment := ""
	if at >= 0 {
		from = settings.Content[at].Line - 1
		to = lastLineOf(settings.Content[at+1])
		if to < from+1 {
			to = from + 1
		}
		if line := settings.Content[at+1].LineComment; line != "" {
			comment = " " + line
		}
	}
	var added []string
	if value != "" {
		added = []string{indent + key + ": " + value + comment + "\n"}
	}
	changed := []byte(strings.Join(slices.Concat(lines[:from], added, lines[to:]), ""))
	return changed, checkKey(changed, text, key, value)
}

// findKey returns the settings of a stack file, and the index of a key among their nodes; -1 if it is not there.
func findKey(text []byte, key string) (*yaml.Node, int, error) {
	var file yaml.Node
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, 0, err
	}
	if len(file.Content) == 1 {
		for i := 0; i+1 < len(file.Content[0].Content); i += 2 {
			settings := file.Content[0].Content[i+1]
			if file.Content[0].Content[i].Value != "config" || settings.Kind != yaml.MappingNode || settings.Style&yaml.FlowStyle != 0 {
				continue
			}
			for j := 0; j+1 < len(settings.Content); j += 2 {
				if settings.Content[j].Value == key {
					return settings, j, nil
				}
			}
			return settings, -1, nil
		}
	}
	return nil, 0, errors.New("it has no config with a key on each line")
}

// lastLineOf returns the last line of a value.
func lastLineOf(node *yaml.Node) int {
	last := node.Line
	for _, item := range node.Content {
		last = max(last, lastLineOf(item))
	}
	return last
}

// checkKey reads the new text again, so that a file which is laid out in an unforeseen way is left alone and not broken.
func checkKey(changed, before []byte, key, value string) error {
	var was, is map[string]any
	err := errors.Join(yaml.Unmarshal(before, &was), yaml.Unmarshal(changed, &is))
	if err == nil {
		old, _ := was["config"].(map[string]any)
		want := map[string]any{}
		for k, v := range old {
			want[k] = v
		}
		delete(want, key)
		if value != "" {
			var parsed any
			err = yaml.Unmarshal([]byte(value), &parsed)
			want[key] = parsed
		}
		if err == nil && fmt.Sprint(is["config"]) == fmt.Sprint(want) {
			return nil
		}
	}
	return fmt.Errorf("it is laid out in a way that this command cannot edit; write %s: %s by hand", key, value)
}
