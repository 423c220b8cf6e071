package running

import (
	"fmt"
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
)

// Check compares the clusters that a stack file asks for, in its order, with those that run. The error is of type
// config.Errors and holds every edit that a running cluster would not survive. The warnings are for people. Check also
// fills in what only the state knows: EncryptionKey.Kept. applying says that the program runs for `infra apply`.
func Check(wanted []cluster.Cluster, state State, applying bool) (warnings []string, err error) {
	running, err := state.Clusters()
	if err != nil {
		return nil, err
	}
	c := &check{applying: applying}
	if len(wanted) > 0 {
		c.acknowledge = wanted[0].Acknowledged
	}
	for i, cluster := range wanted {
		was, ok := Find(running, cluster)
		if !ok {
			continue
		}
		compared := &comparison{check: c, path: fmt.Sprintf("regions[%d]", i), want: cluster, was: was}
		wanted[i].EncryptionKey.Kept = compared.keepsKey()
		compared.place()
		if !was.Bootstrapped {
			continue
		}
		for _, rule := range rules {
			rule(compared)
		}
	}
	c.upgradeUnderWay(wanted, running)
	c.removedClusters(wanted, running)
	c.unusedAcknowledgments()
	if len(c.errors) > 0 {
		return c.warnings, c.errors.Sorted()
	}
	return c.warnings, nil
}

// rules are the rules for one running cluster.
var rules = []func(*comparison){
	(*comparison).controlPlanes,
	(*comparison).cilium,
	(*comparison).bootstrapManifests,
	(*comparison).versions,
	(*comparison).talosVersion,
	(*comparison).machineConfigurations,
	(*comparison).provider,
	(*comparison).lostQuorum,
	(*comparison).project,
	(*comparison).access,
	(*comparison).ignored,
}

// check collects the refusals and warnings of all clusters.
type check struct {
	errors      config.Errors
	warnings    []string
	acknowledge []string
	used        []string
	// applying reports whether `infra apply` runs the program: it changes taints and reboots nodes itself.
	applying bool
}

func (c *check) refuse(path, problem, remedy string) {
	c.errors = append(c.errors, config.Error{Path: path, Problem: problem, Remedy: remedy})
}

func (c *check) warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf(format, args...))
}

// acknowledged reports whether the stack file says that the step was done, which makes an edit safe that would be
// refused otherwise. A step is a kind and a name: "etcd-left:inferadb-staging-nyc1-control-plane-2".
func (c *check) acknowledged(step string) bool {
	if !slices.Contains(c.acknowledge, step) {
		return false
	}
	c.used = append(c.used, step)
	return true
}

// acknowledgeWith returns the remedy's last part: how to say that the step was done.
func acknowledgeWith(step string) string {
	return fmt.Sprintf("add %q to acknowledge", step)
}

func (c *check) unusedAcknowledgments() {
	for i, step := range c.acknowledge {
		if !slices.Contains(c.used, step) {
			c.warn("acknowledge[%d]: %q allows no pending edit; remove it", i, step)
		}
	}
}

// comparison is one cluster as it runs and as the stack file describes it.
type comparison struct {
	*check
	// path of the cluster's region in the stack file: "regions[0]".
	path string
	want cluster.Cluster
	was  Cluster
}
