package main

import (
	"fmt"
	"strings"
)

// tagged finds what EC2 has with the resource's tag Name.
func tagged(kind string) lookup {
	return lookup{look: "aws ec2 describe-tags --region {region} --filters Name=key,Values=Name " +
		"Name=value,Values={tags.Name} " +
		"Name=resource-type,Values=" + kind + " --query 'Tags[].ResourceId' --output text"}
}

// aws builds a lookup of a command that prints ids.
func aws(command, query string) lookup {
	service, rest, _ := strings.Cut(command, " ")
	return lookup{look: fmt.Sprintf("aws %s %s --region {region} --query %q --output text", service, rest, query)}
}

var _ = register(map[string]lookup{
	"aws:ec2/vpc:Vpc":                                           tagged("vpc"),
	"aws:ec2/subnet:Subnet":                                     tagged("subnet"),
	"aws:ec2/internetGateway:InternetGateway":                   tagged("internet-gateway"),
	"aws:ec2/natGateway:NatGateway":                             tagged("natgateway"),
	"aws:ec2/eip:Eip":                                           tagged("elastic-ip"),
	"aws:ec2/routeTable:RouteTable":                             tagged("route-table"),
	"aws:ec2/vpcEndpoint:VpcEndpoint":                           tagged("vpc-endpoint"),
	"aws:ec2/flowLog:FlowLog":                                   tagged("vpc-flow-log"),
	"aws:ec2/securityGroup:SecurityGroup":                       tagged("security-group"),
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": tagged("security-group-rule"),
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   tagged("security-group-rule"),
	"aws:ec2/networkInterface:NetworkInterface":                 tagged("network-interface"),
	"aws:ec2/launchTemplate:LaunchTemplate":                     tagged("launch-template"),
	"aws:ec2/instance:Instance": aws("ec2 describe-instances --filters Name=tag:Name,Values={tags.Name} "+
		"Name=instance-state-name,Values=pending,running,stopping,stopped", "Reservations[].Instances[].InstanceId"),
	"aws:ec2/route:Route": {remove: "aws ec2 delete-route --region {region} --route-table-id {routeTableId} " +
		"--destination-cidr-block {destinationCidrBlock}"},
	"aws:ec2/routeTableAssociation:RouteTableAssociation": aws("ec2 describe-route-tables --filters "+
		"Name=association.subnet-id,Values={subnetId}",
		"RouteTables[].Associations[?SubnetId=='{subnetId}'].RouteTableAssociationId"),
	"aws:lb/loadBalancer:LoadBalancer": aws("elbv2 describe-load-balancers --names {name}",
		"LoadBalancers[].LoadBalancerArn"),
	"aws:lb/targetGroup:TargetGroup": aws("elbv2 describe-target-groups --names {name}",
		"TargetGroups[].TargetGroupArn"),
	"aws:lb/listener:Listener": aws("elbv2 describe-listeners --load-balancer-arn "+
		"{loadBalancerArn}", "Listeners[].ListenerArn"),
	"aws:lb/targetGroupAttachment:TargetGroupAttachment": again("a target is registered once"),
	"aws:autoscaling/group:Group": aws("autoscaling describe-auto-scaling-groups --auto-scaling-group-names {name}",
		"AutoScalingGroups[].AutoScalingGroupName"),
	"aws:autoscaling/lifecycleHook:LifecycleHook": again(overwrites),
	"aws:autoscaling/policy:Policy":               again(overwrites),
	"aws:cloudwatch/eventRule:EventRule":          again(overwrites),
	"aws:cloudwatch/eventTarget:EventTarget":      again(overwrites),
	"aws:cloudwatch/metricAlarm:MetricAlarm":      again(overwrites),
	"aws:cloudwatch/logGroup:LogGroup": aws("logs describe-log-groups --log-group-name-prefix {name}",
		"logGroups[].logGroupName"),
	"aws:ebs/encryptionByDefault:EncryptionByDefault": again(overwrites),
	"aws:iam/role:Role": aws("iam get-role --role-name {name}", "Role.RoleName"),
	"aws:iam/instanceProfile:InstanceProfile": aws("iam get-instance-profile --instance-profile-name {name}",
		"InstanceProfile.InstanceProfileName"),
	"aws:iam/rolePolicy:RolePolicy": again(overwrites),
	"aws:kms/key:Key": aws("resourcegroupstaggingapi get-resources --resource-type-filters kms:key --tag-filters "+
		"Key=Name,Values={tags.Name}",
		"ResourceTagMappingList[].ResourceARN").read("the id is what follows key/"),
	"aws:kms/alias:Alias": aws("kms list-aliases", "Aliases[?AliasName=='{name}'].AliasName"),
	"aws:kms/grant:Grant": again("a second grant allows nothing more"),
	"aws:route53/zone:Zone": aws("route53 list-hosted-zones-by-name --dns-name {name}",
		"HostedZones[?Name=='{name}.'].Id").
		read("the id is what follows /hostedzone/"),
	"aws:route53/record:Record": {look: "aws route53 list-resource-record-sets --hosted-zone-id {zoneId} " +
		"--query \"ResourceRecordSets[?Name=='{name}.'].Type\" --output text", id: "{zoneId}_{name}_{type}"},
	"aws:sns/topic:Topic": aws("sns list-topics",
		"Topics[?ends_with(TopicArn, ':{name}')].TopicArn"),
	"aws:sns/topicPolicy:TopicPolicy":             again(overwrites),
	"aws:sns/topicSubscription:TopicSubscription": again("an address is subscribed once"),
	"aws:sqs/queue:Queue":                         aws("sqs get-queue-url --queue-name {name}", "QueueUrl"),
	"aws:sqs/queuePolicy:QueuePolicy":             again(overwrites),
})
