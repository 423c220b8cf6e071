package gcp

import (
	"fmt"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/site"
	"github.com/inferadb/infra/simulator/world"
)

// restart starts every machine as if it were new.
func restart(w *world.World) []site.Finding {
	var findings []site.Finding
	for _, r := range w.List(instanceType, "") {
		if r.State.Has(managerKey) {
			w.Remove(r)
			continue
		}
		c := callFor(w, r)
		err := checkMachine(c, describe(c.State))
		if err == nil {
			err = placeInstance(c, r)
		}
		if err != nil {
			w.Remove(r)
			findings = append(findings, site.Finding{Subject: r.Name, Reason: "does not start: " + err.Error()})
		}
	}
	for _, r := range w.List(autoscalerType, "") {
		if err := checkAutoscaler(callFor(w, r)); err != nil {
			findings = append(findings, site.Finding{Subject: r.Type + " " + r.Name, Reason: err.Error()})
		}
	}
	for _, r := range w.List(managerType, "") {
		if err := restartGroup(w, r); err != nil {
			findings = append(findings, site.Finding{Subject: r.Name, Reason: "starts no machine: " + err.Error()})
		}
	}
	return findings
}

// restartGroup starts a group at the size that it was given, or else by its autoscaler.
func restartGroup(w *world.World, manager *world.Resource) error {
	size := manager.Inputs.Int("targetSize")
	if !manager.Inputs.Has("targetSize") {
		scaler := w.Find(autoscalerType, manager.Region, func(r *world.Resource) bool {
			return same(r.State.String("target"), manager.ID)
		})
		if scaler == nil {
			return fmt.Errorf("it has neither a size nor an autoscaler")
		}
		size = scaler.State.Object("autoscalingPolicy").Int("minReplicas")
	}
	c := callFor(w, manager)
	if err := checkManager(c); err != nil {
		return err
	}
	template, err := find(c, templateType, manager.State.Objects("versions")[0].String("instanceTemplate"))
	if err != nil {
		return err
	}
	return group{call: c, template: template}.scale(size)
}

// callFor is an operation on a resource as it is.
func callFor(w *world.World, r *world.Resource) *catalogue.Call {
	return &catalogue.Call{
		World: w, Region: r.Region, ID: r.ID, URN: r.ID, Name: r.Name, Token: r.Type,
		State: r.State.Clone(), Inputs: r.Inputs.Clone(), Old: r.Inputs.Clone(),
		Config: world.Values{"project": Project},
	}
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
		for _, part := range backend.State.Objects("backends") {
			for _, machine := range n.inGroup(rule.Region, part.String("group")) {
				if err := n.forward(rule, backend, part.String("group"), machine); err != nil {
					findings = append(findings,
						site.Finding{Subject: rule.Name, Reason: "target " + machine.Name + " is unhealthy: " +
							err.Error()})
				}
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

// checkProbe returns why the Kubernetes API does not pass a health check: it speaks TLS and answers nobody whom it does
// not know. https://cloud.google.com/load-balancing/docs/health-check-concepts#criteria-protocol-http
func checkProbe(check *world.Resource) error {
	switch kind := check.State.String("type"); {
	case check.State.Has("httpsHealthCheck"):
		return fmt.Errorf("the health check gets the status 401, because the Kubernetes API answers nobody whom it " +
			"does not know")
	case !check.State.Has("tcpHealthCheck"):
		return fmt.Errorf("the health check speaks %s, the Kubernetes API TLS", kind)
	}
	return nil
}
