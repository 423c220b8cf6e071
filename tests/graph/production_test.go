package graph

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/invariants"
	"github.com/inferadb/infra/tests/pages"
	"github.com/stretchr/testify/require"
)

// TestTheProductionPageIsFresh compares docs/production.md with the settings that the invariants refuse. Each is tried
// in production and in staging: what staging accepts is in the first table. `make graph` writes the page.
func TestTheProductionPageIsFresh(t *testing.T) {
	t.Parallel()
	const head = "| change | message | clouds | invariant |\n|---|---|---|---|\n"
	only, everywhere := head, head
	for _, row := range invariants.All() {
		for _, setting := range row.Refused {
			message, accepted := tryInProductionAndStaging(t, setting)
			line := fmt.Sprintf("| %s | `%s` | %s | [%d](invariants.md) |\n", setting.Name, message, cloudsOf(setting), row.ID)
			if accepted {
				only += line
			} else {
				everywhere += line
			}
		}
	}
	page := filepath.Join(root, "docs", "production.md")
	pages.Fresh(t, *update, page, "production", only)
	pages.Fresh(t, *update, page, "everywhere", everywhere)
}

// tryInProductionAndStaging returns why production's stack file may not have the setting, without the remedy, and
// whether staging's may, on one of the setting's clouds.
func tryInProductionAndStaging(t *testing.T, setting invariants.Setting) (message string, accepted bool) {
	t.Helper()
	for _, cloud := range invariants.Clouds() {
		if !setting.On(cloud) {
			continue
		}
		settings := settingsOf(t, cloud, "production", setting.Settings(cloud))
		_, _, err := config.LoadFrom(root, "production", settings)
		var all config.Errors
		require.ErrorAs(t, err, &all)
		for _, one := range all {
			if message == "" && strings.Contains(one.Error(), setting.Refusal) {
				message = one.Path + ": " + one.Problem
			}
		}
		require.NotEmpty(t, message, "%s on %s: %s", setting.Name, cloud, err)
		if environment := config.Namespace + ":environment"; settings[environment] == "production" {
			settings[environment] = "staging"
		}
		_, _, err = config.LoadFrom(root, "staging", settings)
		accepted = accepted || !errors.As(err, &all)
	}
	return message, accepted
}

// cloudsOf returns the clouds on which a setting is refused.
func cloudsOf(setting invariants.Setting) string {
	var names []string
	for _, cloud := range invariants.Clouds() {
		if setting.On(cloud) {
			names = append(names, cloud)
		}
	}
	if len(names) == len(invariants.Clouds()) {
		return "all"
	}
	return strings.Join(names, ", ")
}
