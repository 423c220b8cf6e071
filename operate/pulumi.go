package operate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// Pulumi runs the CLI on a stack and returns what it printed. Without a name it is the stack that the environment
// names. The error holds what the CLI said to people, which is never a secret.
func Pulumi(ctx context.Context, stack string, arguments ...string) ([]byte, error) {
	return PulumiWithInput(ctx, stack, nil, arguments...)
}

// PulumiWithInput runs Pulumi with standard input.
func PulumiWithInput(ctx context.Context, stack string, input io.Reader, arguments ...string) ([]byte, error) {
	command := pulumiCommand(ctx, stack, arguments...)
	var out, diagnostics bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = input, &out, &diagnostics
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("pulumi %s: %w\n%s", strings.Join(arguments, " "), err,
			strings.TrimSpace(diagnostics.String()))
	}
	return out.Bytes(), nil
}

// pulumiCommand returns a command of the Pulumi CLI on a stack, without questions to the user.
func pulumiCommand(ctx context.Context, stack string, arguments ...string) *exec.Cmd {
	if stack != "" {
		arguments = append(arguments, "--stack", stack)
	}
	return exec.CommandContext(ctx, "pulumi", append(arguments, "--non-interactive")...)
}
