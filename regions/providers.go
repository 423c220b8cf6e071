package regions

import (
	"net/netip"
	"regexp"
	"time"
)

// Provider is a cloud that the program can build clusters on.
type Provider string

// The clouds, spelled as in a stack file.
const (
	AWS          Provider = "aws"
	GCP          Provider = "gcp"
	DigitalOcean Provider = "digitalocean"
)

// Architecture is a processor architecture, spelled as in Talos' image names.
type Architecture string

// The architectures that Talos publishes images for.
const (
	AMD64 Architecture = "amd64"
	ARM64 Architecture = "arm64"
)

// Subnets is the kind of subnets that a cloud has.
type Subnets string

// A zonal subnet lies in one zone, a regional one spans them all; some clouds have none.
const (
	NoSubnets       Subnets = "none"
	ZonalSubnets    Subnets = "zonal"
	RegionalSubnets Subnets = "regional"
)

// Capabilities is what a cloud can do. Validation reads it, so that a setting which a cloud cannot honor is refused.
type Capabilities struct {
	// DisplayName is the cloud's name for people.
	DisplayName string
	// Platform is Talos' name for the cloud, as in its images and installers.
	Platform string
	// Spot reports whether the cloud sells interruptible machines.
	Spot bool
	// SpotPolicy reports whether a scaling group can mix on demand with spot of several types under a strategy and a
	// price.
	SpotPolicy bool
	// ScalingGroups reports whether the cloud's own scaling group can run Talos.
	ScalingGroups bool
	// ClusterAutoscaler reports whether Kubernetes' own autoscaler can move the scaling group.
	ClusterAutoscaler bool
	// MultiZone reports whether a region has more than one failure domain that a machine can be placed in.
	MultiZone bool
	// Subnets says how the cloud cuts a network.
	Subnets Subnets
	// Reserved are private ranges that no network may overlap.
	Reserved []netip.Prefix
	// DiskSizes reports whether the size of a machine's disk can be chosen; where not, it comes with the machine type.
	DiskSizes bool
	// CustomerKeys reports whether disks can be encrypted with the customer's own KMS key.
	CustomerKeys bool
	// EncryptsDisks reports whether the cloud itself encrypts every disk; where not, Talos must (LUKS).
	EncryptsDisks bool
	// HealthChecks are where the cloud asks from whether a scaling group's machines are alive, if it asks them.
	HealthChecks []netip.Prefix
	// AccountDiskEncryption is true if an account can have every new disk of a region encrypted.
	AccountDiskEncryption bool
	// CloudController is true if the machines' identities can get permissions for the cloud's controller manager and
	// disk driver that are limited to one cluster.
	CloudController bool
	// RegisterWithFQDN reports whether the cloud's controller manager finds the machine of a node by its full domain
	// name.
	RegisterWithFQDN bool
	// ShutdownGrace is the time that pods get to end when a machine is shut down: less than the cloud waits before it
	// cuts the power. ShutdownGraceCritical is the part of it that is for critical pods. Both are whole seconds.
	ShutdownGrace, ShutdownGraceCritical time.Duration
	// FactoryImages reports whether the program finds an image of any schematic of Talos' Image Factory.
	FactoryImages bool
	// FlowLogs reports whether the traffic of a network can be logged.
	FlowLogs bool
	// MetadataIsolated reports whether the metadata service can be kept to the machine itself, so that no pod reads the
	// user data.
	MetadataIsolated bool
	// UserDataLimit is the most bytes of user data that the cloud accepts.
	UserDataLimit int
	// TextUserDataOnly reports whether user data is not packed: the cloud accepts only text, or has a limit that needs
	// no packing.
	TextUserDataOnly bool
	// Architectures are the ones that the cloud boots Talos on.
	Architectures []Architecture
	// Projects reports whether resources belong to projects, and a network may belong to another project.
	Projects bool
	// Image, Network, Subnet and Key are the forms of the ids that a stack file can name.
	Image, Network, Subnet IDForm
	Key                    KeyForm
	// ProjectVariables and TokenVariables are the environment variables with the project, or with the token, of the
	// cloud's provider. The first one that is set counts.
	ProjectVariables, TokenVariables []string
	// MachineResource is Pulumi's type of a named node's machine.
	MachineResource string
}

// IDForm is the form of a cloud's ids. Without a shape every id has it.
type IDForm struct {
	// Problem follows a text of another form in an error: "is not an AMI id". Remedy says how an id is written.
	Problem, Remedy string
	shape           *regexp.Regexp
}

// Fits reports whether an id has the form.
func (f IDForm) Fits(id string) bool { return f.shape == nil || f.shape.MatchString(id) }

// KeyForm is the form of the ids of a cloud's keys.
type KeyForm struct {
	// Example is a key's id, with %s in place of its region.
	Example string
	// Anywhere is the region of keys that serve all regions; empty if there are none.
	Anywhere string
	shape    *regexp.Regexp
}

// Region returns the region in a key's id; false if it is not the id of a key.
func (f KeyForm) Region(id string) (string, bool) {
	match := f.shape.FindStringSubmatch(id)
	if match == nil {
		return "", false
	}
	return match[1], true
}

// cloud has the facts about a cloud, from its file.
type cloud struct {
	provider     Provider
	capabilities Capabilities
	// machines are the machine types by the name of their size.
	machines map[string]MachineType
}

// clouds are the clouds, in the order in which errors and tables list them.
var clouds = []cloud{aws, gcp, digitalOcean}

// Providers returns the clouds.
func Providers() []Provider {
	var all []Provider
	for _, c := range clouds {
		all = append(all, c.provider)
	}
	return all
}

// LookupProvider finds a cloud by its name in a stack file. The error lists the clouds that there are.
func LookupProvider(name string) (Provider, error) {
	found, err := lookupCloud(Provider(name))
	return found.provider, err
}

// CapabilitiesOf returns what the cloud can do. The error lists the clouds that there are.
func CapabilitiesOf(p Provider) (Capabilities, error) {
	found, err := lookupCloud(p)
	return found.capabilities, err
}

func lookupCloud(p Provider) (cloud, error) {
	return lookup("provider", string(p), clouds, func(c cloud) string { return string(c.provider) })
}

// MachineResources returns Pulumi's types of the machines of named nodes, one for each cloud.
func MachineResources() []string {
	var types []string
	for _, c := range clouds {
		types = append(types, c.capabilities.MachineResource)
	}
	return types
}
