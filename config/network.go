package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/regions"
	"k8s.io/apimachinery/pkg/util/validation"
)

// network resolves the network: the environment's part of the region's range, a range of the stack file, or an adopted
// network.
func (l *loader) network(p *target) {
	settings, path := p.settings.Network, join(p.path, "network")
	p.cluster.Network = cluster.Network{
		CIDR:            environmentNetwork(p.region.Network, l.profile.index),
		Pods:            p.region.Pods,
		Services:        p.region.Services,
		ID:              settings.ID,
		SubnetIDs:       settings.SubnetIDs,
		PublicSubnetIDs: settings.PublicSubnetIDs,
	}
	switch {
	case settings.ID != "":
		p.cluster.Network.CIDR = netip.Prefix{}
		l.adoptedNetwork(p, path)
	case settings.SubnetIDs != nil || settings.PublicSubnetIDs != nil:
		l.Reject(
			path,
			"names subnets but not the network that they belong to",
			"set id, or remove subnetIds and publicSubnetIds",
		)
	case settings.CIDR != "":
		if cidr, ok := l.cidr(join(path, "cidr"), settings.CIDR); ok {
			l.createdNetwork(p, join(path, "cidr"), cidr)
			p.cluster.Network.CIDR = cidr
		}
	}
	l.operators(p)
	l.flowLogs(p)
	l.metadata(p)
}

// flowLogs checks the flow logs, which only the stack that creates a network can set.
func (l *loader) flowLogs(p *target) {
	p.cluster.FlowLogs = l.stack.FlowLogs
	switch {
	case !l.stack.FlowLogs:
	case !p.capabilities.FlowLogs:
		l.Reject("flowLogs", p.capabilities.DisplayName+" has no flow logs", "remove it, or choose aws or gcp")
	case p.cluster.Network.Adopted():
		l.Reject(
			"flowLogs",
			fmt.Sprintf("the network of %s is adopted, and its owner decides what is logged there", p.region.Name),
			"remove it, and have the owner switch them on",
		)
	}
}

// metadata looks at who answers for a machine's user data, which holds the token that joins the cluster and, on a
// control plane, the keys of its authorities. Where the cloud does not keep its metadata service to the machine, only
// policies of Cilium keep pods from it.
func (l *loader) metadata(p *target) {
	if l.stack.CNI == string(cluster.Cilium) || p.capabilities.MetadataIsolated {
		return
	}
	if l.stack.CNI == string(cluster.None) {
		l.warn(
			"cni: on %s every pod can read its machine's user data, and in it the keys of the cluster, until a "+
				"policy forbids it; "+
				"apply docs/policies/deny-metadata.yaml with your Cilium "+
				"(docs/next-steps.md#keep-pods-from-the-metadata-service)",
			p.capabilities.DisplayName,
		)
		return
	}
	problem := fmt.Sprintf(
		"on %s every pod under flannel can read its machine's user data, and in it the keys of the cluster",
		p.capabilities.DisplayName,
	)
	if !l.profile.hardened {
		l.warn(
			"cni: %s; run only what you trust, or choose cilium, whose policy keeps pods from it "+
				"(docs/next-steps.md#keep-pods-from-the-metadata-service)",
			problem,
		)
		return
	}
	l.Reject(
		"cni",
		problem,
		"choose cilium, whose policy keeps pods from it (docs/next-steps.md#keep-pods-from-the-metadata-service), "+
			"or the provider aws",
	)
}

// environmentNetwork returns one of the four /18 ranges in the /16 of the region.
func environmentNetwork(region netip.Prefix, index int) netip.Prefix {
	address := region.Addr().As4()
	address[2] = byte(index * 64)
	return netip.PrefixFrom(netip.AddrFrom4(address), 18)
}

// createdNetwork checks the range of a network to create. AWS accepts no larger network than a /16
// (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html), and one smaller than a /22 has too little
// room for a public and a private subnet in each zone.
func (l *loader) createdNetwork(p *target, path string, cidr netip.Prefix) {
	if cidr.Bits() < 16 || cidr.Bits() > 22 {
		l.Reject(path, fmt.Sprintf("%s is a /%d", cidr, cidr.Bits()), "choose a range between /16 and /22")
	}
	if !cidr.Addr().IsPrivate() {
		l.Reject(
			path,
			fmt.Sprintf("%s is not a private range", cidr),
			"choose one in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
		)
	}
	for _, reserved := range p.capabilities.Reserved {
		if cidr.Overlaps(reserved) {
			l.Reject(
				path,
				fmt.Sprintf("%s overlaps %s, which %s reserves", cidr, reserved, p.capabilities.DisplayName),
				"choose another range",
			)
		}
	}
}

func (l *loader) adoptedNetwork(p *target, path string) {
	settings := p.settings.Network
	if settings.CIDR != "" {
		l.Reject(
			join(path, "cidr"),
			"an adopted network has its range already",
			"remove cidr, or remove id to create a network",
		)
	}
	l.checkID(join(path, "id"), settings.ID, p.capabilities.Network)
	l.subnets(p, join(path, "subnetIds"), settings.SubnetIDs)
	switch {
	case l.stack.Access == string(cluster.Public) && p.capabilities.Subnets == regions.ZonalSubnets:
		l.subnets(p, join(path, "publicSubnetIds"), settings.PublicSubnetIDs)
	case settings.PublicSubnetIDs != nil && p.capabilities.Subnets != regions.ZonalSubnets:
		l.Reject(
			join(path, "publicSubnetIds"),
			p.capabilities.DisplayName+" has no public subnets",
			"remove publicSubnetIds",
		)
	case settings.PublicSubnetIDs != nil:
		l.Reject(join(path, "publicSubnetIds"), "under private access no machine is in a public subnet",
			"remove publicSubnetIds, or set access: public")
	}
	if l.stack.OperatorCIDRs == nil {
		l.Reject(
			"operatorCidrs",
			fmt.Sprintf("is needed: the range of the adopted network %s is not known beforehand", settings.ID),
			"name the networks that operators come from",
		)
	}
}

// subnets checks the subnets of an adopted network: one for each zone, in the order of the zones, so that the zone of
// each machine is known beforehand.
func (l *loader) subnets(p *target, path string, ids []string) {
	zones := p.cluster.Location.Zones
	switch p.capabilities.Subnets {
	case regions.NoSubnets:
		if ids != nil {
			l.Reject(path, p.capabilities.DisplayName+" has no subnets", "remove it: the network's id is enough")
		}
		return
	case regions.RegionalSubnets:
		if len(ids) != 1 {
			l.Reject(
				path,
				fmt.Sprintf("names %d subnets", len(ids)),
				"name the one subnet of the adopted network for the machines",
			)
		}
	case regions.ZonalSubnets:
		if len(ids) != len(zones) {
			l.Reject(path, fmt.Sprintf("names %d subnets for %d zones", len(ids), len(zones)),
				"name one subnet for each of "+strings.Join(zones, ", ")+", in this order")
		}
	}
	l.sharedSubnet(p, path, ids)
	for i, id := range ids {
		l.checkID(fmt.Sprintf("%s[%d]", path, i), id, p.capabilities.Subnet)
		if slices.Index(ids, id) < i {
			l.Reject(fmt.Sprintf("%s[%d]", path, i), id+" is named twice", "name each subnet once")
		}
	}
}

// operators resolves the networks that operators come from. Under private access the default is the cluster's own
// network.
func (l *loader) operators(p *target) {
	if l.stack.OperatorCIDRs == nil {
		if l.stack.Access == string(cluster.Private) && !p.cluster.Network.Adopted() {
			p.cluster.OperatorCIDRs = []netip.Prefix{p.cluster.Network.CIDR}
		}
		return
	}
	for _, text := range l.stack.OperatorCIDRs {
		if cidr, err := netip.ParsePrefix(text); err == nil {
			p.cluster.OperatorCIDRs = append(p.cluster.OperatorCIDRs, cidr)
		}
	}
}

// checkOperators refuses public access without operatorCidrs, since on some clouds an empty list allows every address,
// and ranges that cover the internet.
func (l *loader) checkOperators() {
	if l.stack.Access == string(cluster.Public) && len(l.stack.OperatorCIDRs) == 0 {
		l.Reject("operatorCidrs", "public access needs the networks that may reach the control planes",
			"name the networks that operators come from, such as 203.0.113.7/32")
	}
	public := uint64(0)
	for i, text := range l.stack.OperatorCIDRs {
		path := fmt.Sprintf("operatorCidrs[%d]", i)
		cidr, ok := l.cidr(path, text)
		if ok && cidr.Bits() >= 8 && !cidr.Addr().IsPrivate() {
			public += 1 << (32 - cidr.Bits())
		}
		switch {
		case !ok:
		case cidr.Bits() == 0:
			l.Reject(
				path,
				text+" lets the whole internet reach the Talos and Kubernetes APIs",
				"name the networks that operators come from",
			)
		case cidr.Bits() < 8:
			l.Reject(path, fmt.Sprintf("%s is wider than a /8", text), "name the networks that operators come from")
		case slices.Index(l.stack.OperatorCIDRs, text) < i:
			l.Reject(path, text+" is named twice", "name each network once")
		}
	}
	// The internet in many pieces is still the internet.
	if public > 1<<24 {
		l.Reject(
			"operatorCidrs",
			fmt.Sprintf("they hold %d public addresses together, more than a /8", public),
			"name the networks that operators come from",
		)
	}
}

// cidr reads an IPv4 range: the clusters have no IPv6.
func (l *loader) cidr(path, text string) (netip.Prefix, bool) {
	cidr, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		l.Reject(path, fmt.Sprintf("%q is not a range of addresses", text), "write it like 10.0.0.0/16")
	case !cidr.Addr().Is4():
		l.Reject(path, text+" is not IPv4", "write it like 10.0.0.0/16")
	case cidr != cidr.Masked():
		l.Reject(path, text+" has host bits set", "write "+cidr.Masked().String())
	default:
		return cidr, true
	}
	return netip.Prefix{}, false
}

// checkRegions compares the regions with each other: no place twice, no address twice.
func (l *loader) checkRegions() {
	first := map[string]string{}
	for i, settings := range l.stack.Regions {
		path := fmt.Sprintf("regions[%d]", i)
		if other, twice := first[settings.Name]; twice && settings.Name != "" {
			l.Reject(
				path,
				fmt.Sprintf("%s is %s already", settings.Name, other),
				"name each region once; a second cluster there is another stack's",
			)
			continue
		}
		first[settings.Name] = path
	}
	for i, a := range l.targets {
		for _, b := range l.targets {
			l.disjoint(a, "pods", b.cluster.Network.Pods, b)
			l.disjoint(a, "services", b.cluster.Network.Services, b)
		}
		for _, b := range l.targets[:i] {
			if a.region.Name != b.region.Name {
				l.disjoint(a, "network", b.cluster.Network.CIDR, b)
			}
		}
		same := func(b target) bool { return b.settings.Endpoint == a.settings.Endpoint }
		if a.settings.Endpoint != "" && slices.ContainsFunc(l.targets[:i], same) {
			l.Reject(
				join(a.path, "endpoint"),
				a.settings.Endpoint+" is another region's already",
				"give each region a name of its own",
			)
		}
	}
}

func (l *loader) disjoint(a target, what string, taken netip.Prefix, by target) {
	if cidr := a.cluster.Network.CIDR; cidr.IsValid() && taken.IsValid() && cidr.Overlaps(taken) {
		l.Reject(
			join(a.path, "network.cidr"),
			fmt.Sprintf("%s overlaps the %s of %s, %s", cidr, what, by.region.Name, taken),
			"choose another range",
		)
	}
}

// hostNameProblem returns why the text is not a host name, in words that follow the text; empty if it is one.
func hostNameProblem(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return "is an address, not a name"
	}
	if len(validation.IsDNS1123Subdomain(name)) > 0 {
		return "is not a host name in lower case, without scheme and port"
	}
	// Resolvers read 127.1 and 0x7f.1 as addresses: https://url.spec.whatwg.org/#ends-in-a-number-checker
	if _, err := strconv.ParseUint(name[strings.LastIndex(name, ".")+1:], 0, 64); err == nil {
		return "ends in a number, as an address does"
	}
	if !strings.Contains(name, ".") {
		return "has no domain"
	}
	return ""
}
