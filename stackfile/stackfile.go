// Package stackfile edits a stack file, Pulumi.<stack>.yaml, and leaves everything else in it as it is written: the
// file is a person's.
package stackfile

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Path returns the file of a stack's settings.
func Path(folder, stack string) string { return filepath.Join(folder, "Pulumi."+stack+".yaml") }

// Edit replaces a file's content by a new file that is moved into place: a disk that is full leaves the old one whole.
func Edit(path string, change func([]byte) ([]byte, error)) error {
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

// Set returns a stack file's text with a setting on one line, or without it if the value is empty.
func Set(text []byte, key, value string) ([]byte, error) {
	config, setting, err := find(text, key)
	if err != nil {
		return nil, err
	}
	// Lines count from 1. A new key comes before the first.
	first := config.value.Content[0]
	from, to, comment := first.Line-1, first.Line-1, ""
	if setting.key != nil {
		from = setting.key.Line - 1
		to = max(setting.key.Line, lastLine(setting.value))
		if line := setting.value.LineComment; line != "" {
			comment = " " + line
		}
	}
	added := ""
	if value != "" {
		added = strings.Repeat(" ", first.Column-1) + key + ": " + value + comment + "\n"
	}
	changed := splice(text, from, to, added)
	return changed, checkSetting(changed, text, key, value)
}

// Append returns a stack file's text with an item at the end of a list of texts, or as it is if the list has the item.
// Only the lines of the list change.
func Append(text []byte, key, item string) ([]byte, error) {
	config, list, err := find(text, key)
	if err != nil {
		return nil, err
	}
	var items []string
	if list.key != nil {
		if err := list.value.Decode(&items); err != nil {
			return nil, fmt.Errorf("%s is not a list of texts: %w", key, err)
		}
	}
	if slices.Contains(items, item) {
		return text, nil
	}
	items = append(items, item)
	// Lines count from 1, so that a node's line is also the number of lines up to its end.
	from, to := config.key.Line, config.key.Line
	added := block(config.value.Content[0].Column-1, key, items)
	switch {
	case list.key != nil && list.value.Kind == yaml.SequenceNode && list.value.Style&yaml.FlowStyle == 0:
		from = lastLine(list.value)
		to = from
		added = fmt.Sprintf("%s- %q\n", strings.Repeat(" ", list.value.Column-1), item)
	case list.key != nil:
		from, to = list.key.Line-1, max(list.key.Line, lastLine(list.value))
	}
	changed := splice(text, from, to, added)
	return changed, checkList(changed, key, items)
}

// block returns the whole list, indented as the other keys are.
func block(column int, key string, items []string) string {
	indent := strings.Repeat(" ", column)
	text := indent + key + ":\n"
	for _, item := range items {
		text += fmt.Sprintf("%s  - %q\n", indent, item)
	}
	return text
}

// splice puts text in the place of the lines between two numbers of lines.
func splice(text []byte, from, to int, added string) []byte {
	lines := strings.SplitAfter(string(text), "\n")
	if last := len(lines) - 1; lines[last] != "" {
		lines[last] += "\n"
	}
	return []byte(strings.Join(slices.Concat(lines[:from], []string{added}, lines[to:]), ""))
}

// entry is a key of a map with its value; empty if the map has no such key.
type entry struct{ key, value *yaml.Node }

// find returns the settings of a stack file, and one setting among them.
func find(text []byte, key string) (config, setting entry, err error) {
	var file yaml.Node
	if err := yaml.Unmarshal(text, &file); err != nil {
		return config, setting, err
	}
	if len(file.Content) == 1 {
		config = lookUp(file.Content[0], "config")
	}
	if config.value == nil || config.value.Kind != yaml.MappingNode || config.value.Style&yaml.FlowStyle != 0 {
		return config, setting, errors.New("it has no config with a key on each line")
	}
	return config, lookUp(config.value, key), nil
}

func lookUp(node *yaml.Node, key string) entry {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return entry{node.Content[i], node.Content[i+1]}
		}
	}
	return entry{}
}

// lastLine returns the last line of a value.
func lastLine(node *yaml.Node) int {
	last := node.Line
	for _, item := range node.Content {
		last = max(last, lastLine(item))
	}
	return last
}

// checkSetting parses the new text again, so that a file with an unforeseen layout is not changed and not broken.
func checkSetting(changed, before []byte, key, value string) error {
	var was, is map[string]any
	err := errors.Join(yaml.Unmarshal(before, &was), yaml.Unmarshal(changed, &is))
	if err == nil {
		old, _ := was["config"].(map[string]any)
		want := map[string]any{}
		maps.Copy(want, old)
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

// checkList does the same for a list.
func checkList(changed []byte, key string, want []string) error {
	_, list, err := find(changed, key)
	var items []string
	if err == nil && list.key != nil {
		err = list.value.Decode(&items)
	}
	if err != nil || !slices.Equal(items, want) {
		return fmt.Errorf(
			"%s is laid out in a way that this command cannot edit; add %q by hand",
			key,
			want[len(want)-1],
		)
	}
	return nil
}
