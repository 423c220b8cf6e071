package digitalocean

import (
	"net/netip"
	"strings"
	"testing"

	"filippo.io/edwards25519"
	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

func TestTheKeyIsWellFormedAndEachClustersOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{"inferadb-dev-nyc1", "inferadb-dev-sfo1", "inferadb-production-nyc1"} {
		line, err := placeholderSSHKey(name)
		require.NoError(t, err)
		again, err := placeholderSSHKey(name)
		require.NoError(t, err)
		assert.Equal(t, line, again, "every run asks for the same key")

		key, comment, _, rest, err := ssh.ParseAuthorizedKey([]byte(line))
		require.NoError(t, err)
		assert.Equal(t, name, comment)
		assert.Empty(t, rest)
		assert.Equal(t, "ssh-ed25519", key.Type())
		blob := key.Marshal()
		_, err = new(edwards25519.Point).SetBytes(blob[len(blob)-32:])
		assert.NoError(t, err, "a point of the curve")
		assert.False(t, seen[ssh.FingerprintSHA256(key)])
		seen[ssh.FingerprintSHA256(key)] = true
	}
}

func TestTagsAreWordsThatDigitalOceanTakes(t *testing.T) {
	for _, test := range []struct{ key, value, want string }{
		{"cluster", "inferadb-dev-nyc1", "cluster:inferadb-dev-nyc1"},
		{"cost-centre", "dev", "cost-centre:dev"},
		{"owner", "Platform Team <a@b.c>", "owner:Platform-Team--a-b-c-"},
		{"empty", "", "empty:"},
	} {
		assert.Equal(t, test.want, formatTag(test.key, test.value))
	}
	long, other := formatTag("note", strings.Repeat("x", 300)+"1"), formatTag("note", strings.Repeat("x", 300)+"2")
	assert.Len(t, long, tagLimit)
	assert.NotEqual(t, long, other, "what is cut off is not lost to the comparison")
}

func TestCheckCountsTheRulesOfAFirewall(t *testing.T) {
	refused := func(c cluster.Cluster) (texts []string) {
		for _, err := range Check(c) {
			texts = append(texts, err.Error())
		}
		return texts
	}
	open := func(ports int) cluster.Cluster {
		c := cluster.Cluster{Access: cluster.Private, CNI: cluster.Cilium}
		for i := range ports {
			c.OpenPorts = append(c.OpenPorts, cluster.OpenPort{
				Protocol: "tcp", Low: 9100 + i, High: 9100 + i, Ranges: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			})
		}
		return c
	}
	assert.Empty(t, refused(open(20)))
	too := refused(open(60))
	require.Len(t, too, 2, "each role has a firewall")
	assert.Regexp(t, `^openPorts: needs \d+ rules in the firewall of the control-plane, and DigitalOcean allows 50; open fewer ports`, too[0])

	var many cluster.Cluster
	for i := range 1001 {
		many.OperatorCIDRs = append(many.OperatorCIDRs,
			netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, byte(i / 256), byte(i)}), 32))
	}
	assert.Equal(t, []string{"operatorCidrs: has 1001 sources in one firewall rule, and DigitalOcean allows 1000; " +
		"name fewer ranges: one can contain several"}, refused(many))
}

func TestAGroupIsRefused(t *testing.T) {
	_, err := network{}.Group(cloud.GroupArgs{})
	assert.ErrorContains(t, err, "digitalocean has neither spot nor a scaling group")
}
