package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
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
	for program, stack := range map[string]string{"": "dev", "backend": "staging"} {
		s := Sandbox{Root: root, Folder: filepath.Join(t.TempDir(), stack), Stack: stack, Program: program}
		require.NoError(t, s.Create())
		text, err := os.ReadFile(s.Path("Pulumi.yaml"))
		require.NoError(t, err)
		var project struct {
			Main    string
			Plugins struct{ Providers []struct{ Name, Path string } }
		}
		require.NoError(t, yaml.Unmarshal(text, &project))
		assert.Equal(t, filepath.Join(root, program), s.Path(project.Main))
		require.Len(t, project.Plugins.Providers, 4)
		for _, plugin := range project.Plugins.Providers {
			assert.Equal(t, filepath.Join(root, ".bin", "simulator"), s.Path(plugin.Path), plugin.Name)
		}
		assert.FileExists(t, s.Path("Pulumi."+stack+".yaml"))
		assert.FileExists(t, s.Path("home", "logs"), "no folder, so that the CLI logs nothing")
	}
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
		"INFERADB_PROGRAM=/program", "SIMULATOR_FAULT=x", "SIMULATOR_STORE=/another",
	}))
}

// TestLinkOrCopy expects that a binary which is compiled anew does not change what was linked.
func TestLinkOrCopy(t *testing.T) {
	folder := t.TempDir()
	from, to := filepath.Join(folder, "from"), filepath.Join(folder, "to")
	require.NoError(t, os.WriteFile(from, []byte("first"), 0o700))
	require.NoError(t, linkOrCopy(from, to))
	require.NoError(t, os.Remove(from))
	require.NoError(t, os.WriteFile(from, []byte("second"), 0o700))
	text, err := os.ReadFile(to)
	require.NoError(t, err)
	assert.Equal(t, "first", string(text))
	link, linked := filepath.Join(folder, "link"), filepath.Join(folder, "linked")
	require.NoError(t, os.Symlink("to", link))
	require.NoError(t, linkOrCopy(link, linked))
	info, err := os.Lstat(linked)
	require.NoError(t, err)
	assert.True(t, info.Mode().IsRegular(), "a symbolic link would lead the CLI to another language host")
	assert.ErrorContains(t, linkOrCopy(filepath.Join(folder, "none"), filepath.Join(folder, "other")), "make tools")
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
