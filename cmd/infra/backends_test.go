package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inFolder goes to a folder that has the stack dev and a line about its backend.
func inFolder(t *testing.T, backends string) string {
	t.Helper()
	folder := t.TempDir()
	t.Chdir(folder)
	require.NoError(t, os.WriteFile("Pulumi.dev.yaml", []byte("config: {}\n"), 0o600))
	require.NoError(t, os.WriteFile("backends.yaml", []byte(backends), 0o600))
	for _, name := range []string{"PULUMI_BACKEND_URL", "SIMULATOR_STORE", "GITHUB_ACTIONS", "PULUMI_PARALLEL", "PULUMI_STACK", "PULUMI_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "phrase")
	t.Setenv("PATH", os.Getenv("PATH"))
	return folder
}

const inAFile = "dev: {backend: file://.state, secrets: passphrase}\n"

func TestEveryStackHasABackend(t *testing.T) {
	for _, stack := range []string{"dev", "staging", "production"} {
		b, err := backendOf(project, stack)
		require.NoError(t, err)
		assert.NotEmpty(t, b.Backend)
		assert.NotEmpty(t, b.Secrets)
	}
}

func TestTheBackendOfAStack(t *testing.T) {
	folder := inFolder(t, inAFile)
	b, err := backendOf(".", "dev")
	require.NoError(t, err)
	assert.Equal(t, stackBackend{"file://" + filepath.Join(folder, ".state"), "passphrase"}, b)
	t.Setenv("BACKEND_dev", "gs://mine")
	b, err = backendOf(".", "dev")
	require.NoError(t, err)
	assert.Equal(t, stackBackend{"gs://mine", "passphrase"}, b)
}

// TestTheEnvironmentOfAStack expects that a command works on the stack's backend, with the project's own home of the
// CLI.
func TestTheEnvironmentOfAStack(t *testing.T) {
	folder := inFolder(t, inAFile)
	t.Setenv("PULUMI_OPTION_POLICY_PACK", "")
	command := newRoot()
	require.NoError(t, command.ParseFlags([]string{"--policy-pack", "pack"}))
	require.NoError(t, enterStack(command, "dev"))
	for name, want := range map[string]string{
		"PULUMI_BACKEND_URL": "file://" + folder + "/.state", "PULUMI_STACK": "dev", "PULUMI_HOME": folder + "/.pulumi-home",
		"PULUMI_PARALLEL": "32", "PULUMI_OPTION_POLICY_PACK": folder + "/pack",
	} {
		assert.Equal(t, want, os.Getenv(name), name)
	}
	assert.DirExists(t, ".state")
	assert.FileExists(t, ".pulumi-home/logs")
}

func TestABackendThatIsNotEntered(t *testing.T) {
	for name, row := range map[string]struct{ backends, stack, variable, want string }{
		"no such stack":            {inAFile, "prod", "", `there is no stack "prod": set STACK= to one of dev`},
		"no backend":               {"staging: {}\n", "dev", "", "the stack dev has no backend: add it to backends.yaml"},
		"a shell on the simulator": {inAFile, "dev", "SIMULATOR_STORE", "this shell is set up for the simulator"},
		"a workflow":               {inAFile, "dev", "GITHUB_ACTIONS", "dev keeps its state in a file, which a workflow's machine does not have"},
		"no YAML":                  {"- dev\n", "dev", "", "backends.yaml: "},
	} {
		t.Run(name, func(t *testing.T) {
			inFolder(t, row.backends)
			if row.variable != "" {
				t.Setenv(row.variable, "true")
			}
			assert.ErrorContains(t, enterStack(newRoot(), row.stack), row.want)
		})
	}
	t.Run("no passphrase", func(t *testing.T) {
		inFolder(t, inAFile)
		require.NoError(t, os.Unsetenv("PULUMI_CONFIG_PASSPHRASE"))
		assert.ErrorContains(t, enterStack(newRoot(), "dev"), "dev encrypts its secrets with a passphrase: export PULUMI_CONFIG_PASSPHRASE")
	})
}

// TestAnEnvironmentWithABackendStays expects that a shell on the simulator keeps what it works on.
func TestAnEnvironmentWithABackendStays(t *testing.T) {
	inFolder(t, inAFile)
	t.Setenv("PULUMI_BACKEND_URL", "file:///elsewhere")
	t.Setenv("SIMULATOR_STORE", "store")
	require.NoError(t, enterStack(newRoot(), "dev"))
	assert.Equal(t, "file:///elsewhere", os.Getenv("PULUMI_BACKEND_URL"))
	assert.Equal(t, "dev", os.Getenv("PULUMI_STACK"))
	assert.NoDirExists(t, ".pulumi-home")
}

func TestTheLogsOfTheCLI(t *testing.T) {
	home := t.TempDir()
	logs := filepath.Join(home, "logs")
	require.NoError(t, os.MkdirAll(filepath.Join(logs, "kept"), 0o700))
	require.NoError(t, switchLogs(home, false))
	assert.FileExists(t, logs)
	moved, err := filepath.Glob(logs + ".*/kept")
	require.NoError(t, err)
	assert.Len(t, moved, 1, "what was logged stays")
	require.NoError(t, switchLogs(home, false))
	require.NoError(t, switchLogs(home, true))
	assert.NoFileExists(t, logs)
}

func TestAnUpdateDoesNotRefresh(t *testing.T) {
	for _, flag := range []string{"--refresh", "--refresh=true", "-r"} {
		assert.ErrorContains(t, refuseRefresh("dev", []string{"--yes", flag}), "run make refresh STACK=dev first", flag)
	}
	assert.NoError(t, refuseRefresh("dev", []string{"--yes", "--target=refresh"}))
}
