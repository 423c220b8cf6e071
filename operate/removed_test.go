package operate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// metrics are as an API server of Kubernetes 1.31 writes them.
const metrics = `# HELP apiserver_request_total [STABLE] Counter of apiserver requests.
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="nodes",scope="cluster",subresource="",verb="LIST",version="v1"} 7
# HELP apiserver_requested_deprecated_apis [STABLE] Gauge of deprecated APIs that have been requested.
# TYPE apiserver_requested_deprecated_apis gauge
apiserver_requested_deprecated_apis{group="",removed_release="",resource="endpoints",subresource="",version="v1"} 1
apiserver_requested_deprecated_apis{group="flowcontrol.apiserver.k8s.io",removed_release="1.36",resource="flowschemas",subresource="",version="v1beta3"} 1
apiserver_requested_deprecated_apis{group="flowcontrol.apiserver.k8s.io",removed_release="1.36",resource="flowschemas",subresource="status",version="v1beta3"} 1
apiserver_requested_deprecated_apis{group="resource.k8s.io",removed_release="1.37",resource="resourceclaims",subresource="",version="v1beta1"} 1
`

// TestRemovedAPIsRefuseAnUpgrade to the release that removes them, and to no other.
func TestRemovedAPIsRefuseAnUpgrade(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Metrics = metrics })
	out := f.run(nil, Refused, "refused by removed: a client has asked for flowcontrol.apiserver.k8s.io/v1beta3 flowschemas, which Kubernetes 1.36 removes; move")
	assert.Equal(t, 1, strings.Count(out, "refused by"), "one line for an API, and none for what stays:\n%s", out)
	assert.Empty(t, f.Log())
	f.run(func(u *Upgrade) { u.Target.Kubernetes = "1.35.5" }, 0, "")
	f.run(func(u *Upgrade) { u.Accept = []string{"removed"} }, 0, "")
	f.isUpgraded()
}

func TestMetricsThatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Metrics = "no {metrics" })
	f.run(nil, Refused, "refused by removed: it is not known which APIs clients use: the metrics of the API server cannot be read: text format parsing error")
	assert.Empty(t, f.Log())
	f.run(func(u *Upgrade) { u.Target.Kubernetes = "" }, 0, "")
}
