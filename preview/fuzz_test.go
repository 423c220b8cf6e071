package preview

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever stands in a preview, the comment comes about and stays within its limit.
func FuzzComment(f *testing.F) {
	recorded, err := filepath.Glob(filepath.Join("testdata", "*.jsonl"))
	require.NoError(f, err)
	for _, name := range recorded {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		for _, line := range strings.Split(string(text), "\n") {
			if len(line) < 1500 { // the mutator is slow on long ones
				f.Add(line)
			}
		}
	}
	f.Add(`{"resourcePreEvent":{"metadata":{"op":"update","urn":"","old":{},"new":{},"detailedDiff":{"a[-1]":{},"":{}}}}}`)
	f.Add(`{"policyEvent":{"resourceUrn":"urn:pulumi:x","message":""}}` + "\n" + `{"diagnosticEvent":{"urn":"x","severity":"error"}}`)
	f.Fuzz(func(t *testing.T, events string) {
		result, err := Read(strings.NewReader(events))
		if err != nil {
			result.Fail(err.Error())
		}
		for _, kind := range Kinds() {
			assert.LessOrEqual(t, len(Comment{Stack: "dev", Kind: kind, Result: result}.Markdown(Limit)), Limit)
		}
	})
}
