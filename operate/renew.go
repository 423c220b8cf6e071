package operate

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"k8s.io/client-go/tools/clientcmd"
)

// Renew issues the administrator's credentials of a stack's clusters anew, and puts them into the state in the place of
// the old ones. No node is changed: each accepts whom the cluster's authorities have signed, the old credentials as
// well, until they expire.
type Renew struct {
	Stack *Stack
	// Cluster limits the work to one cluster; empty for all of the stack.
	Cluster string
	// DryRun prints the plan.
	DryRun  bool
	Out     io.Writer
	Confirm func() error
}

// credentials are the client certificate and key of a talosconfig or kubeconfig, as both hold them: base64 of PEM.
type credentials struct{ certificate, key string }

// Run asks, issues, tries and records the new credentials. Whatever fails before the end leaves the state as it was.
func (r *Renew) Run(ctx context.Context) error {
	clusters, err := r.plan()
	if err != nil || r.DryRun {
		return err
	}
	if err := r.Confirm(); err != nil {
		return err
	}
	state, err := r.export(ctx)
	if err != nil {
		return err
	}
	var swaps []swap
	for _, c := range clusters {
		issued, err := c.issue(ctx, state)
		if err != nil {
			return fmt.Errorf("%s: %w; nothing was changed", c.Name, err)
		}
		swaps = append(swaps, issued...)
	}
	// The nodes took their time: the state is read again, so that it is that of now.
	if state, err = r.export(ctx); err != nil {
		return err
	}
	if state, err = replaceAll(state, swaps); err != nil {
		return fmt.Errorf("%w; nothing was changed", err)
	}
	if _, err := PulumiWithInput(context.WithoutCancel(ctx), r.Stack.Name, bytes.NewReader(state), "stack",
		"import"); err != nil {
		return err
	}
	return r.report(ctx)
}

// plan prints what the credentials are now, and returns the clusters.
func (r *Renew) plan() ([]*Cluster, error) {
	chosen, err := r.Stack.Select(r.Cluster)
	if err != nil {
		return nil, err
	}
	for _, c := range chosen {
		for _, now := range c.certificates() {
			if now.Problem != "" {
				return nil, fmt.Errorf("%s: the %s cannot be used: %s; run: make up STACK=%s", c.Name, now.Name,
					now.Problem, r.Stack.Name)
			}
			fmt.Fprintf(r.Out, "%s: the %s ends on %s\n", c.Name, now.Name, now.Expiry.Format(time.DateOnly))
		}
	}
	fmt.Fprintln(r.Out, "New ones are issued, for a year. No node is changed, and files that were written "+
		"before stay good until they end.")
	return chosen, nil
}

// export returns the state with its secrets in plain text.
func (r *Renew) export(ctx context.Context) ([]byte, error) {
	return Pulumi(ctx, r.Stack.Name, "stack", "export", "--show-secrets")
}

// report reads the outputs again.
func (r *Renew) report(ctx context.Context) error {
	renewed, err := ReadStack(ctx, r.Stack.Folder, r.Stack.Name)
	if err != nil {
		return err
	}
	for _, c := range renewed.Clusters {
		for _, now := range c.certificates() {
			fmt.Fprintf(r.Out, "%s: the %s is good until %s\n", c.Name, now.Name, now.Expiry.Format(time.DateOnly))
		}
	}
	return nil
}

// swap is a text of the state, and what takes its place.
type swap struct{ what, before, after string }

// swapsOf leads from the old credentials to the new.
func swapsOf(what string, before, after credentials) []swap {
	return []swap{{what + "'s certificate", before.certificate, after.certificate},
		{what + "'s key", before.key, after.key}}
}

// issue makes new credentials, and tries both at the cluster. The cluster's own authority signs those for Talos here,
// so that they are created as well after the old ones expired. A node issues the kubeconfig, as it did at first.
func (c *Cluster) issue(ctx context.Context, state []byte) ([]swap, error) {
	renewed := *c
	access := *c.talos
	talos, err := c.signTalos(state)
	if err != nil {
		return nil, err
	}
	access.Crt, access.Key = talos.certificate, talos.key
	renewed.talos, renewed.kubernetes = &access, c.kubernetes.DeepCopy()
	user := renewed.kubernetes.AuthInfos[c.kubernetes.Contexts[c.kubernetes.CurrentContext].AuthInfo]
	before := credentials{encode(user.ClientCertificateData), encode(user.ClientKeyData)}
	if user.ClientCertificateData, user.ClientKeyData, err = renewed.fetchKubeconfig(ctx); err != nil {
		return nil, err
	}
	api, err := openKubernetes(&renewed)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := api.core.Get().Resource("nodes").Do(limited).Error(); err != nil {
		return nil, fmt.Errorf("the Kubernetes API at %s did not accept the new credentials: %s", c.Server, reason(err))
	}
	return append(swapsOf("talosconfig", credentials{c.talos.Crt, c.talos.Key}, talos),
			swapsOf("kubeconfig", before,
				credentials{encode(user.ClientCertificateData), encode(user.ClientKeyData)})...),
		nil
}

// fetchKubeconfig has a control plane issue a kubeconfig, and returns the client certificate and key in it.
func (c *Cluster) fetchKubeconfig(ctx context.Context) (certificate, key []byte, err error) {
	nodes, err := openTalos(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, nodes.Close()) }()
	for _, m := range c.ControlPlanes {
		limited, cancel := context.WithTimeout(ctx, 10*time.Second)
		text, asked := nodes.controlPlanes[m.Name].Kubeconfig(limited)
		cancel()
		if asked != nil {
			err = errors.Join(err, fmt.Errorf("%s issues no kubeconfig: %s", m.Name, reason(asked)))
			continue
		}
		issued, parsed := clientcmd.Load(text)
		if parsed != nil || issued.Contexts[issued.CurrentContext] == nil ||
			issued.AuthInfos[issued.Contexts[issued.CurrentContext].AuthInfo] == nil {
			return nil, nil, fmt.Errorf("%s issued a kubeconfig that cannot be read", m.Name)
		}
		user := issued.AuthInfos[issued.Contexts[issued.CurrentContext].AuthInfo]
		return user.ClientCertificateData, user.ClientKeyData, nil
	}
	return nil, nil, err
}

const secretsType = "talos:machine/secrets:Secrets"

// signTalos signs a client certificate by the authority of the cluster's Talos API, as the provider does: with the role
// of an administrator, for a year.
// https://github.com/siderolabs/terraform-provider-talos/blob/v0.10.1/pkg/talos/talos_machine_secrets_resource.go
func (c *Cluster) signTalos(state []byte) (credentials, error) {
	parsed, err := ParseState(state)
	if err != nil {
		return credentials{}, err
	}
	authority := &x509.PEMEncodedCertificateAndKey{}
	for _, r := range parsed.Resources() {
		if r["type"] == secretsType && resourceName(r) == c.Name {
			pair := inside(r, "outputs", "machineSecrets", "certs", "os")
			authority.Crt, authority.Key = decode(inside(pair, "cert")), decode(inside(pair, "key"))
		}
	}
	if len(authority.Crt) == 0 || len(authority.Key) == 0 {
		return credentials{}, errors.New("the state has no authority of its Talos API; run: make up")
	}
	pair, err := secrets.NewAdminCertificateAndKey(time.Now(), authority, role.MakeSet(role.Admin),
		constants.TalosAPIDefaultCertificateValidityDuration)
	if err != nil {
		return credentials{}, fmt.Errorf("the authority of its Talos API signs nothing: %w", err)
	}
	return credentials{encode(pair.Crt), encode(pair.Key)}, nil
}

// replaceAll replaces credentials everywhere in a state: in the secrets, in the inputs of resources that use them and
// in the outputs, so that the next update has no changes.
func replaceAll(state []byte, swaps []swap) ([]byte, error) {
	for _, s := range swaps {
		if s.before == "" || !bytes.Contains(state, []byte(s.before)) {
			return nil, fmt.Errorf("the state does not have the %s of the outputs; run: make up, and "+
				"then the command again", s.what)
		}
		state = bytes.ReplaceAll(state, []byte(s.before), []byte(s.after))
	}
	if !json.Valid(state) {
		return nil, errors.New("the state would be none any more")
	}
	return state, nil
}

func encode(pem []byte) string { return base64.StdEncoding.EncodeToString(pem) }

func decode(value any) []byte {
	text, _ := value.(string)
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return decoded
}
