package aws

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of names.
const (
	zoneType   = "aws:route53/zone:Zone"
	recordType = "aws:route53/record:Record"
)

func createZone(c *schema.Call) error {
	if err := checkZoneNetworks(c); err != nil {
		return err
	}
	for _, other := range c.Store.List(zoneType, "") {
		for _, network := range other.State.Objects("vpcs") {
			if other.State.String("name") == c.State.String("name") &&
				slices.Contains(zoneNetworks(c.State), network.String("vpcId")) {
				return fmt.Errorf("ConflictingDomainExists: The VPC %s has already been associated with the hosted "+
					"zone %s with the same domain name", network.String("vpcId"), other.ID)
			}
		}
	}
	c.ID = "Z" + strings.ToUpper(c.Store.Hash(c.URN, 20))
	c.State["zoneId"], c.State["arn"] = c.ID, "arn:aws:route53:::hostedzone/"+c.ID
	servers := []string{"ns-0.awsdns-00.com", "ns-1024.awsdns-00.org", "ns-1536.awsdns-00.co.uk",
		"ns-512.awsdns-00.net"}
	c.State["nameServers"] = store.List(servers...)
	return nil
}

func zoneNetworks(zone store.Values) []string {
	var networks []string
	for _, network := range zone.Objects("vpcs") {
		networks = append(networks, network.String("vpcId"))
	}
	return networks
}

func checkZoneNetworks(c *schema.Call) error {
	for _, network := range c.State.Objects("vpcs") {
		region := network.String("vpcRegion")
		if region == "" {
			region = c.Region
		}
		if c.Store.Get(vpcType, region, network.String("vpcId")) == nil {
			return fmt.Errorf("InvalidVPCId: The VPC %s in region %s that you provided is not authorized to make "+
				"the association", network.String("vpcId"), region)
		}
	}
	return nil
}

func deleteZone(c *schema.Call) error {
	records := c.Store.Select(func(r *store.Resource) bool {
		return r.Type == recordType &&
			r.State.String("zoneId") == c.ID
	})
	if len(records) > 0 && !c.State.Bool("forceDestroy") {
		return fmt.Errorf("HostedZoneNotEmpty: The specified hosted zone contains non-required resource record "+
			"sets and so cannot be deleted: %s", names(records))
	}
	for _, record := range records {
		c.Store.Remove(record)
	}
	return nil
}

func checkRecord(c *schema.Call) []schema.Problem {
	if c.Inputs.Has("records") && !c.Inputs.Has("ttl") {
		return schema.Refuse("ttl", "must be given with records")
	}
	return nil
}

func createRecord(c *schema.Call) error {
	zone := c.Store.Get(zoneType, "", c.State.String("zoneId"))
	if zone == nil {
		return fmt.Errorf("NoSuchHostedZone: No hosted zone found with ID: %s", c.State.String("zoneId"))
	}
	name, domain := strings.ToLower(strings.TrimSuffix(c.State.String("name"),
		".")), strings.TrimSuffix(zone.State.String("name"), ".")
	if name == "" {
		name = domain
	} else if name != domain && !strings.HasSuffix(name, "."+domain) {
		name += "." + domain
	}
	c.State["fqdn"] = name
	kind := c.State.String("type")
	for _, other := range c.Store.List(recordType, "") {
		taken := other.State.String("zoneId") == zone.ID && other.State.String("fqdn") == name
		if taken && other.State.String("type") == kind && !c.State.Bool("allowOverwrite") {
			return fmt.Errorf("InvalidChangeBatch: [Tried to create resource record set [name='%s.', type='%s'] "+
				"but it already exists]", name, kind)
		}
		if taken && other.State.String("type") != kind && (kind == "CNAME" || other.State.String("type") == "CNAME") {
			return fmt.Errorf("InvalidChangeBatch: [RRSet of type %s with DNS name %s. is not permitted as it "+
				"conflicts with other records with the same DNS name]", kind, name)
		}
	}
	if kind == "CNAME" && name == domain {
		return fmt.Errorf("InvalidChangeBatch: [RRSet of type CNAME with DNS name %s. is not permitted at apex in "+
			"zone %s.]", name, domain)
	}
	c.ID = fmt.Sprintf("%s_%s_%s", zone.ID, name, kind)
	return updateRecord(c)
}

func updateRecord(c *schema.Call) error {
	for _, value := range c.State.Strings("records") {
		if address, err := netip.ParseAddr(value); c.State.String("type") == "A" && (err != nil || !address.Is4()) {
			return fmt.Errorf("InvalidChangeBatch: [Invalid Resource Record: 'FATAL problem: "+
				"ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '%s']", value)
		}
	}
	for _, alias := range c.State.Objects("aliases") {
		loadBalancer := loadBalancerNamed(c.Store, alias.String("name"))
		if loadBalancer == nil || loadBalancer.State.String("zoneId") != alias.String("zoneId") {
			return fmt.Errorf("InvalidChangeBatch: [Tried to create an alias that targets %s, type %s in zone %s, "+
				"but the alias target name does not lie within the target "+
				"zone]", alias.String("name"), c.State.String("type"), alias.String("zoneId"))
		}
	}
	return nil
}

// loadBalancerNamed returns the load balancer to which a public name leads.
func loadBalancerNamed(st *store.Store, name string) *store.Resource {
	return st.Find(loadBalancerType, "", func(r *store.Resource) bool {
		return strings.EqualFold(r.State.String("dnsName"), strings.TrimSuffix(name, "."))
	})
}
