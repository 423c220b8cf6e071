package cloud

import (
	"crypto/sha256"
	"encoding/hex"
)

// AutonameSuffix is what Pulumi appends to a logical name to make a physical one: a dash and seven characters. A
// resource with such a name can be replaced by a new one before the old one is deleted.
const AutonameSuffix = 8

// ShortenWithHash shortens a name to at most limit characters. A cut name ends in a hash of the whole, so that two long
// names that begin alike stay different.
func ShortenWithHash(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	hash := hex.EncodeToString(sum[:4])
	return name[:limit-len(hash)-1] + "-" + hash
}
