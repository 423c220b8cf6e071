package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/inferadb/infra/operate"
	"github.com/inferadb/infra/regions"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
)

// The types of resources that the commands read in a stack's state.
const (
	clusterType   = "inferadb:index:TalosCluster"
	secretsType   = "talos:machine/secrets:Secrets"
	applyType     = "talos:machine/configurationApply:ConfigurationApply"
	bootstrapType = "talos:machine/bootstrap:Bootstrap"
)

// deployment is a stack's state as `pulumi stack export` prints it. What the commands do not change stays as it is.
type deployment struct {
	whole operate.State
}

// exportState asks the Pulumi CLI for a stack's state: in clear, or with its secrets encrypted, as it can be imported
// again.
func exportState(ctx context.Context, stack string, clear bool) (*deployment, error) {
	arguments := []string{"stack", "export"}
	if clear {
		arguments = append(arguments, "--show-secrets")
	}
	text, err := operate.Pulumi(ctx, stack, arguments...)
	if err != nil {
		return nil, err
	}
	return parseState(text)
}

func parseState(text []byte) (*deployment, error) {
	whole, err := operate.ParseState(text)
	return &deployment{whole}, err
}

// importState replaces a stack's state.
func importState(ctx context.Context, stack string, d *deployment) error {
	text, err := json.Marshal(d.whole)
	if err != nil {
		return err
	}
	_, err = operate.PulumiWithInput(ctx, stack, bytes.NewReader(text), "stack", "import")
	return err
}

// object returns a map of the state, which is empty where there is none.
func object(value any) map[string]any {
	found, _ := value.(map[string]any)
	return found
}

func (d *deployment) resources() []map[string]any { return d.whole.Resources() }

func urnOf(resource map[string]any) string {
	urn, _ := resource["urn"].(string)
	return urn
}

// nameOf returns the last part of a URN, typeOf the last of its types.
func nameOf(resource map[string]any) string {
	urn := urnOf(resource)
	return urn[strings.LastIndex(urn, "::")+2:]
}

func typeOf(resource map[string]any) string {
	text, _ := resource["type"].(string)
	return text
}

func (d *deployment) find(token, name string) map[string]any {
	for _, r := range d.resources() {
		if typeOf(r) == token && nameOf(r) == name {
			return r
		}
	}
	return nil
}

// deployedCluster is what the commands need to know of a cluster.
type deployedCluster struct {
	name string
	// controlPlanes are sorted by number. Those that were given no configuration yet are not among them.
	controlPlanes []controlPlane
	// client is the administrator's identity, each part base64 of PEM.
	ca, certificate, key string
	bootstrapped         bool
}

// controlPlane is a control plane of the state.
type controlPlane struct {
	name     string
	number   int
	address  string
	endpoint string
	// machine reports whether the machine is in the state, protected whether Pulumi keeps it from being deleted.
	machine, protected bool
}

// clusters reads a state that was exported in clear.
func (d *deployment) clusters() []deployedCluster {
	var all []deployedCluster
	for _, r := range d.resources() {
		if typeOf(r) != clusterType {
			continue
		}
		c := deployedCluster{name: nameOf(r), bootstrapped: d.find(bootstrapType, nameOf(r)) != nil}
		identity := object(operate.PlainValue(object(object(d.find(secretsType,
			c.name))["outputs"])["clientConfiguration"]))
		c.ca, _ = identity["caCertificate"].(string)
		c.certificate, _ = identity["clientCertificate"].(string)
		c.key, _ = identity["clientKey"].(string)
		for _, applied := range d.resources() {
			number, is := strings.CutPrefix(nameOf(applied), c.name+"-control-plane-")
			if n, err := strconv.Atoi(number); is && err == nil && typeOf(applied) == applyType {
				c.controlPlanes = append(c.controlPlanes, d.controlPlane(applied, n))
			}
		}
		slices.SortFunc(c.controlPlanes, func(a, b controlPlane) int { return a.number - b.number })
		all = append(all, c)
	}
	return all
}

func (d *deployment) controlPlane(applied map[string]any, number int) controlPlane {
	outputs := object(applied["outputs"])
	node := controlPlane{name: nameOf(applied), number: number}
	node.address, _ = operate.PlainValue(outputs["node"]).(string)
	node.endpoint, _ = operate.PlainValue(outputs["endpoint"]).(string)
	for _, token := range regions.MachineResources() {
		if machine := d.find(token, node.name); machine != nil {
			node.machine, node.protected = true, machine["protect"] == true
		}
	}
	return node
}

// ask asks the Talos APIs of the control planes. The identity is the state's, so that it is there as well when an
// update was cut off before its outputs.
func (c deployedCluster) ask(ctx context.Context) ([]*operate.Node, error) {
	if c.ca == "" || c.certificate == "" || c.key == "" {
		return nil, fmt.Errorf("%s: the state has no identity for its Talos API; run: make up", c.name)
	}
	var machines []operate.Machine
	for _, node := range c.controlPlanes {
		machines = append(machines, node.asMachine())
	}
	return operate.AskControlPlanes(ctx, c.name, &clientconfig.Context{CA: c.ca, Crt: c.certificate, Key: c.key},
		machines, 10*time.Second)
}

// recordBootstrap adds a cluster's Bootstrap to a state whose secrets are encrypted. It has the target and the
// credentials of the ConfigurationApply of the first control plane.
func (d *deployment) recordBootstrap(c deployedCluster) error {
	var applies []any
	at := -1
	list := object(d.whole["deployment"])["resources"].([]any)
	for i, item := range list {
		r := object(item)
		if typeOf(r) == applyType && slices.ContainsFunc(c.controlPlanes, func(n controlPlane) bool {
			return n.name == nameOf(r)
		}) {
			applies, at = append(applies, urnOf(r)), i
		}
	}
	like := d.find(applyType, c.controlPlanes[0].name)
	if at < 0 || like == nil {
		return fmt.Errorf("%s: the state has no control plane that was configured", c.name)
	}
	urn := urnOf(like)
	urn = strings.ReplaceAll(urn[:strings.LastIndex(urn, "::")], applyType, bootstrapType) + "::" + c.name
	dependencies, _ := like["dependencies"].([]any)
	for _, apply := range applies {
		if !slices.Contains(dependencies, apply) {
			dependencies = append(slices.Clone(dependencies), apply)
		}
	}
	outputs := target(like["outputs"])
	outputs["id"] = bootstrapID
	inputs := target(like["inputs"])
	inputs["__defaults"] = []any{}
	secrets := d.find(secretsType, c.name)
	bootstrap := map[string]any{
		"urn": urn, "type": bootstrapType, "id": bootstrapID, "custom": true,
		"parent": like["parent"], "provider": like["provider"], "protect": secrets["protect"] == true,
		"inputs": inputs, "outputs": outputs,
		"dependencies": dependencies, "propertyDependencies": target(like["propertyDependencies"]),
	}
	object(d.whole["deployment"])["resources"] = slices.Insert(list, at+1, any(bootstrap))
	d.dropPending(urn)
	return nil
}

// bootstrapID is the id that the provider gives to every bootstrap.
// https://github.com/siderolabs/terraform-provider-talos/blob/v0.10.1/pkg/talos/talos_machine_bootstrap_resource.go
const bootstrapID = "machine_bootstrap"

// target takes the properties that ConfigurationApply and Bootstrap share.
func target(properties any) map[string]any {
	taken := map[string]any{}
	for _, key := range []string{"clientConfiguration", "endpoint", "node"} {
		if value, ok := object(properties)[key]; ok {
			taken[key] = value
		}
	}
	return taken
}

// dropPending takes the mark away that an update which was killed meanwhile left at a resource.
func (d *deployment) dropPending(urn string) {
	state := object(d.whole["deployment"])
	if pending, ok := state["pending_operations"].([]any); ok {
		state["pending_operations"] = slices.DeleteFunc(pending, func(item any) bool {
			return urnOf(object(object(item)["resource"])) == urn
		})
	}
}

// forgetBootstrap takes a cluster's Bootstrap out of a state. What depended on it stays: the next update names it
// again.
func (d *deployment) forgetBootstrap(c deployedCluster) {
	urn := urnOf(d.find(bootstrapType, c.name))
	is := func(item any) bool { return item == urn }
	state := object(d.whole["deployment"])
	state["resources"] = slices.DeleteFunc(state["resources"].([]any), func(item any) bool {
		return urnOf(object(item)) == urn
	})
	for _, item := range state["resources"].([]any) {
		r := object(item)
		if list, ok := r["dependencies"].([]any); ok {
			r["dependencies"] = slices.DeleteFunc(list, is)
		}
		for property, value := range object(r["propertyDependencies"]) {
			if list, ok := value.([]any); ok {
				object(r["propertyDependencies"])[property] = slices.DeleteFunc(list, is)
			}
		}
		if r["deletedWith"] == urn {
			delete(r, "deletedWith")
		}
	}
}
