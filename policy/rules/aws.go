package rules

import (
	"slices"
	"strings"
)

// aws judges the resources of Amazon Web Services.
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

// leftToTemplate says that an instance takes from its launch template, which is judged itself, what it does not say.
func leftToTemplate(r Resource, said field) bool {
	return r.Type == awsInstance && said.absent() && r.at("launchTemplate").present()
}

// openings reads rules in each of the three forms that the provider has for them.
func (aws) openings(r Resource) []opening {
	addressKeys := []string{"cidrBlocks", "ipv6CidrBlocks", "prefixListIds"}
	switch r.Type {
	case awsIngressRule:
		addressKeys = []string{"cidrIpv4", "cidrIpv6", "prefixListId"}
		return openingsOfRule(r.field(), "ipProtocol", addressKeys, []string{"referencedSecurityGroupId"})
	case awsAnyRule:
		if r.at("type").text() != "egress" {
			return openingsOfRule(r.field(), "protocol", addressKeys, []string{"sourceSecurityGroupId", "self"})
		}
	case awsGroup, awsDefaultGroup:
		var all []opening
		for _, rule := range r.at("ingress").items() {
			all = append(all, openingsOfRule(rule, "protocol", addressKeys, []string{"securityGroups", "self"})...)
		}
		return all
	}
	return nil
}

// openingsOfRule reads one rule.
func openingsOfRule(rule field, protocol string, addressKeys, peerKeys []string) []opening {
	return pair(sourcesOf(rule, addressKeys, peerKeys, rule), []ports{awsPorts(rule, rule.at(protocol))})
}

// awsPorts reads a range. Port 0 is in no use, so a range from there begins at 1; a rule for all protocols has no
// ports.
func awsPorts(rule, protocol field) ports {
	from, to := rule.at("fromPort"), rule.at("toPort")
	low, high := from.text(), to.text()
	switch {
	case from.unknown(), to.unknown(), protocol.unknown():
		return portsOf(protocol, "unknown", "")
	case protocolOf(protocol.text()) == "all", from.absent(), to.absent(), low == "-1", high == "-1":
		return portsOf(protocol, protocol.text(), "all")
	case low == "0" && high != "0":
		low = "1"
	}
	return portsOf(from, protocol.text(), low+"-"+high)
}

func (aws) machineHasFirewall(r Resource) []finding {
	const reason = "is missing, so the machine stands behind the network's default security group"
	switch r.Type {
	case awsInstance, awsSpotInstance:
		at := r.at("vpcSecurityGroupIds")
		if at.absent() && r.at("networkInterfaces").absent() && r.at("securityGroups").absent() &&
			!leftToTemplate(r, at) {
			return []finding{at.problem(reason, "")}
		}
	case awsInterface, awsConfiguration:
		if r.at("securityGroups").absent() {
			return []finding{r.at("securityGroups").problem(reason, "")}
		}
	case awsTemplate:
		return templateHasFirewall(r, reason)
	}
	return nil
}

// templateHasFirewall: interfaces that a template describes have groups of their own.
func templateHasFirewall(r Resource, reason string) []finding {
	interfaces := r.at("networkInterfaces")
	if interfaces.absent() && r.at("vpcSecurityGroupIds").absent() {
		return []finding{r.at("vpcSecurityGroupIds").problem(reason, "")}
	}
	var found []finding
	for _, nic := range interfaces.items() {
		if nic.at("securityGroups").absent() && nic.at("networkInterfaceId").absent() {
			found = append(found, nic.at("securityGroups").problem(reason, ""))
		}
	}
	return found
}

// firewallCovers has nothing to object to: a machine names its security groups itself, which machineHasFirewall asks
// for.
func (aws) firewallCovers(Resource, []Resource) []finding { return nil }

func (aws) balancerInternal(r Resource) []finding {
	switch r.Type {
	case awsBalancer, awsOldNameBalancer, awsClassicBalancer:
		if at := r.at("internal"); !at.is("true") {
			return []finding{at.problem("gives the balancer public addresses", "")}
		}
	}
	return nil
}

func (aws) diskEncrypted(r Resource) []finding {
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
			return []finding{
				at.problem(
					"leaves new disks of the account without encryption",
					"set enabled: true, or remove the resource",
				),
			}
		}
	}
	return nil
}

func notEncrypted(disks []field) []finding {
	var found []finding
	for _, disk := range disks {
		if at := disk.at("encrypted"); !at.is("true") {
			found = append(
				found,
				at.problem("leaves the disk to the account's default, which may be no encryption", ""),
			)
		}
	}
	return found
}

// templateEncrypted: a template without mappings takes the root disk as the image has it, not encrypted.
func templateEncrypted(r Resource) []finding {
	mappings := r.at("blockDeviceMappings")
	if mappings.absent() {
		return []finding{mappings.problem("are missing, so the root disk is as the image has it",
			"map the image's root device, with encrypted: true")}
	}
	var disks []field
	for _, mapping := range mappings.items() {
		// One without ebs is a machine's own disk, which AWS encrypts, or removes a disk of the image.
		if ebs := mapping.at("ebs"); ebs.present() {
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

func (aws) metadataGuarded(r Resource) []finding {
	switch r.Type {
	case awsInstance, awsSpotInstance, awsTemplate, awsConfiguration:
		if options := r.at("metadataOptions"); !leftToTemplate(r, options) {
			return awsMetadata(options)
		}
	}
	return nil
}

func awsMetadata(options field) []finding {
	if options.at("httpEndpoint").text() == "disabled" {
		return nil
	}
	var found []finding
	if at := options.at("httpTokens"); !at.is("required") {
		found = append(found, at.problem("answers whoever can make the machine send a request", ""))
	}
	if at := options.at("httpPutResponseHopLimit"); !at.is("1") {
		found = append(found, at.problem("lets pods read the machine's configuration and its secrets", ""))
	}
	return found
}

func (aws) machineTagged(r Resource) []finding {
	switch r.Type {
	case awsInstance, awsSpotInstance:
		disk := r.at("rootBlockDevice", "tags")
		if disk.absent() {
			disk = r.at("volumeTags")
		}
		return slices.Concat(lacks(r.at("tags"), machineTags), lacks(disk, machineTags))
	case awsInterface:
		return lacks(r.at("tags"), machineTags)
	case awsVolume:
		return lacks(r.at("tags"), mandatoryTags)
	case awsTemplate:
		return templateTagged(r)
	}
	return nil
}

// templateTagged: the provider's default tags do not reach what a template makes, so each kind is named.
func templateTagged(r Resource) []finding {
	specifications := r.at("tagSpecifications")
	if specifications.unknown() {
		return nil
	}
	var found []finding
	var missing []string
	for _, kind := range []string{"instance", "volume", "network-interface"} {
		i := slices.IndexFunc(specifications.items(), func(s field) bool { return s.at("resourceType").is(kind) })
		if i < 0 {
			missing = append(missing, kind)
			continue
		}
		found = append(found, lacks(specifications.items()[i].at("tags"), machineTags)...)
	}
	if missing != nil {
		found = append(found, specifications.problem("have nothing for "+strings.Join(missing, ", "), ""))
	}
	return found
}

func (aws) otherTagged(r Resource) []finding {
	switch r.Type {
	case "pulumi:providers:aws":
		return lacks(r.at("defaultTags", "tags"), mandatoryTags)
	case "aws:autoscaling/group:Group":
		return lacks(r.at("tags"), mandatoryTags)
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

func (aws) mustStay(r Resource) bool {
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

func (aws) guard(r Resource) field {
	switch r.Type {
	case awsInstance:
		return r.at("disableApiTermination")
	case awsBalancer, awsOldNameBalancer:
		return r.at("enableDeletionProtection")
	}
	return r.field()
}
