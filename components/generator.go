package components

import (
	"errors"
	"net/netip"
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/machineconfig"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"
)

// generator makes the machine configurations of a cluster, once its network and the name of its endpoint are there.
type generator struct {
	cluster cluster.Cluster
	secrets *machine.Secrets
	network cloud.Network
	// host is the name of the endpoint.
	host pulumi.StringOutput
}

// bootConfiguration returns the configuration that machines boot with.
func (g generator) bootConfiguration(in machineconfig.Input) pulumi.StringOutput {
	return g.configuration(in, pulumi.StringMap{})
}

// nodeConfiguration returns a named node's configuration, with the labels that a cloud controller would set on the
// node. The names are added to the certificate of the API.
func (g generator) nodeConfiguration(
	in machineconfig.Input,
	node cloud.Node,
	names ...pulumi.StringOutput,
) pulumi.StringOutput {
	return g.configuration(in, pulumi.StringMap{
		machineconfig.RegionLabel:       pulumi.String(g.cluster.Location.Region),
		machineconfig.ZoneLabel:         node.Zone,
		machineconfig.InstanceTypeLabel: node.MachineType,
	}, names...)
}

// configuration generates a machine configuration once the addresses and the place that it names are known. It is
// secret.
func (g generator) configuration(
	in machineconfig.Input,
	place pulumi.StringMap,
	sans ...pulumi.StringOutput,
) pulumi.StringOutput {
	names := pulumi.StringArray{}
	for _, san := range sans {
		names = append(names, san)
	}
	generate := func(
		secrets machine.MachineSecrets, contract string, cidrs []string, host string, names []string,
		place map[string]string,
	) (string, error) {
		in := in
		in.Contract, in.Endpoint, in.Topology = contract, host, place
		for _, san := range names {
			if san != "" {
				in.CertSANs = append(in.CertSANs, san)
			}
		}
		networks, err := prefixes(cidrs)
		if err != nil {
			return "", err
		}
		in.Network, in.OtherNetworks = networks[0], networks[1:]
		bundle, err := bundleOf(secrets)
		if err != nil {
			return "", err
		}
		return machineconfig.Generate(in, bundle)
	}
	machineSecrets := pulumix.MustConvertTyped[machine.MachineSecrets](g.secrets.MachineSecrets)
	return cloud.Text(
		pulumix.Apply6Err(machineSecrets, g.secrets.TalosVersion, g.network.CIDRs, g.host, names, place, generate),
	)
}

// prefixes reads the ranges that hold the nodes' addresses, at least one, each once.
func prefixes(texts []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, prefix) {
			list = append(list, prefix)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("network: the cloud names no range of addresses")
	}
	return list, nil
}
