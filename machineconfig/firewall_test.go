package machineconfig

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/nethelpers"
	"github.com/stretchr/testify/assert"
)

// reachesTalosAPI follows Talos' firewall under the default action accept: each rule for the port drops what comes from
// elsewhere than its subnets.
func reachesTalosAPI(c config.Provider, address string) bool {
	within := func(ranges []netip.Prefix) bool {
		return slices.ContainsFunc(ranges, func(r netip.Prefix) bool {
			return r.Contains(netip.MustParseAddr(address))
		})
	}
	rules := talosAPIRules(c)
	for i := 0; i < len(rules); i += 2 {
		if !within(rules[i]) || within(rules[i+1]) {
			return false
		}
	}
	return true
}

func TestTheTalosAPIIsClosedToPods(t *testing.T) {
	ranges := func(texts ...string) (all []netip.Prefix) {
		for _, text := range texts {
			all = append(all, netip.MustParsePrefix(text))
		}
		return all
	}
	for name, test := range map[string]struct {
		clients      []netip.Prefix
		open, closed []string
	}{
		"nodes alone":        {nil, []string{"10.0.3.4"}, []string{"10.244.3.4", "10.96.0.1", "203.0.113.7", "fd00::1"}},
		"operators outside":  {ranges("203.0.113.0/24"), []string{"10.0.3.4", "203.0.113.7"}, []string{"10.244.3.4", "198.51.100.7"}},
		"operators inside":   {ranges("10.0.0.0/16", "10.0.8.0/24"), []string{"10.0.3.4"}, []string{"10.244.3.4"}},
		"operators all over": {ranges("10.0.0.0/8"), []string{"10.0.3.4", "10.9.9.9"}, []string{"10.244.0.1", "10.244.255.1"}},
		"operators in pods":  {ranges("10.244.8.0/24"), []string{"10.0.3.4"}, []string{"10.244.8.1"}},
		"health checks":      {ranges("130.211.0.0/22", "35.191.0.0/16"), []string{"35.191.1.1", "130.211.3.1"}, []string{"10.244.3.4"}},
	} {
		for _, role := range []Role{ControlPlane, Worker} {
			for _, contract := range []string{"v1.10.4", "v1.11.2", "v1.12.1"} {
				provider := loaded(t, input(role,
					func(in *Input) { in.TalosClients, in.Contract = test.clients, contract }))
				assert.Equal(t, nethelpers.DefaultActionAccept, provider.NetworkRules().DefaultAction(), "the kubelet, the network plugin and NodePorts stay open")
				assert.Len(t, provider.NetworkRules().Rules(), 1, name)
				for _, address := range test.open {
					assert.True(t, reachesTalosAPI(provider, address), "%s: %s", name, address)
				}
				for _, address := range test.closed {
					assert.False(t, reachesTalosAPI(provider, address), "%s: %s", name, address)
				}
			}
		}
	}
}

// Talos gives pods a way to its API when this feature asks for it; nothing does.
func TestPodsHaveNoRoleInTheTalosAPI(t *testing.T) {
	for _, role := range []Role{ControlPlane, Worker} {
		for _, contract := range []string{"v1.10.4", "v1.11.2", "v1.12.1"} {
			provider := loaded(t, input(role, func(in *Input) { in.Contract = contract }))
			access := provider.Machine().Features().KubernetesTalosAPIAccess()
			assert.False(t, access.Enabled())
			assert.Empty(t, access.AllowedRoles())
			assert.Empty(t, access.AllowedKubernetesNamespaces())
		}
	}
}
