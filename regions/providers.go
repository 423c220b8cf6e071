package regions

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

// Capabilities is what a cloud can do. Validation reads it, so that a setting which a cloud cannot honour is refused.
type Capabilities struct {
	// Title is the cloud's name for people.
	Title string
	// Spot says whether the cloud sells interruptible machines.
	Spot bool
	// Autoscaling says whether the cloud's own scaling group can run Talos.
	Autoscaling bool
	// Zones says whether a region has more than one failure domain that a machine can be placed in.
	Zones bool
	// CustomerKeys says whether disks can be encrypted with the customer's own KMS key.
	CustomerKeys bool
	// CloudEncryption says whether the cloud itself encrypts every disk; where not, Talos must (LUKS).
	CloudEncryption bool
	// Architectures are the ones that the cloud boots Talos on.
	Architectures []Architecture
}
