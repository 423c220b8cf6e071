package rules

import (
	"slices"
	"strings"
)

// aws checks the resources of Amazon Web Services.
type aws struct{}

var _ = register("aws", aws{})

// The types of machines, and of what machines are made from.
const (
	awsInstance      = "aws:ec2/instance:Instance"
	awsSpotInstance  = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
	awsTemplate      = "aws:ec2/launchTemplate:LaunchTemplate"
	awsConfiguration = "aws:ec2/launchConfiguration:LaunchConfiguration"
	awsInterface     = "aws:ec2/networkInterface:NetworkInterface"
	awsVolume        = "aws:ebs/volume:Volume"
)

// The types that have the rules of a firewall.
const (
	awsIngressRule  = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	awsAnyRule      = "aws:ec2/securityGroupRule:SecurityGroupRule"
	awsGroup        = "aws:ec2/securityGroup:SecurityGroup"
	awsDefaultGroup = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
)

// The types of load balancers of each generation; alb is an older name of lb.
const (
	awsBalancer        = "aws:lb/loadBalancer:LoadBalancer"
	awsOldNameBalancer = "aws:alb/loadBalancer:LoadBalancer"
	awsClassicBalancer = "aws:elb/loadBalancer:LoadBalancer"
)

// leftToTemplate reports whether an instance has the property from its launch template, which is checked itself.
func leftToTemplate(r Resource, property field) bool {
	return r.Type == awsInstance && property.isEmpty() && r.at("launchTemplate").isSet()
}

// ingress reads rules in each of the provider's three forms.
func (aws) ingress(r Resource) []ingress {
	addressKeys := []string{"cidrBlocks", "ipv6CidrBlocks", "prefixListIds"}
	switch r.Type {
	case awsIngressRule:
		addressKeys = []string{"cidrIpv4", "cidrIpv6", "prefixListId"}
		return ingressOfRule(r.field(), "ipProtocol", addressKeys, []string{"referencedSecurityGroupId"})
	case awsAnyRule:
		if r.at("type").text() != "egress" {
			return ingressOfRule(r.field(), "protocol", addressKeys, []string{"sourceSecurityGroupId", "self"})
		}
	case awsGroup, awsDefaultGroup:
		var all []ingress
		for _, rule := range r.at("ingress").items() {
			all = append(all, ingressOfRule(rule, "protocol", addressKeys, []string{"securityGroups", "self"})...)
		}
		return all
	}
	return nil
}

// ingressOfRule reads one rule.
func ingressOfRule(rule field, protocol string, addressKeys, peerKeys []string) []ingress {
	return cross(sourcesOf(rule, addressKeys, peerKeys, rule), []ports{awsPorts(rule, rule.at(protocol))})
}

// awsPorts returns the ports of a rule. Port 0 is not used, so a range from 0 begins at 1. A rule for all protocols has
// no ports.
func awsPorts(rule, protocol field) ports {
	from, to := rule.at("fromPort"), rule.at("toPort")
	low, high := from.text(), to.text()
	switch {
	case from.isUnknown(), to.isUnknown(), protocol.isUnknown():
		return portsOf(protocol, "unknown", "")
	case protocolOf(protocol.text()) == "all", from.isEmpty(), to.isEmpty(), low == "-1", high == "-1":
		return portsOf(protocol, protocol.text(), "all")
	case low == "0" && high != "0":
		low = "1"
	}
	return portsOf(from, protocol.text(), low+"-"+high)
}

func (aws) machineHasFirewall(r Resource) []violation {
	const reason = "is missing, so the machine gets the network's default security group"
	switch r.Type {
	case awsInstance, awsSpotInstance:
		at := r.at("vpcSecurityGroupIds")
		if at.isEmpty() && r.at("networkInterfaces").isEmpty() && r.at("securityGroups").isEmpty() &&
			!leftToTemplate(r, at) {
			return []violation{at.violation(reason, "")}
		}
	case awsInterface, awsConfiguration:
		if r.at("securityGroups").isEmpty() {
			return []violation{r.at("securityGroups").violation(reason, "")}
		}
	case awsTemplate:
		return templateHasFirewall(r, reason)
	}
	return nil
}

// templateHasFirewall checks the interfaces that a launch template describes, which have security groups of their own.
func templateHasFirewall(r Resource, reason string) []violation {
	interfaces := r.at("networkInterfaces")
	if interfaces.isEmpty() && r.at("vpcSecurityGroupIds").isEmpty() {
		return []violation{r.at("vpcSecurityGroupIds").violation(reason, "")}
	}
	var found []violation
	for _, nic := range interfaces.items() {
		if nic.at("securityGroups").isEmpty() && nic.at("networkInterfaceId").isEmpty() {
			found = append(found, nic.at("securityGroups").violation(reason, ""))
		}
	}
	return found
}

// firewallCovers returns nothing: on AWS a machine names its security groups, which machineHasFirewall checks.
func (aws) firewallCovers(Resource, []Resource) []violation { return nil }

func (aws) balancerInternal(r Resource) []violation {
	switch r.Type {
	case awsBalancer, awsOldNameBalancer, awsClassicBalancer:
		if at := r.at("internal"); !at.is("true") {
			return []violation{at.violation("gives the load balancer public addresses", "")}
		}
	}
	return nil
}

func (aws) diskEncrypted(r Resource) []violation {
	switch r.Type {
	case awsInstance, awsSpotInstance, awsConfiguration:
		disks := r.at("ebsBlockDevices").items()
		if root := r.at("rootBlockDevice"); !leftToTemplate(r, root) {
			disks = append(disks, root)
		}
		return notEncrypted(disks)
	case awsTemplate:
		return templateEncrypted(r)
	case awsVolume:
		return notEncrypted([]field{r.field()})
	case "aws:ebs/encryptionByDefault:EncryptionByDefault":
		if at := r.at("enabled"); at.text() == "false" {
			return []violation{
				at.violation(
					"leaves new disks of the account without encryption",
					"set enabled: true, or remove the resource",
				),
			}
		}
	}
	return nil
}

func notEncrypted(disks []field) []violation {
	var found []violation
	for _, disk := range disks {
		if at := disk.at("encrypted"); !at.is("true") {
			found = append(
				found,
				at.violation("leaves the disk to the account's default, which may be no encryption", ""),
			)
		}
	}
	return found
}

// templateEncrypted checks the disks of a launch template. Without mappings the root disk is as the image has it, not
// encrypted.
func templateEncrypted(r Resource) []violation {
	mappings := r.at("blockDeviceMappings")
	if mappings.isEmpty() {
		return []violation{mappings.violation("are missing, so the root disk is as the image has it",
			"map the image's root device, with encrypted: true")}
	}
	var disks []field
	for _, mapping := range mappings.items() {
		// A mapping without ebs is an instance store, which AWS encrypts, or removes a disk of the image.
		if ebs := mapping.at("ebs"); ebs.isSet() {
			disks = append(disks, ebs)
		}
	}
	return notEncrypted(disks)
}

func (aws) diskKeys(r Resource) []field {
	var keys []field
	switch r.Type {
	case awsInstance, awsSpotInstance:
		keys = append(keys, r.at("rootBlockDevice", "kmsKeyId"))
		for _, disk := range r.at("ebsBlockDevices").items() {
			keys = append(keys, disk.at("kmsKeyId"))
		}
	case awsTemplate:
		for _, mapping := range r.at("blockDeviceMappings").items() {
			keys = append(keys, mapping.at("ebs", "kmsKeyId"))
		}
	case awsVolume:
		keys = append(keys, r.at("kmsKeyId"))
	}
	return keys
}

func (aws) metadataGuarded(r Resource) []violation {
	switch r.Type {
	case awsInstance, awsSpotInstance, awsTemplate, awsConfiguration:
		if options := r.at("metadataOptions"); !leftToTemplate(r, options) {
			return awsMetadata(options)
		}
	}
	return nil
}

func awsMetadata(options field) []violation {
	if options.at("httpEndpoint").text() == "disabled" {
		return nil
	}
	var found []violation
	if at := options.at("httpTokens"); !at.is("required") {
		found = append(found,
			at.violation("answers requests without a token, such as forged ones of a server on the machine", ""))
	}
	if at := options.at("httpPutResponseHopLimit"); !at.is("1") {
		found = append(found, at.violation("lets pods read the machine's configuration and its secrets", ""))
	}
	return found
}

func (aws) machineTagged(r Resource) []violation {
	switch r.Type {
	case awsInstance, awsSpotInstance:
		disk := r.at("rootBlockDevice", "tags")
		if disk.isEmpty() {
			disk = r.at("volumeTags")
		}
		return slices.Concat(missingTags(r.at("tags"), machineTags), missingTags(disk, machineTags))
	case awsInterface:
		return missingTags(r.at("tags"), machineTags)
	case awsVolume:
		return missingTags(r.at("tags"), mandatoryTags)
	case awsTemplate:
		return templateTagged(r)
	}
	return nil
}

// templateTagged checks the tags for each kind of resource that a launch template creates, because the provider's
// default tags do not reach them.
func templateTagged(r Resource) []violation {
	specifications := r.at("tagSpecifications")
	if specifications.isUnknown() {
		return nil
	}
	var found []violation
	var missing []string
	for _, kind := range []string{"instance", "volume", "network-interface"} {
		i := slices.IndexFunc(specifications.items(), func(s field) bool { return s.at("resourceType").is(kind) })
		if i < 0 {
			missing = append(missing, kind)
			continue
		}
		found = append(found, missingTags(specifications.items()[i].at("tags"), machineTags)...)
	}
	if missing != nil {
		found = append(found, specifications.violation("have nothing for "+strings.Join(missing, ", "), ""))
	}
	return found
}

func (aws) otherTagged(r Resource) []violation {
	switch r.Type {
	case "pulumi:providers:aws":
		return missingTags(r.at("defaultTags", "tags"), mandatoryTags)
	case "aws:autoscaling/group:Group":
		return missingTags(r.at("tags"), mandatoryTags)
	}
	return nil
}

func (aws) secrets(r Resource) []field {
	switch r.Type {
	case awsInstance, awsSpotInstance, awsConfiguration:
		return []field{r.at("userData"), r.at("userDataBase64")}
	case awsTemplate:
		return []field{r.at("userData")}
	}
	return nil
}

func (aws) isCritical(r Resource) bool {
	switch r.Type {
	case awsBalancer, awsOldNameBalancer, awsClassicBalancer:
		return true
	case awsInstance:
		return strings.Contains(r.Name, "-control-plane-")
	case "aws:kms/key:Key":
		return strings.HasSuffix(r.Name, "-disks")
	}
	return false
}

func (aws) deletionProtection(r Resource) field {
	switch r.Type {
	case awsInstance:
		return r.at("disableApiTermination")
	case awsBalancer, awsOldNameBalancer:
		return r.at("enableDeletionProtection")
	}
	return r.field()
}
