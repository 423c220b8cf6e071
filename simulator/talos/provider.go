package talos

import (
	"errors"
	"fmt"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/world"
)

// Provider is the simulated pulumi-talos, with the resources that a program needs to bring up a cluster.
// https://github.com/siderolabs/terraform-provider-talos/tree/v0.10.1/pkg/talos
func Provider() *catalogue.Provider {
	return &catalogue.Provider{
		Name:      "talos",
		Config:    catalogue.Fields{"imageFactoryUrl": catalogue.String()},
		Resources: []catalogue.Resource{secretsResource(), configurationApply(), bootstrap(), kubeconfig()},
	}
}

// clientConfiguration is required by everything that talks to a machine.
func clientConfiguration(options ...catalogue.Option) catalogue.Field {
	return catalogue.Object(catalogue.Fields{
		"caCertificate":     catalogue.String(catalogue.Required),
		"clientCertificate": catalogue.String(catalogue.Required),
		"clientKey":         catalogue.String(catalogue.Required, catalogue.Secret),
	}, options...)
}

// target are the inputs of everything that talks to a machine. The endpoint is the node itself unless it is given.
func target(timeouts ...string) catalogue.Fields {
	durations := catalogue.Fields{}
	for _, name := range timeouts {
		durations[name] = catalogue.String()
	}
	return catalogue.Fields{
		"clientConfiguration": clientConfiguration(catalogue.Required),
		"node":                catalogue.String(catalogue.Required),
		"endpoint":            catalogue.String(catalogue.Computed),
		"timeouts":            catalogue.Object(durations),
	}
}

// connectFor reaches the machine that a resource is about, and fills in the endpoint.
func connectFor(call *catalogue.Call) (*clusters, *node, error) {
	settleEndpoint(call)
	client, err := readCredentials(call.Inputs.Object("clientConfiguration"))
	if err != nil {
		return nil, nil, err
	}
	c, err := observe(call.Site, call.World)
	if err != nil {
		return nil, nil, err
	}
	n, err := c.connect(client, call.State.String("endpoint"), call.Inputs.String("node"))
	if err != nil {
		return nil, nil, retry{err}
	}
	return c, n, nil
}

func settleEndpoint(call *catalogue.Call) {
	if !call.Inputs.Has("endpoint") {
		call.State["endpoint"] = call.Inputs["node"]
	}
}

// turnaround fails after the work is done, as the provider does when timeouts are given: the machine has changed, and
// the program's state does not know it. https://github.com/pulumiverse/pulumi-talos/issues/208
func turnaround(inputs world.Values) error {
	if len(inputs.Object("timeouts")) == 0 {
		return nil
	}
	return done{errors.New("failed recovering value for turnaround check: timeouts: the value is not what was planned")}
}

// retry is an error of the kind that the provider retries for ten minutes, because the network or the machine may still
// be on its way.
type retry struct{ error }

// Retry marks the error for the caller.
func (retry) Retry() bool { return true }

func (r retry) Unwrap() error { return r.error }

// done is an error that comes too late: what the operation changed stays changed.
type done struct{ error }

// Done marks the error for the caller.
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
