package aws

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

func getVPC(c *schema.Call) (store.Values, error) {
	found, err := single(c, vpcType, "EC2 VPC")
	if err != nil {
		return nil, err
	}
	associations := []any{}
	for _, block := range rangesOf(found) {
		associations = append(associations, map[string]any{"cidrBlock": block.String()})
	}
	return merged(found, store.Values{"id": found.ID, "cidrBlockAssociations": associations}), nil
}

func getSubnet(c *schema.Call) (store.Values, error) {
	found, err := single(c, subnetType, "EC2 Subnet")
	if err != nil {
		return nil, err
	}
	return merged(found, store.Values{"id": found.ID}), nil
}

func getSubnets(c *schema.Call) (store.Values, error) {
	ids := store.List()
	for _, subnet := range search(c, subnetType) {
		ids = append(ids, subnet.ID)
	}
	return store.Values{"id": c.Region, "ids": ids, "tags": map[string]any(c.Inputs.Object("tags"))}, nil
}

func getSecurityGroups(c *schema.Call) (store.Values, error) {
	ids := store.List()
	for _, group := range search(c, securityGroupType) {
		ids = append(ids, group.ID)
	}
	return store.Values{"id": c.Region, "ids": ids, "tags": map[string]any(c.Inputs.Object("tags"))}, nil
}

func getInstances(c *schema.Call) (store.Values, error) {
	ids := store.List()
	for _, instance := range search(c, instanceType) {
		ids = append(ids, instance.ID)
	}
	return store.Values{"id": c.Region, "ids": ids}, nil
}

func getAlias(c *schema.Call) (store.Values, error) {
	alias := c.Store.Get(aliasType, c.Region, c.Inputs.String("name"))
	if alias == nil {
		return nil, fmt.Errorf("NotFoundException: no KMS Alias %s in %s", c.Inputs.String("name"), c.Region)
	}
	key := alias.State.String("targetKeyArn")
	return store.Values{
		"id": alias.State.String("arn"), "arn": alias.State.String("arn"), "name": alias.ID,
		"targetKeyArn": key, "targetKeyId": strings.TrimPrefix(key, arn("kms", c.Region, "key/")),
	}, nil
}

func getOIDCProvider(c *schema.Call) (store.Values, error) {
	id := cmp.Or(c.Inputs.String("arn"), arn("iam", "",
		"oidc-provider/"+strings.TrimPrefix(c.Inputs.String("url"), "https://")))
	found := c.Store.Get(oidcProviderType, "", id)
	if found == nil {
		return nil, fmt.Errorf("finding IAM OIDC Provider by url: not found: %s", id)
	}
	return merged(found, store.Values{"id": found.ID}), nil
}

func getCallerIdentity(*schema.Call) (store.Values, error) {
	return store.Values{"id": Account, "accountId": Account, "arn": arn("iam", "", "user/simulator"),
		"userId": "AIDASIMULATOR"}, nil
}

func getPartition(*schema.Call) (store.Values, error) {
	return store.Values{"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com",
		"reverseDnsPrefix": "com.amazonaws"}, nil
}

func getAvailabilityZones(c *schema.Call) (store.Values, error) {
	names, ids := zones(c.Region), store.List()
	for _, zone := range names {
		ids = append(ids, zoneID(zone))
	}
	return store.Values{"id": c.Region, "names": store.List(names...), "zoneIds": ids,
		"groupNames": store.List(c.Region)}, nil
}

// merged returns the result of a data source about a resource.
func merged(r *store.Resource, more store.Values) store.Values {
	answer := store.Values{}
	for name, value := range r.State {
		if !strings.HasPrefix(name, "__") && name != "tagsAll" {
			answer[name] = value
		}
	}
	maps.Copy(answer, more)
	answer["tags"] = map[string]any(r.State.Object("tagsAll").Clone())
	return answer
}

func single(c *schema.Call, token, what string) (*store.Resource, error) {
	found := search(c, token)
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no matching %s found", what)
	case 1:
		return found[0], nil
	default:
		return nil, fmt.Errorf("multiple %ss matched; use additional constraints to reduce matches to a single %s",
			what, what)
	}
}

// search finds resources by the arguments of a data source.
func search(c *schema.Call, token string) []*store.Resource {
	return c.Store.Select(func(r *store.Resource) bool {
		if r.Type != token || r.Region != c.Region {
			return false
		}
		if id := c.Inputs.String("id"); id != "" && id != r.ID {
			return false
		}
		for _, name := range []string{"vpcId", "cidrBlock", "availabilityZone"} {
			if wanted := c.Inputs.String(name); wanted != "" && wanted != r.State.String(name) {
				return false
			}
		}
		for key := range c.Inputs.Object("tags") {
			if c.Inputs.Object("tags").String(key) != r.State.Object("tagsAll").String(key) {
				return false
			}
		}
		return !slices.ContainsFunc(c.Inputs.Objects("filters"),
			func(filter store.Values) bool { return !matches(r, filter) })
	})
}

func matches(r *store.Resource, filter store.Values) bool {
	name := filter.String("name")
	value := map[string]string{
		"vpc-id": r.State.String("vpcId"), "subnet-id": r.ID, "availability-zone": r.State.String("availabilityZone"),
		"cidr-block": r.State.String("cidrBlock"), "cidr": r.State.String("cidrBlock"),
	}[name]
	if key, isTag := strings.CutPrefix(name, "tag:"); isTag {
		value = r.State.Object("tagsAll").String(key)
	}
	return slices.ContainsFunc(filter.Strings("values"), func(pattern string) bool { return wildcard(pattern, value) })
}
