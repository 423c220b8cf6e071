package running

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The sections of docs/operations.md with the steps from what runs to what the stack file asks for.
const (
	sizeSteps = "docs/operations.md#change-the-size-of-control-planes"
	poolSteps = "docs/operations.md#exchange-a-pool"
)

// expectation has the values of the stack file for a named node, and their paths.
type expectation struct {
	// path of the size, and of the pool, which is empty for control planes.
	size, pool string
	machine    string
	diskGiB    int
	zones      []string
	// steps is the section with the steps to another size, zone or disk size.
	steps string
}

// difference is one setting in which running machines differ from the stack file.
type difference struct {
	path, what, was, want, steps string
	nodes                        []string
}

// ignored warns of what an update leaves as it is on running machines: their type, zone, disk and its key. Each of
// these would stop or replace the machines, all at the same time. The cloud components ignore the same properties.
func (c *comparison) ignored() {
	if c.was.Provider() != c.want.Provider {
		return
	}
	var found []difference
	for _, node := range c.was.Nodes {
		machine, ok := c.was.Machine(node.Name)
		expected, wanted := c.expect(node)
		if !ok || !wanted {
			continue
		}
		for _, d := range c.differences(machine, expected) {
			same := func(other difference) bool {
				return other.path == d.path && other.was == d.was &&
					other.want == d.want
			}
			if i := slices.IndexFunc(found, same); i >= 0 {
				found[i].nodes = append(found[i].nodes, node.Name)
				continue
			}
			d.nodes = []string{node.Name}
			found = append(found, d)
		}
	}
	for _, d := range found {
		c.warn(
			"%s: the %s of %s stays %s; the stack file asks for %s, which new machines get. An "+
				"update never changes it on a "+
				"running machine; the steps are in %s",
			d.path,
			d.what,
			strings.Join(d.nodes, ", "),
			d.was,
			d.want,
			d.steps,
		)
	}
}

// expect returns what the stack file says of the node; false if it does not ask for the node any more.
func (c *comparison) expect(node Node) (expectation, bool) {
	if node.ControlPlane {
		planes := c.want.ControlPlanes
		return expectation{size: "controlPlaneSize", machine: planes.Machine.Name, steps: sizeSteps},
			slices.Contains(controlPlaneNames(c.want), node.Name)
	}
	for i, pool := range c.want.Pools {
		for number := range pool.Min {
			if !pool.InScalingGroup() && node.Name == fmt.Sprintf("%s-%s-%d", c.want.Name, pool.Name, number) {
				path := fmt.Sprintf("pools[%d]", i)
				return expectation{
					size: path + ".size", pool: path, machine: pool.Machine.Name, diskGiB: pool.DiskGiB,
					zones: pool.Zones, steps: poolSteps,
				}, true
			}
		}
	}
	return expectation{}, false
}

// differences returns how a machine differs from the stack file.
func (c *comparison) differences(machine Resource, want expectation) []difference {
	var all []difference
	reader, ok := c.was.reader()
	if !ok {
		return nil
	}
	is := reader.machine(machine)
	if is.diskGiB > 0 && want.diskGiB > 0 && is.diskGiB != want.diskGiB {
		all = append(all, difference{path: want.pool + ".diskGiB", what: "disk", was: fmt.Sprintf("%d GiB", is.diskGiB),
			want: fmt.Sprintf("%d GiB", want.diskGiB), steps: want.steps})
	}
	if is.size != "" && is.size != want.machine {
		all = append(
			all,
			difference{path: want.size, what: "machine type", was: is.size, want: want.machine, steps: want.steps},
		)
	}
	if is.zone != "" && len(want.zones) > 0 && !slices.Contains(want.zones, is.zone) {
		all = append(
			all,
			difference{
				path:  want.pool + ".zones",
				what:  "zone",
				was:   is.zone,
				want:  strings.Join(want.zones, " or "),
				steps: want.steps,
			},
		)
	}
	return append(all, c.keyDifference(reader, machine)...)
}

// keyDifference compares the key of a machine's disk with the one that the stack file asks for.
func (c *comparison) keyDifference(reader reader, machine Resource) []difference {
	const ofTheCloud = "the cloud's own key"
	was, managed, key := c.was.diskKey(machine), c.was.managedKey(), c.want.EncryptionKey
	want, words := key.ID, key.ID
	switch {
	case key.Managed:
		want, words = managed, cmp.Or(managed, "a key that this update makes")
	case key.ID == "":
		words = ofTheCloud
	}
	unknown := key.ID == "" && !key.Managed && reader.namesOwnKey && was != managed
	if unknown || was == want && was != "" || was == "" && words == ofTheCloud || reader.madeKey == nil {
		return nil
	}
	return []difference{
		{path: "encryptionKey", what: "disk key", was: cmp.Or(was, ofTheCloud), want: words, steps: keySteps},
	}
}
