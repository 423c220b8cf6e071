package invariants

import (
	"strings"
)

func awsNamesFit(g *Graph, v *Violations) {
	// Pulumi appends a dash and seven characters to the logical name.
	const suffix = 8
	limits := map[string]int{
		awsBalancer: 32, awsTargetGroup: 32, awsRole: 64, "aws:iam/instanceProfile:InstanceProfile": 128, awsRule: 64,
		awsQueue: 80,
		awsTopic: 256, awsPolicy: 128, awsTemplate: 128, awsScalingGroup: 255, awsSecurityGroup: 255,
		"aws:kms/alias:Alias": 256,
	}
	for _, r := range g.all() {
		if limit, ok := limits[r.Type]; ok {
			v.unless(len(r.Name)+suffix <= limit, r, "is longer than %d with Pulumi's suffix", limit)
		}
		v.unless(!r.has("name") || !strings.HasPrefix(r.Type, "aws:lb/"), r,
			"has a fixed name: its replacement would fail")
	}
}

// awsNamedAndOwned is about the tags by which people and Kubernetes' controllers know machines.
func awsNamedAndOwned(g *Graph, v *Violations) {
	check := func(r *Resource, path ...any) {
		at := func(key string) string { return r.Text(append(append([]any{}, path...), key)...) }
		v.unless(at("Name") != "", r, "has no name in %v", path)
		v.equal("owned", at("kubernetes.io/cluster/"+at("cluster")), r, "the owner's tag")
	}
	for _, r := range g.ofType(awsInstance) {
		check(r, "tags")
		check(r, "rootBlockDevice", "tags")
	}
	for _, r := range g.ofType(awsInterface) {
		check(r, "tags")
	}
	for _, r := range g.ofType(awsTemplate) {
		v.equal(3, r.items("tagSpecifications"), r, "number of kinds that it tags")
		for i := range r.items("tagSpecifications") {
			check(r, "tagSpecifications", i, "tags")
		}
	}
	for _, r := range g.ofType(awsScalingGroup) {
		tags := r.tags("tags")
		v.unless(tags["pool"] != "" && tags["Name"] != "", r, "has no tags pool and Name")
	}
}
