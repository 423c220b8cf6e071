package aws

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of scaling groups.
const (
	templateType = "aws:ec2/launchTemplate:LaunchTemplate"
	groupType    = "aws:autoscaling/group:Group"
	hookType     = "aws:autoscaling/lifecycleHook:LifecycleHook"
	scalingType  = "aws:autoscaling/policy:Policy"
)

// Keys of a state that only the store knows.
const (
	// versionsKey are a launch template's versions, the first being number 1.
	versionsKey = "__versions"
	// groupKey is the group that started a machine.
	groupKey = "__group"
)

// versioned returns the properties of a launch template that its versions consist of.
func versioned(inputs store.Values) map[string]any {
	version := inputs.Clone()
	for _, name := range []string{"name", "tags", "tagsAll", "updateDefaultVersion", "defaultVersion", "description"} {
		delete(version, name)
	}
	return version
}

func checkTemplateTags(c *schema.Call) []schema.Problem {
	var problems []schema.Problem
	for i, specification := range c.Inputs.Objects("tagSpecifications") {
		problems = append(problems, tagProblems(fmt.Sprintf("tagSpecifications[%d].tags", i),
			specification.Object("tags"))...)
	}
	return problems
}

func createTemplate(c *schema.Call) error {
	name := c.State.String("name")
	if c.Store.Find(templateType, c.Region, func(r *store.Resource) bool {
		return r.State.String("name") == name
	}) != nil {
		return fmt.Errorf("InvalidLaunchTemplateName.AlreadyExistsException: Launch template name already in use: %s",
			name)
	}
	if err := checkTemplate(c); err != nil {
		return err
	}
	c.State["arn"] = arn("ec2", c.Region, "launch-template/"+c.ID)
	c.State[versionsKey] = []any{versioned(c.Inputs)}
	return nil
}

func checkTemplate(c *schema.Call) error {
	if err := checkUserData(c.Inputs.String("userData")); err != nil {
		return err
	}
	for _, interfaces := range c.Inputs.Objects("networkInterfaces") {
		if interfaces.Has("securityGroups") && c.Inputs.Has("vpcSecurityGroupIds") {
			return fmt.Errorf("InvalidParameterCombination: Network interfaces and an instance-level security " +
				"groups may not be specified on the same request")
		}
	}
	for _, mapping := range c.Inputs.Objects("blockDeviceMappings") {
		disk := mapping.Object("ebs")
		if err := checkDiskKey(c, disk.String("kmsKeyId"), disk.String("encrypted") == "true"); err != nil {
			return err
		}
	}
	return nil
}

func updateTemplate(c *schema.Call) error {
	if err := checkTemplate(c); err != nil {
		return err
	}
	template := c.Store.Get(templateType, c.Region, c.ID)
	versions := slices.Clone(template.State[versionsKey].([]any))
	if !reflect.DeepEqual(versioned(c.Old), versioned(c.Inputs)) {
		versions = append(versions, versioned(c.Inputs))
	}
	c.State[versionsKey], c.State["latestVersion"] = versions, float64(len(versions))
	if c.Inputs.Bool("updateDefaultVersion") {
		c.State["defaultVersion"] = float64(len(versions))
	}
	return nil
}

// checkGroup refuses what the provider and the service refuse before they look at anything else.
func checkGroup(c *schema.Call) []schema.Problem {
	var problems []schema.Problem
	refuse := func(property, format string, arguments ...any) {
		problems = append(problems, schema.Refuse(property, format, arguments...)...)
	}
	distribution := c.Inputs.Object("mixedInstancesPolicy").Object("instancesDistribution")
	strategy := distribution.String("spotAllocationStrategy")
	if distribution.Has("spotInstancePools") && strategy != "lowest-price" && strategy != "" {
		refuse("mixedInstancesPolicy.instancesDistribution.spotInstancePools",
			"is only for the strategy lowest-price, not for %s", strategy)
	}
	if price := distribution.String("spotMaxPrice"); price != "" &&
		!regexp.MustCompile(`^\d+(\.\d+)?$`).MatchString(price) {
		refuse("mixedInstancesPolicy.instancesDistribution.spotMaxPrice", "%q is no price", price)
	}
	problems = append(problems, overrideProblems(c.Inputs.Object("mixedInstancesPolicy"))...)
	if lifetime := c.Inputs.Int("maxInstanceLifetime"); lifetime != 0 && lifetime < 86400 {
		refuse("maxInstanceLifetime", "must be 0 or between 86400 and 31536000, got %d", lifetime)
	}
	tags := store.Values{}
	for _, tag := range c.Inputs.Objects("tags") {
		tags[tag.String("key")] = tag.String("value")
	}
	return append(problems, tagProblems("tags", tags)...)
}

// group is an Auto Scaling group at work: it starts and ends machines in the store.
type group struct {
	call *schema.Call
	// template is the launch template's version that new machines start from; types are those that they may have.
	template store.Values
	version  int
	types    []string
	subnets  []*store.Resource
	mixed    store.Values
	// requirements describe the types instead of naming them.
	requirements store.Values
}

func createGroup(c *schema.Call) error {
	c.ID = c.State.String("name")
	if c.Store.Get(groupType, c.Region, c.ID) != nil {
		return fmt.Errorf("AlreadyExists: AutoScalingGroup by this name already exists - A group with the name %s "+
			"already exists", c.ID)
	}
	c.State["arn"] = arn("autoscaling", c.Region,
		"autoScalingGroup:"+c.Store.Hash(c.URN, 32)+":autoScalingGroupName/"+c.ID)
	return updateGroup(c)
}

func updateGroup(c *schema.Call) error {
	g, err := newGroup(c)
	if err != nil {
		return err
	}
	low, high := c.State.Int("minSize"), c.State.Int("maxSize")
	desired := c.State.Int("desiredCapacity")
	if low > high {
		return fmt.Errorf("ValidationError: Min bound, %d, must be less than or equal to max bound, %d", low, high)
	}
	// A desired capacity that the update does not change follows the new bounds by itself:
	// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
	changed := c.Inputs.Int("desiredCapacity") != c.Old.Int("desiredCapacity")
	if c.Inputs.Has("desiredCapacity") && changed && (desired < low || desired > high) {
		return fmt.Errorf("ValidationError: Desired capacity:%d must be between the specified min size:%d and max "+
			"size:%d", desired, low, high)
	}
	desired = min(max(desired, low), high)
	c.State["desiredCapacity"] = float64(desired)
	if err := g.scale(desired); err != nil {
		return err
	}
	if refresh := c.Inputs.Object("instanceRefresh"); len(refresh) > 0 && len(c.Old) > 0 && g.refreshes(refresh) {
		return g.refresh()
	}
	return nil
}

func deleteGroup(c *schema.Call) error {
	for _, member := range members(c.Store, c.Region, c.ID) {
		c.Store.Remove(member)
	}
	return nil
}

// members returns the machines of a group, in the order of their start.
func members(st *store.Store, region, name string) []*store.Resource {
	return st.Select(func(r *store.Resource) bool {
		return r.Type == instanceType && r.Region == region && r.State.String(groupKey) == name
	})
}

// newGroup resolves what the group's machines are made from, and refuses what cannot be started.
func newGroup(c *schema.Call) (*group, error) {
	g := &group{call: c}
	specification := c.State.Object("launchTemplate")
	if policy := c.State.Object("mixedInstancesPolicy"); len(policy) > 0 {
		specification = policy.Object("launchTemplate").Object("launchTemplateSpecification")
		g.mixed = policy.Object("instancesDistribution")
		if g.mixed == nil {
			g.mixed = store.Values{}
		}
		for _, override := range policy.Object("launchTemplate").Objects("overrides") {
			g.types = append(g.types, override.String("instanceType"))
			if wanted := override.Object("instanceRequirements"); len(wanted) > 0 {
				g.requirements = wanted
			}
		}
	}
	if err := g.findTemplate(specification); err != nil {
		return nil, err
	}
	// https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-template-spot-instances.html
	if g.mixed != nil && g.template.Object("instanceMarketOptions").String("marketType") != "" {
		return nil, fmt.Errorf("ValidationError: Incompatible launch template: You cannot use a launch template " +
			"that is set to request Spot Instances (InstanceMarketOptions) when you configure an Auto Scaling " +
			"group with a mixed instances policy. Remove the InstanceMarketOptions and try again")
	}
	switch {
	case len(g.requirements) > 0:
		if err := g.matchTypes(); err != nil {
			return nil, err
		}
	case len(g.types) == 0:
		g.types = []string{g.template.String("instanceType")}
	}
	if err := g.findSubnets(); err != nil {
		return nil, err
	}
	return g, g.checkMachine()
}

func (g *group) findTemplate(specification store.Values) error {
	c := g.call
	id := cmp.Or(specification.String("id"), specification.String("launchTemplateId"))
	template := c.Store.Get(templateType, c.Region, id)
	if template == nil {
		return fmt.Errorf("ValidationError: You must use a valid fully-formed launch template. The specified "+
			"launch template %s does not exist", id)
	}
	versions, _ := template.State[versionsKey].([]any)
	switch version := specification.String("version"); version {
	case "$Latest":
		g.version = len(versions)
	case "$Default", "":
		g.version = template.State.Int("defaultVersion")
	default:
		number, err := strconv.Atoi(version)
		if err != nil || number < 1 || number > len(versions) {
			return fmt.Errorf("ValidationError: You must use a valid fully-formed launch template. The specified "+
				"launch template version %s does not exist", version)
		}
		g.version = number
	}
	g.template = versions[g.version-1].(map[string]any)
	return nil
}

func (g *group) findSubnets() error {
	c := g.call
	for _, id := range c.State.Strings("vpcZoneIdentifiers") {
		subnet := c.Store.Get(subnetType, c.Region, id)
		if subnet == nil {
			return fmt.Errorf("ValidationError: The subnet ID '%s' does not exist", id)
		}
		if len(g.subnets) > 0 && g.subnets[0].State.String("vpcId") != subnet.State.String("vpcId") {
			return fmt.Errorf("ValidationError: Subnets can only belong to one VPC: %s", id)
		}
		g.subnets = append(g.subnets, subnet)
	}
	slices.SortFunc(g.subnets, func(a, b *store.Resource) int {
		return strings.Compare(a.State.String("availabilityZone")+a.ID, b.State.String("availabilityZone")+b.ID)
	})
	return nil
}

// checkMachine refuses what EC2 would refuse when the group starts its first machine.
func (g *group) checkMachine() error {
	c := g.call
	image, err := findImage(c.Region, g.template.String("imageId"))
	if err != nil {
		return fmt.Errorf("ValidationError: You must use a valid fully-formed launch template. %w", err)
	}
	for _, machine := range g.types {
		if err := image.fits(machine); err != nil {
			return fmt.Errorf("ValidationError: You must use a valid fully-formed launch template. %w", err)
		}
	}
	for _, mapping := range g.template.Objects("blockDeviceMappings") {
		size := mapping.Object("ebs").Int("volumeSize")
		if mapping.String("deviceName") == rootDevice && size != 0 && size < imageGiB {
			return fmt.Errorf("ValidationError: Volume of size %dGB is smaller than the image's snapshot, expect "+
				"size >= %dGB", size, imageGiB)
		}
	}
	if err := checkProfile(c, g.profile()); err != nil {
		return err
	}
	if err := g.checkKey(); err != nil {
		return err
	}
	return checkGroups(c, g.securityGroups(), g.subnets[0].State.String("vpcId"))
}

// profile returns the name of the instance profile that the group's machines have.
func (g *group) profile() string {
	profile := g.template.Object("iamInstanceProfile")
	if name := profile.String("name"); name != "" {
		return name
	}
	return profile.String("arn")[strings.LastIndex(profile.String("arn"), "/")+1:]
}

func (g *group) securityGroups() []string {
	groups := g.template.Strings("vpcSecurityGroupIds")
	for _, interfaces := range g.template.Objects("networkInterfaces") {
		groups = append(groups, interfaces.Strings("securityGroups")...)
	}
	return groups
}

// scale starts or ends machines until the group has as many as desired. The oldest go first.
func (g *group) scale(desired int) error {
	running := members(g.call.Store, g.call.Region, g.call.ID)
	for _, member := range running[:max(0, len(running)-desired)] {
		g.call.Store.Remove(member)
	}
	for n := len(running); n < desired; n++ {
		if err := g.start(); err != nil {
			return err
		}
	}
	return nil
}

// refreshes reports whether the update starts an instance refresh, by the provider's rules:
// https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/autoscaling_group#triggers-2
func (g *group) refreshes(refresh store.Values) bool {
	triggers := []string{"launchTemplate", "mixedInstancesPolicy"}
	for _, trigger := range refresh.Strings("triggers") {
		if trigger == "tag" {
			trigger = "tags"
		}
		triggers = append(triggers, trigger)
	}
	return slices.ContainsFunc(triggers, func(name string) bool {
		return !reflect.DeepEqual(g.call.Old[name], g.call.Inputs[name])
	})
}

// peakKey is the most machines that a group ever had, which only the store knows.
const peakKey = "__peak"

// refresh replaces as many machines at a time as the range of healthy percentages has room for, at least one. With room
// above the group's size new ones start first; without, old ones go first.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html
func (g *group) refresh() error {
	preferences := g.call.Inputs.Object("instanceRefresh").Object("preferences")
	low, high := 90, 100
	if preferences.Has("minHealthyPercentage") {
		low = preferences.Int("minHealthyPercentage")
	}
	if preferences.Has("maxHealthyPercentage") {
		high = preferences.Int("maxHealthyPercentage")
	}
	old := members(g.call.Store, g.call.Region, g.call.ID)
	above, below := (len(old)*(high-100)+99)/100, len(old)*(100-low)/100
	for batch := range slices.Chunk(old, max(1, above+below)) {
		first := min(len(batch), max(0, len(batch)-above))
		for _, member := range batch[:first] {
			g.call.Store.Remove(member)
		}
		for range batch {
			if err := g.start(); err != nil {
				return err
			}
		}
		for _, member := range batch[first:] {
			g.call.Store.Remove(member)
		}
	}
	return nil
}

// start starts one machine in the subnet that has the fewest of the group, on demand up to the base and by percentage
// above.
func (g *group) start() error {
	c := g.call
	running := members(c.Store, c.Region, c.ID)
	count := map[string]int{}
	for _, member := range running {
		count[member.State.String("subnetId")]++
	}
	lifecycle, machine := g.buy(running)
	subnet, machine := g.place(count, machine)
	if err := buyable(c.Store, c.Region, subnet.State.String("availabilityZone"), machine,
		lifecycle == "spot"); err != nil {
		return err
	}
	seed := "member of " + c.Region + " " + c.ID
	serial := c.Store.Count(seed)
	id := fmt.Sprintf("i-%05x%s", serial, c.Store.Hash(seed+" id", 12))
	address, err := freeAddress(c.Store, subnet, "")
	if err != nil {
		return err
	}
	state := store.Values{
		"ami": g.template.String("imageId"), "instanceType": machine, "instanceLifecycle": lifecycle,
		"subnetId": subnet.ID, "availabilityZone": subnet.State.String("availabilityZone"), "privateIp": address,
		"vpcSecurityGroupIds": store.List(g.securityGroups()...), "tagsAll": g.memberTags(), "tags": g.memberTags(),
		groupKey: c.ID, userDataKey: g.template.String("userData"),
		"launchTemplate": map[string]any{"version": strconv.Itoa(g.version)},
	}
	if g.public(subnet) {
		state["publicIp"] = publicAddress(c.Store)
	}
	for _, mapping := range g.template.Objects("blockDeviceMappings") {
		if mapping.String("deviceName") == rootDevice {
			root := mapping.Object("ebs").Clone()
			root["encrypted"] = root.String("encrypted") == "true"
			delete(root, "deleteOnTermination")
			state["rootBlockDevice"] = map[string]any(root)
		}
	}
	state["metadataOptions"] = map[string]any(g.template.Object("metadataOptions").Clone())
	launch(c.Store, c.Region, id, id, state)
	c.Store.Put(&store.Resource{
		Provider: "aws", Type: instanceType, Region: c.Region, ID: id, Name: c.ID + "-" + id[len(id)-5:],
		Inputs: store.Values{}, State: state,
	})
	c.State[peakKey] = float64(max(c.State.Int(peakKey), len(running)+1))
	return nil
}

// buy returns how the next machine is bought, and of which type.
func (g *group) buy(running []*store.Resource) (lifecycle, machine string) {
	if g.mixed == nil {
		if g.template.Object("instanceMarketOptions").String("marketType") == "spot" {
			return "spot", g.types[0]
		}
		return "", g.types[0]
	}
	onDemand := 0
	for _, member := range running {
		if member.State.String("instanceLifecycle") == "" {
			onDemand++
		}
	}
	base, percentage := g.mixed.Int("onDemandBaseCapacity"), 100
	if g.mixed.Has("onDemandPercentageAboveBaseCapacity") {
		percentage = g.mixed.Int("onDemandPercentageAboveBaseCapacity")
	}
	above := max(0, len(running)+1-base)
	// AWS rounds up in favor of on demand.
	if onDemand < base+(above*percentage+99)/100 {
		return "", g.types[0]
	}
	// The cloud decides which spot pool has capacity: use the types in turn.
	return "spot", g.types[(len(running)-onDemand)%len(g.types)]
}

func (g *group) public(subnet *store.Resource) bool {
	for _, interfaces := range g.template.Objects("networkInterfaces") {
		if choice := interfaces.String("associatePublicIpAddress"); choice != "" {
			return choice == "true"
		}
	}
	return subnet.State.Bool("mapPublicIpOnLaunch")
}

func (g *group) memberTags() map[string]any {
	tags := map[string]any{"aws:autoscaling:groupName": g.call.ID}
	for _, specification := range g.template.Objects("tagSpecifications") {
		if specification.String("resourceType") == "instance" {
			maps.Copy(tags, specification.Object("tags"))
		}
	}
	for _, tag := range g.call.State.Objects("tags") {
		if tag.Bool("propagateAtLaunch") {
			tags[tag.String("key")] = tag.String("value")
		}
	}
	return tags
}

// Terminate terminates a machine without the program, as an operator does or the spot market. A group replaces it.
func Terminate(st *store.Store, machine *store.Resource) error {
	st.Remove(machine)
	deregister(st, machine)
	owner := st.Get(groupType, machine.Region, machine.State.String(groupKey))
	if owner == nil {
		return nil
	}
	g, err := newGroup(&schema.Call{
		Store: st, Region: owner.Region, ID: owner.ID, State: owner.State, Inputs: owner.Inputs, Old: owner.Inputs,
	})
	if err != nil {
		return err
	}
	return g.scale(owner.State.Int("desiredCapacity"))
}

// Interrupt reclaims a spot machine, as the cloud does. Its group replaces it.
func Interrupt(st *store.Store, machine *store.Resource) error {
	if machine.State.String("instanceLifecycle") != "spot" {
		return fmt.Errorf("%s is not a spot machine; AWS reclaims no others", machine.ID)
	}
	return Terminate(st, machine)
}
