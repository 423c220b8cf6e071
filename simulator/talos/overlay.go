package talos

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/inferadb/infra/simulator/network"
)

// overlay is the network between the pods of a cluster: packets of pods inside of packets of nodes.
type overlay struct {
	plugin string
	// carries are the ports without which no packet of a pod arrives, watches those by which the plugin looks after
	// itself.
	carries, watches []network.Port
	// overhead is how much smaller a pod's packet must be than a node's, and mtu the size of a pod's packet; 0 if the
	// plugin follows the node's interface.
	overhead, mtu int
}

// What an encapsulation costs: https://docs.cilium.io/en/stable/network/concepts/routing/#impact-on-mtu and
// https://github.com/cilium/cilium/blob/v1.19.3/pkg/mtu/mtu.go
const tunnelOverhead, wireGuardOverhead = 50, 80

// The ports of Cilium and of the flannel that Talos renders.
// https://docs.cilium.io/en/stable/operations/system_requirements/#firewall-rules
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/k8s/internal/k8stemplates/flannel.go
const (
	ciliumVXLAN, ciliumGeneve, ciliumWireGuard, ciliumHealth, ciliumHubble = 8472, 6081, 51871, 4240, 4244
	flannelVXLAN                                                           = 4789
	echoRequest                                                            = 8
)

// overlayOf reads how a cluster's network plugin is configured from what the control planes have created.
func (c *clusters) overlayOf(cluster string) overlay {
	if known, read := c.overlays[cluster]; read {
		return known
	}
	o := overlay{plugin: c.networkPlugin(cluster)}
	switch {
	case strings.HasSuffix(o.plugin, "/kube-flannel"):
		o.carries, o.overhead = []network.Port{network.UDP(flannelVXLAN)}, tunnelOverhead
	case strings.HasSuffix(o.plugin, "/cilium"):
		o.readCilium(c.configMap(cluster, "cilium-config"))
	}
	c.overlays[cluster] = o
	return o
}

func (o *overlay) readCilium(settings map[string]string) {
	if settings["routing-mode"] == "tunnel" {
		port := ciliumVXLAN
		if settings["tunnel-protocol"] == "geneve" {
			port = ciliumGeneve
		}
		if chosen, err := strconv.Atoi(settings["tunnel-port"]); err == nil && chosen != 0 {
			port = chosen
		}
		o.carries, o.overhead = append(o.carries, network.UDP(port)), o.overhead+tunnelOverhead
	}
	if settings["enable-wireguard"] == "true" {
		o.carries, o.overhead = append(o.carries, network.UDP(ciliumWireGuard)), o.overhead+wireGuardOverhead
	}
	if settings["enable-health-checking"] == "true" {
		o.watches = append(o.watches, network.TCP(ciliumHealth), network.ICMP(echoRequest))
	}
	if settings["enable-hubble"] == "true" {
		o.watches = append(o.watches, network.TCP(ciliumHubble))
	}
	o.mtu, _ = strconv.Atoi(settings["mtu"])
}

// configMap returns the data of a config map of kube-system, as a control plane has created it.
func (c *clusters) configMap(cluster, name string) map[string]string {
	for _, object := range c.etcd[cluster].Objects {
		if object.Kind != "ConfigMap" || object.Name != name {
			continue
		}
		var content struct{ Data map[string]string }
		if json.Unmarshal(object.Content, &content) == nil {
			return content.Data
		}
	}
	return nil
}

// podNetwork returns why the pods of a node have no network, or none to those of another node; nil if they have.
func (c *clusters) podNetwork(n *node) error {
	o := c.overlayOf(n.clusterID())
	if o.plugin == "" {
		return errors.New("container runtime network not ready: cni plugin not initialized")
	}
	if err := o.fits(n); err != nil {
		return err
	}
	for _, peer := range c.peers(n) {
		for _, port := range o.carries {
			if err := c.deliver(n, peer, port); err != nil {
				return fmt.Errorf("pods are unreachable: %s: %w", o.plugin, err)
			}
			if err := c.deliver(peer, n, port); err != nil {
				return fmt.Errorf("pods are unreachable: %s: %w", o.plugin, err)
			}
		}
	}
	return nil
}

// fits returns why packets of the node's size, or of its pods', are larger than what the network carries. Talos takes
// the size from the network by DHCP unless the configuration sets another one.
func (o overlay) fits(n *node) error {
	link := n.MTU
	for _, device := range n.config.Machine().Network().Devices() {
		if device.MTU() != 0 {
			link = device.MTU()
		}
	}
	for _, config := range n.config.NetworkCommonLinkConfigs() {
		if size, given := config.MTU().Get(); given {
			link = int(size)
		}
	}
	switch {
	case n.MTU == 0:
		return nil
	case link > n.MTU:
		return fmt.Errorf("path MTU: the interface sends packets of %d bytes, the network carries %d: larger ones "+
			"are lost", link, n.MTU)
	case o.mtu != 0 && o.mtu+o.overhead > n.MTU:
		return fmt.Errorf("path MTU: packets of pods have %d bytes and %d around them, the network carries %d: "+
			"larger ones are lost",
			o.mtu, o.overhead, n.MTU)
	}
	return nil
}

// peers returns the other booted nodes of a node's cluster.
func (c *clusters) peers(n *node) []*node {
	var peers []*node
	for _, peer := range c.nodes {
		if peer != n && peer.booted() && peer.clusterID() == n.clusterID() {
			peers = append(peers, peer)
		}
	}
	return peers
}

// deliver returns why a packet of any protocol does not get from one node to another.
func (c *clusters) deliver(from, to *node, port network.Port) error {
	if err := c.network.Deliver(from.Machine, to.Machine, port); err != nil {
		return fmt.Errorf("%s to %s:%s: %w", from.Name, to.Name, port, err)
	}
	return to.letsIn(from.PrivateIP, port)
}
