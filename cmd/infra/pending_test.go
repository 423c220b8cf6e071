package main

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/backend/roles"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const cutOff = `{"version": 3, "deployment": {
	"resources": [
		{"urn": "urn:pulumi:dev::inferadb::inferadb:index:TalosCluster$pulumi:providers:aws::c-aws", "inputs": {"region": "us-east-1"}}],
	"pending_operations": [
		{"type": "updating", "resource": {"urn": "urn:pulumi:dev::inferadb::aws:ec2/vpc:Vpc::c-network", "type": "aws:ec2/vpc:Vpc"}},
		{"type": "creating", "resource": {
			"urn": "urn:pulumi:dev::inferadb::inferadb:index:TalosCluster$aws:ec2/instance:Instance::c-workers-1",
			"type": "aws:ec2/instance:Instance",
			"provider": "urn:pulumi:dev::inferadb::inferadb:index:TalosCluster$pulumi:providers:aws::c-aws::0123",
			"inputs": {"tags": {"Name": "c-workers-1"}, "userDataBase64": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}}}},
		{"type": "creating", "resource": {
			"urn": "urn:pulumi:dev::inferadb::inferadb:index:TalosCluster$aws:ec2/networkInterface:NetworkInterface::c-workers-1",
			"type": "aws:ec2/networkInterface:NetworkInterface", "inputs": {"tags": {"Name": "c-workers-1"}}}}]}}`

func pendingIn(t *testing.T, text string) *pendingState {
	t.Helper()
	d, err := parseState([]byte(text))
	require.NoError(t, err)
	state, err := pendingOf(d)
	require.NoError(t, err)
	return state
}

func TestPendingCreationsComeWithTheirSteps(t *testing.T) {
	t.Setenv("PULUMI_STACK", "dev")
	state := pendingIn(t, cutOff)
	var out bytes.Buffer
	require.ErrorContains(t, state.report(&out), "2 creations of dev are pending")
	for _, line := range []string{
		"aws ec2 describe-instances --filters Name=tag:Name,Values=c-workers-1 Name=instance-state-name,Values=pending,running,stopping,stopped --region us-east-1",
		`make pending STACK=dev ARGS="resolve aws:ec2/instance:Instance::c-workers-1=<id> aws:ec2/networkInterface:NetworkInterface::c-workers-1=<id>"`,
		"make up STACK=dev",
	} {
		assert.Contains(t, out.String(), line)
	}
	assert.NotContains(t, out.String(), "aws:ec2/vpc:Vpc", "what was only being changed stands in the state")
	assert.NotContains(t, out.String(), "ciphertext")
}

func TestEveryPendingCreationNeedsAnAnswer(t *testing.T) {
	const machine, nic = "aws:ec2/instance:Instance::c-workers-1", "aws:ec2/networkInterface:NetworkInterface::c-workers-1"
	state := pendingIn(t, cutOff)
	for want, arguments := range map[string][]string{
		"":                        {machine + "=i-1", nic + "=none"},
		nic + ": is pending, too": {machine + "=i-1"},
		"no creation of this type and name is pending": {machine + "=i-1", nic + "=none", "aws:ec2/vpc:Vpc::c-network=vpc-1"},
		"write TYPE::NAME=ID":                          {machine, nic + "=none"},
		machine + "=<id>: write TYPE::NAME=ID":         {machine + "=<id>", nic + "=none"},
	} {
		ids, err := state.answers(arguments)
		if want == "" {
			require.NoError(t, err)
			assert.Equal(t, map[string]string{machine: "i-1", nic: none}, ids)
		} else {
			assert.ErrorContains(t, err, want)
		}
	}
	state = pendingIn(t, `{"deployment": {}}`)
	assert.NoError(t, state.report(&bytes.Buffer{}))
}

// TestEveryTypeHasALookup compares the table with the types that the program makes.
func TestEveryTypeHasALookup(t *testing.T) {
	made := slices.Concat(slices.Collect(maps.Keys(roles.Resources)), slices.Collect(maps.Keys(roles.GoogleCloud)),
		slices.Collect(maps.Keys(roles.DigitalOcean)))
	var looked []string
	for token, l := range lookups {
		assert.NotEqual(t, l.again == "" && l.remove == "", l.look == "", "%s has one way", token)
		if !strings.HasPrefix(token, "talos:") {
			looked = append(looked, token)
		}
	}
	assert.ElementsMatch(t, made, looked)
}
