package rules

import "strings"

// cloud is what the rules ask of the resources of one cloud. Each cloud's own file answers: all that is checked there
// stands in it, and the other files know neither a cloud's types nor its properties. A resource that a question is not
// about, such as a network where disks are asked for, has no answer.
type cloud interface {
	// openings are the ways in that a firewall rule, or a list of whom a load balancer listens to, makes.
	openings(Resource) []opening
	machineHasFirewall(Resource) []finding
	// firewallCovers judges a machine in its stack, where firewalls name their machines instead of the other way round.
	firewallCovers(machine Resource, stack []Resource) []finding
	balancerInternal(Resource) []finding
	diskEncrypted(Resource) []finding
	// diskKeys are the places of the customer's keys of all disks that the resource makes.
	diskKeys(Resource) []field
	metadataGuarded(Resource) []finding
	machineTagged(Resource) []finding
	// otherTagged judges what can be tagged and belongs to no machine.
	otherTagged(Resource) []finding
	// secrets are the places where machine configurations go in.
	secrets(Resource) []field
	// mustStay reports whether the loss of the resource is the cluster's.
	mustStay(Resource) bool
	// guard is the property by which the cloud itself refuses to delete; the resource as a whole if it has none.
	guard(Resource) field
}

// clouds by the names that begin the types of their resources. The clouds' own files fill it.
var clouds = map[string]cloud{}

func register(name string, c cloud) cloud {
	clouds[name] = c
	return c
}

// ask puts a question to the cloud of each resource. A resource of none, such as one of Talos', has no answer.
func ask[Answer any](question func(cloud, Resource) Answer) func(Resource) Answer {
	return func(r Resource) Answer {
		c, ok := clouds[cloudOf(r)]
		if !ok {
			var none Answer
			return none
		}
		return question(c, r)
	}
}

// cloudOf is the name of the resource's cloud; a provider is its cloud's, too.
func cloudOf(r Resource) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.Type, "pulumi:providers:"), ":")
	return name
}
