package rules

const (
	awsIngressRule  = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	awsAnyRule      = "aws:ec2/securityGroupRule:SecurityGroupRule"
	awsGroup        = "aws:ec2/securityGroup:SecurityGroup"
	awsDefaultGroup = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
)

// openingsOnAWS reads rules in each of the three forms that the provider has for them.
func openingsOnAWS(r Resource) []opening {
	switch r.Type {
	case awsIngressRule:
		return openingsOfRule(r.field(), "ipProtocol", []string{"cidrIpv4", "cidrIpv6", "prefixListId"}, []string{"referencedSecurityGroupId"})
	case awsAnyRule:
		if r.at("type").text() != "egress" {
			return openingsOfRule(r.field(), "protocol", []string{"cidrBlocks", "ipv6CidrBlocks", "prefixListIds"}, []string{"sourceSecurityGroupId", "self"})
		}
	case awsGroup, awsDefaultGroup:
		var all []opening
		for _, rule := range r.at("ingress").items() {
			all = append(all, openingsOfRule(rule, "protocol", []string{"cidrBlocks", "ipv6CidrBlocks", "prefixListIds"}, []string{"securityGroups", "self"})...)
		}
		return all
	}
	return nil
}

// openingsOfRule reads one rule.
func openingsOfRule(rule field, protocol string, addressKeys, peerKeys []string) []opening {
	return pair(sourcesOf(rule, addressKeys, peerKeys, rule), []ports{awsPorts(rule, rule.at(protocol))})
}

// awsPorts reads a range. Port 0 is in no use, so a range from there begins at 1; a rule for all protocols has no ports.
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
