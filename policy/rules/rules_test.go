package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// example is a resource, or a stack of them, and what a rule says to it.
type example struct {
	rule string
	// resources are written "type name {properties as YAML}", one a line. A text "(unknown)" is not known before the
	// update, and {secret: x} is a secret.
	resources string
	// problem is what the rule says; empty if it has nothing to say.
	problem string
}

// ignored is a property that no rule asks for.
const ignored = "{x: y}"

// read makes a resource of a line.
func read(t *testing.T, line string) Resource {
	t.Helper()
	words := strings.SplitN(strings.TrimSpace(line), " ", 3)
	require.Len(t, words, 3, line)
	r := Resource{Type: words[0], Name: words[1], URN: "urn:" + words[1]}
	text := words[2]
	for _, option := range []string{"protected", "bare", "default"} {
		if rest, ok := strings.CutPrefix(text, option+" "); ok {
			r.Options = &Options{Custom: true, Protect: option == "protected", Provider: "urn:pulumi:s::p::pulumi:providers:x::region::id"}
			if option == "default" {
				r.Options.Provider = "urn:pulumi:s::p::pulumi:providers:x::default_1_0_0::id"
			}
			text = rest
		}
	}
	var properties map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &properties), line)
	r.Properties = resource.NewPropertyMapFromMap(marked(properties).(map[string]any))
	return r
}

// marked puts secrets and unknown values where their words stand.
func marked(value any) any {
	switch value := value.(type) {
	case string:
		if value == "(unknown)" {
			return resource.MakeComputed(resource.NewStringProperty(""))
		}
	case []any:
		for i := range value {
			value[i] = marked(value[i])
		}
	case map[string]any:
		if secret, ok := value["secret"]; ok {
			return resource.MakeSecret(resource.NewPropertyValue(marked(secret)))
		}
		for key := range value {
			value[key] = marked(value[key])
		}
	}
	return value
}

func named(t *testing.T, name string) Rule {
	t.Helper()
	i := slices.IndexFunc(All(), func(r Rule) bool { return r.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return All()[i]
}

var examples = slices.Concat(firewallExamples, machineExamples, encryptionExamples, tagExamples, otherExamples)

func TestEachExampleIsJudged(t *testing.T) {
	for i, e := range examples {
		t.Run(fmt.Sprintf("%s/%d", e.rule, i), func(t *testing.T) {
			var stack []Resource
			for _, line := range strings.Split(strings.TrimSpace(e.resources), "\n") {
				stack = append(stack, read(t, line))
			}
			var said []string
			for _, problem := range named(t, e.rule).Check(stack...) {
				said = append(said, problem.String())
			}
			assert.Equal(t, e.problem, strings.Join(said, "\n"), e.resources)
		})
	}
}

// TestEveryRuleHasExamplesOnEachCloud: a rule that nothing can break says nothing.
func TestEveryRuleHasExamplesOnEachCloud(t *testing.T) {
	// These speak of one cloud's resources by nature: elsewhere a machine's firewall names it, or it has no key.
	less := map[string][]string{
		"firewall-covers-machine": {"gcp", "digitalocean"},
		"disk-key":                {"aws", "gcp"},
	}
	for _, rule := range All() {
		clouds := less[rule.Name]
		if clouds == nil {
			clouds = []string{"aws", "gcp", "digitalocean"}
		}
		for _, cloud := range clouds {
			good, bad := false, false
			for _, e := range examples {
				if e.rule == rule.Name && strings.HasPrefix(e.resources, cloud+":") ||
					strings.HasPrefix(e.resources, "pulumi:providers:"+cloud) && e.rule == rule.Name {
					good, bad = good || e.problem == "", bad || e.problem != ""
				}
			}
			assert.True(t, good, "%s accepts nothing on %s", rule.Name, cloud)
			assert.True(t, bad, "%s objects to nothing on %s", rule.Name, cloud)
		}
	}
}

func TestRulesAreComplete(t *testing.T) {
	var names []string
	for _, rule := range All() {
		assert.Regexp(t, regexp.MustCompile(`^[a-z][a-z-]{3,40}$`), rule.Name)
		assert.NotContains(t, names, rule.Name)
		assert.NotEmpty(t, rule.Demand)
		assert.NotEmpty(t, rule.Remedy)
		assert.NotEqual(t, rule.one == nil, rule.all == nil, "%s judges a resource or a stack", rule.Name)
		names = append(names, rule.Name)
	}
}

// TestNoRuleShowsASecret gives every property that any example names a secret value, and reads what is said.
func TestNoRuleShowsASecret(t *testing.T) {
	const secret = "hunter2"
	said := 0
	for _, e := range examples {
		for _, line := range strings.Split(strings.TrimSpace(e.resources), "\n") {
			r := read(t, line)
			for key := range r.Properties {
				r.Properties[key] = resource.MakeSecret(withSecret(r.Properties[key], secret))
			}
			for _, rule := range All() {
				for _, problem := range rule.Check(r) {
					said++
					assert.NotContains(t, problem.String(), secret, rule.Name)
				}
			}
		}
	}
	assert.Greater(t, said, 100)
}

// withSecret replaces every text in a value.
func withSecret(v resource.PropertyValue, secret string) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return withSecret(v.SecretValue().Element, secret)
	case v.IsString():
		return resource.NewStringProperty(secret)
	case v.IsArray():
		var items []resource.PropertyValue
		for _, item := range v.ArrayValue() {
			items = append(items, withSecret(item, secret))
		}
		return resource.NewArrayProperty(items)
	case v.IsObject():
		object := resource.PropertyMap{}
		for key, item := range v.ObjectValue() {
			object[key] = withSecret(item, secret)
		}
		return resource.NewObjectProperty(object)
	}
	return v
}

// TestUnknownValuesBreakNoRule: a preview knows little, and must not refuse what the update will make right.
func TestUnknownValuesBreakNoRule(t *testing.T) {
	for _, e := range examples {
		for _, line := range strings.Split(strings.TrimSpace(e.resources), "\n") {
			r := read(t, line)
			r.Options = nil
			for key := range r.Properties {
				r.Properties[key] = resource.MakeComputed(resource.NewStringProperty(""))
			}
			for _, rule := range All() {
				for _, problem := range rule.Check(r) {
					assert.Empty(t, r.Properties[resource.PropertyKey(strings.SplitN(problem.Path, ".", 2)[0])].V, "%s",
						problem)
				}
			}
		}
	}
}

func TestSharedNames(t *testing.T) {
	first := []Resource{read(t, "gcp:compute/instance:Instance one {name: machine}"), read(t, "pulumi:pulumi:Stack s {}")}
	second := []Resource{read(t, "gcp:compute/instance:Instance two {name: machine}"), read(t, "pulumi:pulumi:Stack s {}")}
	third := []Resource{read(t, "gcp:compute/instance:Instance one {name: other}"), read(t, "gcp:compute/disk:Disk two {}")}
	say := func(stacks ...[]Resource) (said []string) {
		for _, problem := range SharedNames(stacks...) {
			said = append(said, problem.String())
		}
		return said
	}
	assert.Empty(t, say(first))
	assert.Equal(t, []string{"two.name: machine is also the name of another stack's resource; begin it with the cluster's name"}, say(first, second))
	assert.Equal(t, []string{"one: one is also the name of another stack's resource; begin it with the cluster's name"}, say(first, third))
	assert.Empty(t, say(second, third))
}
