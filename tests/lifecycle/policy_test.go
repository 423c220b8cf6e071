package lifecycle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferadb/infra/simulator/sandbox"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPolicy has the engine run the policy pack, as it does in all tests here: the project's stacks pass, and what
// somebody adds outside the component is refused, by a preview and by an up without one.
func TestPolicy(t *testing.T) {
	t.Parallel()
	for _, cloud := range clouds {
		assert.Contains(t, newStack(t, "production", cloud).pulumi("preview"), "✅ inferadb@v1.0.0", "neither refusal nor advice")
	}
	folder := t.TempDir()
	outside, err := sandbox.CLI(repository, "./tests/lifecycle/outside", folder)
	require.NoError(t, err)
	s := newStack(t, "dev", "aws")
	path := strings.Join([]string{filepath.Join(repository, ".bin", "simulator"), folder,
		filepath.Join(repository, ".bin"), os.Getenv("PATH")}, string(os.PathListSeparator))
	try := func(arguments ...string) (string, error) {
		return s.try([]string{"PATH=" + path}, outside, append(arguments, "--non-interactive", "--color", "never")...)
	}

	_, err = try("preview")
	require.Error(t, err)
	for _, refusal := range refusals {
		assert.ErrorContains(t, err, refusal)
	}
	assert.NotContains(t, err.Error(), userData)
	_, err = try("up", "--yes", "--skip-preview")
	require.ErrorContains(t, err, "[mandatory]")
	_, err = s.try(nil, "simulator", "resources", "--expect-empty")
	assert.NoError(t, err, "nothing that is refused is made")

	// The folder is a pack, too, for whoever has .bin on PATH.
	_, err = try("preview", "--policy-pack", filepath.Join(repository, "policy"))
	assert.ErrorContains(t, err, refusals[0])

	// Who has a reason can say so, for one rule or for all.
	config := filepath.Join(folder, "policy.json")
	require.NoError(t, os.WriteFile(config, []byte(`{"all": "advisory"}`), 0o600))
	said, err := try("preview", "--policy-pack-config", config)
	require.NoError(t, err)
	assert.Contains(t, said, "[advisory]  disk-encrypted")
	assert.NotContains(t, said, userData)
}

// refusals are what the pack says to tests/lifecycle/outside, and to nothing else.
var refusals = []string{
	"[mandatory]  closed-to-the-internet  (aws:vpc:SecurityGroupIngressRule: ssh)",
	"cidrIpv4: 0.0.0.0/0 lets the whole internet in; name the networks that need it, such as 203.0.113.0/24",
	"fromPort: 22 opens port 22, and Talos has no SSH;",
	"[mandatory]  disk-encrypted  (aws:ec2:LaunchTemplate: template)",
	"blockDeviceMappings[0].ebs.encrypted: leaves the disk to the account's default, which may be no encryption; set encrypted: true",
	"metadataOptions.httpPutResponseHopLimit: 2 lets pods read the machine's configuration and its secrets;",
	"internal: gives the load balancer public addresses; set internal: true",
	"[mandatory]  closed-to-the-internet  (gcp:compute:Firewall: web)",
	"sourceRanges[0]: 0.0.0.0/0 lets the whole internet in;",
	"[advisory]  secrets-marked  (digitalocean:index:Droplet: droplet)",
	"userData: [secret] is not marked as a secret;",
	"userData: [secret] has no LUKS for Talos' STATE and EPHEMERAL,",
	"[mandatory]  firewall-covers-machine  (digitalocean:index:Droplet: droplet)",
}

// userData is the secret in tests/lifecycle/outside.
const userData = "the-cluster-secret"
