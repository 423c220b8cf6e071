package main

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// lookup says how to find a resource that may have been created. Names in braces are replaced by inputs of the resource or,
// where it has none, of its provider.
type lookup struct {
	// look is a command that prints the resource's id, or that it is there.
	look string
	// id is the resource's id, where it follows from the inputs; note is how to read it from what look prints.
	id, note string
	// remove deletes it if it is there. It stands where creating it again would fail and nothing is lost by deletion.
	remove string
	// again is why it can be created again as if nothing had been.
	again string
}

// tagged finds what EC2 has with the resource's tag Name.
func tagged(kind string) lookup {
	return lookup{look: "aws ec2 describe-tags --region {region} --filters Name=key,Values=Name Name=value,Values={tags.Name} " +
		"Name=resource-type,Values=" + kind + " --query 'Tags[].ResourceId' --output text"}
}

// aws builds a lookup of a command that prints ids.
func aws(command, query string) lookup {
	service, rest, _ := strings.Cut(command, " ")
	return lookup{look: fmt.Sprintf("aws %s %s --region {region} --query %q --output text", service, rest, query)}
}

// compute builds a lookup of something that Compute Engine knows by a name.
func compute(group, place string) lookup {
	flag, path := "", "global"
	if place != "" {
		flag, path = fmt.Sprintf(" --%s={%s}", place, place), fmt.Sprintf("%ss/{%s}", place, place)
	}
	return lookup{look: "gcloud compute " + group + " describe {name}" + flag + " --project={project} --format='value(selfLink)'",
		id: "projects/{project}/" + path + "/"}
}

// under completes the id of a resource of Compute Engine.
func (l lookup) under(collection string) lookup {
	l.id += collection + "/{name}"
	return l
}

// doctl finds by name in a list.
func doctl(list string) lookup {
	return lookup{look: "doctl " + list + " --format ID,Name --no-header | grep ' {name}$'"}
}

const (
	overwrites = "creating it again writes the same over it"
	local      = "it is nothing in a cloud"
)

func again(why string) lookup { return lookup{again: why} }

// note adds how to read the id.
func (l lookup) read(note string) lookup {
	l.note = note
	return l
}

// lookups are the types of resources that the program makes.
var lookups = map[string]lookup{
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
	"aws:ec2/routeTableAssociation:RouteTableAssociation": aws("ec2 describe-route-tables --filters Name=association.subnet-id,Values={subnetId}",
		"RouteTables[].Associations[?SubnetId=='{subnetId}'].RouteTableAssociationId"),
	"aws:lb/loadBalancer:LoadBalancer":                   aws("elbv2 describe-load-balancers --names {name}", "LoadBalancers[].LoadBalancerArn"),
	"aws:lb/targetGroup:TargetGroup":                     aws("elbv2 describe-target-groups --names {name}", "TargetGroups[].TargetGroupArn"),
	"aws:lb/listener:Listener":                           aws("elbv2 describe-listeners --load-balancer-arn {loadBalancerArn}", "Listeners[].ListenerArn"),
	"aws:lb/targetGroupAttachment:TargetGroupAttachment": again("a target is registered once"),
	"aws:autoscaling/group:Group": aws("autoscaling describe-auto-scaling-groups --auto-scaling-group-names {name}",
		"AutoScalingGroups[].AutoScalingGroupName"),
	"aws:autoscaling/lifecycleHook:LifecycleHook":     again(overwrites),
	"aws:autoscaling/policy:Policy":                   again(overwrites),
	"aws:cloudwatch/eventRule:EventRule":              again(overwrites),
	"aws:cloudwatch/eventTarget:EventTarget":          again(overwrites),
	"aws:cloudwatch/metricAlarm:MetricAlarm":          again(overwrites),
	"aws:cloudwatch/logGroup:LogGroup":                aws("logs describe-log-groups --log-group-name-prefix {name}", "logGroups[].logGroupName"),
	"aws:ebs/encryptionByDefault:EncryptionByDefault": again(overwrites),
	"aws:iam/role:Role":                               aws("iam get-role --role-name {name}", "Role.RoleName"),
	"aws:iam/instanceProfile:InstanceProfile":         aws("iam get-instance-profile --instance-profile-name {name}", "InstanceProfile.InstanceProfileName"),
	"aws:iam/rolePolicy:RolePolicy":                   again(overwrites),
	"aws:kms/key:Key": aws("resourcegroupstaggingapi get-resources --resource-type-filters kms:key --tag-filters Key=Name,Values={tags.Name}",
		"ResourceTagMappingList[].ResourceARN").read("the id is what follows key/"),
	"aws:kms/alias:Alias": aws("kms list-aliases", "Aliases[?AliasName=='{name}'].AliasName"),
	"aws:kms/grant:Grant": again("a second grant allows nothing more"),
	"aws:route53/zone:Zone": aws("route53 list-hosted-zones-by-name --dns-name {name}", "HostedZones[?Name=='{name}.'].Id").
		read("the id is what follows /hostedzone/"),
	"aws:route53/record:Record": {look: "aws route53 list-resource-record-sets --hosted-zone-id {zoneId} " +
		"--query \"ResourceRecordSets[?Name=='{name}.'].Type\" --output text", id: "{zoneId}_{name}_{type}"},
	"aws:sns/topic:Topic":                         aws("sns list-topics", "Topics[?ends_with(TopicArn, ':{name}')].TopicArn"),
	"aws:sns/topicPolicy:TopicPolicy":             again(overwrites),
	"aws:sns/topicSubscription:TopicSubscription": again("an address is subscribed once"),
	"aws:sqs/queue:Queue":                         aws("sqs get-queue-url --queue-name {name}", "QueueUrl"),
	"aws:sqs/queuePolicy:QueuePolicy":             again(overwrites),

	"gcp:compute/network:Network":                               compute("networks", "").under("networks"),
	"gcp:compute/subnetwork:Subnetwork":                         compute("networks subnets", "region").under("subnetworks"),
	"gcp:compute/firewall:Firewall":                             compute("firewall-rules", "").under("firewalls"),
	"gcp:compute/router:Router":                                 compute("routers", "region").under("routers"),
	"gcp:compute/address:Address":                               compute("addresses", "region").under("addresses"),
	"gcp:compute/instance:Instance":                             compute("instances", "zone").under("instances"),
	"gcp:compute/instanceGroup:InstanceGroup":                   compute("instance-groups unmanaged", "zone").under("instanceGroups"),
	"gcp:compute/healthCheck:HealthCheck":                       compute("health-checks", "").under("healthChecks"),
	"gcp:compute/regionHealthCheck:RegionHealthCheck":           compute("health-checks", "region").under("healthChecks"),
	"gcp:compute/regionBackendService:RegionBackendService":     compute("backend-services", "region").under("backendServices"),
	"gcp:compute/regionTargetTcpProxy:RegionTargetTcpProxy":     compute("target-tcp-proxies", "region").under("targetTcpProxies"),
	"gcp:compute/forwardingRule:ForwardingRule":                 compute("forwarding-rules", "region").under("forwardingRules"),
	"gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": compute("instance-templates", "region").under("instanceTemplates"),
	"gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": compute("instance-groups managed", "region").
		under("instanceGroupManagers"),
	"gcp:compute/regionAutoscaler:RegionAutoscaler": {look: "gcloud compute instance-groups managed describe {target} " +
		"--format='value(autoscaler.selfLink)'", id: "projects/{project}/regions/{region}/autoscalers/{name}"},
	"gcp:compute/routerNat:RouterNat": {look: "gcloud compute routers nats describe {name} --router={router} --region={region} " +
		"--project={project} --format='value(name)'", id: "{project}/{region}/{router}/{name}"},
	"gcp:compute/instanceGroupMembership:InstanceGroupMembership": {remove: "gcloud compute instance-groups unmanaged remove-instances " +
		"{instanceGroup} --instances={instance} --zone={zone} --project={project}"},
	"gcp:kms/keyRing:KeyRing": {look: "gcloud kms keyrings describe {name} --location={location} --project={project} --format='value(name)'",
		id: "projects/{project}/locations/{location}/keyRings/{name}"},
	"gcp:kms/cryptoKey:CryptoKey": {look: "gcloud kms keys describe {keyRing}/cryptoKeys/{name} --format='value(name)'",
		id: "{keyRing}/cryptoKeys/{name}"},
	"gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": again(overwrites),
	"gcp:serviceaccount/account:Account": {look: "gcloud iam service-accounts describe {accountId}@{project}.iam.gserviceaccount.com " +
		"--format='value(name)'", id: "projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com"},
	"gcp:logging/metric:Metric": {look: "gcloud logging metrics describe {name} --project={project} --format='value(name)'", id: "{name}"},
	"gcp:monitoring/alertPolicy:AlertPolicy": {look: "gcloud monitoring policies list --project={project} " +
		"--filter='displayName=\"{displayName}\"' --format='value(name)'"},
	"gcp:monitoring/notificationChannel:NotificationChannel": {look: "gcloud beta monitoring channels list --project={project} " +
		"--filter='displayName=\"{displayName}\"' --format='value(name)'"},

	"digitalocean:index/vpc:Vpc":                   doctl("vpcs list"),
	"digitalocean:index/firewall:Firewall":         doctl("compute firewall list"),
	"digitalocean:index/loadBalancer:LoadBalancer": doctl("compute load-balancer list"),
	"digitalocean:index/sshKey:SshKey":             doctl("compute ssh-key list"),
	"digitalocean:index/customImage:CustomImage":   doctl("compute image list-user"),
	"digitalocean:index/droplet:Droplet":           doctl("compute droplet list"),
	"digitalocean:index/tag:Tag":                   again("the same tag is handed out again"),

	"talos:machine/secrets:Secrets":                       again(local + ", and nothing has used it"),
	"talos:machine/configurationApply:ConfigurationApply": again("the node takes the same configuration again"),
	"talos:cluster/kubeconfig:Kubeconfig":                 again("another one is issued"),
	"talos:machine/bootstrap:Bootstrap": again("but if etcd was started meanwhile, the next update fails with AlreadyExists: " +
		"docs/troubleshooting.md#machines-that-do-not-join"),
}

// steps are how to find out whether the cloud has what was being created.
func (op operation) steps() []string {
	found, known := lookups[op.Type]
	switch {
	case !known:
		return []string{"look for it in the cloud by its name; if it is there, delete it"}
	case found.again != "":
		return []string{"nothing to look for: " + found.again}
	case found.remove != "":
		return []string{"delete it, if it is there: " + op.fill(found.remove)}
	case found.note != "":
		return []string{"look for it: " + op.fill(found.look), found.note}
	default:
		return []string{"look for it: " + op.fill(found.look)}
	}
}

// answer is the form of the answer: none, where there is no other.
func (op operation) answer() string {
	found := lookups[op.Type]
	if found.look == "" {
		return none
	}
	return cmp.Or(op.fill(found.id), "<id>")
}

var placeholder = regexp.MustCompile(`\{[a-zA-Z.]+\}`)

// fill replaces what stands in braces. What is secret or not known is left for the reader.
func (op operation) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		name = strings.Trim(name, "{}")
		for _, inputs := range []map[string]any{op.Inputs, op.Provider} {
			if value, ok := at(inputs, strings.Split(name, ".")).(string); ok && value != "" {
				return value
			}
		}
		return "<" + name + ">"
	})
}

func at(value any, path []string) any {
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}
