package components

import (
	"errors"
	"net/netip"
	"slices"

	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/components/machineconfig"
	"github.com/inferadb/infra/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/cluster"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"
)

// applyMode applies what a running node can take and fails on what needs a reboot: "auto" would reboot the control
// planes one after the other without waiting for etcd, and the staged modes ask the nodes during a preview.
// https://github.com/siderolabs/terraform-provider-talos/pull/286
const applyMode = "no_reboot"

// talosAPI is a cluster's identity, and the steps that speak to its nodes. None of them sets Timeouts: with
// pulumi-talos 0.7 that breaks them (https://github.com/pulumiverse/pulumi-talos/issues/208).
type talosAPI struct {
	ctx      *pulumi.Context
	cluster  config.Cluster
	parent   pulumi.Resource
	provider *talos.Provider
	secrets  *machine.Secrets
	// lastApply is what the next configuration waits for: in a cluster that runs the node before, so that no two change
	// at once. In a new one no node serves yet, and the nodes are configured side by side; then lastApply is only what
	// all of them wait for.
	lastApply []pulumi.Resource
	// running reports whether an earlier update started the cluster.
	running bool
	// configured are all the configurations.
	configured []pulumi.Resource
}

// newTalosAPI makes the cluster's secrets. They live as long as the cluster: a second set would be a second cluster.
func newTalosAPI(ctx *pulumi.Context, cluster config.Cluster, running bool, parent pulumi.Resource) (*talosAPI, error) {
	provider, err := talos.NewProvider(ctx, cluster.Name+"-talos", &talos.ProviderArgs{}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	secrets, err := machine.NewSecrets(ctx, cluster.Name, &machine.SecretsArgs{
		TalosVersion: pulumi.String(machineconfig.VersionContract(cluster.TalosVersion)),
	}, pulumi.Parent(parent), pulumi.Provider(provider),
		pulumi.Protect(cluster.Protected),
		pulumi.AdditionalSecretOutputs([]string{"machineSecrets", "clientConfiguration"}),
		// The version of creation stays: a lower one would replace the secrets, a higher one would change the documents
		// that running nodes are configured with.
		pulumi.IgnoreChanges([]string{"talosVersion"}))
	if err != nil {
		return nil, err
	}
	return &talosAPI{
		ctx:      ctx,
		cluster:  cluster,
		running:  running,
		parent:   parent,
		provider: provider,
		secrets:  secrets,
	}, nil
}

// configuration generates a machine configuration once the addresses and the place that it names are known. It is
// secret.
func (t *talosAPI) configuration(
	in machineconfig.Input,
	network cloud.Network,
	host pulumi.StringOutput,
	place pulumi.StringMap,
	sans ...pulumi.StringOutput,
) pulumi.StringOutput {
	names := pulumi.StringArray{}
	for _, san := range sans {
		names = append(names, san)
	}
	generate := func(secrets machine.MachineSecrets, contract string, cidrs []string, host string, names []string, place map[string]string) (string, error) {
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
	machineSecrets := pulumix.MustConvertTyped[machine.MachineSecrets](t.secrets.MachineSecrets)
	return cloud.Text(
		pulumix.Apply6Err(machineSecrets, t.secrets.TalosVersion, network.CIDRs, host, names, place, generate),
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

// apply gives a node its configuration; in a cluster that runs after every node that was given one before.
func (t *talosAPI) apply(node cloud.Node, endpoint, configuration pulumi.StringOutput, after ...pulumi.Resource) error {
	applied, err := machine.NewConfigurationApply(t.ctx, node.Name, &machine.ConfigurationApplyArgs{
		ClientConfiguration:       t.client(),
		Endpoint:                  endpoint,
		Node:                      node.PrivateIP,
		MachineConfigurationInput: configuration,
		ApplyMode:                 pulumi.String(applyMode),
	}, t.options(
		pulumi.DependsOn(slices.Concat(after, node.Ready, t.lastApply)),
		// A machine that was replaced has the address of the old one, and booted with an old configuration.
		pulumi.ReplacementTrigger(node.Identity),
	)...)
	if err != nil {
		return err
	}
	t.configured = append(t.configured, applied)
	if t.running {
		t.lastApply = []pulumi.Resource{applied}
	}
	return nil
}

// bootstrap starts etcd on the first control plane. It happens once in a cluster's life: a changed address is no
// reason.
func (t *talosAPI) bootstrap(
	first cloud.Node,
	endpoint pulumi.StringOutput,
	after ...pulumi.Resource,
) (*machine.Bootstrap, error) {
	return machine.NewBootstrap(t.ctx, t.cluster.Name, &machine.BootstrapArgs{
		ClientConfiguration: t.client(),
		Endpoint:            endpoint,
		Node:                first.PrivateIP,
	}, t.options(
		pulumi.DependsOn(slices.Concat(after, t.configured)),
		pulumi.IgnoreChanges([]string{"node", "endpoint", "clientConfiguration"}),
		// Forgotten in a half-done deletion it would be made again, and fail: etcd has its data already.
		pulumi.Protect(t.cluster.Protected),
	)...)
}

// kubeconfig fetches the administrator's kubeconfig, whose server is the endpoint that nodes use. It is secret.
func (t *talosAPI) kubeconfig(
	first cloud.Node,
	endpoint pulumi.StringOutput,
	bootstrapped pulumi.Resource,
) (pulumi.StringOutput, error) {
	client := t.secrets.ClientConfiguration
	kubeconfig, err := cluster.NewKubeconfig(t.ctx, t.cluster.Name, &cluster.KubeconfigArgs{
		ClientConfiguration: &cluster.KubeconfigClientConfigurationArgs{
			CaCertificate: client.CaCertificate(), ClientCertificate: client.ClientCertificate(), ClientKey: client.ClientKey(),
		},
		Endpoint: endpoint,
		Node:     first.PrivateIP,
	}, t.options(
		pulumi.DependsOn([]pulumi.Resource{bootstrapped}),
		pulumi.AdditionalSecretOutputs([]string{"kubeconfigRaw", "kubernetesClientConfiguration"}),
	)...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return pulumi.ToSecret(kubeconfig.KubeconfigRaw).(pulumi.StringOutput), nil
}

// client is the administrator's identity for the Talos API.
func (t *talosAPI) client() machine.ClientConfigurationArgs {
	client := t.secrets.ClientConfiguration
	return machine.ClientConfigurationArgs{
		CaCertificate: client.CaCertificate(), ClientCertificate: client.ClientCertificate(), ClientKey: client.ClientKey(),
	}
}

func (t *talosAPI) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(t.parent), pulumi.Provider(t.provider)}, more...)
}
