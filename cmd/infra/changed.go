package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/inferadb/infra/config"
	"github.com/spf13/cobra"
)

// newChangedStacks returns the command that prints for a workflow which stacks to preview, and where.
func newChangedStacks() *cobra.Command {
	return &cobra.Command{
		Use: "changed-stacks < FILES", GroupID: groupDevelop, Args: cobra.NoArgs,
		Short: "Print which stacks a change of files touches, as a workflow's outputs",
		Long: "Print which stacks a change of files touches, as two lists in JSON for a workflow's outputs:\n" +
			"cloud has those that $CLOUD_STACKS names, simulated the others.",
		Example: "  git diff --name-only HEAD^1 HEAD | infra changed-stacks >> \"$GITHUB_OUTPUT\"",
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := config.StackNames(".")
			if err != nil {
				return err
			}
			changed, err := changedStacks(c.InOrStdin(), all)
			if err != nil {
				return err
			}
			known := []string{}
			if text := os.Getenv("CLOUD_STACKS"); text != "" {
				if err := json.Unmarshal([]byte(text), &known); err != nil {
					return fmt.Errorf("CLOUD_STACKS: is not a JSON list; write [\"staging\", \"production\"]: %w", err)
				}
			}
			cloud, simulated := []string{}, []string{}
			for _, stack := range changed {
				if slices.Contains(known, stack) {
					cloud = append(cloud, stack)
				} else {
					simulated = append(simulated, stack)
				}
			}
			return printLists(c.OutOrStdout(), cloud, simulated)
		},
	}
}

func printLists(out io.Writer, cloud, simulated []string) error {
	for _, list := range []struct {
		name   string
		stacks []string
	}{{"cloud", cloud}, {"simulated", simulated}} {
		text, err := json.Marshal(list.stacks)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s=%s\n", list.name, text); err != nil {
			return err
		}
	}
	return nil
}

// stackFile matches the name of a stack file.
var stackFile = regexp.MustCompile(`^Pulumi\.(.+)\.yaml$`)

// changedStacks returns those of the stacks that a change of the files, one a line, may touch.
func changedStacks(files io.Reader, all []string) ([]string, error) {
	lines := bufio.NewScanner(files)
	named := map[string]bool{}
	for lines.Scan() {
		file := lines.Text()
		stack := stackFile.FindStringSubmatch(file)
		switch {
		case file == "" || inNoProgram(file):
		case stack != nil:
			named[stack[1]] = true
		default:
			for _, stack := range all {
				named[stack] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(stack string) bool { return !named[stack] }), lines.Err()
}

// beside are the folders that are not compiled into a program.
var beside = []string{"docs", "tests", "testdata", "simulator", "backend", "bench", "cost", ".ci"}

// inNoProgram reports whether a file is of no stack's program. Whatever is not listed may change any stack.
func inNoProgram(file string) bool {
	folder, _, _ := strings.Cut(file, "/")
	return slices.Contains(beside, folder) && folder != file || strings.Contains(file, "/testdata/") ||
		strings.HasSuffix(file, ".md") || strings.HasSuffix(file, "_test.go") ||
		strings.HasPrefix(file, "LICENSE-") || file == ".gitignore"
}
