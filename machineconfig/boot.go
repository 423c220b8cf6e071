package machineconfig

import (
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
	document "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"k8s.io/apimachinery/pkg/runtime"
	kubelet "k8s.io/kubelet/config/v1beta1"
)

// bootChecks refuse what Talos and Kubernetes check only on the running machine, where it would never boot, never join,
// or join without its labels. Each compares the configuration before and after the user's patches; both are valid.
var bootChecks = []func(in Input, before, after config.Provider) error{
	checkFiles, checkNodeLabels, checkRegisterWithTaints, checkTalosFlags, checkKubeletConfig, checkVolumes,
	checkInstall,
}

func checkBoot(in Input, before, after config.Provider) error {
	for _, check := range bootChecks {
		if err := check(in, before, after); err != nil {
			return err
		}
	}
	return nil
}

// imageFiles are the files outside /var that every Talos image has. System extensions bring more.
// https://github.com/siderolabs/talos/blob/v1.12.1/Dockerfile
var imageFiles = []string{
	"/etc/nfsmount.conf", "/etc/containerd/config.toml", "/etc/cri/containerd.toml", "/etc/lvm/lvm.conf",
	"/etc/os-release",
	"/etc/extensions.yaml", "/etc/resolv.conf", "/etc/hosts", "/etc/machine-id", "/etc/ssl/certs/ca-certificates.crt",
	"/etc/cri/conf.d/00-base.part", "/etc/cri/conf.d/01-registries.part", "/etc/cri/conf.d/cri.toml",
	"/etc/cri/conf.d/base-spec.json",
	"/etc/iscsi/initiatorname.iscsi", "/etc/nvme/hostid", "/etc/nvme/hostnqn", criCustomization,
}

// criCustomization is written by a controller of its own, with any operation.
var criCustomization = "/etc/" + constants.CRICustomizationConfigPart

// checkFiles refuses the files that Talos does not write. The boot sequence then fails, at every boot.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/runtime/v1alpha1/v1alpha1_sequencer_tasks.go
func checkFiles(in Input, _, after config.Provider) error {
	files, err := after.Machine().Files()
	if err != nil {
		return errors.New(oneLine(err))
	}
	created := map[string]bool{}
	for _, file := range files {
		if problem := fileProblem(file, created[file.Path()], in.schematic() != Schematic); problem != "" {
			return fmt.Errorf("machine.files: %q: %s", file.Path(), problem)
		}
		created[file.Path()] = true
	}
	return nil
}

// fileProblem returns why Talos would not write the file, and what to do about it; empty if it would.
func fileProblem(file document.File, created, extended bool) string {
	inVar := strings.HasPrefix(file.Path(), "/var/")
	change := slices.Contains([]string{"overwrite", "append"}, file.Op())
	switch {
	case !change && file.Op() != "create":
		return fmt.Sprintf("Talos has no operation %q; use create, overwrite or append", file.Op())
	case !path.IsAbs(file.Path()) || path.Clean(file.Path()) != file.Path():
		return "this is not a clean absolute path; write it like /var/lib/example/file"
	case file.Path() == criCustomization:
		return ""
	case !change && !inVar && path.Dir(file.Path()) != constants.ManifestsDirectory:
		return "Talos creates files only below /var; choose a path there"
	case change && inVar && !created:
		return "a new machine has no file there to change; use create"
	case change && !inVar && !slices.Contains(imageFiles, file.Path()) && !extended:
		return "Talos' image has no such file to change; choose a path below /var with create"
	}
	return ""
}

// checkNodeLabels refuses the labels and taints of workers that the API server refuses. Talos sends all labels and
// taints of a node in one update, with the kubelet's rights on a worker, so that the pool's own labels would be refused
// with them.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/controllers/k8s/node_apply.go
func checkNodeLabels(in Input, _, after config.Provider) error {
	if in.Role != Worker {
		return nil
	}
	for label := range after.Machine().NodeLabels() {
		if err := checkWorkerLabel(label); err != nil {
			return fmt.Errorf("machine.nodeLabels: %s", strings.TrimPrefix(err.Error(), "labels: "))
		}
	}
	if len(after.Machine().NodeTaints()) > 0 {
		return problem(
			"machine.nodeTaints: Kubernetes does not let a registered worker taint itself, and refuses its " +
				"labels in the same update",
		).
			remedy("set taints of the pool")
	}
	return nil
}

// checkRegisterWithTaints keeps the taints of a pool: a patch's list replaces them.
func checkRegisterWithTaints(in Input, before, after config.Provider) error {
	taints := func(c config.Provider) any { return c.Machine().Kubelet().ExtraConfig()["registerWithTaints"] }
	if in.Role == Worker && !reflect.DeepEqual(taints(before), taints(after)) {
		return problem("machine.kubelet.extraConfig.registerWithTaints: the list replaces the taints of the pool").
			remedy("set taints of the pool")
	}
	return nil
}

// checkKubeletConfig reads the kubelet's configuration as Talos does, strictly: with an unknown field Talos starts no
// kubelet.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/controllers/k8s/kubelet_spec.go
func checkKubeletConfig(_ Input, _, after config.Provider) error {
	var read kubelet.KubeletConfiguration
	given := after.Machine().Kubelet().ExtraConfig()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(given, &read, true); err != nil {
		return problem("machine.kubelet.extraConfig: the kubelet cannot read it: %s", oneLine(err)).
			remedy("the fields are those of https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1")
	}
	return nil
}

// checkVolumes refuses disks that Talos would leave unencrypted in a cluster whose disks it encrypts. A directory is
// part of EPHEMERAL, which is encrypted.
func checkVolumes(in Input, _, after config.Provider) error {
	if !in.LUKS {
		return nil
	}
	for _, volume := range userVolumes(after) {
		if volume.encryption == nil && !volume.directory {
			return problem(
				"%s %s: the volume's data would not be encrypted, and diskEncryption: luks promises that they are",
				volume.kind,
				volume.name,
			).
				remedy("add encryption: {provider: luks2, keys: [{slot: 0, nodeID: {}}]}")
		}
	}
	if len(after.Machine().Disks()) > 0 {
		return problem(
			"machine.disks: Talos does not encrypt these disks, and diskEncryption: luks promises that they are",
		).
			remedy("use a UserVolumeConfig with encryption")
	}
	return nil
}

// userVolume is a volume that a patch asks for.
type userVolume struct {
	kind, name string
	encryption document.EncryptionConfig
	directory  bool
}

// userVolumes lists the volumes of all kinds that users define.
func userVolumes(c config.Provider) []userVolume {
	var volumes []userVolume
	for _, v := range c.UserVolumeConfigs() {
		kind, given := v.Type().Get()
		directory := given && kind.String() == "directory"
		volumes = append(volumes, userVolume{"UserVolumeConfig", v.Name(), v.Encryption(), directory})
	}
	for _, v := range c.RawVolumeConfigs() {
		volumes = append(volumes, userVolume{"RawVolumeConfig", v.Name(), v.Encryption(), false})
	}
	for _, v := range c.SwapVolumeConfigs() {
		volumes = append(volumes, userVolume{"SwapVolumeConfig", v.Name(), v.Encryption(), false})
	}
	return volumes
}

// checkInstall refuses a changed install section: an image of a cloud is installed already, and nothing reads it.
// https://docs.siderolabs.com/talos/v1.13/platform-specific-installations/boot-assets
func checkInstall(_ Input, before, after config.Provider) error {
	section := func(c config.Provider) *v1alpha1.InstallConfig { return c.RawV1Alpha1().MachineConfig.MachineInstall }
	if !reflect.DeepEqual(section(before), section(after)) {
		return problem("machine.install has no effect on a cloud's image, which is installed already").
			remedy("set schematic to an Image Factory schematic with the extensions and kernel arguments " +
				"(docs/operations.md#system-extensions)")
	}
	return nil
}
