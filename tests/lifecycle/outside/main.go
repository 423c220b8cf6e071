// What somebody might add to the program outside of its component: resources of each cloud that break the invariants.
// They are registered without the clouds' SDKs, which would take minutes to compile.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// resource is one of any cloud's.
type resource struct{ pulumi.CustomResourceState }

// provider is one of any cloud's.
type provider struct{ pulumi.ProviderResourceState }

// userData is like a machine configuration: a secret that no message may repeat. It encrypts nothing.
const userData = "the-cluster-secret"

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		for _, add := range []func(*pulumi.Context) error{addToAWS, addToGoogleCloud, addToDigitalOcean} {
			if err := add(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// register makes resources with a provider of their cloud: type and name, and what they are.
func register(ctx *pulumi.Context, cloud string, settings pulumi.Map, resources map[[2]string]pulumi.Map) error {
	var p provider
	if err := ctx.RegisterResource("pulumi:providers:"+cloud, cloud, settings, &p); err != nil {
		return err
	}
	for key, properties := range resources {
		if err := ctx.RegisterResource(key[0], key[1], properties, &resource{}, pulumi.Provider(&p)); err != nil {
			return err
		}
	}
	return nil
}

func texts(items ...string) pulumi.StringArray { return pulumi.ToStringArray(items) }

func addToAWS(ctx *pulumi.Context) error {
	return register(ctx, "aws", pulumi.Map{"region": pulumi.String("us-east-1")}, map[[2]string]pulumi.Map{
		{"aws:ec2/launchTemplate:LaunchTemplate", "template"}: {
			"imageId": pulumi.String("ami-0123456789abcdef0"), "userData": pulumi.ToSecret(pulumi.String(userData)),
			"metadataOptions": pulumi.Map{"httpTokens": pulumi.String("required"),
				"httpPutResponseHopLimit": pulumi.Int(2)},
			"vpcSecurityGroupIds": texts("sg-0123456789abcdef0"),
			"blockDeviceMappings": pulumi.Array{pulumi.Map{
				"deviceName": pulumi.String("/dev/xvda"), "ebs": pulumi.Map{"volumeSize": pulumi.Int(10)},
			}},
		},
		{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "ssh"}: {
			"securityGroupId": pulumi.String("sg-0123456789abcdef0"), "ipProtocol": pulumi.String("tcp"),
			"fromPort": pulumi.Int(22), "toPort": pulumi.Int(22), "cidrIpv4": pulumi.String("0.0.0.0/0"),
		},
		{"aws:lb/loadBalancer:LoadBalancer", "web"}: {
			"loadBalancerType": pulumi.String("network"), "subnets": texts("subnet-0123456789abcdef0"),
		},
	})
}

func addToGoogleCloud(ctx *pulumi.Context) error {
	settings := pulumi.Map{"project": pulumi.String("inferadb-simulated"), "region": pulumi.String("us-east4")}
	return register(ctx, "gcp", settings, map[[2]string]pulumi.Map{
		{"gcp:compute/firewall:Firewall", "web"}: {
			"network":      pulumi.String("default"),
			"allows":       pulumi.Array{pulumi.Map{"protocol": pulumi.String("tcp"), "ports": texts("443")}},
			"sourceRanges": texts("0.0.0.0/0"),
		},
	})
}

func addToDigitalOcean(ctx *pulumi.Context) error {
	return register(ctx, "digitalocean", pulumi.Map{}, map[[2]string]pulumi.Map{
		{"digitalocean:index/droplet:Droplet", "droplet"}: {
			"image": pulumi.String("170000001"), "size": pulumi.String("s-1vcpu-1gb"), "region": pulumi.String("nyc1"),
			"userData": pulumi.String(userData), "tags": texts("web"),
		},
	})
}
