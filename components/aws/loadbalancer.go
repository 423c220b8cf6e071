package aws

import (
	"strings"

	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/components/machineconfig"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// balancerNameLimit is the longest name of a load balancer and of a target group:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
const balancerNameLimit = 32

// Endpoint makes the internal network load balancer. Its private name is known before it is, so machines do not wait
// for it.
func (c *Cloud) Endpoint() (cloud.Endpoint, error) {
	balancer, err := c.createLoadBalancer()
	if err != nil {
		return cloud.Endpoint{}, err
	}
	listener, err := c.createListener(balancer)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	endpoint := cloud.Endpoint{
		Host:         pulumi.String(c.cluster.Endpoint).ToStringOutput(),
		LoadBalancer: balancer.DnsName,
		Ready:        []pulumi.Resource{listener},
	}
	if c.cluster.Endpoint != "" {
		return endpoint, nil
	}
	host, record, err := c.createPrivateName(balancer)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	endpoint.Host = pulumi.String(host).ToStringOutput()
	endpoint.Ready = append(endpoint.Ready, record)
	return endpoint, nil
}

func (c *Cloud) createLoadBalancer() (*lb.LoadBalancer, error) {
	// The logical name is cut, the physical one left to Pulumi: a load balancer whose subnets shrink has to be
	// replaced, and one with a fixed name would fail with "already exists".
	name := cloud.ShortenWithHash(c.name("api"), balancerNameLimit-cloud.AutonameSuffix)
	return lb.NewLoadBalancer(c.ctx, name, &lb.LoadBalancerArgs{
		Internal:                     pulumi.Bool(true),
		LoadBalancerType:             pulumi.String("network"),
		Subnets:                      subnetIDs(c.private),
		SecurityGroups:               pulumi.StringArray{c.firewall[loadBalancer].ID()},
		EnableCrossZoneLoadBalancing: pulumi.Bool(true),
		EnableDeletionProtection:     pulumi.Bool(c.cluster.Protected),
		Tags:                         c.nameTags("api"),
	}, c.options(pulumi.Protect(c.cluster.Protected), pulumi.DependsOn(c.besideGateways))...)
}

func (c *Cloud) createListener(balancer *lb.LoadBalancer) (*lb.Listener, error) {
	name := cloud.ShortenWithHash(c.name("api"), balancerNameLimit-cloud.AutonameSuffix)
	group, err := lb.NewTargetGroup(c.ctx, name, &lb.TargetGroupArgs{
		VpcId:      c.vpcID,
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
		Tags: c.nameTags("api"),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	c.targetGroup = group
	// A target group belongs to one load balancer at a time, through its listener. Where the load balancer of a cluster
	// that does not run yet is replaced, because a zone was exchanged, the listener goes first.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html
	return lb.NewListener(c.ctx, c.name("api"), &lb.ListenerArgs{
		LoadBalancerArn: balancer.Arn,
		Protocol:        pulumi.String("TCP"),
		Port:            pulumi.Int(cloud.APIPort),
		DefaultActions: lb.ListenerDefaultActionArray{&lb.ListenerDefaultActionArgs{
			Type: pulumi.String("forward"), TargetGroupArn: group.Arn,
		}},
		Tags: c.nameTags("api"),
	}, c.options(pulumi.DeleteBeforeReplace(true))...)
}

// createPrivateName returns a host name that only the network can resolve, and the record that leads to the load
// balancer.
func (c *Cloud) createPrivateName(balancer *lb.LoadBalancer) (string, *route53.Record, error) {
	host := c.cluster.PrivateName()
	_, domain, _ := strings.Cut(host, ".")
	zone, err := route53.NewZone(c.ctx, c.name("private"), &route53.ZoneArgs{
		Name:    pulumi.String(domain),
		Comment: pulumi.Sprintf("Names inside the network of %s", c.cluster.Name),
		Vpcs: route53.ZoneVpcArray{&route53.ZoneVpcArgs{
			VpcId: c.vpcID, VpcRegion: pulumi.String(c.cluster.Location.Region),
		}},
		Tags: c.nameTags("private"),
	}, c.options(pulumi.DependsOn(c.besideGateways))...)
	if err != nil {
		return "", nil, err
	}
	record, err := route53.NewRecord(c.ctx, c.name("api"), &route53.RecordArgs{
		ZoneId: zone.ZoneId,
		Name:   pulumi.String(host),
		Type:   pulumi.String("A"),
		Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{
			Name: balancer.DnsName, ZoneId: balancer.ZoneId,
			// While no target is healthy the name must still resolve: nodes wait at the door, not at the resolver.
			EvaluateTargetHealth: pulumi.Bool(false),
		}},
	}, c.options(pulumi.DependsOn(c.besideMachines))...)
	return host, record, err
}
