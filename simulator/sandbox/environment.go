package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// variable is one of an environment.
type variable struct{ name, value string }

// variables returns the variables that a command needs to work in the sandbox, except PATH.
func (s Sandbox) variables() []variable {
	flags := os.Getenv("GOFLAGS")
	if flags == "" {
		flags = "-trimpath -buildvcs=false"
	}
	return []variable{
		{"GOFLAGS", flags},
		{"SIMULATOR_STORE", s.Path("store")},
		{"PULUMI_HOME", s.Path("home")},
		{"PULUMI_BACKEND_URL", "file://" + s.Path("state")},
		{"PULUMI_CONFIG_PASSPHRASE", ""},
		{"PULUMI_STACK", s.Stack},
		{"PULUMI_OPTION_CWD", s.Folder},
		{"PULUMI_OPTION_POLICY_PACK", filepath.Join(s.Root, ".bin", "pulumi-analyzer-policy-inferadb")},
		{"PULUMI_SKIP_UPDATE_CHECK", "true"},
		{"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true"},
		// Links are kept by `go run`, where nothing names a program that was compiled beforehand.
		{"PULUMI_GO_USE_RUN", "true"},
		{"DIGITALOCEAN_TOKEN", "simulated"},
		{"GOOGLE_PROJECT", "inferadb-simulated"},
	}
}

// folders returns the folders that come first on PATH: the simulator's, and the CLI's with its language host.
func (s Sandbox) folders() string {
	return filepath.Join(s.Root, ".bin", "simulator") + string(os.PathListSeparator) + filepath.Dir(s.cli())
}

// Exports returns the lines by which a shell works in the sandbox.
func (s Sandbox) Exports() string {
	lines := fmt.Sprintf("export PATH=%s:\"$PATH\"\n", quote(s.folders()))
	for _, v := range s.variables() {
		lines += "export " + v.name + "=" + quote(v.value) + "\n"
	}
	return lines
}

// quote returns a text as a word of the shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// Environment returns the environment of a command in the sandbox: this process's, without what leads to a real cloud
// or to the user's own Pulumi.
func (s Sandbox) Environment() []string {
	clean := Clean(os.Environ())
	clean = append(clean, "PATH="+s.folders()+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, v := range s.variables() {
		clean = append(clean, v.name+"="+v.value)
	}
	return clean
}

// Enter sets the environment for this process and the commands that it starts.
func (s Sandbox) Enter() error {
	environment := s.Environment()
	os.Clearenv()
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// reaching are the prefixes of variables that lead to a cloud, to the user's own Pulumi or to another sandbox.
var reaching = []string{
	"AWS_", "GOOGLE_", "GCLOUD_", "CLOUDSDK_", "DIGITALOCEAN_", "PULUMI_", "SIMULATOR_STORE",
}

// Clean returns an environment without the variables that lead to a real cloud, to the user's own Pulumi or to another
// sandbox. A simulated cloud needs no credentials, so it gets none.
func Clean(environment []string) []string {
	return slices.DeleteFunc(slices.Clone(environment), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.ContainsFunc(reaching, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	})
}
