package cloud

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTextOfARunningCluster(t *testing.T) {
	running := Running{Resource: func(token, name string) map[string]any {
		if token+"/"+name != "template/web" {
			return nil
		}
		return map[string]any{
			"imageId": "ami-1", "size": 3.0,
			"disks": []any{map[string]any{"source": "talos"}, map[string]any{"source": "other"}},
			"none":  []any{},
		}
	}}
	assert.Equal(t, "ami-1", running.Text("template", "web", "imageId"))
	assert.Equal(t, "talos", running.Text("template", "web", "disks", "source"))
	for _, path := range [][]string{{"size"}, {"none", "source"}, {"disks"}, {"missing", "deeper"}} {
		assert.Empty(t, running.Text("template", "web", path...), "%s", path)
	}
	assert.Empty(t, running.Text("template", "other", "imageId"))
	assert.Empty(t, Running{}.Text("template", "web", "imageId"), "nothing runs yet")
}
