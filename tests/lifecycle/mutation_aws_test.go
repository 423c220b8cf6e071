package lifecycle

// The types of AWS that the mutations name.
const (
	awsVPC         = "aws:ec2/vpc:Vpc"
	awsSubnet      = "aws:ec2/subnet:Subnet"
	awsGateway     = "aws:ec2/internetGateway:InternetGateway"
	awsAddress     = "aws:ec2/eip:Eip"
	awsNAT         = "aws:ec2/natGateway:NatGateway"
	awsTable       = "aws:ec2/routeTable:RouteTable"
	awsRoute       = "aws:ec2/route:Route"
	awsAssociation = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	awsEndpoint    = "aws:ec2/vpcEndpoint:VpcEndpoint"
	awsGroup       = "aws:ec2/securityGroup:SecurityGroup"
	awsIn          = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	awsOut         = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	awsNIC         = "aws:ec2/networkInterface:NetworkInterface"
	awsTargets     = "aws:lb/targetGroup:TargetGroup"
	awsListener    = "aws:lb/listener:Listener"
	awsAttachment  = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
	awsRecord      = "aws:route53/record:Record"
	awsZone        = "aws:route53/zone:Zone"
	awsProfile     = "aws:iam/instanceProfile:InstanceProfile"
	awsRole        = "aws:iam/role:Role"
	awsRolePolicy  = "aws:iam/rolePolicy:RolePolicy"
	awsKey         = "aws:kms/key:Key"
	awsAlias       = "aws:kms/alias:Alias"
	awsQueue       = "aws:sqs/queue:Queue"
	awsQueuePolicy = "aws:sqs/queuePolicy:QueuePolicy"
	awsRule        = "aws:cloudwatch/eventRule:EventRule"
	awsTarget      = "aws:cloudwatch/eventTarget:EventTarget"
	awsHook        = "aws:autoscaling/lifecycleHook:LifecycleHook"
	awsTemplate    = "aws:ec2/launchTemplate:LaunchTemplate"
	awsAlarm       = "aws:cloudwatch/metricAlarm:MetricAlarm"
	awsTopic       = "aws:sns/topic:Topic"
	awsTopicPolicy = "aws:sns/topicPolicy:TopicPolicy"
)

// Policies that let in nobody of those who must be let in.
const (
	accountOnly = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}]}`
	lambdaOnly  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	otherRule   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*",
		"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:us-east-1:123456789012:rule/other"}}}]}`
	readOnly = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:ReceiveMessage","Resource":"*"}]}`
	nobody   = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}`
)

var mutations = map[string][]mutation{"aws": awsMutations, "gcp": gcpMutations, "digitalocean": doMutations}

var unseen = map[string][]exception{"aws": awsUnseen, "gcp": gcpUnseen, "digitalocean": doUnseen}

// awsUnseen are the resources of AWS that a cluster comes up without.
var awsUnseen = []exception{
	{awsAlarm, "", "an alarm that is not there announces nothing, and nothing depends on it"},
	{awsTopicPolicy, "", "without a policy of its own a topic takes the alarms of its account"},
	{awsAlias, "", "a name for people: disks name the key itself"},
	{awsEndpoint, "", "without it the traffic to S3 goes by the NAT gateway, which costs more"},
	{awsIn, "worker-hubble*", "Hubble is off until somebody switches it on"},
	{awsIn, "control-plane-hubble*", "Hubble is off until somebody switches it on"},
	{awsIn, "control-plane-trustd-from-control-plane", "control planes issue their certificates themselves"},
	{awsIn, "control-plane-apid-from-control-plane", "operatorCidrs are the whole network by default"},
	{awsIn, "load-balancer-api-from-worker", "operatorCidrs are the whole network by default"},
	{awsIn, "load-balancer-api-from-control-plane", "operatorCidrs are the whole network by default"},
	{instance, "data-*", "a worker that is missing is missed by nobody: TestLostMachine"},
	{instance, "web-*", "a group replaces its machines: TestInterruption"},
}

var awsMutations = []mutation{
	// Names and the network.
	{kind: awsVPC, want: "InvalidVpcID.NotFound"},
	{kind: awsVPC, field: "enableDnsSupport", value: false, want: "no name resolves: "},
	{kind: awsVPC, field: "enableDnsHostnames", value: false, want: "needs enableDnsSupport and enableDnsHostnames"},
	{kind: awsRecord, want: "api.inferadb-production-nyc1.internal: does not lead to anything"},
	{kind: awsRecord, field: "fqdn", value: "other.internal", want: "api.inferadb-production-nyc1.internal: does not lead to anything"},
	{kind: awsRecord, field: "aliases.0.name", value: "other.elb.us-east-1.amazonaws.com", want: "other.elb.us-east-1.amazonaws.com: does not lead to anything"},
	{kind: awsZone, want: "api.inferadb-production-nyc1.internal: does not lead to anything"},
	{kind: awsZone, field: "vpcs.0.vpcId", value: "vpc-other", want: "api.inferadb-production-nyc1.internal: does not lead to anything"},
	{kind: awsSubnet, name: "private-us-east-1a", want: "control-plane-0: does not start: InvalidSubnetID.NotFound"},
	{kind: awsSubnet, name: "private-us-east-1b", field: "vpcId", value: "vpc-other", want: "belong to different networks"},
	{kind: awsSubnet, name: "private-us-east-1c", field: "availabilityZone", value: "us-east-1a", want: "InvalidConfigurationRequest: A load balancer cannot be attached to multiple subnets in the same Availability Zone"},

	// The way out.
	{kind: awsSubnet, name: "public-us-east-1a", want: "has no egress: there is no subnet"},
	{kind: awsGateway, want: "which is not attached to vpc-"},
	{kind: awsGateway, field: "vpcId", value: "vpc-other", want: "which is not attached to vpc-"},
	{kind: awsAddress, name: "nat-us-east-1a", want: "has no public address: there is no elastic IP"},
	{kind: awsNAT, name: "nat-us-east-1b", want: "the time is unknown, nothing starts: i-"},
	{kind: awsNAT, name: "nat-us-east-1b", field: "connectivityType", value: "private", want: "is private, and has no route to the internet"},
	{kind: awsNAT, name: "nat-us-east-1a", field: "subnetId", value: ref{awsSubnet, "private-us-east-1a", ""}, want: "has no egress"},
	{kind: awsNAT, name: "nat-us-east-1c", field: "allocationId", value: "eipalloc-other", want: `there is no elastic IP "eipalloc-other"`},
	{kind: awsTable, name: "private-us-east-1a", want: "InvalidRouteTableID.NotFound"},
	{kind: awsTable, name: "public", field: "vpcId", value: "vpc-other", want: "belong to different networks"},
	{kind: awsRoute, name: "private-us-east-1a-nat", want: "has no route to the internet"},
	{kind: awsRoute, name: "private-us-east-1b-nat", field: "destinationCidrBlock", value: "10.0.0.0/8", want: "has no route to the internet"},
	{kind: awsRoute, name: "private-us-east-1c-nat", field: "natGatewayId", value: "nat-other", want: "leads to the NAT gateway nat-other, which does not exist: the route is a blackhole"},
	{kind: awsRoute, name: "private-us-east-1a-nat", field: "natGatewayId", want: "leads to an internet gateway, not to a NAT gateway",
		also: []mutation{{kind: awsRoute, name: "private-us-east-1a-nat", field: "gatewayId", value: ref{awsGateway, "", ""}}}},
	{kind: awsRoute, name: "public-internet", want: "has no egress"},
	{kind: awsAssociation, name: "private-us-east-1c", want: "control-plane-2: does not join: the time is unknown"},
	{kind: awsAssociation, name: "public-us-east-1b", want: "has no egress"},
	{kind: awsAssociation, name: "private-us-east-1a", field: "routeTableId", value: ref{awsTable, "public", ""}, want: "leads to an internet gateway, not to a NAT gateway"},
	{kind: awsEndpoint, field: "routeTableIds.0", value: "rtb-other", want: "InvalidRouteTableId.NotFound"},
	{kind: awsOut, name: "control-plane-egress", want: "the time is unknown, nothing starts"},
	{kind: awsOut, name: "worker-egress", want: "to the internet: firewall: no rule of sg-"},
	{kind: awsOut, name: "control-plane-egress", field: "cidrIpv4", value: "10.0.0.0/8", want: "to the internet: firewall: no rule of sg-"},
	{kind: awsOut, name: "worker-egress", field: "ipProtocol", value: "tcp", want: "lets 123/udp to 203.0.113.80",
		also: []mutation{{kind: awsOut, name: "worker-egress", field: "fromPort", value: 1.0},
			{kind: awsOut, name: "worker-egress", field: "toPort", value: 65535.0}}},
	{kind: awsOut, name: "worker-egress", field: "ipProtocol", value: "udp", want: "no image can be pulled",
		also: []mutation{{kind: awsOut, name: "worker-egress", field: "fromPort", value: 1.0},
			{kind: awsOut, name: "worker-egress", field: "toPort", value: 65535.0}}},

	// Between the nodes.
	{kind: awsGroup, name: "control-plane", want: "control-plane-0: does not start: InvalidGroup.NotFound"},
	{kind: awsGroup, name: "worker", want: "web: starts no machine: InvalidGroup.NotFound"},
	{kind: awsGroup, name: "load-balancer", want: "LoadBalancer inferadb-produc-1b8200be: InvalidGroup.NotFound"},
	{kind: awsIn, name: "control-plane-etcd-from-control-plane", want: "does not join: etcd: "},
	{kind: awsIn, name: "control-plane-etcd-from-control-plane", field: "toPort", value: 2379.0, want: ":2380"},
	{kind: awsIn, name: "control-plane-trustd-from-worker", want: "does not join: trustd: "},
	{kind: awsIn, name: "control-plane-api-from-worker", want: "KubePrism: "},
	{kind: awsIn, name: "control-plane-api-from-control-plane", want: "KubePrism: "},
	{kind: awsIn, name: "worker-kubelet-from-control-plane", want: "lets 10250 from"},
	{kind: awsIn, name: "worker-kubelet-from-worker", want: "lets 10250 from"},
	{kind: awsIn, name: "control-plane-kubelet-from-worker", want: "lets 10250 from"},
	{kind: awsIn, name: "control-plane-kubelet-from-control-plane", want: "lets 10250 from"},
	{kind: awsIn, name: "worker-apid-from-control-plane", want: "refuses its configuration: "},
	{kind: awsIn, name: "worker-vxlan-from-worker", want: "pods are unreachable: kube-system/cilium: "},
	{kind: awsIn, name: "worker-vxlan-from-control-plane", want: ":8472/udp"},
	{kind: awsIn, name: "control-plane-vxlan-from-worker", want: ":8472/udp"},
	{kind: awsIn, name: "control-plane-vxlan-from-control-plane", field: "ipProtocol", value: "tcp", want: ":8472/udp"},
	{kind: awsIn, name: "worker-wireguard-from-worker", field: "referencedSecurityGroupId", value: ref{awsGroup, "load-balancer", ""}, want: ":51871/udp"},
	{kind: awsIn, name: "worker-wireguard-from-control-plane", want: ":51871/udp"},
	{kind: awsIn, name: "control-plane-wireguard-from-worker", want: ":51871/udp"},
	{kind: awsIn, name: "control-plane-wireguard-from-control-plane", field: "toPort", value: 51870.0, want: ":51871/udp"},
	{kind: awsIn, name: "worker-cilium-health-from-worker", want: "looks after itself: "},
	{kind: awsIn, name: "control-plane-cilium-health-from-worker", want: ":4240: "},
	{kind: awsIn, name: "worker-cilium-ping-from-control-plane", want: "ICMP type 8"},
	{kind: awsNIC, name: "control-plane-0", want: "does not start: InvalidNetworkInterfaceID.NotFound"},
	{kind: awsNIC, name: "control-plane-1", field: "securityGroups.0", value: ref{awsGroup, "worker", ""}, want: "control-plane-1: does not join: etcd: "},
	{kind: awsNIC, name: "data-0", field: "subnetId", value: ref{awsSubnet, "public-us-east-1a", ""}, want: "has no public address, and its subnet"},

	// The load balancer.
	{kind: loadBalancer, want: ".elb.us-east-1.amazonaws.com: does not lead to anything"},
	{kind: loadBalancer, field: "securityGroups.0", value: ref{awsGroup, "worker", ""}, want: "to the load balancer inferadb-produc-"},
	{kind: loadBalancer, field: "subnets", value: []any{ref{awsSubnet, "private-us-east-1a", ""}}, want: "the load balancer has no subnet in its zone"},
	{kind: awsIn, name: "control-plane-api-from-load-balancer", want: "is unhealthy: the load balancer inferadb-produc-"},
	{kind: awsOut, name: "load-balancer-egress", want: "is unhealthy: the load balancer inferadb-produc-"},
	{kind: awsIn, name: "load-balancer-path-mtu-from-10.101.128.0/18", want: "path MTU: large answers to the operator may be lost"},
	{kind: awsIn, name: "load-balancer-api-from-10.101.128.0/18", want: "no route to the Kubernetes API: "},
	{kind: awsIn, name: "load-balancer-api-from-*", want: "the cluster's endpoint api.inferadb-production-nyc1.internal:6443: "},
	{kind: awsIn, name: "control-plane-apid-from-10.101.128.0/18", want: "the operator to i-"},
	{kind: awsTargets, want: "has no target for port 6443"},
	{kind: awsTargets, field: "healthCheck.port", value: "50000", want: "lets 50000 to"},
	{kind: awsTargets, field: "healthCheck.protocol", value: "HTTP", want: "the health check speaks HTTP"},
	{kind: awsTargets, field: "healthCheck.protocol", value: "HTTPS", want: "the health check gets the status 401"},
	{kind: awsTargets, field: "preserveClientIp", value: "true", want: "does not reach it"},
	{kind: awsListener, want: "has no listener on port 6443"},
	{kind: awsListener, field: "port", value: 443.0, want: "has no listener on port 6443"},
	{kind: awsListener, field: "defaultActions.0.targetGroupArn", value: "arn:aws:elasticloadbalancing:other", want: "has no target for port 6443"},
	{kind: awsAttachment, name: "control-plane-1", want: "control-plane-1: is not behind the cluster's endpoint"},
	{kind: awsAttachment, name: "control-plane-2", field: "port", value: 50000.0, want: "sends port 6443 to port 50000 of i-"},
	{kind: awsAttachment, name: "control-plane-0", field: "targetId", value: "i-other", want: "sends to i-other, which does not run any more"},

	// The machines and what they are made from.
	{kind: instance, name: "control-plane-0", want: "which does not run any more"},
	{kind: instance, name: "control-plane-0", field: "ami", value: "ami-other", want: "control-plane-0: does not start: InvalidAMIID.NotFound"},
	{kind: instance, name: "data-1", field: "instanceType", value: "m6i.large", want: "data-1: does not start: "},
	{kind: instance, name: "control-plane-1", field: "userDataBase64", value: "aGVsbG8=", want: "control-plane-1: does not join: failed to load config"},
	{kind: instance, name: "data-0", field: "rootBlockDevice.volumeSize", value: 1.0, want: "InvalidBlockDeviceMapping: Volume of size 1GB is smaller"},
	{kind: instance, name: "data-0", field: "iamInstanceProfile", value: "other", want: "Invalid IAM Instance Profile name"},
	{kind: awsProfile, name: "worker", want: "web: starts no machine: InvalidParameterValue: Value"},
	{kind: awsProfile, name: "control-plane", field: "role", want: "has no associated IAM Roles"},
	{kind: awsRole, name: "worker", want: "has no associated IAM Roles"},
	{kind: awsRole, name: "control-plane", field: "assumeRolePolicy", value: lambdaOnly, want: "EC2 may not assume the role"},
	{kind: awsKey, name: "disks", want: "control-plane-0: does not start: NotFoundException"},
	{kind: awsKey, name: "disks", field: "isEnabled", value: false, want: "is disabled"},
	{kind: awsKey, name: "disks", field: "policy", value: accountOnly, want: "AWSServiceRoleForAutoScaling may not use the KMS key"},
	{kind: awsTemplate, want: "web: starts no machine: ValidationError: You must use a valid fully-formed launch template"},
	{kind: awsTemplate, field: "__versions.0.imageId", value: "ami-other", want: "web: starts no machine: "},
	{kind: awsTemplate, field: "__versions.0.userData", value: "", want: "the machine waits in maintenance mode"},
	{kind: awsTemplate, field: "__versions.0.networkInterfaces.0.securityGroups.0", value: ref{awsGroup, "load-balancer", ""}, want: "to the internet: firewall"},
	{kind: awsTemplate, field: "__versions.0.blockDeviceMappings.0.ebs.volumeSize", value: 1.0, want: "Volume of size 1GB is smaller"},
	{kind: awsTemplate, field: "__versions.0.instanceMarketOptions", value: map[string]any{"marketType": "spot"}, want: "Incompatible launch template"},
	{kind: group, field: "vpcZoneIdentifiers.0", value: "subnet-other", want: "The subnet ID 'subnet-other' does not exist"},
	{kind: group, field: "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version", value: "9", want: "launch template version 9 does not exist"},
	{kind: group, field: "mixedInstancesPolicy.launchTemplate.overrides.0.instanceType", value: "c6i.large", want: "web: starts no machine: "},

	// Interruptions, from the event to whoever reads of it.
	{kind: awsRule, name: "spot-interruption", want: "EC2 Spot Instance Interruption Warning reaches no queue: no rule matches it"},
	{kind: awsRule, name: "rebalance", want: "EC2 Instance Rebalance Recommendation reaches no queue"},
	{kind: awsRule, name: "state-change", field: "state", value: "DISABLED", want: "EC2 Instance State-change Notification reaches no queue: the rule"},
	{kind: awsRule, name: "termination", field: "eventPattern", value: `{"source":["aws.autoscaling"],"detail-type":["EC2 Instance-launch Lifecycle Action"]}`,
		want: "EC2 Instance-terminate Lifecycle Action reaches no queue"},
	{kind: awsRule, name: "termination", field: "eventPattern", value: `{"source":["aws.autoscaling"],"detail":{"AutoScalingGroupName":[{"prefix":"other"}]}}`,
		want: "EC2 Instance-terminate Lifecycle Action reaches no queue"},
	{kind: awsTarget, name: "spot-interruption", want: "has no target"},
	{kind: awsTarget, name: "rebalance", field: "arn", value: "arn:aws:sqs:us-east-1:123456789012:other", want: "there is no queue arn:aws:sqs:us-east-1:123456789012:other"},
	{kind: awsQueue, want: "there is no queue arn:aws:sqs:"},
	{kind: awsQueue, field: "kmsMasterKeyId", value: "alias/aws/sqs", want: "EventBridge may not use the key alias/aws/sqs"},
	{kind: awsQueuePolicy, want: "does not let arn:aws:events:"},
	{kind: awsQueuePolicy, field: "policy", value: otherRule, want: "does not let arn:aws:events:"},
	{kind: awsRolePolicy, want: "may not sqs:ReceiveMessage"},
	{kind: awsRolePolicy, field: "policy", value: readOnly, want: "may not sqs:DeleteMessage"},
	{kind: awsHook, want: "no lifecycle hook delays"},
	{kind: awsHook, field: "lifecycleTransition", value: "autoscaling:EC2_INSTANCE_LAUNCHING", want: "no lifecycle hook delays"},

	// Alarms.
	{kind: awsAlarm, field: "dimensions.RuleName", value: "other", want: "the alarm would never fire"},
	{kind: awsAlarm, field: "alarmActions.0", value: "arn:aws:sns:us-east-1:123456789012:other", want: "no such topic"},
	{kind: awsTopic, want: "no such topic"},
	{kind: awsTopicPolicy, field: "policy", value: nobody, want: "CloudWatch may not publish to"},
	{kind: awsKey, name: "alarms", field: "policy", value: accountOnly, want: "CloudWatch Alarms does not have authorization"},
	{kind: awsAlias, field: "targetKeyId", value: "other", want: "NotFoundException: Key 'other' does not exist"},
}
