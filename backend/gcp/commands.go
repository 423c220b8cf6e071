// Package gcp writes the commands that create on Google Cloud what backend/ creates on AWS: a bucket for a stack's
// state, the keys, and service accounts for a repository's workflows. `infra gcp-backend` only prints them, so that
// they are read before they are run.
package gcp

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/inferadb/infra/backend/roles"
)

// Setup is what the commands are about.
type Setup struct {
	// Stack is the stack's name, as in Pulumi.<stack>.yaml; Project the id of the Google Cloud project.
	Stack, Project string
	// Location is where bucket and keys lie, such as us-east4.
	Location string
	// Repository is the GitHub repository whose workflows get accounts, as owner/name; empty for none.
	Repository string
}

// values are what the template of the commands reads.
type values struct {
	Setup
	// NextRotation is when the keys rotate for the first time.
	NextRotation string
	Accounts     []account
}

// Snapshots returns the folder of etcd's snapshots in the bucket.
func (v values) Snapshots() string { return roles.Snapshots }

// account is the service account of one kind of workflow.
type account struct {
	// Kind is preview, deploy or backup, Environment that of the repository whose jobs may use it.
	Kind, Environment string
	// Permissions are those of its own role, which it has none of without; the others are Google's roles on the bucket
	// and on the key of the secrets.
	Permissions, BucketRole, KeyRole string
	// Writes is the folder in the bucket that it may also write; none if it is empty.
	Writes string
}

// https://cloud.google.com/resource-manager/docs/creating-managing-projects, and 30 characters for
// "github-<stack>-preview".
var (
	projectID  = regexp.MustCompile(`^[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
	stackName  = regexp.MustCompile(`^[a-z][a-z0-9-]{0,14}$`)
	location   = regexp.MustCompile(`^[a-z]+(-[a-z]+\d+)?$`)
	repository = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+)?$`)
)

//go:embed commands.sh
var script string

// rotation is how often the keys rotate, in the script as well.
const rotation = 90 * 24 * time.Hour

// Commands returns the commands, for bash. The error names everything that cannot be used: nothing is printed that a
// shell would run.
func (s Setup) Commands(now time.Time) (string, error) {
	var problems []string
	for _, check := range []struct {
		name, value, remedy string
		pattern             *regexp.Regexp
	}{
		{"STACK", s.Stack, "use at most 15 lower case letters, digits and hyphens", stackName},
		{"GCP_PROJECT", s.Project, "write a project's id", projectID},
		{"GCP_LOCATION", s.Location, "write a location like us-east4", location},
		{"REPOSITORY", s.Repository, "write owner/name", repository},
	} {
		if !check.pattern.MatchString(check.value) {
			problems = append(problems, fmt.Sprintf("%s: %q cannot be used; %s", check.name, check.value, check.remedy))
		}
	}
	if len(problems) > 0 {
		return "", fmt.Errorf("%s", strings.Join(problems, "\n"))
	}
	v := values{Setup: s}
	v.NextRotation = now.Add(rotation).UTC().Format(time.RFC3339)
	if s.Repository != "" {
		v.Accounts = []account{
			{
				Kind: "preview", Environment: s.Stack + "-preview",
				Permissions: strings.Join(roles.ReadGoogleCloud(), ","),
				BucketRole:  "roles/storage.objectViewer", KeyRole: "roles/cloudkms.cryptoKeyDecrypter",
			},
			{
				Kind: "deploy", Environment: s.Stack, Permissions: strings.Join(roles.ChangeGoogleCloud(), ","),
				BucketRole: "roles/storage.objectUser", KeyRole: "roles/cloudkms.cryptoKeyEncrypterDecrypter",
			},
			// Once a bucket's policy has a condition, gcloud asks about the conditions of the bindings that follow:
			// this one is the last.
			{
				Kind: "backup", Environment: s.Stack + "-backup", Writes: roles.Snapshots,
				BucketRole: "roles/storage.objectViewer", KeyRole: "roles/cloudkms.cryptoKeyDecrypter",
			},
		}
	}
	var text strings.Builder
	err := template.Must(
		template.New("commands").Funcs(
			template.FuncMap{"id": func(name string) string { return strings.ReplaceAll(name, "-", "_") }}).
			Parse(script)).
		Execute(&text, v)
	return text.String(), err
}
