package lifecycle

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each test below is a procedure of docs/security.md, with the commands that stand there.
const securityPage = "docs/security.md"

// securityCommands reads the commands of a block of the page: the block is the index-th of its section.
func securityCommands(t *testing.T, section string, index int) []block {
	t.Helper()
	blocks := readSections(t, securityPage)[section]
	require.Greater(t, len(blocks), index, section)
	return blocks[index].commands()
}

// TestNewPassphrase changes what encrypts the secrets in the state. The state that is kept from before still opens with
// the old passphrase, until it is deleted.
func TestNewPassphrase(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "digitalocean")
	s.up()
	before := s.pulumi("stack", "output", "kubeconfig", "--show-secrets")
	salt := s.salt()

	// pulumi asks for the new passphrase, or reads it where there is nobody to ask.
	const newPassphrase = "another horse, another battery"
	o, commands := newOperator(s, "digitalocean"), securityCommands(t, "Rotate", 0)
	require.Len(t, commands, 2)
	o.answers = newPassphrase + "\n"
	o.do(commands[0], nil)

	assert.NotEqual(t, salt, s.salt(), "the stack file is to be committed")
	_, err := s.try(nil, "pulumi", "stack", "output", "kubeconfig", "--show-secrets", "--non-interactive")
	assert.ErrorContains(t, err, "incorrect passphrase")
	_, err = s.try(nil, "pulumi", "preview", "--non-interactive")
	assert.ErrorContains(t, err, "incorrect passphrase")

	s.environment = append(s.environment, "PULUMI_CONFIG_PASSPHRASE="+newPassphrase)
	assert.Equal(t, before, s.pulumi("stack", "output", "kubeconfig", "--show-secrets"))
	s.settled()

	assert.NotContains(t, s.encryptedWith(salt), "state/.pulumi/stacks/inferadb/dev.json")
	assert.NotEmpty(t, s.encryptedWith(salt), "what was kept from before")
	o.do(commands[1], nil)
	assert.Empty(t, s.encryptedWith(salt))
	s.settled()
	s.destroy()
}

// salt is what the stack file says of the passphrase.
func (s *stack) salt() string {
	s.t.Helper()
	text, err := os.ReadFile(s.path("Pulumi." + s.name + ".yaml"))
	require.NoError(s.t, err)
	_, rest, found := strings.Cut(string(text), "encryptionsalt: ")
	require.True(s.t, found)
	salt, _, _ := strings.Cut(rest, "\n")
	return salt
}

// encryptedWith are the files of the state that a passphrase with this salt opens.
func (s *stack) encryptedWith(salt string) []string {
	s.t.Helper()
	var files []string
	for place, content := range s.places() {
		if strings.HasPrefix(place, "state/") && strings.Contains(string(content), salt) {
			files = append(files, place)
		}
	}
	return files
}

// TestLostState loses the state in each way in which a file is lost, and takes it back from a copy. Nothing is made
// anew, and no cluster is bootstrapped twice.
func TestLostState(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "aws")
	s.up()
	machines := s.nodes()
	state := s.path("state", ".pulumi", "stacks", "inferadb", "dev.json")
	s.pulumi("stack", "export", "--file", s.path("copy.json"))
	copied, err := os.ReadFile(s.path("copy.json"))
	require.NoError(t, err)
	assert.Contains(t, string(copied), secretSignature, "the copy's secrets are encrypted, too")

	// Cut off while it was written.
	require.NoError(t, os.Truncate(state, 0))
	_, err = s.try(nil, "pulumi", "preview", "--non-interactive")
	require.ErrorContains(t, err, "failed to load checkpoint")
	newest := slices.Max(s.backups())
	text, err := os.ReadFile(newest)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(state, text, 0o600))
	s.settled()

	// Gone.
	require.NoError(t, os.Remove(state))
	_, err = s.try(nil, "pulumi", "preview", "--non-interactive")
	require.ErrorContains(t, err, "no stack selected")
	o := newOperator(s, "aws")
	for _, command := range securityCommands(t, "Break glass", 0) {
		o.do(command, nil)
	}
	s.settled()
	assert.ElementsMatch(t, machines, s.nodes())
	s.destroy()
}

// backups are the copies that pulumi makes of the state after each update; their names are in the order of time.
func (s *stack) backups() []string {
	s.t.Helper()
	files, err := filepath.Glob(s.path("state", ".pulumi", "backups", "inferadb", s.name, "*.json"))
	require.NoError(s.t, err)
	require.NotEmpty(s.t, files)
	return files
}

// TestReplaceOneMachine replaces a machine that is protected, and nothing else.
func TestReplaceOneMachine(t *testing.T) {
	t.Parallel()
	s := newStack(t, "production", "aws")
	s.set("regions", `["nyc1"]`)
	s.up()
	before := s.nodes()
	urn := s.urnOf(instance, "inferadb-production-nyc1-workers-4")
	_, err := s.try(nil, "pulumi", "up", "--yes", "--replace", urn, "--non-interactive", "--color", "never")
	require.ErrorContains(t, err, "protect", "what is protected is not replaced by accident")
	id := s.idOf(urn)

	o := newOperator(s, "aws")
	commands := securityCommands(t, "Break glass", 1)
	require.Len(t, commands, 3)
	o.do(commands[0], nil)
	o.do(commands[1], map[string]string{"<urn>": urn})
	assert.Equal(t, steps{"replace " + instance: 1, "replace " + applied: 1}, s.preview("--replace", urn))
	o.do(commands[2], map[string]string{"<urn>": urn})
	replaced := s.idOf(urn)
	assert.NotEqual(t, id, replaced)
	for i, n := range before {
		if n.Machine == id {
			before[i].Machine = replaced
		}
	}
	assert.ElementsMatch(t, before, s.nodes(), "every other machine is the one that it was")
	s.settled()
	_, err = s.try(nil, "pulumi", "up", "--yes", "--replace", urn, "--non-interactive", "--color", "never")
	assert.ErrorContains(t, err, "protect", "the new machine is protected again")
	s.destroy()
}

// urnOf is a resource's URN, as `pulumi stack --show-urns` shows it.
func (s *stack) urnOf(token, name string) string {
	s.t.Helper()
	for _, resource := range s.resources() {
		if urn := resource["urn"].(string); resource["type"] == token && strings.HasSuffix(urn, "::"+name) {
			return urn
		}
	}
	s.t.Fatalf("the state has no %s %s", token, name)
	return ""
}

func (s *stack) idOf(urn string) string {
	s.t.Helper()
	for _, resource := range s.resources() {
		if resource["urn"] == urn {
			return resource["id"].(string)
		}
	}
	return ""
}
