package components

import (
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/components/machineconfig"
	"github.com/inferadb/infra/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"
)

// Export makes a stack's outputs. kubeconfig and talosconfig are one file each with one context per cluster, the primary
// region's current; kubeconfigs holds them one by one, by region. These are secret. clusters is plain.
func Export(ctx *pulumi.Context, clusters []*TalosCluster) {
	kubeconfigs, summaries := pulumi.StringMap{}, pulumi.Map{}
	for _, c := range clusters {
		kubeconfigs[c.region] = c.Kubeconfig
		summaries[c.region] = c.Summary
	}
	ctx.Export("kubeconfig", mergedKubeconfig(clusters))
	ctx.Export("talosconfig", mergedTalosconfig(clusters))
	ctx.Export("kubeconfigs", pulumi.ToSecret(kubeconfigs))
	ctx.Export("clusters", summaries)
}

// mergedKubeconfig is one file with a context for each cluster.
func mergedKubeconfig(clusters []*TalosCluster) pulumi.StringOutput {
	var all []any
	for _, c := range clusters {
		all = append(all, c.kubernetes)
	}
	return pulumi.ToSecret(pulumi.All(all...).ApplyT(func(values []any) (string, error) {
		return mergeKubeconfigs(as[kubernetesAccess](values))
	})).(pulumi.StringOutput)
}

// mergedTalosconfig is one file with a context for each cluster.
func mergedTalosconfig(clusters []*TalosCluster) pulumi.StringOutput {
	var all []any
	for _, c := range clusters {
		all = append(all, c.talos)
	}
	return pulumi.ToSecret(pulumi.All(all...).ApplyT(func(values []any) (string, error) {
		return mergeTalosconfigs(as[talosAccess](values))
	})).(pulumi.StringOutput)
}

func as[T any](values []any) []T {
	var typed []T
	for _, v := range values {
		typed = append(typed, v.(T))
	}
	return typed
}

// describe gathers what operators need: the secret files, and a plain summary of what there is.
func (up *bringUp) describe() error {
	self := up.self
	self.kubernetes = pulumi.All(up.kubeconfig, up.server()).ApplyT(func(values []any) kubernetesAccess {
		return kubernetesAccess{Name: up.cluster.Name, Primary: up.cluster.Primary, Kubeconfig: values[0].(string), Server: values[1].(string)}
	})
	self.talos = up.talosAccess()
	self.Kubeconfig = mergedKubeconfig([]*TalosCluster{self})
	self.Talosconfig = mergedTalosconfig([]*TalosCluster{self})
	self.Summary = up.summary().ToMapOutput()
	return nil
}

// server is the host that a kubeconfig names: one that operators can resolve and reach, which a name in a private zone is not.
func (up *bringUp) server() pulumi.StringOutput {
	switch {
	case up.cluster.Endpoint != "":
		return up.endpoint.Host
	case up.cluster.Access == config.Public:
		return up.controlPlanes[0].PublicIP
	default:
		return up.endpoint.LoadBalancer
	}
}

// talosAccess is the administrator's way to the Talos API: through every control plane, to every node that has a name.
func (up *bringUp) talosAccess() pulumi.Output {
	var endpoints, nodes pulumi.StringArray
	for _, node := range up.controlPlanes {
		endpoints = append(endpoints, up.reach(node))
		nodes = append(nodes, node.PrivateIP)
	}
	for _, pool := range up.cluster.Pools {
		for _, node := range up.workers[pool.Name] {
			nodes = append(nodes, node.PrivateIP)
		}
	}
	return pulumi.All(up.talos.secrets.ClientConfiguration, endpoints, nodes).ApplyT(func(values []any) talosAccess {
		client := values[0].(machine.ClientConfiguration)
		return talosAccess{
			Name: up.cluster.Name, Primary: up.cluster.Primary,
			CA: client.CaCertificate, Crt: client.ClientCertificate, Key: client.ClientKey,
			Endpoints: values[1].([]string), Nodes: values[2].([]string),
		}
	})
}

// summary is what there is, by name and address. It holds no secret.
func (up *bringUp) summary() pulumi.Map {
	pools := pulumi.Map{}
	for _, pool := range up.cluster.Pools {
		pools[pool.Name] = pulumi.Map{
			"groups":            up.groups[pool.Name].Names,
			"interruptionQueue": up.groups[pool.Name].InterruptionQueue,
			"nodes":             nodeSummaries(up.workers[pool.Name]),
		}
	}
	return pulumi.Map{
		"name":          pulumi.String(up.cluster.Name),
		"region":        pulumi.String(up.cluster.Region),
		"provider":      pulumi.String(up.cluster.Provider),
		"primary":       pulumi.Bool(up.cluster.Primary),
		"endpoint":      pulumi.Sprintf("https://%s:%s", up.endpoint.Host, machineconfig.APIServerPort),
		"server":        pulumi.Sprintf("https://%s:%s", up.server(), machineconfig.APIServerPort),
		"loadBalancer":  up.endpoint.LoadBalancer,
		"controlPlanes": nodeSummaries(up.controlPlanes),
		"pools":         pools,
	}
}

func nodeSummaries(nodes []cloud.Node) pulumi.Array {
	summaries := pulumi.Array{}
	for _, node := range nodes {
		summaries = append(summaries, pulumi.Map{
			"name": pulumi.String(node.Name), "privateIp": node.PrivateIP, "publicIp": node.PublicIP,
		})
	}
	return summaries
}
