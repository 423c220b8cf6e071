package gcp

import (
	"fmt"
	"slices"

	"github.com/inferadb/infra/simulator/conditions"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of managed groups.
const (
	templateType   = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
	managerType    = "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager"
	autoscalerType = "gcp:compute/regionAutoscaler:RegionAutoscaler"
)

// Keys of a member's state that only the store knows: the group that started it, and the template that it was created
// from.
const (
	managerKey  = "__manager"
	templateKey = "__template"
	// peakKey is the most machines that a group ever had.
	peakKey = "__peak"
)

// The defaults of how a group spreads over its zones.
const (
	even      = "EVEN"
	proactive = "PROACTIVE"
)

func checkTemplate(c *schema.Call) []schema.Problem {
	var problems []schema.Problem
	for i, disk := range c.Inputs.Objects("disks") {
		problems = append(problems, labelProblems(fmt.Sprintf("disks[%d].labels", i), disk.Object("labels"))...)
	}
	return problems
}

// replaceForLabels replaces a template whose labels change: they take effect as effectiveLabels, which cannot change.
func replaceForLabels(_ *schema.Call, changed []string) []string {
	if slices.Contains(changed, "labels") {
		return []string{"labels"}
	}
	return nil
}

func createTemplate(c *schema.Call) error {
	interfaces := c.State.Objects("networkInterfaces")
	if len(interfaces) != 1 {
		return invalid("properties.networkInterfaces", "",
			"The simulated machines have one network interface, got %d", len(interfaces))
	}
	if _, err := find(c, subnetworkType, interfaces[0].String("subnetwork")); err != nil {
		return err
	}
	if err := checkMachine(c, describe(member(c.State))); err != nil {
		return err
	}
	return create(c, "instanceTemplates")
}

// member returns the state of an instance that a template describes.
func member(template store.Values) store.Values {
	disk := store.Values{}
	for _, candidate := range template.Objects("disks") {
		if candidate.Bool("boot") || !candidate.Has("boot") {
			disk = candidate
		}
	}
	state := store.Values{}
	for _, name := range []string{"machineType", "metadata", "serviceAccount", "scheduling", "shieldedInstanceConfig",
		"labels", "tags", "networkInterfaces"} {
		if template.Has(name) {
			state[name] = template[name]
		}
	}
	state["bootDisk"] = map[string]any{
		"kmsKeySelfLink": disk.Object("diskEncryptionKey").String("kmsKeySelfLink"),
		"initializeParams": map[string]any{"image": disk.String("sourceImage"), "size": disk["diskSizeGb"],
			"type": disk.String("diskType"), "labels": disk["labels"]},
	}
	return state.Clone()
}

func createManager(c *schema.Call) error {
	if !c.State.Has("distributionPolicyZones") {
		c.State["distributionPolicyZones"] = store.List(zones(c.Region)...)
	}
	if err := create(c, "instanceGroupManagers"); err != nil {
		return err
	}
	c.State["instanceGroup"] = fmt.Sprintf("%sprojects/%s/regions/%s/instanceGroups/%s", api, Project, c.Region,
		c.State.String("name"))
	return updateManager(c)
}

func updateManager(c *schema.Call) error {
	policy := c.State.Object("updatePolicy").Clone()
	if !policy.Has("instanceRedistributionType") {
		policy["instanceRedistributionType"] = proactive
	}
	c.State["updatePolicy"] = map[string]any(policy)
	if err := checkManager(c); err != nil {
		return err
	}
	if err := checkDistribution(c); err != nil {
		return err
	}
	template, err := find(c, templateType, c.State.Objects("versions")[0].String("instanceTemplate"))
	if err != nil {
		return err
	}
	g := group{call: c, template: template}
	if err := g.scale(c.State.Int("targetSize")); err != nil {
		return err
	}
	if c.State.Object("updatePolicy").String("type") == "PROACTIVE" {
		return g.roll()
	}
	return nil
}

func checkManager(c *schema.Call) error {
	chosen := c.State.Strings("distributionPolicyZones")
	for _, zone := range chosen {
		if err := checkZone(c, zone); err != nil {
			return err
		}
	}
	if len(c.State.Objects("versions")) != 1 {
		return invalid("versions", "", "The simulated groups have one version")
	}
	policy := c.State.Object("updatePolicy")
	// https://cloud.google.com/compute/docs/instance-groups/rolling-out-updates-to-managed-instance-groups#max_surge
	for _, name := range []string{"maxSurgeFixed", "maxUnavailableFixed"} {
		if n := policy.Int(name); n != 0 && n < len(chosen) {
			return invalid("updatePolicy."+name, fmt.Sprint(n),
				"Fixed updatePolicy.%s for regional managed instance group has to be either 0 or at least equal to "+
					"the number of zones.", name)
		}
	}
	if policy.Has("maxSurgeFixed") && policy.Int("maxSurgeFixed") == 0 && policy.Has("maxUnavailableFixed") &&
		policy.Int("maxUnavailableFixed") == 0 {
		return invalid("updatePolicy.maxSurge", "0",
			"updatePolicy.maxSurge and updatePolicy.maxUnavailable cannot both be 0.")
	}
	if check := c.State.Object("autoHealingPolicies").String("healthCheck"); check != "" {
		if _, err := find(c, healthCheckType, check); err != nil {
			return err
		}
	}
	return nil
}

// checkDistribution checks how a group distributes its machines:
// https://cloud.google.com/compute/docs/instance-groups/regional-mig-distribution-shape and
// https://cloud.google.com/compute/docs/autoscaler#limitations
func checkDistribution(c *schema.Call) error {
	shape := c.State.String("distributionPolicyTargetShape")
	moves := c.State.Object("updatePolicy").String("instanceRedistributionType")
	if before := c.Store.Get(managerType, c.Region, c.ID); before != nil &&
		before.State.String("distributionPolicyTargetShape") != shape {
		// The provider sends the zones along with the shape:
		// https://github.com/hashicorp/terraform-provider-google/issues/19891
		return invalid("distributionPolicy.zones", "", "Distribution policy zones cannot be changed.")
	}
	if shape != even && moves != "NONE" {
		return invalid("updatePolicy.instanceRedistributionType", moves,
			"Proactive instance redistribution is not supported for target shape %s.", shape)
	}
	autoscaled := slices.ContainsFunc(c.Store.List(autoscalerType, c.Region),
		func(r *store.Resource) bool { return same(r.State.String("target"), c.ID) })
	if autoscaled && moves != proactive {
		return invalid("updatePolicy.instanceRedistributionType", moves,
			"Proactive instance redistribution cannot be disabled while the group is autoscaled.")
	}
	return nil
}

func deleteManager(c *schema.Call) error {
	if err := deleteUnused(c); err != nil {
		return err
	}
	for _, machine := range members(c.Store, c.Region, c.ID) {
		c.Store.Remove(machine)
	}
	return nil
}

// group is a managed instance group at work: it starts and ends machines in the store.
type group struct {
	call     *schema.Call
	template *store.Resource
}

// members returns the machines of a group.
func members(st *store.Store, region, manager string) []*store.Resource {
	return st.Select(func(r *store.Resource) bool {
		return r.Type == instanceType && r.Region == region && r.State.String(managerKey) == manager
	})
}

// scale starts or ends machines until the group has as many as it should.
func (g group) scale(target int) error {
	running := members(g.call.Store, g.call.Region, g.call.ID)
	for _, machine := range running[:max(0, len(running)-target)] {
		g.call.Store.Remove(machine)
	}
	for n := len(running); n < target; n++ {
		zone := g.emptiest()
		if zone == "" {
			// The group goes on trying.
			return nil
		}
		if err := g.start(zone); err != nil {
			return err
		}
	}
	return nil
}

// emptiest returns the zone that has the fewest machines of the group, among those that have stock. An even group
// starts no machine in another zone while the emptiest is out of stock: the answer is then empty.
func (g group) emptiest() string {
	count := map[string]int{}
	for _, machine := range members(g.call.Store, g.call.Region, g.call.ID) {
		count[machine.State.String("zone")]++
	}
	zones := g.call.State.Strings("distributionPolicyZones")
	slices.Sort(zones)
	inStock := slices.DeleteFunc(slices.Clone(zones), func(zone string) bool {
		return !conditions.InStock(zone, g.template.State.String("machineType"))
	})
	if len(inStock) == 0 {
		return ""
	}
	fewest := func(a, b string) int { return count[a] - count[b] }
	zone, first := slices.MinFunc(inStock, fewest), slices.MinFunc(zones, fewest)
	if g.call.State.String("distributionPolicyTargetShape") == even && count[zone] > count[first] {
		return ""
	}
	return zone
}

// roll replaces the machines of an older template, as many at a time as the policy has new ones start before old ones
// go.
func (g group) roll() error {
	old := slices.DeleteFunc(members(g.call.Store, g.call.Region, g.call.ID), func(m *store.Resource) bool {
		return m.State.String(templateKey) == g.template.ID
	})
	for batch := range slices.Chunk(old, max(1, g.call.State.Object("updatePolicy").Int("maxSurgeFixed"))) {
		for _, machine := range batch {
			if err := g.start(machine.State.String("zone")); err != nil {
				return err
			}
		}
		for _, machine := range batch {
			g.call.Store.Remove(machine)
		}
	}
	return nil
}

// start starts one machine from the group's template.
func (g group) start(zone string) error {
	c := g.call
	name := c.State.String("baseInstanceName") + "-" + c.Store.Hash("member of "+c.ID, 4)
	state := member(g.template.State)
	state["name"], state["zone"], state[managerKey], state[templateKey] = name, zone, c.ID, g.template.ID
	id := fmt.Sprintf("projects/%s/zones/%s/instances/%s", Project, zone, name)
	state["selfLink"], state["project"] = api+id, Project
	made := &schema.Call{Store: c.Store, Region: c.Region, URN: id, ID: id, State: state, Config: c.Config}
	if err := checkCPUs(made); err != nil {
		return err
	}
	if err := checkMachine(made, describe(state)); err != nil {
		return err
	}
	if err := placeInstance(made, nil); err != nil {
		return err
	}
	launch(made, state)
	c.Store.Put(&store.Resource{Provider: "gcp", Type: instanceType, Region: c.Region, ID: id, Name: name,
		Inputs: store.Values{}, State: state})
	c.State[peakKey] = float64(max(c.State.Int(peakKey), len(members(c.Store, c.Region, c.ID))))
	return nil
}

func createAutoscaler(c *schema.Call) error {
	if err := create(c, "autoscalers"); err != nil {
		return err
	}
	return checkAutoscaler(c)
}

// checkAutoscaler looks for the group, which one autoscaler moves at most, and moves it into its bounds. The simulated
// load never changes, so a group that is within them stays as it is.
func checkAutoscaler(c *schema.Call) error {
	manager, err := find(c, managerType, c.State.String("target"))
	if err != nil {
		return err
	}
	for _, other := range c.Store.List(autoscalerType, c.Region) {
		if other.ID != c.ID && same(other.State.String("target"), manager.ID) {
			return invalid("target", manager.ID, "The group has an autoscaler already: %s", other.ID)
		}
	}
	shape := manager.State.String("distributionPolicyTargetShape")
	moves := manager.State.Object("updatePolicy").String("instanceRedistributionType")
	if shape != even || moves != proactive {
		return invalid("target", manager.ID, "Autoscaling needs the target shape EVEN and proactive instance "+
			"redistribution, the group has %s and %s.", shape, moves)
	}
	policy := c.State.Object("autoscalingPolicy")
	low, high := policy.Int("minReplicas"), policy.Int("maxReplicas")
	if low > high {
		return invalid("autoscalingPolicy.minNumReplicas", fmt.Sprint(low),
			"It must not be greater than maxNumReplicas, %d", high)
	}
	size := manager.State.Int("targetSize")
	if policy.String("mode") == "OFF" || size >= low && size <= high {
		return nil
	}
	moved := *manager
	moved.State = manager.State.Clone()
	moved.State["targetSize"] = float64(min(max(size, low), high))
	c.Store.Put(&moved)
	return rescale(c.Store, &moved)
}

// Terminate terminates a machine without the program, as an operator does or the spot market. A group replaces it.
func Terminate(st *store.Store, machine *store.Resource) error {
	st.Remove(machine)
	leaveGroups(st, machine.Region, machine.ID)
	manager := st.Get(managerType, machine.Region, machine.State.String(managerKey))
	if manager == nil {
		return nil
	}
	return rescale(st, manager)
}

// rescale starts or ends machines until the group has as many as it should.
func rescale(st *store.Store, manager *store.Resource) error {
	c := &schema.Call{Store: st, Region: manager.Region, ID: manager.ID, State: manager.State,
		Inputs: manager.Inputs, Old: manager.Inputs}
	template, err := find(c, templateType, manager.State.Objects("versions")[0].String("instanceTemplate"))
	if err != nil {
		return err
	}
	return group{call: c, template: template}.scale(manager.State.Int("targetSize"))
}

// Interrupt reclaims a spot machine, as the cloud does. Its group replaces it.
func Interrupt(st *store.Store, machine *store.Resource) error {
	if machine.State.Object("scheduling").String("provisioningModel") != "SPOT" {
		return fmt.Errorf("%s is not a spot machine; Google Cloud reclaims no others", machine.ID)
	}
	return Terminate(st, machine)
}
