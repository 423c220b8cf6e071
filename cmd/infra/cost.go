package main

import (
	"fmt"

	"github.com/inferadb/infra/cost"
	"github.com/spf13/cobra"
)

// formats are the ways to print what a stack costs.
var formats = map[string]func(stack string, estimates []cost.Estimate) string{"text": cost.Text,
	"markdown": cost.Markdown}

func newCost() *cobra.Command {
	var stack, provider, format string
	command := &cobra.Command{
		Use: "cost", Args: cobra.NoArgs, GroupID: groupLook,
		Short: "Show what a stack costs per month at list price",
		Long: "Show what a stack costs per month at list price. It needs no account and no network: the stack file " +
			"and the tables of\nprices are all that it reads. What is in the price, and what is not: " +
			"docs/cost-and-spot.md.",
		RunE: func(c *cobra.Command, _ []string) error {
			report, err := costOf(".", stack, provider, format)
			if err == nil {
				_, err = fmt.Fprint(c.OutOrStdout(), report)
			}
			return err
		},
	}
	stackFlag(command, &stack)
	command.Flags().StringVar(&provider, "provider", "", "price the stack on another cloud: aws, gcp or digitalocean")
	command.Flags().StringVar(&format, "format", "text", "text or markdown")
	return command
}

// costOf reads the stack file of the project in the folder and prices it, on another provider than its own if one is
// named.
func costOf(folder, stack, provider, format string) (string, error) {
	print, ok := formats[format]
	if !ok {
		return "", fmt.Errorf("FORMAT: there is no format %q; choose text or markdown", format)
	}
	estimates, err := cost.OfStack(folder, stack, provider)
	if err != nil {
		return "", err
	}
	return print(stack, estimates), nil
}
