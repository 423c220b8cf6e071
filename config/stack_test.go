package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAStackNamedLikeAnEnvironmentIsOfThatEnvironment(t *testing.T) {
	_, _, err := Load("production", stackFile{}.settings())
	assert.EqualError(t, err, "1 of the stack's settings cannot be used:\n"+
		"  environment: the stack is named production, and dev is another environment; set environment: production, or name the stack otherwise\n"+help)
	for _, environment := range Environments() {
		_, _, err := Load(environment, stackFile{"environment": environment}.settings())
		assert.NoError(t, err)
	}
}

func TestOnlyPatchesMayBeEncrypted(t *testing.T) {
	settings := stackFile{"patches": `{"all":["machine: {env: {PASSWORD: hunter2}}"]}`, "tags": `{"token":"hunter2"}`}.settings()
	_, _, err := Load("test", settings, "inferadb:patches", "inferadb:tags")
	assert.EqualError(t, err, "1 of the stack's settings cannot be used:\n"+
		"  tags: is encrypted in the stack file, but would be readable in the state and in the cloud; set it without --secret\n"+help)
}
