package gcp

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// getProject answers projects/getProject. The function of organizations is missing on purpose: it asks Cloud Billing as
// well, and hangs where that is out of reach.
func getProject(c *schema.Call) (store.Values, error) {
	found := []any{}
	if c.Inputs.String("filter") == "id:"+Project {
		found = append(found, map[string]any{
			"projectId": Project, "name": Project, "number": ProjectNumber, "lifecycleState": "ACTIVE",
		})
	}
	return store.Values{"id": c.Inputs.String("filter"), "filter": c.Inputs.String("filter"), "projects": found}, nil
}

func lookUpSubnetwork(c *schema.Call) (store.Values, error) {
	region := c.Inputs.String("region")
	if region == "" {
		region = c.Region
	}
	reference := c.Inputs.String("selfLink")
	if name := c.Inputs.String("name"); name != "" {
		reference = fmt.Sprintf("projects/%s/regions/%s/subnetworks/%s", c.Inputs.String("project"), region, name)
	}
	found := c.Store.Get(subnetworkType, region, path(reference))
	if found == nil {
		return nil, fmt.Errorf("googleapi: Error 404: The resource '%s' was not found, notFound", path(reference))
	}
	return store.Values{
		"id": found.ID, "name": found.State.String("name"), "project": projectOf(found.ID), "region": region,
		"selfLink": found.State.String("selfLink"),
		"network":  found.State.String("network"), "ipCidrRange": found.State.String("ipCidrRange"),
		"gatewayAddress":        found.State.String("gatewayAddress"),
		"privateIpGoogleAccess": found.State.Bool("privateIpGoogleAccess"),
	}, nil
}

// lookUpSubnetworks knows of the filter what the program asks for: texts that fields must equal.
func lookUpSubnetworks(c *schema.Call) (store.Values, error) {
	list, project := []any{}, cmp.Or(c.Inputs.String("project"), Project)
	for _, subnetwork := range c.Store.List(subnetworkType, c.Inputs.String("region")) {
		if projectOf(subnetwork.ID) != project || !passes(subnetwork.State, c.Inputs.String("filter")) {
			continue
		}
		list = append(list, map[string]any{
			"name": subnetwork.State.String("name"), "selfLink": subnetwork.State.String("selfLink"),
			"ipCidrRange": subnetwork.State.String("ipCidrRange"),
			"network":     subnetwork.State.String("network"), "networkSelfLink": subnetwork.State.String("network"),
			"privateIpGoogleAccess": subnetwork.State.Bool("privateIpGoogleAccess"),
		})
	}
	return store.Values{"id": "projects/" + project + "/subnetworks", "project": project, "subnetworks": list}, nil
}

// projectOf returns the project in a resource's path.
func projectOf(path string) string {
	_, rest, _ := strings.Cut(path, "projects/")
	project, _, _ := strings.Cut(rest, "/")
	return project
}

func passes(state store.Values, filter string) bool {
	if filter == "" {
		return true
	}
	for term := range strings.SplitSeq(filter, " AND ") {
		field, value, _ := strings.Cut(term, "=")
		if state.String(strings.TrimSpace(field)) != strings.Trim(strings.TrimSpace(value), `"`) {
			return false
		}
	}
	return true
}

// lookUpAddresses knows of the filter labels that must have a value.
func lookUpAddresses(c *schema.Call) (store.Values, error) {
	list := []any{}
	for _, address := range c.Store.List(addressType, c.Inputs.String("region")) {
		wanted := true
		for term := range strings.SplitSeq(c.Inputs.String("filter"), ") (") {
			label, value, _ := strings.Cut(strings.Trim(term, "()"), "=")
			label, isLabel := strings.CutPrefix(label, "labels.")
			if !isLabel {
				return nil, fmt.Errorf("Error 400: Invalid value for field 'filter': '%s', invalid", term)
			}
			wanted = wanted && address.State.Object("labels").String(label) == value
		}
		if wanted {
			list = append(list, map[string]any{
				"name": address.State.String("name"), "address": address.State.String("address"),
				"selfLink": address.State.String("selfLink"),
			})
		}
	}
	return store.Values{"id": "projects/" + Project + "/addresses", "project": Project, "addresses": list}, nil
}
