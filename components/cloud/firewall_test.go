package cloud

import (
	"fmt"
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
	"github.com/stretchr/testify/assert"
)

// TestNoSettingOpensWhatHasARule: openPorts refuses every port for which the program has a rule of its own.
func TestNoSettingOpensWhatHasARule(t *testing.T) {
	for _, cni := range []cluster.CNI{cluster.Cilium, cluster.Flannel} {
		for _, rule := range NodeRules(cluster.Cluster{CNI: cni}) {
			if rule.Protocol == "icmp" {
				continue
			}
			_, _, err := config.Load("test", map[string]string{
				"inferadb:environment": "dev", "inferadb:provider": "aws", "inferadb:regions": `["nyc1"]`,
				"inferadb:openPorts": fmt.Sprintf(`[{"ports":"%d-%d","protocol":%q}]`, rule.Low, rule.High, rule.Protocol),
			})
			assert.ErrorContains(t, err, "openPorts[0].ports: ", rule.Name)
		}
	}
}
