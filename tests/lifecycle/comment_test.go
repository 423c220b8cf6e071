package lifecycle

import (
	"regexp"
	"strings"
	"testing"

	"github.com/inferadb/infra/preview"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestComment makes a pull request's comment from what the engine really says, and a drift report: they tell the
// changes and no secret.
func TestComment(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "aws")
	s.environment = append(s.environment, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true")
	pools := `[{"name":"web","size":"small","count":2,"spot":true},{"name":"data","size":"small","count":1}]`
	s.set("pools", pools)
	first := s.comment(preview.Preview, "preview")
	s.up()
	s.set("pools", strings.Replace(pools, `"count":2`, `"count":3,"labels":{"tier":"gold"}`, 1))
	second := s.comment(preview.Preview, "preview")
	s.set("pools", `[{"name":"web","size":"small","count":2,"spot":true}]`)
	third := s.comment(preview.Preview, "preview")
	s.set("controlPlanes", "2")
	fourth := s.comment(preview.Preview, "preview")
	drift := s.comment(preview.Drift, "refresh", "--preview-only")

	assert.Contains(t, first, "\n+  aws:ec2/instance:Instance inferadb-dev-nyc1-data-0\n")
	assert.Contains(t, first, "userDataBase64: [secret]")
	assert.Contains(t, second, "~ desiredCapacity: 2 => 3\n")
	assert.Contains(t, second, "~ userData: [secret]\n")
	assert.Contains(t, third, "**would be deleted with what it holds**: `aws:ec2/instance:Instance` `inferadb-dev-nyc1-data-0`")
	assert.Contains(t, fourth, "### Preview of dev: failed\n\n**Why it failed**")
	assert.Contains(t, fourth, "controlPlanes: 2 is not 1, 3 or 5")
	assert.Contains(t, drift, "No drift: ")

	packed := regexp.MustCompile(`[A-Za-z0-9+/]{60,}`)
	secrets := packed.FindAllString(s.pulumi("stack", "export", "--show-secrets"), -1)
	require.Greater(t, len(secrets), 10)
	for name, comment := range map[string]string{"first": first, "second": second, "third": third, "fourth": fourth, "drift": drift} {
		for _, secret := range secrets {
			assert.NotContains(t, comment, secret[:40], name)
		}
	}
}

// comment is what is said about a preview; one that fails has its comment, too.
func (s *stack) comment(kind preview.Kind, arguments ...string) string {
	s.t.Helper()
	events, _ := s.try(nil, "pulumi", append(arguments, "--json", "--non-interactive", "--color", "never")...)
	result, err := preview.Read(strings.NewReader(events))
	require.NoError(s.t, err)
	return preview.Comment{Stack: s.name, Kind: kind, Result: result}.Markdown(preview.Limit)
}
