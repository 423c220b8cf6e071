package main

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/inferadb/infra/strict"
)

// namespace is that of the settings in a stack file: the name of this Pulumi project.
const namespace = "inferadb-backend"

// settings are what Pulumi.<environment>.yaml may say, and the environment itself.
type settings struct {
	Environment  string `json:"-"`
	Region       string `json:"region" default:"us-east-1"`
	Bucket       string `json:"bucket"`
	AccessLog    bool   `json:"accessLog"`
	Repository   string `json:"repository"`
	OIDCProvider string `json:"oidcProvider" default:"create"`
	Protection   bool   `json:"protection" default:"true"`
}

var (
	regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, without dots, which TLS
	// certificates dislike, and with room for the log bucket's ending.
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,57}[a-z0-9]$`)
	// https://docs.github.com/en/rest/repos/repos
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)
	// An alias and the names of roles are made of it.
	environmentName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)
)

// readSettings reads a stack file strictly. The error says everything that is wrong with it.
func readSettings(environment string, given map[string]string) (settings, error) {
	var report strict.Report
	s := settings{Environment: environment}
	strict.Decoder{Report: &report, Namespace: namespace}.Decode(given, &s)
	s.Bucket = cmp.Or(s.Bucket, "inferadb-pulumi-state-"+environment)
	s.check(&report)
	if len(report.Errors) == 0 {
		return s, nil
	}
	var problems []string
	for _, one := range strict.Sorted(report.Errors) {
		problems = append(problems, one.Error())
	}
	return s, fmt.Errorf(
		"%d of the backend's settings cannot be used:\n  %s",
		len(problems),
		strings.Join(problems, "\n  "),
	)
}

func (s *settings) check(report *strict.Report) {
	refuse := func(wrong bool, key, value, problem, remedy string) {
		if wrong {
			report.Reject(key, fmt.Sprintf("%q %s", value, problem), remedy)
		}
	}
	refuse(!environmentName.MatchString(s.Environment), "stack", s.Environment,
		"cannot be part of an alias and of roles' names", "use lower case letters, digits and hyphens, at most 31")
	refuse(!regionName.MatchString(s.Region), "region", s.Region, "is no AWS region", "write one like us-east-1")
	refuse(!bucketName.MatchString(s.Bucket), "bucket", s.Bucket, "is no name for a bucket",
		"use 3 to 59 lower case letters, digits and hyphens")
	refuse(
		s.Repository != "" && !repositoryName.MatchString(s.Repository),
		"repository",
		s.Repository,
		"is no GitHub repository",
		"write owner/name",
	)
	refuse(s.OIDCProvider != "create" && s.OIDCProvider != "existing", "oidcProvider", s.OIDCProvider, "is not known",
		"write create or existing")
}
