package regions

// MachineSize is a size that a stack file can name, with its machine type on every cloud.
type MachineSize struct {
	Name  string
	Types map[Provider]MachineType
}

// MachineType is a cloud's machine type.
type MachineType struct {
	// Name is the cloud's own: "t4g.xlarge".
	Name         string
	Architecture Architecture
	VCPU         int
	// MemoryGiB is the machine's memory in GiB.
	MemoryGiB int
	// Spot are the types that may stand in for this one on the spot market: the same architecture and vCPU, no less memory.
	Spot []MachineType
}
