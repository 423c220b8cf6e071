package graph

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	gceProject = "mock-project"
	gceAPI     = "https://www.googleapis.com/compute/v1/projects/" + gceProject
	// gceProxies are those of the network that a stack adopts.
	gceProxies = "10.50.255.0/24"
)

// The program refuses to begin without a project.
func init() {
	if err := os.Setenv("GOOGLE_PROJECT", gceProject); err != nil {
		panic(err)
	}
}

// computedByGoogleCloud are the outputs that the program reads and that Google Cloud would compute.
func computedByGoogleCloud(args pulumi.MockResourceArgs, n int) map[string]any {
	outputs := map[string]any{"selfLink": gceAPI + "/" + args.Name, "name": args.Name, "email": args.Name + "@mock", "instanceId": fmt.Sprint(n)}
	if args.TypeToken == "gcp:compute/address:Address" {
		outputs["address"] = fmt.Sprintf("10.101.0.%d", n)
		if args.Inputs["addressType"].StringValue() == "EXTERNAL" {
			outputs["address"] = fmt.Sprintf("198.51.100.%d", n)
		}
	}
	return outputs
}

// answerOfGoogleCloud is what a look-up returns.
func answerOfGoogleCloud(args pulumi.MockCallArgs) map[string]any {
	switch args.Token {
	case "gcp:compute/getImage:getImage":
		path := fmt.Sprintf("projects/%s/global/images/%s", args.Args["project"].StringValue(), args.Args["name"].StringValue())
		return map[string]any{"selfLink": "https://www.googleapis.com/compute/v1/" + path}
	case "gcp:compute/getAddresses:getAddresses":
		return map[string]any{"addresses": []any{}}
	case "gcp:projects/getProject:getProject":
		id := strings.TrimPrefix(args.Args["filter"].StringValue(), "id:")
		return map[string]any{"projects": []any{map[string]any{"projectId": id, "number": "123456789012"}}}
	case "gcp:compute/getSubnetwork:getSubnetwork":
		return map[string]any{"network": gceAPI + "/global/networks/shared", "ipCidrRange": "10.50.0.0/20", "selfLink": gceAPI + "/machines"}
	case "gcp:compute/getSubnetworks:getSubnetworks":
		return map[string]any{"subnetworks": []any{
			map[string]any{"name": "other", "networkSelfLink": gceAPI + "/global/networks/other", "ipCidrRange": "10.51.255.0/24"},
			map[string]any{"name": "proxies", "networkSelfLink": gceAPI + "/global/networks/shared", "ipCidrRange": gceProxies},
		}}
	}
	return nil
}

func TestGoogleCloudNeedsAProject(t *testing.T) {
	t.Setenv("GOOGLE_PROJECT", "")
	_, err := tryBuild("dev", stackFile(t, "dev", map[string]string{"provider": "gcp"}))
	assert.ErrorContains(t, err, "gcp:project: is not set, and neither is GOOGLE_PROJECT; run: pulumi config set gcp:project my-project")
	for _, id := range []string{"My Project", "123456789012", "a"} {
		settings := stackFile(t, "dev", map[string]string{"provider": "gcp"})
		settings["gcp:project"] = id
		_, err = tryBuild("dev", settings)
		assert.ErrorContains(t, err, "gcp:project: \""+id+"\" is not a project's id")
	}
	settings := stackFile(t, "dev", map[string]string{"provider": "gcp"})
	settings["gcp:project"] = "example.com:others"
	g, err := tryBuild("dev", settings)
	require.NoError(t, err)
	assert.Equal(t, "example.com:others", g.ofType("pulumi:providers:gcp")[0].Text("project"), "the stack's project goes before the environment's")
}

func TestAnAdoptedSubnetLiesInItsNetwork(t *testing.T) {
	_, err := tryBuild("staging", stackFile(t, "staging", map[string]string{"provider": "gcp", "operatorCidrs": `["10.50.0.0/16"]`,
		"regions": `[{"name": "nyc1", "network": {"id": "mine", "subnetIds": ["machines"]}}]`}))
	assert.ErrorContains(t, err, "subnet machines lies in shared, not in mine; name a subnet of the network")
}
