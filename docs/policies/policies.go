// Package policies holds the network policies that `cni: cilium` applies with Cilium, as the files that a person would
// apply.
package policies

import _ "embed"

// DenyMetadata keeps pods from the metadata service.
//
//go:embed deny-metadata.yaml
var DenyMetadata string

// DenyTalosAPI keeps pods from the Talos API.
//
//go:embed deny-talos-api.yaml
var DenyTalosAPI string
