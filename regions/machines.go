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

// sizes, smallest first. AWS offers the Spot types in us-east-1 and in us-west-1, which lacks many a newer family:
// https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-regions.html
var sizes = []MachineSize{
	{
		Name: "small",
		Types: map[Provider]MachineType{
			AWS: {
				Name: "t4g.medium", Architecture: ARM64, VCPU: 2, MemoryGiB: 4,
				Spot: []MachineType{
					graviton("t4g.large", 2, 8), graviton("m6g.large", 2, 8), graviton("m6gd.large", 2, 8),
					graviton("m8g.large", 2, 8), graviton("r6g.large", 2, 16), graviton("r6gd.large", 2, 16),
				},
			},
			GCP:          {Name: "e2-medium", Architecture: AMD64, VCPU: 2, MemoryGiB: 4},
			DigitalOcean: {Name: "s-2vcpu-4gb", Architecture: AMD64, VCPU: 2, MemoryGiB: 4},
		},
	},
	{
		Name: "medium",
		Types: map[Provider]MachineType{
			AWS: {
				Name: "t4g.xlarge", Architecture: ARM64, VCPU: 4, MemoryGiB: 16,
				Spot: []MachineType{
					graviton("m6g.xlarge", 4, 16), graviton("m6gd.xlarge", 4, 16), graviton("m8g.xlarge", 4, 16),
					graviton("r6g.xlarge", 4, 32), graviton("r6gd.xlarge", 4, 32),
				},
			},
			GCP:          {Name: "e2-standard-4", Architecture: AMD64, VCPU: 4, MemoryGiB: 16},
			DigitalOcean: {Name: "s-4vcpu-8gb", Architecture: AMD64, VCPU: 4, MemoryGiB: 8},
		},
	},
	{
		Name: "large",
		Types: map[Provider]MachineType{
			AWS: {
				Name: "t4g.2xlarge", Architecture: ARM64, VCPU: 8, MemoryGiB: 32,
				Spot: []MachineType{
					graviton("m6g.2xlarge", 8, 32), graviton("m6gd.2xlarge", 8, 32), graviton("m8g.2xlarge", 8, 32),
					graviton("r6g.2xlarge", 8, 64), graviton("r6gd.2xlarge", 8, 64),
				},
			},
			GCP:          {Name: "e2-standard-8", Architecture: AMD64, VCPU: 8, MemoryGiB: 32},
			DigitalOcean: {Name: "s-8vcpu-16gb", Architecture: AMD64, VCPU: 8, MemoryGiB: 16},
		},
	},
}

// graviton is an AWS machine type with Amazon's arm64 processor.
func graviton(name string, vCPU, memoryGiB int) MachineType {
	return MachineType{Name: name, Architecture: ARM64, VCPU: vCPU, MemoryGiB: memoryGiB}
}

// Sizes returns the machine sizes, the smallest first.
func Sizes() []MachineSize { return append([]MachineSize(nil), sizes...) }

// LookupSize finds a machine size by its name in a stack file. The error lists the sizes that there are.
func LookupSize(name string) (MachineSize, error) {
	return lookup("machine size", name, sizes, func(s MachineSize) string { return s.Name })
}

// LookupType finds a machine type in the tables by the cloud's own name for it. The error lists the types that there are.
func LookupType(p Provider, name string) (MachineType, error) {
	return lookup("machine type", name, types(p), func(t MachineType) string { return t.Name })
}

// types are all the machine types of a cloud that the tables name, the sizes' own and those that may stand in for them.
func types(p Provider) []MachineType {
	var all []MachineType
	for _, size := range sizes {
		all = append(append(all, size.Types[p]), size.Types[p].Spot...)
	}
	return all
}
