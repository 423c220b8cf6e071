package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"

	"github.com/inferadb/infra/simulator/sandbox"
)

// sandboxFlags reads the stack and the cloud that a command is about. define adds further flags.
func sandboxFlags(command string, arguments []string, define func(*flag.FlagSet)) (sandbox.Sandbox, error) {
	var stack, provider string
	rest, err := parse(command, arguments, func(flags *flag.FlagSet) {
		flags.StringVar(&stack, "stack", "", "the stack, as in Pulumi.<stack>.yaml")
		flags.StringVar(&provider, "provider", "", "the cloud; by default the stack file's")
		define(flags)
	})
	if err != nil {
		return sandbox.Sandbox{}, err
	}
	if len(rest) > 0 {
		return sandbox.Sandbox{}, fmt.Errorf("%s: %q is no flag", command, rest[0])
	}
	root, err := os.Getwd()
	if err != nil {
		return sandbox.Sandbox{}, err
	}
	return sandbox.Open(root, stack, provider)
}

// printEnvironment prints the environment in which a shell works on a stack of the simulator, and prepares the stack if
// it is not there.
func printEnvironment(arguments []string) error {
	s, err := sandboxFlags("env", arguments, func(*flag.FlagSet) {})
	if err != nil {
		return err
	}
	if err := s.Prepare(); err != nil {
		return err
	}
	fmt.Print(s.Exports())
	fmt.Fprintln(os.Stderr, "This shell now works on the simulator: try 'pulumi preview'. To leave, open a new shell.")
	return nil
}

// link creates links to the simulator beside it, with the names of the plugins and tools that it simulates.
func link(arguments []string) error {
	if len(arguments) > 0 {
		return errors.New("link: takes no argument")
	}
	return sandbox.Link(os.Args[0], names())
}

// pulumi runs the CLI in the environment of this process, and shows its output.
func pulumi(arguments ...string) error {
	command := exec.Command("pulumi", arguments...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	return command.Run()
}

// pulumiOutput runs the CLI and returns what it prints.
func pulumiOutput(arguments ...string) ([]byte, error) {
	command := exec.Command("pulumi", arguments...)
	command.Stderr = os.Stderr
	return command.Output()
}
