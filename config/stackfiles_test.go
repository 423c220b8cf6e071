package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// projectFile is what these tests read of Pulumi.yaml.
type projectFile struct {
	Name   string
	Config map[string]struct{ Default, Value any }
}

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into))
}

// settingsOf are what the engine makes of a stack file: text for scalars, JSON for the rest, Pulumi.yaml's defaults.
func settingsOf(t *testing.T, stack string) map[string]string {
	t.Helper()
	var project projectFile
	readYAML(t, "Pulumi.yaml", &project)
	var file struct{ Config map[string]any }
	readYAML(t, "Pulumi."+stack+".yaml", &file)
	for name, declared := range project.Config {
		if key := Namespace + ":" + name; declared.Default != nil && file.Config[key] == nil {
			file.Config[key] = declared.Default
		}
	}
	settings := map[string]string{"pulumi:disable-default-providers": `["*"]`}
	for key, value := range file.Config {
		settings[key] = fmt.Sprint(value)
		switch value.(type) {
		case []any, map[string]any:
			text, err := json.Marshal(value)
			require.NoError(t, err)
			settings[key] = string(text)
		}
	}
	return settings
}

func TestTheProjectIsTheNamespaceAndHasNoDefaultProviders(t *testing.T) {
	var project projectFile
	readYAML(t, "Pulumi.yaml", &project)
	assert.Equal(t, Namespace, project.Name)
	assert.Equal(t, []any{"*"}, project.Config["pulumi:disable-default-providers"].Value)
}

func TestTheStackFilesSayWhatTheDesignSays(t *testing.T) {
	for stack, want := range map[string][]string{"dev": {"nyc1"}, "staging": {"nyc1"}, "production": {"nyc1", "sfo1"}} {
		clusters, _, err := Load(stack, settingsOf(t, stack))
		require.NoError(t, err)
		var got []string
		for _, c := range clusters {
			got = append(got, c.Region)
			assert.Equal(t, stack, c.Environment)
			assert.Equal(t, "inferadb-"+stack+"-"+c.Region, c.Name)
		}
		assert.Equal(t, want, got)
	}
}

// What the stack files' comments propose must work.
func TestTheStackFilesCommentedLinesAreSettings(t *testing.T) {
	line := regexp.MustCompile(`(?m)^(\s*)# ((?:- |  |inferadb:|[a-z]+[A-Za-z]*:).*)$`)
	for _, stack := range []string{"staging", "production"} {
		text, err := os.ReadFile(filepath.Join("..", "Pulumi."+stack+".yaml"))
		require.NoError(t, err)
		uncommented := line.ReplaceAllString(string(text), "$1$2")
		require.NotEqual(t, string(text), uncommented)
		if stack == "production" {
			// The object takes the place of the plain name.
			uncommented = strings.Replace(uncommented, "    - sfo1\n", "", 1)
		}
		var file struct{ Config map[string]any }
		require.NoError(t, yaml.Unmarshal([]byte(uncommented), &file))
		settings := stackFile{}.settings()
		for key, value := range file.Config {
			settings[key] = fmt.Sprint(value)
			if text, err := json.Marshal(value); err == nil && !isText(value) {
				settings[key] = string(text)
			}
		}
		settings["inferadb:operatorCidrs"] = `["10.0.0.0/8"]`
		clusters, _, err := Load(stack, settings)
		require.NoError(t, err)
		assert.Len(t, clusters, 2)
	}
}

func isText(value any) bool { _, ok := value.(string); return ok }
