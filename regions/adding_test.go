package regions_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newStack loads a stack of the given regions for every provider, and prints what became of it.
const newStack = `package main

import (
	"fmt"
	"os"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
)

func main() {
	for _, provider := range regions.Providers() {
		for _, environment := range config.Environments() {
			clusters, _, err := config.Load("new", map[string]string{
				"inferadb:environment": environment, "inferadb:provider": string(provider), "inferadb:regions": os.Args[1],
			})
			if err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			for _, c := range clusters {
				fmt.Println(c.Name, c.Environment, c.Provider, c.Location.Region)
			}
		}
	}
}
`

// What docs/adding-a-region.md says is done, to the letter, in a copy of the tables and the settings.
func TestTheRecipeForAddingARegion(t *testing.T) {
	recipe, err := os.ReadFile("../docs/adding-a-region.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)`(regions/[a-z0-9]+\\.go)`:\n\n +```go\n(.*?)\n +```\n").FindSubmatch(recipe)
	require.NotNil(t, block, "the recipe has a file to write")
	stack := regexp.MustCompile(`inferadb:regions: \[(\w+), (\w+)\]`).FindSubmatch(recipe)
	require.NotNil(t, stack, "the recipe has a stack file to write")

	module := t.TempDir()
	for _, folder := range []string{"regions", "cluster", "config", "strict", "machineconfig", "docs/policies",
		"invariants", "policy/rules", "iampolicy"} { // the tests of config need the last three
		require.NoError(t, os.CopyFS(filepath.Join(module, folder), os.DirFS(filepath.Join("..", folder))))
	}
	for _, file := range []string{"go.mod", "go.sum", "README.md", "Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.staging.yaml", "Pulumi.production.yaml"} {
		text, err := os.ReadFile(filepath.Join("..", file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(module, file), text, 0o600))
	}
	require.NoError(t, os.Remove(filepath.Join(module, "regions/adding_test.go"))) // this test
	source := regexp.MustCompile("(?m)^   ").ReplaceAll(block[2], nil)
	require.NoError(t, os.WriteFile(filepath.Join(module, string(block[1])), append(source, '\n'), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(module, "main.go"), []byte(newStack), 0o600))

	assert.Empty(t, run(t, module, "gofmt", "-l", "regions"), "the recipe's file is formatted")
	assert.Contains(t, string(recipe), "go test ./regions ./config")
	run(t, module, "go", "test", "./regions", "./config")
	clusters := run(t, module, "go", "run", ".", `["`+string(stack[1])+`","`+string(stack[2])+`"]`)
	for _, want := range []string{
		"inferadb-new-fra1 production aws eu-central-1", "inferadb-new-fra1 production gcp europe-west3",
		"inferadb-new-fra1 production digitalocean fra1", "inferadb-new-nyc1 dev aws us-east-1",
	} {
		assert.Contains(t, clusters, want)
	}
	assert.Len(t, strings.Fields(clusters), 4*3*3*2, "two clusters for each environment of each provider")
}

func run(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	command := exec.Command(name, args...)
	command.Dir = folder
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s %s:\n%s", name, strings.Join(args, " "), output)
	return string(output)
}
