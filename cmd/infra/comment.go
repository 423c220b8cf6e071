package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/inferadb/infra/cost"
	"github.com/inferadb/infra/preview"
	"github.com/spf13/cobra"
)

func newComment() *cobra.Command {
	var comment preview.Comment
	var kind, summary, folder string
	command := &cobra.Command{
		Use: "comment --stack STACK [flags] -- pulumi preview", GroupID: groupLook,
		Short: "Run a preview, or a refresh that changes nothing, and write what it found as a pull request's comment",
		Long: "Run a preview, or a refresh that changes nothing, and write what it found as a pull request's comment in Markdown.\n" +
			"It ends with an error if the command does, or if --kind drift finds a difference.",
		Example: "  infra comment --stack staging --summary comment.md -- pulumi preview",
		RunE: func(c *cobra.Command, command []string) error {
			comment.Kind = preview.Kind(kind)
			return writeComment(c.OutOrStdout(), comment, summary, folder, command)
		},
	}
	flags := command.Flags()
	flags.StringVar(&kind, "kind", string(preview.Preview), "preview, simulated or drift")
	stackFlag(command, &comment.Stack)
	flags.StringVar(&comment.Revision, "revision", "", "the commit that is previewed")
	flags.StringVar(&summary, "summary", "", "the file to write the comment to, besides printing it")
	flags.StringVar(&folder, "folder", ".", "where the stack file is")
	return command
}

// writeComment writes the comment whether the command succeeds or not, and fails as the command does. Drift counts as a
// failure.
func writeComment(out io.Writer, comment preview.Comment, summary, folder string, command []string) error {
	if err := checkComment(comment, command); err != nil {
		return err
	}
	var failure error
	comment.Result, failure = runPreview(command)
	if comment.Kind != preview.Drift {
		estimates, err := cost.OfStack(folder, comment.Stack, "")
		if comment.Estimates = estimates; err != nil {
			comment.Unpriced = err.Error()
		}
	}
	text := comment.Markdown(preview.Limit)
	if summary != "" {
		if err := os.WriteFile(summary, []byte(text), 0o644); err != nil {
			return fmt.Errorf("SUMMARY: %w", err)
		}
	}
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	if failure == nil && comment.Kind == preview.Drift && comment.Result.Changed() {
		failure = fmt.Errorf("%s has drifted", comment.Stack)
	}
	return failure
}

func checkComment(comment preview.Comment, command []string) error {
	switch {
	case !slices.Contains(preview.Kinds(), comment.Kind):
		return fmt.Errorf("--kind: there is no kind %q; choose preview, simulated or drift", comment.Kind)
	case len(command) == 0:
		return errors.New("there is no command: write infra comment --stack dev --summary comment.md -- pulumi preview")
	case slices.ContainsFunc(command, func(word string) bool { return strings.HasPrefix(word, "--show-secrets") }):
		return errors.New("ARGS: --show-secrets has no place in a comment; leave it out")
	}
	return nil
}

// runPreview runs the command and reads its events. Whoever runs it sees on their terminal what is no event, such as a
// login that failed.
func runPreview(command []string) (preview.Result, error) {
	var errs bytes.Buffer
	// Ours come last, where none of the user's flags undoes them; JSON has no place for colors.
	words := append(slices.Clone(command), "--json", "--non-interactive", "--color", "never")
	process := exec.Command(words[0], words[1:]...)
	process.Env = append(os.Environ(), "PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true")
	process.Stdin, process.Stderr = os.Stdin, io.MultiWriter(os.Stderr, &errs)
	events, err := process.StdoutPipe()
	if err != nil {
		return preview.Result{Failed: true}, err
	}
	if err := process.Start(); err != nil {
		return preview.Result{Failed: true}, err
	}
	result, err := preview.Read(events)
	if err != nil {
		result.Fail(err.Error())
		_, _ = io.Copy(io.Discard, events) // else the command would wait for a reader
	}
	if exit := process.Wait(); exit != nil && err == nil {
		err = fmt.Errorf("%s: %w", strings.Join(command, " "), exit)
		result.Fail(strings.TrimSpace(errs.String()))
	}
	return result, err
}
