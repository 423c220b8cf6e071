package strict

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

type settings struct {
	Name    string            `json:"name"`
	Count   int               `json:"count" default:"3"`
	Quiet   bool              `json:"quiet" default:"true"`
	Inner   inner             `json:"inner"`
	Ignored string            `json:"-"`
	Tags    map[string]string `json:"tags"`
}

type inner struct {
	Size *int `json:"size"`
}

func decode(given map[string]string, d Decoder) (settings, []Error) {
	var s settings
	d.Report, d.Namespace = &Report{}, "own"
	d.Decode(given, &s)
	return s, Sorted(d.Errors)
}

func TestDecode(t *testing.T) {
	s, errors := decode(map[string]string{
		"own:name": "1.30", "own:quiet": "", "own:inner": `{"size":7}`, "own:tags": `{"a":"b"}`, "pulumi:anything": "x",
	}, Decoder{})
	assert.Empty(t, errors)
	seven := 7
	assert.Equal(t, settings{Name: "1.30", Count: 3, Quiet: true, Inner: inner{&seven}, Tags: map[string]string{"a": "b"}}, s)
}

func TestEveryMistakeHasItsPath(t *testing.T) {
	_, errors := decode(map[string]string{
		"own:nam": "x", "own:count": "three", "own:inner": `{"size":1.5,"color":1}`, "own:quiet": "1", "own:tags": `{"a":1}`,
		"own:-": "x", "other:name": "x", "special:name": "hunter2", "fine:name": "x",
	}, Decoder{
		Foreign: func(namespace, key string) (string, string, bool) {
			return map[string]string{"special": "is not read"}[namespace], "remove it", namespace == "fine"
		},
		Secret: func(path string) bool { return path == "count" },
	})
	var lines []string
	for _, one := range errors {
		lines = append(lines, one.Error())
	}
	assert.Equal(t, []string{
		`-: there is no such key; known are name, count, quiet, inner, tags`,
		`count: is text; write a whole number`,
		`inner.color: there is no such key; known are size`,
		`inner.size: is the number 1.5; write a whole number`,
		`nam: there is no such key; did you mean name?`,
		`other:name: nothing reads keys of the namespace "other"; begin the key with own:`,
		`quiet: is the number 1; write true or false`,
		`special:name: is not read; remove it`,
		`tags.a: is the number 1; write text, in quotes`,
	}, lines)
}

func TestWhatFollowsFromAWrongTypeIsNotReported(t *testing.T) {
	var report Report
	Decoder{Report: &report}.WrongType("pools[1]", true, "an object")
	report.Reject("pools[1].name", "is missing", "name it")
	report.Reject("pools[10]", "is odd", "change it")
	assert.Equal(t, []string{"pools[1]", "pools[10]"}, []string{report.Errors[0].Path, report.Errors[1].Path})
}
