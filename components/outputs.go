package components

import (
	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/machineconfig"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"
)

// Export makes a stack's outputs. kubeconfig and talosconfig are one file each with one context per cluster, the
// primary region's current; kubeconfigs holds them one by one, by region. These are secret. clusters is plain.
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

// mergedKubeconfig returns one file with a context for each cluster.
func mergedKubeconfig(clusters []*TalosCluster) pulumi.StringOutput {
	var all []any
	for _, c := range clusters {
		all = append(all, c.kubernetes)
	}
	return pulumi.ToSecret(pulumi.All(all...).ApplyT(func(values []any) (string, error) {
		return mergeKubeconfigs(castSlice[kubeconfigEntry](values))
	})).(pulumi.StringOutput)
}

// mergedTalosconfig returns one file with a context for each cluster.
func mergedTalosconfig(clusters []*TalosCluster) pulumi.StringOutput {
	var all []any
	for _, c := range clusters {
		all = append(all, c.talos)
	}
	return pulumi.ToSecret(pulumi.All(all...).ApplyT(func(values []any) (string, error) {
		return mergeTalosconfigs(castSlice[talosconfigEntry](values))
	})).(pulumi.StringOutput)
}

func castSlice[T any](values []any) []T {
	var typed []T
	for _, v := range values {
		typed = append(typed, v.(T))
	}
	return typed
}

// setOutputs sets what operators need: the secret files, and a plain summary.
func (b *clusterBuilder) setOutputs(
	ctx *pulumi.Context,
	client machine.ClientConfigurationOutput,
	kubeconfig pulumi.StringOutput,
	endpoint cloud.Endpoint,
	made machines,
	configured []pulumi.Resource,
) error {
	component, server := b.component, b.server(endpoint, made.controlPlanes[0])
	component.kubernetes = pulumi.All(kubeconfig, server).ApplyT(func(values []any) (kubeconfigEntry, error) {
		return newKubeconfigEntry(b.cluster.Name, b.cluster.Primary, values[0].(string), values[1].(string))
	})
	component.talos = b.talosconfigEntry(client, made)
	component.Kubeconfig = mergedKubeconfig([]*TalosCluster{component})
	component.Talosconfig = mergedTalosconfig([]*TalosCluster{component})
	component.Summary = b.summary(endpoint, server, made).ToMapOutput()
	return ctx.RegisterResourceOutputs(component, pulumi.Map{
		"kubeconfig": component.Kubeconfig, "talosconfig": component.Talosconfig, "summary": component.Summary,
		workersIndependent: b.independent(configured),
	})
}

// independent returns whether the state has no dependencies between workers any more: an update has registered all of
// them. `infra apply` leaves out most. It waits for the workers, so that an update that fails does not set the output.
func (b *clusterBuilder) independent(workers []pulumi.Resource) pulumi.Output {
	var urns []any
	for _, worker := range workers {
		urns = append(urns, worker.URN())
	}
	return pulumi.All(urns...).ApplyT(func([]any) bool { return b.workersIndependent || !b.running.Applying })
}

// server returns the host in the kubeconfig. Operators must be able to resolve and reach it, so it is not a name in a
// private zone.
func (b *clusterBuilder) server(endpoint cloud.Endpoint, first cloud.Node) pulumi.StringOutput {
	switch {
	case b.cluster.Endpoint != "":
		return endpoint.Host
	case b.cluster.Access == cluster.Public:
		return first.PublicIP
	default:
		return endpoint.LoadBalancer
	}
}

// talosconfigEntry returns the administrator's access to the Talos API: through every control plane, to every named
// node.
func (b *clusterBuilder) talosconfigEntry(client machine.ClientConfigurationOutput, made machines) pulumi.Output {
	var endpoints, nodes pulumi.StringArray
	for _, node := range made.controlPlanes {
		endpoints = append(endpoints, b.operatorAddress(node))
		nodes = append(nodes, node.PrivateIP)
	}
	for _, pool := range b.cluster.Pools {
		for _, node := range made.workers[pool.Name] {
			nodes = append(nodes, node.PrivateIP)
		}
	}
	return pulumi.All(client, endpoints, nodes).
		ApplyT(func(values []any) talosconfigEntry {
			client := values[0].(machine.ClientConfiguration)
			return talosconfigEntry{
				Name: b.cluster.Name, Primary: b.cluster.Primary,
				CA: client.CaCertificate, Crt: client.ClientCertificate, Key: client.ClientKey,
				Endpoints: values[1].([]string), Nodes: values[2].([]string),
			}
		})
}

// summary returns the names and addresses of what the cluster consists of. It holds no secret.
func (b *clusterBuilder) summary(endpoint cloud.Endpoint, server pulumi.StringOutput, made machines) pulumi.Map {
	pools := pulumi.Map{}
	for _, pool := range b.cluster.Pools {
		pools[pool.Name] = pulumi.Map{
			"groups":            made.groups[pool.Name].Names,
			"interruptionQueue": made.groups[pool.Name].InterruptionQueue,
			"nodes":             nodeSummaries(made.workers[pool.Name]),
		}
	}
	return pulumi.Map{
		"name":          pulumi.String(b.cluster.Name),
		"region":        pulumi.String(b.cluster.Region),
		"provider":      pulumi.String(b.cluster.Provider),
		"primary":       pulumi.Bool(b.cluster.Primary),
		"endpoint":      pulumi.Sprintf("https://%s:%s", endpoint.Host, machineconfig.APIServerPort),
		"server":        pulumi.Sprintf("https://%s:%s", server, machineconfig.APIServerPort),
		"loadBalancer":  endpoint.LoadBalancer,
		"controlPlanes": nodeSummaries(made.controlPlanes),
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
