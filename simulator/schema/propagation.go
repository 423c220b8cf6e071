package schema

import (
	"fmt"
	"time"

	"github.com/inferadb/infra/simulator/conditions"
	"github.com/inferadb/infra/simulator/store"
)

// CreatedKey is when a resource was created, which only the store knows, and only where that matters.
const CreatedKey = "__created"

// temporary is an error that passes by itself.
type temporary struct{ error }

// Retry reports that the provider tries again for a while, as the real ones do.
func (temporary) Retry() bool { return true }

// Temporary marks an error that the cloud or the provider waits for to pass.
func Temporary(err error) error { return temporary{err} }

// Known returns an error if others do not know of a resource yet, because it has just been created.
func Known(r *store.Resource, format string, arguments ...any) error {
	made := time.UnixMilli(int64(r.State.Int(CreatedKey)))
	if !r.State.Has(CreatedKey) || time.Since(made) >= conditions.Duration(conditions.Propagation) {
		return nil
	}
	return Temporary(fmt.Errorf(format, arguments...))
}
