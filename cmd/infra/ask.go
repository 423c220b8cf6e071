package main

import (
	"bufio"
	"errors"
	"strings"

	"github.com/spf13/cobra"
)

// askToGoOn returns an error unless the person types yes.
func askToGoOn(command *cobra.Command) error {
	command.Print("Type yes to go on: ")
	return expect(command, "yes")
}

// askForText returns an error unless the person types the text, which stands in what was printed before.
func askForText(command *cobra.Command, text string) error {
	command.Printf("This cannot be taken back. Type %s to go on: ", text)
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
