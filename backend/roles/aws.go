package roles

import (
	"strings"

	"github.com/inferadb/infra/iampolicy"
)

// Functions are the lookups that the program uses, with the permissions that each needs.
var Functions = map[string][]string{
	"aws:ec2/getAmi:getAmi":                               {"ec2:DescribeImages"},
	"aws:index/getAvailabilityZones:getAvailabilityZones": {"ec2:DescribeAvailabilityZones"},
	"aws:ec2/getSubnet:getSubnet":                         {"ec2:DescribeSubnets"},
	"aws:ec2/getVpc:getVpc": {"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute",
		"ec2:DescribeRouteTables"},
	"aws:index/getCallerIdentity:getCallerIdentity": {"sts:GetCallerIdentity"},
	"aws:ec2/getInstances:getInstances":             {"ec2:DescribeInstances"},
	"aws:ec2/getSecurityGroups:getSecurityGroups":   {"ec2:DescribeSecurityGroups"},
}

// Resources are the types of resources that the program uses. The actions are the calls that the provider makes for
// each (https://github.com/hashicorp/terraform-provider-aws/tree/v5.100.0/internal/service). How far each can be
// limited:
// https://docs.aws.amazon.com/service-authorization/latest/reference/.
var Resources = map[string]Access{
	// Network
	"aws:ec2/vpc:Vpc": {
		Read: ec2("DescribeVpcs", "DescribeVpcAttribute", "DescribeNetworkAcls", "DescribeRouteTables",
			"DescribeSecurityGroups"),
		Create: ec2("CreateVpc"), Tag: ec2("CreateTags"), Change: ec2("ModifyVpcAttribute", "DeleteVpc", "DeleteTags"),
	},
	"aws:ec2/subnet:Subnet": {
		Read: ec2("DescribeSubnets", "DescribeNetworkInterfaces"), Create: ec2("CreateSubnet"), Tag: ec2("CreateTags"),
		Change: ec2("ModifySubnetAttribute", "DeleteSubnet", "DeleteTags"),
	},
	"aws:ec2/internetGateway:InternetGateway": {
		Read: ec2("DescribeInternetGateways"), Create: ec2("CreateInternetGateway"), Tag: ec2("CreateTags"),
		Change: ec2("AttachInternetGateway", "DetachInternetGateway", "DeleteInternetGateway", "DeleteTags"),
	},
	"aws:ec2/eip:Eip": {
		Read:   ec2("DescribeAddresses", "DescribeAddressesAttribute", "DescribeNetworkInterfaces"),
		Create: ec2("AllocateAddress"), Tag: ec2("CreateTags"),
		Change: ec2("AssociateAddress", "DisassociateAddress", "ReleaseAddress", "DeleteTags"),
	},
	"aws:ec2/natGateway:NatGateway": {
		Read: ec2("DescribeNatGateways"), Create: ec2("CreateNatGateway"), Tag: ec2("CreateTags"),
		Change: ec2("DeleteNatGateway", "DeleteTags"),
	},
	"aws:ec2/routeTable:RouteTable": {
		Read: ec2("DescribeRouteTables"), Create: ec2("CreateRouteTable"), Tag: ec2("CreateTags"),
		Change: ec2("DisassociateRouteTable", "DeleteRouteTable", "DeleteTags"),
	},
	"aws:ec2/route:Route": {
		Read: ec2("DescribeRouteTables"), Change: ec2("CreateRoute", "ReplaceRoute", "DeleteRoute"),
	},
	"aws:ec2/routeTableAssociation:RouteTableAssociation": {
		Read: ec2("DescribeRouteTables"), Change: ec2("AssociateRouteTable", "ReplaceRouteTableAssociation",
			"DisassociateRouteTable"),
	},
	"aws:ec2/vpcEndpoint:VpcEndpoint": {
		Read: ec2("DescribeVpcEndpoints", "DescribePrefixLists"), Create: ec2("CreateVpcEndpoint"),
		Tag:    ec2("CreateTags"),
		Change: ec2("ModifyVpcEndpoint", "DeleteVpcEndpoints", "DeleteTags"),
	},
	"aws:ec2/flowLog:FlowLog": {
		Read: ec2("DescribeFlowLogs"), Create: ec2("CreateFlowLogs"), Tag: ec2("CreateTags"),
		Change: ec2("DeleteFlowLogs", "DeleteTags"),
		Rest:   passRoleTo("vpc-flow-logs.amazonaws.com"),
	},
	"aws:cloudwatch/logGroup:LogGroup": {
		Read: []string{"logs:DescribeLogGroups", "logs:ListTagsForResource"},
		Named: []string{"logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy",
			"logs:DeleteLogGroup",
			"logs:TagResource", "logs:UntagResource"},
	},

	// Firewall. A rule is changed with its group, and has no tag before it exists.
	"aws:ec2/securityGroup:SecurityGroup": {
		Read: ec2("DescribeSecurityGroups", "DescribeNetworkInterfaces"), Create: ec2("CreateSecurityGroup"),
		Tag: ec2("CreateTags"),
		// A new group comes with a rule that lets everything out, which the provider takes away.
		Change: ec2("RevokeSecurityGroupEgress", "DeleteSecurityGroup", "DeleteTags"),
		Rest:   rules("RevokeSecurityGroupEgress"),
	},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
		Read: ec2("DescribeSecurityGroupRules"), Tag: ec2("CreateTags"),
		Change: ec2("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "ModifySecurityGroupRules",
			"DeleteTags"),
		Rest: rules("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "ModifySecurityGroupRules"),
	},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
		Read: ec2("DescribeSecurityGroupRules"), Tag: ec2("CreateTags"),
		Change: ec2("AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress", "ModifySecurityGroupRules",
			"DeleteTags"),
		Rest: rules("AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress", "ModifySecurityGroupRules"),
	},

	// Machines
	"aws:ec2/networkInterface:NetworkInterface": {
		Read: ec2("DescribeNetworkInterfaces"), Create: ec2("CreateNetworkInterface"), Tag: ec2("CreateTags"),
		Change: ec2("ModifyNetworkInterfaceAttribute", "AttachNetworkInterface", "DetachNetworkInterface",
			"DeleteNetworkInterface", "DeleteTags"),
	},
	"aws:ec2/instance:Instance": {
		Read: ec2("DescribeInstances", "DescribeInstanceAttribute", "DescribeInstanceCreditSpecifications",
			"DescribeInstanceTypes", "DescribeImages",
			"DescribeTags", "DescribeVolumes", "DescribeVolumesModifications", "DescribeIamInstanceProfileAssociations",
			"DescribeVpcs", "DescribeSubnets"),
		Create: ec2("RunInstances"), Tag: ec2("CreateTags"),
		Change: ec2("ModifyInstanceAttribute", "ModifyInstanceMetadataOptions", "ModifyVolume",
			"AssociateIamInstanceProfile",
			"ReplaceIamInstanceProfileAssociation", "DisassociateIamInstanceProfile", "TerminateInstances",
			"DeleteTags"),
		Rest: func(s Scope) []iampolicy.Statement { return append(passRole(s), diskKeys(s)...) },
	},
	"aws:ec2/launchTemplate:LaunchTemplate": {
		Read: ec2("DescribeLaunchTemplates", "DescribeLaunchTemplateVersions"), Create: ec2("CreateLaunchTemplate"),
		Tag:    ec2("CreateTags"),
		Change: ec2("CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "DeleteLaunchTemplate", "DeleteTags"),
	},
	"aws:autoscaling/group:Group": {
		Read: autoscaling("DescribeAutoScalingGroups", "DescribeScalingActivities", "DescribeInstanceRefreshes",
			"DescribeTrafficSources", "DescribeWarmPool"),
		Named: autoscaling("CreateAutoScalingGroup", "UpdateAutoScalingGroup", "DeleteAutoScalingGroup",
			"CreateOrUpdateTags", "DeleteTags",
			"SetInstanceProtection", "StartInstanceRefresh", "CancelInstanceRefresh"),
		// Who makes a group must be allowed to start its machines.
		Create: ec2("RunInstances"), Tag: ec2("CreateTags"),
		Rest: func(s Scope) []iampolicy.Statement {
			return append(passRole(s), serviceRole(s, "autoscaling.amazonaws.com"),
				serviceRole(s, "spot.amazonaws.com"))
		},
	},
	"aws:autoscaling/lifecycleHook:LifecycleHook": {
		Read: autoscaling("DescribeLifecycleHooks"), Named: autoscaling("PutLifecycleHook", "DeleteLifecycleHook"),
	},
	"aws:autoscaling/policy:Policy": {
		Read: autoscaling("DescribePolicies"), Named: autoscaling("PutScalingPolicy", "DeletePolicy"),
	},

	// Load balancer. Its name may be shortened, so it is limited by its tag. Creating one also reads what it depends
	// on.
	"aws:lb/loadBalancer:LoadBalancer": {
		Read: append(elb("DescribeLoadBalancers", "DescribeLoadBalancerAttributes", "DescribeCapacityReservation",
			"DescribeTags"),
			ec2("DescribeAccountAttributes", "DescribeAddresses", "DescribeAvailabilityZones",
				"DescribeInternetGateways",
				"DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")...),
		Create: elb("CreateLoadBalancer"), Tag: elb("AddTags"),
		Change: elb("ModifyLoadBalancerAttributes", "SetSecurityGroups", "SetSubnets", "DeleteLoadBalancer",
			"RemoveTags"),
		Rest: func(s Scope) []iampolicy.Statement {
			return []iampolicy.Statement{serviceRole(s, "elasticloadbalancing.amazonaws.com")}
		},
	},
	"aws:lb/targetGroup:TargetGroup": {
		Read:   elb("DescribeTargetGroups", "DescribeTargetGroupAttributes", "DescribeTags"),
		Create: elb("CreateTargetGroup"), Tag: elb("AddTags"),
		Change: elb("ModifyTargetGroup", "ModifyTargetGroupAttributes", "DeleteTargetGroup", "RemoveTags"),
	},
	"aws:lb/targetGroupAttachment:TargetGroupAttachment": {
		Read: elb("DescribeTargetHealth"), Change: elb("RegisterTargets", "DeregisterTargets"),
	},
	"aws:lb/listener:Listener": {
		Read:   elb("DescribeListeners", "DescribeListenerAttributes", "DescribeTags"),
		Create: elb("CreateListener"), Tag: elb("AddTags"),
		Change: elb("ModifyListener", "ModifyListenerAttributes", "DeleteListener", "RemoveTags"),
	},

	// Names. Route 53 knows no tags in conditions.
	"aws:route53/zone:Zone": {
		Read: append(route53("GetHostedZone", "GetChange", "GetDNSSEC", "ListResourceRecordSets",
			"ListTagsForResource"), ec2("DescribeVpcs")...),
		Rest: zones,
	},
	"aws:route53/record:Record": {
		Read: route53("GetHostedZone", "GetChange", "ListResourceRecordSets"),
		Rest: records,
	},

	// Identities
	"aws:iam/role:Role": {
		Read: iam("GetRole", "ListRolePolicies", "ListAttachedRolePolicies", "ListInstanceProfilesForRole"),
		Named: iam("CreateRole", "UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy", "DeleteRole",
			"TagRole", "UntagRole"),
	},
	"aws:iam/rolePolicy:RolePolicy": {
		Read: iam("GetRolePolicy"), Named: iam("PutRolePolicy", "DeleteRolePolicy"),
	},
	"aws:iam/instanceProfile:InstanceProfile": {
		Read: iam("GetInstanceProfile"),
		Named: iam("CreateInstanceProfile", "DeleteInstanceProfile", "AddRoleToInstanceProfile",
			"RemoveRoleFromInstanceProfile",
			"TagInstanceProfile", "UntagInstanceProfile"),
		Rest: passRole,
	},

	// Keys
	"aws:kms/key:Key": {
		Read: kms("DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"), Tag: kms("TagResource"),
		Change: kms("PutKeyPolicy", "UpdateKeyDescription", "EnableKeyRotation", "DisableKeyRotation", "EnableKey",
			"DisableKey",
			"ScheduleKeyDeletion", "UntagResource"),
		Rest: func(s Scope) []iampolicy.Statement {
			return []iampolicy.Statement{iampolicy.Allow("kms:CreateKey").OnResources("*").WithCondition("StringEquals",
				"aws:RequestTag/"+stackTag, s.Stack).
				WithCondition("StringEquals", "aws:RequestedRegion", awsRegions()...)}
		},
	},
	"aws:kms/alias:Alias": {
		// An alias needs leave of itself and of its key.
		Read: kms("ListAliases"), Named: kms("CreateAlias", "UpdateAlias", "DeleteAlias"),
		Change: kms("CreateAlias", "UpdateAlias", "DeleteAlias"),
	},
	// A stack switches the account's setting on, and never off.
	"aws:ebs/encryptionByDefault:EncryptionByDefault": {
		Read: ec2("GetEbsEncryptionByDefault"), Create: ec2("EnableEbsEncryptionByDefault"),
	},
	"aws:kms/grant:Grant": {Read: kms("ListGrants"), Rest: grants},

	// Interruptions and alarms
	"aws:sqs/queue:Queue": {
		Read: []string{"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"},
		Named: []string{"sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:DeleteQueue", "sqs:TagQueue",
			"sqs:UntagQueue"},
	},
	"aws:sqs/queuePolicy:QueuePolicy": {Read: []string{"sqs:GetQueueAttributes"},
		Named: []string{"sqs:SetQueueAttributes"}},
	"aws:cloudwatch/eventRule:EventRule": {
		Read:  []string{"events:DescribeRule", "events:ListTagsForResource"},
		Named: []string{"events:PutRule", "events:DeleteRule", "events:TagResource", "events:UntagResource"},
	},
	"aws:cloudwatch/eventTarget:EventTarget": {
		Read: []string{"events:ListTargetsByRule"}, Named: []string{"events:PutTargets", "events:RemoveTargets"},
	},
	"aws:cloudwatch/metricAlarm:MetricAlarm": {
		Read: []string{"cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"},
		Named: []string{"cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", "cloudwatch:TagResource",
			"cloudwatch:UntagResource"},
	},
	"aws:sns/topic:Topic": {
		Read: []string{"sns:GetTopicAttributes", "sns:ListTagsForResource"},
		Named: []string{"sns:CreateTopic", "sns:SetTopicAttributes", "sns:DeleteTopic", "sns:TagResource",
			"sns:UntagResource"},
	},
	"aws:sns/topicPolicy:TopicPolicy": {Read: []string{"sns:GetTopicAttributes"},
		Named: []string{"sns:SetTopicAttributes"}},
	"aws:sns/topicSubscription:TopicSubscription": {
		Read:  []string{"sns:GetSubscriptionAttributes", "sns:ListSubscriptionsByTopic"},
		Named: []string{"sns:Subscribe", "sns:SetSubscriptionAttributes"},
		// Ending one can be narrowed to no topic.
		Create: []string{"sns:Unsubscribe"},
	},
}

func ec2(actions ...string) []string         { return of("ec2", actions) }
func autoscaling(actions ...string) []string { return of("autoscaling", actions) }
func elb(actions ...string) []string         { return of("elasticloadbalancing", actions) }
func route53(actions ...string) []string     { return of("route53", actions) }
func iam(actions ...string) []string         { return of("iam", actions) }
func kms(actions ...string) []string         { return of("kms", actions) }

// of spells actions of a service.
func of(service string, actions []string) []string {
	spelled := make([]string, len(actions))
	for i, action := range actions {
		spelled[i] = service + ":" + action
	}
	return spelled
}

// rules lets actions on a security group take its rules along.
func rules(actions ...string) func(Scope) []iampolicy.Statement {
	return func(s Scope) []iampolicy.Statement {
		return []iampolicy.Statement{iampolicy.Allow(ec2(actions...)...).OnResources(
			s.arn("ec2:*:ACCOUNT:security-group-rule/*"))}
	}
}

// passRole hands the clusters' roles to EC2, which hands them to machines.
var passRole = passRoleTo("ec2.amazonaws.com")

// passRoleTo returns a statement that lets a service, and no other, use the clusters' roles.
func passRoleTo(service string) func(Scope) []iampolicy.Statement {
	return func(s Scope) []iampolicy.Statement {
		return []iampolicy.Statement{
			iampolicy.Allow("iam:PassRole").OnResources(s.arn("iam::ACCOUNT:role/PREFIX*")).WithCondition(
				"StringEquals", "iam:PassedToService", service),
		}
	}
}

// serviceRole lets a service make its own role when an account uses it for the first time.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
func serviceRole(s Scope, service string) iampolicy.Statement {
	return iampolicy.Allow("iam:CreateServiceLinkedRole").OnResources(
		s.arn("iam::ACCOUNT:role/aws-service-role/"+service+"/*")).
		WithCondition("StringEquals", "iam:AWSServiceName", service)
}

// diskKeys lets EC2 encrypt disks with a key that the stack file names.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
func diskKeys(s Scope) []iampolicy.Statement {
	keys := s.arn("kms:*:ACCOUNT:key/*")
	return []iampolicy.Statement{
		iampolicy.Allow("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom",
			"kms:ReEncryptTo").OnResources(keys).
			WithCondition("StringLike", "kms:ViaService", "ec2.*.amazonaws.com"),
		iampolicy.Allow("kms:CreateGrant").OnResources(keys).WithCondition("StringLike", "kms:ViaService",
			"ec2.*.amazonaws.com").
			WithCondition("Bool", "kms:GrantIsForAWSResource", "true"),
	}
}

// grants returns a statement that lets only the Auto Scaling service use such a key.
func grants(s Scope) []iampolicy.Statement {
	keys := s.arn("kms:*:ACCOUNT:key/*")
	return []iampolicy.Statement{
		iampolicy.Allow("kms:CreateGrant").OnResources(keys).WithCondition("ArnEquals", "kms:GranteePrincipal",
			s.arn("iam::ACCOUNT:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling")),
		iampolicy.Allow("kms:RevokeGrant").OnResources(keys).WithCondition("StringEquals", "aws:RequestedRegion",
			awsRegions()...),
	}
}

// zones allows private zones in the networks of the table's regions.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
func zones(s Scope) []iampolicy.Statement {
	var networks []string
	for _, region := range awsRegions() {
		networks = append(networks, "VPCId=*,VPCRegion="+region)
	}
	zone := s.arn("route53:::hostedzone/*")
	return []iampolicy.Statement{
		iampolicy.Allow(route53("CreateHostedZone", "AssociateVPCWithHostedZone",
			"DisassociateVPCFromHostedZone")...).OnResources("*").
			WithCondition("ForAllValues:StringLike", "route53:VPCs", networks...),
		// A zone that has records is not deleted.
		iampolicy.Allow(route53("UpdateHostedZoneComment", "DeleteHostedZone", "ChangeTagsForResource")...).OnResources(
			zone),
	}
}

// records allows the records below the clusters' private names.
func records(s Scope) []iampolicy.Statement {
	return []iampolicy.Statement{
		iampolicy.Allow("route53:ChangeResourceRecordSets").OnResources(s.arn("route53:::hostedzone/*")).
			WithCondition("ForAllValues:StringLike", "route53:ChangeResourceRecordSetsNormalizedRecordNames",
				"*."+strings.ToLower(s.prefix())+"*.internal"),
	}
}
