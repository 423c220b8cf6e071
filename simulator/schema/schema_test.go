package schema

import (
	"testing"

	"github.com/inferadb/infra/simulator/store"
	"github.com/stretchr/testify/assert"
)

// TestLoadRefuses shows which schemas do not load.
func TestLoadRefuses(t *testing.T) {
	create := map[string]Behavior{"a:b:C": {Create: func(*Call) error { return nil }}}
	invoke := map[string]Invoke{"a:b:getC": func(*Call) (store.Values, error) { return nil, nil }}
	for reason, schema := range map[string]string{
		"the schema declares a:b:D":       `{"resources": {"a:b:C": {}, "a:b:D": {}}, "functions": {"a:b:getC": {}}}`,
		"a:b:getC has a behavior":         `{"resources": {"a:b:C": {}}}`,
		"a:b:C has a behavior":            `{"functions": {"a:b:getC": {}}}`,
		`unknown field "replace"`:         `{"config": {"region": {"type": "string", "replace": true}}}`,
		"missing closing )":               `{"config": {"region": {"type": "string", "pattern": "("}}}`,
		"cannot unmarshal string into Go": `{"config": {"region": "string"}}`,
	} {
		func() {
			defer func() { assert.Contains(t, recover(), reason) }()
			Load("test", []byte(schema), create, invoke)
		}()
	}
}
