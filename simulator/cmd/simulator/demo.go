package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/simulator/sandbox"
	"k8s.io/client-go/tools/clientcmd"
)

// demo is the life of a stack on the simulator, with the real CLI and engine: up, a second preview that must be empty,
// and destroy. It needs no account, and touches neither the user's Pulumi login nor state.
type demo struct {
	sandbox.Sandbox
	// keep leaves the stack up. latency is the part of the clouds' own time that operations take, empty for none.
	keep    bool
	latency string
	began   time.Time
	// current is the phase that runs, done are the lines about those before.
	current string
	done    []string
}

func runDemo(arguments []string) error {
	d := &demo{current: "the start", began: time.Now()}
	var err error
	if d.Sandbox, err = sandboxFlags("demo", arguments, func(flags *flag.FlagSet) {
		flags.BoolVar(&d.keep, "keep", false, "leave the stack up, to look around")
		flags.StringVar(&d.latency, "latency", "",
			"the part of the clouds' own time that operations take; 1 is a tenth")
	}); err != nil {
		return err
	}
	if d.latency == "1" {
		d.latency = "0.1"
	}
	if err := d.run(); err != nil {
		return fmt.Errorf("the demo stopped at: %s: %w\n"+
			"Its state and its clouds are left in %s. To start again: %s (docs/troubleshooting.md)",
			d.current, err, d.Folder, d.again())
	}
	d.summarize()
	return nil
}

// again returns the command that starts this demo.
func (d *demo) again() string {
	return fmt.Sprintf("make demo STACK=%s PROVIDER=%s", d.Stack, d.Provider)
}

// run goes through the phases.
func (d *demo) run() error {
	type phase struct {
		title string
		run   func() error
	}
	phases := []phase{
		{"prepare " + d.Folder, d.prepare},
		{"pulumi up: create everything", func() error { return pulumi("up", "--yes") }},
		{"what the up waited for", func() error { return d.criticalPath("create") }},
		{"outputs, secrets hidden", d.outputs},
		{"kubeconfig", d.kubeconfig},
		{"nodes: ready, by pool and zone", func() error { return showNodes(nil) }},
		{"pulumi preview: must find nothing to do", func() error { return pulumi("preview", "--expect-no-changes") }},
	}
	if !d.keep {
		phases = append(phases,
			phase{"pulumi destroy", d.destroy},
			phase{"what the destroy waited for", func() error { return d.criticalPath("delete") }},
			phase{"what is left in the simulated cloud",
				func() error { return showResources([]string{"--expect-empty"}) }},
		)
	}
	for _, p := range phases {
		if d.latency == "" && strings.Contains(p.title, "waited for") {
			continue
		}
		fmt.Printf("\n=== %s\n\n", p.title)
		d.current = p.title
		from := time.Now()
		if err := p.run(); err != nil {
			return err
		}
		d.done = append(d.done, fmt.Sprintf("%5.0f s  %s", time.Since(from).Seconds(), p.title))
	}
	if d.keep {
		return nil
	}
	return os.RemoveAll(d.Folder)
}

// prepare creates the sandbox anew, and lets this process and its commands work in it.
func (d *demo) prepare() error {
	if err := os.RemoveAll(d.Folder); err != nil {
		return err
	}
	if err := d.Prepare(); err != nil {
		return err
	}
	if err := d.Enter(); err != nil || d.latency == "" {
		return err
	}
	// As many operations at a time as the make targets let Pulumi do on a real cloud.
	return os.Setenv("PULUMI_PARALLEL", "32")
}

// save keeps the state with its dependencies, which a destroy deletes.
func (d *demo) save(operation string) error {
	state, err := pulumiOutput("stack", "export")
	if err != nil {
		return err
	}
	return os.WriteFile(d.Path(operation+".state"), state, 0o600)
}

func (d *demo) criticalPath(operation string) error {
	if operation == "create" {
		if err := d.save(operation); err != nil {
			return err
		}
	}
	fmt.Printf("In the clouds' own time; the demo waited %s of it.\n\n", d.latency)
	return showCriticalPath([]string{operation, d.Path(operation + ".state")})
}

func (d *demo) outputs() error {
	if err := pulumi("stack", "output"); err != nil {
		return err
	}
	fmt.Println("\nA secret is shown only on request: pulumi stack output kubeconfig --show-secrets")
	return nil
}

// kubeconfig writes the kubeconfig, and expects that each region has a context that leads to a node.
func (d *demo) kubeconfig() error {
	text, err := pulumiOutput("stack", "output", "kubeconfig", "--show-secrets")
	if err != nil {
		return err
	}
	file := d.Path("kubeconfig")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	config, err := clientcmd.Load(text)
	if err != nil {
		return err
	}
	output, err := pulumiOutput("stack", "output", "clusters")
	if err != nil {
		return err
	}
	var clusters map[string]json.RawMessage
	if err := json.Unmarshal(output, &clusters); err != nil {
		return fmt.Errorf("the output clusters: %w", err)
	}
	fmt.Println(file)
	for _, context := range slices.Sorted(maps.Keys(config.Contexts)) {
		fmt.Printf("  context %s: kubectl would reach ", context)
		if err := kubectl([]string{file, context}); err != nil {
			return err
		}
	}
	fmt.Printf("One context for each region: %d of %d.\n", len(config.Contexts), len(clusters))
	if len(config.Contexts) != len(clusters) {
		return fmt.Errorf("the kubeconfig has %d contexts, and the stack %d clusters", len(config.Contexts),
			len(clusters))
	}
	return nil
}

// destroy destroys the stack. A protected one needs two steps.
func (d *demo) destroy() error {
	state, err := pulumiOutput("stack", "export")
	if err != nil {
		return err
	}
	if bytes.Contains(state, []byte(`"protect": true`)) {
		fmt.Println("The stack is protected, as production should be: deleting it takes two steps. First the " +
			"protection goes")
		if err := pulumi("config", "set", "inferadb:protection", "false"); err != nil {
			return err
		}
		if err := pulumi("up", "--yes", "--skip-preview"); err != nil {
			return err
		}
	}
	if err := d.save("delete"); err != nil {
		return err
	}
	if err := pulumi("destroy", "--yes", "--skip-preview"); err != nil {
		return err
	}
	return pulumi("stack", "rm", "--yes")
}

// summarize prints how long it took, and what to do next.
func (d *demo) summarize() {
	fmt.Printf("\n=== %s on %s: done in %.0f s\n\n", d.Stack, d.Provider, time.Since(d.began).Seconds())
	fmt.Println(strings.Join(d.done, "\n"))
	if !d.keep {
		fmt.Printf("\nNothing is left. Next:\n"+
			"  %s KEEP=1     # keeps the stack, to look around\n"+
			"  make init STACK=dev     # the same on a real cloud: docs/getting-started.md\n", d.again())
		return
	}
	named := fmt.Sprintf("STACK=%s PROVIDER=%s", d.Stack, d.Provider)
	fmt.Printf("\nThe stack is still up. Change %s, see what a pull request would show:\n"+
		"  make preview-simulated %s\nLook around, bring it up again:\n"+
		"  eval \"$(make -s simulator-env %s)\"\n"+
		"  pulumi stack --show-urns\n  pulumi up\n"+
		"To remove it: make clean\n", d.Path("Pulumi."+d.Stack+".yaml"), named, named)
}
