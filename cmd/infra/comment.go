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

// commentFlags adds the flags of a command that writes a comment.
func commentFlags(command *cobra.Command, comment *preview.Comment, summary *string) {
	command.Flags().StringVar(summary, "summary", "",
		"the file to write a pull request's comment to, besides printing it")
	command.Flags().StringVar(&comment.Revision, "revision", "", "the commit that the comment names")
}

// writeComment writes the comment whether the command succeeds or not, and fails as the command does. Drift counts as a
// failure.
func writeComment(out io.Writer, comment preview.Comment, summary, folder string, command []string) error {
	if slices.ContainsFunc(command, func(word string) bool { return strings.HasPrefix(word, "--show-secrets") }) {
		return errors.New("ARGS: --show-secrets is not allowed in a comment; remove it")
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

// runPreview runs the command and reads its events. Output that is not an event goes to the terminal, such as a
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
