package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// productionResources is the number of resources of production on AWS, two regions.
const productionResources = 225

// terraform measures a plan that finds nothing to do beside Pulumi's preview: of as many resources, which are Terraform's
// own and hold one value each.
func (b *bench) terraform() error {
	what := fmt.Sprintf("terraform plan of %d resources, nothing to do", productionResources)
	program, err := exec.LookPath("terraform")
	if err != nil {
		b.row(what, "terraform is not on PATH", "")
		return nil
	}
	folder := filepath.Join(b.scratch, "terraform")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	text := fmt.Sprintf("resource \"terraform_data\" \"resource\" {\n  count = %d\n  input = count.index\n}\n", productionResources)
	if err := os.WriteFile(filepath.Join(folder, "main.tf"), []byte(text), 0o600); err != nil {
		return err
	}
	command := func(arguments ...string) *exec.Cmd {
		command := exec.Command(program, arguments...)
		command.Dir = folder
		return command
	}
	for _, arguments := range [][]string{{"init", "-input=false"}, {"apply", "-input=false", "-auto-approve"}} {
		if _, err := measure(command(arguments...)); err != nil {
			return err
		}
	}
	m, err := repeat(b.runs, func() *exec.Cmd { return command("plan", "-input=false", "-detailed-exitcode") })
	if err == nil {
		b.row(what, fmt.Sprintf("%.1f s, CPU %.1f s", m.wall.Seconds(), m.cpu.Seconds()), fmt.Sprintf("%d MiB", m.processes["terraform"].peak))
	}
	return err
}
