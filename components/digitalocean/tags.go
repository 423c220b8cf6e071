package digitalocean

import (
	"maps"
	"regexp"
	"slices"

	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A tag is one word: https://docs.digitalocean.com/products/platform/how-to/use-tags/
const tagLimit = 255

var notInTag = regexp.MustCompile(`[^a-zA-Z0-9:_-]`)

// tags returns the tags of the cluster and some more, as DigitalOcean writes them: key:value. Tags that become equal
// are one tag. A tag that is too long is cut and ends in a hash of the whole.
func (c *Cloud) tags(more map[string]string) pulumi.StringArray {
	all := maps.Clone(c.cluster.Tags)
	maps.Copy(all, more)
	var words []string
	for key, value := range all {
		words = append(words, formatTag(key, value))
	}
	slices.Sort(words)
	return pulumi.ToStringArray(slices.Compact(words))
}

func formatTag(key, value string) string {
	word := key + ":" + value
	if clean := notInTag.ReplaceAllString(word, "-"); clean != word || len(word) > tagLimit {
		return cloud.ShortenWithHash(clean, tagLimit)
	}
	return word
}
