package invariants

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferadb/infra/policy/rules"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Graph is everything that a stack registers, looks up and exports.
type Graph struct {
	// Cloud and Environment of the stack, and what its file says, by key without the namespace.
	Cloud, Environment string
	Settings           map[string]string
	// Running reports whether the stack is up already.
	Running bool
	// Resources by their URNs.
	Resources map[string]*Resource
	Lookups   []Lookup
	Outputs   map[string]Output
	// Secrets are texts that no input may hold in clear.
	Secrets []string
	// seen are the resources as the rules see them, made once.
	seen []rules.Resource
}

// Resource is a resource as the program registers it.
type Resource struct {
	Type, Name, Parent, Provider string
	Inputs                       resource.PropertyMap
	Protect, Retain, Custom      bool
	IgnoreChanges, DependsOn     []string
}

// Lookup is a call of one of Pulumi's functions, which asks a cloud.
type Lookup struct {
	Token, Provider string
	Args            resource.PropertyMap
}

// Output is an output of the stack.
type Output struct {
	Value  any
	Secret bool
}

// ForRules returns the resources in the form that rules take, in the order of their URNs.
func (g *Graph) ForRules() []rules.Resource {
	if g.seen != nil {
		return g.seen
	}
	for _, urn := range slices.Sorted(maps.Keys(g.Resources)) {
		r := g.Resources[urn]
		g.seen = append(g.seen, rules.Resource{Type: r.Type, Name: r.Name, URN: urn, Properties: r.Inputs,
			Options: &rules.Options{Protect: r.Protect, Provider: r.Provider, Custom: r.Custom}})
	}
	return g.seen
}

// says returns the stack file's value of a key.
func (g *Graph) says(key string) string { return g.Settings[key] }

// saysOfRegions reports whether the stack file has a value for a key of its regions, or of the stack as a whole.
func (g *Graph) saysOfRegions(key string) bool {
	return strings.Contains(g.says("regions"), `"`+key+`"`)
}

// pool returns the stack file's settings of a pool.
func (g *Graph) pool(name string) map[string]any {
	var pools []map[string]any
	if json.Unmarshal([]byte(g.says("pools")), &pools) != nil {
		return nil
	}
	i := slices.IndexFunc(pools, func(pool map[string]any) bool { return pool["name"] == name })
	if i < 0 {
		return nil
	}
	return pools[i]
}

// ofType returns the resources of the types, sorted by name.
func (g *Graph) ofType(tokens ...string) []*Resource {
	var found []*Resource
	for _, r := range g.Resources {
		if slices.Contains(tokens, r.Type) {
			found = append(found, r)
		}
	}
	return sorted(found)
}

// all returns the resources, sorted by name.
func (g *Graph) all() []*Resource { return sorted(slices.Collect(maps.Values(g.Resources))) }

func sorted(resources []*Resource) []*Resource {
	slices.SortFunc(resources,
		func(a, b *Resource) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type)) })
	return resources
}

// clusters returns the components, one for each cluster.
func (g *Graph) clusters() []*Resource { return g.ofType("inferadb:index:TalosCluster") }

// named returns the resource of a type with a name; nil if there is none.
func (g *Graph) named(token, name string) *Resource {
	for _, r := range g.ofType(token) {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// reaches reports whether a resource waits for another, directly or through others.
func (g *Graph) reaches(from, to *Resource) bool {
	seen := map[string]bool{}
	var visit func(r *Resource) bool
	visit = func(r *Resource) bool {
		for _, urn := range r.DependsOn {
			if seen[urn] {
				continue
			}
			seen[urn] = true
			next := g.Resources[urn]
			if next == to || next != nil && visit(next) {
				return true
			}
		}
		return false
	}
	return visit(from)
}

// Get returns the input at a path of keys and indexes, without the marks of secrets.
func (r *Resource) Get(path ...any) resource.PropertyValue {
	return follow(resource.NewObjectProperty(r.Inputs), path...)
}

func follow(value resource.PropertyValue, path ...any) resource.PropertyValue {
	for _, step := range path {
		value = bare(value)
		switch step := step.(type) {
		case string:
			if !value.IsObject() {
				return resource.NewNullProperty()
			}
			value = value.ObjectValue()[resource.PropertyKey(step)]
		case int:
			if !value.IsArray() || len(value.ArrayValue()) <= step {
				return resource.NewNullProperty()
			}
			value = value.ArrayValue()[step]
		}
	}
	return bare(value)
}

// bare returns the value without the marks of secrets.
func bare(value resource.PropertyValue) resource.PropertyValue {
	for value.IsSecret() {
		value = value.SecretValue().Element
	}
	return value
}

// has reports whether there is a value at the path.
func (r *Resource) has(path ...any) bool { return !r.Get(path...).IsNull() }

// Text returns the string, number or boolean at the path as text; empty for everything else.
func (r *Resource) Text(path ...any) string {
	switch value := r.Get(path...); {
	case value.IsString():
		return value.StringValue()
	case value.IsBool(), value.IsNumber():
		return fmt.Sprint(value.V)
	}
	return ""
}

// number returns the number at the path; a negative one if there is none.
func (r *Resource) number(path ...any) float64 {
	if value := r.Get(path...); value.IsNumber() {
		return value.NumberValue()
	}
	return -1
}

// items returns how many items the list at the path has.
func (r *Resource) items(path ...any) int {
	if list := r.Get(path...); list.IsArray() {
		return len(list.ArrayValue())
	}
	return 0
}

// Texts returns the items of a list of texts.
func (r *Resource) Texts(path ...any) []string {
	var texts []string
	for i := range r.items(path...) {
		texts = append(texts, r.Text(append(slices.Clone(path), i)...))
	}
	return texts
}

// tags returns the tags at the path, from entries with a key and a value.
func (r *Resource) tags(path ...any) map[string]string {
	tags := map[string]string{}
	for i := range r.items(path...) {
		at := append(slices.Clone(path), i)
		tags[r.Text(append(at, "key")...)] = r.Text(append(at, "value")...)
	}
	return tags
}

func (r *Resource) isControlPlane() bool { return strings.Contains(r.Name, "-control-plane-") }

// only returns the resources that satisfy a condition.
func only(resources []*Resource, keep func(*Resource) bool) []*Resource {
	return slices.DeleteFunc(slices.Clone(resources), func(r *Resource) bool { return !keep(r) })
}

// ofCluster returns the resources of one cluster.
func ofCluster(resources []*Resource, cluster string) []*Resource {
	return only(resources, func(r *Resource) bool { return strings.HasPrefix(r.Name, cluster+"-") })
}

// clusterOf returns the name of the resource's cluster, which is the prefix of the resource's name.
func (g *Graph) clusterOf(r *Resource) string {
	for _, cluster := range g.clusters() {
		if strings.HasPrefix(r.Name, cluster.Name+"-") || r.Name == cluster.Name {
			return cluster.Name
		}
	}
	return ""
}

// Text returns a string or boolean of the arguments as text.
func (l Lookup) Text(path ...any) string { return (&Resource{Inputs: l.Args}).Text(path...) }
