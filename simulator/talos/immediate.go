package talos

import (
	"errors"
	"reflect"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
)

var errNeedsReboot = errors.New("this config change can't be applied in immediate mode")

// immediate reports whether Talos takes a changed configuration without a reboot. Only the v1alpha1 document matters,
// and in it everything but the parts that Talos follows live.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/runtime/v1alpha1/v1alpha1_runtime.go
func immediate(current, changed config.Provider) error {
	if !reflect.DeepEqual(needingReboot(current.RawV1Alpha1()), needingReboot(changed.RawV1Alpha1())) {
		return errNeedsReboot
	}
	return nil
}

// needingReboot returns a copy of the document without the parts that Talos follows live.
func needingReboot(document *v1alpha1.Config) *v1alpha1.Config {
	document = document.DeepCopy()
	document.ConfigDebug = nil
	document.ClusterConfig = nil
	if document.MachineConfig == nil {
		return document
	}
	rest := v1alpha1.MachineConfig{
		MachineType:  document.MachineConfig.MachineType,
		MachineToken: document.MachineConfig.MachineToken,
		MachineFiles: document.MachineConfig.MachineFiles,
		//lint:ignore SA1019 as below
		MachineEnv: document.MachineConfig.MachineEnv,
		//lint:ignore SA1019 Talos itself still compares the field, and old configurations have it
		MachineDisks: document.MachineConfig.MachineDisks,
		MachineUdev:  document.MachineConfig.MachineUdev,
		//lint:ignore SA1019 as above
		MachineSystemDiskEncryption:     document.MachineConfig.MachineSystemDiskEncryption,
		MachineBaseRuntimeSpecOverrides: document.MachineConfig.MachineBaseRuntimeSpecOverrides,
	}
	if features := document.MachineConfig.MachineFeatures; features != nil {
		features.KubernetesTalosAPIAccessConfig = nil
		features.KubePrismSupport = nil
		features.HostDNSSupport = nil
		features.ImageCacheSupport = nil
		features.FeatureNodeAddressSortAlgorithm = ""
		rest.MachineFeatures = features
	}
	document.MachineConfig = &rest
	return document
}
