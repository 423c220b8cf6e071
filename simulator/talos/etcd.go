package talos

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
)

// members returns the etcd members of a cluster that still run.
func (c *clusters) members(cluster string) []*node {
	return slices.DeleteFunc(c.controlPlanes(cluster), func(n *node) bool {
		return !c.member(n) || n.disk.Etcd != c.etcd[cluster].Name || n.disk.EtcdDown
	})
}

// member reports whether a node is on its cluster's member list.
func (c *clusters) member(n *node) bool {
	known := c.etcd[n.clusterID()]
	return known != nil && slices.ContainsFunc(known.Members, func(m member) bool { return m.Machine == n.ID })
}

// hasNoEtcdData returns Talos' error for a bootstrap on a node that has data of etcd, its own or an earlier one's. The
// provider retries this one for ten minutes in vain.
func (n *node) hasNoEtcdData() error {
	if n.disk.Etcd != "" {
		return errors.New("rpc error: code = AlreadyExists desc = etcd data directory is not empty")
	}
	return nil
}

// startEtcd starts a new etcd with the node as its only member. Members of an earlier one do not belong to it.
func (c *clusters) startEtcd(n *node) error {
	cluster := n.clusterID()
	started := &etcd{}
	if earlier := c.etcd[cluster]; earlier != nil {
		started.Serial = earlier.Serial
	}
	started.Serial++
	started.Name = fmt.Sprintf("%s#%d", cluster, started.Serial)
	c.etcd[cluster] = started
	return c.addMember(n)
}

// mayJoin returns why a control plane does not become a member by itself.
func (c *clusters) mayJoin(n *node) error {
	switch {
	case c.member(n) && n.disk.Etcd == c.etcd[n.clusterID()].Name:
		return errors.New("it is a member")
	case n.stuck != nil:
		return n.stuck
	case n.disk.Left:
		return errors.New("etcd: the node has left on request")
	case n.disk.Etcd != "":
		return errors.New("etcd: the member has been permanently removed from the cluster; reset the node's " +
			"EPHEMERAL partition")
	}
	if err := c.quorum(n.clusterID()); err != nil {
		return err
	}
	return c.joinEtcd(n)
}

// addMember puts a control plane on its cluster's member list. A member of the same host name was this node's
// predecessor, and goes first. https://github.com/siderolabs/talos/issues/3715
func (c *clusters) addMember(n *node) error {
	known := c.etcd[n.clusterID()]
	known.Members = slices.DeleteFunc(known.Members, func(m member) bool { return m.Name == n.Name })
	known.Serial++
	id := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", known.Name, n.ID, known.Serial))
	known.Members = append(known.Members, member{
		ID: hex.EncodeToString(id[:8]), Machine: n.ID, Name: n.Name, Address: n.PrivateIP,
	})
	n.disk.Etcd = known.Name
	return errors.Join(c.saveEtcd(n.clusterID()), c.saveDisk(n))
}

func (c *clusters) saveEtcd(cluster string) error {
	return keep(c.memory, etcds, cluster, c.etcd[cluster])
}

func (c *clusters) saveDisk(n *node) error {
	return keep(c.memory, disks, n.ID, n.disk)
}

// quorum returns why a cluster's etcd does not answer; nil if it does.
func (c *clusters) quorum(cluster string) error {
	known := c.etcd[cluster]
	if known == nil {
		return errors.New("the cluster has not been bootstrapped")
	}
	if alive := len(c.members(cluster)); alive*2 <= len(known.Members) {
		return fmt.Errorf("etcd has lost its quorum: %d of %d members run", alive, len(known.Members))
	}
	return nil
}

// removeMember takes an entry off the member list, if etcd agrees: a majority must hear of it, and a majority of those
// that remain must run. https://etcd.io/docs/v3.6/op-guide/runtime-reconf-design/
func (c *clusters) removeMember(cluster, id string) error {
	if err := c.quorum(cluster); err != nil {
		return fmt.Errorf("rpc error: code = DeadlineExceeded desc = %w", err)
	}
	known := c.etcd[cluster]
	i := slices.IndexFunc(known.Members, func(m member) bool { return m.ID == id })
	if i < 0 {
		return errors.New("rpc error: code = NotFound desc = etcdserver: member not found")
	}
	remaining, running := len(known.Members)-1, 0
	for _, n := range c.members(cluster) {
		if n.ID != known.Members[i].Machine {
			running++
		}
	}
	if running*2 <= remaining || remaining == 0 {
		return errors.New("rpc error: code = Unavailable desc = etcdserver: re-configuration failed due to not " +
			"enough started members")
	}
	known.Members = slices.Delete(known.Members, i, i+1)
	return c.saveEtcd(cluster)
}

// joinEtcd returns why a control plane cannot be a member beside the others.
func (c *clusters) joinEtcd(n *node) error {
	if err := n.addressed(); err != nil {
		return err
	}
	for _, member := range c.members(n.clusterID()) {
		if member == n {
			continue
		}
		for _, port := range []int{etcdClientPort, etcdPeerPort} {
			if err := c.reach(n, member, port); err != nil {
				return fmt.Errorf("etcd: %w", err)
			}
		}
		if err := c.reach(member, n, etcdPeerPort); err != nil {
			return fmt.Errorf("etcd: %w", err)
		}
	}
	return nil
}

// joinsEtcd returns why a control plane is no member that can reach the others.
func (c *clusters) joinsEtcd(n *node) error {
	switch {
	case !c.member(n) || n.disk.Etcd != c.etcd[n.clusterID()].Name:
		return c.mayJoin(n)
	case n.disk.EtcdDown:
		return errors.New("etcd: it does not run")
	}
	return c.joinEtcd(n)
}

// installed returns the version of Talos that a configuration installs.
func installed(config config.Provider) string {
	_, tag, _ := strings.Cut(config.Machine().Install().Image(), ":")
	return tag
}
