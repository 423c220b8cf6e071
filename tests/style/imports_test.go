package style

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// importRule is what the Go files of a folder and of all folders below it may import.
type importRule struct {
	folder string
	// ours are the folders of this repository that it may import, besides itself.
	ours []string
	// forbidden are prefixes of packages of other modules that it may not import.
	forbidden []string
}

const (
	pulumiPackages = "github.com/pulumi/"
	talosSDK       = "github.com/pulumiverse/pulumi-talos"
	awsSDK         = "github.com/pulumi/pulumi-aws"
	gcpSDK         = "github.com/pulumi/pulumi-gcp"
	doSDK          = "github.com/pulumi/pulumi-digitalocean"
)

// importRules begin with the innermost folder: the first rule whose folder contains a file applies to it.
var importRules = []importRule{
	{folder: "strict", forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "iampolicy", forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "regions", forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "backend/roles", ours: []string{"iampolicy", "regions"}, forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "backend/gcp", ours: []string{"backend/roles"}, forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "backend", ours: []string{"backend/roles", "iampolicy", "regions", "strict"}, forbidden: []string{talosSDK, gcpSDK, doSDK}},
	{folder: "cluster", ours: []string{"regions", "machineconfig"}, forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "config", ours: []string{"cluster", "regions", "strict", "machineconfig"}, forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "cost", ours: []string{"cluster", "config", "regions"}, forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "preview", ours: []string{"cost"}, forbidden: []string{talosSDK, awsSDK, gcpSDK, doSDK}},
	{folder: "docs/policies", forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "machineconfig", ours: []string{"docs/policies"}, forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "components/cloud", ours: []string{"cluster", "regions"}, forbidden: []string{talosSDK, awsSDK, gcpSDK, doSDK}},
	{folder: "components/aws", ours: append([]string{"iampolicy"}, cloudMayImport...), forbidden: []string{talosSDK, gcpSDK, doSDK}},
	{folder: "components/gcp", ours: cloudMayImport, forbidden: []string{talosSDK, awsSDK, doSDK}},
	{folder: "components/digitalocean", ours: cloudMayImport, forbidden: []string{talosSDK, awsSDK, gcpSDK}},
	{folder: "components", ours: append([]string{"cluster", "config", "regions", "components/cloud", "machineconfig"}, clouds...),
		forbidden: []string{awsSDK, gcpSDK, doSDK}},
	{folder: "invariants", ours: []string{"iampolicy", "policy/rules"}, forbidden: []string{talosSDK, awsSDK, gcpSDK, doSDK}},
	{folder: "policy/rules", forbidden: []string{talosSDK, awsSDK, gcpSDK, doSDK}},
	{folder: "policy", ours: []string{"invariants", "policy/rules"}, forbidden: []string{talosSDK, awsSDK, gcpSDK, doSDK}},
	{folder: "simulator/sandbox", forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "simulator", ours: []string{"simulator/sandbox"}, forbidden: []string{talosSDK, awsSDK, gcpSDK, doSDK}},
	{folder: "running", ours: []string{"cluster", "config", "regions", "machineconfig"}, forbidden: []string{talosSDK, awsSDK, gcpSDK, doSDK}},
	{folder: "stackfile", forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "operate/operatetest", forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "operate", ours: []string{"cluster", "config", "regions", "machineconfig", "stackfile"}, forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "bench/manyregions", ours: []string{"cluster", "components", "config"}, forbidden: []string{talosSDK, awsSDK, gcpSDK, doSDK}},
	{folder: "bench/program", ours: []string{"bench/manyregions"}, forbidden: []string{talosSDK, awsSDK, gcpSDK, doSDK}},
	{folder: "bench", ours: []string{"simulator/sandbox"}, forbidden: []string{pulumiPackages, talosSDK}},
	{folder: "cmd/infra", ours: []string{
		"backend/gcp", "bench", "cluster", "config", "cost", "operate",
		"preview", "regions", "running", "simulator/sandbox", "stackfile",
	}, forbidden: []string{talosSDK, awsSDK, gcpSDK, doSDK}},
	{folder: "stack", ours: []string{"cluster", "config", "regions", "components", "running"}, forbidden: []string{talosSDK, awsSDK, gcpSDK, doSDK}},
	{folder: ".", ours: []string{"stack"}, forbidden: []string{talosSDK, awsSDK, gcpSDK, doSDK}},
}

var cloudMayImport = []string{"components/cloud", "machineconfig", "cluster", "config", "regions"}

// TestImportArrows keeps who may import whom: stack → components → clouds → cloud → cluster →
// machineconfig and regions; config makes the clusters.
// Nothing imports the simulator.
func TestImportArrows(t *testing.T) {
	for _, f := range goFiles(t) {
		// Tests import several packages on purpose. Only the simulator must be independent in its tests as well.
		if f.test && !within(f.path, "simulator") || within(f.path, "tests") {
			continue
		}
		for _, imported := range f.syntax.Imports {
			name, err := strconv.Unquote(imported.Path.Value)
			require.NoError(t, err)
			assert.Empty(t, violation(f.folder, name), "%s:%d", f.path, f.line(imported))
		}
	}
}

// violation returns why a file in the folder may not import the package; empty if it may.
func violation(folder, imported string) string {
	i := slices.IndexFunc(importRules, func(r importRule) bool { return within(folder, r.folder) })
	home := importRules[i]
	own, ours := strings.CutPrefix(imported, module+"/")
	if !ours {
		for _, prefix := range home.forbidden {
			if strings.HasPrefix(imported, prefix) {
				return home.folder + " does not know " + imported
			}
		}
		return ""
	}
	target := importRules[slices.IndexFunc(importRules, func(r importRule) bool { return within(own, r.folder) })]
	if target.folder == home.folder || slices.Contains(home.ours, target.folder) {
		return ""
	}
	return home.folder + " may not import " + target.folder
}

// within reports whether the path is the folder or below it.
func within(path, folder string) bool {
	return folder == "." || path == folder || strings.HasPrefix(path, folder+"/")
}

func TestImportViolations(t *testing.T) {
	for _, test := range []struct{ folder, imported, want string }{
		{"components/aws", module + "/components/gcp", "components/aws may not import components/gcp"},
		{"components/aws", awsSDK + "/sdk/v6/go/aws", ""},
		{"components/gcp", awsSDK + "/sdk/v6/go/aws", "components/gcp does not know " + awsSDK + "/sdk/v6/go/aws"},
		{"simulator/aws", module + "/regions", "simulator may not import regions"},
		{"simulator/aws", module + "/simulator/store", ""},
		{"backend", module + "/components/aws", "backend may not import components/aws"},
		{".", module + "/backend/roles", ". may not import backend/roles"},
		{".", module + "/simulator/store", ". may not import simulator"},
		{"regions", module + "/config", "regions may not import config"},
		{"strict", module + "/regions", "strict may not import regions"},
		{"backend", module + "/strict", ""},
		{"config", "github.com/pulumi/pulumi/sdk/v3/go/pulumi", "config does not know github.com/pulumi/pulumi/sdk/v3/go/pulumi"},
		{"config", module + "/machineconfig", ""},
		{"cost", module + "/components/aws", "cost may not import components/aws"},
		{"stack", module + "/cost", "stack may not import cost"},
		{".", module + "/components", ". may not import components"},
		{"preview", module + "/cost", ""},
		{"cost", module + "/preview", "cost may not import preview"},
		{"config", module + "/components/aws", "config may not import components/aws"},
		{"policy/rules", module + "/config", "policy/rules may not import config"},
		{"policy", module + "/policy/rules", ""},
		{"policy", module + "/invariants", ""},
		{"invariants", module + "/policy/rules", ""},
		{"invariants", module + "/config", "invariants may not import config"},
		{"config", module + "/cluster", ""},
		{"cluster", module + "/config", "cluster may not import config"},
		{"components/cloud", module + "/config", "components/cloud may not import config"},
	} {
		assert.Equal(t, test.want, violation(test.folder, test.imported), "%s imports %s", test.folder, test.imported)
	}
}
