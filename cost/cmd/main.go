// Command cost prints what a stack costs per month at list price.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/inferadb/infra/cost"
)

// formats are the ways to print.
var formats = map[string]func(stack string, bills []cost.Bill) string{"text": cost.Text, "markdown": cost.Markdown}

func main() {
	stack := flag.String("stack", "", "the stack, as in Pulumi.<stack>.yaml")
	provider := flag.String("provider", "", "price the stack on another cloud: aws, gcp or digitalocean")
	format := flag.String("format", "text", "text or markdown")
	flag.Parse()
	report, err := run(".", *stack, *provider, *format)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(report)
}

// run reads the stack file of the project in the folder and prices it, on another provider than its own if one is named.
func run(folder, stack, provider, format string) (string, error) {
	print, ok := formats[format]
	if !ok {
		return "", fmt.Errorf("FORMAT: there is no format %q; choose text or markdown", format)
	}
	bills, err := cost.OfStack(folder, stack, provider)
	if err != nil {
		return "", err
	}
	return print(stack, bills), nil
}
