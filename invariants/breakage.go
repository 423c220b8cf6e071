package invariants

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Breakage is a change of a stack's graph that breaks an invariant.
type Breakage struct {
	// Name says what is changed.
	Name string
	// Cloud and Stack name the graph that is changed, one of [Stacks].
	Cloud, Stack string
	// token and suffix find the resource that is changed: the first of the type whose name ends so.
	token, suffix string
	// change alters the resource. Without one the resource is removed.
	change func(*Graph, *Resource)
}

// broken is the stack of breakages that name no other. Every cloud has it.
const broken = "production"

// in returns the same breakage of another stack.
func (b Breakage) in(stack string) Breakage {
	b.Stack = stack
	return b
}

// Break returns a graph with the change. The graph itself stays as it is.
func (b Breakage) Break(g *Graph) (*Graph, error) {
	weak := *g
	weak.seen = nil
	weak.Resources, weak.Outputs, weak.Lookups = maps.Clone(g.Resources), maps.Clone(g.Outputs), slices.Clone(g.Lookups)
	if b.token == "" {
		b.change(&weak, nil)
		return &weak, nil
	}
	for _, r := range g.ofType(b.token) {
		if !strings.HasSuffix(r.Name, b.suffix) {
			continue
		}
		urn := ""
		for key, other := range g.Resources {
			if other == r {
				urn = key
			}
		}
		if b.change == nil {
			delete(weak.Resources, urn)
			return &weak, nil
		}
		changed := *r
		changed.IgnoreChanges, changed.DependsOn = slices.Clone(r.IgnoreChanges), slices.Clone(r.DependsOn)
		b.change(&weak, &changed)
		weak.Resources[urn] = &changed
		return &weak, nil
	}
	return nil, fmt.Errorf("%s: there is no %s whose name ends in %q", b.Name, b.token, b.suffix)
}

// set sets the input at a path of a resource; nil removes it.
func set(token, suffix string, value any, path ...any) Breakage {
	return alter(token, suffix, fmt.Sprintf("%v becomes %v", path, value),
		func(_ *Graph, r *Resource) { r.put(value, path...) })
}

// alter changes a resource in another way than by a value of its inputs.
func alter(token, suffix, what string, change func(*Graph, *Resource)) Breakage {
	return Breakage{Name: token + suffix + " " + what, Stack: broken, token: token, suffix: suffix, change: change}
}

// remove removes a resource.
func remove(token, suffix string) Breakage {
	return Breakage{Name: token + suffix + " is missing", Stack: broken, token: token, suffix: suffix}
}

// add adds a resource to the stack, with a provider of its own.
func add(token, name string, inputs map[string]any) Breakage {
	return Breakage{Name: token + " " + name + " is added", Stack: broken, change: func(g *Graph, _ *Resource) {
		g.Resources["urn:added"] = &Resource{Type: token, Name: name, Custom: true,
			Inputs:   resource.NewPropertyMapFromMap(inputs),
			Provider: aProvider}
	}}
}

// rename gives a resource another name.
func rename(token, suffix string, name func(string) string) Breakage {
	return alter(token, suffix, "has another name", func(_ *Graph, r *Resource) { r.Name = name(r.Name) })
}

// replaceText replaces a part of a text of a resource's inputs.
func replaceText(token, suffix, old, replacement string, path ...any) Breakage {
	return alter(token, suffix, fmt.Sprintf("has %q instead of %q", replacement, old), func(_ *Graph, r *Resource) {
		r.put(resource.MakeSecret(resource.NewStringProperty(strings.ReplaceAll(r.Text(path...), old, replacement))),
			path...)
	})
}

// heedChanges makes updates heed changes of properties that they ignored.
func heedChanges(token, suffix string) Breakage {
	return alter(token, suffix, "heeds every change", func(_ *Graph, r *Resource) { r.IgnoreChanges = nil })
}

// waitForNothing removes the dependencies of a resource.
func waitForNothing(token, suffix string) Breakage {
	return alter(token, suffix, "waits for nothing", func(_ *Graph, r *Resource) { r.DependsOn = nil })
}

// waitFor adds a dependency to a resource.
func waitFor(token, suffix, otherToken, otherSuffix string) Breakage {
	return alter(token, suffix, "waits for "+otherToken+otherSuffix, func(g *Graph, r *Resource) {
		for _, urn := range slices.Sorted(maps.Keys(g.Resources)) {
			if other := g.Resources[urn]; other.Type == otherToken && strings.HasSuffix(other.Name, otherSuffix) {
				r.DependsOn = append(r.DependsOn, urn)
				return
			}
		}
	})
}

// ask adds a lookup.
func ask(token string) Breakage {
	return Breakage{Name: token + " is asked", Stack: broken, change: func(g *Graph, _ *Resource) {
		g.Lookups = append(g.Lookups, Lookup{Token: token, Provider: aProvider})
	}}
}

// changeLookups changes the lookups of a kind.
func changeLookups(token, what string, change func(*Lookup)) Breakage {
	return Breakage{Name: token + " " + what, Stack: broken, change: func(g *Graph, _ *Resource) {
		for i := range g.Lookups {
			if g.Lookups[i].Token == token {
				g.Lookups[i].Args = g.Lookups[i].Args.Copy()
				change(&g.Lookups[i])
			}
		}
	}}
}

// put sets a value of the inputs without changing the map that they were.
func (r *Resource) put(value any, path ...any) {
	r.Inputs = replaced(resource.NewObjectProperty(r.Inputs), value, path...).ObjectValue()
}

// replaced returns a copy of a value with another value at a path; nil removes what is there.
func replaced(v resource.PropertyValue, value any, path ...any) resource.PropertyValue {
	if len(path) == 0 {
		if property, ok := value.(resource.PropertyValue); ok {
			return property
		}
		return resource.NewPropertyValue(value)
	}
	if v.IsSecret() {
		return resource.MakeSecret(replaced(v.SecretValue().Element, value, path...))
	}
	switch step := path[0].(type) {
	case string:
		object := resource.PropertyMap{}
		if v.IsObject() {
			maps.Copy(object, v.ObjectValue())
		}
		object[resource.PropertyKey(step)] = replaced(object[resource.PropertyKey(step)], value, path[1:]...)
		return resource.NewObjectProperty(object)
	case int:
		items := slices.Clone(v.ArrayValue())
		items[step] = replaced(items[step], value, path[1:]...)
		return resource.NewArrayProperty(items)
	}
	return v
}

// alterAll changes every resource of a type whose name has a part.
func alterAll(token, part, what string, change func(*Resource)) Breakage {
	return Breakage{Name: token + " " + part + " " + what, Stack: broken, change: func(g *Graph, _ *Resource) {
		for urn, r := range g.Resources {
			if r.Type == token && strings.Contains(r.Name, part) {
				changed := *r
				change(&changed)
				g.Resources[urn] = &changed
			}
		}
	}}
}

// unprotect removes the protection of a resource.
func unprotect(token, suffix string) Breakage {
	return alter(token, suffix, "is not protected", func(_ *Graph, r *Resource) { r.Protect = false })
}

// protect marks a resource as protected.
func protect(token, suffix string) Breakage {
	return alter(token, suffix, "is protected", func(_ *Graph, r *Resource) { r.Protect = true })
}

// defaultProvider gives a resource the default provider, which is configured by the environment.
func defaultProvider(token string) Breakage {
	return alter(token, "", "has the default provider", func(_ *Graph, r *Resource) {
		r.Provider = "urn:pulumi:production::inferadb::pulumi:providers:any::default::id"
	})
}

// asControlPlane turns the name of a worker's resource into a control plane's.
func asControlPlane(name string) string {
	return name[:strings.LastIndex(name, "-")] + "-" + controlPlane
}

// Values that breakages add to a graph.
const (
	internet = "0.0.0.0/0"
	inClear  = "hunter2"
	// aProvider is an explicit one.
	aProvider = "urn:pulumi:production::inferadb::pulumi:providers:any::region::id"
)
