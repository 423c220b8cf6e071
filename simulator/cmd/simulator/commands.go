package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/inferadb/infra/simulator"
	"github.com/inferadb/infra/simulator/aws"
	"github.com/inferadb/infra/simulator/digitalocean"
	"github.com/inferadb/infra/simulator/gcp"
	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/provider"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
	"k8s.io/client-go/tools/clientcmd"
)

// within runs an operation on the store, with the clouds as Talos sees them.
func within(operation func(*store.Store, network.Network) error) error {
	journal, err := simulator.Open()
	if err != nil {
		return err
	}
	clouds := simulator.Clouds(journal)
	return journal.Do(func(st *store.Store) error { return operation(st, clouds.Network(st)) })
}

func parse(command string, arguments []string, define func(*flag.FlagSet)) ([]string, error) {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	define(flags)
	err := flags.Parse(arguments)
	return flags.Args(), err
}

func printJSON(value any) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// showResources lists what exists, except fixtures.
func showResources(arguments []string) error {
	var asJSON, expectEmpty bool
	if _, err := parse("resources", arguments, func(flags *flag.FlagSet) {
		flags.BoolVar(&asJSON, "json", false, "every resource, without user data and secrets")
		flags.BoolVar(&expectEmpty, "expect-empty", false, "fail if anything is left")
	}); err != nil {
		return err
	}
	return within(func(st *store.Store, _ network.Network) error {
		left := st.Select(func(r *store.Resource) bool { return !r.Adopted })
		if asJSON {
			if err := printJSON(elided(left)); err != nil {
				return err
			}
		} else {
			printCounts(left)
		}
		if expectEmpty && len(left) > 0 {
			return fmt.Errorf("%d resources are left", len(left))
		}
		return nil
	})
}

func printCounts(resources []*store.Resource) {
	counts := map[string]int{}
	var kinds []string
	for _, r := range resources {
		if counts[r.Type] == 0 {
			kinds = append(kinds, r.Type)
		}
		counts[r.Type]++
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		fmt.Printf("%5d  %s\n", counts[kind], kind)
	}
	fmt.Printf("%5d  resources\n", len(resources))
}

// elided leaves out what holds a cluster's secrets: user data.
func elided(resources []*store.Resource) []store.Resource {
	var list []store.Resource
	for _, r := range resources {
		shown := *r
		shown.Inputs, shown.State = r.Inputs.Clone(), r.State.Clone()
		elide(shown.Inputs)
		elide(shown.State)
		list = append(list, shown)
	}
	return list
}

func elide(value any) {
	switch value := value.(type) {
	case store.Values:
		elide(map[string]any(value))
	case []any:
		for _, item := range value {
			elide(item)
		}
	case map[string]any:
		for key, item := range value {
			if slices.Contains([]string{"userData", "userDataBase64", "__userData", "user-data"}, key) {
				value[key] = "[elided]"
				continue
			}
			elide(item)
		}
	}
}

// remove removes one machine.
func remove(command string, arguments []string, how func(*store.Store, network.Machine) error) error {
	if len(arguments) != 1 {
		return fmt.Errorf("%s: name one machine", command)
	}
	return within(func(st *store.Store, clouds network.Network) error {
		for _, machine := range clouds.Machines() {
			if machine.Name != arguments[0] && machine.ID != arguments[0] {
				continue
			}
			if err := how(st, machine); err != nil {
				return fmt.Errorf("%s: %w", command, err)
			}
			return talos.Reconcile(clouds, st)
		}
		return fmt.Errorf("%s: there is no machine %s", command, arguments[0])
	})
}

// deleteResource deletes any resource, even if others use it.
func deleteResource(arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("delete: name a type and an id")
	}
	return within(func(st *store.Store, _ network.Network) error {
		found := st.Select(func(r *store.Resource) bool { return r.Type == arguments[0] && r.ID == arguments[1] })
		if len(found) != 1 {
			return fmt.Errorf("delete: there is no %s %s", arguments[0], arguments[1])
		}
		st.Remove(found[0])
		return nil
	})
}

// terminate terminates a machine, as an operator does. If it belongs to a group, the group replaces it.
func terminate(st *store.Store, machine network.Machine) error {
	switch found := find(st, machine); machine.Provider {
	case "aws":
		return aws.Terminate(st, found)
	case "gcp":
		return gcp.Terminate(st, found)
	default:
		st.Remove(found)
		return nil
	}
}

// notice is how long a spot machine runs after its cloud has announced that it reclaims it.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
// https://cloud.google.com/compute/docs/instances/spot#preemption-process
var notice = map[string]time.Duration{"aws": 2 * time.Minute, "gcp": 30 * time.Second}

// reclaim reclaims a spot machine: first the cloud announces it. After the notice period, scaled by
// SIMULATOR_LATENCY, the machine is deleted.
func reclaim(arguments []string) error {
	options, err := provider.OptionsFromEnvironment()
	if err != nil {
		return err
	}
	var waits time.Duration
	err = remove("interrupt", arguments, func(st *store.Store, machine network.Machine) error {
		waits = time.Duration(options.Latency * float64(notice[machine.Provider]))
		if machine.Provider != "aws" {
			return nil
		}
		queue, err := aws.Warn(st, find(st, machine))
		if err == nil && queue != "" {
			fmt.Printf("the queue %s has the warning\n", queue)
		}
		return err
	})
	if err != nil {
		return err
	}
	time.Sleep(waits)
	return remove("interrupt", arguments, interrupt)
}

// interrupt reclaims a spot machine, as its cloud does.
func interrupt(st *store.Store, machine network.Machine) error {
	switch found := find(st, machine); machine.Provider {
	case "aws":
		return aws.Interrupt(st, found)
	case "gcp":
		return gcp.Interrupt(st, found)
	default:
		return fmt.Errorf("%s has no spot market", machine.Provider)
	}
}

func find(st *store.Store, machine network.Machine) *store.Resource {
	if machine.Provider == "gcp" {
		return gcp.Find(st, machine)
	}
	return st.Select(func(r *store.Resource) bool { return r.ID == machine.ID && r.Provider == machine.Provider })[0]
}

func kubectl(arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("kubectl: name a kubeconfig and a context")
	}
	config, err := clientcmd.LoadFromFile(arguments[0])
	if err != nil {
		return err
	}
	return within(func(st *store.Store, clouds network.Network) error {
		node, err := talos.Reach(clouds, st, config, arguments[1])
		if err == nil {
			fmt.Println(node)
		}
		return err
	})
}

// dial follows a packet from a machine, or from the operator, to a machine's private address.
func dial(arguments []string) error {
	if len(arguments) != 3 {
		return errors.New("dial: name a machine or operator, a machine, and a port")
	}
	port, err := strconv.Atoi(arguments[2])
	if err != nil {
		return fmt.Errorf("dial: %q is no port", arguments[2])
	}
	return within(func(st *store.Store, clouds network.Network) error {
		return talos.Dial(clouds, st, arguments[0], arguments[1], port)
	})
}

// setObjectCount sets how many objects a bucket of S3 holds.
func setObjectCount(arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("set-object-count: name a bucket and a number of objects")
	}
	count, err := strconv.Atoi(arguments[1])
	if err != nil || count < 0 {
		return fmt.Errorf("set-object-count: %q is not a number of objects", arguments[1])
	}
	return within(func(st *store.Store, _ network.Network) error { return aws.SetObjectCount(st, arguments[0], count) })
}

// createFixtures creates a network and a key that were there before the program.
func createFixtures(arguments []string) error {
	if len(arguments) != 2 && len(arguments) != 3 {
		return errors.New("create-fixtures: name a region and a CIDR, and perhaps a second CIDR (AWS) or the word " +
			"shared (Google Cloud)")
	}
	cidr, err := parseRange(arguments[1])
	if err != nil {
		return err
	}
	second, project := netip.Prefix{}, gcp.Project
	switch {
	case len(arguments) == 3 && gcp.IsRegion(arguments[0]) && arguments[2] == "shared":
		project = gcp.HostProject
	case len(arguments) == 3:
		if second, err = parseRange(arguments[2]); err != nil {
			return err
		}
	}
	return within(func(st *store.Store, _ network.Network) error {
		var fixtures any
		switch region := arguments[0]; {
		case gcp.IsRegion(region):
			fixtures, err = gcp.CreateFixtures(st, region, cidr, project)
		case digitalocean.IsRegion(region):
			fixtures, err = digitalocean.CreateFixtures(st, region, cidr)
		default:
			fixtures, err = aws.CreateFixtures(st, region, cidr, second)
		}
		if err != nil {
			return err
		}
		return printJSON(fixtures)
	})
}

func parseRange(text string) (netip.Prefix, error) {
	cidr, err := netip.ParsePrefix(text)
	if err != nil || cidr.Bits() != 16 || cidr != cidr.Masked() {
		return cidr, fmt.Errorf("create-fixtures: %q is not a network of 65,536 addresses; use one such as "+
			"10.50.0.0/16", text)
	}
	return cidr, nil
}
