package cloud

// Found is something that the cloud has under one of the cluster's names.
type Found struct {
	// Type and Name are those by which the program registers it.
	Type, Name string
	// ID is the cloud's own name of it.
	ID string
	// Marker reports that every cluster has this resource, so that the whole cluster may be there.
	Marker bool
}

// Known reports whether the stack's state has the resource that the program registers under a type and a name.
type Known func(token, name string) bool

// Unknown returns the names that the state does not have as resources of a type.
func (known Known) Unknown(token string, names []string) []string {
	var unknown []string
	for _, name := range names {
		if !known(token, name) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}
