// Package conditions has the ways in which a simulated cloud can be unusual, by variables of the environment: zones,
// quotas, stock, delays and images.
package conditions

import (
	"os"
	"slices"
	"strings"
	"time"
)

// The variables of the environment. README.md describes them.
const (
	// Zones are the ones that the account has in their regions.
	Zones = "SIMULATOR_ZONES"
	// OutOfStock are zones in which no machine can be started, or none of a type.
	OutOfStock = "SIMULATOR_OUT_OF_STOCK"
	// Quotas are what the account may have at most.
	Quotas = "SIMULATOR_QUOTAS"
	// Propagation is how long it takes until others know of what was created.
	Propagation = "SIMULATOR_PROPAGATION"
	// DeprecatedImages and MissingImages are parts of images' names.
	DeprecatedImages = "SIMULATOR_DEPRECATED_IMAGES"
	MissingImages    = "SIMULATOR_MISSING_IMAGES"
	// SlowStop is how long a machine takes to shut down, Lingering how long it counts as its network's member after it
	// is deleted, GrantDelay how long a grant takes to have an effect.
	SlowStop   = "SIMULATOR_SLOW_STOP"
	Lingering  = "SIMULATOR_LINGERING"
	GrantDelay = "SIMULATOR_GRANT_DELAY"
	// Secrets is a folder of clusters' secrets that several stores share.
	Secrets = "SIMULATOR_SECRETS"
	// CertificateLifetime is how long an administrator's new credentials are good.
	CertificateLifetime = "SIMULATOR_CERTIFICATE_LIFETIME"
)

// Listed returns the items of a condition, which commas separate.
func Listed(condition string) []string {
	return strings.FieldsFunc(os.Getenv(condition), func(r rune) bool { return r == ',' || r == ' ' })
}

// PartOf reports whether one of the condition's items is a part of the text.
func PartOf(condition, text string) bool {
	return slices.ContainsFunc(Listed(condition), func(item string) bool { return strings.Contains(text, item) })
}

// Duration returns a condition that is a duration, such as 90s; 0 if it is not set or is none.
func Duration(condition string) time.Duration {
	duration, _ := time.ParseDuration(os.Getenv(condition))
	return duration
}
