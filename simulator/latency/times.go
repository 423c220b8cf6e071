// Package latency knows how long the clouds take to create and to delete each type of resource, and what follows for a
// whole stack: the critical path of an up and of a destroy, and the least that any program would need.
package latency

import (
	"maps"
	"slices"
	"time"
)

// Times are what a cloud, and the provider that waits for it, typically take. They differ from day to day and from
// region to region; what counts is which of them are long.
type Times struct {
	Create, Delete time.Duration
	// Update is that of the only type whose updates an up waits for one after the other.
	Update time.Duration
	// Source is where times of ten seconds and more come from. Public logs are those of Terraform runs that were
	// published.
	Source string
}

// Types lists the types that have a row.
func Types() []string { return slices.Sorted(maps.Keys(table)) }

// Of returns the times of a type of resource. A type without a row takes no time.
func Of(token string) Times { return table[token] }

// Boot is how long a machine takes from its creation until its Talos API answers: firmware, kernel, the configuration
// out of the user data, certificates. A cloud calls a machine created before it has begun with any of that. An
// estimate: there is no published time for each cloud.
const Boot = 60 * time.Second

// Machines are the types of machines that have a name, and so are given their configuration one by one. By cloud.
var Machines = map[string]string{
	"aws":          "aws:ec2/instance:Instance",
	"gcp":          "gcp:compute/instance:Instance",
	"digitalocean": "digitalocean:index/droplet:Droplet",
}

// seconds creates a row of the table.
func seconds(create, remove int, source string) Times {
	return Times{Create: time.Duration(create) * time.Second, Delete: time.Duration(remove) * time.Second,
		Source: source}
}

// table has every type of the simulated clouds.
var table = map[string]Times{
	// Talos. Deleting any of these does nothing on a machine. The kubeconfig can be had at once; what counts is when
	// the API that it leads to answers, and that is not before etcd runs and the images of the control plane are
	// pulled. The nodes are Ready after 75 s.
	// https://github.com/bbtechsys/terraform-proxmox-talos/issues/19
	"talos:machine/secrets:Secrets":                       seconds(0, 0, ""),
	"talos:machine/configurationApply:ConfigurationApply": {Create: 2 * time.Second, Update: 2 * time.Second},
	"talos:machine/bootstrap:Bootstrap":                   seconds(5, 0, ""),
	"talos:cluster/kubeconfig:Kubeconfig": seconds(60, 0,
		"https://github.com/siderolabs/terraform-provider-talos/issues/183"),

	// AWS, the network. A VPC is created and then given its DNS host names, and the provider waits for both. NAT
	// gateways are machines of AWS. An internet gateway goes once no address is mapped.
	"aws:ec2/vpc:Vpc": seconds(12, 1,
		"https://github.com/terraform-aws-modules/terraform-aws-route53/pull/33"),
	"aws:ec2/subnet:Subnet":                   seconds(2, 1, ""),
	"aws:ec2/internetGateway:InternetGateway": seconds(2, 3, ""),
	"aws:ec2/eip:Eip":                         seconds(2, 2, ""),
	"aws:ec2/natGateway:NatGateway": seconds(100, 55,
		"public logs: 94 to 124 s, and 37 to 79 s; "+
			"https://github.com/terraform-aws-modules/terraform-aws-vpc/issues/999"),
	"aws:ec2/routeTable:RouteTable":                             seconds(1, 1, ""),
	"aws:ec2/route:Route":                                       seconds(2, 1, ""),
	"aws:ec2/routeTableAssociation:RouteTableAssociation":       seconds(1, 1, ""),
	"aws:ec2/vpcEndpoint:VpcEndpoint":                           seconds(6, 6, ""),
	"aws:ec2/flowLog:FlowLog":                                   seconds(2, 1, ""),
	"aws:ec2/securityGroup:SecurityGroup":                       seconds(2, 1, ""),
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":         seconds(1, 0, ""),
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": seconds(1, 1, ""),
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   seconds(1, 1, ""),

	// AWS, the machines. The provider waits until a machine runs, and until it has shut down. A group is emptied before
	// it is deleted.
	"aws:ec2/networkInterface:NetworkInterface": seconds(2, 1, ""),
	"aws:ec2/instance:Instance": seconds(15, 60,
		"public logs: 12 to 15 s, and 50 to 62 s; https://github.com/hashicorp/terraform/pull/8613"),
	"aws:ec2/launchTemplate:LaunchTemplate": seconds(2, 1, ""),
	"aws:autoscaling/group:Group": seconds(20, 90,
		"public logs: 88 s without a load balancer; https://github.com/gruntwork-io/cloud-nuke/pull/3"),
	"aws:autoscaling/lifecycleHook:LifecycleHook": seconds(1, 1, ""),
	"aws:autoscaling/policy:Policy":               seconds(1, 1, ""),

	// AWS, the way to the API. The provider waits until a load balancer is active, and then until its interfaces are
	// gone; changes of names until every server of Route 53 has them.
	"aws:lb/loadBalancer:LoadBalancer": seconds(150, 45,
		"public logs: 142 to 174 s, and 40 to 47 s; https://github.com/DataBiosphere/azul/pull/5780"),
	"aws:lb/targetGroup:TargetGroup":                     seconds(1, 1, ""),
	"aws:lb/listener:Listener":                           seconds(1, 1, ""),
	"aws:lb/targetGroupAttachment:TargetGroupAttachment": seconds(1, 1, ""),
	"aws:route53/zone:Zone": seconds(40, 35,
		"https://github.com/terraform-aws-modules/terraform-aws-route53/pull/33"),
	"aws:route53/record:Record": seconds(35, 35,
		"https://github.com/hashicorp/terraform-provider-aws/issues/22523"),

	// AWS, the rest. The provider looks several times in a row whether a key or a queue is what it should be, and
	// whether it is gone.
	"aws:iam/role:Role":                                   seconds(1, 1, ""),
	"aws:iam/rolePolicy:RolePolicy":                       seconds(1, 1, ""),
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":   seconds(1, 1, ""),
	"aws:iam/policy:Policy":                               seconds(1, 1, ""),
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider": seconds(1, 1, ""),
	"aws:iam/instanceProfile:InstanceProfile": seconds(10, 1,
		"until EC2 knows it; https://github.com/hashicorp/terraform/issues/1885"),
	"aws:kms/key:Key": seconds(20, 1, "measured against an emulator: 15 to 25 s, all of it the provider's own "+
		"waiting"),
	"aws:kms/alias:Alias":                             seconds(1, 1, ""),
	"aws:kms/grant:Grant":                             seconds(2, 1, ""),
	"aws:ebs/encryptionByDefault:EncryptionByDefault": seconds(1, 0, ""),
	"aws:sqs/queue:Queue": seconds(25, 25,
		"https://github.com/hashicorp/terraform-provider-aws/issues/27393"),
	"aws:sqs/queuePolicy:QueuePolicy":              seconds(25, 25, "the queue's attributes, as above"),
	"aws:cloudwatch/eventRule:EventRule":           seconds(1, 1, ""),
	"aws:cloudwatch/eventTarget:EventTarget":       seconds(1, 1, ""),
	"aws:cloudwatch/metricAlarm:MetricAlarm":       seconds(1, 1, ""),
	"aws:cloudwatch/logGroup:LogGroup":             seconds(1, 1, ""),
	"aws:sns/topic:Topic":                          seconds(1, 1, ""),
	"aws:sns/topicPolicy:TopicPolicy":              seconds(1, 1, ""),
	"aws:sns/topicSubscription:TopicSubscription":  seconds(1, 1, ""),
	"aws:s3/bucketV2:BucketV2":                     seconds(2, 1, ""),
	"aws:s3/bucketVersioningV2:BucketVersioningV2": seconds(1, 1, ""),
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": seconds(1, 1, ""),
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     seconds(1, 1, ""),
	"aws:s3/bucketPolicy:BucketPolicy":                                                           seconds(1, 1, ""),
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     seconds(1, 1, ""),
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": seconds(10, 1,
		"the provider looks three times whether it holds"),
	"aws:s3/bucketLoggingV2:BucketLoggingV2": seconds(1, 1, ""),

	// Google Cloud. Each change is an operation of some seconds, which the provider polls every ten.
	"gcp:compute/network:Network": seconds(20, 40,
		"public logs: 11 to 22 s, and 21 to 68 s; https://github.com/hashicorp/terraform-provider-google/issues/675"),
	"gcp:compute/subnetwork:Subnetwork": seconds(20, 20,
		"public logs: 11 to 23 s, and 14 to 22 s; "+
			"https://github.com/terraform-google-modules/terraform-google-container-vm/pull/31"),
	"gcp:compute/router:Router":       seconds(10, 11, "public logs: 12 to 22 s, and 11 to 13 s"),
	"gcp:compute/routerNat:RouterNat": seconds(15, 15, "public logs: 11 to 23 s, and 4 to 17 s"),
	"gcp:compute/address:Address":     seconds(5, 5, ""),
	"gcp:compute/firewall:Firewall": seconds(10, 12,
		"public logs: 11 to 22 s, and 11 to 12 s; "+
			"https://github.com/terraform-google-modules/terraform-google-container-vm/pull/31"),
	"gcp:compute/healthCheck:HealthCheck":                         seconds(10, 12, "public logs: 12 s"),
	"gcp:compute/regionHealthCheck:RegionHealthCheck":             seconds(10, 12, "as the global one"),
	"gcp:compute/instanceGroup:InstanceGroup":                     seconds(5, 14, "public logs: 14 s"),
	"gcp:compute/instanceGroupMembership:InstanceGroupMembership": seconds(5, 5, ""),
	"gcp:compute/regionBackendService:RegionBackendService": seconds(25, 60,
		"public logs: 74 s for a global one, with the time that it drains"),
	"gcp:compute/regionTargetTcpProxy:RegionTargetTcpProxy": seconds(10, 12, "public logs: 11 to 12 s"),
	"gcp:compute/forwardingRule:ForwardingRule":             seconds(20, 20, "public logs: 17 to 22 s"),
	"gcp:compute/instance:Instance": seconds(30, 60,
		"public logs: 13 to 30 s, and 16 to 113 s; "+
			"https://github.com/terraform-google-modules/terraform-google-container-vm/pull/31"),
	"gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": seconds(5, 5, ""),
	"gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": seconds(30, 120,
		"https://github.com/hashicorp/terraform-provider-google/issues/7677"),
	"gcp:compute/regionAutoscaler:RegionAutoscaler":          seconds(5, 5, ""),
	"gcp:serviceaccount/account:Account":                     seconds(5, 2, ""),
	"gcp:kms/keyRing:KeyRing":                                seconds(2, 0, ""),
	"gcp:kms/cryptoKey:CryptoKey":                            seconds(2, 2, ""),
	"gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember":          seconds(5, 5, ""),
	"gcp:logging/metric:Metric":                              seconds(5, 2, ""),
	"gcp:monitoring/alertPolicy:AlertPolicy":                 seconds(5, 2, ""),
	"gcp:monitoring/notificationChannel:NotificationChannel": seconds(2, 2, ""),

	// DigitalOcean. The image is fetched from the internet and unpacked. The API keeps a droplet or a load balancer as
	// a member of its VPC for a while after it said that it is gone, and the provider tries to delete the VPC until
	// then.
	"digitalocean:index/vpc:Vpc": seconds(2, 30,
		"https://github.com/digitalocean/terraform-provider-digitalocean/pull/455"),
	"digitalocean:index/tag:Tag":           seconds(1, 1, ""),
	"digitalocean:index/firewall:Firewall": seconds(2, 1, ""),
	"digitalocean:index/loadBalancer:LoadBalancer": seconds(90, 2,
		"public logs: 61 to 101 s; the provider does not wait for the end of one"),
	"digitalocean:index/customImage:CustomImage": seconds(120, 2,
		"https://github.com/digitalocean/terraform-provider-digitalocean/pull/985"),
	"digitalocean:index/sshKey:SshKey": seconds(1, 1, ""),
	"digitalocean:index/droplet:Droplet": seconds(40, 30,
		"public logs: 35 to 41 s, and 12 to 24 s after a shutdown; "+
			"https://github.com/digitalocean/terraform-provider-digitalocean/issues/446"),
}
