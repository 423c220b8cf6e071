package main

import (
	"bufio"
	"errors"
	"strings"

	"github.com/inferadb/infra/operate"
	"github.com/spf13/cobra"
)

// askToGoOn returns an error unless the person types yes.
func askToGoOn(command *cobra.Command) error {
	command.Print("Type yes to go on: ")
	return expect(command, "yes")
}

// askForText returns an error unless the person types the text, which was printed before.
func askForText(command *cobra.Command, text string) error {
	command.Printf("This cannot be undone. Type %s to go on: ", text)
	return expect(command, text)
}

// expect reads a line. Several questions share one reader, which may have read further than its line.
func expect(command *cobra.Command, text string) error {
	reader := bufio.NewReader(command.InOrStdin())
	command.SetIn(reader)
	if answer, _ := reader.ReadString('\n'); strings.TrimSpace(answer) != text {
		return errors.New("nothing was done")
	}
	return nil
}

// confirmation returns what asks whether to go on. With yes it does not ask.
func confirmation(c *cobra.Command, yes bool) func() error {
	return func() error {
		if yes {
			return nil
		}
		return askToGoOn(c)
	}
}

// refused returns the exit code of a command that stops before anything changed, or nil without an error.
func refused(c *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return exitWith(c, &operate.ExitError{Code: operate.Refused, Err: err})
}

// exitWith prints an error that has an exit code of its own, and returns the code.
func exitWith(c *cobra.Command, err error) error {
	var ended *operate.ExitError
	if errors.As(err, &ended) {
		c.PrintErrln("infra:", err)
		return exitCode(ended.Code)
	}
	return err
}
