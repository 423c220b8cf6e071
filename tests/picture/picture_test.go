package picture

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func example(t *testing.T) Diagram {
	t.Helper()
	d, err := New("Life & death", []Box{
		{ID: "a", Title: "First", Lines: []string{"Vpc"}, Colour: "#ffffff"},
		{ID: "b", Title: "Second", Lines: []string{"Subnet × 3", "Route"}, Colour: "#ffffff"},
		{ID: "c", Title: "Third", Colour: "#ffffff"},
		{ID: "d", Title: "Alone", Colour: "#ffffff"},
	}, map[string][]string{"a": {"b", "c", "b"}, "b": {"c"}})
	require.NoError(t, err)
	return d
}

func TestArrowsSayNothingTwice(t *testing.T) {
	assert.Equal(t, map[string][]string{"a": {"b"}, "b": {"c"}}, example(t).Arrows)
}

func TestACycleIsRefused(t *testing.T) {
	_, err := New("", []Box{{ID: "a", Title: "A"}, {ID: "b"}}, map[string][]string{"a": {"b"}, "b": {"a"}})
	assert.ErrorContains(t, err, "A waits for itself")
}

// TestBoxesStandBelowWhatTheyWaitFor and beside each other.
func TestBoxesStandBelowWhatTheyWaitFor(t *testing.T) {
	for _, layer := range example(t).layout() {
		for i, p := range layer {
			for _, before := range p.above {
				assert.Greater(t, p.y, before.y+before.high)
			}
			if i > 0 {
				assert.Greater(t, p.x, layer[i-1].x+layer[i-1].wide)
			}
		}
	}
}

func TestTheSVGIsXML(t *testing.T) {
	text := example(t).SVG()
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
	}
	assert.Contains(t, text, "Life &amp; death")
	assert.Equal(t, text, example(t).SVG(), "the same every time")
}

func TestMermaid(t *testing.T) {
	text := example(t).Mermaid()
	assert.Contains(t, text, `b["<b>Second</b><br/>Subnet × 3<br/>Route"]`)
	assert.Contains(t, text, "a --> b\n")
}
