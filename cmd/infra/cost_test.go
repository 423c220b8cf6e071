package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

const project = "../.."

func TestTheStackFilesCost(t *testing.T) {
	for _, stack := range []string{"dev", "staging", "production"} {
		for format, extension := range map[string]string{"text": ".txt", "markdown": ".md"} {
			t.Run(stack+" as "+format, func(t *testing.T) {
				got, err := costOf(project, stack, "", format)
				require.NoError(t, err)
				golden := filepath.Join("testdata", "cost", stack+extension)
				if *update {
					require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
					require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
				}
				want, err := os.ReadFile(golden)
				require.NoError(t, err)
				assert.Equal(t, string(want), got, "if the change is meant: go test ./cmd/infra -update")
			})
		}
	}
}

func TestTheCostOnAnotherProvider(t *testing.T) {
	for provider, want := range map[string]string{"gcp": "gcp us-west1", "digitalocean": "digitalocean sfo3"} {
		got, err := costOf(project, "production", provider, "text")
		require.NoError(t, err)
		assert.Contains(t, got, "inferadb-production-sfo1, "+want)
	}
}

func TestARefusedCost(t *testing.T) {
	for name, row := range map[string]struct{ stack, provider, format, want string }{
		"no stack":         {"", "", "text", `STACK: there is no stack ""; choose one of dev, production, staging`},
		"unknown stack":    {"prod", "", "text", `STACK: there is no stack "prod"; choose one of dev, production, staging`},
		"unknown format":   {"dev", "", "html", `FORMAT: there is no format "html"; choose text or markdown`},
		"unknown provider": {"dev", "azure", "text", `provider: there is no provider "azure"; choose one of aws, gcp, digitalocean`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := costOf(project, row.stack, row.provider, row.format)
			assert.ErrorContains(t, err, row.want)
		})
	}
}
