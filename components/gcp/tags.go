package gcp

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// labels returns the cluster's tags in the characters that labels of Google Cloud can have.
func (c *Cloud) labels() pulumi.StringMap { return labels(c.cluster.Tags) }

// poolLabels returns the labels of a pool's machines, disks and addresses: those of the cluster, and the pool.
func (c *Cloud) poolLabels(pool string) pulumi.StringMap {
	tags := maps.Clone(c.cluster.Tags)
	tags["pool"] = pool
	return labels(tags)
}

func labels(tags map[string]string) pulumi.StringMap {
	result := pulumi.StringMap{}
	for key, value := range tags {
		result[labelKey(key)] = pulumi.String(labelText(value, value))
	}
	return result
}

// labelLimit is the longest key and the longest value:
// https://cloud.google.com/compute/docs/labeling-resources#requirements
const labelLimit = 63

// labelKey spells a tag's key as a label's, which begins with a letter, and not with a prefix that Google reserves.
func labelKey(key string) string {
	lower := strings.ToLower(key)
	if lower == "" || lower[0] < 'a' || lower[0] > 'z' || strings.HasPrefix(lower, "goog") {
		return labelText("tag-"+key, key)
	}
	return labelText(key, key)
}

var outsideAlphabet = regexp.MustCompile(`[^a-z0-9_-]+`)

// labelText spells a text in lower-case letters, digits, dashes and underscores. A text that needs more than lower case
// for that gets a hash of the original, so that no two come out alike: two keys of one stack never differ by case only.
func labelText(text, original string) string {
	lower := strings.ToLower(text)
	clean := outsideAlphabet.ReplaceAllString(lower, "-")
	if clean == strings.ToLower(original) && len(clean) <= labelLimit {
		return clean
	}
	sum := sha256.Sum256([]byte(original))
	hash := hex.EncodeToString(sum[:4])
	return clean[:min(len(clean), labelLimit-len(hash)-1)] + "-" + hash
}
