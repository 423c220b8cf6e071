package running

import (
	"fmt"
	"strings"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
)

// The types by which a cluster's cloud, network, machines and keys are recognized in the state.
const (
	awsBalancerType = "aws:lb/loadBalancer:LoadBalancer"
	awsFirewallType = "aws:ec2/securityGroup:SecurityGroup"
	awsInstanceType = "aws:ec2/instance:Instance"
	awsKeyType      = "aws:kms/key:Key"
	awsSubnetType   = "aws:ec2/subnet:Subnet"
	awsTemplateType = "aws:ec2/launchTemplate:LaunchTemplate"
	awsVPCType      = "aws:ec2/vpc:Vpc"

	gcpAddressType    = "gcp:compute/address:Address"
	gcpFirewallType   = "gcp:compute/firewall:Firewall"
	gcpInstanceType   = "gcp:compute/instance:Instance"
	gcpKeyType        = "gcp:kms/cryptoKey:CryptoKey"
	gcpNetworkType    = "gcp:compute/network:Network"
	gcpSubnetworkType = "gcp:compute/subnetwork:Subnetwork"
	gcpTemplateType   = "gcp:compute/instanceTemplate:InstanceTemplate"

	doBalancerType = "digitalocean:index/loadBalancer:LoadBalancer"
	doDropletType  = "digitalocean:index/droplet:Droplet"
	doVPCType      = "digitalocean:index/vpc:Vpc"
)

// machineTypes are the types of named machines.
var machineTypes = []string{awsInstanceType, gcpInstanceType, doDropletType}

// Provider returns the cloud that the cluster runs on; empty if the state does not tell.
func (c Cluster) Provider() regions.Provider {
	for _, provider := range regions.Providers() {
		for _, r := range c.Resources {
			if strings.HasPrefix(r.Type, string(provider)+":") {
				return provider
			}
		}
	}
	return ""
}

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

// sameCloud refuses another provider or another project for a running cluster, which would make everything anew there and
// delete it here. It reports whether the rest of the rules have something to compare.
func (c *comparison) sameCloud() bool {
	provider := c.was.Provider()
	if provider != "" && provider != c.want.Provider {
		c.refuse(c.path, fmt.Sprintf("cluster %s runs on %s, and the stack file asks for %s: it would be deleted with all its data",
			c.was.Name, provider, c.want.Provider),
			fmt.Sprintf("write provider: %s back; a cluster on another cloud belongs to another stack", provider))
		return false
	}
	if provider != regions.GCP {
		return true
	}
	project := c.was.project()
	if want, err := config.GoogleProject(c.want); err == nil && project != "" && want != project {
		c.refuse("gcp:project", fmt.Sprintf("cluster %s runs in project %s, and %s is asked for: it would be deleted with all its data",
			c.was.Name, project, want),
			"run: pulumi config set gcp:project "+project)
		return false
	}
	return true
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
