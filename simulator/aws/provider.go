// Package aws is the simulated Amazon Web Services: tables of the resources that the program uses, as the AWS provider
// (Terraform AWS provider 5.100 behind pulumi-aws 6.83) declares them, and the rules by which the cloud refuses.
//
// Which inputs are required, computed or force a replacement is read in the provider's sources:
// https://github.com/hashicorp/terraform-provider-aws/tree/v5.100.0/internal/service
package aws

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/world"
)

// Account is the number of the one account that there is.
const Account = "123456789012"

// Catalogue is what the simulated AWS serves.
func Catalogue() *catalogue.Provider {
	provider := &catalogue.Provider{
		Name: "aws",
		Config: catalogue.Fields{
			"region": catalogue.String(catalogue.Required, catalogue.Replaces, catalogue.Matching(`^[a-z]{2}(-[a-z]+)+-\d$`)),
			"defaultTags": catalogue.Object(catalogue.Fields{
				"tags": catalogue.StringMap(),
			}),
			"ignoreTags":        catalogue.Object(catalogue.Fields{"keys": catalogue.Strings(), "keyPrefixes": catalogue.Strings()}),
			"allowedAccountIds": catalogue.Strings(), "forbiddenAccountIds": catalogue.Strings(),
			"assumeRoles": catalogue.Objects(assumeRole), "assumeRole": catalogue.Object(assumeRole),
			"profile": catalogue.String(), "accessKey": catalogue.String(catalogue.Secret), "secretKey": catalogue.String(catalogue.Secret), "token": catalogue.String(catalogue.Secret),
			"maxRetries": catalogue.Number(), "retryMode": catalogue.String(catalogue.OneOf("standard", "adaptive")),
			"skipCredentialsValidation": catalogue.Bool(), "skipMetadataApiCheck": catalogue.Bool(), "skipRegionValidation": catalogue.Bool(), "skipRequestingAccountId": catalogue.Bool(),
		},
		CheckConfig: checkConfig,
		Check:       checkTags,
		Site:        newSite,
		Restart:     restart,
		Inspect:     inspect,
	}
	for _, resources := range [][]catalogue.Resource{
		networkResources, firewallResources, instanceResources, groupResources,
		loadBalancerResources, dnsResources, identityResources, keyResources, eventResources, alarmResources, storageResources, flowLogResources,
	} {
		provider.Resources = append(provider.Resources, resources...)
	}
	provider.Functions = functions
	return provider
}

var assumeRole = catalogue.Fields{
	"roleArn": catalogue.String(), "externalId": catalogue.String(), "sessionName": catalogue.String(), "duration": catalogue.String(),
}

func checkConfig(config world.Values) []catalogue.Problem {
	var problems []catalogue.Problem
	if allowed := config.Strings("allowedAccountIds"); len(allowed) > 0 && !slices.Contains(allowed, Account) {
		problems = append(problems, catalogue.Problem{Property: "allowedAccountIds", Reason: "AWS account ID not allowed: " + Account})
	}
	tags := config.Object("defaultTags").Object("tags")
	return append(problems, tagProblems("defaultTags.tags", tags)...)
}

// tags are the properties of a resource that can be tagged.
var tags = catalogue.Fields{
	"tags":    catalogue.StringMap(),
	"tagsAll": catalogue.StringMap(catalogue.Computed),
}

// checkTags merges the provider's default tags into the resource's own, and checks them.
func checkTags(c *catalogue.Call) []catalogue.Problem {
	if _, tagged := c.Type.Fields["tagsAll"]; !tagged {
		return nil
	}
	if c.Inputs.Has("tags") && !c.Inputs.Known("tags") {
		c.Inputs["tagsAll"] = world.Unknown
		return nil
	}
	all := map[string]any{}
	maps.Copy(all, c.Config.Object("defaultTags").Object("tags"))
	maps.Copy(all, c.Inputs.Object("tags"))
	c.Inputs["tagsAll"] = all
	return tagProblems("tags", all)
}

// tagCharacters is the alphabet of IAM's tags, which every default tag must keep to. The limits:
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html#id_tags_naming_best_practices
var tagCharacters = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

func tagProblems(property string, tags world.Values) []catalogue.Problem {
	var problems []catalogue.Problem
	refuse := func(format string, arguments ...any) {
		problems = append(problems, catalogue.Problem{Property: property, Reason: fmt.Sprintf(format, arguments...)})
	}
	if len(tags) > 50 {
		refuse("a resource takes at most 50 tags, got %d", len(tags))
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value := tags.String(key)
		switch {
		case len(key) == 0 || len(key) > 128:
			refuse("the key %q must have 1 to 128 characters", key)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			refuse("the key %q is reserved: keys that start with aws: are AWS' own", key)
		case len(value) > 256:
			refuse("the value of %q has %d characters, at most 256 are allowed", key, len(value))
		case !tagCharacters.MatchString(key) || !tagCharacters.MatchString(value):
			refuse("%q=%q has characters that AWS does not allow; use letters, digits, spaces and _.:/=+-@", key, value)
		}
	}
	return problems
}

// arn is the name that AWS gives to a resource.
func arn(service, region, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, Account, resource)
}

// find is the resource with that id in the call's region, or the error that AWS answers.
func find(c *catalogue.Call, token, id, code, what string) (*world.Resource, error) {
	region := c.Region
	if strings.HasPrefix(token, "aws:iam/") {
		region = ""
	}
	if found := c.World.Get(token, region, id); found != nil {
		// EC2 and IAM are eventually consistent, and the provider waits until it reads what it has made:
		// https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
		return found, catalogue.Known(found, "%s: the %s %q does not exist", code, what, id)
	}
	return nil, fmt.Errorf("%s: the %s %q does not exist", code, what, id)
}

// users are the resources of those types in the call's region whose state names id under a property.
func users(c *catalogue.Call, property, id string, tokens ...string) []*world.Resource {
	return c.World.Select(func(r *world.Resource) bool {
		if r.Region != c.Region || !slices.Contains(tokens, r.Type) {
			return false
		}
		return r.State.String(property) == id || slices.Contains(r.State.Strings(property), id)
	})
}

func names(resources []*world.Resource) string {
	ids := make([]string, len(resources))
	for i, r := range resources {
		ids[i] = r.ID
	}
	return strings.Join(ids, ", ")
}
