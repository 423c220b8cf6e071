package machineconfig

import (
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config"
	document "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/container"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"go.yaml.in/yaml/v4"
)

// files holds the patches that need no settings, one idea in each.
//
//go:embed patches/*.yaml
var files embed.FS

// ownPatches returns the project's patches in the order in which they are applied: the files that this machine needs,
// then those that follow from the settings.
func ownPatches(in Input, contract *config.VersionContract) ([]configpatcher.Patch, error) {
	controlPlane := in.Role == ControlPlane
	var patches []configpatcher.Patch
	for _, file := range []struct {
		name   string
		wanted bool
	}{
		{"kubelet", true},
		{"sysctls", true},
		{"kernel", true},
		{"no-cni", in.NoCNI && controlPlane},
		{"audit", controlPlane},
		{"pod-security", controlPlane},
		{"service-account-tokens", controlPlane},
	} {
		if !file.wanted {
			continue
		}
		patch, err := loadOwnPatch(file.name)
		if err != nil {
			return nil, err
		}
		patches = append(patches, patch)
	}
	computed, err := computedPatch(in, contract)
	return append(patches, computed), err
}

// loadOwnPatch reads one of the files. None of them has images verified: Talos does so from 1.13 on
// (https://docs.siderolabs.com/talos/v1.13/reference/configuration/security/imageverificationconfig), but the provider
// that applies configurations does not know the document.
func loadOwnPatch(name string) (configpatcher.Patch, error) {
	text, err := files.ReadFile("patches/" + name + ".yaml")
	if err != nil {
		return nil, err
	}
	patch, err := configpatcher.LoadPatch(text)
	if err != nil {
		return nil, fmt.Errorf("patches/%s.yaml: %s", name, oneLine(err))
	}
	return patch, nil
}

// computedPatch returns the patch that follows from the settings.
func computedPatch(in Input, contract *config.VersionContract) (configpatcher.Patch, error) {
	main := &v1alpha1.Config{MachineConfig: machinePatch(in)}
	if in.Role == ControlPlane {
		main.ClusterConfig = clusterPatch(in)
	}
	if in.CloudController {
		awaitCloudController(in, main)
	}
	documents := []document.Document{main, talosAPIRule(in)}
	switch {
	case in.LUKS && contract.VolumeConfigEncryptionSupported():
		documents = append(documents, luksDocuments(in.KMS)...)
	case in.LUKS:
		//lint:ignore SA1019 a cluster from before 1.11 knows no other
		main.MachineConfig.MachineSystemDiskEncryption = luksBefore111(in.KMS)
	}
	computed, err := container.New(documents...)
	if err != nil {
		return nil, err
	}
	return configpatcher.NewStrategicMergePatch(computed), nil
}

// awaitCloudController makes the kubelet register a node with the taint that a cloud controller removes. On a cloud
// whose controller finds the machine by its full domain name, the node has that name.
// https://docs.siderolabs.com/talos/v1.13/reference/configuration/v1alpha1/config#cluster-externalcloudprovider
// https://github.com/kubernetes/cloud-provider-aws/blob/v1.35.0/docs/prerequisites.md#node-name-conventions
func awaitCloudController(in Input, main *v1alpha1.Config) {
	enabled := true
	if main.ClusterConfig == nil {
		main.ClusterConfig = &v1alpha1.ClusterConfig{}
	}
	main.ClusterConfig.ExternalCloudProviderConfig = &v1alpha1.ExternalCloudProviderConfig{ExternalEnabled: &enabled}
	if in.RegisterWithFQDN {
		main.MachineConfig.MachineKubelet.KubeletRegisterWithFQDN = &enabled
	}
}

// machinePatch returns the part of the settings that machines of both roles have.
func machinePatch(in Input) *v1alpha1.MachineConfig {
	kubelet := map[string]any{
		"shutdownGracePeriod":             seconds(in.ShutdownGrace),
		"shutdownGracePeriodCriticalPods": seconds(in.ShutdownGraceCritical),
	}
	// A worker may not taint itself once it is registered, so the taints come with the registration
	// (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction).
	if len(in.Taints) > 0 {
		var taints []any
		for _, taint := range in.Taints {
			taints = append(taints, map[string]any{"key": taint.Key, "value": taint.Value, "effect": taint.Effect})
		}
		kubelet["registerWithTaints"] = taints
	}
	return &v1alpha1.MachineConfig{
		MachineNodeLabels: nodeLabels(in),
		MachineKubelet: &v1alpha1.KubeletConfig{
			// A node with a second interface must not register with that one's address.
			KubeletNodeIP:      &v1alpha1.KubeletNodeIPConfig{KubeletNodeIPValidSubnets: in.networkTexts()},
			KubeletExtraConfig: v1alpha1.Unstructured{Object: kubelet},
		},
	}
}

// clusterPatch returns the part of the settings that only control planes have.
func clusterPatch(in Input) *v1alpha1.ClusterConfig {
	patch := &v1alpha1.ClusterConfig{
		// etcd's peers talk over the private network, whatever other addresses a node has.
		EtcdConfig:             &v1alpha1.EtcdConfig{EtcdAdvertisedSubnets: in.networkTexts()},
		ClusterInlineManifests: inlineManifests(in.Manifests),
	}
	if !in.NoCNI {
		// Flannel would use the interface of the default route (https://github.com/siderolabs/talos/issues/7754).
		patch.ClusterNetwork = &v1alpha1.ClusterNetworkConfig{CNI: &v1alpha1.CNIConfig{
			CNIName: "flannel",
			CNIFlannel: &v1alpha1.FlannelCNIConfig{
				FlanneldExtraArgs: []string{"--iface-can-reach=" + in.Network.Addr().Next().String()},
			},
		}}
	}
	return patch
}

// seconds formats a duration as running nodes have it: 90s, and not 1m30s.
func seconds(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }

// PatchError is the error of one of an Input's patches.
type PatchError struct {
	// Index of the patch among those of the Input, and how many there are.
	Index, Of int
	Err       error
}

func (e *PatchError) Error() string { return fmt.Sprintf("patch %d of %d: %v", e.Index+1, e.Of, e.Err) }

// Unwrap returns what is wrong, without the patch's number.
func (e *PatchError) Unwrap() error { return e.Err }

// applyUserPatches applies the patches of the stack file. The error names the one that fails.
func applyUserPatches(base config.Provider, patches []string) (config.Provider, error) {
	for i, text := range patches {
		var err error
		if base, err = applyUserPatch(base, text); err != nil {
			return nil, &PatchError{Index: i, Of: len(patches), Err: err}
		}
	}
	return base, nil
}

func applyUserPatch(base config.Provider, text string) (config.Provider, error) {
	patch, err := loadUserPatch(text)
	if err != nil {
		return nil, err
	}
	if base, err = apply(base, patch); err != nil {
		return nil, errors.New(oneLine(err))
	}
	// Talos keeps a deletion that met no document among the documents, and cannot write it.
	for _, document := range base.Documents() {
		if _, deletion := document.(configloader.Selector); deletion {
			return nil, problem("the patch deletes a document that is not there: %s", document.Kind()).
				remedy("remove it from the patch")
		}
	}
	return base, nil
}

// loadUserPatch accepts only strategic merge patches: a JSON patch fails on a configuration of several documents, which
// every configuration since Talos 1.12 is.
func loadUserPatch(text string) (configpatcher.Patch, error) {
	var content any
	if yaml.Unmarshal([]byte(text), &content) == nil {
		switch content.(type) {
		case map[string]any, map[any]any:
		case nil:
			return nil, problem("the patch is empty").remedy("remove it or write what it should change")
		case []any:
			return nil, problem("a JSON patch (RFC 6902) cannot change a configuration of several documents").
				remedy("write a strategic merge patch: the YAML that should be in the configuration")
		default:
			return nil, problem("the patch is not a map").remedy("write the YAML that should be in the configuration")
		}
	}
	patch, err := configpatcher.LoadPatch([]byte(text))
	if err != nil {
		return nil, loadError(err)
	}
	if err := checkProviderKnows(text); err != nil {
		return nil, err
	}
	return patch, nil
}
