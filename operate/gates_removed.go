package operate

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/rest"
)

// removedAPI is an API that clients have asked an API server for, and that a release of Kubernetes removes.
type removedAPI struct{ group, version, resource, release string }

// String returns the API as Kubernetes' deprecation guide spells it.
func (a removedAPI) String() string {
	return strings.TrimPrefix(a.group+"/"+a.version, "/") + " " + a.resource
}

// deprecatedRequests is the metric of an API server about the time since it started.
// https://github.com/kubernetes/kubernetes/blob/v1.36.5/staging/src/k8s.io/apiserver/pkg/endpoints/metrics/metrics.go
const deprecatedRequests = "apiserver_requested_deprecated_apis"

// askRemoved puts into the observation which APIs clients use that the target lacks. Each API server knows what it was
// asked itself, and the load balancer chooses one for each connection: so it takes several.
func (r *upgradeRun) askRemoved(ctx context.Context, o *Observation) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	connections := 1
	if n := len(o.ControlPlanes()); n > 1 {
		connections = 3 * n
	}
	for range connections {
		found, err := r.op.kubernetes.askedDeprecated(limited)
		if err != nil {
			o.removedError = reason(err)
			return
		}
		for _, api := range found {
			if compare(api.release+".0", r.Target.Kubernetes) <= 0 && !slices.Contains(o.removed, api) {
				o.removed = append(o.removed, api)
			}
		}
	}
}

// askedDeprecated asks one API server, by a connection of its own.
func (k *kubernetesAPI) askedDeprecated(ctx context.Context) ([]removedAPI, error) {
	own := rest.CopyConfig(k.config)
	own.Dial = (&net.Dialer{}).DialContext
	c, err := rest.UnversionedRESTClientFor(own)
	if err != nil {
		return nil, err
	}
	defer c.Client.CloseIdleConnections()
	text, err := body(c.Get().AbsPath("/metrics").SetHeader("Accept", "text/plain").Do(ctx))
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	var found []removedAPI
	for _, metric := range families[deprecatedRequests].GetMetric() {
		labels := map[string]string{}
		for _, pair := range metric.GetLabel() {
			labels[pair.GetName()] = pair.GetValue()
		}
		// Most that is deprecated has no release that removes it.
		if labels["removed_release"] != "" && metric.GetGauge().GetValue() > 0 {
			found = append(found, removedAPI{labels["group"], labels["version"], labels["resource"],
				labels["removed_release"]})
		}
	}
	return found, nil
}

// checkRemoved finds what clients of the cluster still use and the target of an upgrade lacks. Only an upgrade asks for
// it.
func (o *Observation) checkRemoved() []Finding {
	if o.removedError != "" {
		return []Finding{{Level: Degraded, Problem: "it is not known which APIs clients use: the metrics of the API " +
			"server cannot be read: " + o.removedError,
			Remedy: "look at: kubectl get --raw /metrics; to go on without: --accept=removed"}}
	}
	var all []Finding
	for _, api := range o.removed {
		all = append(all, Finding{Level: Degraded,
			Problem: fmt.Sprintf("a client has asked for %s, which Kubernetes %s removes", api, api.release),
			Remedy: "move its clients to another version " +
				"(https://kubernetes.io/docs/reference/using-api/deprecation-guide/); " +
				"if none is left: --accept=removed"})
	}
	return all
}
