package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/inferadb/infra/policy/rules"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// heard is a manager that remembers what is reported.
type heard []string

func (h *heard) ReportViolation(message, urn string) { *h = append(*h, urn+" "+message) }

// policies are the pack's, by name.
func policies(t *testing.T) map[string]policyx.Policy {
	t.Helper()
	pack, err := newPack()
	require.NoError(t, err)
	byName := map[string]policyx.Policy{}
	for _, policy := range pack.Policies() {
		byName[policy.Name()] = policy
	}
	return byName
}

func TestThePackHasTheRulesThatItCanSee(t *testing.T) {
	found := policies(t)
	for _, rule := range rules.All() {
		policy, ok := found[rule.Name]
		assert.Equal(t, !rule.NeedsOptions, ok, rule.Name)
		if ok {
			assert.Contains(t, policy.Description(), rule.Demand)
			assert.Equal(t, rule.Advice, policy.EnforcementLevel() == policyx.EnforcementLevelAdvisory, rule.Name)
		}
	}
	assert.Equal(t, policyx.EnforcementLevelMandatory, found["disk-encrypted"].EnforcementLevel())
	assert.Equal(t, policyx.EnforcementLevelMandatory, found["closed-to-the-internet"].EnforcementLevel())
}

func object(values map[string]property.Value) property.Value {
	return property.New(property.NewMap(values))
}

func TestAResourceIsJudgedWithoutItsSecrets(t *testing.T) {
	var said heard
	userData := property.New("hunter2")
	for _, value := range []property.Value{userData, userData.WithSecret(true), property.New(property.Computed)} {
		require.NoError(t, policies(t)["disk-encrypted"].(policyx.ResourceValidationPolicy).Validate(
			context.Background(), policyx.ResourceValidationArgs{
				Manager: &said,
				Resource: policyx.AnalyzerResource{Type: "digitalocean:index/droplet:Droplet", Name: "d", URN: "urn:d",
					Properties: property.NewMap(map[string]property.Value{"userData": value})},
			}))
	}
	const want = "urn:d userData: [secret] has no LUKS for Talos' STATE and EPHEMERAL, and DigitalOcean does not encrypt the disks of droplets; " +
		"give the droplet a machine configuration that encrypts both"
	assert.Equal(t, heard{want, want}, said, "what is not known yet is not judged")
}

// TestAStackIsJudgedByItsInputs: AWS fills in the account's key where none was named, which is no customer's key.
func TestAStackIsJudgedByItsInputs(t *testing.T) {
	var said heard
	pack := policies(t)
	machine := func(urn string, disk map[string]property.Value) policyx.AnalyzerResource {
		return policyx.AnalyzerResource{Type: "aws:ec2/instance:Instance", Name: urn, URN: urn,
			Properties: property.NewMap(map[string]property.Value{"rootBlockDevice": object(disk)})}
	}
	encrypted := map[string]property.Value{"encrypted": property.New(true)}
	filled := map[string]property.Value{"encrypted": property.New(true), "kmsKeyId": property.New("account's")}
	require.NoError(t, pack["disk-encrypted"].(policyx.ResourceValidationPolicy).Validate(context.Background(),
		policyx.ResourceValidationArgs{Manager: &said, Resource: machine("a", encrypted)}))
	check := func(resources ...policyx.AnalyzerResource) {
		require.NoError(t, pack["disk-key"].(policyx.StackValidationPolicy).Validate(context.Background(),
			policyx.StackValidationArgs{Manager: &said, Resources: resources}))
	}
	check(machine("a", filled), machine("b", encrypted))
	assert.Empty(t, said)
	check(machine("a", encrypted), machine("b", filled))
	assert.Equal(t, heard{"a rootBlockDevice.kmsKeyId: is missing, while b has a customer's key; give the disk the cluster's key"}, said)
}

// TestTheEngineFindsThePack: it looks for an analyzer that is named after the runtime, which the Makefile builds.
func TestTheEngineFindsThePack(t *testing.T) {
	text, err := os.ReadFile("PulumiPolicy.yaml")
	require.NoError(t, err)
	var project struct{ Name, Runtime string }
	require.NoError(t, yaml.Unmarshal(text, &project))
	pack, err := newPack()
	require.NoError(t, err)
	assert.Equal(t, pack.Name(), project.Name)
	text, err = os.ReadFile("../Makefile")
	require.NoError(t, err)
	assert.True(t, strings.Contains(string(text), "pulumi-analyzer-policy-"+project.Runtime), "the Makefile builds no pulumi-analyzer-policy-%s", project.Runtime)
}
