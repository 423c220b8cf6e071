package talos

import (
	_ "embed"
	"errors"
	"fmt"
	"sync"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

//go:embed schema.json
var schemaJSON []byte

// Provider returns the simulated pulumi-talos, with the resources that a program needs to bring up a cluster.
// https://github.com/siderolabs/terraform-provider-talos/tree/v0.10.1/pkg/talos
func Provider() *schema.Provider { return served() }

var served = sync.OnceValue(func() *schema.Provider {
	return schema.Load("talos", schemaJSON, map[string]schema.Behavior{
		"talos:machine/secrets:Secrets": {
			Check: checkTalosVersion, Diff: replaceLowered, Create: createSecrets,
		},
		"talos:machine/configurationApply:ConfigurationApply": {Check: checkApply, Create: apply, Update: apply},
		"talos:machine/bootstrap:Bootstrap":                   {Create: createBootstrap, Update: updateState},
		"talos:cluster/kubeconfig:Kubeconfig": {Check: checkRenewal, Create: createKubeconfig,
			Update: updateState},
	}, nil)
})

// connectFor reaches the machine that a resource is about, and fills in the endpoint.
func connectFor(call *schema.Call) (*clusters, *node, error) {
	resolveEndpoint(call)
	client, err := readCredentials(call.Inputs.Object("clientConfiguration"))
	if err != nil {
		return nil, nil, err
	}
	c, err := observe(call.Network, call.Store)
	if err != nil {
		return nil, nil, err
	}
	n, err := c.connect(client, call.State.String("endpoint"), call.Inputs.String("node"))
	if err != nil {
		return nil, nil, retry{err}
	}
	return c, n, nil
}

func resolveEndpoint(call *schema.Call) {
	if !call.Inputs.Has("endpoint") {
		call.State["endpoint"] = call.Inputs["node"]
	}
}

// turnaround fails after the work is done, as the provider does when timeouts are given: the machine has changed, and
// the program's state does not know it. https://github.com/pulumiverse/pulumi-talos/issues/208
func turnaround(inputs store.Values) error {
	if len(inputs.Object("timeouts")) == 0 {
		return nil
	}
	return done{errors.New("failed recovering value for turnaround check: timeouts: the value is not what was planned")}
}

// retry is an error of the kind that the provider retries for ten minutes, because the network or the machine may still
// be on its way.
type retry struct{ error }

// Retry reports that the caller tries again.
func (retry) Retry() bool { return true }

func (r retry) Unwrap() error { return r.error }

// done is an error that comes too late: what the operation changed stays changed.
type done struct{ error }

// Done reports that the operation is done despite the error.
func (done) Done() bool { return true }

func (d done) Unwrap() error { return d.error }

// explain puts the provider's own headline before an error and keeps its kind.
func explain(headline string, err error) error {
	if err == nil {
		return nil
	}
	explained := fmt.Errorf("%s: %w", headline, err)
	if errors.As(err, &retry{}) {
		return retry{explained}
	}
	if errors.As(err, &done{}) {
		return done{explained}
	}
	return explained
}
