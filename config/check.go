package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/regions"
	"k8s.io/apimachinery/pkg/util/validation"
)

// maxClusterName leaves room for what each cloud's names add to it: a pool, a zone, a number.
const maxClusterName = 40

// checkStack checks what does not depend on a region or its cloud, and picks the profile.
func (l *loader) checkStack() {
	l.checkStackName()
	var known bool
	if l.profile, known = lookupProfile(l.stack.Environment); !known {
		l.requireOneOf("environment", l.stack.Environment, Environments())
	}
	// Another profile would shrink the stack and remove its protection.
	if known && l.stackName != l.profile.name && slices.Contains(Environments(), l.stackName) {
		l.Reject(
			"environment",
			fmt.Sprintf("the stack is named %s, and %s is another environment", l.stackName, l.profile.name),
			"set environment: "+l.stackName+", or name the stack otherwise",
		)
	}
	if _, err := regions.LookupProvider(l.stack.Provider); err != nil {
		l.requireOneOf("provider", l.stack.Provider, providerNames())
	}
	if len(l.stack.Regions) == 0 {
		l.Reject("regions", "is missing", "name one region or more of "+strings.Join(regionNames(), ", "))
	}
	l.checkControlPlanes()
	l.oneOf("access", l.stack.Access, string(cluster.Private), string(cluster.Public))
	l.oneOf("cni", l.stack.CNI, string(cluster.Cilium), string(cluster.None), string(cluster.Flannel))
	l.checkPodEncryption()
	if l.stack.DiskEncryption != "" {
		l.oneOf("diskEncryption", l.stack.DiskEncryption, "cloud", "luks")
	}
	if len(l.stack.Regions) > 1 {
		if l.stack.Endpoint != "" {
			l.Reject("endpoint", "one host name cannot serve several regions",
				"set endpoint of each region under regions")
		}
		if l.stack.EncryptionKey.ID != "" {
			l.Reject(
				"encryptionKey",
				"a key belongs to one region",
				"set encryptionKey of each region under regions, or managed: true",
			)
		}
	}
	l.checkOperators()
	l.checkPools()
	l.checkTags()
	l.checkVersions()
	l.checkPatches()
}

// checkStackName checks the name of the stack, which is part of the name of every resource.
func (l *loader) checkStackName() {
	const path = "stack name"
	if len(validation.IsDNS1123Label(l.stackName)) > 0 {
		l.Reject(
			path,
			fmt.Sprintf("%q is not a DNS label", l.stackName),
			"name the stack with lower-case letters, digits and dashes",
		)
		return
	}
	for _, region := range l.stack.Regions {
		if name := Namespace + "-" + l.stackName + "-" + region.Name; len(name) > maxClusterName {
			l.Reject(
				path,
				fmt.Sprintf("the cluster's name %s has %d characters, more than %d", name, len(name), maxClusterName),
				"choose a shorter name",
			)
			return
		}
	}
}

// checkEncrypted refuses encrypted settings other than patches and manifests, which become part of a document that is
// secret as a whole. Any other value is readable in names, tags and the state, although the stack file hides it.
func (l *loader) checkEncrypted() {
	for _, key := range l.encryptedKeys {
		if name, own := strings.CutPrefix(key, Namespace+":"); own && !slices.Contains(secretSettings, name) {
			l.Reject(
				name,
				"is encrypted in the stack file, but would be readable in the state and in the cloud",
				"set it without --secret",
			)
		}
	}
}

// encrypted reports whether the stack file has the setting, or a part of it, encrypted.
func (l *loader) encrypted(name string) bool {
	return slices.Contains(l.encryptedKeys, Namespace+":"+name)
}

// requireOneOf reports that a value is missing or unknown, and lists the known ones.
func (l *loader) requireOneOf(path, word string, known []string) {
	problem := "is missing"
	if word != "" {
		problem = fmt.Sprintf("there is no %s %q", path[strings.LastIndex(path, ".")+1:], word)
	}
	l.Reject(path, problem, "choose one of "+strings.Join(known, ", "))
}

// checkControlPlanes checks the number and the size of the control planes. etcd needs more than half of its members,
// so an even number adds a machine that can fail and no safety
// (https://etcd.io/docs/v3.6/faq/#why-an-odd-number-of-cluster-members).
func (l *loader) checkControlPlanes() {
	if l.stack.ControlPlaneSize != "" {
		if _, err := regions.LookupSize(l.stack.ControlPlaneSize); err != nil {
			l.reportUnknown("controlPlaneSize", err)
		}
	}
	if l.stack.ControlPlanes == nil {
		return
	}
	switch count := *l.stack.ControlPlanes; {
	case !slices.Contains([]int{1, 3, 5}, count):
		l.Reject(
			"controlPlanes",
			fmt.Sprintf("%d is not 1, 3 or 5: an even number is no safer, a larger one slower", count),
			"set 1, 3 or 5",
		)
	case l.profile.highlyAvailable && count < 3:
		l.Reject(
			"controlPlanes",
			fmt.Sprintf("%d control plane does not survive the loss of a machine, and %s must", count, l.profile.name),
			"set 3 or 5",
		)
	}
}

func (l *loader) checkLabels(path string, labels map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		at := join(path, key)
		l.checkKeyAndValue(at, key, at, labels[key])
		if !nodeMaySet(key) {
			l.Reject(
				at,
				"Kubernetes does not let a node set this label on itself",
				"use a prefix of your own, or node.kubernetes.io/",
			)
		}
	}
}

// nodeMaySet reports whether the NodeRestriction admission plugin lets a node set the label on itself. The labels that
// the kubelet sets are not among them:
// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
func nodeMaySet(label string) bool {
	prefix, _, prefixed := strings.Cut(label, "/")
	if !prefixed {
		return true
	}
	within := func(domain string) bool { return prefix == domain || strings.HasSuffix(prefix, "."+domain) }
	if within("node.kubernetes.io") || within("kubelet.kubernetes.io") {
		return true
	}
	return !within("kubernetes.io") && !within("k8s.io")
}

func (l *loader) checkTaints(path string, taints []TaintSettings) {
	seen := map[string]bool{}
	for i, taint := range taints {
		at := fmt.Sprintf("%s[%d]", path, i)
		l.checkKeyAndValue(join(at, "key"), taint.Key, join(at, "value"), taint.Value)
		l.oneOf(join(at, "effect"), taint.Effect, "NoSchedule", "PreferNoSchedule", "NoExecute")
		if seen[taint.Key+taint.Effect] {
			l.Reject(
				at,
				fmt.Sprintf("there is a taint %s with effect %s already", taint.Key, taint.Effect),
				"keep one of them",
			)
		}
		seen[taint.Key+taint.Effect] = true
	}
}

// checkKeyAndValue checks the key and the value of a label or a taint. Kubernetes has the same rules for both.
func (l *loader) checkKeyAndValue(keyPath, key, valuePath, value string) {
	const letters = "use up to 63 letters, digits, dashes, dots and underscores between a letter or digit and another"
	if len(validation.IsQualifiedName(key)) > 0 {
		l.Reject(
			keyPath,
			fmt.Sprintf("Kubernetes does not accept the key %q", key),
			letters+"; a prefix is a domain, such as example.com/name",
		)
	}
	if len(validation.IsValidLabelValue(value)) > 0 {
		l.Reject(valuePath, fmt.Sprintf("Kubernetes does not accept the value %q", value), letters)
	}
}

func providerNames() []string {
	var names []string
	for _, provider := range regions.Providers() {
		names = append(names, string(provider))
	}
	return names
}

func regionNames() []string {
	var names []string
	for _, region := range regions.All() {
		names = append(names, region.Name)
	}
	return names
}
