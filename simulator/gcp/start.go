package gcp

import (
	"fmt"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/site"
	"github.com/inferadb/infra/simulator/world"
)

// startInstance completes the state of a machine that starts anew, or returns why it does not start.
func startInstance(c *catalogue.Call) error {
	if err := checkMachine(c, describe(c.State)); err != nil {
		return err
	}
	return placeInstance(c, c.World.Get(c.Token, c.Region, c.ID))
}

// startGroup starts a group at the size that it was given, or else by its autoscaler.
func startGroup(c *catalogue.Call) error {
	size := c.Inputs.Int("targetSize")
	if !c.Inputs.Has("targetSize") {
		scaler := c.World.Find(autoscalerType, c.Region, func(r *world.Resource) bool {
			return same(r.State.String("target"), c.ID)
		})
		if scaler == nil {
			return fmt.Errorf("it has neither a size nor an autoscaler")
		}
		size = scaler.State.Object("autoscalingPolicy").Int("minReplicas")
	}
	if err := checkManager(c); err != nil {
		return err
	}
	template, err := find(c, templateType, c.State.Objects("versions")[0].String("instanceTemplate"))
	if err != nil {
		return err
	}
	return group{call: c, template: template}.scale(size)
}

// inspect looks at what stands between the machines and the world: targets of load balancers, health checks of groups.
func inspect(w *world.World) []site.Finding {
	n := newSite(w).(network)
	return append(n.targetHealth(), n.healing()...)
}

// targetHealth returns the machines to which a load balancer sends nothing.
func (n network) targetHealth() []site.Finding {
	var findings []site.Finding
	for _, membership := range n.world.List(membershipType, "") {
		machine := n.world.Get(instanceType, membership.Region, path(membership.State.String("instance")))
		group := n.world.Get(groupType, membership.Region, path(membership.State.String("instanceGroup")))
		switch {
		case machine == nil:
			findings = append(findings, site.Finding{Subject: membership.Name,
				Reason: "the group has a member that does not run"})
		case group != nil && group.State.String("zone") != machine.State.String("zone"):
			findings = append(findings, site.Finding{Subject: membership.Name,
				Reason: "All instances of a group must be in its zone, " + group.State.String("zone")})
		}
	}
	for _, rule := range n.world.List(ruleType, "") {
		proxy := n.world.Get(proxyType, rule.Region, path(rule.State.String("target")))
		if proxy == nil {
			continue
		}
		backend := n.world.Get(backendType, rule.Region, path(proxy.State.String("backendService")))
		if backend == nil {
			continue
		}
		for _, m := range n.members(rule.Region, backend) {
			if err := n.forward(rule, backend, m.group, m.machine); err != nil {
				findings = append(findings, site.Unhealthy(rule.Name, m.machine.Name, err))
			}
		}
	}
	return findings
}

// healing returns the groups that would replace their machines for ever, because a health check does not get through.
// https://cloud.google.com/compute/docs/instance-groups/autohealing-instances-in-migs
func (n network) healing() []site.Finding {
	var findings []site.Finding
	for _, manager := range n.world.List(managerType, "") {
		policy := manager.State.Object("autoHealingPolicies")
		if len(policy) == 0 {
			continue
		}
		check := n.world.Get(healthCheckType, "", path(policy.String("healthCheck")))
		for _, machine := range members(n.world, manager.Region, manager.ID) {
			if err := n.probed(check, machine); err != nil {
				findings = append(findings, site.Finding{Subject: manager.Name, Reason: "replaces " + machine.Name +
					" again and again: " + err.Error()})
			}
		}
	}
	return findings
}

// alive are the ports at which every Talos machine answers.
const apid, kubelet = 50000, 10250

// probed returns why a group's health check takes a machine for dead; nil if it does not.
func (n network) probed(check, machine *world.Resource) error {
	if check == nil {
		return fmt.Errorf("there is no such health check")
	}
	port := check.State.Object("tcpHealthCheck").Int("port")
	if port != apid && port != kubelet {
		return fmt.Errorf("the health check %s asks at TCP port %d, where no worker answers",
			check.State.String("name"), port)
	}
	for _, source := range healthCheckers {
		if err := n.passes(end{what: "the health checks of " + check.State.String("name"), address: source},
			endOf(machine), site.TCP(port)); err != nil {
			return err
		}
	}
	return nil
}

// healthCheckers are addresses of the ranges that Google's health checks come from:
// https://cloud.google.com/load-balancing/docs/health-check-concepts#ip-ranges
var healthCheckers = []string{"130.211.0.1", "35.191.0.1"}

// checkProbe returns why the Kubernetes API does not pass a health check.
// https://cloud.google.com/load-balancing/docs/health-check-concepts#criteria-protocol-http
func checkProbe(check *world.Resource) error {
	switch {
	case check.State.Has("httpsHealthCheck"):
		return site.CheckHealth("HTTPS", false)
	case !check.State.Has("tcpHealthCheck"):
		return site.CheckHealth("HTTP", false)
	}
	return nil
}
