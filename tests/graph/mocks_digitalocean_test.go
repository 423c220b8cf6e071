package graph

import (
	"fmt"
	"os"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

// ownVPC is the network that a stack adopts.
const ownVPC = "5a4981aa-9653-4bd1-bef5-d6bff52042e4"

// The program refuses to begin without a token.
func init() {
	if err := os.Setenv("DIGITALOCEAN_TOKEN", "mock"); err != nil {
		panic(err)
	}
}

// computedByDigitalOcean are the outputs that the program reads and that DigitalOcean would compute.
func computedByDigitalOcean(args pulumi.MockResourceArgs, n int) map[string]any {
	switch args.TypeToken {
	case "digitalocean:index/droplet:Droplet":
		return map[string]any{"ipv4AddressPrivate": fmt.Sprintf("10.101.0.%d", n), "ipv4Address": fmt.Sprintf("198.51.100.%d", n)}
	case "digitalocean:index/tag:Tag":
		return map[string]any{"name": args.Name + "-0000000"}
	case "digitalocean:index/loadBalancer:LoadBalancer":
		return map[string]any{"ip": fmt.Sprintf("10.101.63.%d", n)}
	default:
		return nil
	}
}

func TestDigitalOceanWithoutATokenSaysWhichCommandSetsIt(t *testing.T) {
	t.Setenv("DIGITALOCEAN_TOKEN", "")
	t.Setenv("DIGITALOCEAN_ACCESS_TOKEN", "")
	_, err := tryBuild("dev", stackFile(t, "dev", map[string]string{"provider": "digitalocean"}))
	assert.ErrorContains(t, err, "export DIGITALOCEAN_TOKEN=")
	_, err = tryBuild("dev", stackFile(t, "dev"))
	assert.NoError(t, err, "a stack on AWS needs no token of DigitalOcean's")
}
