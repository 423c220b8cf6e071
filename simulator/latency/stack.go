package latency

import (
	"slices"
	"strings"
	"time"
)

// Resource is a resource of a stack, as the program registers it and the state keeps it.
type Resource struct {
	URN, Type, Name, Parent string
	// After are the URNs of everything that it waits for, Data those of them whose outputs are among its inputs.
	After, Data []string
}

// Plan is how long something takes with all dependencies of a stack, and the least that no program could cut: the
// longest chain of data and needs.
type Plan struct{ Path, Minimum Path }

// Ratio compares the two.
func (p Plan) Ratio() float64 { return float64(p.Path.Total()) / float64(p.Minimum.Total()) }

// need is a dependency that is not about data, and that no program could do without.
type need struct{ of, before []string }

var (
	machines = []string{"aws:ec2/instance:Instance", "aws:autoscaling/group:Group", "gcp:compute/instance:Instance",
		"gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager", "digitalocean:index/droplet:Droplet"}
	applyType     = "talos:machine/configurationApply:ConfigurationApply"
	bootstrapType = "talos:machine/bootstrap:Bootstrap"
)

// needs are few on purpose, each with its reason: a need that is missing here makes the minimum smaller, so that a
// dependency which costs time shows.
var needs = []need{
	// A machine without egress gets no image, no time and no peers (invariant 39).
	{machines, []string{"aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation",
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "gcp:compute/routerNat:RouterNat"}},
	// A droplet has a public address, so its firewall is created first (invariant 9).
	{machines, []string{"digitalocean:index/firewall:Firewall"}},
	// A disk is encrypted when it is created, and the cloud must be allowed to use the key by then.
	{machines, []string{"aws:kms/grant:Grant", "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"}},
	// A network without an internet gateway maps no address: Gateway.NotAttached,
	// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
	{[]string{"aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip"},
		[]string{"aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation"}},
	// A proxy needs addresses: https://cloud.google.com/load-balancing/docs/proxy-only-subnets
	{[]string{"gcp:compute/forwardingRule:ForwardingRule"}, []string{"gcp:compute/subnetwork:Subnetwork"}},
	// A bootstrap cannot be undone, and most edits are refused after it. So what can fail comes first (invariant 33).
	{[]string{bootstrapType}, []string{
		"aws:lb/listener:Listener", "aws:route53/record:Record", "aws:lb/targetGroupAttachment:TargetGroupAttachment",
		"gcp:compute/forwardingRule:ForwardingRule", "gcp:compute/instanceGroupMembership:InstanceGroupMembership",
		"digitalocean:index/loadBalancer:LoadBalancer", "digitalocean:index/firewall:Firewall",
	}},
	// The first certificate of the API and the first manifests are in the applied configuration, not in the user data.
	{[]string{bootstrapType}, []string{applyType}},
	// There is no API before the bootstrap.
	{[]string{"talos:cluster/kubeconfig:Kubeconfig"}, []string{bootstrapType}},
}

// needed reports whether one type needs another before it.
func needed(of, before string) bool {
	return slices.ContainsFunc(needs, func(n need) bool {
		return slices.Contains(n.of, of) && slices.Contains(n.before, before)
	})
}

// Up returns the plan of creating a stack.
func Up(resources []Resource) Plan {
	all, least := steps(resources, func(t Times) time.Duration { return t.Create })
	boots := map[string]string{}
	for _, r := range resources {
		if isMachine(r.Type) {
			boot := Step{ID: r.URN + " boots", Name: label(r) + " boots", Takes: Boot, After: []string{r.URN}}
			all, least = append(all, boot), append(least, boot)
			boots[r.Parent+r.Name] = boot.ID
		}
	}
	for i, r := range resources {
		if boot := boots[r.Parent+r.Name]; boot != "" && r.Type == applyType {
			all[i].After, least[i].After = append(all[i].After, boot), append(least[i].After, boot)
		}
	}
	return Plan{Critical(all), Critical(least)}
}

// Destroy returns the plan of deleting it. Pulumi deletes in the reverse of the order of creation, so a need holds both
// ways, and in layers, which no program can do without.
func Destroy(resources []Resource) Plan {
	all, least := steps(resources, func(t Times) time.Duration { return t.Delete })
	plan := Plan{Layered(all), Critical(reversed(least))}
	if layers := BestLayers(least); layers.Total() > plan.Minimum.Total() {
		plan.Minimum = layers
	}
	return plan
}

// steps returns a step for each resource, in their order: with all dependencies, and with those that no program could
// cut.
func steps(resources []Resource, takes func(Times) time.Duration) (all, least []Step) {
	types := map[string]string{}
	for _, r := range resources {
		types[r.URN] = r.Type
	}
	for _, r := range resources {
		step := Step{ID: r.URN, Name: label(r), Takes: takes(Of(r.Type)), After: slices.Concat(r.After, r.Data)}
		all = append(all, step)
		step.After = slices.Clone(r.Data)
		for _, before := range r.After {
			if needed(r.Type, types[before]) {
				step.After = append(step.After, before)
			}
		}
		least = append(least, step)
	}
	return all, least
}

// reversed turns the dependencies round.
func reversed(steps []Step) []Step {
	after := map[string][]string{}
	for _, step := range steps {
		for _, before := range step.After {
			after[before] = append(after[before], step.ID)
		}
	}
	var turned []Step
	for _, step := range steps {
		step.After = after[step.ID]
		turned = append(turned, step)
	}
	return turned
}

func isMachine(token string) bool {
	for _, machine := range Machines {
		if token == machine {
			return true
		}
	}
	return false
}

// label returns the short name of the type and the name.
func label(r Resource) string { return r.Type[strings.LastIndex(r.Type, ":")+1:] + " " + r.Name }
