package lifecycle

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// TestEveryKeyIsEdited: a new key of the stack file needs a row, by which TestEdits changes it on a running stack.
func TestEveryKeyIsEdited(t *testing.T) {
	edited := map[string]bool{}
	for _, row := range editedKeys {
		edited[row.key] = true
		assert.NotEmpty(t, row.edits, row.key)
	}
	known := map[string]bool{}
	for _, key := range config.Keys() {
		known[key.Path] = true
	}
	assert.Equal(t, known, edited)
}

// TestEdits changes every key of a running staging to every other value of the table, on each cloud. Afterwards the
// cluster is whole and nothing is left to do, or the edit was refused before the first operation, with path, reason and
// remedy. The log has what became of each.
func TestEdits(t *testing.T) {
	takesLong(t)
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			e := &editing{t: t, cloud: cloud, base: runningSettings(t, cloud)}
			e.start()
			for _, row := range editedKeys {
				for _, one := range row.edits {
					e.edit(row.key, one)
				}
			}
			t.Logf("%s: %d edits tried: %d work, %d are refused; of those that work, %d cannot be taken back",
				cloud, e.works+e.refused, e.works, e.refused, e.stay)
			assert.Greater(t, e.works, 15)
			assert.Greater(t, e.refused, 15)
			t.Log(strings.Join(e.outcomes, "\n"))
		})
	}
}

// editing is a running stack and the edits that it has been through.
type editing struct {
	t     *testing.T
	cloud string
	s     *stack
	// base is what every edit begins from, current what runs: base and the last edit that worked.
	base, current map[string]any
	// words are editWords of the cloud, with what start made.
	words map[string]string
	// last describes the edit that current has more than base.
	last string
	// machines are the ids of the control planes of the beginning.
	machines map[string]string
	outcomes []string

	works, refused, stay int
}

// start brings a stack up. After an edit that broke it the next ones have another.
func (e *editing) start() {
	e.t.Helper()
	e.s = newStack(e.t, "staging", e.cloud)
	e.save(e.base)
	e.s.up()
	e.current, e.last = e.base, ""
	e.machines = e.s.controlPlaneIDs()
	require.Len(e.t, e.machines, 3)
	loadBalancer := map[string][2]string{
		"aws": {"aws:lb/loadBalancer:LoadBalancer", "dnsName"}, "gcp": {"gcp:compute/forwardingRule:ForwardingRule", "ipAddress"},
		"digitalocean": {"digitalocean:index/loadBalancer:LoadBalancer", "ip"},
	}[e.cloud]
	target := e.s.outputsOf(loadBalancer[0])[loadBalancer[1]]
	e.createFixtures()
	// Names of the user's own lead there.
	hosts := fmt.Sprintf("api.example.com %s\nk8s.example.org %s\n", target, target)
	require.NoError(e.t, os.WriteFile(e.s.path("store", "hosts"), []byte(hosts), 0o600))
}

// createFixtures creates two networks and two keys that were there before the program, for the edits that adopt them.
func (e *editing) createFixtures() {
	e.t.Helper()
	e.words = maps.Clone(editWords[e.cloud])
	for suffix, cidr := range map[string]string{"": "10.50.0.0/16", "2": "10.60.0.0/16"} {
		made := e.s.createFixtures(nyc1[e.cloud], cidr)
		e.words["network"+suffix] = made.ID
		if made.Key != "" {
			e.words["key"+suffix] = made.Key
			e.words["subnets"+suffix] = strings.Join(made.SubnetIDs[:min(3, len(made.SubnetIDs))], ", ")
		}
	}
}

// edit tries one edit on the base. Taking the edit before it back is part of the same change of the stack file; if that
// is what is refused, the edit before stays.
func (e *editing) edit(key string, one edit) {
	e.t.Helper()
	name := fmt.Sprintf("%s: %s: %s", key, one.in, one.change)
	wanted := e.with(one)
	paths, err := e.up(wanted)
	if paths != nil && e.mayBeAboutTheLast(wanted, paths) {
		e.back()
		wanted = e.with(one)
		paths, err = e.up(wanted)
	}
	switch {
	case paths != nil:
		e.refused++
		e.outcomes = append(e.outcomes, name+": refused at "+strings.Join(paths, ", "))
		return
	case err == nil:
		err = e.whole()
	}
	e.works++
	if err != nil {
		e.t.Errorf("%s: %v", name, err)
		e.outcomes = append(e.outcomes, name+": breaks")
		e.start()
		return
	}
	e.outcomes = append(e.outcomes, name+": works")
	e.current, e.last = wanted, name
}

// back takes the last edit back by itself. If that is refused, the edit stays for good.
func (e *editing) back() {
	e.t.Helper()
	paths, err := e.up(e.base)
	switch {
	case paths != nil:
		e.stay++
		e.outcomes = append(e.outcomes, e.last+": back is refused at "+strings.Join(paths, ", "))
		e.base = e.current
	case err != nil:
		e.t.Errorf("%s, back: %v", e.last, err)
		e.start()
	}
	e.current, e.last = e.base, ""
}

// mayBeAboutTheLast reports whether a refusal names a key that the edit before changed as well.
func (e *editing) mayBeAboutTheLast(wanted map[string]any, paths []string) bool {
	differ := func(a, b map[string]any, key string) bool { return !reflect.DeepEqual(a[key], b[key]) }
	for _, path := range paths {
		key := strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' })[0]
		if e.last != "" && (differ(e.base, e.current, key) || !differ(e.base, wanted, key)) {
			return true
		}
	}
	return false
}

// up updates the stack to the settings. If the program refuses them, it returns the paths that it names, and holds it
// to having touched nothing; the error is whatever else failed.
func (e *editing) up(settings map[string]any) (refused []string, err error) {
	e.t.Helper()
	e.save(settings)
	before := e.s.stateFile()
	_, err = e.s.try(nil, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
	if err == nil {
		return nil, nil
	}
	if refused = refusedPaths(e.t, err.Error()); refused != nil {
		if !missing.MatchString(err.Error()) {
			assert.Equal(e.t, touched(before), touched(e.s.stateFile()), "nothing was touched")
		}
		e.save(e.current)
		return refused, nil
	}
	return nil, err
}

var (
	refusal = regexp.MustCompile(`(?s)of the stack's settings cannot be used:\n(.*?)\n\s*every key: `)
	// missing is the refusal of an image that the account does not have: path, reason and remedy. It comes when the
	// first group that needs the image is registered.
	missing = regexp.MustCompile(`: (regions\[\w+\]\.image): cannot find .*; \S+`)
)

// refusedPaths are the paths of the settings that the program refuses; nil if it says something else.
func refusedPaths(t *testing.T, said string) []string {
	t.Helper()
	if found := missing.FindStringSubmatch(said); found != nil {
		return found[1:]
	}
	found := refusal.FindStringSubmatch(said)
	if found == nil {
		return nil
	}
	var paths []string
	for _, line := range strings.Split(found[1], "\n") {
		parts := regexp.MustCompile(`^\s+(\S+): (.+); (.+)$`).FindStringSubmatch(line)
		if assert.NotNil(t, parts, "path, reason and remedy: %s", line) {
			paths = append(paths, parts[1])
		}
	}
	return paths
}

// whole says what is wrong with the stack after an edit; nil if all is well.
func (e *editing) whole() error {
	ids := e.s.controlPlaneIDs()
	for name, id := range e.machines {
		if ids[name] != id {
			return fmt.Errorf("control plane %s was replaced or deleted", name)
		}
	}
	out, err := e.s.try(nil, "simulator", "nodes", "--json")
	if err != nil {
		return err
	}
	var nodes []node
	if err := json.Unmarshal([]byte(out), &nodes); err != nil {
		return err
	}
	for _, n := range nodes {
		if !n.Joined {
			return fmt.Errorf("%s is no member: %s", n.Node, n.Reason)
		}
	}
	if err := e.apisAnswer(); err != nil {
		return err
	}
	_, err = e.s.try(nil, "pulumi", "preview", "--refresh", "--expect-no-changes", "--diff", "--non-interactive", "--color", "never")
	return err
}

// apisAnswer uses the stack's kubeconfig, every context of it.
func (e *editing) apisAnswer() error {
	text, err := e.s.try(nil, "pulumi", "stack", "output", "kubeconfig", "--show-secrets", "--non-interactive")
	if err != nil {
		return err
	}
	file := e.s.path("kubeconfig")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	for _, context := range regexp.MustCompile(`(?m)^ {2}name: (\S+)\n`).FindAllStringSubmatch(text, -1) {
		if _, err := e.s.try(nil, "simulator", "kubectl", file, context[1]); err != nil && strings.HasPrefix(context[1], "admin@") {
			return err
		}
	}
	return nil
}

// runningSettings are the stack file of the beginning.
func runningSettings(t *testing.T, cloud string) map[string]any {
	t.Helper()
	settings := parseWords(t, editWords[cloud], runningStack[cloud])
	settings["environment"], settings["provider"] = "staging", cloud
	return settings
}

var editWord = regexp.MustCompile(`\{[a-zA-Z0-9]+\}`)

func parseWords(t *testing.T, words map[string]string, text string) map[string]any {
	t.Helper()
	filled := editWord.ReplaceAllStringFunc(text, func(name string) string {
		word, known := words[strings.Trim(name, "{}")]
		require.True(t, known, name)
		return word
	})
	var settings map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(filled), &settings), filled)
	return settings
}

// with is the base with an edit.
func (e *editing) with(one edit) map[string]any {
	e.t.Helper()
	changed := cloneSettings(e.t, e.base)
	at := changed
	switch one.in {
	case inRegion:
		at = changed["regions"].([]any)[0].(map[string]any)
	case inData:
		at = changed["pools"].([]any)[0].(map[string]any)
	case inWeb:
		at = changed["pools"].([]any)[1].(map[string]any)
	}
	for key, value := range parseWords(e.t, e.words, one.change) {
		at[key] = value
		if value == nil {
			delete(at, key)
		}
	}
	return changed
}

func cloneSettings(t *testing.T, settings map[string]any) map[string]any {
	t.Helper()
	text, err := yaml.Marshal(settings)
	require.NoError(t, err)
	var clone map[string]any
	require.NoError(t, yaml.Unmarshal(text, &clone))
	return clone
}

// save writes the settings as the stack file's only ones.
func (e *editing) save(settings map[string]any) {
	e.t.Helper()
	path := e.s.path("Pulumi." + e.s.name + ".yaml")
	text, err := os.ReadFile(path)
	require.NoError(e.t, err)
	var file map[string]any
	require.NoError(e.t, yaml.Unmarshal(text, &file))
	keys := map[string]any{}
	for key, value := range settings {
		keys[config.Namespace+":"+key] = value
	}
	file["config"] = keys
	text, err = yaml.Marshal(file)
	require.NoError(e.t, err)
	require.NoError(e.t, os.WriteFile(path, text, 0o600))
}

// storedResource is a resource as the backend's file has it.
type storedResource struct {
	URN, ID, Type, Modified string
}

// stateFile reads the resources from the backend, which is faster than to export them.
func (s *stack) stateFile() []storedResource {
	s.t.Helper()
	text, err := os.ReadFile(s.path("state", ".pulumi", "stacks", config.Namespace, s.name+".json"))
	require.NoError(s.t, err)
	var file struct {
		Checkpoint struct {
			Latest struct{ Resources []storedResource }
		}
	}
	require.NoError(s.t, json.Unmarshal(text, &file))
	return file.Checkpoint.Latest.Resources
}

// touched are the ids of the resources, and when each was changed last.
func touched(resources []storedResource) map[string]string {
	when := map[string]string{}
	for _, r := range resources {
		if r.ID != "" {
			when[r.URN] = r.ID + " " + r.Modified
		}
	}
	return when
}

// controlPlaneIDs are the ids of the control planes' machines, by name.
func (s *stack) controlPlaneIDs() map[string]string {
	machines := []string{instance, gceInstance, droplet}
	ids := map[string]string{}
	for _, r := range s.stateFile() {
		if slices.Contains(machines, r.Type) && strings.Contains(r.URN, "-control-plane-") {
			ids[r.URN[strings.LastIndex(r.URN, "::")+2:]] = r.ID
		}
	}
	return ids
}
