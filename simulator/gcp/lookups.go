package gcp

import (
	"cmp"
	"fmt"
	"strings"

	. "github.com/inferadb/infra/simulator/catalogue" //lint:ignore ST1001 the tables read as tables
	"github.com/inferadb/infra/simulator/world"
)

var functions = []Function{
	imageFunction,
	{
		Token:  "gcp:compute/getSubnetwork:getSubnetwork",
		Fields: Fields{"name": String(), "project": String(), "region": String(), "selfLink": String()},
		Invoke: lookUpSubnetwork,
	},
	{
		Token:  "gcp:compute/getSubnetworks:getSubnetworks",
		Fields: Fields{"filter": String(), "project": String(), "region": String()},
		Invoke: lookUpSubnetworks,
	},
	{
		Token: "gcp:organizations/getProject:getProject", Fields: Fields{"projectId": String()},
		Invoke: func(c *Call) (world.Values, error) {
			if id := c.Inputs.String("projectId"); id != Project {
				return nil, fmt.Errorf("Error 403: The caller does not have permission on project %s, forbidden", id)
			}
			return world.Values{
				"id": "projects/" + Project, "projectId": Project, "name": Project, "number": ProjectNumber, "autoCreateNetwork": true, "billingAccount": "",
				"folderId": "", "orgId": "", "labels": map[string]any{}, "effectiveLabels": map[string]any{}, "pulumiLabels": map[string]any{}, "deletionPolicy": "", "skipDelete": true,
			}, nil
		},
	},
}

func lookUpSubnetwork(c *Call) (world.Values, error) {
	region := c.Inputs.String("region")
	if region == "" {
		region = c.Region
	}
	reference := c.Inputs.String("selfLink")
	if name := c.Inputs.String("name"); name != "" {
		reference = fmt.Sprintf("projects/%s/regions/%s/subnetworks/%s", c.Inputs.String("project"), region, name)
	}
	found := c.World.Get(subnetworkType, region, path(reference))
	if found == nil {
		return nil, fmt.Errorf("googleapi: Error 404: The resource '%s' was not found, notFound", path(reference))
	}
	return world.Values{
		"id": found.ID, "name": found.State.String("name"), "project": projectOf(found.ID), "region": region, "selfLink": found.State.String("selfLink"),
		"network": found.State.String("network"), "ipCidrRange": found.State.String("ipCidrRange"), "gatewayAddress": found.State.String("gatewayAddress"),
		"privateIpGoogleAccess": found.State.Bool("privateIpGoogleAccess"), "description": "", "internalIpv6Prefix": "", "secondaryIpRanges": []any{},
	}, nil
}

// lookUpSubnetworks knows of the filter what the program asks for: texts that fields must equal.
func lookUpSubnetworks(c *Call) (world.Values, error) {
	list, project := []any{}, cmp.Or(c.Inputs.String("project"), Project)
	for _, subnetwork := range c.World.List(subnetworkType, c.Inputs.String("region")) {
		if projectOf(subnetwork.ID) != project || !passes(subnetwork.State, c.Inputs.String("filter")) {
			continue
		}
		list = append(list, map[string]any{
			"name": subnetwork.State.String("name"), "selfLink": subnetwork.State.String("selfLink"), "ipCidrRange": subnetwork.State.String("ipCidrRange"),
			"network": subnetwork.State.String("network"), "networkSelfLink": subnetwork.State.String("network"),
			"privateIpGoogleAccess": subnetwork.State.Bool("privateIpGoogleAccess"), "description": "",
		})
	}
	return world.Values{"id": "projects/" + project + "/subnetworks", "project": project, "subnetworks": list}, nil
}

// projectOf is the project in a resource's path.
func projectOf(path string) string {
	_, rest, _ := strings.Cut(path, "projects/")
	project, _, _ := strings.Cut(rest, "/")
	return project
}

func passes(state world.Values, filter string) bool {
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
