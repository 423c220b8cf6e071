package invariants

import (
	"fmt"
	"reflect"
	"slices"
)

// Violations are the findings of a check, a sentence each.
type Violations []string

// add adds a violation of a resource; nil stands for the whole stack.
func (v *Violations) add(r *Resource, format string, args ...any) {
	name := "the stack"
	if r != nil {
		name = r.Type + " " + r.Name
	}
	*v = append(*v, name+" "+fmt.Sprintf(format, args...))
}

// unless adds a violation unless a condition is true.
func (v *Violations) unless(ok bool, r *Resource, format string, args ...any) {
	if !ok {
		v.add(r, format, args...)
	}
}

// equal adds a violation unless a value is as expected.
func (v *Violations) equal(want, got any, r *Resource, what string) {
	v.unless(reflect.DeepEqual(want, got), r, "has %v as %s, not %v", got, what, want)
}

// sameItems adds a violation unless a list has exactly the expected items, in any order.
func (v *Violations) sameItems(want, got []string, r *Resource, what string) {
	want, got = slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))
	v.unless(slices.Equal(want, got), r, "has %v as %s, not %v", got, what, want)
}

// within adds a violation for items of a list that are not allowed.
func (v *Violations) within(allowed, got []string, r *Resource, what string) {
	for _, item := range got {
		v.unless(slices.Contains(allowed, item), r, "has %q as %s, which is none of %q", item, what, allowed)
	}
}

// have adds a violation for items that a list does not have.
func (v *Violations) have(needed, got []string, r *Resource, what string) {
	for _, item := range needed {
		v.unless(slices.Contains(got, item), r, "lacks %q in %s", item, what)
	}
}
