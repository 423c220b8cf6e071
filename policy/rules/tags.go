package rules

import (
	"slices"
	"strings"
)

// mandatoryTags tell what a bill or an alarm is about.
var mandatoryTags = []string{"cluster", "stack", "environment", "owner", "cost-centre"}

// machineTags tell which pool a machine is of, too.
var machineTags = append([]string{"pool"}, mandatoryTags...)

var tagRules = []Rule{
	{
		Name:   "machines-tagged",
		Demand: "Machines, their disks and their network interfaces carry the mandatory tags and their pool's.",
		Remedy: "add the tags",
		one:    ask(cloud.machineTagged),
	},
	{
		Name:   "everything-tagged",
		Demand: "Whatever can be tagged carries the mandatory tags.",
		Remedy: "add the tags",
		Advice: true,
		one:    ask(cloud.otherTagged),
	},
}

// lacks says which keys are missing from tags.
func lacks(tags field, keys []string) []finding {
	if tags.unknown() {
		return nil
	}
	missing := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return hasTag(tags, key) })
	if len(missing) == 0 {
		return nil
	}
	return []finding{tags.problem("lack "+strings.Join(missing, ", "), "")}
}

// hasTag reads each of the forms that tags have: a map, words such as pool:workers, or entries with a key.
func hasTag(tags field, key string) bool {
	if tags.value.IsObject() {
		return tags.at(key).present()
	}
	return slices.ContainsFunc(tags.items(), func(tag field) bool {
		return tag.unknown() || strings.HasPrefix(tag.text(), key+":") || tag.value.IsObject() && tag.at("key").is(key)
	})
}

// clusterOf is the cluster that a machine's or disk's tags name.
func clusterOf(r Resource) string {
	for _, tags := range []field{r.at("tags"), r.at("labels"), r.at("tagSpecifications")} {
		if items := tags.items(); len(items) > 0 {
			tags = items[0].at("tags")
		}
		if cluster := tags.at("cluster"); cluster.present() {
			return cluster.text()
		}
	}
	return ""
}

// environmentOf is what a resource's tags say, in the form of each cloud.
func environmentOf(r Resource) string {
	for _, tags := range []field{r.at("tags"), r.at("labels"), r.at("defaultTags", "tags")} {
		if at := tags.at("environment"); at.present() {
			return at.text()
		}
		for _, tag := range tags.items() {
			if environment, ok := strings.CutPrefix(tag.text(), "environment:"); ok {
				return environment
			}
		}
	}
	return ""
}
