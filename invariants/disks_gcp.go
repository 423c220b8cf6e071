package invariants

import (
	"strings"
)

var gcpDiskKeysBreaks = []Breakage{
	set(gcpKey, "", nil, "rotationPeriod"), remove(gcpGrant, ""), set(gcpGrant, "", "other", "member"),
	set(gcpInstance, "", "other", "bootDisk", "kmsKeySelfLink"), waitForNothing(gcpInstance, ""),
	set(gcpInstance, "", "other", "bootDisk", "kmsKeySelfLink").in("own-key"), remove(gcpGrant, "").in("own-key"),
	set(gcpInstance, "", "other", "bootDisk", "kmsKeySelfLink").in("staging"),
	add(gcpGrant, "added", nil).in("staging"),
	set(gcpTemplate, "", "other", "disks", 0, "diskEncryptionKey", "kmsKeySelfLink").in(gcpGroups),
	set(gcpTemplate, "", []any{}, "disks").in(gcpGroups), add(gcpKey, "inferadb-staging-nyc1-disks", nil).in("own-key"),
}

func gcpDiskKeys(g *Graph, v *Violations) {
	var want string
	own := g.says("encryptionKey") == gcpOwnKey || strings.Contains(g.says("regions"), gcpOwnKey)
	grants, keys := g.ofType(gcpGrant), g.ofType(gcpKey)
	switch {
	case own:
		want = gcpOwnKey
		v.equal(1, len(grants), nil, "number of grants")
		v.equal(0, len(keys), nil, "number of keys beside the customer's own")
	case len(keys) > 0:
		want = "-disks-id"
		v.equal(len(keys), len(grants), nil, "number of grants")
		v.unless(keys[0].Text("rotationPeriod") != "", keys[0], "is not rotated")
	default:
		v.equal(0, len(grants), nil, "number of grants")
	}
	check := func(r *Resource, key string) {
		v.unless(strings.HasSuffix(key, want) && (key == "") == (want == ""), r, "has another key: %q", key)
		for _, grant := range grants {
			if strings.HasPrefix(r.Name, strings.TrimSuffix(grant.Name, "-disks")) && r.Type != gcpTemplate {
				v.unless(g.reaches(r, grant), r, "does not wait for the right to use the key")
			}
		}
	}
	for _, r := range g.ofType(gcpInstance) {
		check(r, r.Text("bootDisk", "kmsKeySelfLink"))
	}
	for _, r := range g.ofType(gcpTemplate) {
		v.equal(1, r.items("disks"), r, "number of its disks")
		check(r, r.Text("disks", 0, "diskEncryptionKey", "kmsKeySelfLink"))
	}
	for _, grant := range grants {
		v.equal("serviceAccount:service-123456789012@compute-system.iam.gserviceaccount.com", grant.Text("member"),
			grant,
			"whom it is for")
	}
}
