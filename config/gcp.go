package config

import (
	"fmt"
	"regexp"
	"strings"
)

// projectKey is the one key of a cloud's namespace that the program reads.
const projectKey = "gcp:project"

// https://cloud.google.com/resource-manager/docs/creating-managing-projects#before_you_begin; a domain may precede it.
var projectID = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)

// CheckGoogleProject returns why Google Cloud has no project of that id; nil if it may have one.
func CheckGoogleProject(project string) error {
	const remedy = "run: pulumi config set gcp:project my-project"
	switch {
	case project == "":
		return fmt.Errorf("gcp:project: is not set, and neither is GOOGLE_PROJECT; %s", remedy)
	case !projectID.MatchString(project):
		return fmt.Errorf(
			"gcp:project: %q is not a project's id (its name and number are not); %s",
			project,
			remedy,
		)
	}
	return nil
}

// sharedSubnet refuses a shared subnet without its project in the name: it would be looked up in the cluster's project.
func (l *loader) sharedSubnet(p *target, path string, ids []string) {
	owner := googleProjectOf(p.settings.Network.ID)
	if !p.capabilities.Projects || owner == "" || len(ids) != 1 || googleProjectOf(ids[0]) == owner {
		return
	}
	own := owner == p.cluster.Project && googleProjectOf(ids[0]) == ""
	if !own {
		l.Reject(path+"[0]", fmt.Sprintf("%q does not name project %s, which owns the network", ids[0], owner),
			fmt.Sprintf("write it like projects/%s/regions/%s/subnetworks/machines", owner, p.cluster.Location.Region))
	}
}

// googleProjectOf returns the project in a resource's path or link; empty for a name without one.
func googleProjectOf(reference string) string {
	_, rest, isPath := strings.Cut(reference, "projects/")
	if !isPath {
		return ""
	}
	project, _, _ := strings.Cut(rest, "/")
	return project
}
