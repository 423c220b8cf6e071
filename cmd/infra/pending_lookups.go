package main

import (
	"cmp"
	"maps"
	"regexp"
	"strings"
)

// lookup is how to find a resource that may have been created. Names in braces are replaced by inputs of the resource
// or, where it has none, of its provider.
type lookup struct {
	// look is a command that prints the resource's id, or that it is there.
	look string
	// id is the resource's id, where it follows from the inputs; note is how to read it from what look prints.
	id, note string
	// remove deletes it if it is there. It is set where creating it again would fail and nothing is lost by deletion.
	remove string
	// again is why it can be created again as if nothing had been.
	again string
	// then is a make target to run between the answer and the next update.
	then string
}

const (
	overwrites = "creating it again writes the same over it"
	local      = "it is nothing in a cloud"
)

func again(why string) lookup { return lookup{again: why} }

// read adds how to read the id.
func (l lookup) read(note string) lookup {
	l.note = note
	return l
}

// lookups are the types of resources that the program makes. Each cloud's own file adds its own.
var lookups = map[string]lookup{
	"talos:machine/secrets:Secrets":                       again(local + ", and nothing has used it"),
	"talos:machine/configurationApply:ConfigurationApply": again("the node takes the same configuration again"),
	"talos:cluster/kubeconfig:Kubeconfig":                 again("another one is issued"),
	// The next update would try for ten minutes, and then fail with AlreadyExists.
	"talos:machine/bootstrap:Bootstrap": {again: "record-bootstrap asks the node whether etcd was started",
		then: "record-bootstrap"},
}

func register(types map[string]lookup) map[string]lookup {
	maps.Copy(lookups, types)
	return types
}

// steps returns the steps to find out whether the cloud has what was being created.
func (op operation) steps() []string {
	found, known := lookups[op.Type]
	switch {
	case !known:
		return []string{"look for it in the cloud by its name; if it is there, delete it"}
	case found.again != "":
		return []string{"nothing to look for: " + found.again}
	case found.remove != "":
		return []string{"delete it, if it is there: " + op.fill(found.remove)}
	case found.note != "":
		return []string{"look for it: " + op.fill(found.look), found.note}
	default:
		return []string{"look for it: " + op.fill(found.look)}
	}
}

// answer returns the form of the answer; none if there is only one answer.
func (op operation) answer() string {
	found := lookups[op.Type]
	if found.look == "" {
		return none
	}
	return cmp.Or(op.fill(found.id), "<id>")
}

var placeholder = regexp.MustCompile(`\{[a-zA-Z.]+\}`)

// fill replaces the names in braces. Secret and unknown values are left for the reader.
func (op operation) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		name = strings.Trim(name, "{}")
		for _, inputs := range []map[string]any{op.Inputs, op.Provider} {
			if value, ok := at(inputs, strings.Split(name, ".")).(string); ok && value != "" {
				return value
			}
		}
		return "<" + name + ">"
	})
}

func at(value any, path []string) any {
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}
