package machineconfig

import (
	"reflect"

	"github.com/siderolabs/talos/pkg/machinery/config"
)

// clusterWide are the fields that every machine of a cluster must agree on: pods on one could not reach those on
// another, or would not find their names.
var clusterWide = []struct {
	field string
	read  func(config.Provider) any
}{
	{"cluster.network.podSubnets", func(c config.Provider) any { return c.Cluster().Network().PodCIDRs() }},
	{"cluster.network.serviceSubnets", func(c config.Provider) any { return c.Cluster().Network().ServiceCIDRs() }},
	{"cluster.network.dnsDomain", func(c config.Provider) any { return c.Cluster().Network().DNSDomain() }},
	{"cluster.discovery.enabled", func(c config.Provider) any { return c.Cluster().Discovery().Enabled() }},
	{
		"cluster.externalCloudProvider.enabled",
		func(c config.Provider) any { return c.Cluster().ExternalCloudProvider().Enabled() },
	},
	{"machine.network.kubespan.enabled", func(c config.Provider) any { return hasKubeSpan(c) }},
}

func hasKubeSpan(c config.Provider) bool {
	kubeSpan := c.NetworkKubeSpanConfig()
	return kubeSpan != nil && kubeSpan.Enabled()
}

// ClusterWide returns the field that the i-th patch sets, and in which a machine of the other configuration differs;
// empty if there is none. Both configurations pass Check, or there is none either.
func ClusterWide(in Input, i int, other Input) string {
	fewer, more := in, in
	fewer.Patches, more.Patches = in.Patches[:i], in.Patches[:i+1]
	without, err := Load(fewer)
	if err != nil {
		return ""
	}
	with, err := Load(more)
	if err != nil {
		return ""
	}
	all, err := Load(in)
	if err != nil {
		return ""
	}
	others, err := Load(other)
	if err != nil {
		return ""
	}
	for _, item := range clusterWide {
		sets := !reflect.DeepEqual(item.read(without), item.read(with))
		if sets && !reflect.DeepEqual(item.read(all), item.read(others)) {
			return item.field
		}
	}
	return ""
}
