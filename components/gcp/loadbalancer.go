package gcp

import (
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/machineconfig"
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

// endpoint is the stage that creates machines. It has the network and the backend of the load balancer.
type endpoint struct {
	network
	// address is that of the Kubernetes API.
	address *compute.Address
	// controlPlaneGroups are the control planes of each zone, as the load balancer needs them.
	controlPlaneGroups map[string]*compute.InstanceGroup
	// workersAlive is the check by which groups replace dead machines; nil without a group.
	workersAlive *compute.HealthCheck
}

// Endpoint makes the regional internal proxy load balancer. Its address is reserved before, so machines do not wait for
// it. The passthrough kind cannot work: its packets keep the load balancer's address, which no interface of Talos has
// (https://github.com/siderolabs/talos/issues/4109).
func (n network) Endpoint() (cloud.Endpoint, error) {
	address, err := compute.NewAddress(n.ctx, n.name("api"), &compute.AddressArgs{
		Description: pulumi.Sprintf("Kubernetes API of %s", n.cluster.Name),
		Region:      pulumi.String(n.cluster.Location.Region),
		AddressType: pulumi.String("INTERNAL"),
		Subnetwork:  n.subnetwork,
		Labels:      n.labels(),
	}, n.options(pulumi.Protect(n.cluster.Protected))...)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	groups, backend, err := n.createBackend(address)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	listener, err := n.createListener(address, backend)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	alive, err := n.createHealthCheck(address)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	host := address.Address
	if n.cluster.Endpoint != "" {
		host = pulumi.String(n.cluster.Endpoint).ToStringOutput()
	}
	return cloud.Endpoint{
		Host: host, LoadBalancer: address.Address, Ready: []pulumi.Resource{listener},
		MachineMaker: endpoint{network: n, address: address, controlPlaneGroups: groups, workersAlive: alive},
	}, nil
}

// createBackend creates an empty group of control planes in each zone, which must have all of its machines, and the
// service that balances over them. It needs neither the address nor the key of the disks; it waits for them because
// machines do. Pulumi deletes in layers by the number of dependencies in a row, and begins one when the layer before is
// gone: a service that is as deep as the machines goes at the same time as they do, and both take a minute. None of
// what it waits for takes longer than what machines wait for.
// https://github.com/pulumi/pulumi/blob/v3.258.0/pkg/resource/deploy/step_generator.go (ScheduleDeletes)
func (n network) createBackend(
	address *compute.Address,
) (map[string]*compute.InstanceGroup, *compute.RegionBackendService, error) {
	groups := map[string]*compute.InstanceGroup{}
	inStep := pulumi.DependsOn([]pulumi.Resource{address})
	region := pulumi.String(n.cluster.Location.Region)
	var backends compute.RegionBackendServiceBackendArray
	for _, zone := range n.cluster.Location.Zones {
		group, err := compute.NewInstanceGroup(n.ctx, n.name("api-"+zone), &compute.InstanceGroupArgs{
			Description: pulumi.Sprintf("Control planes of %s in %s", n.cluster.Name, zone),
			Zone:        pulumi.String(zone),
			Network:     n.vpc,
			NamedPorts: compute.InstanceGroupNamedPortTypeArray{&compute.InstanceGroupNamedPortTypeArgs{
				Name: pulumi.String(apiPortName), Port: pulumi.Int(cloud.APIPort),
			}},
		}, n.options(inStep)...)
		if err != nil {
			return nil, nil, err
		}
		groups[zone] = group
		backends = append(backends, &compute.RegionBackendServiceBackendArgs{
			Group:         group.SelfLink,
			BalancingMode: pulumi.String("UTILIZATION"),
			// Without it a managed load balancer sends nothing.
			CapacityScaler: pulumi.Float64(1),
		})
	}
	check, err := compute.NewRegionHealthCheck(n.ctx, n.name("api"), &compute.RegionHealthCheckArgs{
		Region:           region,
		CheckIntervalSec: pulumi.Int(5),
		TimeoutSec:       pulumi.Int(5),
		// TCP, because Talos' API server answers no anonymous HTTP request.
		TcpHealthCheck: &compute.RegionHealthCheckTcpHealthCheckArgs{Port: pulumi.Int(cloud.APIPort)},
	}, n.options(inStep)...)
	if err != nil {
		return nil, nil, err
	}
	service, err := compute.NewRegionBackendService(n.ctx, n.name("api"), &compute.RegionBackendServiceArgs{
		Region:              region,
		LoadBalancingScheme: pulumi.String("INTERNAL_MANAGED"),
		Protocol:            pulumi.String("TCP"),
		PortName:            pulumi.String(apiPortName),
		HealthChecks:        check.ID(),
		Backends:            backends,
		// The longest that a connection may be silent. The default of 30 s would cut quiet logs and watches.
		TimeoutSec:                   pulumi.Int(600),
		ConnectionDrainingTimeoutSec: pulumi.Int(60),
	}, n.options(pulumi.DependsOn(n.granted))...)
	return groups, service, err
}

func (n network) createListener(
	address *compute.Address,
	backend *compute.RegionBackendService,
) (pulumi.Resource, error) {
	region := pulumi.String(n.cluster.Location.Region)
	proxy, err := compute.NewRegionTargetTcpProxy(n.ctx, n.name("api"), &compute.RegionTargetTcpProxyArgs{
		Region: region, BackendService: backend.ID(),
	}, n.options()...)
	if err != nil {
		return nil, err
	}
	// The address can be in one rule only, so the old rule must be deleted before the new one is created.
	return compute.NewForwardingRule(n.ctx, n.name("api"), &compute.ForwardingRuleArgs{
		Region:              region,
		LoadBalancingScheme: pulumi.String("INTERNAL_MANAGED"),
		IpProtocol:          pulumi.String("TCP"),
		PortRange:           pulumi.String(apiPort),
		IpAddress:           address.Address,
		Network:             n.vpc,
		Subnetwork:          n.subnetwork,
		Target:              proxy.ID(),
		// Without it only clients of the same region get through: not the operators behind a VPN in another one.
		AllowGlobalAccess: pulumi.Bool(true),
		Labels:            n.labels(),
	}, n.options(
		pulumi.DependsOn(n.proxies), pulumi.DeleteBeforeReplace(true), pulumi.Protect(n.cluster.Protected),
		// Of a rule that exists it cannot be changed, and another rule would interrupt the API.
		// https://cloud.google.com/load-balancing/docs/tcp/set-up-int-tcp-proxy-zonal#enable-global-access
		pulumi.IgnoreChanges([]string{"allowGlobalAccess"}),
	)...)
}
