package invariants

import (
	"fmt"
	"slices"
	"strings"
)

// gcpNoProjectAccess checks that nodes have neither a serial console nor the SSH keys of the project.
func gcpNoProjectAccess(g *Graph, v *Violations) {
	for _, r := range g.ofType(gcpInstance, gcpTemplate) {
		v.equal("FALSE", r.Text("metadata", "serial-port-enable"), r, "whether it has a console")
		v.equal("TRUE", r.Text("metadata", "block-project-ssh-keys"), r, "whether it takes no keys of the project")
	}
}

var gcpSpotBreaks = []Breakage{
	set(gcpTemplate, "-spot", "STANDARD", "scheduling", "provisioningModel").in("staging"),
	set(gcpTemplate, "-spot", false, "scheduling", "preemptible").in("staging"),
	set(gcpTemplate, "-spot", true, "scheduling", "automaticRestart").in("staging"),
	set(gcpTemplate, "-spot", "MIGRATE", "scheduling", "onHostMaintenance").in("staging"),
	set(gcpTemplate, "-spot", "DELETE", "scheduling", "instanceTerminationAction").in("staging"),
	set(gcpTemplate, "-on-demand", "SPOT", "scheduling", "provisioningModel").in("staging"),
	set(gcpManager, "-spot", 3, "targetSize").in("staging"), remove(gcpManager, "-on-demand").in("staging"),
}

func gcpSpot(g *Graph, v *Violations) {
	for _, r := range g.ofType(gcpTemplate) {
		want := map[string]string{"provisioningModel": "STANDARD", "preemptible": "", "automaticRestart": "true",
			"onHostMaintenance":         "MIGRATE",
			"instanceTerminationAction": ""}
		if strings.HasSuffix(r.Name, "-spot") {
			want = map[string]string{"provisioningModel": "SPOT", "preemptible": "true", "automaticRestart": "false",
				"onHostMaintenance": "TERMINATE", "instanceTerminationAction": "STOP"}
		}
		for property, value := range want {
			v.equal(value, r.Text("scheduling", property), r, property)
		}
	}
	// Staging's only pool has one machine on demand, the others on the market.
	if g.Environment == "staging" && g.says("pools") == "" {
		for _, cluster := range g.clusters() {
			var sizes []string
			for _, r := range ofCluster(g.ofType(gcpManager), cluster.Name) {
				sizes = append(sizes, strings.TrimPrefix(r.Name, cluster.Name+"-")+" "+r.Text("targetSize"))
			}
			v.sameItems([]string{"workers-on-demand 1", "workers-spot 2"}, sizes, cluster, "its groups")
		}
	}
}

var gcpPreemptionsBreaks = []Breakage{
	remove(gcpMetric, "").in(gcpGroups),
	set(gcpAlert, "", "x", "conditions", 0, "conditionMatchedLog", "filter").in(gcpGroups),
	alterAll(gcpAlert, "", "are missing", func(r *Resource) { r.Type += "s" }).in(gcpGroups),
	set(gcpAlert, "", nil, "alertStrategy").in(gcpGroups),
	set(gcpAlert, "", []any{"other"}, "notificationChannels").in(gcpGroups),
	set(gcpChannel, "", "other@example.com", "labels", "email_address").in(gcpGroups),
	set(gcpAutoscaler, "", 0.9, "autoscalingPolicy", "cpuUtilization", "target").in(gcpGroups),
	set(gcpAutoscaler, "", 0, "autoscalingPolicy", "minReplicas").in(gcpGroups),
}

func gcpPreemptions(g *Graph, v *Violations) {
	alerts, metrics := g.ofType(gcpAlert), g.ofType(gcpMetric)
	for _, r := range g.ofType(gcpManager) {
		v.unless(!strings.HasSuffix(r.Name, "-spot") || len(alerts) > 0, r, "is reclaimed unheard")
	}
	v.equal(len(alerts), len(metrics), nil, "number of metrics")
	emails := g.says("alarmEmails")
	for i, r := range alerts[:min(len(alerts), len(metrics))] {
		filter := r.Text("conditions", 0, "conditionMatchedLog", "filter")
		v.equal(metrics[i].Text("filter"), filter, r, "its filter")
		v.unless(strings.Contains(filter, `protoPayload.methodName="compute.instances.preempted"`), r,
			"does not see preemptions")
		v.unless(strings.Contains(filter, `"/instances/`+strings.TrimSuffix(r.Name, "preemptions")+`"`), r,
			"counts machines of others")
		v.unless(r.Text("alertStrategy", "notificationRateLimit", "period") != "", r, "has no limit")
		if emails == `["ops@example.com"]` {
			v.equal(g.clusterOf(r)+"-alarms-ops@example.com-id", r.Text("notificationChannels", 0), r, "whom it tells")
		}
	}
	for _, r := range g.ofType(gcpChannel) {
		v.equal(emails, fmt.Sprintf("[%q]", r.Text("labels", "email_address")), r, "its address")
	}
	for _, r := range g.ofType(gcpAutoscaler) {
		v.equal("0.6", r.Text("autoscalingPolicy", "cpuUtilization", "target"), r, "its target")
		v.unless(r.Text("autoscalingPolicy", "minReplicas") != "0", r, "has no machine, and so no load")
	}
}

var gcpSizesBreaks = []Breakage{
	heedChanges(gcpManager, "-spot").in(gcpGroups), remove(gcpAutoscaler, "").in(gcpGroups),
	set(gcpAutoscaler, "-burst-spot", 8, "autoscalingPolicy", "maxReplicas").in("pools"),
	set(gcpAutoscaler, "-steady-on-demand", 1, "autoscalingPolicy", "minReplicas").in("pools"),
}

// gcpSizes checks that updates ignore the size of autoscaled groups, which they would otherwise reset, and that a spot
// pool always has its on-demand base.
func gcpSizes(g *Graph, v *Violations) {
	for _, r := range g.ofType(gcpManager) {
		bounded := g.named(gcpAutoscaler, r.Name) != nil
		v.equal(bounded, slices.Contains(r.IgnoreChanges, "targetSize"), r, "whether changes of the size are ignored")
	}
	if g.pool("steady") == nil || g.pool("burst") == nil {
		return
	}
	for _, cluster := range g.clusters() {
		var bounds []string
		for _, r := range ofCluster(g.ofType(gcpAutoscaler), cluster.Name) {
			bounds = append(bounds, fmt.Sprintf("%s %s to %s", strings.TrimPrefix(r.Name, cluster.Name+"-"),
				r.Text("autoscalingPolicy", "minReplicas"), r.Text("autoscalingPolicy", "maxReplicas")))
		}
		v.sameItems([]string{"steady-on-demand 2 to 4", "burst-spot 1 to 6"}, bounds, cluster, "its bounds")
	}
}
