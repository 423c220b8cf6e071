package running

import "github.com/inferadb/infra/regions"

// The types by which the cluster is recognized in the state.
const (
	doBalancerType = "digitalocean:index/loadBalancer:LoadBalancer"
	doVPCType      = "digitalocean:index/vpc:Vpc"
)

var _ = register(regions.DigitalOcean, reader{
	inSubnets: []string{doBalancerType},
	network: func(c Cluster) network {
		n := network{id: c.first(doBalancerType).Text("vpcUuid")}
		return n.createdWith(c.first(doVPCType).Text("ipRange"))
	},
	machine: func(r Resource) machineState { return machineState{size: r.Text("size")} },
})
