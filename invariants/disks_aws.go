package invariants

import (
	"strings"
)

var awsDiskKeysBreaks = []Breakage{
	set(awsKey, "-disks", false, "enableKeyRotation"), set(awsInstance, "", "gp2", "rootBlockDevice", "volumeType"),
	set(awsInstance, "", []any{map[string]any{"encrypted": true}}, "ebsBlockDevices"),
	set(awsInstance, "", "other", "rootBlockDevice", "kmsKeyId"),
	set(awsInstance, "", "other", "rootBlockDevice", "kmsKeyId").in("own-key"),
	set(awsInstance, "", "other", "rootBlockDevice", "kmsKeyId").in("staging"),
	set(awsTemplate, "", "/dev/sda1", "blockDeviceMappings", 0, "deviceName").in(awsGroups),
	set(awsTemplate, "", "other", "blockDeviceMappings", 0, "ebs", "kmsKeyId").in(awsGroups),
	add(awsKey, "inferadb-staging-nyc1-disks", map[string]any{"enableKeyRotation": true}).in("own-key"),
}

func awsDiskKeys(g *Graph, v *Violations) {
	own := g.says("encryptionKey") == awsOwnKey || strings.Contains(g.says("regions"), awsOwnKey)
	key := ""
	for _, r := range g.ofType(awsKey) {
		v.equal("true", r.Text("enableKeyRotation"), r, "whether it is rotated")
		if strings.HasSuffix(r.Name, "-disks") {
			key = r.Name
			v.unless(!own, r, "stands beside the customer's own key")
		}
	}
	checkKey := func(r *Resource, id string) {
		switch {
		case own:
			v.equal(awsOwnKey, id, r, "its key")
		case key != "":
			v.unless(strings.Contains(id, "-disks"), r, "has another key: %s", id)
		default:
			v.equal("", id, r, "its key")
		}
	}
	for _, r := range g.ofType(awsInstance) {
		v.equal("gp3", r.Text("rootBlockDevice", "volumeType"), r, "the type of its disk")
		v.unless(!r.has("ebsBlockDevices"), r, "has more disks")
		checkKey(r, r.Text("rootBlockDevice", "kmsKeyId"))
	}
	for _, r := range g.ofType(awsTemplate) {
		v.equal(1, r.items("blockDeviceMappings"), r, "number of its disks")
		v.equal("/dev/xvda", r.Text("blockDeviceMappings", 0, "deviceName"), r, "the image's root device")
		checkKey(r, r.Text("blockDeviceMappings", 0, "ebs", "kmsKeyId"))
	}
}
