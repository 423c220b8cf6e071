package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The mark of a secret in a state: https://www.pulumi.com/docs/iac/concepts/secrets/
const (
	secretMark = "4dabf18193072939515e22adb298388d"
	secretIs   = "1b47061264138c4ac30d75fd1eb44270"
)

const prefix = "urn:pulumi:staging::inferadb::inferadb:index:TalosCluster"

// exported is a state as the CLI prints it, with its secrets in clear or encrypted.
func exported(t *testing.T, secret func(any) string) *deployment {
	t.Helper()
	identity := secret(map[string]string{"caCertificate": "Y2E=", "clientCertificate": "Y3J0", "clientKey": "a2V5"})
	apply := func(n int) string {
		properties := fmt.Sprintf(`{"clientConfiguration":%s,"endpoint":"10.0.0.1%d","node":"10.0.0.1%d","applyMode":"no_reboot"}`, identity, n, n)
		return fmt.Sprintf(`{"urn":"%s$%s::inferadb-staging-nyc1-control-plane-%d","type":"%s","custom":true,"id":"x","inputs":%s,"outputs":%s,
			"parent":"p","provider":"q","dependencies":["vpc"],"propertyDependencies":{"node":["nic"],"applyMode":[]}}`, prefix, applyType, n, applyType, properties, properties)
	}
	text := fmt.Sprintf(`{"version":3,"deployment":{"resources":[
		{"urn":"%[1]s::inferadb-staging-nyc1","type":"%[2]s"},
		{"urn":"%[1]s$%[3]s::inferadb-staging-nyc1","type":"%[3]s","protect":true,"outputs":{"clientConfiguration":%[4]s}},
		{"urn":"%[1]s$aws:ec2/instance:Instance::inferadb-staging-nyc1-control-plane-1","type":"aws:ec2/instance:Instance","protect":true},
		%[6]s, %[5]s,
		{"urn":"later","type":"later","dependencies":["vpc"]}],
		"pending_operations":[{"type":"creating","resource":{"urn":"%[1]s$%[7]s::inferadb-staging-nyc1"}},{"type":"creating","resource":{"urn":"other"}}]}}`,
		prefix, clusterType, secretsType, identity, apply(0), apply(1), bootstrapType)
	d, err := parseState([]byte(text))
	require.NoError(t, err)
	return d
}

func inClear(value any) string {
	text, _ := json.Marshal(value)
	quoted, _ := json.Marshal(string(text))
	return fmt.Sprintf(`{"%s":"%s","plaintext":%s}`, secretMark, secretIs, quoted)
}

func encrypted(any) string {
	return fmt.Sprintf(`{"%s":"%s","ciphertext":"v1:xyz"}`, secretMark, secretIs)
}

func TestClusterOfAState(t *testing.T) {
	clusters := exported(t, inClear).clusters()
	require.Len(t, clusters, 1)
	c := clusters[0]
	assert.Equal(t, "inferadb-staging-nyc1", c.name)
	assert.False(t, c.bootstrapped)
	require.Len(t, c.controlPlanes, 2)
	assert.Equal(t, controlPlane{name: c.name + "-control-plane-0", address: "10.0.0.10", endpoint: "10.0.0.10"}, c.controlPlanes[0])
	assert.True(t, c.controlPlanes[1].protected)
	c.key = ""
	_, err := c.ask(t.Context())
	assert.ErrorContains(t, err, "run: make up")
}

func TestRecordAndForget(t *testing.T) {
	c := exported(t, inClear).clusters()[0]
	state := exported(t, encrypted)
	before, err := json.Marshal(exported(t, encrypted).whole)
	require.NoError(t, err)
	require.NoError(t, state.recordBootstrap(c))
	recorded := state.find(bootstrapType, c.name)
	require.NotNil(t, recorded)
	assert.Equal(t, prefix+"$"+bootstrapType+"::"+c.name, urnOf(recorded))
	assert.Equal(t, true, recorded["protect"], "as the secrets are")
	assert.Equal(t, "machine_bootstrap", recorded["id"])
	assert.Contains(t, fmt.Sprint(recorded["inputs"]), "ciphertext:v1:xyz", "secrets stay encrypted")
	assert.NotContains(t, recorded["inputs"], "applyMode")
	assert.ElementsMatch(t, []any{"vpc", prefix + "$" + applyType + "::" + c.name + "-control-plane-0", prefix + "$" +
		applyType + "::" + c.name + "-control-plane-1"}, recorded["dependencies"])
	assert.Equal(t, map[string]any{"node": []any{"nic"}}, recorded["propertyDependencies"])
	var order []string
	for _, r := range state.resources() {
		order = append(order, typeOf(r))
	}
	assert.Equal(t, []string{applyType, applyType, bootstrapType, "later"}, order[3:], "behind what it depends on")
	text, err := json.Marshal(state.whole)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(text), `"type":"creating"`), "the operation that was cut off is done")

	for _, r := range state.resources() {
		if typeOf(r) == "later" {
			r["dependencies"] = []any{"vpc", urnOf(recorded)}
		}
	}
	state.forgetBootstrap(c)
	object(state.whole["deployment"])["pending_operations"] = object(exported(t, encrypted).whole["deployment"])["pending_operations"]
	text, err = json.Marshal(state.whole)
	require.NoError(t, err)
	assert.JSONEq(t, string(before), string(text), "nothing else was changed")
}
