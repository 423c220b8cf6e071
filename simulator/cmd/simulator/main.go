// Command simulator replaces the provider plugins of the clouds. Under the name pulumi-resource-<provider> it is
// that plugin, which the Pulumi engine starts; under the name of a command-line tool, such as kubectl, it is that tool,
// on the simulated clouds; under its own name it shows what they hold.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/inferadb/infra/simulator"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

const usage = `usage: simulator <command>

  demo --stack= [--provider=]         bring a stack up, check it, destroy it; --keep, --latency=0.1
  env --stack= [--provider=]          prepare a stack, and print the environment in which a shell works on it
  link                                create links to this binary beside it, with the names of plugins and tools
  resources [--json] [--expect-empty] what exists; with --expect-empty, fail if anything is left
  nodes [--json]                      the machines: whether they have booted, joined their cluster, and are ready
  terminate <name or id>              terminate a machine without the program
  delete <type> <id>                  delete any resource without the program
  interrupt <name or id>              reclaim a spot machine, as its cloud does; its group replaces it
  kubectl <kubeconfig> <context>      report whether a kubeconfig reaches its cluster
  dial <from> <to> <port>             report whether TCP gets from a machine, or the operator, to a machine
  set-object-count <bucket> <n>       pretend that a bucket of S3 holds n objects
  serve [--listen] [--reboot]         serve the nodes' etcd, Talos and Kubernetes APIs until SIGTERM
  fault [<name or id> <fault>]        give a node a fault for serve, or none; without both, list the faults
  create-fixtures <region> <cidr>     create a network and a key for a stack to adopt; the region is the cloud's own
  critical-path <operation> <file>    what a create or delete waited for; the file is a stack's export

SIMULATOR_STORE names the directory of the state store, which keeps every simulated resource.
`

// names returns the other names of the binary: those of the plugins, and of the tools that it simulates.
func names() []string {
	var all []string
	for _, provider := range simulator.Providers() {
		all = append(all, "pulumi-resource-"+provider)
	}
	return slices.AppendSeq(all, maps.Keys(tools))
}

func main() {
	if err := run(filepath.Base(os.Args[0]), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, filepath.Base(os.Args[0])+":", err)
		os.Exit(1)
	}
}

func run(name string, arguments []string) error {
	if provider, isPlugin := strings.CutPrefix(name, "pulumi-resource-"); isPlugin {
		return serve(provider, arguments)
	}
	if tool, known := tools[name]; known {
		return runTool(tool, arguments)
	}
	if len(arguments) == 0 {
		return errors.New(usage)
	}
	command, known := commands()[arguments[0]]
	if !known {
		return fmt.Errorf("%q is no command\n%s", arguments[0], usage)
	}
	return command(arguments[1:])
}

// commands returns the commands under the simulator's own name.
func commands() map[string]func([]string) error {
	return map[string]func([]string) error{
		"demo":             runDemo,
		"env":              printEnvironment,
		"link":             link,
		"resources":        showResources,
		"nodes":            showNodes,
		"terminate":        func(arguments []string) error { return remove("terminate", arguments, terminate) },
		"delete":           deleteResource,
		"interrupt":        reclaim,
		"kubectl":          kubectl,
		"dial":             dial,
		"set-object-count": setObjectCount,
		"create-fixtures":  createFixtures,
		"serve":            serveNodes,
		"critical-path":    showCriticalPath,
		"fault":            setFault,
	}
}

// serve runs the plugin: it prints its port, and ends when the engine ends.
func serve(provider string, arguments []string) error {
	server, err := simulator.Serve(provider)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if len(arguments) > 0 {
		if err := rpcutil.Healthcheck(ctx, arguments[0], 5*time.Minute, cancel); err != nil {
			return fmt.Errorf("engine at %s: %w", arguments[0], err)
		}
	}
	stop := make(chan bool)
	go func() { <-ctx.Done(); close(stop) }()
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stop,
		Init: func(s *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(s, server)
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Println(handle.Port)
	return <-handle.Done
}
