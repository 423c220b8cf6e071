package catalogue

import (
	"fmt"
	"time"

	"github.com/inferadb/infra/simulator/world"
)

// MadeKey is when a resource was made, which only the world knows, and only where that matters.
const MadeKey = "__made"

// unknownYet is an error that passes by itself: what it misses is there and not known everywhere.
type unknownYet struct{ error }

// Retry has the provider try again for a while, as the real ones do.
func (unknownYet) Retry() bool { return true }

// Known returns an error if others do not know of a resource yet, because it has just been made.
func Known(r *world.Resource, format string, arguments ...any) error {
	made := time.UnixMilli(int64(r.State.Int(MadeKey)))
	if !r.State.Has(MadeKey) || time.Since(made) >= Duration(Propagation) {
		return nil
	}
	return unknownYet{fmt.Errorf(format, arguments...)}
}
