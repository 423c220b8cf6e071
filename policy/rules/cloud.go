package rules

import "strings"

// cloud looks at the resources of one cloud for the rules. Each cloud implements it in a file of its own, and the other
// files know neither a cloud's types nor its properties. A method returns nothing for a resource that it is not about,
// such as a network in diskEncrypted.
type cloud interface {
	// ingress returns what a firewall rule, or a load balancer's list of allowed sources, lets in.
	ingress(Resource) []ingress
	machineHasFirewall(Resource) []violation
	// firewallCovers checks a machine against its stack, on clouds where firewalls name their machines.
	firewallCovers(machine Resource, stack []Resource) []violation
	balancerInternal(Resource) []violation
	diskEncrypted(Resource) []violation
	// diskKeys returns the properties that name customer's keys, one for each disk that the resource creates.
	diskKeys(Resource) []field
	metadataGuarded(Resource) []violation
	machineTagged(Resource) []violation
	// otherTagged checks resources that can be tagged and belong to no machine.
	otherTagged(Resource) []violation
	// secrets returns the properties that hold machine configurations.
	secrets(Resource) []field
	// isCritical reports whether the cluster is lost with the resource.
	isCritical(Resource) bool
	// deletionProtection returns the property that makes the cloud itself refuse to delete the resource; the resource
	// as a whole if it has none.
	deletionProtection(Resource) field
}

// clouds has each cloud by the prefix of its resource types. Each cloud's file registers itself.
var clouds = map[string]cloud{}

func register(name string, c cloud) cloud {
	clouds[name] = c
	return c
}

// ask returns a function that calls the method of a resource's cloud. For a resource of no cloud, such as Talos
// secrets, it returns nothing.
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

// cloudOf returns the name of the resource's cloud. A provider belongs to its cloud.
func cloudOf(r Resource) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.Type, "pulumi:providers:"), ":")
	return name
}
