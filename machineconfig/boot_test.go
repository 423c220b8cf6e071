package machineconfig

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What Talos or Kubernetes would refuse only on the running machine, which then never boots, never joins or joins
// without its labels.
func TestCheckRefusesWhatWouldFailOnTheMachine(t *testing.T) {
	for _, test := range failsOnTheMachine {
		t.Run(test.name, func(t *testing.T) {
			role := test.role
			if role == "" {
				role = ControlPlane
			}
			edits := append(test.edits, func(in *Input) { in.Patches = []string{test.patch} })
			err := Check(input(role, edits...))
			var patch *PatchError
			if assert.ErrorAs(t, err, &patch) {
				assert.EqualError(t, patch.Err, test.want)
			}
		})
	}
}

func luks(in *Input) { in.LUKS = true }

var failsOnTheMachine = []struct {
	name, patch, want string
	role              Role
	edits             []func(*Input)
}{
	{name: "a file outside /var", patch: `machine: {files: [{op: create, path: /etc/motd, content: a, permissions: 0o644}]}`,
		want: `machine.files: "/etc/motd": Talos creates files only below /var; choose a path there`},
	{name: "an operation that Talos does not know", patch: `machine: {files: [{op: replace, path: /var/a, content: a}]}`,
		want: `machine.files: "/var/a": Talos has no operation "replace"; use create, overwrite or append`},
	{name: "no operation", patch: `machine: {files: [{path: /var/a, content: a}]}`,
		want: `machine.files: "/var/a": Talos has no operation ""; use create, overwrite or append`},
	{name: "append to nothing", patch: `machine: {files: [{op: append, path: /var/a, content: a}]}`,
		want: `machine.files: "/var/a": a new machine has no file there to change; use create`},
	{name: "overwrite of nothing", patch: `machine: {files: [{op: overwrite, path: /etc/iscsi/iscsid.conf, content: a}]}`,
		want: `machine.files: "/etc/iscsi/iscsid.conf": Talos' image has no such file to change; choose a path below /var with create`},
	{name: "a way round /var", patch: `machine: {files: [{op: create, path: /var/../etc/motd, content: a}]}`,
		want: `machine.files: "/var/../etc/motd": this is not a clean absolute path; write it like /var/lib/example/file`},
	{name: "a label of Kubernetes", role: Worker, patch: `machine: {nodeLabels: {node-role.kubernetes.io/worker: ""}}`,
		want: `machine.nodeLabels: Kubernetes does not let a worker set on itself "node-role.kubernetes.io/worker"; use a domain of your own, or "node.kubernetes.io/worker"`},
	{name: "a label that restricts nodes", role: Worker, patch: `machine: {nodeLabels: {node-restriction.kubernetes.io/team: a}}`,
		want: `machine.nodeLabels: Kubernetes does not let a worker set on itself "node-restriction.kubernetes.io/team"; use a domain of your own, or "node.kubernetes.io/team"`},
	{name: "taints of a worker", role: Worker, patch: `machine: {nodeTaints: {gpu: "true:NoSchedule"}}`,
		want: "machine.nodeTaints: Kubernetes does not let a registered worker taint itself, and refuses its labels in the same update; set taints of the pool"},
	{name: "taints instead of the pool's", role: Worker, patch: `machine: {kubelet: {extraConfig: {registerWithTaints: [{key: a, effect: NoSchedule}]}}}`,
		want: "machine.kubelet.extraConfig.registerWithTaints: the list replaces the taints of the pool; set taints of the pool"},
	{name: "the kubelet's flag for taints", role: Worker, patch: `machine: {kubelet: {extraArgs: {register-with-taints: "a=b:NoSchedule"}}}`,
		want: "machine.kubelet.extraArgs.register-with-taints: the flag overrides what the cluster sets in the kubelet's configuration; set taints of the pool"},
	{name: "the kubelet's flag for labels", patch: `machine: {kubelet: {extraArgs: {node-labels: "a=b"}}}`,
		want: "machine.kubelet.extraArgs.node-labels: the flag overrides what the cluster sets in the kubelet's configuration; set labels of the pool, or machine.nodeLabels"},
	{name: "a flag with underscores", patch: `machine: {kubelet: {extraArgs: {image_gc_high_threshold: "90"}}}`,
		want: "machine.kubelet.extraArgs.image_gc_high_threshold: the flag overrides what the cluster sets in the kubelet's configuration; set machine.kubelet.extraConfig.imageGCHighThresholdPercent"},
	{name: "the kubelet's own configuration file", patch: `machine: {kubelet: {extraArgs: {config: /var/a}}}`,
		want: "machine.kubelet.extraArgs.config: Talos sets this flag, and does not start the process with another; remove it"},
	{name: "the API server's etcd", patch: `cluster: {apiServer: {extraArgs: {etcd-servers: "https://a:2379"}}}`,
		want: "cluster.apiServer.extraArgs.etcd-servers: Talos sets this flag, and does not start the process with another; remove it"},
	{name: "a field that the kubelet does not know", patch: `machine: {kubelet: {extraConfig: {maxPodss: 200}}}`,
		want: `machine.kubelet.extraConfig: the kubelet cannot read it: strict decoding error: unknown field "maxPodss"; the fields are those of https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1`},
	{name: "a volume without encryption", edits: []func(*Input){luks}, patch: "apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nprovisioning: {diskSelector: {match: '!system_disk'}, minSize: 1GiB}",
		want: "UserVolumeConfig data: the volume's data would not be encrypted, and diskEncryption: luks promises that they are; add encryption: {provider: luks2, keys: [{slot: 0, nodeID: {}}]}"},
	{name: "a raw volume without encryption", edits: []func(*Input){luks}, patch: "apiVersion: v1alpha1\nkind: RawVolumeConfig\nname: data\nprovisioning: {diskSelector: {match: '!system_disk'}, minSize: 1GiB}",
		want: "RawVolumeConfig data: the volume's data would not be encrypted, and diskEncryption: luks promises that they are; add encryption: {provider: luks2, keys: [{slot: 0, nodeID: {}}]}"},
	{name: "swap without encryption", edits: []func(*Input){luks}, patch: "apiVersion: v1alpha1\nkind: SwapVolumeConfig\nname: swap\nprovisioning: {diskSelector: {match: '!system_disk'}, minSize: 1GiB}",
		want: "SwapVolumeConfig swap: the volume's data would not be encrypted, and diskEncryption: luks promises that they are; add encryption: {provider: luks2, keys: [{slot: 0, nodeID: {}}]}"},
	{name: "a disk without encryption", edits: []func(*Input){luks}, patch: "machine: {disks: [{device: /dev/sdb, partitions: [{mountpoint: /var/mnt/a}]}]}",
		want: "machine.disks: Talos does not encrypt these disks, and diskEncryption: luks promises that they are; use a UserVolumeConfig with encryption"},
	{name: "an extension", patch: "machine: {install: {extensions: [{image: ghcr.io/siderolabs/gvisor:1}]}}", want: installRefused},
	{name: "kernel arguments", patch: "machine: {install: {extraKernelArgs: [mitigations=off]}}", want: installRefused},
	{name: "another installer", patch: "machine: {install: {image: ghcr.io/siderolabs/installer:v1.12.1}}", want: installRefused},
}

const installRefused = "machine.install has no effect on a cloud's image, which is installed already; set schematic to an Image Factory " +
	"schematic with the extensions and kernel arguments (docs/operations.md#system-extensions)"

func TestCheckAcceptsWhatWorksOnTheMachine(t *testing.T) {
	for name, test := range map[string]struct {
		role  Role
		patch string
		edit  func(*Input)
	}{
		"a file in /var":             {ControlPlane, `machine: {files: [{op: create, path: /var/a, content: a}, {op: append, path: /var/a, content: b}]}`, nil},
		"a file of the image":        {Worker, `machine: {files: [{op: overwrite, path: /etc/nfsmount.conf, content: a}]}`, nil},
		"containerd's configuration": {Worker, `machine: {files: [{op: create, path: /etc/cri/conf.d/20-customization.part, content: a}]}`, nil},
		"a file of an extension": {Worker, `machine: {files: [{op: overwrite, path: /etc/iscsi/iscsid.conf, content: a}]}`,
			func(in *Input) { in.Schematic = "extended" }},
		"a control plane's labels and taints": {ControlPlane, `machine: {nodeLabels: {node-role.kubernetes.io/infra: ""}, nodeTaints: {a: "b:NoSchedule"}}`, nil},
		"a worker's label":                    {Worker, `machine: {nodeLabels: {node.kubernetes.io/exclude-from-external-load-balancers: "", example.com/a: b}}`, nil},
		"another flag":                        {Worker, `machine: {kubelet: {extraArgs: {rotate-server-certificates: "true", v: "4"}}}`, nil},
		"fields of the kubelet":               {Worker, `machine: {kubelet: {extraConfig: {maxPods: 200, evictionHard: {memory.available: 5%}, shutdownGracePeriod: 30s}}}`, nil},
		"an encrypted volume": {Worker, "apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nprovisioning: {diskSelector: {match: '!system_disk'}, minSize: 1GiB}\n" +
			"encryption: {provider: luks2, keys: [{slot: 0, nodeID: {}}]}", func(in *Input) { in.LUKS = true }},
		"a directory of EPHEMERAL": {Worker, "apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nvolumeType: directory", func(in *Input) { in.LUKS = true }},
		"a volume where the cloud encrypts": {Worker,
			"apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nprovisioning: {diskSelector: {match: '!system_disk'}, minSize: 1GiB}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			assert.NoError(t, Check(input(test.role, func(in *Input) {
				in.Patches = []string{test.patch}
				if test.edit != nil {
					test.edit(in)
				}
			})))
		})
	}
}

func TestCheckNamesThePatchThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		patches []string
		index   int
	}{
		"it cannot be applied":         {[]string{"machine: {}", "machine: {sysctls: []}"}, 1},
		"two that do not fit together": {[]string{"machine: {sysctls: {a.b: c}}", "machine: {network: {hostname: a}}", "machine: {time: {disabled: false}}"}, 1},
		"the machine would not boot":   {[]string{"machine: {files: [{op: create, path: /etc/a, content: a}]}", "machine: {sysctls: {a.b: c}}"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var patch *PatchError
			assert.ErrorAs(t, Check(input(Worker, func(in *Input) { in.Patches = test.patches })), &patch)
			assert.Equal(t, test.index, patch.Index)
		})
	}
	assert.NotErrorAs(t, Check(input("nobody", func(in *Input) { in.Patches = []string{"machine: {}"} })), new(*PatchError), "no patch is to blame")
}
