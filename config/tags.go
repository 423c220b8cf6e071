package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/inferadb/infra/cluster"
)

// The limits of AWS, which are the strictest for the tags of a stack file:
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
const (
	maxTagKey   = 128
	maxTagValue = 256
	maxTags     = 50
)

// ownTags are the keys that the program sets, on every resource or on some.
var ownTags = []string{"cluster", "stack", "environment", "region", "managed-by", "name", "pool", "role"}

// defaultTags are set where the stack file does not.
var defaultTags = []string{"owner", "cost-centre"}

// clusterTags are those of the form kubernetes.io/cluster/<name>, one for each cluster.
const clusterTags = 1

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// checkTags ignores case in keys: IAM does, and other clouds have lower case only.
func (l *loader) checkTags() {
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(l.stack.Tags)) {
		path, value, lower := join("tags", key), l.stack.Tags[key], strings.ToLower(key)
		switch {
		case key == "":
			l.Reject("tags", "a tag has no key", "name it")
		case slices.Contains(ownTags, lower):
			l.Reject(path, "the program sets this tag", "choose another key")
		case strings.HasPrefix(lower, "aws:"):
			l.Reject(path, "AWS reserves keys that begin with aws:", "choose another key")
		case strings.Contains(lower, "kubernetes.io/"), strings.Contains(lower, "k8s.io/"):
			l.Reject(path, "Kubernetes' controllers act on this tag", "choose another key")
		case len([]rune(key)) > maxTagKey:
			l.Reject(
				path,
				fmt.Sprintf("the key has %d characters", len([]rune(key))),
				fmt.Sprintf("use at most %d", maxTagKey),
			)
		case !tagText.MatchString(key):
			l.Reject(
				path,
				"the key has characters that AWS does not accept",
				"use letters, digits, spaces and _.:/=+-@",
			)
		case seen[lower] != "":
			l.Reject(path, "differs from "+seen[lower]+" by case only", "keep one of them")
		}
		seen[lower] = key
		l.checkTagValue(path, value)
	}
	own := len(ownTags) + clusterTags + len(defaultTags)
	for _, key := range defaultTags {
		if _, set := l.stack.Tags[key]; set {
			own--
		}
	}
	if len(l.stack.Tags)+own > maxTags {
		l.Reject(
			"tags",
			fmt.Sprintf(
				"%d tags and the program's %d are more than the %d that AWS allows",
				len(l.stack.Tags),
				own,
				maxTags,
			),
			fmt.Sprintf("keep at most %d", maxTags-own),
		)
	}
}

func (l *loader) checkTagValue(path, value string) {
	if len([]rune(value)) > maxTagValue {
		l.Reject(
			path,
			fmt.Sprintf("the value has %d characters", len([]rune(value))),
			fmt.Sprintf("use at most %d", maxTagValue),
		)
	}
	if !tagText.MatchString(value) {
		l.Reject(
			path,
			fmt.Sprintf("the value %q has characters that AWS does not accept", value),
			"use letters, digits, spaces and _.:/=+-@",
		)
	}
}

// tagsOf returns the tags of the cluster: those of the stack file and those that the program sets.
func tagsOf(c cluster.Cluster, user map[string]string) map[string]string {
	tags := map[string]string{"owner": Namespace, "cost-centre": c.Environment}
	maps.Copy(tags, user)
	maps.Copy(tags, map[string]string{
		"cluster":     c.Name,
		"stack":       c.Stack,
		"environment": c.Environment,
		"region":      c.Region,
		"managed-by":  "pulumi",
	})
	return tags
}
