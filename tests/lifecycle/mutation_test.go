package lifecycle

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMutations(t *testing.T) {
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "production", cloud)
			s.set("regions", `["nyc1"]`)
			pools := `{"name":"data","size":"small","count":2,"workload":"stateful"}`
			if cloud != "digitalocean" {
				pools += `,{"name":"web","size":"small","count":2,"spot":{"base":0,"rebalance":true}}`
				if cloud == "gcp" {
					pools = `{"name":"data","size":"small","count":2,"workload":"stateful"},{"name":"web","size":"small","min":2,"max":4,"spot":true,"autoscaling":"cpu"}`
				}
			}
			s.set("pools", "["+pools+"]")
			s.up()
			require.NoError(t, os.CopyFS("/tmp/notes/packets-world/"+cloud, os.DirFS(s.path("world"))))
		})
	}
}
