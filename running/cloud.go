package running

import (
	"fmt"
	"maps"
	"slices"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
)

// The types by which a cluster's cloud, network, machines and keys are recognized in the state.
const (
	awsBalancerType  = "aws:lb/loadBalancer:LoadBalancer"
	awsFirewallType  = "aws:ec2/securityGroup:SecurityGroup"
	awsInstanceType  = "aws:ec2/instance:Instance"
	awsInterfaceType = "aws:ec2/networkInterface:NetworkInterface"
	awsKeyType       = "aws:kms/key:Key"
	awsSubnetType    = "aws:ec2/subnet:Subnet"
	awsTemplateType  = "aws:ec2/launchTemplate:LaunchTemplate"
	awsVPCType       = "aws:ec2/vpc:Vpc"

	gcpAddressType    = "gcp:compute/address:Address"
	gcpFirewallType   = "gcp:compute/firewall:Firewall"
	gcpForwardingType = "gcp:compute/forwardingRule:ForwardingRule"
	gcpInstanceType   = "gcp:compute/instance:Instance"
	gcpKeyType        = "gcp:kms/cryptoKey:CryptoKey"
	gcpNetworkType    = "gcp:compute/network:Network"
	gcpSubnetworkType = "gcp:compute/subnetwork:Subnetwork"
	gcpTemplateType   = "gcp:compute/instanceTemplate:InstanceTemplate"

	doBalancerType = "digitalocean:index/loadBalancer:LoadBalancer"
	doDropletType  = "digitalocean:index/droplet:Droplet"
	doVPCType      = "digitalocean:index/vpc:Vpc"
)

// Machine returns the machine of a named node; false if the state has none.
func (c Cluster) Machine(name string) (Resource, bool) {
	for _, token := range machineTypes {
		for _, r := range c.OfType(token) {
			if r.Name == name {
				return r, true
			}
		}
	}
	return Resource{}, false
}

// project refuses another Google Cloud project for a running cluster, which would make everything anew there and delete it here.
func (c *comparison) project() {
	if c.want.Provider != regions.GCP || c.was.Provider() != regions.GCP {
		return
	}
	was := c.was.project()
	if want, err := config.GoogleProject(c.want); err == nil && was != "" && want != was {
		c.refuse("gcp:project", fmt.Sprintf("%s runs in project %s, and %s would delete the cluster with all its data", c.was.Name, was, want),
			"run: pulumi config set gcp:project "+was)
	}
}

// project returns the Google Cloud project of the cluster's addresses; empty if the state does not tell.
func (c Cluster) project() string {
	for _, r := range c.OfType(gcpAddressType) {
		if project := r.Text("project"); project != "" {
			return project
		}
	}
	return ""
}

// stands reports whether a part of the cluster stands in its subnets that an update does not move.
func (c Cluster) stands() bool {
	types := append(slices.Collect(maps.Values(machineTypes)), awsBalancerType, awsInterfaceType, gcpForwardingType, doBalancerType)
	return slices.ContainsFunc(c.Resources, func(r Resource) bool { return slices.Contains(types, r.Type) })
}

// startAgain is how a cluster that has not been started yet gets another network or other zones.
const startAgain = "; or run make destroy and make up again: the cluster was not started yet, so that nothing is lost"

// refusePlace refuses an edit of where the cluster stands.
func (c *comparison) refusePlace(path, problem, remedy string) {
	if !c.was.Bootstrapped {
		remedy += startAgain
	}
	c.refuse(path, problem, remedy)
}
