package running

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
	talosconfig "github.com/siderolabs/talos/pkg/machinery/config"
)

// kubernetesVersion refuses to lower the version of a running cluster, and to skip one. Kubernetes cannot go back, and
// its control plane is upgraded minor by minor: https://kubernetes.io/releases/version-skew-policy/#kube-apiserver
func (c *comparison) kubernetesVersion(m machines) {
	wanted := machineconfig.KubernetesVersions(m.config)
	for _, program := range slices.Sorted(maps.Keys(wanted)) {
		want := wanted[program]
		read := func(p talosconfig.Provider) string { return machineconfig.KubernetesVersions(p)[program].String() }
		step := fmt.Sprintf("kubernetes-upgraded:%s:%s", c.want.Name, want)
		for _, node := range m.nodes {
			was, known := machineconfig.KubernetesVersions(node.Config)[program]
			switch {
			case !known:
			case want.Before(was):
				c.refuse(
					m.patch(read, "kubernetesVersion"),
					fmt.Sprintf(
						"%s is older than the %s that %s runs, and Kubernetes cannot go back",
						want,
						was,
						c.want.Name,
					),
					fmt.Sprintf("set %s or a later version", was),
				)
			case want.Minor > was.Minor+1 && !c.acknowledged(step):
				c.refuse(
					m.patch(read, "kubernetesVersion"),
					fmt.Sprintf("%s is more than one minor version after the %s that %s runs", want, was, c.want.Name),
					fmt.Sprintf(
						"go through 1.%d first (docs/operations.md#upgrade-kubernetes); if `talosctl upgrade-k8s` "+
							"has upgraded the cluster already, %s",
						was.Minor+1,
						acknowledgeWith(step),
					),
				)
			}
		}
	}
}

// talosVersion refuses a Talos that is older than the cluster: its new machines could not read the cluster's
// configuration.
func (c *comparison) talosVersion() {
	created, known := machineconfig.Minor(c.contract())
	want, _ := machineconfig.Minor(c.want.TalosVersion)
	if known && want < created {
		c.refuse(
			"talosVersion",
			fmt.Sprintf("%s was created with %s, and new machines of %s cannot read its configuration",
				c.want.Name, c.contract(), c.want.TalosVersion),
			fmt.Sprintf("set v1.%d.0 or a later version", created),
		)
	}
}

// settledFields refuses to change what services, certificates and name servers of a running cluster hold.
func (c *comparison) settledFields(m machines) {
	for _, field := range slices.Sorted(maps.Keys(machineconfig.Settled(m.config))) {
		read := func(p talosconfig.Provider) string { return machineconfig.Settled(p)[field] }
		if len(m.changed(read)) > 0 {
			c.refuse(m.patch(read, "patches"),
				fmt.Sprintf("changes %s of %s from %s to %s, which cannot be changed in a running cluster: its "+
					"services, certificates and nodes depend on it",
					field, c.want.Name, read(m.nodes[0].Config), read(m.config)),
				"put it back; another value needs another cluster")
		}
	}
}

// networkPlugin refuses another network plugin: the pods that run would lose their network.
func (c *comparison) networkPlugin(m machines) {
	if nodes := m.changed(machineconfig.CNI); len(nodes) > 0 {
		c.refuse(m.patch(machineconfig.CNI, "cni"),
			fmt.Sprintf("changes the network of %s from %s to %s, and every pod that runs would lose its connections",
				c.want.Name, machineconfig.CNI(m.nodes[0].Config), machineconfig.CNI(m.config)),
			"put it back; to change it, move the workloads to another cluster")
	}
}

// encryption refuses to change how an existing disk is encrypted, unless its machine opens it like that already: Talos
// would accept the configuration, and could not open the disk when the machine boots the next time.
// https://docs.siderolabs.com/talos/v1.13/configure-your-talos-cluster/storage-and-disk-management/disk-encryption
func (c *comparison) encryption(m machines) {
	wanted := machineconfig.Encryption(m.config)
	for _, volume := range slices.Sorted(maps.Keys(wanted)) {
		setting, step := "luksKey", fmt.Sprintf("encrypted:%s:%s:%s", m.name, volume, cmp.Or(wanted[volume], "none"))
		var nodes []string
		for _, node := range m.nodes {
			was, exists := machineconfig.Encryption(node.Config)[volume]
			if !exists || was == wanted[volume] {
				continue
			}
			nodes = append(nodes, node.Name)
			if was == "" || wanted[volume] == "" {
				setting = "diskEncryption"
			}
		}
		if len(nodes) > 0 && !c.acknowledged(step) {
			read := func(p talosconfig.Provider) string { return machineconfig.Encryption(p)[volume] }
			c.refuse(
				m.patch(read, setting),
				fmt.Sprintf(
					"changes the encryption of the %s volume of %s, which is decided when the disk is formatted: "+
						"the machines would not boot again",
					volume,
					list(nodes),
				),
				"put it back; if each of these disks opens like this already "+
					"(docs/security.md#what-opens-the-disks-lukskey), "+
					acknowledgeWith(step),
			)
		}
	}
}

// taints refuses to change the taints of nodes that run: a kubelet may set them only when it registers.
// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
func (c *comparison) taints(m machines) {
	read := func(p talosconfig.Provider) string { return strings.Join(machineconfig.RegistrationTaints(p), ",") }
	nodes := m.changed(read)
	if m.taints == "" || len(nodes) == 0 || c.applying {
		return
	}
	wanted := machineconfig.RegistrationTaints(m.config)
	step := fmt.Sprintf("tainted:%s:%s", m.name, strings.Join(wanted, ","))
	if c.acknowledged(step) {
		return
	}
	var changes []string
	for _, node := range m.nodes {
		for _, taint := range machineconfig.RegistrationTaints(node.Config) {
			if removed := withoutValue(taint) + "-"; !slices.Contains(wanted, taint) &&
				!slices.Contains(changes, removed) &&
				!slices.ContainsFunc(wanted, func(w string) bool { return withoutValue(w) == withoutValue(taint) }) {
				changes = append(changes, removed)
			}
		}
	}
	pool := strings.TrimPrefix(m.name, c.want.Name+"-")
	c.refuse(
		m.taints,
		fmt.Sprintf(
			"changes the taints of %s, and a kubelet sets the taints of its node only when it registers",
			list(nodes),
		),
		fmt.Sprintf(
			"run make apply STACK=%s; by hand: kubectl taint nodes --overwrite -l %s=%s %s, then "+
				"%s; or create a new pool with them",
			c.want.Stack,
			cluster.LabelPool,
			pool,
			strings.Join(slices.Concat(wanted, changes), " "),
			acknowledgeWith(step),
		),
	)
}

// withoutValue returns a taint as kubectl removes it: "gpu:NoSchedule" of "gpu=true:NoSchedule".
func withoutValue(taint string) string {
	key, _, _ := strings.Cut(taint, "=")
	key, _, _ = strings.Cut(key, ":")
	return key + taint[strings.LastIndex(taint, ":"):]
}
