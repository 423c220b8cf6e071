package gcp

import (
	"fmt"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// startInstance completes the state of a machine that starts anew, or returns why it does not start.
func startInstance(c *schema.Call) error {
	if err := checkMachine(c, describe(c.State)); err != nil {
		return err
	}
	return placeInstance(c, c.Store.Get(c.Token, c.Region, c.ID))
}

// startGroup starts a group at the size that it was given, or else by its autoscaler.
func startGroup(c *schema.Call) error {
	size := c.Inputs.Int("targetSize")
	if !c.Inputs.Has("targetSize") {
		scaler := c.Store.Find(autoscalerType, c.Region, func(r *store.Resource) bool {
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

// inspect returns the findings about what connects the machines with the outside: targets of load balancers, health
// checks of groups.
func inspect(st *store.Store) []network.Finding {
	n := newNetwork(st).(cloudNetwork)
	return append(n.targetHealth(), n.healing()...)
}

// targetHealth returns the machines to which a load balancer sends nothing.
func (n cloudNetwork) targetHealth() []network.Finding {
	var findings []network.Finding
	for _, membership := range n.store.List(membershipType, "") {
		machine := n.store.Get(instanceType, membership.Region, path(membership.State.String("instance")))
		group := n.store.Get(groupType, membership.Region, path(membership.State.String("instanceGroup")))
		switch {
		case machine == nil:
			findings = append(findings, network.Finding{Subject: membership.Name,
				Reason: "the group has a member that does not run"})
		case group != nil && group.State.String("zone") != machine.State.String("zone"):
			findings = append(findings, network.Finding{Subject: membership.Name,
				Reason: "All instances of a group must be in its zone, " + group.State.String("zone")})
		}
	}
	for _, rule := range n.store.List(ruleType, "") {
		proxy := n.store.Get(proxyType, rule.Region, path(rule.State.String("target")))
		if proxy == nil {
			continue
		}
		backend := n.store.Get(backendType, rule.Region, path(proxy.State.String("backendService")))
		if backend == nil {
			continue
		}
		for _, m := range n.members(rule.Region, backend) {
			if err := n.forward(rule, backend, m.group, m.machine); err != nil {
				findings = append(findings, network.Unhealthy(rule.Name, m.machine.Name, err))
			}
		}
	}
	return findings
}

// healing returns the groups that would replace their machines for ever, because a health check does not get through.
// https://cloud.google.com/compute/docs/instance-groups/autohealing-instances-in-migs
func (n cloudNetwork) healing() []network.Finding {
	var findings []network.Finding
	for _, manager := range n.store.List(managerType, "") {
		policy := manager.State.Object("autoHealingPolicies")
		if len(policy) == 0 {
			continue
		}
		check := n.store.Get(healthCheckType, "", path(policy.String("healthCheck")))
		for _, machine := range members(n.store, manager.Region, manager.ID) {
			if err := n.probed(check, machine); err != nil {
				findings = append(findings, network.Finding{Subject: manager.Name, Reason: "replaces " + machine.Name +
					" again and again: " + err.Error()})
			}
		}
	}
	return findings
}

// alive are the ports at which every Talos machine answers.
const apid, kubelet = 50000, 10250

// probed returns why a machine fails the health check of a group; nil if it passes.
func (n cloudNetwork) probed(check, machine *store.Resource) error {
	if check == nil {
		return fmt.Errorf("there is no such health check")
	}
	port := check.State.Object("tcpHealthCheck").Int("port")
	if port != apid && port != kubelet {
		return fmt.Errorf("the health check %s asks at TCP port %d, at which no worker listens",
			check.State.String("name"), port)
	}
	for _, source := range healthCheckers {
		if err := n.passes(end{what: "the health checks of " + check.State.String("name"), address: source},
			endOf(machine), network.TCP(port)); err != nil {
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
func checkProbe(check *store.Resource) error {
	switch {
	case check.State.Has("httpsHealthCheck"):
		return network.CheckHealth("HTTPS", false)
	case check.State.Has("tcpHealthCheck"):
		return nil
	}
	return network.CheckHealth(check.State.String("type"), false)
}
