package running

import "strings"

// managedKey returns the key that the cluster made for its disks, as its disks name it; empty if it made none.
func (c Cluster) managedKey() string {
	if r, ok := c.reader(); ok && r.madeKey != nil {
		return r.madeKey(c)
	}
	return ""
}

// diskKey returns the key of a machine's root disk without the version that encrypted it; empty if the cloud names
// none. AWS names the account's own key for disks of no other.
func (c Cluster) diskKey(machine Resource) string {
	r, ok := c.reader()
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(r.machine(machine).diskKey, "/cryptoKeyVersions/")
	return pathOf(name)
}

// nested returns the output at a path of property names; nil if there is none.
func nested(outputs map[string]any, path ...string) any {
	var value any = outputs
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// keepsKey reports whether the key that the cluster made has to outlive an edit that no longer asks for it. A key whose
// deletion is scheduled decrypts nothing: a machine whose disk it encrypted runs on until it stops, and never starts
// again. So the key stays until no machine, and no template of machines, names it. Volumes and snapshots that
// Kubernetes made are not in the state, so that even then it goes only by an acknowledgment.
// https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html#deleting-keys-how-it-works
func (c *comparison) keepsKey() bool {
	key := c.was.managedKey()
	if key == "" || c.want.EncryptionKey.Managed {
		return false
	}
	var users []string
	for _, node := range c.was.Nodes {
		if machine, ok := c.was.Machine(node.Name); ok && c.was.diskKey(machine) == key {
			users = append(users, node.Name)
		}
	}
	was, _ := c.was.reader()
	for _, template := range c.was.OfType(was.template) {
		if mentions(template.Outputs, key) {
			users = append(users, "the scaling group of "+template.Name)
		}
	}
	unused := "key-unused:" + c.was.Name
	switch {
	case len(users) > 0:
		c.warn("encryptionKey: %s, which %s made, stays until no disk uses it any more: it encrypts those of %s; "+
			"the steps are in %s", key, c.was.Name, strings.Join(users, ", "), keySteps)
	case c.acknowledged(unused):
		return false
	default:
		c.warn(
			"encryptionKey: %s, which %s made, encrypts no machine's disk any more, and "+
				"stays for volumes and snapshots; "+
				"to delete it, %s; the steps are in %s",
			key,
			c.was.Name,
			acknowledgeWith(unused),
			keySteps,
		)
	}
	return true
}

const keySteps = "docs/operations.md#change-the-key-of-the-disks"

// mentions reports whether a value is the key or holds it.
func mentions(value any, key string) bool {
	switch value := value.(type) {
	case string:
		name, _, _ := strings.Cut(value, "/cryptoKeyVersions/")
		return pathOf(name) == key
	case []any:
		for _, item := range value {
			if mentions(item, key) {
				return true
			}
		}
	case map[string]any:
		for _, item := range value {
			if mentions(item, key) {
				return true
			}
		}
	}
	return false
}
