package regions

// MachineSize is a size that a stack file can name, with its machine type on every cloud.
type MachineSize struct {
	Name  string
	Types map[Provider]MachineType
}

// MachineType is a cloud's machine type.
type MachineType struct {
	// Name is that of the cloud: "t4g.xlarge".
	Name         string
	Architecture Architecture
	VCPU         int
	// MemoryGiB is the machine's memory in GiB.
	MemoryGiB int
	// Spot are the types that can replace this one on the spot market: the same architecture and vCPU count, and at
	// least as much memory.
	Spot []MachineType
}

// sizes are the machine sizes, the smallest first. Each cloud's own file has its machine types.
var sizes = []MachineSize{sized("small"), sized("medium"), sized("large")}

func sized(name string) MachineSize {
	size := MachineSize{Name: name, Types: map[Provider]MachineType{}}
	for _, c := range clouds {
		size.Types[c.provider] = c.machines[name]
	}
	return size
}

// Sizes returns the machine sizes, the smallest first.
func Sizes() []MachineSize { return append([]MachineSize(nil), sizes...) }

// LookupSize finds a machine size by its name in a stack file. The error lists the sizes that there are.
func LookupSize(name string) (MachineSize, error) {
	return lookup("machine size", name, sizes, func(s MachineSize) string { return s.Name })
}

// LookupType finds a machine type in the tables by the cloud's own name for it. The error lists the types that there
// are.
func LookupType(p Provider, name string) (MachineType, error) {
	return lookup("machine type", name, types(p), func(t MachineType) string { return t.Name })
}

// types returns all machine types of a cloud: those of the sizes, and those that can replace them.
func types(p Provider) []MachineType {
	var all []MachineType
	for _, size := range sizes {
		all = append(append(all, size.Types[p]), size.Types[p].Spot...)
	}
	return all
}
