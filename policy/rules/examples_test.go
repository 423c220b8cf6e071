package rules

const (
	internet = " lets the whole internet in; name the networks that need it, such as 203.0.113.0/24"
	everyone = "names no source, which allows all; name the networks that need it, such as 203.0.113.0/24"
	ssh      = "opens port 22, and Talos has no SSH; name the ports that are needed; for the machines use talosctl, port 50000"
	notNodes = " to addresses instead of nodes; name the nodes' security group, service account or tag as the source, or open only 6443 and 50000"
)

var firewallExamples = []example{
	// AWS, in each form that a rule can have.
	{"closed-to-the-internet", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 6443, toPort: 6443, cidrIpv4: 10.0.0.0/8}`, ""},
	{"closed-to-the-internet", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 443, toPort: 443, cidrIpv4: "(unknown)"}`, ""},
	{"closed-to-the-internet", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 443, toPort: 443, referencedSecurityGroupId: "(unknown)"}`, ""},
	{"closed-to-the-internet", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 443, toPort: 443, cidrIpv4: 0.0.0.0/0}`, "r.cidrIpv4: 0.0.0.0/0" + internet},
	{"closed-to-the-internet", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: "(unknown)", toPort: 443, cidrIpv6: "::/0"}`, "r.cidrIpv6: ::/0" + internet},
	{"closed-to-the-internet", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 443, toPort: 443, cidrIpv6: "fd00::/8"}`, ""},
	{"closed-to-the-internet", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule half {ipProtocol: tcp, fromPort: 443, toPort: 443, cidrIpv4: 128.0.0.0/1}`,
		"half.cidrIpv4: 128.0.0.0/1 is wider than a /8 and lets a large part of the internet in; name the networks that need it, such as 203.0.113.0/24"},
	{"closed-to-the-internet", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule half {ipProtocol: tcp, fromPort: 443, toPort: 443, cidrIpv6: "2000::/3"}`,
		"half.cidrIpv6: 2000::/3 is wider than a /16 and lets a large part of the internet in; name the networks that need it, such as 203.0.113.0/24"},
	{"closed-to-the-internet", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 443, toPort: 443}`, "r: " + everyone},
	{"closed-to-the-internet", `aws:ec2/securityGroupRule:SecurityGroupRule r {type: ingress, protocol: tcp, fromPort: 443, toPort: 443, cidrBlocks: [10.0.0.0/8, 0.0.0.0/0]}`, "r.cidrBlocks[1]: 0.0.0.0/0" + internet},
	{"closed-to-the-internet", `aws:ec2/securityGroupRule:SecurityGroupRule r {type: egress, protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: [0.0.0.0/0]}`, ""},
	{"closed-to-the-internet", `aws:ec2/securityGroupRule:SecurityGroupRule r {type: ingress, protocol: tcp, fromPort: 443, toPort: 443, self: true}`, ""},
	{"closed-to-the-internet", `aws:ec2/securityGroupRule:SecurityGroupRule r {type: ingress, protocol: tcp, fromPort: 443, toPort: 443, self: false}`, "r: " + everyone},
	{"closed-to-the-internet", `aws:ec2/securityGroup:SecurityGroup g {ingress: [{protocol: tcp, fromPort: 443, toPort: 443, ipv6CidrBlocks: ["::/0"]}], egress: [{protocol: "-1", cidrBlocks: [0.0.0.0/0]}]}`, "g.ingress[0].ipv6CidrBlocks[0]: ::/0" + internet},
	{"closed-to-the-internet", `aws:ec2/defaultSecurityGroup:DefaultSecurityGroup g {ingress: [{protocol: "-1", fromPort: 0, toPort: 0, self: true}]}`, ""},
	{"closed-to-the-internet", `aws:ec2/defaultSecurityGroup:DefaultSecurityGroup g {ingress: [{protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: [0.0.0.0/0]}]}`, "g.ingress[0].cidrBlocks[0]: 0.0.0.0/0" + internet},
	{"no-ssh", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 50000, toPort: 50001, referencedSecurityGroupId: sg-1}`, ""},
	{"no-ssh", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: udp, fromPort: 1, toPort: 65535, referencedSecurityGroupId: sg-1}`, ""},
	{"no-ssh", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: icmp, fromPort: -1, toPort: -1, cidrIpv4: 10.0.0.0/8}`, ""},
	{"no-ssh", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 22, toPort: 22, cidrIpv4: "(unknown)"}`, "r.fromPort: 22 " + ssh},
	{"no-ssh", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 20, toPort: 80, referencedSecurityGroupId: sg-1}`, "r.fromPort: 20 " + ssh},
	{"no-ssh", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 0, toPort: 65535, referencedSecurityGroupId: sg-1}`, "r.fromPort: 0 " + ssh},
	{"no-ssh", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: "-1", referencedSecurityGroupId: sg-1}`, "r.ipProtocol: -1 " + ssh},
	{"no-ssh", `aws:ec2/securityGroup:SecurityGroup g {ingress: [{protocol: "6", fromPort: 22, toPort: 22, cidrBlocks: [10.0.0.0/8]}]}`, "g.ingress[0].fromPort: 22 " + ssh},
	{"node-ports-from-nodes", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 2379, toPort: 2380, referencedSecurityGroupId: sg-1}`, ""},
	{"node-ports-from-nodes", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 50000, toPort: 50000, cidrIpv4: 10.0.0.0/8}`, ""},
	{"node-ports-from-nodes", `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule r {ipProtocol: tcp, fromPort: 50000, toPort: 50001, cidrIpv4: 10.0.0.0/8}`, "r.fromPort: 50000 opens Talos' trustd" + notNodes},
	{"node-ports-from-nodes", `aws:ec2/securityGroupRule:SecurityGroupRule r {type: ingress, protocol: tcp, fromPort: 2379, toPort: 10250, prefixListIds: [pl-1]}`, "r.fromPort: 2379 opens etcd, the kubelet, Cilium, Hubble" + notNodes},

	// Google Cloud, its firewall rules and its firewall policies.
	{"closed-to-the-internet", `gcp:compute/firewall:Firewall f {direction: INGRESS, allows: [{protocol: tcp, ports: ["443"]}], sourceServiceAccounts: [a]}`, ""},
	{"closed-to-the-internet", `gcp:compute/firewall:Firewall f {direction: EGRESS, allows: [{protocol: all}], destinationRanges: [0.0.0.0/0]}`, ""},
	{"closed-to-the-internet", `gcp:compute/firewall:Firewall f {denies: [{protocol: all}]}`, ""},
	{"closed-to-the-internet", `gcp:compute/firewall:Firewall f {allows: [{protocol: tcp, ports: "(unknown)"}], sourceRanges: ["(unknown)"]}`, ""},
	{"closed-to-the-internet", `gcp:compute/firewall:Firewall f {allows: [{protocol: tcp, ports: "(unknown)"}], sourceRanges: [0.0.0.0/0]}`, "f.sourceRanges[0]: 0.0.0.0/0" + internet},
	{"closed-to-the-internet", `gcp:compute/firewall:Firewall f {allows: [{protocol: tcp, ports: ["443"]}]}`, "f.sourceRanges: " + everyone},
	{"closed-to-the-internet", `gcp:compute/firewall:Firewall f {allows: [{protocol: tcp, ports: ["443"]}], sourceRanges: []}`, "f.sourceRanges: " + everyone},
	{"closed-to-the-internet", `gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule f {direction: INGRESS, action: deny, match: {layer4Configs: [{ipProtocol: all}]}}`, ""},
	{"closed-to-the-internet", `gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule f {direction: INGRESS, action: allow, match: {srcIpRanges: ["::/0"], layer4Configs: [{ipProtocol: tcp, ports: ["443"]}]}}`, "f.match.srcIpRanges[0]: ::/0" + internet},
	{"closed-to-the-internet", `gcp:compute/firewallPolicyRule:FirewallPolicyRule f {direction: INGRESS, action: allow, match: {layer4Configs: [{ipProtocol: tcp, ports: ["443"]}]}}`, "f.match.srcIpRanges: " + everyone},
	{"no-ssh", `gcp:compute/firewall:Firewall f {allows: [{protocol: tcp, ports: ["80", "443"]}], sourceTags: [web]}`, ""},
	{"no-ssh", `gcp:compute/firewall:Firewall f {allows: [{protocol: tcp, ports: ["80", "20-25"]}], sourceTags: [web]}`, "f.allows[0].ports[1]: 20-25 " + ssh},
	{"no-ssh", `gcp:compute/firewall:Firewall f {allows: [{protocol: icmp}, {protocol: tcp}], sourceTags: [web]}`, "f.allows[1].protocol: tcp " + ssh},
	{"no-ssh", `gcp:compute/firewall:Firewall f {allows: [{protocol: all}], sourceTags: [web]}`, "f.allows[0].protocol: all " + ssh},
	{"node-ports-from-nodes", `gcp:compute/firewall:Firewall f {allows: [{protocol: tcp, ports: ["50000"]}], sourceRanges: [35.191.0.0/16]}`, ""},
	{"node-ports-from-nodes", `gcp:compute/firewall:Firewall f {allows: [{protocol: udp, ports: ["8472"]}], sourceServiceAccounts: [a]}`, ""},
	{"node-ports-from-nodes", `gcp:compute/firewall:Firewall f {allows: [{protocol: udp, ports: ["8472"]}], sourceServiceAccounts: [a], sourceRanges: [10.0.0.0/8]}`, "f.allows[0].ports[0]: 8472 opens VXLAN" + notNodes},

	// DigitalOcean, its firewalls and its load balancers.
	{"closed-to-the-internet", `digitalocean:index/firewall:Firewall f {inboundRules: [{protocol: tcp, portRange: "443", sourceTags: [web]}], outboundRules: [{protocol: tcp, destinationAddresses: [0.0.0.0/0]}]}`, ""},
	{"closed-to-the-internet", `digitalocean:index/firewall:Firewall f {inboundRules: [{protocol: tcp, portRange: "443", sourceAddresses: [10.0.0.0/8, "::/0"]}]}`, "f.inboundRules[0].sourceAddresses[1]: ::/0" + internet},
	{"closed-to-the-internet", `digitalocean:index/firewall:Firewall f {inboundRules: [{protocol: tcp, portRange: "443"}]}`, "f.inboundRules[0]: " + everyone},
	{"closed-to-the-internet", `digitalocean:index/loadBalancer:LoadBalancer b {forwardingRules: [{entryPort: 6443}], firewall: {allows: ["cidr:10.0.0.0/8", "ip:203.0.113.7"]}}`, ""},
	{"closed-to-the-internet", `digitalocean:index/loadBalancer:LoadBalancer b {forwardingRules: [{entryPort: 6443}], firewall: {allows: ["cidr:0.0.0.0/0"]}}`, "b.firewall.allows[0]: cidr:0.0.0.0/0" + internet},
	{"closed-to-the-internet", `digitalocean:index/loadBalancer:LoadBalancer b {forwardingRules: [{entryPort: 6443}]}`, "b.firewall.allows: " + everyone},
	{"no-ssh", `digitalocean:index/firewall:Firewall f {inboundRules: [{protocol: udp, portRange: all, sourceTags: [web]}, {protocol: icmp, sourceTags: [web]}]}`, ""},
	{"no-ssh", `digitalocean:index/firewall:Firewall f {inboundRules: [{protocol: tcp, portRange: all, sourceTags: [web]}]}`, "f.inboundRules[0].portRange: all " + ssh},
	{"no-ssh", `digitalocean:index/loadBalancer:LoadBalancer b {forwardingRules: [{entryPort: 22}], firewall: {allows: ["ip:203.0.113.7"]}}`, "b.forwardingRules[0].entryPort: 22 " + ssh},
	{"node-ports-from-nodes", `digitalocean:index/firewall:Firewall f {inboundRules: [{protocol: tcp, portRange: "10250", sourceTags: [node]}]}`, ""},
	{"node-ports-from-nodes", `digitalocean:index/firewall:Firewall f {inboundRules: [{protocol: tcp, portRange: "10250", sourceTags: [node], sourceAddresses: [203.0.113.7]}]}`, "f.inboundRules[0].portRange: 10250 opens the kubelet" + notNodes},
}

const (
	defaultGroup = "is missing, so the machine gets the network's default security group; give the machine a security group"
	uncovered    = "is in no firewall rule of the stack; give the machine the account or tag of a firewall of the stack, or make a firewall for it"
	publicOnes   = "gives the load balancer public addresses; set internal: true; operators connect through a VPN or peering"
	openNetwork  = "is the project's default network, which allows SSH from everywhere; name a network of the stack"
)

var machineExamples = []example{
	{"machine-has-firewall", `aws:ec2/instance:Instance m {networkInterfaces: [{networkInterfaceId: "(unknown)"}]}`, ""},
	{"machine-has-firewall", `aws:ec2/instance:Instance m {vpcSecurityGroupIds: "(unknown)"}`, ""},
	{"machine-has-firewall", `aws:ec2/instance:Instance m {launchTemplate: {name: l}}`, ""},
	{"machine-has-firewall", `aws:ec2/instance:Instance m {vpcSecurityGroupIds: []}`, "m.vpcSecurityGroupIds: " + defaultGroup},
	{"machine-has-firewall", `aws:ec2/networkInterface:NetworkInterface n ` + ignored, "n.securityGroups: " + defaultGroup},
	{"machine-has-firewall", `aws:ec2/launchTemplate:LaunchTemplate l {networkInterfaces: [{securityGroups: [sg-1]}, {deviceIndex: 1}]}`, "l.networkInterfaces[1].securityGroups: " + defaultGroup},
	{"machine-has-firewall", `aws:ec2/launchTemplate:LaunchTemplate l ` + ignored, "l.vpcSecurityGroupIds: " + defaultGroup},
	{"machine-has-firewall", `gcp:compute/instance:Instance m {serviceAccount: {email: "(unknown)"}, networkInterfaces: [{subnetwork: s}]}`, ""},
	{"machine-has-firewall", `gcp:compute/instance:Instance m {tags: [web], networkInterfaces: [{network: "(unknown)"}]}`, ""},
	{"machine-has-firewall", `gcp:compute/instance:Instance m {networkInterfaces: [{subnetwork: s}]}`, "m.serviceAccount.email: is missing, and so are tags: no firewall rule can select this machine; give the machine a service account of its own"},
	{"machine-has-firewall", `gcp:compute/instanceTemplate:InstanceTemplate m {tags: [web], networkInterfaces: [{network: projects/p/global/networks/default}]}`, "m.networkInterfaces[0].network: projects/p/global/networks/default " + openNetwork},
	{"machine-has-firewall", `gcp:compute/regionInstanceTemplate:RegionInstanceTemplate m {tags: [web], networkInterfaces: [{accessConfigs: [{}]}]}`, "m.networkInterfaces[0].network: " + openNetwork},
	{"machine-has-firewall", `digitalocean:index/droplet:Droplet d {tags: ["(unknown)"]}`, ""},
	{"machine-has-firewall", `digitalocean:index/droplet:Droplet d ` + ignored, "d.tags: are missing, and a firewall knows its droplets by their tags; give the droplet the tag of a firewall"},

	{"firewall-covers-machine", `gcp:compute/instance:Instance m {serviceAccount: {email: a@p}}
		gcp:compute/firewall:Firewall f {targetServiceAccounts: [b@p, a@p]}`, ""},
	{"firewall-covers-machine", `gcp:compute/instance:Instance m {serviceAccount: {email: "(unknown)"}}`, ""},
	{"firewall-covers-machine", `gcp:compute/instance:Instance m {serviceAccount: {email: a@p}}
		gcp:compute/firewall:Firewall f {targetServiceAccounts: ["(unknown)"]}`, ""},
	{"firewall-covers-machine", `gcp:compute/instance:Instance m {tags: [web]}
		gcp:compute/firewall:Firewall f {targetTags: [web]}`, ""},
	{"firewall-covers-machine", `gcp:compute/instance:Instance m {tags: "(unknown)"}
		gcp:compute/firewall:Firewall f {targetTags: [web]}`, ""},
	{"firewall-covers-machine", `gcp:compute/instance:Instance m {serviceAccount: {email: a@p}}
		gcp:compute/firewall:Firewall f {sourceRanges: [10.0.0.0/8]}`, ""},
	{"firewall-covers-machine", `gcp:compute/instance:Instance m {serviceAccount: {email: a@p}}
		gcp:compute/firewall:Firewall f {targetServiceAccounts: [b@p]}`, "m.serviceAccount.email: a@p " + uncovered},
	{"firewall-covers-machine", `digitalocean:index/droplet:Droplet d {tags: [a, b]}
		digitalocean:index/firewall:Firewall f {tags: [b]}`, ""},
	{"firewall-covers-machine", `digitalocean:index/droplet:Droplet d {tags: [a]}
		digitalocean:index/firewall:Firewall f {tags: [b]}`, "d.tags: are in no firewall of the stack; give the machine the account or tag of a firewall of the stack, or make a firewall for it"},

	{"balancer-internal", `aws:lb/loadBalancer:LoadBalancer b {internal: true}`, ""},
	{"balancer-internal", `aws:lb/loadBalancer:LoadBalancer b {internal: "(unknown)"}`, ""},
	{"balancer-internal", `aws:lb/loadBalancer:LoadBalancer b {internal: false}`, "b.internal: false " + publicOnes},
	{"balancer-internal", `aws:alb/loadBalancer:LoadBalancer b ` + ignored, "b.internal: " + publicOnes},
	{"balancer-internal", `aws:elb/loadBalancer:LoadBalancer b ` + ignored, "b.internal: " + publicOnes},
	{"balancer-internal", `gcp:compute/forwardingRule:ForwardingRule b {loadBalancingScheme: INTERNAL_MANAGED}`, ""},
	{"balancer-internal", `gcp:compute/forwardingRule:ForwardingRule b {loadBalancingScheme: ""}`, ""},
	{"balancer-internal", `gcp:compute/forwardingRule:ForwardingRule b ` + ignored, "b.loadBalancingScheme: gives the load balancer a public address; set loadBalancingScheme: INTERNAL_MANAGED"},
	{"balancer-internal", `gcp:compute/globalForwardingRule:GlobalForwardingRule b {loadBalancingScheme: EXTERNAL}`, "b.loadBalancingScheme: EXTERNAL gives the load balancer a public address; set loadBalancingScheme: INTERNAL_MANAGED"},
	{"balancer-internal", `digitalocean:index/loadBalancer:LoadBalancer b {network: INTERNAL}`, ""},
	{"balancer-internal", `digitalocean:index/loadBalancer:LoadBalancer b {type: GLOBAL}`, "b.network: gives the load balancer a public address; set network: INTERNAL, of a type that is not GLOBAL"},
}

const (
	byDefault = "leaves the disk to the account's default, which may be no encryption; set encrypted: true"
	noLUKS    = "[secret] has no LUKS for Talos' STATE and EPHEMERAL, and DigitalOcean does not encrypt the disks of droplets; give the droplet a machine configuration that encrypts both"
	inState   = "[secret] is a key that the stack's state would hold; name a key of Cloud KMS with kmsKeySelfLink"
)

var encryptionExamples = []example{
	{"disk-encrypted", `aws:ec2/instance:Instance m {rootBlockDevice: {encrypted: true}, ebsBlockDevices: [{encrypted: true}]}`, ""},
	{"disk-encrypted", `aws:ec2/instance:Instance m {rootBlockDevice: {encrypted: true}, ebsBlockDevices: [{encrypted: true}, {volumeSize: 9}]}`, "m.ebsBlockDevices[1].encrypted: " + byDefault},
	{"disk-encrypted", `aws:ec2/instance:Instance m {launchTemplate: {name: l}}`, ""},
	{"disk-encrypted", `aws:ec2/instance:Instance m {launchTemplate: {name: l}, rootBlockDevice: {volumeSize: 9}}`, "m.rootBlockDevice.encrypted: " + byDefault},
	{"disk-encrypted", `aws:ec2/instance:Instance m ` + ignored, "m.rootBlockDevice.encrypted: " + byDefault},
	{"disk-encrypted", `aws:ec2/spotInstanceRequest:SpotInstanceRequest m {rootBlockDevice: {encrypted: false}}`, "m.rootBlockDevice.encrypted: false " + byDefault},
	{"disk-encrypted", `aws:ec2/launchConfiguration:LaunchConfiguration l ` + ignored, "l.rootBlockDevice.encrypted: " + byDefault},
	{"disk-encrypted", `aws:ec2/launchTemplate:LaunchTemplate l {blockDeviceMappings: [{ebs: {encrypted: "true"}}, {virtualName: ephemeral0}]}`, ""},
	{"disk-encrypted", `aws:ec2/launchTemplate:LaunchTemplate l {blockDeviceMappings: [{ebs: {encrypted: "false"}}]}`, "l.blockDeviceMappings[0].ebs.encrypted: false " + byDefault},
	{"disk-encrypted", `aws:ec2/launchTemplate:LaunchTemplate l ` + ignored, "l.blockDeviceMappings: are missing, so the root disk is as the image has it; map the image's root device, with encrypted: true"},
	{"disk-encrypted", `aws:ebs/volume:Volume v {encrypted: true}`, ""},
	{"disk-encrypted", `aws:ebs/volume:Volume v {size: 9}`, "v.encrypted: " + byDefault},
	{"disk-encrypted", `aws:ebs/encryptionByDefault:EncryptionByDefault e ` + ignored, ""},
	{"disk-encrypted", `aws:ebs/encryptionByDefault:EncryptionByDefault e {enabled: false}`, "e.enabled: false leaves new disks of the account without encryption; set enabled: true, or remove the resource"},
	{"disk-encrypted", `gcp:compute/instance:Instance m {bootDisk: {kmsKeySelfLink: k}}`, ""},
	{"disk-encrypted", `gcp:compute/instance:Instance m {bootDisk: {diskEncryptionKeyRaw: k}}`, "m.bootDisk.diskEncryptionKeyRaw: " + inState},
	{"disk-encrypted", `gcp:compute/instance:Instance m {attachedDisks: [{source: d, diskEncryptionKeyRaw: {secret: k}}]}`, "m.attachedDisks[0].diskEncryptionKeyRaw: " + inState},
	{"disk-encrypted", `gcp:compute/disk:Disk d {diskEncryptionKey: {rawKey: k}}`, "d.diskEncryptionKey.rawKey: " + inState},
	{"disk-encrypted", `digitalocean:index/droplet:Droplet d {userData: {secret: "provider: luks2 and provider: luks2"}}`, ""},
	{"disk-encrypted", `digitalocean:index/droplet:Droplet d {userData: "(unknown)"}`, ""},
	{"disk-encrypted", `digitalocean:index/droplet:Droplet d {userData: da39a3ee5e6b4b0d3255bfef95601890afd80709}`, ""},
	{"disk-encrypted", `digitalocean:index/droplet:Droplet d {userData: "provider: luks2"}`, "d.userData: " + noLUKS},
	{"disk-encrypted", `digitalocean:index/droplet:Droplet d ` + ignored, "d.userData: " + noLUKS[len("[secret] "):]},

	{"disk-key", `aws:ec2/instance:Instance m {tags: {cluster: a}, rootBlockDevice: {encrypted: true}}
		aws:ebs/volume:Volume v {tags: {cluster: b}, kmsKeyId: k}`, ""},
	{"disk-key", `aws:ec2/instance:Instance m {tags: {cluster: a}, rootBlockDevice: {encrypted: true}, ebsBlockDevices: [{kmsKeyId: "(unknown)"}]}
		aws:ec2/launchTemplate:LaunchTemplate l {tagSpecifications: [{tags: {cluster: a}}], blockDeviceMappings: [{ebs: {kmsKeyId: k}}]}
		aws:ebs/volume:Volume v {encrypted: true}`,
		"m.rootBlockDevice.kmsKeyId: is missing, while m has a customer's key; give the disk the cluster's key\n" +
			"v.kmsKeyId: is missing, while m has a customer's key; give the disk the cluster's key"},
	{"disk-key", `gcp:compute/instance:Instance m {labels: {cluster: a}, bootDisk: {kmsKeySelfLink: k}}
		gcp:compute/instanceTemplate:InstanceTemplate l {labels: {cluster: a}, disks: [{diskEncryptionKey: {kmsKeySelfLink: "(unknown)"}}]}`, ""},
	{"disk-key", `gcp:compute/instance:Instance m {labels: {cluster: a}, bootDisk: {kmsKeySelfLink: k}}
		gcp:compute/disk:Disk d {labels: {cluster: a}}`, "d.diskEncryptionKey.kmsKeySelfLink: is missing, while m has a customer's key; give the disk the cluster's key"},
}

const (
	fiveTags = "{cluster: a, stack: b, environment: c, owner: d, cost-centre: e}"
	withPool = "{cluster: a, stack: b, environment: c, owner: d, cost-centre: e, pool: f}"
	words    = `["cluster:a", "stack:b", "environment:c", "owner:d", "cost-centre:e", "pool:f"]`
	noTags   = "lack pool, cluster, stack, environment, owner, cost-centre; add the tags"
)

var tagExamples = []example{
	{"machines-tagged", `aws:ec2/instance:Instance m {tags: ` + withPool + `, rootBlockDevice: {tags: ` + withPool + `}}`, ""},
	{"machines-tagged", `aws:ec2/instance:Instance m {tags: ` + withPool + `, volumeTags: ` + withPool + `}`, ""},
	{"machines-tagged", `aws:ec2/instance:Instance m {tags: ` + fiveTags + `, rootBlockDevice: {tags: "(unknown)"}}`, "m.tags: lack pool; add the tags"},
	{"machines-tagged", `aws:ec2/instance:Instance m {tags: ` + withPool + `}`, "m.volumeTags: " + noTags},
	{"machines-tagged", `aws:ec2/networkInterface:NetworkInterface n ` + ignored, "n.tags: " + noTags},
	{"machines-tagged", `aws:ec2/launchTemplate:LaunchTemplate l {tagSpecifications: [{resourceType: instance, tags: ` + withPool + `}, {resourceType: volume, tags: ` + withPool + `}, {resourceType: network-interface, tags: ` + withPool + `}]}`, ""},
	{"machines-tagged", `aws:ec2/launchTemplate:LaunchTemplate l {tagSpecifications: [{resourceType: instance, tags: ` + withPool + `}, {resourceType: volume, tags: ` + fiveTags + `}]}`,
		"l.tagSpecifications[1].tags: lack pool; add the tags\nl.tagSpecifications: have nothing for network-interface; add the tags"},
	{"machines-tagged", `aws:ebs/volume:Volume v {tags: ` + fiveTags + `}`, ""},
	{"machines-tagged", `gcp:compute/instance:Instance m {labels: ` + withPool + `, bootDisk: {initializeParams: {labels: ` + withPool + `}}}`, ""},
	{"machines-tagged", `gcp:compute/instance:Instance m {labels: ` + withPool + `}`, "m.bootDisk.initializeParams.labels: " + noTags},
	{"machines-tagged", `gcp:compute/regionInstanceTemplate:RegionInstanceTemplate m {labels: ` + withPool + `, disks: [{labels: ` + withPool + `}, {labels: ` + fiveTags + `}]}`, "m.disks[1].labels: lack pool; add the tags"},
	{"machines-tagged", `digitalocean:index/droplet:Droplet d {tags: ` + words + `}`, ""},
	{"machines-tagged", `digitalocean:index/droplet:Droplet d {tags: ["pool:f", "(unknown)"]}`, ""},
	{"machines-tagged", `digitalocean:index/droplet:Droplet d {tags: ["pool:f", "cluster:a"]}`, "d.tags: lack stack, environment, owner, cost-centre; add the tags"},

	{"everything-tagged", `pulumi:providers:aws p {defaultTags: {tags: ` + fiveTags + `}}`, ""},
	{"everything-tagged", `pulumi:providers:aws p {region: us-east-1}`, "p.defaultTags.tags: lack cluster, stack, environment, owner, cost-centre; add the tags"},
	{"everything-tagged", `aws:autoscaling/group:Group g {tags: [{key: cluster}, {key: stack}, {key: environment}, {key: owner}]}`, "g.tags: lack cost-centre; add the tags"},
	{"everything-tagged", `gcp:compute/address:Address a {labels: ` + fiveTags + `}`, ""},
	{"everything-tagged", `gcp:kms/cryptoKey:CryptoKey k {labels: {cluster: a, stack: b, environment: c}}`, "k.labels: lack owner, cost-centre; add the tags"},
	{"everything-tagged", `digitalocean:index/volume:Volume v {tags: ` + words + `}`, ""},
	{"everything-tagged", `digitalocean:index/volume:Volume v {size: 9}`, "v.tags: lack cluster, stack, environment, owner, cost-centre; add the tags"},
}

const (
	noToken     = "answers requests without a token, such as forged ones of a server on the machine; set httpTokens: required and httpPutResponseHopLimit: 1"
	hops        = "lets pods read the machine's configuration and its secrets; set httpTokens: required and httpPutResponseHopLimit: 1"
	inClear     = "[secret] is not marked as a secret; pass it through pulumi.ToSecret"
	deletable   = "an update can delete it; set protection: true in the stack file, or protect the resource as its cluster is"
	unguarded   = "false lets the cloud delete it; set protection: true in the stack file, or protect the resource as its cluster is"
	fallsToThis = "has the default provider; pass the region's provider with pulumi.Provider, or create the resource below its cluster"
)

var otherExamples = []example{
	{"metadata-guarded", `aws:ec2/instance:Instance m {metadataOptions: {httpTokens: required, httpPutResponseHopLimit: 1}}`, ""},
	{"metadata-guarded", `aws:ec2/instance:Instance m {metadataOptions: {httpEndpoint: disabled}}`, ""},
	{"metadata-guarded", `aws:ec2/instance:Instance m {launchTemplate: {name: l}}`, ""},
	{"metadata-guarded", `aws:ec2/instance:Instance m {metadataOptions: {httpTokens: optional, httpPutResponseHopLimit: 1}}`, "m.metadataOptions.httpTokens: optional " + noToken},
	{"metadata-guarded", `aws:ec2/launchTemplate:LaunchTemplate l {metadataOptions: {httpTokens: required, httpPutResponseHopLimit: 2}}`, "l.metadataOptions.httpPutResponseHopLimit: 2 " + hops},
	{"metadata-guarded", `aws:ec2/launchConfiguration:LaunchConfiguration l ` + ignored, "l.metadataOptions.httpTokens: " + noToken + "\nl.metadataOptions.httpPutResponseHopLimit: " + hops},
	{"metadata-guarded", `gcp:compute/instance:Instance m {metadata: {user-data: {secret: x}}}`, ""},
	{"metadata-guarded", `gcp:compute/instance:Instance m {metadata: {serial-port-enable: "TRUE", ssh-keys: "me:ssh-ed25519 key"}}`,
		"m.metadata.ssh-keys: [secret] gives SSH access, and Talos has no SSH; remove the key\nm.metadata.serial-port-enable: TRUE opens the serial console to all users with access to the project; set it to FALSE"},
	{"metadata-guarded", `gcp:compute/instanceTemplate:InstanceTemplate m {metadata: {serial-port-enable: "FALSE", block-project-ssh-keys: "TRUE"}}`, ""},
	{"metadata-guarded", `digitalocean:index/droplet:Droplet d {dropletAgent: false}`, ""},
	{"metadata-guarded", `digitalocean:index/droplet:Droplet d ` + ignored, "d.dropletAgent: lets an agent take SSH keys from the metadata, which needs no token; set dropletAgent: false"},

	{"secrets-marked", `aws:ec2/instance:Instance m {userDataBase64: {secret: x}}`, ""},
	{"secrets-marked", `aws:ec2/instance:Instance m {userDataBase64: "(unknown)"}`, ""},
	{"secrets-marked", `aws:ec2/launchTemplate:LaunchTemplate l {userData: x}`, "l.userData: " + inClear},
	{"secrets-marked", `gcp:compute/instance:Instance m {metadata: {secret: {user-data: x}}}`, ""},
	{"secrets-marked", `gcp:compute/instance:Instance m {metadata: {user-data: x}}`, "m.metadata.user-data: " + inClear},
	{"secrets-marked", `digitalocean:index/droplet:Droplet d {userData: {secret: x}}`, ""},
	{"secrets-marked", `digitalocean:index/droplet:Droplet d {userData: da39a3ee5e6b4b0d3255bfef95601890afd80709}`, ""},
	{"secrets-marked", `digitalocean:index/droplet:Droplet d {userData: x}`, "d.userData: " + inClear},
	{"secrets-marked", `talos:machine/bootstrap:Bootstrap b {clientConfiguration: {clientKey: x}}`, "b.clientConfiguration.clientKey: " + inClear},

	{"production-protected", `aws:ec2/instance:Instance c-control-plane-0 protected {tags: {environment: production}, disableApiTermination: true}
		aws:ec2/instance:Instance c-web-0 bare {disableApiTermination: false}`, ""},
	{"production-protected", `aws:ec2/instance:Instance c-control-plane-0 bare {tags: {environment: dev}, disableApiTermination: false}`, ""},
	{"production-protected", `aws:ec2/instance:Instance c-control-plane-0 bare {tags: {environment: production}, disableApiTermination: false}`, "c-control-plane-0: " + deletable + "\nc-control-plane-0.disableApiTermination: " + unguarded},
	{"production-protected", `aws:ec2/instance:Instance c-control-plane-0 {disableApiTermination: false}
		aws:lb/loadBalancer:LoadBalancer b {enableDeletionProtection: true}`, "c-control-plane-0.disableApiTermination: " + unguarded},
	{"production-protected", `gcp:compute/instance:Instance c-control-plane-0 protected {labels: {environment: production}, deletionProtection: true}
		gcp:compute/address:Address c-api protected {x: y}
		gcp:compute/address:Address c-control-plane-0 bare {x: y}`, ""},
	{"production-protected", `gcp:compute/instance:Instance c-control-plane-0 bare {labels: {environment: production}, deletionProtection: true}`, "c-control-plane-0: " + deletable},
	{"production-protected", `digitalocean:index/droplet:Droplet c-control-plane-0 bare {tags: ["environment:dev"]}`, ""},
	{"production-protected", `digitalocean:index/droplet:Droplet c-control-plane-0 bare {tags: ["environment:production"]}
		talos:machine/secrets:Secrets c bare {x: y}`, "c-control-plane-0: " + deletable + "\nc: " + deletable},

	{"provider-explicit", `aws:s3/bucket:Bucket b bare {x: y}`, ""},
	{"provider-explicit", `aws:s3/bucket:Bucket b {x: y}`, ""},
	{"provider-explicit", `aws:s3/bucket:Bucket b default {x: y}`, "b: " + fallsToThis},
	{"provider-explicit", `gcp:storage/bucket:Bucket b bare {x: y}`, ""},
	{"provider-explicit", `gcp:storage/bucket:Bucket b default {x: y}`, "b: " + fallsToThis},
	{"provider-explicit", `digitalocean:index/vpc:Vpc v bare {x: y}`, ""},
	{"provider-explicit", `digitalocean:index/vpc:Vpc v default {x: y}`, "v: " + fallsToThis},
}
