package running

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const udev = `{"all":["machine: {udev: {rules: [a]}}"]}`

// Each edit of a running cluster's machines that would break it, or that its machines would not take.
func TestEditsOfRunningMachinesAreRefused(t *testing.T) {
	for name, test := range refusedEdits {
		t.Run(name, func(t *testing.T) {
			refused := refusals(t, stackFile(t, test.wanted...), stateOf(t, stackFile(t, test.was...)))
			for i, line := range refused {
				refused[i] = digest.ReplaceAllString(line, `:DIGEST"`)
			}
			assert.Equal(t, test.want, refused)
		})
	}
}

// refusedEdits change a running stack file, and are refused with these lines.
var refusedEdits = map[string]struct {
	was, wanted []string
	want        []string
}{
	"a patch that needs a reboot": {wanted: []string{"patches", udev}, want: []string{
		"patches.all[0]: changes machine.udev, which Talos applies only with a reboot, on inferadb-staging-nyc1-control-plane-0, " +
			"inferadb-staging-nyc1-control-plane-1, inferadb-staging-nyc1-control-plane-2; run make apply STACK=staging REBOOT=1, which reboots " +
			"one node after the other (docs/operations.md#change-what-needs-a-reboot); done by hand, add \"rebooted:inferadb-staging-nyc1-control-plane:DIGEST\" to acknowledge",
		"patches.all[0]: changes machine.udev, which Talos applies only with a reboot, on inferadb-staging-nyc1-data-0, inferadb-staging-nyc1-data-1; " +
			"run make apply STACK=staging REBOOT=1, which reboots one node after the other (docs/operations.md#change-what-needs-a-reboot); " +
			"done by hand, add \"rebooted:inferadb-staging-nyc1-data:DIGEST\" to acknowledge",
	}},
	"a patch that needed a reboot is removed": {was: []string{"patches", `{"workers":["machine: {env: {a: b}}"]}`}, want: []string{
		"patches: changes machine.env, which Talos applies only with a reboot, on inferadb-staging-nyc1-data-0, inferadb-staging-nyc1-data-1; " +
			"run make apply STACK=staging REBOOT=1, which reboots one node after the other (docs/operations.md#change-what-needs-a-reboot); " +
			"done by hand, add \"rebooted:inferadb-staging-nyc1-data:DIGEST\" to acknowledge",
	}},
	"another feature": {wanted: []string{"patches", `{"controlPlanes":["machine: {time: {disabled: false}}","machine: {features: {diskQuotaSupport: false}}"]}`}, want: []string{
		"patches.controlPlanes[1]: changes machine.features.diskQuotaSupport, which Talos applies only with a reboot, on inferadb-staging-nyc1-control-plane-0, " +
			"inferadb-staging-nyc1-control-plane-1, inferadb-staging-nyc1-control-plane-2; run make apply STACK=staging REBOOT=1, which reboots " +
			"one node after the other (docs/operations.md#change-what-needs-a-reboot); done by hand, add \"rebooted:inferadb-staging-nyc1-control-plane:DIGEST\" to acknowledge",
	}},
	"the network plugin": {wanted: []string{"cni", "flannel"}, want: []string{
		"cni: changes the network of inferadb-staging-nyc1 from none without kube-proxy to flannel with kube-proxy, and every pod that runs would lose its " +
			"connections; put it back; to change it, move the workloads to another cluster",
	}},
	"encryption":    {wanted: []string{"diskEncryption", "luks"}, want: encryptionRefused("diskEncryption", "nodeID")},
	"no encryption": {was: []string{"diskEncryption", "luks"}, want: encryptionRefused("diskEncryption", "none")},
	"another key": {was: []string{"diskEncryption", "luks"},
		wanted: []string{"diskEncryption", "luks", "luksKey", "https://kms.example.com:4050"}, want: encryptionRefused("luksKey", "https://kms.example.com:4050")},
	"the pods' range": {wanted: []string{"patches", `{"all":["cluster: {network: {podSubnets: [10.99.0.0/16]}}"]}`}, want: []string{
		"patches.all[0]: changes cluster.network.podSubnets of inferadb-staging-nyc1 from [10.151.0.0/16] to [10.99.0.0/16], which cannot be changed in a running " +
			"cluster: its services, certificates and nodes depend on it; put it back; another value needs another cluster",
	}},
	"an older Kubernetes": {wanted: []string{"kubernetesVersion", "1.34.2"}, want: []string{
		"kubernetesVersion: 1.34.2 is older than the 1.35.0 that inferadb-staging-nyc1 runs, and Kubernetes cannot go back; set 1.35.0 or a later version",
	}},
	"an older kubelet in a patch": {wanted: []string{"patches", `{"workers":["machine: {kubelet: {image: 'ghcr.io/siderolabs/kubelet:v1.34.2'}}"]}`}, want: []string{
		"patches.workers[0]: 1.34.2 is older than the 1.35.0 that inferadb-staging-nyc1 runs, and Kubernetes cannot go back; set 1.35.0 or a later version",
	}},
	"two minor versions at once": {was: []string{"kubernetesVersion", "1.33.1"}, want: []string{
		"kubernetesVersion: 1.35.0 is more than one minor version after the 1.33.1 that inferadb-staging-nyc1 runs; go through 1.34 first " +
			"(docs/operations.md#upgrade-kubernetes); if `talosctl upgrade-k8s` has upgraded the cluster already, " +
			"add \"kubernetes-upgraded:inferadb-staging-nyc1:1.35.0\" to acknowledge",
	}},
	"an older Talos": {wanted: []string{"talosVersion", "v1.11.3", "kubernetesVersion", "1.34.2"}, was: []string{"kubernetesVersion", "1.34.2"}, want: []string{
		"talosVersion: inferadb-staging-nyc1 was created with v1.12.1, and new machines of v1.11.3 cannot read its configuration; set v1.12.0 or a later version",
	}},
	"taints": {
		was:    []string{"pools", pool(`,"taints":[{"key":"old","effect":"NoSchedule"},{"key":"gpu","value":"a","effect":"NoSchedule"}]`)},
		wanted: []string{"pools", pool(`,"taints":[{"key":"gpu","value":"b","effect":"NoSchedule"}]`)}, want: []string{
			"pools[0].taints: changes the taints of inferadb-staging-nyc1-data-0, inferadb-staging-nyc1-data-1, and a kubelet sets the taints of its node only when " +
				"it registers; run make apply STACK=staging; by hand: kubectl taint nodes --overwrite -l inferadb.com/pool=data gpu=b:NoSchedule old:NoSchedule-, then add " +
				"\"tainted:inferadb-staging-nyc1-data:gpu=b:NoSchedule\" to acknowledge; or create a new pool with them",
		}},
}

var digest = regexp.MustCompile(`:[0-9a-f]{8}"`)

func pool(more string) string {
	return `[{"name":"data","size":"small","count":2,"workload":"stateful"` + more + `}]`
}

// encryptionRefused are the refusals of both volumes, of both roles.
func encryptionRefused(setting, opener string) []string {
	var lines []string
	for _, volume := range []string{"EPHEMERAL", "STATE"} {
		for _, machines := range [][]string{
			{"control-plane", "inferadb-staging-nyc1-control-plane-0, inferadb-staging-nyc1-control-plane-1, inferadb-staging-nyc1-control-plane-2"},
			{"data", "inferadb-staging-nyc1-data-0, inferadb-staging-nyc1-data-1"},
		} {
			lines = append(lines, fmt.Sprintf("%s: changes the encryption of the %s volume of %s, which is decided when the disk is formatted: "+
				"the machines would not boot again; put it back; if each of these disks opens like this already "+
				"(docs/security.md#what-opens-the-disks-lukskey), add \"encrypted:inferadb-staging-nyc1-%s:%s:%s\" to acknowledge",
				setting, volume, machines[1], machines[0], volume, opener))
		}
	}
	return lines
}

// What a running machine takes as it is is not refused, and neither is what no running machine sees.
func TestEditsThatRunningMachinesTakeAreAllowed(t *testing.T) {
	for name, test := range map[string]struct{ was, wanted []string }{
		"a kernel setting":              {wanted: []string{"patches", `{"all":["machine: {sysctls: {vm.swappiness: \"10\"}, kubelet: {extraConfig: {maxPods: 200}}}"]}`}},
		"a feature":                     {wanted: []string{"patches", `{"all":["machine: {features: {hostDNS: {enabled: true, forwardKubeDNSToHost: false}}}"]}`}},
		"labels":                        {wanted: []string{"pools", pool(`,"labels":{"tier":"gold"}`)}},
		"a new tainted pool":            {wanted: []string{"pools", `[{"name":"data","size":"small","count":2,"workload":"stateful"},{"name":"gpu","size":"small","count":1,"taints":[{"key":"a","effect":"NoSchedule"}]}]`}},
		"the next Kubernetes":           {was: []string{"kubernetesVersion", "1.34.2"}},
		"an older patch level of Talos": {wanted: []string{"talosVersion", "v1.12.0"}},
		"operators":                     {wanted: []string{"operatorCidrs", `["203.0.113.0/24"]`}},
		"the endpoint":                  {wanted: []string{"endpoint", "api.example.com"}},
		"files of a group":              {was: []string{"pools", group("")}, wanted: []string{"pools", group(`,"patches":["machine: {udev: {rules: [a]}}"]`)}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Empty(t, refusals(t, stackFile(t, test.wanted...), stateOf(t, stackFile(t, test.was...))))
		})
	}
}

func group(more string) string {
	return `[{"name":"data","size":"small","count":2,"workload":"stateful"},{"name":"web","size":"small","count":2,"spot":true` + more + `}]`
}

// What was done by hand is acknowledged for this edit only.
func TestAcknowledgedEditsOfRunningMachines(t *testing.T) {
	state := stateOf(t, stackFile(t))
	var steps string
	for _, line := range refusals(t, stackFile(t, "patches", udev), state) {
		steps += "," + regexp.MustCompile(`"rebooted:.*"`).FindString(line)
	}
	require.NotEmpty(t, steps)
	acknowledge := "[" + steps[1:] + "]"
	assert.Empty(t, refusals(t, stackFile(t, "patches", udev, "acknowledge", acknowledge), state))
	assert.Len(t, refusals(t, stackFile(t, "patches", `{"all":["machine: {udev: {rules: [b]}}"]}`, "acknowledge", acknowledge), state), 2, "another rule")

	tainted := []string{"pools", pool(`,"taints":[{"key":"gpu","value":"b","effect":"NoSchedule"}]`), "acknowledge"}
	assert.Empty(t, refusals(t, stackFile(t, append(tainted, `["tainted:inferadb-staging-nyc1-data:gpu=b:NoSchedule"]`)...), state))
	assert.Len(t, refusals(t, stackFile(t, append(tainted, `["tainted:inferadb-staging-nyc1-data:gpu=a:NoSchedule"]`)...), state), 1)

	state = stateOf(t, stackFile(t, "kubernetesVersion", "1.33.1"))
	assert.Empty(t, refusals(t, stackFile(t, "acknowledge", `["kubernetes-upgraded:inferadb-staging-nyc1:1.35.0"]`), state))
}

// The documents of a cluster are those of the Talos version that made it, whatever the stack file says today.
func TestAClusterOfAnOlderTalosIsComparedByItsOwnDocuments(t *testing.T) {
	state := stateOf(t, stackFile(t, "talosVersion", "v1.10.4", "kubernetesVersion", "1.33.1"))
	assert.Empty(t, refusals(t, stackFile(t, "kubernetesVersion", "1.34.1"), state))
}

// What the command of docs/operations.md#change-what-needs-a-reboot brings to the nodes itself is not refused to it;
// the rest is.
func TestTheApplyCommandIsRefusedNoRebootAndNoTaint(t *testing.T) {
	edited := stackFile(t, "patches", udev, "pools", pool(`,"taints":[{"key":"gpu","effect":"NoSchedule"}]`))
	require.Len(t, refusals(t, edited, stateOf(t, stackFile(t))), 3)
	assert.Empty(t, refusalsWhile(t, true, edited, stateOf(t, stackFile(t))))
	assert.Len(t, refusalsWhile(t, true, stackFile(t, "cni", "flannel"), stateOf(t, stackFile(t))), 1)
}
