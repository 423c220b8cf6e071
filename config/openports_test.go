package config

import (
	"net/netip"
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/stretchr/testify/assert"
)

func TestOpenPorts(t *testing.T) {
	for _, provider := range []string{"aws", "gcp", "digitalocean"} {
		c := loadOne(t, stackFile{"provider": provider, "openPorts": `[{"ports":9100},{"ports":"30000-32767","protocol":"udp",
			"from":["10.101.0.0/18","nodes"]},{"ports":"8080","from":["100.64.0.0/10"]}]`})
		assert.Equal(t, []cluster.OpenPort{
			{Protocol: "tcp", Low: 9100, High: 9100, Nodes: true},
			{Protocol: "udp", Low: 30000, High: 32767, Nodes: true, Ranges: []netip.Prefix{prefix("10.101.0.0/18")}},
			{Protocol: "tcp", Low: 8080, High: 8080, Ranges: []netip.Prefix{prefix("100.64.0.0/10")}},
		}, c.OpenPorts)
	}
	google := loadOne(t, stackFile{"provider": "gcp", "openPorts": `[{"ports":30080,"from":["35.191.0.0/16"]}]`})
	assert.Equal(t, []netip.Prefix{prefix("35.191.0.0/16")}, google.OpenPorts[0].Ranges, "Google's own health checks")
}
