package gcp

import (
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/components/machineconfig"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The ports of the Kubernetes API and of the Talos API.
const (
	apiPort     = machineconfig.APIServerPort
	apiPortName = "kubernetes-api"

	talosPort       = "50000"
	talosPortNumber = 50000
)

// Endpoint makes the regional internal proxy load balancer. Its address is reserved before, so machines do not wait for
// it. The passthrough kind cannot work: its packets keep the load balancer's address, which no interface of Talos has
// (https://github.com/siderolabs/talos/issues/4109).
func (c *Cloud) Endpoint() (cloud.Endpoint, error) {
	address, err := compute.NewAddress(c.ctx, c.name("api"), &compute.AddressArgs{
		Description: pulumi.Sprintf("Kubernetes API of %s", c.cluster.Name),
		Region:      pulumi.String(c.cluster.Location.Region),
		AddressType: pulumi.String("INTERNAL"),
		Subnetwork:  c.subnetwork,
		Labels:      c.labels(),
	}, c.options(pulumi.Protect(c.cluster.Protected))...)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	backend, err := c.createBackend(address)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	listener, err := c.createListener(address, backend)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	c.endpoint = address
	endpoint := cloud.Endpoint{Host: address.Address, LoadBalancer: address.Address, Ready: []pulumi.Resource{listener}}
	if c.cluster.Endpoint != "" {
		endpoint.Host = pulumi.String(c.cluster.Endpoint).ToStringOutput()
	}
	return endpoint, nil
}

// createBackend makes an empty group of control planes in each zone, which all its machines must stand in, and the
// service that balances over them. It needs neither the address nor the key of the disks; it waits for them because
// machines do. Pulumi deletes in layers by the number of dependencies in a row, and begins one when the layer before is
// gone: a service that is as deep as the machines goes at the same time as they do, and both take a minute. None of
// what it waits for takes longer than what machines wait for.
// https://github.com/pulumi/pulumi/blob/v3.258.0/pkg/resource/deploy/step_generator.go (ScheduleDeletes)
func (c *Cloud) createBackend(address *compute.Address) (*compute.RegionBackendService, error) {
	inStep := pulumi.DependsOn([]pulumi.Resource{address})
	region := pulumi.String(c.cluster.Location.Region)
	var backends compute.RegionBackendServiceBackendArray
	for _, zone := range c.cluster.Location.Zones {
		group, err := compute.NewInstanceGroup(c.ctx, c.name("api-"+zone), &compute.InstanceGroupArgs{
			Description: pulumi.Sprintf("Control planes of %s in %s", c.cluster.Name, zone),
			Zone:        pulumi.String(zone),
			Network:     c.network,
			NamedPorts: compute.InstanceGroupNamedPortTypeArray{&compute.InstanceGroupNamedPortTypeArgs{
				Name: pulumi.String(apiPortName), Port: pulumi.Int(cloud.APIPort),
			}},
		}, c.options(inStep)...)
		if err != nil {
			return nil, err
		}
		c.controlPlaneGroups[zone] = group
		backends = append(backends, &compute.RegionBackendServiceBackendArgs{
			Group:         group.SelfLink,
			BalancingMode: pulumi.String("UTILIZATION"),
			// Without it a managed load balancer sends nothing.
			CapacityScaler: pulumi.Float64(1),
		})
	}
	check, err := compute.NewRegionHealthCheck(c.ctx, c.name("api"), &compute.RegionHealthCheckArgs{
		Region:           region,
		CheckIntervalSec: pulumi.Int(5),
		TimeoutSec:       pulumi.Int(5),
		// TCP, because Talos' API server answers no anonymous HTTP request.
		TcpHealthCheck: &compute.RegionHealthCheckTcpHealthCheckArgs{Port: pulumi.Int(cloud.APIPort)},
	}, c.options(inStep)...)
	if err != nil {
		return nil, err
	}
	return compute.NewRegionBackendService(c.ctx, c.name("api"), &compute.RegionBackendServiceArgs{
		Region:              region,
		LoadBalancingScheme: pulumi.String("INTERNAL_MANAGED"),
		Protocol:            pulumi.String("TCP"),
		PortName:            pulumi.String(apiPortName),
		HealthChecks:        check.ID(),
		Backends:            backends,
		// The longest that a connection may be silent. The default of 30 s would cut quiet logs and watches.
		TimeoutSec:                   pulumi.Int(600),
		ConnectionDrainingTimeoutSec: pulumi.Int(60),
	}, c.options(pulumi.DependsOn(c.keyGranted))...)
}

func (c *Cloud) createListener(
	address *compute.Address,
	backend *compute.RegionBackendService,
) (pulumi.Resource, error) {
	region := pulumi.String(c.cluster.Location.Region)
	proxy, err := compute.NewRegionTargetTcpProxy(c.ctx, c.name("api"), &compute.RegionTargetTcpProxyArgs{
		Region: region, BackendService: backend.ID(),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	// The address can be in one rule only, so a new rule cannot come before the old one goes.
	return compute.NewForwardingRule(c.ctx, c.name("api"), &compute.ForwardingRuleArgs{
		Region:              region,
		LoadBalancingScheme: pulumi.String("INTERNAL_MANAGED"),
		IpProtocol:          pulumi.String("TCP"),
		PortRange:           pulumi.String(apiPort),
		IpAddress:           address.Address,
		Network:             c.network,
		Subnetwork:          c.subnetwork,
		Target:              proxy.ID(),
		// Without it only clients of the same region get through: not the operators behind a VPN in another one.
		AllowGlobalAccess: pulumi.Bool(true),
		Labels:            c.labels(),
	}, c.options(
		pulumi.DependsOn(c.proxies), pulumi.DeleteBeforeReplace(true), pulumi.Protect(c.cluster.Protected),
		// Of a rule that exists it cannot be changed, and another rule would interrupt the API.
		// https://cloud.google.com/load-balancing/docs/tcp/set-up-int-tcp-proxy-zonal#enable-global-access
		pulumi.IgnoreChanges([]string{"allowGlobalAccess"}),
	)...)
}
