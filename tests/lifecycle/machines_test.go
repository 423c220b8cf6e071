package lifecycle

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEditsThatMachinesDoNotTake edits what a running machine takes with a reboot only, or never: each edit is refused
// before anything happens, and one is made after the reboots.
func TestEditsThatMachinesDoNotTake(t *testing.T) {
	pools := map[string]string{"digitalocean": doPool}
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", cloud)
			pool, ok := pools[cloud]
			if !ok {
				pool = fixedAndSpot
			}
			s.set("pools", pool)
			s.up()
			s.refusedEdit("kubernetesVersion", "1.35.2", "1.36.5", "kubernetesVersion: 1.35.2 is older than the 1.36.5 that inferadb-dev-nyc1 runs")
			s.refusedEdit("cni", "flannel", "cilium", "cni: changes the network of inferadb-dev-nyc1 from none without kube-proxy to flannel")
			s.refusedEdit("pools", strings.Replace(pool, `"count":2`, `"count":2,"taints":[{"key":"a","effect":"NoSchedule"}]`, 1), pool,
				"pools[0].taints: changes the taints of inferadb-dev-nyc1-fixed-0, inferadb-dev-nyc1-fixed-1")
			if cloud == "digitalocean" {
				s.refusedEdit("luksKey", "https://kms.example.com:4050", "nodeID",
					"luksKey: changes the encryption of the STATE volume of inferadb-dev-nyc1-control-plane-0")
			} else {
				s.refusedEdit("diskEncryption", "luks", "cloud",
					"diskEncryption: changes the encryption of the STATE volume of inferadb-dev-nyc1-control-plane-0")
			}
			s.rebootsByHand()
			s.settled()
			s.destroy()
		})
	}
}

const udevPatch = `machine: {udev: {rules: ['SUBSYSTEM=="block"']}}`

// rebootsByHand follows docs/operations.md#a-reboot-by-hand: the edit is refused, made on each node by hand, and
// acknowledged. Then it rolls the groups, and the nodes take it as it is.
func (s *stack) rebootsByHand() {
	s.t.Helper()
	patches, err := json.Marshal(map[string][]string{"all": {udevPatch}})
	require.NoError(s.t, err)
	s.refusedEdit("patches", string(patches), "{}", "patches.all[0]: changes machine.udev, which Talos applies only with a reboot, on "+
		"inferadb-dev-nyc1-control-plane-0", "on inferadb-dev-nyc1-fixed-0, inferadb-dev-nyc1-fixed-1", "docs/operations.md#change-what-needs-a-reboot")
	s.set("patches", string(patches))
	_, err = s.try(nil, "pulumi", "preview", "--non-interactive", "--color", "never")
	require.Error(s.t, err)
	steps := regexp.MustCompile(`"rebooted:[^"]*"`).FindAllString(err.Error(), -1)
	require.NotEmpty(s.t, steps)
	s.set("acknowledge", "["+strings.Join(steps, ",")+"]")
	_, err = s.try(nil, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
	require.ErrorContains(s.t, err, "can't be applied in immediate mode", "acknowledged, and not done")
	assert.NotContains(s.t, err.Error(), "Template", "no group rolls before the named nodes took it")

	talosconfig := s.path("talosconfig")
	require.NoError(s.t, os.WriteFile(talosconfig, []byte(s.pulumi("stack", "output", "talosconfig", "--show-secrets")), 0o600))
	require.NoError(s.t, os.WriteFile(s.path("patch.yaml"), []byte(udevPatch), 0o600))
	for _, r := range s.resources("--show-secrets") {
		if r["type"] != applied {
			continue
		}
		address := r["outputs"].(map[string]any)["node"].(string)
		for _, command := range [][]string{
			{"patch", "machineconfig", "--mode=staged", "--patch", "@" + s.path("patch.yaml")}, {"reboot"},
		} {
			_, err := s.try(nil, "talosctl", append([]string{"--talosconfig", talosconfig, "-n", address}, command...)...)
			require.NoError(s.t, err)
		}
	}
	s.up()
	s.nodes()
	s.set("acknowledge", "[]")
	assert.Empty(s.t, s.preview(), "the edit is made")
}

// TestAdoptedNetworksThatAreNotThere names the setting of a network or subnet that the account does not have.
func TestAdoptedNetworksThatAreNotThere(t *testing.T) {
	for cloud, test := range map[string]struct{ network, want string }{
		"aws": {`{"id":"vpc-0fedcba9876543210","subnetIds":["subnet-0fedcba9876543210","subnet-0fedcba9876543211","subnet-0fedcba9876543212"]}`,
			// The network and its subnets are looked up side by side, and the first answer is the one that is told.
			`regions\[nyc1\]\.network\.(id|subnetIds\[\d\]): cannot find (vpc|subnet)-0fedcba987654321\d in us-east-1`},
		"gcp":          {`{"id":"nobodys","subnetIds":["nobodys-machines"]}`, `regions\[nyc1\]\.network\.subnetIds\[0\]: cannot find nobodys-machines in us-east4`},
		"digitalocean": {`{"id":"0a4981aa-9653-4bd1-bef5-d6bff52042e4"}`, `regions\[nyc1\]\.network\.id: cannot find the VPC 0a4981aa-9653-4bd1-bef5-d6bff52042e4`},
	} {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", cloud)
			s.set("operatorCidrs", `["10.50.0.0/16"]`)
			s.set("regions", `[{"name":"nyc1","network":`+test.network+`}]`)
			_, err := s.try(nil, "pulumi", "preview", "--non-interactive", "--color", "never")
			require.Error(t, err)
			assert.Regexp(t, test.want, err.Error())
		})
	}
}
