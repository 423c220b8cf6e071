// Command preview runs a preview, or a refresh that changes nothing, and writes what it found as a comment in Markdown:
//
//	preview -stack staging -summary comment.md -- pulumi preview
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/inferadb/infra/cost"
	"github.com/inferadb/infra/preview"
)

func main() {
	comment, summary, folder := preview.Comment{}, "", ""
	kind := flag.String("kind", string(preview.Preview), "preview, simulated or drift")
	flag.StringVar(&comment.Stack, "stack", "", "the stack, as in Pulumi.<stack>.yaml")
	flag.StringVar(&comment.Revision, "revision", "", "the commit that is previewed")
	flag.StringVar(&summary, "summary", "", "the file to write the comment to, besides printing it")
	flag.StringVar(&folder, "folder", ".", "where the stack file is")
	flag.Parse()
	comment.Kind = preview.Kind(*kind)
	if err := run(comment, summary, folder, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the comment whether the command succeeds or not, and fails as the command does. Drift counts as a failure.
func run(comment preview.Comment, summary, folder string, command []string) error {
	if err := check(comment, command); err != nil {
		return err
	}
	var failure error
	comment.Result, failure = look(command)
	if comment.Kind != preview.Drift {
		bills, err := cost.OfStack(folder, comment.Stack, "")
		if comment.Bills = bills; err != nil {
			comment.Unpriced = err.Error()
		}
	}
	text := comment.Markdown(preview.Limit)
	if summary != "" {
		if err := os.WriteFile(summary, []byte(text), 0o644); err != nil {
			return fmt.Errorf("SUMMARY: %w", err)
		}
	}
	fmt.Print(text)
	if failure == nil && comment.Kind == preview.Drift && comment.Result.Changed() {
		failure = fmt.Errorf("%s has drifted", comment.Stack)
	}
	return failure
}

func check(comment preview.Comment, command []string) error {
	switch {
	case !slices.Contains(preview.Kinds(), comment.Kind):
		return fmt.Errorf("-kind: there is no kind %q; choose preview, simulated or drift", comment.Kind)
	case len(command) == 0:
		return errors.New("there is no command: write preview -stack dev -summary comment.md -- pulumi preview")
	case slices.ContainsFunc(command, func(word string) bool { return strings.HasPrefix(word, "--show-secrets") }):
		return errors.New("ARGS: --show-secrets has no place in a comment; leave it out")
	}
	return nil
}

// look runs the command and reads its events. Whoever runs it sees on their terminal what is no event, such as a login that failed.
func look(command []string) (preview.Result, error) {
	var errs bytes.Buffer
	// Ours come last, where none of the user's flags undoes them; JSON has no place for colours.
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
