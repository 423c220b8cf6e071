package operate

import (
	"context"
	"time"

	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
)

// AskControlPlanes asks the Talos APIs of control planes by an identity of the state. An update that was cut off has
// not written the outputs that ReadStack reads.
func AskControlPlanes(ctx context.Context, name string, identity *clientconfig.Context, machines []Machine,
	limit time.Duration) ([]*Node, error) {
	c := &Cluster{Name: name, ControlPlanes: machines, talos: identity}
	talos, err := openTalos(ctx, c)
	if err != nil {
		return nil, err
	}
	op := &Operator{cluster: c, talos: talos, Limit: limit}
	var nodes []*Node
	for _, m := range machines {
		nodes = append(nodes, &Node{Machine: m, ControlPlane: true})
	}
	together(op.lookers(ctx, nodes, "")...)
	return nodes, op.Close()
}
