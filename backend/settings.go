package main

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
)

// namespace is that of the settings in a stack file: the name of this Pulumi project.
const namespace = "inferadb-backend"

// settings are what Pulumi.<environment>.yaml may say, and the environment itself.
type settings struct {
	Environment  string
	Region       string `key:"region" default:"us-east-1"`
	Bucket       string `key:"bucket"`
	AccessLog    bool   `key:"accessLog"`
	Repository   string `key:"repository"`
	OIDCProvider string `key:"oidcProvider" default:"create"`
	Protection   bool   `key:"protection" default:"true"`
}

var (
	regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, without dots, which TLS certificates dislike,
	// and with room for the log bucket's ending.
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,57}[a-z0-9]$`)
	// https://docs.github.com/en/rest/repos/repos
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)
	// An alias and the names of roles are made of it.
	environmentName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)
)

// readSettings reads a stack file strictly. The error says everything that is wrong with it.
func readSettings(environment string, given map[string]string) (settings, error) {
	s := settings{Environment: environment}
	problems := s.decode(given)
	if s.Bucket == "" {
		s.Bucket = "inferadb-pulumi-state-" + environment
	}
	problems = append(problems, s.check()...)
	if len(problems) == 0 {
		return s, nil
	}
	slices.Sort(problems)
	return s, fmt.Errorf("%d of the backend's settings cannot be used:\n  %s", len(problems), strings.Join(problems, "\n  "))
}

// decode fills the fields that have a key. An empty value stands for one that is not set.
func (s *settings) decode(given map[string]string) (problems []string) {
	fields, known := map[string]reflect.Value{}, []string{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[settings]()) {
		if key := f.Tag.Get("key"); key != "" {
			fields[key] = reflect.ValueOf(s).Elem().FieldByIndex(f.Index)
			known = append(known, key)
			problems = append(problems, set(fields[key], key, f.Tag.Get("default"))...)
		}
	}
	for _, full := range slices.Sorted(maps.Keys(given)) {
		space, key, _ := strings.Cut(full, ":")
		field, ok := fields[key]
		switch {
		case space == "pulumi":
		case space != namespace:
			problems = append(problems, fmt.Sprintf("%s: nothing reads keys of the namespace %q; begin the key with %s:", full, space, namespace))
		case !ok:
			problems = append(problems, fmt.Sprintf("%s: there is no such key; did you mean %s?", key, nearest(key, known)))
		default:
			problems = append(problems, set(field, key, given[full])...)
		}
	}
	return problems
}

func set(field reflect.Value, key, value string) []string {
	if value == "" {
		return nil
	}
	if field.Kind() == reflect.String {
		field.SetString(value)
		return nil
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		return []string{fmt.Sprintf("%s: is the text %q; write true or false", key, value)}
	}
	field.SetBool(on)
	return nil
}

func nearest(key string, known []string) string {
	return slices.MinFunc(known, func(a, b string) int {
		return levenshtein.Distance(key, a, nil) - levenshtein.Distance(key, b, nil)
	})
}

func (s *settings) check() (problems []string) {
	refuse := func(wrong bool, key, value, problem string) {
		if wrong {
			problems = append(problems, fmt.Sprintf("%s: %q %s", key, value, problem))
		}
	}
	refuse(!environmentName.MatchString(s.Environment), "stack", s.Environment,
		"cannot be part of an alias and of roles' names; use lower case letters, digits and hyphens, at most 31")
	refuse(!regionName.MatchString(s.Region), "region", s.Region, "is no AWS region; write one like us-east-1")
	refuse(!bucketName.MatchString(s.Bucket), "bucket", s.Bucket, "is no name for a bucket; use 3 to 59 lower case letters, digits and hyphens")
	refuse(s.Repository != "" && !repositoryName.MatchString(s.Repository), "repository", s.Repository, "is no GitHub repository; write owner/name")
	refuse(s.OIDCProvider != "create" && s.OIDCProvider != "existing", "oidcProvider", s.OIDCProvider, "is not known; write create or existing")
	return problems
}
