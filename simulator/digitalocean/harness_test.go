package digitalocean

import (
	"testing"

	"github.com/inferadb/infra/simulator/simulatortest"
)

// props are the inputs of a resource, as a program would write them.
type props = simulatortest.Props

func newHarness(t *testing.T) *simulatortest.Harness {
	t.Helper()
	return simulatortest.New(t, Provider(), props{})
}
