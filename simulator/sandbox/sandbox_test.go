package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const repository = "../.."

func TestASandbox(t *testing.T) {
	t.Setenv("DEMO_NAME", "")
	s, err := Open(repository, "dev", "")
	require.NoError(t, err)
	assert.Equal(t, Sandbox{Root: repository, Folder: filepath.Join(repository, ".demo", "dev-aws"), Stack: "dev", Provider: "aws"}, s)
	t.Setenv("DEMO_NAME", "mine")
	s, err = Open(repository, "dev", "gcp")
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(repository, ".demo", "mine"), s.Folder)
	assert.False(t, s.Exists())
	_, err = Open(repository, "prod", "")
	assert.ErrorContains(t, err, `there is no stack "prod": STACK is one of dev production staging`)
	_, err = Open(repository, "dev", "azure")
	assert.ErrorContains(t, err, `there is no provider "azure": PROVIDER is one of aws gcp digitalocean`)
}

// TestTheFolder expects a project that runs the program of the repository on the simulator's plugins.
func TestTheFolder(t *testing.T) {
	root, err := filepath.Abs(repository)
	require.NoError(t, err)
	s := Sandbox{Root: root, Folder: filepath.Join(t.TempDir(), "dev"), Stack: "dev", Provider: "gcp"}
	require.NoError(t, s.Create())
	text, err := os.ReadFile(s.Path("Pulumi.yaml"))
	require.NoError(t, err)
	program, err := filepath.Rel(s.Folder, root)
	require.NoError(t, err)
	assert.Contains(t, string(text), "\nmain: "+program+"\n")
	assert.Contains(t, string(text), "{name: talos, path: "+filepath.Join(program, ".bin", "simulator")+"}")
	assert.FileExists(t, s.Path("Pulumi.dev.yaml"))
	assert.FileExists(t, s.Path("home", "logs"), "no folder, so that the CLI logs nothing")
}

// TestTheShellHasTheSameEnvironment compares what a shell exports with what commands get, in a folder with a quote.
func TestTheShellHasTheSameEnvironment(t *testing.T) {
	s := Sandbox{Root: "/it's here", Folder: "/it's here/.demo/dev", Stack: "dev", Provider: "aws"}
	shell := exec.Command("sh", "-c", s.Exports()+"env")
	shell.Env = []string{"PATH=" + os.Getenv("PATH")}
	out, err := shell.Output()
	require.NoError(t, err)
	exported := strings.Split(strings.TrimSpace(string(out)), "\n")
	environment := s.Environment()
	for _, v := range append(s.variables(), variable{name: "PATH"}) {
		last := ""
		for _, entry := range environment {
			if strings.HasPrefix(entry, v.name+"=") {
				last = entry
			}
		}
		assert.Contains(t, exported, last)
	}
}

func TestNothingReachesACloud(t *testing.T) {
	assert.Equal(t, []string{"HOME=/root", "INFERADB_PROGRAM=/program", "SIMULATOR_FAULT=x"}, Clean([]string{
		"HOME=/root", "AWS_PROFILE=mine", "GOOGLE_CREDENTIALS={}", "CLOUDSDK_CONFIG=x", "DIGITALOCEAN_TOKEN=t", "PULUMI_ACCESS_TOKEN=t",
		"INFERADB_PROGRAM=/program", "SIMULATOR_FAULT=x",
	}))
}

func TestLinks(t *testing.T) {
	folder := t.TempDir()
	binary := filepath.Join(folder, "simulator")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "aws"), nil, 0o600))
	for range 2 {
		require.NoError(t, Link(binary, []string{"aws", "pulumi-resource-aws"}))
	}
	for _, name := range []string{"aws", "pulumi-resource-aws"} {
		target, err := os.Readlink(filepath.Join(folder, name))
		require.NoError(t, err)
		assert.Equal(t, "simulator", target)
	}
}
