package aws

import (
	"fmt"
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/config"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The roles, each with a security group.
const (
	controlPlane = cloud.ControlPlane
	worker       = cloud.Worker
	loadBalancer = "load-balancer"
)

// rule lets one protocol into the group of a role: from the group of another role, or from a range of addresses.
type rule struct {
	name      string
	to        string
	from      string
	cidr      string
	protocol  string
	low, high int
	why       string
}

// tcp returns a rule for one port.
func tcp(port int, name, from, to, why string) rule {
	return rule{name: name + "-from-" + from, to: to, from: from, protocol: "tcp", low: port, high: port, why: why}
}

// firewall has the security groups of the roles and their rules.
type firewall struct {
	// groups are the security group of each role.
	groups map[string]*ec2.SecurityGroup
	// ingress has all ingress rules, egress the egress rule of each role.
	ingress []pulumi.Resource
	egress  map[string]pulumi.Resource
}

// createFirewall makes one security group for each role. Every rule is a separate resource, so that a change of one
// does not affect the others.
func (c *Cloud) createFirewall(vpcID pulumi.StringInput) (firewall, error) {
	made := firewall{groups: map[string]*ec2.SecurityGroup{}}
	for _, role := range []string{controlPlane, worker, loadBalancer} {
		group, err := ec2.NewSecurityGroup(c.ctx, c.name(role), &ec2.SecurityGroupArgs{
			VpcId:       vpcID,
			Description: pulumi.Sprintf("%s of %s", role, c.cluster.Name),
			Tags:        c.nameTags(role, c.groupOwner(role)),
		}, c.options()...)
		if err != nil {
			return firewall{}, err
		}
		made.groups[role] = group
	}
	for _, r := range slices.Concat(nodeRules(c.cluster), operatorRules(c.cluster), openRules(c.cluster)) {
		rule, err := c.createIngress(r, made.groups)
		if err != nil {
			return firewall{}, err
		}
		made.ingress = append(made.ingress, rule)
	}
	// Machines, which wait for the rules that let them out, are then as deep as groups of machines, and are deleted
	// beside them: see deleteInStep.
	after := pulumi.DependsOn(made.ingress[:1])
	var err error
	made.egress, err = c.createEgress(made.groups, after)
	return made, err
}

// groupOwner marks the security group of the workers as the one to which the cloud controller may add rules for load
// balancers. Services have no control planes as targets, because Talos excludes these from load balancers.
func (c *Cloud) groupOwner(role string) map[string]string {
	if !c.cluster.CloudController || role != worker {
		return nil
	}
	return map[string]string{c.clusterTag(): "owned"}
}

// rulesPerGroup is the most rules that a security group can have for each direction:
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
const rulesPerGroup = 60

// Check refuses a cluster whose firewall AWS would refuse halfway through an update. A prefix list would not help: it
// counts for as many rules as it has entries.
func Check(cluster cluster.Cluster) (errs config.Errors) {
	fixed := count(slices.Concat(nodeRules(cluster), openRules(cluster)))
	operators := count(operatorRules(cluster))
	for _, group := range []string{controlPlane, worker, loadBalancer} {
		all, ranges := fixed[group]+operators[group], len(cluster.OperatorCIDRs)
		problem := fmt.Sprintf(
			"needs %d rules in the security group of the %s, and AWS allows %d",
			all,
			group,
			rulesPerGroup,
		)
		switch {
		case all <= rulesPerGroup:
		case operators[group] == 0 || fixed[group] >= rulesPerGroup:
			errs = append(errs, config.Error{Path: "openPorts", Problem: problem,
				Remedy: "open fewer ports, or name one range that contains several"})
		default:
			most := (rulesPerGroup - fixed[group]) * ranges / operators[group]
			errs = append(errs, config.Error{Path: "operatorCidrs", Problem: problem,
				Remedy: fmt.Sprintf("name %d ranges at most, not %d: one can contain several", most, ranges)})
		}
	}
	return errs
}

// count returns how many rules each group has.
func count(rules []rule) map[string]int {
	to := map[string]int{}
	for _, r := range rules {
		to[r.to]++
	}
	return to
}

// nodeRules returns the rules between nodes, and those between the nodes and the load balancer.
func nodeRules(cluster cluster.Cluster) []rule {
	rules := []rule{
		tcp(
			cloud.APIPort,
			"api",
			loadBalancer,
			controlPlane,
			"Kubernetes API through the balancer, and its health checks",
		),
	}
	for _, node := range []string{controlPlane, worker} {
		rules = append(rules, tcp(cloud.APIPort, "api", node, loadBalancer, "Kubernetes API through the balancer"))
	}
	for _, r := range cloud.NodeRules(cluster) {
		rules = append(
			rules,
			rule{name: r.Name, to: r.To, from: r.From, protocol: r.Protocol, low: r.Low, high: r.High, why: r.Why},
		)
	}
	return rules
}

// operatorRules returns the rules for operators, who reach the Kubernetes API through the load balancer and the Talos
// API on the control planes.
func operatorRules(c cluster.Cluster) []rule {
	var rules []rule
	for _, prefix := range c.OperatorCIDRs {
		operators := []rule{
			tcp(cloud.APIPort, "api", prefix.String(), loadBalancer, "Kubernetes API for operators"),
			tcp(50000, "apid", prefix.String(), controlPlane, "Talos API for operators"),
			// Without "fragmentation needed" a client behind a tunnel hangs on the first large packet.
			{
				name:     "path-mtu-from-" + prefix.String(),
				to:       loadBalancer,
				protocol: "icmp",
				low:      3,
				high:     4,
				why:      "Path MTU discovery",
			},
		}
		if c.Access == cluster.Public {
			operators = append(
				operators,
				tcp(
					cloud.APIPort,
					"api",
					prefix.String(),
					controlPlane,
					"Kubernetes API for operators, at the public addresses of the control planes",
				),
			)
		}
		for _, r := range operators {
			r.from, r.cidr = "", prefix.String()
			rules = append(rules, r)
		}
	}
	return rules
}

// openRules returns the rules by which other networks reach the ports that the stack file opens to them.
func openRules(cluster cluster.Cluster) []rule {
	var rules []rule
	for _, open := range cluster.OpenPorts {
		for _, prefix := range open.Ranges {
			for _, to := range []string{controlPlane, worker} {
				rules = append(
					rules,
					rule{name: cloud.OpenName(open) + "-from-" + prefix.String(), to: to, cidr: prefix.String(),
						protocol: open.Protocol, low: open.Low, high: open.High, why: cloud.OpenReason},
				)
			}
		}
	}
	return rules
}

func (c *Cloud) createIngress(r rule, groups map[string]*ec2.SecurityGroup) (pulumi.Resource, error) {
	name := r.to + "-" + r.name
	args := &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: groups[r.to].ID(),
		IpProtocol:      pulumi.String(r.protocol),
		FromPort:        pulumi.Int(r.low),
		ToPort:          pulumi.Int(r.high),
		Description:     pulumi.String(r.why),
		Tags:            c.nameTags(name),
	}
	if r.cidr != "" {
		args.CidrIpv4 = pulumi.String(r.cidr)
	} else {
		args.ReferencedSecurityGroupId = groups[r.from].ID()
	}
	return vpc.NewSecurityGroupIngressRule(c.ctx, c.name(name), args, c.options()...)
}

// createEgress lets the nodes out to images, time, discovery and the cloud's services, and the load balancer to its
// targets.
func (c *Cloud) createEgress(
	groups map[string]*ec2.SecurityGroup,
	after pulumi.ResourceOption,
) (map[string]pulumi.Resource, error) {
	egress := map[string]pulumi.Resource{}
	for role, args := range map[string]*vpc.SecurityGroupEgressRuleArgs{
		controlPlane: {IpProtocol: pulumi.String("-1"), CidrIpv4: pulumi.String("0.0.0.0/0"),
			Description: pulumi.String("Images, time, discovery, the services of the cloud")},
		worker: {IpProtocol: pulumi.String("-1"), CidrIpv4: pulumi.String("0.0.0.0/0"),
			Description: pulumi.String("Images, time, discovery, the services of the cloud")},
		loadBalancer: {IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(cloud.APIPort),
			ToPort:                    pulumi.Int(cloud.APIPort),
			ReferencedSecurityGroupId: groups[controlPlane].ID(),
			Description:               pulumi.String("Kubernetes API on the control planes, and their health checks")},
	} {
		args.SecurityGroupId = groups[role].ID()
		args.Tags = c.nameTags(role + "-egress")
		rule, err := vpc.NewSecurityGroupEgressRule(c.ctx, c.name(role+"-egress"), args, c.options(after)...)
		if err != nil {
			return nil, err
		}
		egress[role] = rule
	}
	return egress, nil
}
