// Package simulator puts the simulated clouds together.
package simulator

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/aws"
	"github.com/inferadb/infra/simulator/digitalocean"
	"github.com/inferadb/infra/simulator/gcp"
	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/provider"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
)

// providers are the providers that there are.
var providers = map[string]func() *schema.Provider{
	"aws":          aws.Provider,
	"digitalocean": digitalocean.Provider,
	"gcp":          gcp.Provider,
	"talos":        talos.Provider,
}

// Providers returns the names of the providers, sorted.
func Providers() []string { return slices.Sorted(maps.Keys(providers)) }

// Open returns the store that SIMULATOR_STORE names.
func Open() (*store.Journal, error) {
	directory := os.Getenv("SIMULATOR_STORE")
	if directory == "" {
		return nil, errors.New("SIMULATOR_STORE: is not set; set it to the directory that keeps the simulated clouds")
	}
	return store.Open(directory)
}

// Serve returns the plugin of a provider.
func Serve(name string) (*provider.Server, error) {
	table, ok := providers[name]
	if !ok {
		return nil, fmt.Errorf("pulumi-resource-%s: the simulator has no such provider", name)
	}
	journal, err := Open()
	if err != nil {
		return nil, err
	}
	options, err := provider.OptionsFromEnvironment()
	if err != nil {
		return nil, err
	}
	return provider.New(table(), journal, Clouds(journal), options), nil
}

// Clouds returns all the clouds of a store.
func Clouds(journal *store.Journal) provider.Clouds {
	return provider.Clouds{
		Network:   func(st *store.Store) network.Network { return networks(st, journal.Directory()) },
		Reconcile: func(clouds network.Network, st *store.Store) error { return talos.Reconcile(clouds, st) },
	}
}

// allClouds is every cloud as one network.
type allClouds struct {
	clouds map[string]network.Network
	// hosts are names outside the clouds' zones, such as one that the user points at the load balancer.
	hosts map[string]string
}

func networks(st *store.Store, directory string) network.Network {
	all := allClouds{clouds: map[string]network.Network{}, hosts: readHosts(filepath.Join(directory, "hosts"))}
	for name, table := range providers {
		if view := table().Network; view != nil {
			all.clouds[name] = view(st)
		}
	}
	return all
}

// readHosts reads lines of a name and where it leads: another name or an address.
func readHosts(file string) map[string]string {
	hosts := map[string]string{}
	text, err := os.ReadFile(file)
	if err != nil {
		return hosts
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 2 {
			hosts[fields[0]] = fields[1]
		}
	}
	return hosts
}

// Machines lists the machines of every cloud.
func (a allClouds) Machines() []network.Machine {
	var machines []network.Machine
	for _, name := range []string{"aws", "gcp", "digitalocean"} {
		if cloud, ok := a.clouds[name]; ok {
			machines = append(machines, cloud.Machines()...)
		}
	}
	return machines
}

// Deliver asks the machine's own cloud.
func (a allClouds) Deliver(from, to network.Machine, port network.Port) error {
	if from.Provider != to.Provider {
		return fmt.Errorf("%s: %w (from %s)", to.PrivateIP, network.ErrNotHere, from.Name)
	}
	return a.clouds[from.Provider].Deliver(from, to, port)
}

// ReachService asks the machine's own cloud.
func (a allClouds) ReachService(from network.Machine, service network.Service) error {
	return a.clouds[from.Provider].ReachService(from, service)
}

// Dial asks the machine's own cloud; the operator asks all of them.
func (a allClouds) Dial(from *network.Machine, host string, port int) ([]network.Machine, error) {
	if target, ok := a.hosts[host]; ok {
		host = target
	}
	if from != nil {
		return a.clouds[from.Provider].Dial(from, host, port)
	}
	var lost error
	var found []network.Machine
	for _, cloud := range a.clouds {
		machines, err := cloud.Dial(nil, host, port)
		if err != nil && (lost == nil || errors.Is(lost, network.ErrNotHere)) {
			lost = err
		}
		found = append(found, machines...)
	}
	if len(found) == 0 {
		return nil, lost
	}
	return found, nil
}
