package aws

import (
	"strings"

	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/machineconfig"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// balancerNameLimit is the longest name of a load balancer and of a target group:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
const balancerNameLimit = 32

// endpoint is the stage that creates machines. It has the network and the target group of the load balancer.
type endpoint struct {
	network
	targetGroup *lb.TargetGroup
}

// Endpoint makes the internal network load balancer. Its private name is known before it is, so machines do not wait
// for it.
func (n network) Endpoint() (cloud.Endpoint, error) {
	balancer, err := n.createLoadBalancer()
	if err != nil {
		return cloud.Endpoint{}, err
	}
	targets, listener, err := n.createListener(balancer)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	made := cloud.Endpoint{
		MachineMaker: endpoint{network: n, targetGroup: targets},
		Host:         pulumi.String(n.cluster.Endpoint).ToStringOutput(),
		LoadBalancer: balancer.DnsName,
		Ready:        []pulumi.Resource{listener},
	}
	if n.cluster.Endpoint != "" {
		return made, nil
	}
	host, record, err := n.createPrivateName(balancer)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	made.Host = pulumi.String(host).ToStringOutput()
	made.Ready = append(made.Ready, record)
	return made, nil
}

func (n network) createLoadBalancer() (*lb.LoadBalancer, error) {
	// The logical name is cut, the physical one left to Pulumi: a load balancer whose subnets shrink has to be
	// replaced, and one with a fixed name would fail with "already exists".
	name := cloud.ShortenWithHash(n.name("api"), balancerNameLimit-cloud.AutonameSuffix)
	return lb.NewLoadBalancer(n.ctx, name, &lb.LoadBalancerArgs{
		Internal:                     pulumi.Bool(true),
		LoadBalancerType:             pulumi.String("network"),
		Subnets:                      subnetIDs(n.private),
		SecurityGroups:               pulumi.StringArray{n.groups[loadBalancer].ID()},
		EnableCrossZoneLoadBalancing: pulumi.Bool(true),
		EnableDeletionProtection:     pulumi.Bool(n.cluster.Protected),
		Tags:                         n.nameTags("api"),
	}, n.options(pulumi.Protect(n.cluster.Protected), pulumi.DependsOn(n.besideGateways))...)
}

// createListener makes the group of the control planes, and the listener that forwards to it.
func (n network) createListener(balancer *lb.LoadBalancer) (*lb.TargetGroup, *lb.Listener, error) {
	name := cloud.ShortenWithHash(n.name("api"), balancerNameLimit-cloud.AutonameSuffix)
	group, err := lb.NewTargetGroup(n.ctx, name, &lb.TargetGroupArgs{
		VpcId:      n.vpcID,
		TargetType: pulumi.String("instance"),
		Protocol:   pulumi.String("TCP"),
		Port:       pulumi.Int(cloud.APIPort),
		// A control plane that dials the load balancer may be sent to itself; with the client's address preserved that
		// packet is dropped:
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-troubleshooting.html
		PreserveClientIp:    pulumi.String("false"),
		DeregistrationDelay: pulumi.Int(60),
		HealthCheck: &lb.TargetGroupHealthCheckArgs{
			// TCP, because Talos' API server answers no anonymous HTTP request.
			Protocol:           pulumi.String("TCP"),
			Port:               pulumi.String(machineconfig.APIServerPort),
			Interval:           pulumi.Int(10),
			HealthyThreshold:   pulumi.Int(2),
			UnhealthyThreshold: pulumi.Int(2),
		},
		Tags: n.nameTags("api"),
	}, n.options()...)
	if err != nil {
		return nil, nil, err
	}
	// A target group belongs to one load balancer at a time, through its listener. Where the load balancer of a cluster
	// that does not run yet is replaced, because a zone was exchanged, the listener is deleted first.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html
	listener, err := lb.NewListener(n.ctx, n.name("api"), &lb.ListenerArgs{
		LoadBalancerArn: balancer.Arn,
		Protocol:        pulumi.String("TCP"),
		Port:            pulumi.Int(cloud.APIPort),
		DefaultActions: lb.ListenerDefaultActionArray{&lb.ListenerDefaultActionArgs{
			Type: pulumi.String("forward"), TargetGroupArn: group.Arn,
		}},
		Tags: n.nameTags("api"),
	}, n.options(pulumi.DeleteBeforeReplace(true))...)
	return group, listener, err
}

// createPrivateName returns a host name that only the network can resolve, and its record with the load balancer as
// alias.
func (n network) createPrivateName(balancer *lb.LoadBalancer) (string, *route53.Record, error) {
	host := n.cluster.PrivateName()
	_, domain, _ := strings.Cut(host, ".")
	zone, err := route53.NewZone(n.ctx, n.name("private"), &route53.ZoneArgs{
		Name:    pulumi.String(domain),
		Comment: pulumi.Sprintf("Names inside the network of %s", n.cluster.Name),
		Vpcs: route53.ZoneVpcArray{&route53.ZoneVpcArgs{
			VpcId: n.vpcID, VpcRegion: pulumi.String(n.cluster.Location.Region),
		}},
		Tags: n.nameTags("private"),
	}, n.options(pulumi.DependsOn(n.besideGateways))...)
	if err != nil {
		return "", nil, err
	}
	record, err := route53.NewRecord(n.ctx, n.name("api"), &route53.RecordArgs{
		ZoneId: zone.ZoneId,
		Name:   pulumi.String(host),
		Type:   pulumi.String("A"),
		Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{
			Name: balancer.DnsName, ZoneId: balancer.ZoneId,
			// The name must resolve while no target is healthy, so that nodes retry the connection and not the lookup.
			EvaluateTargetHealth: pulumi.Bool(false),
		}},
	}, n.options(pulumi.DependsOn(n.besideMachines))...)
	return host, record, err
}
