package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// nextSteps are what commands print after their work; STACK is the stack's name. A command that was only
// tried with --dry-run has the same next step each time.
var nextSteps = map[string]string{
	"infra init": "Commit Pulumi.STACK.yaml: it now holds the stack's encrypted data key. " +
		"Next: make preview STACK=STACK",
	"infra preview":            "Next: make up STACK=STACK",
	"infra preview-simulated":  "Next: make preview STACK=STACK, on the real cloud",
	"infra up":                 "Next: make kubeconfig STACK=STACK",
	"infra refresh":            "Next: make preview STACK=STACK",
	"infra drift":              "No drift. Next: make preview STACK=STACK",
	"infra destroy":            "The stack is empty. Next, to forget it: make pulumi STACK=STACK ARGS='stack rm'",
	"infra kubeconfig":         "Next: kubectl --kubeconfig STACK.kubeconfig get nodes",
	"infra talosconfig":        "Next: talosctl --talosconfig STACK.talosconfig config contexts",
	"infra control-planes set": "Next: commit Pulumi.STACK.yaml; make talosconfig STACK=STACK writes the new endpoints",
	"infra upgrade":            "Next: commit Pulumi.STACK.yaml; then make preview STACK=STACK",
	"infra apply":              "Next: make preview STACK=STACK",
	"infra renew":              "Next: make kubeconfig talosconfig STACK=STACK",
	"infra repair":             "Next: make status STACK=STACK",
	"infra etcd snapshot":      "Next: keep it, elsewhere than here, with the stack's secrets: a restore needs both",
	"infra etcd restore": "Next: remove etcd-restore:<cluster> from inferadb:acknowledge, run make up STACK=STACK, " +
		"then reboot the workers one at a time (docs/operations.md#restore-etcd)",
	"infra backend up": "The state of STACK has its place. Next: make init STACK=STACK",
	"infra cost":       "Next: make preview STACK=STACK. What to choose: docs/cost-and-spot.md",
}

// sayNext lets a command and those below it print what comes next. It goes to standard error: what a command prints may
// be kept in a file.
func sayNext(command *cobra.Command) {
	for _, below := range command.Commands() {
		sayNext(below)
	}
	text, known := nextSteps[command.CommandPath()]
	if !known {
		return
	}
	command.PostRun = func(c *cobra.Command, _ []string) {
		if dry := c.Flags().Lookup("dry-run"); dry != nil && dry.Value.String() == "true" {
			c.PrintErrln("Next: the same without DRY_RUN")
			return
		}
		stack := c.Flags().Lookup("stack").Value.String()
		c.PrintErrln(strings.NewReplacer("STACK=STACK", "STACK="+stack, "STACK", stack).Replace(text))
	}
}
