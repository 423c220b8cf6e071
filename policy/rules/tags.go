package rules

import (
	"slices"
	"strings"
)

// mandatoryTags tell what a bill or an alarm is about.
var mandatoryTags = []string{"cluster", "stack", "environment", "owner", "cost-centre"}

// gcpLabelled are what carries labels besides machines and disks.
var gcpLabelled = []string{
	"gcp:compute/address:Address", "gcp:compute/globalAddress:GlobalAddress", "gcp:compute/forwardingRule:ForwardingRule",
	"gcp:compute/globalForwardingRule:GlobalForwardingRule", "gcp:kms/cryptoKey:CryptoKey",
}

var tagRules = []Rule{
	{
		Name: "machines-tagged", Invariant: 17,
		Demand: "Machines, their disks and their network interfaces carry the mandatory tags and their pool's.",
		Remedy: "add the tags",
		one:    machinesTagged,
	},
	{
		Name: "everything-tagged", Invariant: 18,
		Demand: "Whatever can be tagged carries the mandatory tags.",
		Remedy: "add the tags",
		Advice: true,
		one:    everythingTagged,
	},
}

func machinesTagged(r Resource) []finding {
	pool := append([]string{"pool"}, mandatoryTags...)
	switch {
	case isAWSInstance(r):
		disk := r.at("rootBlockDevice", "tags")
		if disk.absent() {
			disk = r.at("volumeTags")
		}
		return slices.Concat(lacks(r.at("tags"), pool), lacks(disk, pool))
	case r.Type == awsInterface:
		return lacks(r.at("tags"), pool)
	case r.Type == awsVolume:
		return lacks(r.at("tags"), mandatoryTags)
	case r.Type == awsTemplate:
		return templateTags(r, pool)
	case r.Type == gcpInstance:
		return slices.Concat(lacks(r.at("labels"), pool), lacks(r.at("bootDisk", "initializeParams", "labels"), pool))
	case isGCPTemplate(r):
		found := lacks(r.at("labels"), pool)
		for _, disk := range r.at("disks").items() {
			found = append(found, lacks(disk.at("labels"), pool)...)
		}
		return found
	case r.Type == gcpDisk, r.Type == gcpRegionalDisk:
		return lacks(r.at("labels"), mandatoryTags)
	case r.Type == doDroplet:
		return lacks(r.at("tags"), pool)
	}
	return nil
}

// templateTags: the provider's default tags do not reach what a template makes, so each kind is named.
func templateTags(r Resource, keys []string) []finding {
	specifications := r.at("tagSpecifications")
	if specifications.unknown() {
		return nil
	}
	var found []finding
	var missing []string
	for _, kind := range []string{"instance", "volume", "network-interface"} {
		i := slices.IndexFunc(specifications.items(), func(s field) bool { return s.at("resourceType").is(kind) })
		if i < 0 {
			missing = append(missing, kind)
			continue
		}
		found = append(found, lacks(specifications.items()[i].at("tags"), keys)...)
	}
	if missing != nil {
		found = append(found, specifications.problem("have nothing for "+strings.Join(missing, ", "), ""))
	}
	return found
}

func everythingTagged(r Resource) []finding {
	switch {
	case r.Type == "pulumi:providers:aws":
		return lacks(r.at("defaultTags", "tags"), mandatoryTags)
	case r.Type == "aws:autoscaling/group:Group":
		return lacks(r.at("tags"), mandatoryTags)
	case slices.Contains(gcpLabelled, r.Type):
		return lacks(r.at("labels"), mandatoryTags)
	case r.Type == "digitalocean:index/volume:Volume":
		return lacks(r.at("tags"), mandatoryTags)
	}
	return nil
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
