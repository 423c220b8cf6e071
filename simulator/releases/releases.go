// Package releases knows which images of Talos Linux the clouds can have.
package releases

import "fmt"

// The minor versions of Talos 1 that the simulator knows: https://github.com/siderolabs/talos/releases.
const oldest, newest = 8, 14

// patches is more than any minor version has had. Patches appear every few weeks, so their number is no reason to
// refuse one.
const patches = 30

// Exists reports whether there can be a release v1.<minor>.<patch>.
func Exists(minor, patch int) bool {
	return minor >= oldest && minor <= newest && patch >= 0 && patch < patches
}

// All returns the releases, the oldest first: "v1.8.0".
func All() []string {
	var all []string
	for minor := oldest; minor <= newest; minor++ {
		for patch := range patches {
			all = append(all, fmt.Sprintf("v1.%d.%d", minor, patch))
		}
	}
	return all
}
