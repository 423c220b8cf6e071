// Package gcp is the simulated Google Cloud: tables of the resources that the program uses, as the Google provider
// (Terraform google-beta provider 5.42 behind pulumi-gcp 7.38) declares them, and the rules by which the cloud refuses.
//
// Which inputs are required, computed or force a replacement is read in the provider's sources:
// https://github.com/hashicorp/terraform-provider-google-beta/tree/v5.42.0/google-beta/services
package gcp

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	. "github.com/inferadb/infra/simulator/catalogue" //lint:ignore ST1001 the tables read as tables
	"github.com/inferadb/infra/simulator/world"
)

// Project is the id of the project that clusters stand in, and ProjectNumber its number.
const (
	Project       = "inferadb-simulated"
	ProjectNumber = "123456789012"
	// HostProject shares its networks with Project.
	HostProject = "inferadb-shared"
)

// api is what a path begins with in a link to a resource.
const api = "https://www.googleapis.com/compute/v1/"

// Catalogue is what the simulated Google Cloud serves.
func Catalogue() *Provider {
	provider := &Provider{
		Name: "gcp",
		Config: Fields{
			"project": String(Required, Replaces, Matching(`^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)),
			"region":  String(Required, Replaces, Matching(`^[a-z]+-[a-z]+\d+$`)), "zone": String(Replaces),
			"credentials": String(Secret), "accessToken": String(Secret), "impersonateServiceAccount": String(),
			"billingProject": String(), "userProjectOverride": Bool(), "addTerraformAttributionLabel": Bool(),
			"defaultLabels": StringMap(), "requestTimeout": String(), "requestReason": String(),
		},
		Check:     check,
		Functions: functions,
		Site:      newSite,
		Restart:   restart,
		Inspect:   inspect,
	}
	for _, resources := range [][]Resource{
		networkResources, firewallResources, balancerResources, instanceResources, groupResources, identityResources, keyResources, monitoringResources,
	} {
		provider.Resources = append(provider.Resources, resources...)
	}
	return provider
}

// namePattern is the shape of nearly every name: https://cloud.google.com/compute/docs/naming-resources
const namePattern = `^[a-z]([-a-z0-9]*[a-z0-9])?$`

// named are the properties of nearly every resource of Compute Engine.
var named = Fields{
	"name": String(Computed, Replaces, MaxLength(63), Matching(namePattern)), "project": String(Computed, Replaces),
}.With(Outputs("selfLink", "creationTimestamp"))

// regional are the properties of one that lies in a region.
var regional = named.With(Fields{"region": String(Computed, Replaces)})

// labelled are the properties of one that has labels.
var labelled = Fields{"labels": StringMap(), "effectiveLabels": StringMap(Output, Secret), "pulumiLabels": StringMap(Output, Secret), "labelFingerprint": String(Output)}

var autoname = &Autoname{Property: "name", MaxLength: 63}

// check looks at what is alike in all resources.
func check(c *Call) []Problem {
	var problems []Problem
	// The labels of a notification channel are its settings.
	if c.Token != channelType {
		problems = labelProblems("labels", c.Inputs.Object("labels"))
	}
	if region := c.Inputs.String("region"); region != "" && region != c.Region {
		problems = append(problems, Problem{Property: "region", Reason: fmt.Sprintf("%s is not the region of the provider, %s", region, c.Region)})
	}
	return problems
}

var labelPattern = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$`)

// labelProblems: https://cloud.google.com/compute/docs/labeling-resources#requirements
func labelProblems(property string, labels world.Values) []Problem {
	var problems []Problem
	refuse := func(format string, arguments ...any) {
		problems = append(problems, Problem{Property: property, Reason: fmt.Sprintf(format, arguments...)})
	}
	if len(labels) > 64 {
		refuse("a resource takes at most 64 labels, got %d", len(labels))
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value := labels.String(key)
		switch {
		case !labelPattern.MatchString(key) || key == "" || key[0] >= '0' && key[0] <= '9' || key[0] == '-' || key[0] == '_':
			refuse("Invalid label key %q: it must begin with a lower-case letter and have up to 63 lower-case letters, digits, dashes and underscores", key)
		case !labelPattern.MatchString(value):
			refuse("Invalid label value %q of %s: it can have up to 63 lower-case letters, digits, dashes and underscores", value, key)
		case strings.HasPrefix(key, "goog"):
			refuse("Invalid label key %q: the prefix goog is Google's own", key)
		}
	}
	return problems
}

// create names a new resource of a collection: its path, its link, and what every resource has.
func create(c *Call, collection string) error {
	project := cmp.Or(c.Inputs.String("project"), c.Config.String("project"))
	if project != Project && project != HostProject {
		return fmt.Errorf("Error 403: Permission denied on resource project %s: it does not exist, or you have no access to it; the simulated project is %s", project, Project)
	}
	scope := "regions/" + c.Region
	switch {
	case c.Type.Global:
		scope = "global"
	case c.State.String("zone") != "":
		scope = "zones/" + c.State.String("zone")
	}
	c.ID = fmt.Sprintf("projects/%s/%s/%s/%s", project, scope, collection, c.State.String("name"))
	c.State["selfLink"], c.State["project"], c.State["creationTimestamp"] = api+c.ID, project, "2026-01-01T00:00:00.000-00:00"
	if _, has := c.Type.Fields["region"]; has {
		c.State["region"] = c.Region
	}
	region := c.Region
	if c.Type.Global {
		region = ""
	}
	if c.World.Get(c.Token, region, c.ID) != nil {
		return fmt.Errorf("Error 409: The resource '%s' already exists, alreadyExists", c.ID)
	}
	label(c.State, c.Type.Fields)
	return nil
}

// label fills in what the provider makes of the labels.
func label(state world.Values, fields Fields) {
	if _, has := fields["effectiveLabels"]; has {
		labels := map[string]any(state.Object("labels").Clone())
		state["effectiveLabels"], state["pulumiLabels"], state["labelFingerprint"] = labels, labels, "42WmSpB8rSM="
	}
}

// path is a resource's path without the address of an API before it.
func path(reference string) string { return reference[max(0, strings.Index(reference, "projects/")):] }

// global are the types that lie in no region.
var global = []string{networkType, firewallType, healthCheckType, accountType, keyRingType, keyType, keyMemberType}

// find is the resource that a link, a path or a name leads to, or the error that Google answers.
func find(c *Call, token, reference string) (*world.Resource, error) {
	region := c.Region
	if slices.Contains(global, token) {
		region = ""
	}
	found := c.World.Find(token, region, func(r *world.Resource) bool {
		return r.ID == path(reference) || r.State.String("name") == reference && reference != ""
	})
	if found == nil {
		return nil, fmt.Errorf("Error 404: The resource '%s' was not found, notFound", path(reference))
	}
	// The provider waits for the operation that makes a resource; service accounts are known a moment later, and it tries
	// again: https://cloud.google.com/iam/docs/service-accounts-create#creating
	return found, Known(found, "Error 404: The resource '%s' was not found, notFound", path(reference))
}

// deleteUnused refuses to delete what another resource refers to.
func deleteUnused(c *Call) error {
	for _, other := range c.World.Select(func(r *world.Resource) bool { return r.Provider == "gcp" && r.ID != c.ID }) {
		if refers(map[string]any(other.State), c.ID) {
			return fmt.Errorf("Error 400: The resource '%s' is already being used by '%s', resourceInUseByAnotherResource", c.ID, other.ID)
		}
	}
	return nil
}

func refers(value any, id string) bool {
	switch value := value.(type) {
	case string:
		return path(value) == id
	case []any:
		return slices.ContainsFunc(value, func(item any) bool { return refers(item, id) })
	case map[string]any:
		for key, item := range value {
			if key != "selfLink" && !strings.HasPrefix(key, "__") && refers(item, id) {
				return true
			}
		}
	}
	return false
}

// same reports whether two references lead to one resource.
func same(a, b string) bool { return path(a) == path(b) }

// invalid is the error that Google answers to a value that it does not take.
func invalid(field, value, reason string, arguments ...any) error {
	return fmt.Errorf("Error 400: Invalid value for field 'resource.%s': '%s'. %s, invalid", field, value, fmt.Sprintf(reason, arguments...))
}

// digits makes up a number, as Google gives one to every resource.
func digits(c *Call, length int) string {
	hash := c.World.Hash(c.URN+" number", length)
	return strings.Map(func(r rune) rune {
		if r >= 'a' {
			return r - 'a' + '1'
		}
		return r
	}, "1"+hash[1:])
}
