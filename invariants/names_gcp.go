package invariants

import (
	"encoding/json"
	"regexp"
	"strings"
)

// gcpTags are a stack file's, which Google's labels cannot all be.
var gcpTags = func() string {
	long := strings.Repeat("k", 70)
	text, err := json.Marshal(map[string]string{
		"Team": "Platform", "a/b": "1.0", "a:b": "1-0", "a-b": "x", "a b": "@", "9lives": "cat", "googly": "eyes",
		"_x":       "",
		long + "1": "one", long + "2": "two", "zz": strings.Repeat("v", 100),
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}()

var (
	gcpLabelKey   = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
	gcpLabelValue = regexp.MustCompile(`^[a-z0-9_-]{0,63}$`)
)

var gcpLabelsBreaks = []Breakage{
	set(gcpFrontend, "", "x", "labels", "Upper"), set(gcpFrontend, "", "Upper", "labels", "owner"),
	set(gcpFrontend, "", "x", "labels", "googly"),
	set(gcpFrontend, "", nil, "labels", "owner"), set(gcpFrontend, "", "other", "labels", "team").in("labels"),
	set(gcpFrontend, "", "other", "labels", "a-b").in("labels"),
}

// gcpLabels checks that no two tags share a label, neither the user's nor the program's seven; that a tag which only
// needs lower case stays readable; and that a valid label stays as it is.
func gcpLabels(g *Graph, v *Violations) {
	tags := map[string]string{}
	if text := g.says("tags"); text != "" && json.Unmarshal([]byte(text), &tags) != nil {
		v.add(nil, "has tags that cannot be read")
	}
	for _, r := range g.ofType(gcpFrontend) {
		labels := r.Get("labels")
		if !labels.IsObject() {
			v.add(r, "has no labels")
			continue
		}
		found := 0
		for key, value := range labels.ObjectValue() {
			if value.IsNull() {
				continue
			}
			found++
			v.unless(gcpLabelKey.MatchString(string(key)), r, "has a label that is none: %s", key)
			v.unless(gcpLabelValue.MatchString(value.StringValue()), r, "has a label whose value is none: %s",
				value.StringValue())
			v.unless(!strings.HasPrefix(string(key), "goog"), r, "has a label that is Google's own: %s", key)
		}
		v.equal(len(tags)+7, found, r, "number of labels")
		if tags["Team"] != "" {
			v.equal("platform x", r.Text("labels", "team")+" "+r.Text("labels", "a-b"), r,
				"the labels that stay readable")
		}
	}
}

func gcpNamesFit(g *Graph, v *Violations) {
	for _, r := range g.all() {
		// A channel has the name that Google gives it.
		if strings.HasPrefix(r.Type, "gcp:") && r.Type != gcpChannel {
			v.unless(gcpName.MatchString(r.Name), r,
				"leaves no room for Pulumi's suffix, or has characters that do not fit")
		}
	}
	for _, r := range g.ofType(gcpAccount) {
		v.unless(gcpAccountName.MatchString(r.Text("accountId")), r, "has an id that does not fit")
	}
	for _, r := range g.ofType(gcpManager) {
		v.unless(len(r.Text("baseInstanceName")) <= 58, r, "has machines whose names do not fit")
	}
}

var (
	gcpName        = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,53}[a-z0-9])?$`)
	gcpAccountName = regexp.MustCompile(`^[a-z][-a-z0-9]{4,28}[a-z0-9]$`)
)
