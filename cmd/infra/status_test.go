package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/operate/operatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const dayTwoStack = `config:
  inferadb:environment: staging
  inferadb:provider: aws
  inferadb:regions: [nyc1]
  inferadb:talosVersion: v1.13.8
  inferadb:kubernetesVersion: 1.35.4
  inferadb:pools: [{name: workers, size: small, count: 1}]
`

// onStandIns starts nodes, and makes the working folder one whose pulumi knows their stack.
func onStandIns(t *testing.T) *operatetest.Cluster {
	t.Helper()
	c := operatetest.New(t, "inferadb-staging-nyc1", 3, 1, "v1.13.8", "1.35.4")
	c.Node("workers-0").Labels = map[string]string{"inferadb.com/pool": "workers", "inferadb.com/workload": "stateless"}
	folder := t.TempDir()
	t.Chdir(folder)
	require.NoError(t, os.WriteFile("Pulumi.staging.yaml", []byte(dayTwoStack), 0o600))
	require.NoError(t, os.WriteFile("outputs.json", c.Outputs("nyc1"), 0o600))
	writeSettings(t)
	script := "#!/bin/sh\ncase \"$*\" in\n" +
		"\"stack output --json --show-secrets --stack staging --non-interactive\") exec cat " + filepath.Join(folder, "outputs.json") + ";;\n" +
		"\"config --json --show-secrets --stack staging --non-interactive\") exec cat " + filepath.Join(folder, "config.json") + ";;\n" +
		"esac\nexit 9\n"
	require.NoError(t, os.WriteFile("pulumi", []byte(script), 0o700))
	t.Setenv("PULUMI_BACKEND_URL", "file://"+folder)
	t.Setenv("PULUMI_STACK", "staging")
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	return c
}

// writeSettings writes what pulumi config says of the stack file.
func writeSettings(t *testing.T) {
	t.Helper()
	settings, err := config.ReadStackFile(".", "staging")
	require.NoError(t, err)
	values := map[string]map[string]any{}
	for key, value := range settings {
		values[key] = map[string]any{"value": value, "secret": false}
	}
	text, err := json.Marshal(values)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("config.json", text, 0o600))
}

// infra runs the command and returns what it printed with its exit code.
func infra(t *testing.T, arguments ...string) (string, int) {
	t.Helper()
	var out, diagnostics bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&diagnostics)
	root.SetArgs(arguments)
	err := root.ExecuteContext(context.Background())
	var code exitCode
	if !errors.As(err, &code) {
		require.NoError(t, err)
	}
	return out.String() + diagnostics.String(), int(code)
}

func TestStatusOfAStack(t *testing.T) {
	c := onStandIns(t)
	out, code := infra(t, "status", "--stack", "staging")
	assert.Equal(t, 0, code, out)
	assert.Contains(t, out, "inferadb-staging-nyc1  healthy")
	c.Do(func() { c.Members[2].Learner = true })
	out, code = infra(t, "status", "--stack", "staging", "--json")
	assert.Equal(t, 1, code)
	var report struct{ Status string }
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	assert.Equal(t, "degraded", report.Status)
	c.Do(func() { c.APIDown = true })
	_, code = infra(t, "status", "--stack", "staging")
	assert.Equal(t, 2, code)
	out, code = infra(t, "status", "--stack", "nowhere")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "pulumi stack output", "a stack that cannot be read is not a healthy one")
}

func TestSnapshotOfAStack(t *testing.T) {
	onStandIns(t)
	out, code := infra(t, "etcd", "snapshot", "--stack", "staging", "--folder", "saved")
	assert.Equal(t, 0, code)
	files, err := filepath.Glob("saved/inferadb-staging-nyc1-*.etcd-snapshot")
	require.NoError(t, err)
	require.Len(t, files, 1)
	assert.Equal(t, files[0]+"\nNext: keep it, elsewhere than here, with the stack's secrets: a restore needs both\n", out)
}

func TestUpgradeOfAStack(t *testing.T) {
	c := onStandIns(t)
	out, code := infra(t, "upgrade", "--stack", "staging", "--talos", "v1.13.7", "--dry-run")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "an upgrade never goes back")
	out, code = infra(t, "upgrade", "--stack", "staging", "--talos", "v1.13.10", "--dry-run")
	assert.Equal(t, 0, code, out)
	out, code = infra(t, "upgrade", "--stack", "staging", "--talos", "v1.13.10")
	assert.Equal(t, 3, code, "nobody answers the question")
	assert.Contains(t, out, "nothing was done")
	assert.Empty(t, c.Log())
}

// TestStatusOfAStackWithSecrets: what the stack file has encrypted is read through Pulumi.
func TestStatusOfAStackWithSecrets(t *testing.T) {
	onStandIns(t)
	text, err := os.ReadFile("config.json")
	require.NoError(t, err)
	var values map[string]map[string]any
	require.NoError(t, json.Unmarshal(text, &values))
	manifest := "apiVersion: v1\nkind: Secret\nmetadata: {name: token, namespace: kube-system}\nstringData: {token: hunter2}\n"
	list, err := json.Marshal([]string{manifest})
	require.NoError(t, err)
	values["inferadb:bootstrapManifests"] = map[string]any{"value": string(list), "secret": true}
	text, err = json.Marshal(values)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("config.json", text, 0o600))
	out, code := infra(t, "status", "--stack", "staging")
	assert.Equal(t, 0, code, out)
	out, _ = infra(t, "upgrade", "--stack", "staging", "--dry-run")
	assert.Contains(t, out, "Secret kube-system/token is created")
	assert.NotContains(t, out, "hunter2")
}
