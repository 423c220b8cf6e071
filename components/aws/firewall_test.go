package aws

import (
	"net/netip"
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/stretchr/testify/assert"
)

// TestRulesOfASecurityGroup counts the rules that operators cost.
func TestRulesOfASecurityGroup(t *testing.T) {
	for _, test := range []struct {
		access  cluster.Access
		ranges  int
		refused []string
	}{
		{cluster.Private, 29, nil},
		{cluster.Private, 30, []string{"operatorCidrs: needs 62 rules in the security group of the load-balancer, and AWS allows 60; " +
			"name 29 ranges at most, not 30: one can contain several"}},
		{cluster.Public, 20, nil},
		{cluster.Public, 21, []string{"operatorCidrs: needs 61 rules in the security group of the control-plane, and AWS allows 60; " +
			"name 20 ranges at most, not 21: one can contain several"}},
	} {
		cluster := cluster.Cluster{Access: test.access, CNI: cluster.Cilium}
		for i := range test.ranges {
			cluster.OperatorCIDRs = append(cluster.OperatorCIDRs,
				netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}), 32))
		}
		var refused []string
		for _, err := range Check(cluster) {
			refused = append(refused, err.Error())
		}
		assert.Equal(t, test.refused, refused, "%s, %d ranges", test.access, test.ranges)
	}
}
