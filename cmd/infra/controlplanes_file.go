package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

const acknowledgeKey = "inferadb:acknowledge"

// stackFile is the file of a stack's settings, in the folder that make runs in.
func stackFile(stack string) string { return "Pulumi." + stack + ".yaml" }

// acknowledge adds a step to a stack file's list of those that were done. Everything else in the file stays as it is written:
// it is a person's.
func acknowledge(path, step string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changed, err := withStep(text, step)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	// A new file, moved into place: a disk that is full leaves the old one whole.
	written, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path))
	if err != nil {
		return err
	}
	defer os.Remove(written.Name())
	defer written.Close()
	if _, err := written.Write(changed); err != nil {
		return err
	}
	if err := written.Chmod(info.Mode().Perm()); err != nil {
		return err
	}
	return os.Rename(written.Name(), path)
}

// withStep returns a stack file's text with a step added. Only the lines of the list change.
func withStep(text []byte, step string) ([]byte, error) {
	config, list, err := findList(text)
	if err != nil {
		return nil, err
	}
	var steps []string
	if list.key != nil {
		if err := list.value.Decode(&steps); err != nil {
			return nil, fmt.Errorf("%s is not a list of texts: %w", acknowledgeKey, err)
		}
	}
	if slices.Contains(steps, step) {
		return text, nil
	}
	// Lines count from 1, so that a node's line is also the number of lines up to its end.
	from, to := config.key.Line, config.key.Line
	added := block(config.value.Content[0].Column-1, append(steps, step))
	switch {
	case list.key != nil && list.value.Kind == yaml.SequenceNode && list.value.Style&yaml.FlowStyle == 0:
		from = lastLine(list.value)
		to = from
		added = fmt.Sprintf("%s- %q\n", strings.Repeat(" ", list.value.Column-1), step)
	case list.key != nil:
		from, to = list.key.Line-1, max(list.key.Line, lastLine(list.value))
	}
	lines := strings.SplitAfter(string(text), "\n")
	if last := len(lines) - 1; lines[last] != "" {
		lines[last] += "\n"
	}
	changed := strings.Join(slices.Concat(lines[:from], []string{added}, lines[to:]), "")
	return []byte(changed), checkStep([]byte(changed), append(steps, step))
}

// block is the whole list, indented as the other keys are.
func block(column int, steps []string) string {
	indent := strings.Repeat(" ", column)
	text := indent + acknowledgeKey + ":\n"
	for _, step := range steps {
		text += fmt.Sprintf("%s  - %q\n", indent, step)
	}
	return text
}

// entry is a key of a map with its value; empty if the map has no such key.
type entry struct{ key, value *yaml.Node }

// findList returns the settings of a stack file, and the list of acknowledged steps among them.
func findList(text []byte) (config, list entry, err error) {
	var file yaml.Node
	if err := yaml.Unmarshal(text, &file); err != nil {
		return config, list, err
	}
	if len(file.Content) == 1 {
		config = lookUp(file.Content[0], "config")
	}
	if config.value == nil || config.value.Kind != yaml.MappingNode || config.value.Style&yaml.FlowStyle != 0 {
		return config, list, errors.New("it has no config with a key on each line")
	}
	return config, lookUp(config.value, acknowledgeKey), nil
}

func lookUp(node *yaml.Node, key string) entry {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return entry{node.Content[i], node.Content[i+1]}
		}
	}
	return entry{}
}

// lastLine is the line of the list's last item.
func lastLine(list *yaml.Node) int {
	last := list.Line
	for _, item := range list.Content {
		last = max(last, item.Line)
	}
	return last
}

// checkStep reads the new text again, so that a file which was laid out in an unforeseen way is left alone and not broken.
func checkStep(text []byte, want []string) error {
	_, list, err := findList(text)
	var steps []string
	if err == nil && list.key != nil {
		err = list.value.Decode(&steps)
	}
	if err != nil || !slices.Equal(steps, want) {
		return fmt.Errorf("%s is laid out in a way that this command cannot edit; add %q by hand", acknowledgeKey, want[len(want)-1])
	}
	return nil
}
