package main

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

func TestSettingsAndTheirDefaults(t *testing.T) {
	s, err := readSettings("staging", map[string]string{"pulumi:disable-default-providers": `["*"]`, namespace + ":bucket": ""})
	require.NoError(t, err)
	assert.Equal(t, settings{
		Environment: "staging", Region: "us-east-1", Bucket: "inferadb-pulumi-state-staging", OIDCProvider: "create", Protection: true,
	}, s)
	s, err = readSettings("production", map[string]string{
		namespace + ":region": "eu-west-1", namespace + ":bucket": "acme-state", namespace + ":accessLog": "true",
		namespace + ":repository": "acme/infra.x", namespace + ":oidcProvider": "existing", namespace + ":protection": "false",
	})
	require.NoError(t, err)
	assert.Equal(t, settings{"production", "eu-west-1", "acme-state", true, "acme/infra.x", "existing", false}, s)
}

// TestAllMistakesAreNamedAtOnce: a wrong value never becomes a default.
func TestAllMistakesAreNamedAtOnce(t *testing.T) {
	_, err := readSettings("Staging", map[string]string{
		"inferadb:region": "us-east-1", namespace + ":buckett": "x", namespace + ":bucket": "Big", namespace + ":region": "nyc1",
		namespace + ":accessLog": "maybe", namespace + ":repository": "acme", namespace + ":oidcProvider": "adopt",
	})
	assert.EqualError(t, err, `8 of the backend's settings cannot be used:
  accessLog: is the text "maybe"; write true or false
  bucket: "Big" is no name for a bucket; use 3 to 59 lower case letters, digits and hyphens
  buckett: there is no such key; did you mean bucket?
  inferadb:region: nothing reads keys of the namespace "inferadb"; begin the key with inferadb-backend:
  oidcProvider: "adopt" is not known; write create or existing
  region: "nyc1" is no AWS region; write one like us-east-1
  repository: "acme" is no GitHub repository; write owner/name
  stack: "Staging" cannot be part of an alias and of roles' names; use lower case letters, digits and hyphens, at most 31`)
}

// TestTheProjectFileHasEveryKey, with its default.
func TestTheProjectFileHasEveryKey(t *testing.T) {
	text, err := os.ReadFile("Pulumi.yaml")
	require.NoError(t, err)
	var project struct {
		Config map[string]struct{ Type, Description, Default string }
	}
	require.NoError(t, yaml.Unmarshal(text, &project))
	keys := 0
	for _, f := range reflect.VisibleFields(reflect.TypeFor[settings]()) {
		key := strings.Trim(f.Tag.Get("json"), "-")
		if key == "" {
			continue
		}
		keys++
		want := f.Tag.Get("default")
		if want == "" && f.Type.Kind() == reflect.Bool {
			want = "false"
		}
		assert.Equal(t, want, project.Config[key].Default, key)
		assert.NotEmpty(t, project.Config[key].Description, key)
	}
	assert.Len(t, project.Config, keys+1, "and pulumi:disable-default-providers")
}
