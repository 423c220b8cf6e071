package rules

import (
	"slices"
	"strings"
)

// mandatoryTags are the tags by which bills and alarms are assigned.
var mandatoryTags = []string{"cluster", "stack", "environment", "owner", "cost-centre"}

// machineTags are the tags of machines, which also name the pool.
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

// missingTags returns a violation that names the keys which the tags do not have.
func missingTags(tags field, keys []string) []violation {
	if tags.isUnknown() {
		return nil
	}
	missing := slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		_, ok := tagAt(tags, key)
		return ok
	})
	if len(missing) == 0 {
		return nil
	}
	return []violation{tags.violation("lack "+strings.Join(missing, ", "), "")}
}

// tagOf returns the value of a resource's tag; empty if it has none. It looks wherever a cloud keeps tags: a launch
// template's are those of the machines that it starts.
func tagOf(r Resource, key string) string {
	template := r.at("tagSpecifications")
	if items := template.items(); len(items) > 0 {
		template = items[0].at("tags")
	}
	for _, tags := range []field{r.at("tags"), r.at("labels"), r.at("defaultTags", "tags"), template} {
		if value, ok := tagAt(tags, key); ok {
			return value
		}
	}
	return ""
}

// tagAt returns the value of a tag and whether there is one. Clouds write tags as a map, as words such as pool:workers,
// or as entries with a key and a value. One that is known only after the update may be any, and has no value yet.
func tagAt(tags field, key string) (value string, ok bool) {
	if tags.value.IsObject() {
		return tags.at(key).text(), tags.at(key).isSet()
	}
	for _, tag := range tags.items() {
		if word, found := strings.CutPrefix(tag.text(), key+":"); found {
			return word, true
		}
		if tag.value.IsObject() && tag.at("key").is(key) {
			return tag.at("value").text(), true
		}
	}
	return "", slices.ContainsFunc(tags.items(), field.isUnknown)
}
