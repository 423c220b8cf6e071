package digitalocean

import (
	"fmt"
	"regexp"

	. "github.com/inferadb/infra/simulator/catalogue" //lint:ignore ST1001 the tables read as tables
	"github.com/inferadb/infra/simulator/world"
)

const loadBalancerType = "digitalocean:index/loadBalancer:LoadBalancer"

var forwardingRule = Fields{
	"entryProtocol":  String(Required, OneOf("http", "https", "http2", "http3", "tcp", "udp")),
	"entryPort":      Number(Required, Between(1, 65535)),
	"targetProtocol": String(Required, OneOf("http", "https", "http2", "tcp", "udp")),
	"targetPort":     Number(Required, Between(1, 65535)),
	"certificateId":  String(Computed), "certificateName": String(Computed), "tlsPassthrough": Bool(Default(false)),
}

var healthcheck = Fields{
	"protocol": String(Required, OneOf("http", "https", "tcp")), "port": Number(Required, Between(1, 65535)), "path": String(),
	"checkIntervalSeconds": Number(Default(10.0), Between(3, 300)), "responseTimeoutSeconds": Number(Default(5.0), Between(3, 300)),
	"unhealthyThreshold": Number(Default(3.0), Between(2, 10)), "healthyThreshold": Number(Default(5.0), Between(2, 10)),
}

var loadBalancerResources = []Resource{{
	Token: loadBalancerType, Global: true,
	Name: &Autoname{Property: "name", MaxLength: 255},
	Fields: Fields{
		"name": String(Computed, MaxLength(255), Matching(hostName)), "region": String(Replaces),
		"type":    String(Computed, Replaces, OneOf("REGIONAL", "GLOBAL", "REGIONAL_NETWORK")),
		"network": String(Computed, Replaces, OneOf("EXTERNAL", "INTERNAL")), "networkStack": String(Computed, Replaces, OneOf("IPV4", "DUALSTACK")),
		"vpcUuid": String(Computed, Replaces), "size": String(OneOf("lb-small", "lb-medium", "lb-large")), "sizeUnit": Number(Computed, Between(1, 200)),
		"algorithm": String(Default("round_robin"), OneOf("round_robin", "least_connections")), "projectId": String(Computed),
		"forwardingRules": Objects(forwardingRule, Unordered, Conflicts("glbSettings")), "healthcheck": Object(healthcheck, Computed),
		"dropletIds": List(Number(), Computed, Unordered, Conflicts("dropletTag")), "dropletTag": String(Matching(tagPattern)),
		"enableProxyProtocol": Bool(Default(false)), "enableBackendKeepalive": Bool(Default(false)), "redirectHttpToHttps": Bool(Default(false)),
		"disableLetsEncryptDnsRecords": Bool(Default(false)), "httpIdleTimeoutSeconds": Number(Computed),
		"tlsCipherPolicy": String(Computed, OneOf("DEFAULT", "STRONG")),
		"stickySessions":  Object(Fields{"type": String(Default("none"), OneOf("cookies", "none")), "cookieName": String(), "cookieTtlSeconds": Number()}, Computed),
		"firewall":        Object(Fields{"allows": Strings(), "denies": Strings()}, Computed),
		"glbSettings":     Object(Fields{"targetProtocol": String(Required), "targetPort": Number(Required)}, Computed),
		"domains":         Objects(Fields{"name": String(Required)}, Computed), "targetLoadBalancerIds": Strings(Computed, Unordered),
	}.With(Outputs("ip", "ipv6", "loadBalancerUrn", "status")),
	Check: checkLoadBalancer, Create: createLoadBalancer, Update: updateLoadBalancer,
}}

var balancerRule = regexp.MustCompile(`^(ip:[0-9.]+|cidr:[0-9.]+/[0-9]+)$`)

func checkLoadBalancer(c *Call) []Problem {
	var problems []Problem
	refuse := func(property, format string, arguments ...any) {
		problems = append(problems, Problem{Property: property, Reason: fmt.Sprintf(format, arguments...)})
	}
	health := c.Inputs.Object("healthcheck")
	if path := health.String("path"); (health.String("protocol") == "tcp") == (path != "") && c.Inputs.Has("healthcheck") {
		refuse("healthcheck.path", "is required when protocol is http or https, and not allowed when it is tcp")
	}
	if !c.Inputs.Has("region") && c.Inputs.String("type") != "GLOBAL" {
		refuse("region", "must be set unless type is GLOBAL")
	}
	if !c.Inputs.Has("forwardingRules") && !c.Inputs.Has("glbSettings") {
		refuse("forwardingRules", "at least one forwarding rule must be given")
	}
	if c.Inputs.Has("size") && c.Inputs.Has("sizeUnit") {
		refuse("size", "conflicts with sizeUnit: give one of them")
	}
	if c.Inputs.String("network") == "INTERNAL" && !c.Inputs.Has("vpcUuid") {
		refuse("vpcUuid", "an INTERNAL load balancer needs the VPC that it is internal to")
	}
	for _, property := range []string{"allows", "denies"} {
		for i, rule := range c.Inputs.Object("firewall").Strings(property) {
			if !balancerRule.MatchString(rule) {
				refuse(fmt.Sprintf("firewall.%s[%d]", property, i), "%q must be written ip:1.2.3.4 or cidr:1.2.0.0/16", rule)
			}
		}
	}
	return problems
}

func createLoadBalancer(c *Call) error {
	c.ID = uuid(c)
	region := c.State.String("region")
	if err := checkRegion(region); err != nil {
		return err
	}
	vpc, err := find(c.World, vpcType, c.State.String("vpcUuid"), "VPC")
	if err != nil {
		return err
	}
	if vpc.State.String("region") != region {
		return fmt.Errorf("422 (unprocessable_entity) the VPC %s is in %s, the load balancer in %s", vpc.ID, vpc.State.String("region"), region)
	}
	for name, value := range map[string]any{
		"type": "REGIONAL", "network": "EXTERNAL", "networkStack": "IPV4", "sizeUnit": 1.0, "projectId": "default", "dropletIds": []any{},
		"httpIdleTimeoutSeconds": 60.0, "tlsCipherPolicy": "DEFAULT", "stickySessions": map[string]any{"type": "none"}, "domains": []any{},
		"targetLoadBalancerIds": []any{}, "status": "active", "ipv6": "", "loadBalancerUrn": "do:loadbalancer:" + c.ID,
	} {
		if !c.State.Has(name) {
			c.State[name] = value
		}
	}
	if c.State.String("network") == "INTERNAL" {
		if c.State["ip"], err = freeAddress(c.World, vpc); err != nil {
			return err
		}
	} else {
		c.State["ip"] = publicAddress(c.World)
	}
	return updateLoadBalancer(c)
}

func updateLoadBalancer(c *Call) error {
	if err := unique(c, "load balancer"); err != nil {
		return err
	}
	entries := map[int]bool{}
	for _, rule := range c.State.Objects("forwardingRules") {
		entry, target := rule.String("entryProtocol"), rule.String("targetProtocol")
		if entries[rule.Int("entryPort")] {
			return fmt.Errorf("422 (unprocessable_entity) two forwarding rules for port %d", rule.Int("entryPort"))
		}
		entries[rule.Int("entryPort")] = true
		if (entry == "tcp") != (target == "tcp") || (entry == "udp") != (target == "udp") {
			return fmt.Errorf("422 (unprocessable_entity) the entry protocol %s cannot be forwarded to %s", entry, target)
		}
	}
	return checkTag(c.World, c.State.String("dropletTag"))
}

// targets are the droplets behind a load balancer.
func targets(w *world.World, balancer *world.Resource) []*world.Resource {
	return w.Select(func(r *world.Resource) bool {
		return r.Type == dropletType && r.State.String("vpcUuid") == balancer.State.String("vpcUuid") &&
			(hasTag(r, balancer.State.String("dropletTag")) || listed(balancer.State["dropletIds"], r.ID))
	})
}
