package components

import (
	"fmt"

	"github.com/siderolabs/talos/pkg/machinery/client/config"
)

// talosconfigEntry is an administrator's access to the Talos API of one cluster.
type talosconfigEntry struct {
	// Name of the cluster; Primary marks the one that is current in a file of several.
	Name    string
	Primary bool
	// CA, Crt and Key are base64 of PEM, as the Talos provider keeps them and a talosconfig holds them.
	CA, Crt, Key string
	// Endpoints are the control planes as operators reach them; Nodes are the machines as the endpoints reach them.
	Endpoints, Nodes []string
}

// mergeTalosconfigs makes one file with a context for each cluster, named like the cluster. The current one is the
// primary's, or the first.
func mergeTalosconfigs(accesses []talosconfigEntry) (string, error) {
	merged := &config.Config{Contexts: map[string]*config.Context{}}
	for _, access := range accesses {
		merged.Contexts[access.Name] = &config.Context{
			Endpoints: access.Endpoints,
			Nodes:     access.Nodes,
			CA:        access.CA,
			Crt:       access.Crt,
			Key:       access.Key,
		}
		if access.Primary || merged.Context == "" {
			merged.Context = access.Name
		}
	}
	text, err := merged.Bytes()
	if err != nil {
		return "", fmt.Errorf("talosconfig: it cannot be written: %w", err)
	}
	return string(text), nil
}
