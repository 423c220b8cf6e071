package gcp

import (
	"fmt"
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/stretchr/testify/assert"
)

// TestRulesOfAPurposeOpenNoMore: a rule of several ends opens each to each, so that no pair may be among them which
// needs it not.
func TestRulesOfAPurposeOpenNoMore(t *testing.T) {
	for _, cni := range []cluster.CNI{cluster.Cilium, cluster.Flannel} {
		cluster := cluster.Cluster{CNI: cni, OpenPorts: []cluster.OpenPort{
			{Protocol: "tcp", Low: 9100, High: 9100, Nodes: true}, {Protocol: "udp", Low: 30000, High: 32767, Nodes: true}}}
		var needed, opened []string
		for _, need := range cloud.NodeRules(cluster) {
			ports := fmt.Sprint(need.Low)
			switch {
			case need.Protocol == "icmp":
				ports = ""
			case need.High != need.Low:
				ports += fmt.Sprint("-", need.High)
			}
			needed = append(needed, fmt.Sprintf("%s to %s: %s %s", need.From, need.To, need.Protocol, ports))
		}
		for _, r := range perProtocol(nodeRules(cluster)) {
			assert.NotEmpty(t, r.why, r.name)
			for _, from := range r.from {
				for _, to := range r.to {
					for protocol, ports := range r.ports {
						if ports == nil {
							ports = []string{""}
						}
						for _, port := range ports {
							opened = append(opened, fmt.Sprintf("%s to %s: %s %s", from, to, protocol, port))
						}
					}
				}
			}
		}
		assert.ElementsMatch(t, needed, opened, cni)
	}
}

// TestARuleHasOneProtocol: the API returns several in an order of its own, and no refresh would be clean.
func TestARuleHasOneProtocol(t *testing.T) {
	made := map[string]bool{}
	for _, r := range perProtocol(nodeRules(cluster.Cluster{CNI: cluster.Cilium})) {
		assert.Len(t, r.ports, 1, r.name)
		assert.False(t, made[r.name], "%s is made twice", r.name)
		for _, name := range r.after {
			assert.True(t, made[name], "%s waits for %s", r.name, name)
		}
		made[r.name] = true
	}
	assert.True(t, made["overlay"] && made["overlay-tcp"] && made["overlay-icmp"], "the rule of VXLAN keeps its name")
}
