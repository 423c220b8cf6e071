package aws

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// startGroup starts a group's machines.
func startGroup(c *schema.Call) error {
	g, err := newGroup(c)
	if err != nil {
		return err
	}
	return g.scale(c.State.Int("desiredCapacity"))
}

// runInstance holds a machine against what RunInstances refuses.
func runInstance(c *schema.Call) error {
	if id := c.State.String(interfaceKey); id != "" {
		nic, err := find(c, interfaceType, id, "InvalidNetworkInterfaceID.NotFound", "networkInterface ID")
		if err != nil {
			return err
		}
		c.State["subnetId"], c.State["vpcSecurityGroupIds"] = nic.State["subnetId"], nic.State["securityGroups"]
		c.State["privateIp"] = nic.State["privateIp"]
	}
	if err := checkZone(c); err != nil {
		return err
	}
	return updateInstance(c)
}

// inspect returns the findings about what connects the machines with the outside: targets of load balancers,
// credentials, events.
func inspect(st *store.Store) []network.Finding {
	n := newNetwork(st).(cloudNetwork)
	findings := append(n.targetHealth(), n.credentials()...)
	return slices.Concat(findings, n.interruptions(), n.silentAlarms())
}

// targetHealth returns the targets to which a load balancer sends nothing.
func (n cloudNetwork) targetHealth() []network.Finding {
	var findings []network.Finding
	for _, listener := range n.store.List(listenerType, "") {
		loadBalancer := n.store.Get(loadBalancerType, listener.Region, listener.State.String("loadBalancerArn"))
		if loadBalancer == nil {
			continue
		}
		if err := n.fragments(loadBalancer); err != nil {
			findings = append(findings, network.Finding{Subject: loadBalancer.Name, Reason: err.Error()})
		}
		for _, attachment := range n.store.List(attachmentType, listener.Region) {
			id := attachment.State.String("targetGroupArn")
			group := n.store.Get(targetGroupType, listener.Region, id)
			if group == nil || !slices.Contains(forwardsTo(listener), id) {
				continue
			}
			if _, err := n.forward(source{}, loadBalancer, group, attachment, listener.State.Int("port")); err != nil {
				findings = append(findings, network.Unhealthy(loadBalancer.Name, attachment.Name, err))
			}
		}
	}
	return findings
}

// fragments returns why a load balancer never learns that its packets are too large for the way to a client, such as a
// tunnel: the client then hangs at the first large answer.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html#path_mtu_discovery
func (n cloudNetwork) fragments(loadBalancer *store.Resource) error {
	const unreachable = 3
	groups := loadBalancer.State.Strings("securityGroups")
	if len(groups) == 0 {
		return nil
	}
	client := n.clientAddress(source{}, loadBalancer.Region, loadBalancer.State.String("vpcId"))
	if err := n.askFirewall(ingressType, loadBalancer.Region, groups, nil, client,
		network.ICMP(unreachable)); err != nil {
		return fmt.Errorf("path MTU: large answers to the operator may be lost: %w", err)
	}
	return nil
}

// checkHealth returns why a control plane does not pass a target group's health check, or gets no packets of its kind.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
func checkHealth(loadBalancer, group, machine *store.Resource, st *store.Store) error {
	zone := interfaceOf(st, machine).subnet
	served := slices.ContainsFunc(loadBalancer.State.Strings("subnets"), func(id string) bool {
		ours, theirs := st.Get(subnetType, loadBalancer.Region, id), st.Get(subnetType, loadBalancer.Region, zone)
		return ours != nil && theirs != nil &&
			ours.State.String("availabilityZone") == theirs.State.String("availabilityZone")
	})
	if !served {
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#availability-zones
		return fmt.Errorf("the load balancer has no subnet in its zone")
	}
	health := group.State.Object("healthCheck")
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
	protocol := cmp.Or(health.String("protocol"), "TCP")
	return network.CheckHealth(protocol, strings.Contains(health.String("matcher"), "401"))
}

// silentAlarms returns the alarms that their topic refuses. A topic without a policy accepts those of its account.
// https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
func (n cloudNetwork) silentAlarms() []network.Finding {
	var findings []network.Finding
	for _, alarm := range n.store.List(alarmType, "") {
		for _, action := range alarm.State.Strings("alarmActions") {
			policy := n.store.Get(topicPolicyType, alarm.Region, action)
			asks := request{action: "sns:Publish", resource: action, service: "cloudwatch.amazonaws.com",
				source: alarm.State.String("arn")}
			if policy != nil && !allows(policy.State.String("policy"), asks) {
				findings = append(findings, network.Finding{Subject: alarm.Name,
					Reason: "CloudWatch may not publish to " + action})
			}
		}
	}
	return findings
}

// credentials returns the machines that have no credentials although they were given a profile.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html
func (n cloudNetwork) credentials() []network.Finding {
	var findings []network.Finding
	for _, profile := range n.store.List(profileType, "") {
		role := n.store.Get(roleType, "", profile.State.String("role"))
		if role != nil && !allows(role.State.String("assumeRolePolicy"),
			request{action: "sts:AssumeRole", service: "ec2.amazonaws.com"}) {
			findings = append(findings, network.Finding{Subject: profile.Name,
				Reason: "machines have no credentials: EC2 may not assume the role " + role.ID})
		}
	}
	return findings
}
