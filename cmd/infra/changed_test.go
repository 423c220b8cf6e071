package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChangedStacks(t *testing.T) {
	t.Chdir(project)
	all := `["dev","production","staging"]`
	for name, row := range map[string]struct{ files, known, cloud, simulated string }{
		"a stack file":         {"Pulumi.staging.yaml", "", `[]`, `["staging"]`},
		"a stack with roles":   {"Pulumi.staging.yaml\nPulumi.dev.yaml", `["staging", "production"]`, `["staging"]`, `["dev"]`},
		"the program":          {"docs/faq.md\nmain.go\nPulumi.staging.yaml", "", `[]`, all},
		"a patch inside it":    {"components/machineconfig/patches/kubelet.yaml", `["dev","staging","production"]`, all, `[]`},
		"the project":          {"Pulumi.yaml", "", `[]`, all},
		"what pins modules":    {"go.sum", "", `[]`, all},
		"documents and tests":  {"README.md\ndocs/operations.md\ngraph_test.go\ntestdata/graph/aws-dev.golden\ntests/lifecycle/x.go", "", `[]`, `[]`},
		"what is beside it":    {"backend/main.go\nbackend/Pulumi.staging.yaml\nbench/main.go\n.gitignore\nLICENSE-MIT", "", `[]`, `[]`},
		"test data below":      {"config/testdata/stack.yaml", "", `[]`, `[]`},
		"a stack that is gone": {"Pulumi.gone.yaml", "", `[]`, `[]`},
		"nothing":              {"", "", `[]`, `[]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CLOUD_STACKS", row.known)
			root, out := newRoot(), bytes.Buffer{}
			root.SetArgs([]string{"changed-stacks"})
			root.SetIn(strings.NewReader(row.files + "\n"))
			root.SetOut(&out)
			require.NoError(t, root.Execute())
			assert.Equal(t, "cloud="+row.cloud+"\nsimulated="+row.simulated+"\n", out.String())
		})
	}
}
