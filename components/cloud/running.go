package cloud

// Running is what the state has of a cluster after the stack's last update. The zero value is a cluster that does not
// run yet.
type Running struct {
	// TalosVersion is the one that the control planes were configured with last; empty before the first of them was.
	TalosVersion string
	// Resource returns the outputs that the state holds of a resource, by its type and name; nil if there is no such
	// resource.
	Resource func(token, name string) map[string]any
	// Applying reports whether the program runs for `infra apply`, whose updates leave out most resources.
	Applying bool
}

// Outputs returns the outputs of a resource in the state; nil if the state does not have it.
func (r Running) Outputs(token, name string) map[string]any {
	if r.Resource == nil {
		return nil
	}
	return r.Resource(token, name)
}

// Text returns a text among the outputs of a resource; empty if the state does not have it. The path leads through
// objects and through the first items of lists: "disks", "sourceImage".
func (r Running) Text(token, name string, path ...string) string {
	var value any = r.Outputs(token, name)
	for _, key := range path {
		if list, ok := value.([]any); ok && len(list) > 0 {
			value = list[0]
		}
		object, _ := value.(map[string]any)
		value = object[key]
	}
	text, _ := value.(string)
	return text
}
