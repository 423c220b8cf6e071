package stackfile

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Remove returns a stack file's text without an item of a list of texts, or as it is if the list does not have the
// item. With the last item the list goes.
func Remove(text []byte, key, item string) ([]byte, error) {
	_, list, err := find(text, key)
	if err != nil || list.key == nil {
		return text, err
	}
	var items []string
	if err := list.value.Decode(&items); err != nil {
		return nil, fmt.Errorf("%s is not a list of texts: %w", key, err)
	}
	i := slices.Index(items, item)
	switch left := slices.Delete(slices.Clone(items), max(i, 0), i+1); {
	case i < 0:
		return text, nil
	case len(left) == 0:
		return Set(text, key, "")
	case list.value.Style&yaml.FlowStyle != 0:
		for i := range left {
			left[i] = fmt.Sprintf("%q", left[i])
		}
		return Set(text, key, "["+strings.Join(left, ", ")+"]")
	default:
		node := list.value.Content[i]
		changed := splice(text, node.Line-1, lastLine(node), "")
		if checkList(changed, key, left) != nil {
			return nil, fmt.Errorf(
				"%s is laid out in a way that this command cannot edit; remove %q by hand",
				key,
				item,
			)
		}
		return changed, nil
	}
}
