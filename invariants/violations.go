package invariants

import (
	"fmt"
	"reflect"
	"slices"
)

// Violations are what a check objects to, a sentence each.
type Violations []string

// add objects to a resource; nil for the stack as a whole.
func (v *Violations) add(r *Resource, format string, args ...any) {
	name := "the stack"
	if r != nil {
		name = r.Type + " " + r.Name
	}
	*v = append(*v, name+" "+fmt.Sprintf(format, args...))
}

// unless objects to a resource unless a condition is true.
func (v *Violations) unless(ok bool, r *Resource, format string, args ...any) {
	if !ok {
		v.add(r, format, args...)
	}
}

// equal objects to a value that is not as it must be.
func (v *Violations) equal(want, got any, r *Resource, what string) {
	v.unless(reflect.DeepEqual(want, got), r, "has %v as %s, not %v", got, what, want)
}

// sameItems objects to a list that has not the items that it must have, in any order.
func (v *Violations) sameItems(want, got []string, r *Resource, what string) {
	want, got = slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))
	v.unless(slices.Equal(want, got), r, "has %v as %s, not %v", got, what, want)
}

// within objects to the items of a list that are not allowed.
func (v *Violations) within(allowed, got []string, r *Resource, what string) {
	for _, item := range got {
		v.unless(slices.Contains(allowed, item), r, "has %q as %s, which is none of %q", item, what, allowed)
	}
}

// have objects to a list that lacks items.
func (v *Violations) have(needed, got []string, r *Resource, what string) {
	for _, item := range needed {
		v.unless(slices.Contains(got, item), r, "lacks %q in %s", item, what)
	}
}
