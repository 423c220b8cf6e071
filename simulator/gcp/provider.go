// Package gcp is the simulated Google Cloud: schema.json has the types that the program uses, as the Google provider
// declares them, and the Go files have the rules by which the cloud refuses.
//
// Which inputs are required, computed or force a replacement is read in the provider's sources:
// https://github.com/hashicorp/terraform-provider-google-beta/tree/v5.42.0/google-beta/services
package gcp

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// Project is the id of the clusters' project, and ProjectNumber its number.
const (
	Project       = "inferadb-simulated"
	ProjectNumber = "123456789012"
	// HostProject shares its networks with Project.
	HostProject = "inferadb-shared"
)

// api is what a path begins with in a link to a resource.
const api = "https://www.googleapis.com/compute/v1/"

//go:embed schema.json
var schemaJSON []byte

// Provider returns what the simulated Google Cloud serves.
func Provider() *schema.Provider { return served() }

var served = sync.OnceValue(func() *schema.Provider {
	p := schema.Load("gcp", schemaJSON, behaviors, functions)
	p.Check = check
	p.Network, p.Inspect, p.Defaults = newNetwork, inspect, store.Values{"project": Project}
	p.Restart = &schema.Restart{
		Machine: instanceType, MemberKey: managerKey, Start: startInstance,
		Groups: []schema.Group{
			{Type: autoscalerType, Start: checkAutoscaler}, {Type: managerType, Start: startGroup},
		},
	}
	return p
})

// behaviors are what the cloud does with the types of the schema.
var behaviors = map[string]schema.Behavior{
	accountType:     {Create: createAccount},
	addressType:     {Create: createAddress, Update: relabel, Delete: deleteAddress},
	alertType:       {Create: createAlert, Update: checkAlert},
	autoscalerType:  {Create: createAutoscaler, Update: checkAutoscaler},
	backendType:     {Check: checkBackends, Create: createBackend, Update: checkBackendParts, Delete: deleteUnused},
	channelType:     {Create: createChannel, Update: checkChannel, Delete: deleteUnused},
	firewallType:    {Check: checkFirewall, Create: createFirewall, Update: updateFirewall},
	groupType:       {Create: createGroup, Delete: deleteGroup},
	healthCheckType: {Check: checkHealthCheck, Create: createHealthCheck, Delete: deleteUnused},
	instanceType:    {Check: checkInstance, Create: createInstance, Update: updateInstance, Delete: deleteInstance},
	keyMemberType:   {Create: createKeyMember},
	keyRingType:     {Create: createKeyRing, Delete: retireKeyRing},
	keyType:         {Create: createKey, Update: relabel, Delete: deleteKey},
	managerType:     {Create: createManager, Update: updateManager, Delete: deleteManager},
	membershipType:  {Create: createMembership},
	metricType:      {Create: createMetric},
	natType:         {Create: createNat, Update: checkNat},
	networkType:     {Create: createNetwork, Delete: deleteUnused},
	proxyType:       {Create: createProxy, Delete: deleteUnused},
	regionCheckType: {Check: checkHealthCheck, Create: createHealthCheck, Delete: deleteUnused},
	routerType:      {Create: createRouter, Delete: deleteUnused},
	ruleType:        {Create: createRule, Update: updateRule},
	subnetworkType:  {Diff: replaceShrunk, Create: createSubnetwork, Update: checkRange, Delete: deleteSubnetwork},
	templateType:    {Check: checkTemplate, Diff: replaceForLabels, Create: createTemplate, Delete: deleteUnused},
}

// functions answer the data sources.
var functions = map[string]schema.Invoke{
	"gcp:compute/getImage:getImage":             getImage,
	"gcp:compute/getSubnetwork:getSubnetwork":   lookUpSubnetwork,
	"gcp:compute/getSubnetworks:getSubnetworks": lookUpSubnetworks,
	"gcp:compute/getAddresses:getAddresses":     lookUpAddresses,
	"gcp:projects/getProject:getProject":        getProject,
}

// check looks at what is alike in all resources.
func check(c *schema.Call) []schema.Problem {
	var problems []schema.Problem
	// The labels of a notification channel are its settings.
	if c.Token != channelType {
		problems = labelProblems("labels", c.Inputs.Object("labels"))
	}
	if region := c.Inputs.String("region"); region != "" && region != c.Region {
		problems = append(problems, schema.Refuse("region", "%s is not the region of the provider, %s", region,
			c.Region)...)
	}
	return problems
}

var labelPattern = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$`)

// labelProblems returns what Google Cloud refuses of labels:
// https://cloud.google.com/compute/docs/labeling-resources#requirements
func labelProblems(property string, labels store.Values) []schema.Problem {
	var problems []schema.Problem
	refuse := func(format string, arguments ...any) {
		problems = append(problems, schema.Refuse(property, format, arguments...)...)
	}
	if len(labels) > 64 {
		refuse("a resource can have at most 64 labels, got %d", len(labels))
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value := labels.String(key)
		switch {
		case !labelPattern.MatchString(key) || key == "" || key[0] >= '0' && key[0] <= '9' || key[0] == '-' ||
			key[0] == '_':
			refuse("Invalid label key %q: it must begin with a lower-case letter and have up to 63 lower-case "+
				"letters, digits, dashes and underscores", key)
		case !labelPattern.MatchString(value):
			refuse("Invalid label value %q of %s: it can have up to 63 lower-case letters, digits, dashes and "+
				"underscores", value, key)
		case strings.HasPrefix(key, "goog"):
			refuse("Invalid label key %q: the prefix goog is reserved for Google", key)
		}
	}
	return problems
}

// create names a new resource of a collection: its path, its link, and what every resource has.
func create(c *schema.Call, collection string) error {
	project := cmp.Or(c.Inputs.String("project"), c.Config.String("project"))
	if project != Project && project != HostProject {
		return fmt.Errorf("Error 403: Permission denied on resource project %s: it does not exist, or you have no "+
			"access to it; the simulated project is %s", project, Project)
	}
	scope := "regions/" + c.Region
	switch {
	case c.Type.Global:
		scope = "global"
	case c.State.String("zone") != "":
		scope = "zones/" + c.State.String("zone")
	}
	c.ID = fmt.Sprintf("projects/%s/%s/%s/%s", project, scope, collection, c.State.String("name"))
	c.State["selfLink"], c.State["project"] = api+c.ID, project
	if _, has := c.Type.Fields["region"]; has {
		c.State["region"] = c.Region
	}
	region := c.Region
	if c.Type.Global {
		region = ""
	}
	if c.Store.Get(c.Token, region, c.ID) != nil {
		return fmt.Errorf("Error 409: The resource '%s' already exists, alreadyExists", c.ID)
	}
	label(c.State, c.Type.Fields)
	return nil
}

// relabel updates only the labels.
func relabel(c *schema.Call) error {
	label(c.State, c.Type.Fields)
	return nil
}

// label fills in what the provider makes of the labels.
func label(state store.Values, fields schema.Fields) {
	if _, has := fields["effectiveLabels"]; has {
		labels := map[string]any(state.Object("labels").Clone())
		state["effectiveLabels"], state["pulumiLabels"] = labels, labels
	}
}

// path returns a resource's path without the address of an API before it.
func path(reference string) string { return reference[max(0, strings.Index(reference, "projects/")):] }

// global are the types without a region.
var global = []string{networkType, firewallType, healthCheckType, accountType, keyRingType, keyType, keyMemberType}

// find returns the resource to which a link, a path or a name leads, or the error of Google.
func find(c *schema.Call, token, reference string) (*store.Resource, error) {
	region := c.Region
	if slices.Contains(global, token) {
		region = ""
	}
	found := c.Store.Find(token, region, func(r *store.Resource) bool {
		return r.ID == path(reference) || r.State.String("name") == reference && reference != ""
	})
	if found == nil {
		return nil, fmt.Errorf("Error 404: The resource '%s' was not found, notFound", path(reference))
	}
	// The provider waits for the operation that makes a resource; service accounts are known a moment later, and it
	// tries again: https://cloud.google.com/iam/docs/service-accounts-create#creating
	return found, schema.Known(found, "Error 404: The resource '%s' was not found, notFound", path(reference))
}

// deleteUnused refuses to delete what another resource refers to.
func deleteUnused(c *schema.Call) error {
	for _, other := range c.Store.Select(func(r *store.Resource) bool { return r.Provider == "gcp" && r.ID != c.ID }) {
		if refers(map[string]any(other.State), c.ID) {
			return fmt.Errorf("Error 400: The resource '%s' is already being used by '%s', "+
				"resourceInUseByAnotherResource", c.ID, other.ID)
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

// invalid returns the error of Google for a value that it does not accept.
func invalid(field, value, reason string, arguments ...any) error {
	return fmt.Errorf("Error 400: Invalid value for field 'resource.%s': '%s'. %s, invalid", field, value,
		fmt.Sprintf(reason, arguments...))
}

// digits makes up a number, as Google gives one to every resource.
func digits(c *schema.Call, length int) string {
	hash := c.Store.Hash(c.URN+" number", length)
	return strings.Map(func(r rune) rune {
		if r >= 'a' {
			return r - 'a' + '1'
		}
		return r
	}, "1"+hash[1:])
}
