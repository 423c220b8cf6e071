package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestCompletion completes a stack's name from the folder's stack files.
func TestCompletion(t *testing.T) {
	t.Chdir("../..")
	out, code := infra(t, "__complete", "status", "--stack", "")
	assert.Zero(t, code)
	assert.Contains(t, out, "dev\nproduction\nstaging\n")
	for _, shell := range []string{"bash", "zsh"} {
		script, code := infra(t, "completion", shell)
		assert.Zero(t, code)
		assert.Contains(t, script, "infra")
	}
}

// TestHelpHasEveryCommand expects a group and a sentence for each command.
func TestHelpHasEveryCommand(t *testing.T) {
	for _, command := range newRoot().Commands() {
		assert.NotEmpty(t, command.GroupID, command.Name())
		assert.NotEmpty(t, command.Short, command.Name())
	}
}
