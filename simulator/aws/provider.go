// Package aws is the simulated Amazon Web Services: schema.json has the types that the program uses, as the AWS
// provider declares them, and the Go files have the rules by which the cloud refuses.
//
// Which inputs are required, computed or force a replacement is read in the provider's sources:
// https://github.com/hashicorp/terraform-provider-aws/tree/v5.100.0/internal/service
package aws

import (
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

// Account is the number of the one account that there is.
const Account = "123456789012"

//go:embed schema.json
var schemaJSON []byte

// Provider returns what the simulated AWS serves.
func Provider() *schema.Provider { return served() }

var served = sync.OnceValue(func() *schema.Provider {
	p := schema.Load("aws", schemaJSON, behaviors, functions)
	p.CheckConfig, p.Check = checkConfig, checkTags
	p.Network, p.Inspect = newNetwork, inspect
	p.Restart = &schema.Restart{
		Machine: instanceType, MemberKey: groupKey, Start: runInstance,
		Groups: []schema.Group{{Type: groupType, Start: startGroup}},
	}
	return p
})

// behaviors are what the cloud does with the types of the schema.
var behaviors = map[string]schema.Behavior{
	addressType:          {Create: createAddress, Update: associateAddress, Delete: deleteAddress},
	alarmType:            {Check: checkAlarmShape, Create: createAlarm, Update: checkAlarm},
	aliasType:            {Create: createAlias, Update: resolveAlias},
	associationType:      {Create: createAssociation, Update: checkAssociation},
	attachmentType:       {Create: createAttachment},
	bucketEncryptionType: {Create: checkBucketEncryption, Update: checkBucketEncryption},
	bucketLoggingType:    {Create: checkBucketLogging, Update: checkBucketLogging},
	bucketPolicyType:     {Create: checkBucketPolicy, Update: checkBucketPolicy},
	bucketType:           {Create: createBucket, Delete: deleteBucket},
	defaultGroupType:     {Create: adoptDefaultGroup},
	egressType:           {Check: checkRule, Create: createRule, Update: checkPeer},
	encryptionType:       {Create: createEncryption, Delete: keepEncryption},
	endpointType:         {Create: createEndpoint, Update: checkEndpoint},
	flowLogType:          {Check: checkFlowLog, Create: createFlowLog},
	gatewayType:          {Create: attachGateway, Update: attachGateway, Delete: deleteGateway},
	grantType:            {Create: createGrant},
	groupType:            {Check: checkGroup, Create: createGroup, Update: updateGroup, Delete: deleteGroup},
	hookType:             {Create: createHook, Update: findGroup},
	ingressType:          {Check: checkRule, Create: createRule, Update: checkPeer},
	instanceType: {Check: checkInstance, Diff: replaceForUserData, Create: createInstance,
		Update: updateInstance, Delete: deleteInstance},
	interfaceType: {Create: createInterface, Update: checkInterface, Delete: deleteInterface},
	keyType:       {Create: createKey, Update: checkKeyPolicy},
	lifecycleType: {Create: checkLifecycle, Update: checkLifecycle},
	listenerType:  {Create: createListener, Update: checkListener},
	loadBalancerType: {Check: checkLoadBalancer, Diff: replaceNetworkLoadBalancer, Create: createLoadBalancer,
		Update: updateLoadBalancer, Delete: deleteLoadBalancer},
	logGroupType:         {Check: checkRetention, Create: createLogGroup, Update: checkLogKey},
	natType:              {Create: createNAT},
	oidcProviderType:     {Create: createOIDCProvider},
	ownershipType:        {Create: onBucket, Update: onBucket},
	policyAttachmentType: {Create: createPolicyAttachment, Import: importPolicyAttachment},
	policyType:           {Create: createPolicy, Update: checkManagedPolicy, Delete: deletePolicy},
	profileType:          {Create: createProfile, Update: checkProfileRole},
	publicAccessType:     {Create: onBucket, Update: onBucket},
	queuePolicyType:      {Create: createQueuePolicy, Update: checkQueuePolicy},
	queueType:            {Create: createQueue},
	recordType:           {Check: checkRecord, Create: createRecord, Update: updateRecord},
	rolePolicyType:       {Create: createRolePolicy, Update: checkRolePolicy},
	roleType:             {Create: createRole, Update: checkTrust, Delete: deleteRole},
	routeTableType:       {Create: createRouteTable, Update: checkInlineRoutes, Delete: deleteRouteTable},
	routeType:            {Create: createRoute, Update: checkRouteTarget},
	ruleType:             {Check: checkEventRule, Create: createEventRule, Delete: deleteEventRule},
	scalingType:          {Check: checkScaling, Create: createScaling, Update: findGroup},
	securityGroupType:    {Check: checkGroupName, Create: createSecurityGroup, Delete: deleteSecurityGroup},
	subnetType:           {Create: createSubnet, Delete: deleteSubnet},
	subscriptionType:     {Create: createSubscription},
	targetGroupType:      {Check: checkTargetGroup, Create: createTargetGroup, Delete: deleteTargetGroup},
	targetType:           {Create: createEventTarget, Update: checkEventTarget},
	templateType:         {Check: checkTemplateTags, Create: createTemplate, Update: updateTemplate},
	topicPolicyType:      {Create: createTopicPolicy, Update: checkTopicPolicy},
	topicType:            {Create: createTopic, Update: checkTopicKey},
	versioningType:       {Create: onBucket, Update: onBucket},
	vpcType:              {Create: createVPC, Update: checkVPC, Delete: deleteVPC},
	zoneType:             {Create: createZone, Update: checkZoneNetworks, Delete: deleteZone},
}

// functions answer the data sources.
var functions = map[string]schema.Invoke{
	"aws:ec2/getAmi:getAmi":                                     lookUpImage,
	"aws:ec2/getVpc:getVpc":                                     getVPC,
	"aws:ec2/getSubnet:getSubnet":                               getSubnet,
	"aws:ec2/getSubnets:getSubnets":                             getSubnets,
	"aws:ec2/getSecurityGroups:getSecurityGroups":               getSecurityGroups,
	"aws:ec2/getInstances:getInstances":                         getInstances,
	"aws:kms/getAlias:getAlias":                                 getAlias,
	"aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": getOIDCProvider,
	"aws:index/getCallerIdentity:getCallerIdentity":             getCallerIdentity,
	"aws:index/getPartition:getPartition":                       getPartition,
	"aws:index/getAvailabilityZones:getAvailabilityZones":       getAvailabilityZones,
}

func checkConfig(config store.Values) []schema.Problem {
	var problems []schema.Problem
	if allowed := config.Strings("allowedAccountIds"); len(allowed) > 0 && !slices.Contains(allowed, Account) {
		problems = append(problems, schema.Problem{Property: "allowedAccountIds",
			Reason: "AWS account ID not allowed: " + Account})
	}
	tags := config.Object("defaultTags").Object("tags")
	return append(problems, tagProblems("defaultTags.tags", tags)...)
}

// checkTags merges the provider's default tags into the resource's own, and checks them.
func checkTags(c *schema.Call) []schema.Problem {
	if _, tagged := c.Type.Fields["tagsAll"]; !tagged {
		return nil
	}
	if c.Inputs.Has("tags") && !c.Inputs.Known("tags") {
		c.Inputs["tagsAll"] = store.Unknown
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

func tagProblems(property string, tags store.Values) []schema.Problem {
	var problems []schema.Problem
	refuse := func(format string, arguments ...any) {
		problems = append(problems, schema.Refuse(property, format, arguments...)...)
	}
	if len(tags) > 50 {
		refuse("a resource can have at most 50 tags, got %d", len(tags))
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value := tags.String(key)
		switch {
		case len(key) == 0 || len(key) > 128:
			refuse("the key %q must have 1 to 128 characters", key)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			refuse("the key %q is reserved: the prefix aws: belongs to AWS", key)
		case len(value) > 256:
			refuse("the value of %q has %d characters, at most 256 are allowed", key, len(value))
		case !tagCharacters.MatchString(key) || !tagCharacters.MatchString(value):
			refuse("%q=%q has characters that AWS does not allow; use letters, digits, spaces and _.:/=+-@", key, value)
		}
	}
	return problems
}

// arn returns the name that AWS gives to a resource.
func arn(service, region, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, Account, resource)
}

// find returns the resource with that id in the call's region, or the error of AWS.
func find(c *schema.Call, token, id, code, what string) (*store.Resource, error) {
	region := c.Region
	if strings.HasPrefix(token, "aws:iam/") {
		region = ""
	}
	if found := c.Store.Get(token, region, id); found != nil {
		// EC2 and IAM are eventually consistent, and the provider waits until it reads what it has made:
		// https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
		return found, schema.Known(found, "%s: the %s %q does not exist", code, what, id)
	}
	return nil, fmt.Errorf("%s: the %s %q does not exist", code, what, id)
}

// users returns the resources of those types in the call's region whose state names id under a property.
func users(c *schema.Call, property, id string, tokens ...string) []*store.Resource {
	return c.Store.Select(func(r *store.Resource) bool {
		if r.Region != c.Region || !slices.Contains(tokens, r.Type) {
			return false
		}
		return r.State.String(property) == id || slices.Contains(r.State.Strings(property), id)
	})
}

func names(resources []*store.Resource) string {
	ids := make([]string, len(resources))
	for i, r := range resources {
		ids[i] = r.ID
	}
	return strings.Join(ids, ", ")
}
