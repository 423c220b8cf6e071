package config

import (
	"fmt"
	"maps"
	"net/mail"
	"slices"

	"github.com/inferadb/infra/cluster"
)

// autoscaling resolves who moves the pool between its bounds.
func (l *loader) autoscaling(path string, settings PoolSettings, pool cluster.Pool, p *target) cluster.Autoscaling {
	if !pool.Autoscaled() {
		return ""
	}
	chosen := cluster.Autoscaling(settings.Autoscaling)
	switch {
	case chosen == "" && p.capabilities.ClusterAutoscaler:
		chosen = cluster.ClusterAutoscaler
	case chosen == "":
		chosen = cluster.CPU
	case chosen == cluster.ClusterAutoscaler && !p.capabilities.ClusterAutoscaler:
		l.Reject(
			join(path, "autoscaling"),
			"cluster-autoscaler cannot move the groups of "+p.capabilities.DisplayName,
			"choose "+string(cluster.CPU),
		)
	}
	// Without a mixed policy the machines above the base are a group of their own, which must not be empty either.
	least := 1
	if pool.OnSpot() && !p.capabilities.SpotPolicy {
		least += pool.Spot.Base
	}
	if chosen == cluster.CPU && p.capabilities.ScalingGroups && pool.Min < least {
		l.Reject(
			join(path, "min"),
			fmt.Sprintf("%d can leave a group empty, and autoscaling by cpu needs a machine to measure", pool.Min),
			fmt.Sprintf("set %d or more", least),
		)
	}
	return chosen
}

// checkNodeTemplates checks that the labels and taints of each autoscaled pool fit into the tags of its group on AWS,
// which are short and few. cluster-autoscaler reads them there.
func (l *loader) checkNodeTemplates(p *target) {
	if !p.capabilities.ClusterAutoscaler {
		return
	}
	for i, pool := range p.cluster.Pools {
		if pool.Autoscaling != cluster.ClusterAutoscaler {
			continue
		}
		path, tags := fmt.Sprintf("pools[%d]", i), pool.NodeTemplateTags()
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			if len(key) > maxTagKey {
				l.Reject(
					path,
					fmt.Sprintf("cluster-autoscaler's tag %s has %d characters", key, len(key)),
					fmt.Sprintf("shorten the key by %d", len(key)-maxTagKey),
				)
			}
		}
		if len(tags) < len(pool.Labels)+len(pool.Taints) {
			l.Reject(
				join(path, "taints"),
				"cluster-autoscaler knows one taint of each key",
				"keep one effect for each key, or set count",
			)
		}
		if own := len(p.cluster.Tags) + groupTags; own+len(tags) > maxTags {
			l.Reject(
				path,
				fmt.Sprintf(
					"%d labels and taints and %d tags are more than the %d tags that a group can have",
					len(tags),
					own,
					maxTags,
				),
				fmt.Sprintf("keep at most %d together", maxTags-groupTags),
			)
		}
	}
}

// groupTags are the tags that a group has besides the cluster's and those of its node template: its name, its pool and
// its owner, two that cluster-autoscaler looks for and one that the termination handler does.
const groupTags = 6

// checkAlarmEmails looks at the addresses, and at whether there is anything to tell them.
func (l *loader) checkAlarmEmails() {
	for i, address := range l.stack.AlarmEmails {
		path := fmt.Sprintf("alarmEmails[%d]", i)
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
			l.Reject(path, fmt.Sprintf("%q is not an e-mail address", address), "write it like ops@example.com")
		}
		if slices.Index(l.stack.AlarmEmails, address) < i {
			l.Reject(path, address+" is named twice", "name each address once")
		}
	}
	spot := slices.ContainsFunc(l.targets, func(p target) bool { return p.cluster.HasSpot() })
	if len(l.stack.AlarmEmails) > 0 && len(l.targets) == len(l.stack.Regions) && !spot {
		l.Reject(
			"alarmEmails",
			"no pool of the stack is on the spot market, so there are no interruptions to report",
			"remove it, or make a pool spot",
		)
	}
}
