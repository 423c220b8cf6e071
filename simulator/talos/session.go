package talos

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"golang.org/x/mod/semver"
)

// Session is what an operator does by talosctl: one context of a talosconfig, and all machines.
type Session struct {
	clusters  *clusters
	client    credentials
	endpoints []string
}

// Connect reads a context's credentials. Without endpoints each node is its own.
func Connect(
	clouds network.Network,
	memory Memory,
	context *clientconfig.Context,
	endpoints []string,
) (*Session, error) {
	client, err := readCredentials(store.Values{
		"caCertificate": context.CA, "clientCertificate": context.Crt, "clientKey": context.Key,
	})
	if err != nil {
		return nil, fmt.Errorf("the talosconfig has no complete identity: %w", err)
	}
	c, err := observe(clouds, memory)
	if err != nil {
		return nil, err
	}
	return &Session{clusters: c, client: client, endpoints: endpoints}, nil
}

// node reaches a node through the first endpoint that leads there.
func (s *Session) node(address string) (*node, error) {
	endpoints := s.endpoints
	if len(endpoints) == 0 {
		endpoints = []string{address}
	}
	var reasons []error
	for _, endpoint := range endpoints {
		n, err := s.clusters.connect(s.client, endpoint, address)
		if err == nil {
			return n, nil
		}
		reasons = append(reasons, fmt.Errorf("rpc error: code = Unavailable desc = %w", err))
	}
	return nil, errors.Join(reasons...)
}

// etcdNode reaches a node whose etcd runs.
func (s *Session) etcdNode(address string) (*node, error) {
	n, err := s.node(address)
	if err != nil {
		return nil, err
	}
	if !n.controlPlane() {
		return nil, errors.New("rpc error: code = Unimplemented desc = etcd runs on control plane nodes only")
	}
	if !s.clusters.member(n) {
		return nil, fmt.Errorf("rpc error: code = Unknown desc = etcd does not run on %s: %w", n.Name,
			s.clusters.mayJoin(n))
	}
	return n, nil
}

// Member is an entry of etcd's member list.
type Member struct{ ID, Name, Address string }

// Members returns the member list as a node's own etcd has it: without a quorum as well.
func (s *Session) Members(address string) ([]Member, error) {
	n, err := s.etcdNode(address)
	if err != nil {
		return nil, err
	}
	var list []Member
	for _, m := range s.clusters.etcd[n.clusterID()].Members {
		list = append(list, Member{ID: m.ID, Name: m.Name, Address: m.Address})
	}
	return list, nil
}

// EtcdStatus is how etcd's member on a node is.
type EtcdStatus struct{ Member, Leader, Errors string }

// EtcdStatus returns the state of a node's own member. Without a quorum there is no leader.
func (s *Session) EtcdStatus(address string) (EtcdStatus, error) {
	n, err := s.etcdNode(address)
	if err != nil {
		return EtcdStatus{}, err
	}
	status := EtcdStatus{Member: s.clusters.memberID(n), Leader: strings.Repeat("0", 16)}
	if s.clusters.quorum(n.clusterID()) != nil {
		status.Errors = "etcdserver: no leader"
	} else {
		status.Leader = s.clusters.memberID(s.clusters.members(n.clusterID())[0])
	}
	return status, nil
}

func (c *clusters) memberID(n *node) string {
	for _, m := range c.etcd[n.clusterID()].Members {
		if m.Machine == n.ID {
			return m.ID
		}
	}
	return ""
}

// LeaveEtcd lets a node's own member leave; the node does not come back before its next boot.
func (s *Session) LeaveEtcd(address string) error {
	n, err := s.etcdNode(address)
	if err != nil {
		return err
	}
	return s.clusters.leaveEtcd(n)
}

func (c *clusters) leaveEtcd(n *node) error {
	if err := c.removeMember(n.clusterID(), c.memberID(n)); err != nil {
		return err
	}
	n.disk.Etcd, n.disk.Left = "", true
	return c.saveDisk(n)
}

// RemoveMember takes a member that is gone off the list.
func (s *Session) RemoveMember(address, id string) error {
	n, err := s.etcdNode(address)
	if err != nil {
		return err
	}
	return s.clusters.removeMember(n.clusterID(), id)
}

// snapshot describes a copy of etcd's data.
type snapshot struct {
	Cluster string `json:"cluster"`
	Etcd    string `json:"etcd"`
}

// Snapshot returns a copy of etcd's data, padded and with its checksum as etcd writes it.
func (s *Session) Snapshot(address string) ([]byte, error) {
	n, err := s.etcdNode(address)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(snapshot{Cluster: n.clusterID(), Etcd: n.disk.Etcd})
	if err != nil {
		return nil, err
	}
	data := append(text, bytes.Repeat([]byte(" "), 512-len(text)%512)...)
	sum := sha256.Sum256(data)
	return append(data, sum[:]...), nil
}

// Bootstrap starts a new etcd on a node: empty, or with the data of a snapshot.
func (s *Session) Bootstrap(address string, data []byte) error {
	n, err := s.node(address)
	if err != nil {
		return err
	}
	if data != nil {
		if err := checkSnapshot(n, data); err != nil {
			return fmt.Errorf("rpc error: code = InvalidArgument desc = %w", err)
		}
	}
	return s.clusters.bootstrap(n)
}

func checkSnapshot(n *node, data []byte) error {
	if len(data)%512 != sha256.Size {
		return errors.New("snapshot: sha256 checksum not found")
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if found := sha256.Sum256(body); !bytes.Equal(found[:], sum) {
		return errors.New("snapshot: the checksum is another one")
	}
	var from snapshot
	if err := json.Unmarshal(body, &from); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if from.Cluster != n.clusterID() {
		return errors.New("snapshot: it was encrypted by the secrets of another cluster")
	}
	return nil
}

// ResetOptions are which parts of a node are wiped, and what follows.
type ResetOptions struct {
	Graceful, Reboot bool
	// Labels are the partitions to wipe; all without any.
	Labels []string
}

// Reset wipes a node. A graceful one leaves etcd before.
func (s *Session) Reset(address string, options ResetOptions) error {
	n, err := s.node(address)
	if err != nil {
		return err
	}
	if options.Graceful && n.controlPlane() && s.clusters.member(n) {
		if err := s.clusters.leaveEtcd(n); err != nil {
			return fmt.Errorf("failed to leave etcd: %w", err)
		}
	}
	n.disk.Etcd, n.disk.Left = "", n.disk.Left && !options.Reboot
	if len(options.Labels) == 0 {
		n.disk.Wiped, n.disk.Config = true, ""
	}
	n.disk.Off = !options.Reboot
	return s.clusters.saveDisk(n)
}

// Shutdown switches a node off from within.
func (s *Session) Shutdown(address string) error {
	n, err := s.node(address)
	if err != nil {
		return err
	}
	n.disk.Off = true
	return s.clusters.saveDisk(n)
}

// Reboot starts a node again.
func (s *Session) Reboot(address string) error {
	n, err := s.node(address)
	if err != nil {
		return err
	}
	return PowerOn(s.clusters.memory, n.ID)
}

// PoweredOff reports whether a machine was shut down from within.
func PoweredOff(memory Memory, machine string) (bool, error) {
	saved, err := recall[disk](memory, disks, machine)
	return saved != nil && saved.Off, err
}

// PowerOn boots a machine, from the configuration that was staged if there is one. A machine that never booted stays as
// it is.
func PowerOn(memory Memory, machine string) error {
	saved, err := recall[disk](memory, disks, machine)
	if err != nil || saved == nil {
		return err
	}
	saved.Off = false
	saved.boot()
	return keep(memory, disks, machine, saved)
}

// PowerOff switches a machine off from outside.
func PowerOff(memory Memory, machine string) error {
	saved, err := recall[disk](memory, disks, machine)
	if err != nil || saved == nil {
		return err
	}
	saved.Off = true
	return keep(memory, disks, machine, saved)
}

// Version returns the version of Talos that a node runs.
func (s *Session) Version(address string) (string, error) {
	n, err := s.node(address)
	if err != nil {
		return "", err
	}
	return n.disk.Talos, nil
}

// Upgrade installs an image. A control plane refuses if etcd would lose its quorum meanwhile.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/pkg/etcd/etcd.go
func (s *Session) Upgrade(address, image string) error {
	n, err := s.node(address)
	if err != nil {
		return err
	}
	_, tag, _ := strings.Cut(image, ":")
	if !semver.IsValid(tag) || !strings.Contains(image, "installer") {
		return fmt.Errorf("rpc error: code = Unknown desc = error validating installer image %q: not found", image)
	}
	if n.controlPlane() && s.clusters.member(n) {
		if err := s.clusters.bearsReboot(n.clusterID()); err != nil {
			return fmt.Errorf("rpc error: code = Unknown desc = error validating etcd for upgrade: %w", err)
		}
	}
	n.disk.Talos, n.disk.Schematic = tag, schematicOf(image)
	if err := s.clusters.saveDisk(n); err != nil {
		return err
	}
	return PowerOn(s.clusters.memory, n.ID)
}

func (c *clusters) bearsReboot(cluster string) error {
	members := c.etcd[cluster].Members
	if len(members) == 2 {
		return errors.New("etcd member count(2) is insufficient to maintain quorum if upgrade commences")
	}
	if running := len(c.members(cluster)); running < len(members) {
		return fmt.Errorf("%d of %d etcd members run; all members must be healthy", running, len(members))
	}
	return nil
}

var kubernetesImage = regexp.MustCompile(`(/(?:kubelet|kube-apiserver|kube-controller-manager|kube-scheduler|kube-proxy)):v[0-9.]+`)

// UpgradeKubernetes gives every node of a cluster the images of a version.
func (s *Session) UpgradeKubernetes(address, version string) error {
	n, err := s.node(address)
	if err != nil {
		return err
	}
	if !semver.IsValid("v" + version) {
		return fmt.Errorf("%q is not a version", version)
	}
	if err := s.clusters.quorum(n.clusterID()); err != nil {
		return err
	}
	for _, peer := range s.clusters.nodes {
		if !peer.booted() || peer.clusterID() != n.clusterID() {
			continue
		}
		peer.disk.Config = kubernetesImage.ReplaceAllString(peer.disk.Config, "${1}:v"+version)
		if err := s.clusters.saveDisk(peer); err != nil {
			return err
		}
	}
	return nil
}

// Health returns why the cluster of a node is not healthy: each machine that has not joined, each member that does not
// run.
func (s *Session) Health(address string) error {
	n, err := s.node(address)
	if err != nil {
		return err
	}
	c := s.clusters
	if err := c.quorum(n.clusterID()); err != nil {
		return err
	}
	var unhealthy []error
	if members, running := len(c.etcd[n.clusterID()].Members), len(c.members(n.clusterID())); running < members {
		unhealthy = append(unhealthy, fmt.Errorf("etcd: %d of %d members run", running, members))
	}
	for _, peer := range c.nodes {
		if peer.config == nil || peer.clusterID() != n.clusterID() {
			continue
		}
		if err := c.joined(peer); err != nil {
			unhealthy = append(unhealthy, fmt.Errorf("%s: %w", peer.Name, err))
		}
	}
	return errors.Join(unhealthy...)
}
