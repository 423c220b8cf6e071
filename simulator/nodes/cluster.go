package nodes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/pkg/v3/types"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// cluster lets a real etcd follow the membership that the store has.
type cluster struct {
	daemon *Daemon
	id     string
	kick   chan struct{}
	// changing lets one change of the membership happen at a time.
	changing sync.Mutex
	// evicting lets one eviction look at the budgets at a time.
	evicting sync.Mutex

	mutex   sync.Mutex
	etcd    talos.Etcd
	objects []talos.NodeObject
	// nodes are all of the cluster that have a configuration, up or not.
	nodes []talos.Node
}

// set follows the store.
func (c *cluster) set(etcd talos.Etcd, objects []talos.NodeObject, nodes []talos.Node) {
	c.mutex.Lock()
	c.etcd, c.objects = etcd, objects
	c.nodes = slices.DeleteFunc(slices.Clone(nodes), func(n talos.Node) bool { return n.Cluster != c.id })
	c.mutex.Unlock()
	c.wake()
}

func (c *cluster) wake() {
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// known returns the cluster's etcd as the store has it.
func (c *cluster) known() talos.Etcd {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.etcd
}

// run follows the store, and tries again what has failed.
func (c *cluster) run() {
	failed := ""
	for {
		select {
		case <-c.daemon.ctx.Done():
			return
		case <-c.kick:
		case <-time.After(500 * time.Millisecond):
		}
		err := c.follow()
		if err != nil && err.Error() != failed && c.daemon.ctx.Err() == nil {
			failed = err.Error()
			c.daemon.logf("etcd of %s: %v", c.id, err)
		}
	}
}

// follow changes the real etcd until it matches the store.
func (c *cluster) follow() error {
	c.changing.Lock()
	defer c.changing.Unlock()
	known := c.known()
	nodes := map[string]*node{}
	for _, n := range c.daemon.runningNodes(c.id) {
		state := n.state()
		if !state.ControlPlane {
			continue
		}
		if !runsEtcd(state, known) {
			n.stopEtcd(state.EtcdDown)
			if state.EtcdData == "" {
				if err := n.wipeEtcd(); err != nil {
					return err
				}
			}
			continue
		}
		nodes[state.ID] = n
	}
	if known.Name == "" || len(known.Members) == 0 {
		return nil
	}
	if !slices.ContainsFunc(known.Members, func(m talos.EtcdMember) bool { return m.Real }) {
		return c.create(known, nodes)
	}
	for _, m := range known.Members {
		if n := nodes[m.Machine]; n != nil && m.Real && n.member() == nil && n.hasEtcdData() {
			if err := n.startEtcd(known.Name, n.name+"="+peerURL(m.Address), false); err != nil {
				return err
			}
		}
	}
	return errors.Join(c.correct(known, nodes), c.raiseAlarms(nodes), c.control())
}

// create starts an etcd that did not run yet: empty, or from a snapshot.
func (c *cluster) create(known talos.Etcd, nodes map[string]*node) error {
	var initial []string
	if first := nodes[known.Members[0].Machine]; first != nil && first.hasSnapshot() {
		// The snapshot is the whole cluster; the others join it.
		known.Members = known.Members[:1]
	}
	for _, m := range known.Members {
		initial = append(initial, m.Name+"="+peerURL(m.Address))
	}
	var starting sync.WaitGroup
	failed := make([]error, len(known.Members))
	for i, m := range known.Members {
		if n := nodes[m.Machine]; n != nil {
			starting.Go(func() { failed[i] = c.createMember(n, known, initial) })
		}
	}
	starting.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	for _, n := range nodes {
		if m := n.member(); m != nil {
			return c.adopt(known, m)
		}
	}
	return nil
}

func (c *cluster) createMember(n *node, known talos.Etcd, initial []string) error {
	n.stopEtcd(true)
	if err := n.wipeEtcd(); err != nil {
		return err
	}
	if n.hasSnapshot() {
		if err := n.restore(known.Name, n.skipsHashCheck()); err != nil {
			return err
		}
		defer os.Remove(n.recovered())
	}
	return n.startEtcd(known.Name, strings.Join(initial, ","), true)
}

// adopt writes the ids of the real members into the store. Members are identified by their addresses.
func (c *cluster) adopt(known talos.Etcd, m *member) error {
	ids := map[string]uint64{}
	for _, real := range m.etcd.Server.Cluster().Members() {
		for _, address := range real.PeerURLs {
			ids[address] = uint64(real.ID)
		}
	}
	return c.record(known.Name, func(m talos.EtcdMember) (talos.EtcdMember, bool) {
		if id := ids[peerURL(m.Address)]; id != 0 {
			m.ID, m.Real = memberHex(id), true
		}
		return m, true
	})
}

// record changes the store's member list, as it is now.
func (c *cluster) record(name string, edit func(talos.EtcdMember) (talos.EtcdMember, bool)) error {
	err := c.daemon.within(func(st *store.Store, clouds network.Network) error {
		view, err := talos.Look(clouds, st)
		if err != nil {
			return err
		}
		current := view.Etcds()[c.id]
		var members []talos.EtcdMember
		for _, m := range current.Members {
			if m, stays := edit(m); stays {
				members = append(members, m)
			}
		}
		if current.Name == name {
			current.Members = members
			c.mutex.Lock()
			c.etcd = current
			c.mutex.Unlock()
		}
		return talos.SetMembers(st, c.id, name, members)
	})
	return err
}

// correct removes and adds members as in the store, one change at a time, and promotes learners.
func (c *cluster) correct(known talos.Etcd, nodes map[string]*node) error {
	m := c.anyMember(nodes)
	if m == nil {
		return nil
	}
	ctx, cancel := short(c.daemon.ctx)
	defer cancel()
	list, err := m.kv.MemberList(ctx)
	if err != nil {
		return err
	}
	for _, real := range list.Members {
		listed := slices.ContainsFunc(known.Members, func(m talos.EtcdMember) bool {
			return m.Real && m.ID == memberHex(real.ID)
		})
		switch {
		case !listed:
			if _, err := m.kv.MemberRemove(ctx, real.ID); err != nil {
				return fmt.Errorf("remove %s: %w", real.Name, err)
			}
			return nil
		case real.IsLearner:
			if _, err := m.kv.MemberPromote(ctx, real.ID); err != nil {
				return fmt.Errorf("promote %s: %w", real.Name, err)
			}
			return nil
		}
	}
	for _, wanted := range known.Members {
		if n := nodes[wanted.Machine]; n != nil && !wanted.Real {
			return c.add(ctx, m, n, known, wanted, list.Members)
		}
	}
	return nil
}

// memberHex returns a member's id as talosctl writes it.
func memberHex(id uint64) string { return fmt.Sprintf("%016x", id) }

// anyMember returns a member that has a leader.
func (c *cluster) anyMember(nodes map[string]*node) *member {
	for _, n := range nodes {
		if m := n.member(); m != nil && m.votes() {
			return m
		}
	}
	return nil
}

// add lets a node join as a learner, as Talos does.
func (c *cluster) add(ctx context.Context, m *member, n *node, known talos.Etcd, wanted talos.EtcdMember,
	existing []*etcdserverpb.Member,
) error {
	n.stopEtcd(true)
	if err := n.wipeEtcd(); err != nil {
		return err
	}
	added, err := m.kv.MemberAddAsLearner(ctx, []string{peerURL(wanted.Address)})
	if err != nil {
		return fmt.Errorf("add %s: %w", wanted.Name, err)
	}
	initial := []string{wanted.Name + "=" + peerURL(wanted.Address)}
	for _, peer := range existing {
		if peer.Name != "" {
			initial = append(initial, peer.Name+"="+peer.PeerURLs[0])
		}
	}
	if err := n.startEtcd(known.Name, strings.Join(initial, ","), false); err != nil {
		_, undo := m.kv.MemberRemove(ctx, added.Member.ID)
		return errors.Join(err, undo)
	}
	c.wake()
	return c.record(known.Name, func(m talos.EtcdMember) (talos.EtcdMember, bool) {
		if m.Machine == wanted.Machine {
			m.ID, m.Real = memberHex(added.Member.ID), true
		}
		return m, true
	})
}

// remove takes a member off etcd and then off the store's list.
func (c *cluster) remove(ctx context.Context, m *member, id uint64) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	_, err := m.kv.MemberRemove(ctx, id)
	// A member that removes itself may stop before it has answered. Talos asks the others then.
	if err != nil && !(errors.Is(err, rpctypes.ErrStopped) && c.othersLack(m, id)) {
		return err
	}
	return c.record(c.known().Name, func(m talos.EtcdMember) (talos.EtcdMember, bool) {
		return m,
			m.ID != memberHex(id)
	})
}

// othersLack reports whether another member than this one knows, or gets to know, that a member was removed.
func (c *cluster) othersLack(m *member, id uint64) bool {
	for range 50 {
		for _, n := range c.daemon.runningNodes(c.id) {
			if other := n.member(); other != nil && other != m &&
				other.etcd.Server.Cluster().Member(types.ID(id)) == nil {
				return true
			}
		}
		if !c.daemon.sleep(100 * time.Millisecond) {
			return false
		}
	}
	return false
}

// raiseAlarms lets the faults of etcd take effect.
func (c *cluster) raiseAlarms(nodes map[string]*node) error {
	for _, n := range nodes {
		m, state := n.member(), n.state()
		if m == nil || m.etcd.Server.Lead() == 0 {
			continue
		}
		ctx, cancel := short(c.daemon.ctx)
		defer cancel()
		if state.Faults.Has(talos.FaultNoSpace) {
			alarm := &etcdserverpb.AlarmRequest{
				Action: etcdserverpb.AlarmRequest_ACTIVATE, Alarm: etcdserverpb.AlarmType_NOSPACE,
				MemberID: uint64(m.etcd.Server.MemberID()),
			}
			if _, err := m.etcd.Server.Alarm(ctx, alarm); err != nil {
				return err
			}
			return c.clearFault(state.ID, talos.FaultNoSpace)
		}
		if state.Faults.Has(talos.FaultRemoveMember) {
			if err := c.removeByFault(ctx, n, nodes); err != nil {
				return err
			}
			return c.clearFault(state.ID, talos.FaultRemoveMember)
		}
	}
	return nil
}

func (c *cluster) removeByFault(ctx context.Context, n *node, nodes map[string]*node) error {
	id := uint64(n.member().etcd.Server.MemberID())
	for _, other := range nodes {
		m := other.member()
		if other == n || m == nil {
			continue
		}
		if _, err := m.kv.MemberRemove(ctx, id); err != nil {
			return err
		}
		return c.record(c.known().Name, func(m talos.EtcdMember) (talos.EtcdMember, bool) {
			return m,
				m.ID != memberHex(id)
		})
	}
	return errors.New("no other member runs")
}

// clearFault removes a fault that has taken effect.
func (c *cluster) clearFault(machine, kind string) error {
	return c.daemon.change(func(st *store.Store, _ network.Network) error {
		return talos.ClearFault(st, machine, kind)
	})
}

// quorum returns why etcd does not answer through a member; nil if it does.
func quorum(ctx context.Context, m *member) error {
	_, err := m.kv.Get(ctx, "/registry/health", clientv3.WithCountOnly())
	return err
}
