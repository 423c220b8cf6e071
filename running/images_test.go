package running

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheStateTellsTheTalosVersion(t *testing.T) {
	old, current := stackFile(t, "talosVersion", "v1.12.0"), stackFile(t, "talosVersion", "v1.12.1")
	state := stateOf(t, old)
	assert.Equal(t, "v1.12.0", state.TalosVersion(current[0]))
	assert.Empty(t, State{}.TalosVersion(current[0]), "nothing runs yet")

	half := State{Resources: append(stateOf(t, old).Resources[:5:5], stateOf(t, current).Resources[5:]...)}
	assert.Empty(t, half.TalosVersion(current[0]), "an update that ended halfway leaves two versions")
}

func TestTheStateTellsOutputs(t *testing.T) {
	state := State{Resources: []Resource{{Type: "a", Name: "n", Outputs: map[string]any{"id": "1"}}}}
	assert.Equal(t, map[string]any{"id": "1"}, state.Outputs("a", "n"))
	assert.Nil(t, state.Outputs("a", "other"))
	assert.Nil(t, state.Outputs("b", "n"))
}
