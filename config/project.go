package config

import (
	"fmt"
	"os"
	"regexp"
)

// https://cloud.google.com/resource-manager/docs/creating-managing-projects#before_you_begin; a domain may precede it.
var projectID = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)

// GoogleProject returns the project of the cluster: the stack's, else the environment's, by the variables that every Google
// Cloud tool reads.
func GoogleProject(cluster Cluster) (string, error) {
	const remedy = "run: pulumi config set gcp:project my-project"
	project := cluster.Project
	for _, variable := range []string{"GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"} {
		if project == "" {
			project = os.Getenv(variable)
		}
	}
	switch {
	case project == "":
		return "", fmt.Errorf("gcp:project: is not set, and neither is GOOGLE_PROJECT; %s", remedy)
	case !projectID.MatchString(project):
		return "", fmt.Errorf("gcp:project: %q is not a project's id (its name and number are not); %s", project, remedy)
	}
	return project, nil
}
