package lifecycle

import (
	"bufio"
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// dayTwoSections are those of the operations page of which the commands ask the nodes themselves, in the order in which
// a cluster goes through them.
var dayTwoSections = []string{"See what is up", "Save etcd", "Upgrade with one command"}

// TestUpgradeByOneCommand asks after a running cluster, saves its etcd and upgrades it with the commands of the
// operations page, on each cloud. Its nodes answer: each control plane runs a real etcd, and each node the Talos API.
func TestUpgradeByOneCommand(t *testing.T) {
	takesLong(t)
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "staging", cloud)
			s.set("talosVersion", "v1.13.9")
			s.set("kubernetesVersion", "1.36.4")
			s.set("pools", `[{"name":"data","size":"small","count":2,"workload":"stateful"}]`)
			s.up()
			s.set("podEncryption", "none")
			s.up()
			assert.Contains(t, s.said.String(), "the nodes are given another podEncryption; it takes effect with the next make upgrade")
			sections, o := readSections(t, operationsPage), newOperator(s, cloud)
			o.chooseBucket()
			serve := o.readyToUpgrade(sections)
			o.refusesRemovedAPIs()
			assert.Equal(t, []string{"registry.k8s.io/coredns/coredns:v1.13.9"}, s.images(serve, "deployments/coredns"))
			plan := o.run("the plan", "make upgrade STACK=staging DRY_RUN=1")
			assert.Contains(t, plan, "-    enable-wireguard: \"true\"")
			assert.Equal(t, 3, strings.Count(plan, " is changed:"), "Cilium's settings, and the pods that follow them:\n%s", plan)
			for _, heading := range dayTwoSections {
				o.follow(procedure{heading: heading}, sections[heading])
			}
			status := o.run("status", "make status STACK=staging")
			assert.NotContains(t, status, "v1.13.9")
			assert.NotContains(t, status, "1.36.4")
			assert.Equal(t, []string{"registry.k8s.io/coredns/coredns:v1.13.10"}, s.images(serve, "deployments/coredns"))
			assert.Empty(t, s.images(serve, "daemonsets/kube-proxy"), "Cilium takes its place")
			o.bringsSchematicBack()
			assert.NotContains(t, o.run("no difference is left", "make upgrade STACK=staging DRY_RUN=1"), " is changed")
			s.nodes()
			// The stack file has the versions that run, so that the update stops and replaces no machine.
			s.up()
			o.run("status after an update", "make status STACK=staging")
			s.settled()
		})
	}
}

// TestUpgradeWithFlannel brings what Talos itself installs in line, on a cluster whose network is Talos' own.
func TestUpgradeWithFlannel(t *testing.T) {
	takesLong(t)
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", cloud)
			s.set("talosVersion", "v1.13.9")
			s.set("kubernetesVersion", "1.36.4")
			s.set("cni", "flannel")
			s.set("pools", `[{"name":"data","size":"small","count":2,"workload":"stateful"}]`)
			s.up()
			o := newOperator(s, cloud)
			serve := o.readyToUpgrade(readSections(t, operationsPage))
			installed := []string{"daemonsets/kube-proxy", "daemonsets/kube-flannel", "deployments/coredns"}
			assert.Equal(t, []string{"registry.k8s.io/kube-proxy:v1.36.4", "ghcr.io/siderolabs/flannel:v1.13.9",
				"registry.k8s.io/coredns/coredns:v1.13.9"}, s.images(serve, installed...))
			out := o.run("an upgrade", "make upgrade STACK=dev TALOS=v1.13.10 KUBERNETES=1.36.5")
			assert.Contains(t, out, "kube-proxy 1.36.5 in the configurations of "+onlyControlPlane)
			assert.Equal(t, []string{"registry.k8s.io/kube-proxy:v1.36.5", "ghcr.io/siderolabs/flannel:v1.13.10",
				"registry.k8s.io/coredns/coredns:v1.13.10"}, s.images(serve, installed...))
			assert.Contains(t, o.run("nothing is left", "make upgrade STACK=dev DRY_RUN=1"), "all nodes run these versions")
			s.nodes()
			// The configuration that the update applies has the image which is there already.
			s.up()
			assert.Equal(t, []string{"registry.k8s.io/kube-proxy:v1.36.5"}, s.images(serve, "daemonsets/kube-proxy"))
			assert.NotContains(t, o.run("nothing is left", "make upgrade STACK=dev DRY_RUN=1"), " is changed")
			s.settled()
		})
	}
}

// images are those of the only container of workloads in kube-system; a workload that is not there has none.
func (s *stack) images(serve string, workloads ...string) []string {
	s.t.Helper()
	var images []string
	for _, client := range s.kubernetes(serve) {
		for _, workload := range workloads {
			var text []byte
			var err error
			// The nodes may have just begun to answer.
			require.Eventually(s.t, func() bool {
				text, err = client.Get().AbsPath("/apis/apps/v1/namespaces/kube-system/" + workload).DoRaw(s.t.Context())
				return err == nil || apierrors.IsNotFound(err)
			}, time.Minute, time.Second, workload)
			if err != nil {
				continue
			}
			var found appsv1.DaemonSet
			require.NoError(s.t, json.Unmarshal(text, &found))
			images = append(images, found.Spec.Template.Spec.Containers[0].Image)
		}
	}
	return images
}

// refusesRemovedAPIs lets a client use what Kubernetes 1.36 has no more, for a while.
func (o *operator) refusesRemovedAPIs() {
	o.t.Helper()
	for _, m := range controlPlanes(o) {
		o.fault(m.name, "deprecated-api=1.36")
	}
	o.failsSoon("make upgrade STACK=staging KUBERNETES=1.36.5 DRY_RUN=1",
		`refused by removed: a client has asked for flowcontrol.apiserver.k8s.io/v1beta3 flowschemas, which Kubernetes 1.36 removes`)
	o.run("it is accepted", "make upgrade STACK=staging KUBERNETES=1.36.5 DRY_RUN=1 ARGS=--accept=removed")
	for _, m := range controlPlanes(o) {
		o.fault(m.name, "none")
	}
	require.Eventually(o.t, func() bool {
		_, err := o.shell("make upgrade STACK=staging KUBERNETES=1.36.5 DRY_RUN=1")
		return err == nil
	}, patience, time.Second)
}

// bringsSchematicBack installs an image of another schematic on a worker, as by a mistake with talosctl.
func (o *operator) bringsSchematicBack() {
	o.t.Helper()
	const other = "c9078f9419961640c712a8bf2bb9174933dfcf1da383fd8ea2b7dc21493f8bac"
	worker := workers(o)[0]
	o.run("another image", "talosctl -n "+worker.address+" upgrade --image factory.talos.dev/some-installer/"+other+":v1.13.10")
	o.failsSoon("make status STACK=staging", worker.name+": its image is of the schematic "+other)
	assert.Contains(o.t, o.run("the plan", "make upgrade STACK=staging DRY_RUN=1"), "the same version with the schematic 3765")
	o.run("the image", "make upgrade STACK=staging")
	assert.NotContains(o.t, o.run("status", "make status STACK=staging"), other[:12])
}

// readyToUpgrade begins with the page, puts the image of the new Talos where the cloud wants it, and lets the nodes
// answer. It returns the command that leads a shell to them.
func (o *operator) readyToUpgrade(sections map[string][]block) string {
	o.t.Helper()
	o.follow(procedure{heading: "Before you begin"}, sections["Before you begin"])
	if image := sections["Upgrade Talos"][0]; image.cloud == o.cloud {
		o.do(image, nil)
	}
	serve := o.serveNodes()
	o.exports += serve + "\n"
	return serve
}

// serveNodes lets the stack's nodes answer until the test ends. It returns the command that leads a shell to them.
func (s *stack) serveNodes() string {
	s.t.Helper()
	way, stop := s.startNodes()
	s.t.Cleanup(stop)
	return way
}

// startNodes lets the stack's nodes answer until they are stopped.
func (s *stack) startNodes() (way string, stop func()) {
	s.t.Helper()
	command := s.command(context.Background(), nil, "simulator", "serve")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := command.StdoutPipe()
	require.NoError(s.t, err)
	log := &strings.Builder{}
	command.Stderr = log
	require.NoError(s.t, command.Start())
	stop = func() {
		end(s.t, command)
		if s.t.Failed() {
			s.t.Log(log.String())
		}
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
	}
	require.NoError(s.t, err)
	return strings.TrimSpace(line), stop
}

// end asks a command to end, as a person does by Ctrl-C.
func end(t *testing.T, command *exec.Cmd) {
	t.Helper()
	_ = command.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- command.Wait() }()
	select {
	case err := <-done:
		assert.NoError(t, err)
	case <-time.After(30 * time.Second):
		_ = command.Process.Kill()
		assert.Fail(t, "the daemon does not end")
	}
}
