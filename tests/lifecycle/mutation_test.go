package lifecycle

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/simulator"
	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mutation breaks one thing of a finished graph.
type mutation struct {
	// kind is the type of the resource, name its logical name without the cluster's; empty for all of the type, and
	// with a star at the end for all names that begin so.
	kind, name string
	// field is the path to what is set to value, such as defaultActions.0.port; nil takes it away, and without a field
	// the resource is deleted.
	field string
	value any
	// want is a part of what the simulator must say of it.
	want string
	// also are further changes that belong to it, where one alone changes nothing because something else does the same.
	also []mutation
}

// ref stands for a property of another resource.
type ref struct{ kind, name, property string }

// TestMutations brings a production cluster up once on each cloud and then breaks its graph in memory, one resource or
// field at a time: the cluster does not come up any more, or loses what the mutation takes, and the simulator says why.
func TestMutations(t *testing.T) {
	pools := map[string]string{
		"aws":          `,{"name":"web","size":"small","count":2,"spot":{"base":0,"rebalance":true}}`,
		"gcp":          `,{"name":"web","size":"small","min":2,"max":4,"spot":true,"autoscaling":"cpu"}`,
		"digitalocean": "",
	}
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "production", cloud)
			s.set("regions", `["nyc1"]`)
			s.set("pools", `[{"name":"data","size":"small","count":2,"workload":"stateful"}`+pools[cloud]+`]`)
			s.up()
			finished := s.loadStore()
			require.Empty(t, started(t, finished.Copy()), "nothing is wrong with the graph as it is")
			t.Run("each resource", func(t *testing.T) { deleteEach(t, finished, unseen[cloud]) })
			t.Run("table", func(t *testing.T) { breakEach(t, finished, mutations[cloud]) })
			t.Run("the old module", func(t *testing.T) { oldModule(t, finished, moduleFaults[cloud]) })
			t.Run("complete", func(t *testing.T) { everyType(t, finished, mutations[cloud], unseen[cloud]) })
		})
	}
}

// loadStore reads what exists in the clouds of the stack into memory.
func (s *stack) loadStore() *store.Store {
	s.t.Helper()
	journal, err := store.Open(s.path("store"))
	require.NoError(s.t, err)
	var loaded *store.Store
	require.NoError(s.t, journal.Do(func(st *store.Store) error {
		loaded = st.Copy()
		return nil
	}))
	return loaded
}

// started is what does not work when all machines of a store boot anew.
func started(t *testing.T, st *store.Store) []network.Finding {
	t.Helper()
	findings, err := simulator.Start(st)
	require.NoError(t, err)
	return findings
}

// said is every finding, one a line.
func said(findings []network.Finding) string {
	var lines []string
	for _, finding := range findings {
		lines = append(lines, finding.String())
	}
	return strings.Join(lines, "\n")
}

func breakEach(t *testing.T, finished *store.Store, table []mutation) {
	for i, m := range table {
		st, begin := finished.Copy(), time.Now()
		for _, change := range append([]mutation{m}, m.also...) {
			change.apply(t, st)
		}
		assert.Contains(t, said(started(t, st)), m.want, "mutation %d: %s", i, m)
		t.Logf("%-110s %s", m, time.Since(begin).Round(time.Millisecond))
	}
}

func (m mutation) String() string {
	if m.field == "" {
		return fmt.Sprintf("delete %s %s", m.kind, m.name)
	}
	return fmt.Sprintf("%s %s: %s = %v", m.kind, m.name, m.field, m.value)
}

// apply changes every resource that the mutation names.
func (m mutation) apply(t *testing.T, st *store.Store) {
	t.Helper()
	found := st.Select(func(r *store.Resource) bool { return m.selects(r) })
	require.NotEmpty(t, found, "%s selects nothing", m)
	for _, r := range found {
		if m.field == "" {
			st.Remove(r)
			continue
		}
		value := resolve(t, st, m.value)
		changed := false
		st.Change(r, func(inputs, state store.Values) {
			for _, values := range []store.Values{inputs, state} {
				changed = set(map[string]any(values), strings.Split(m.field, "."), value) || changed
			}
		})
		require.True(t, changed, "%s: %s has no such field", m, r.Name)
	}
}

func (m mutation) selects(r *store.Resource) bool {
	name := shortName(r)
	prefix, wild := strings.CutSuffix(m.name, "*")
	return r.Type == m.kind && (m.name == "" || name == m.name || wild && strings.HasPrefix(name, prefix))
}

// shortName is a resource's logical name without the cluster's.
func shortName(r *store.Resource) string {
	return strings.TrimPrefix(r.Name, "inferadb-production-nyc1-")
}

// resolve puts properties in the place of references.
func resolve(t *testing.T, st *store.Store, value any) any {
	t.Helper()
	switch value := value.(type) {
	case ref:
		return value.resolve(t, st)
	case []any:
		var list []any
		for _, item := range value {
			list = append(list, resolve(t, st, item))
		}
		return list
	}
	return value
}

func (r ref) resolve(t *testing.T, st *store.Store) string {
	t.Helper()
	found := st.Select(func(candidate *store.Resource) bool {
		return mutation{kind: r.kind, name: r.name}.selects(candidate)
	})
	require.Len(t, found, 1, "%v", r)
	if r.property == "" {
		return found[0].ID
	}
	return found[0].State.String(r.property)
}

// set changes the value at a path, and reports whether there is one. The last step may be new.
func set(at any, path []string, value any) bool {
	switch at := at.(type) {
	case map[string]any:
		if len(path) > 1 {
			return set(at[path[0]], path[1:], value)
		}
		if value == nil {
			_, had := at[path[0]]
			delete(at, path[0])
			return had
		}
		at[path[0]] = value
		return true
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i >= len(at) {
			return false
		}
		if len(path) > 1 {
			return set(at[i], path[1:], value)
		}
		at[i] = value
		return true
	}
	return false
}

// exception is a resource whose deletion nobody sees, with the reason.
type exception struct{ kind, name, why string }

// deleteEach deletes every resource in turn. The simulator says something, or the resource is an exception; an
// exception that is seen is none any more.
func deleteEach(t *testing.T, finished *store.Store, exceptions []exception) {
	used := map[exception]bool{}
	for _, r := range finished.Select(func(*store.Resource) bool { return true }) {
		st := finished.Copy()
		st.Remove(st.Get(r.Type, r.Region, r.ID))
		findings := started(t, st)
		i := slices.IndexFunc(exceptions, func(e exception) bool {
			return mutation{kind: e.kind, name: e.name}.selects(r)
		})
		if i < 0 {
			assert.NotEmpty(t, findings, "nobody sees that %s %s is missing", r.Type, shortName(r))
			continue
		}
		used[exceptions[i]] = true
		assert.Empty(t, findings, "%s %s: %s", r.Type, shortName(r), exceptions[i].why)
	}
	for _, e := range exceptions {
		assert.True(t, used[e], "there is no %s %s", e.kind, e.name)
		assert.NotEmpty(t, e.why)
	}
}

// everyType expects a mutation for every type of resource, or an exception.
func everyType(t *testing.T, finished *store.Store, table []mutation, exceptions []exception) {
	covered := map[string]bool{}
	for _, m := range table {
		covered[m.kind] = true
	}
	for _, e := range exceptions {
		covered[e.kind] = true
	}
	missing := map[string]bool{}
	for _, r := range finished.Select(func(r *store.Resource) bool { return !covered[r.Type] }) {
		missing[r.Type] = true
	}
	assert.Empty(t, slices.Sorted(maps.Keys(missing)), "types without a mutation")
}
