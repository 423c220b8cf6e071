package components

import (
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/machineconfig"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos"
	taloscluster "github.com/pulumiverse/pulumi-talos/sdk/go/talos/cluster"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"
)

// applyMode applies what a running node accepts and fails on what needs a reboot: "auto" would reboot the control
// planes one after the other without waiting for etcd, and the staged modes ask the nodes during a preview.
// https://github.com/siderolabs/terraform-provider-talos/pull/286
const applyMode = "no_reboot"

// talosAPI is a cluster's identity, and the steps that speak to its nodes. None of them sets Timeouts: with
// pulumi-talos 0.7 that breaks them (https://github.com/pulumiverse/pulumi-talos/issues/208).
type talosAPI struct {
	ctx      *pulumi.Context
	cluster  cluster.Cluster
	parent   pulumi.Resource
	provider *talos.Provider
	secrets  *machine.Secrets
	// running reports whether an earlier update started the cluster.
	running bool
}

// newTalosAPI makes the cluster's secrets. They live as long as the cluster: a second set would be a second cluster.
func newTalosAPI(
	ctx *pulumi.Context,
	cluster cluster.Cluster,
	running bool,
	parent pulumi.Resource,
) (*talosAPI, error) {
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
		ctx: ctx, cluster: cluster, parent: parent, provider: provider, secrets: secrets, running: running,
	}, nil
}

// application is a machine configuration that is applied to a node.
type application struct {
	node cloud.Node
	// endpoint is the address of the control plane that hands it on.
	endpoint, configuration pulumi.StringOutput
}

// applyInOrder configures the nodes of a running cluster one after the other, and stops at the first that fails. In a
// new cluster no node serves yet, and all are configured at the same time.
func (t *talosAPI) applyInOrder(nodes []application, after ...pulumi.Resource) ([]pulumi.Resource, error) {
	var applied []pulumi.Resource
	for _, a := range nodes {
		before := after
		if t.running && len(applied) > 0 {
			before = slices.Concat(after, applied[len(applied)-1:])
		}
		made, err := t.apply(a, before)
		if err != nil {
			return nil, err
		}
		applied = append(applied, made)
	}
	return applied, nil
}

// applyLimited configures as many nodes at the same time as the limit lets it. They do not depend on each other, so
// that one that hangs does not block the others.
func (t *talosAPI) applyLimited(
	nodes []application,
	limit *limiter,
	after ...pulumi.Resource,
) ([]pulumi.Resource, error) {
	var applied []pulumi.Resource
	for _, a := range nodes {
		made, err := limit.register(func(wait pulumi.ResourceOption) (pulumi.Resource, error) {
			return t.apply(a, after, wait)
		})
		if err != nil {
			return nil, err
		}
		applied = append(applied, made)
	}
	return applied, nil
}

func (t *talosAPI) apply(
	a application,
	after []pulumi.Resource,
	options ...pulumi.ResourceOption,
) (pulumi.Resource, error) {
	return machine.NewConfigurationApply(t.ctx, a.node.Name, &machine.ConfigurationApplyArgs{
		ClientConfiguration:       t.client(),
		Endpoint:                  a.endpoint,
		Node:                      a.node.PrivateIP,
		MachineConfigurationInput: a.configuration,
		ApplyMode:                 pulumi.String(applyMode),
	}, t.options(slices.Concat(options, []pulumi.ResourceOption{
		pulumi.DependsOn(slices.Concat(after, a.node.Ready)),
		// A machine that was replaced has the address of the old one, and booted with an old configuration.
		pulumi.ReplacementTrigger(a.node.Identity),
	})...)...)
}

// bootstrap starts etcd on the first control plane. It happens once in a cluster's life. A changed address does not
// repeat it.
func (t *talosAPI) bootstrap(
	first cloud.Node,
	endpoint pulumi.StringOutput,
	after []pulumi.Resource,
) (*machine.Bootstrap, error) {
	return machine.NewBootstrap(t.ctx, t.cluster.Name, &machine.BootstrapArgs{
		ClientConfiguration: t.client(),
		Endpoint:            endpoint,
		Node:                first.PrivateIP,
	}, t.options(
		pulumi.DependsOn(after),
		pulumi.IgnoreChanges([]string{"node", "endpoint", "clientConfiguration"}),
		// If it left the state in an interrupted destroy, the next up would bootstrap again and fail, because etcd has
		// its data already.
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
	kubeconfig, err := taloscluster.NewKubeconfig(t.ctx, t.cluster.Name, &taloscluster.KubeconfigArgs{
		ClientConfiguration: &taloscluster.KubeconfigClientConfigurationArgs{
			CaCertificate: client.CaCertificate(), ClientCertificate: client.ClientCertificate(),
			ClientKey: client.ClientKey(),
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

// client returns the administrator's client certificate for the Talos API.
func (t *talosAPI) client() machine.ClientConfigurationArgs {
	client := t.secrets.ClientConfiguration
	return machine.ClientConfigurationArgs{
		CaCertificate: client.CaCertificate(), ClientCertificate: client.ClientCertificate(),
		ClientKey: client.ClientKey(),
	}
}

func (t *talosAPI) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(t.parent), pulumi.Provider(t.provider)}, more...)
}
