package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// overrideProblems returns the contradictions among the types of a mixed policy.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateOverrides.html
func overrideProblems(policy store.Values) []schema.Problem {
	var problems []schema.Problem
	refuse := func(property, format string, arguments ...any) {
		problems = append(problems, schema.Refuse("mixedInstancesPolicy."+property, format, arguments...)...)
	}
	overrides := policy.Object("launchTemplate").Objects("overrides")
	named, described, weighted := 0, 0, 0
	for i, override := range overrides {
		requirements := override.Object("instanceRequirements")
		for property, count := range map[string]*int{"instanceType": &named, "instanceRequirements": &described,
			"weightedCapacity": &weighted} {
			if override.Has(property) {
				*count++
			}
		}
		at := fmt.Sprintf("launchTemplate.overrides[%d].instanceRequirements", i)
		if override.Has("instanceRequirements") && (!requirements.Has("vcpuCount") || !requirements.Has("memoryMib")) {
			refuse(at, "You must specify VCpuCount and MemoryMiB")
		}
	}
	distribution := policy.Object("instancesDistribution")
	switch {
	case weighted > 0 && weighted < len(overrides):
		refuse("launchTemplate.overrides", "a weight must be given for every instance type or for none, got %d of %d",
			weighted, len(overrides))
	case named > 0 && described > 0:
		refuse("launchTemplate.overrides", "You can't combine InstanceType with InstanceRequirements")
	case described > 0 && distribution.String("spotAllocationStrategy") == "capacity-optimized-prioritized":
		refuse("instancesDistribution.spotAllocationStrategy",
			"capacity-optimized-prioritized is not for InstanceRequirements")
	case described > 0 && distribution.String("onDemandAllocationStrategy") == "prioritized":
		refuse("instancesDistribution.onDemandAllocationStrategy", "prioritized is not for InstanceRequirements")
	}
	return problems
}

// The families of which matchTypes knows the memory, in GiB for each vCPU, and their sizes' vCPU.
var (
	memoryOf = map[string]int{"c6g": 2, "c7g": 2, "c8g": 2, "m6g": 4, "m7g": 4, "m8g": 4, "r6g": 8, "r7g": 8,
		"r8g": 8, "c6i": 2, "m6i": 4, "m6a": 4, "r6i": 8}
	vCPUOf = map[string]int{"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}
)

// matchTypes picks the types that fit the description and the image's architecture.
func (g *group) matchTypes() error {
	image, err := findImage(g.call.Region, g.template.String("imageId"))
	if err != nil {
		return err
	}
	vCPU, memory := g.requirements.Object("vcpuCount"), g.requirements.Object("memoryMib")
	g.types = nil
	for family, perVCPU := range memoryOf {
		for size, count := range vCPUOf {
			machine := family + "." + size
			if within(count, vCPU) && within(count*perVCPU<<10, memory) && image.fits(machine) == nil &&
				madeBy(family, g.requirements.Strings("cpuManufacturers")) {
				g.types = append(g.types, machine)
			}
		}
	}
	slices.Sort(g.types)
	if len(g.types) == 0 {
		return fmt.Errorf("ValidationError: No instance types satisfy the instance requirements")
	}
	return nil
}

func within(number int, bounds store.Values) bool {
	return number >= bounds.Int("min") && (!bounds.Has("max") || number <= bounds.Int("max"))
}

// madeBy reports whether a manufacturer makes the processor of a machine family, which its last letter shows.
func madeBy(family string, manufacturers []string) bool {
	maker := map[string]string{"g": "amazon-web-services", "i": "intel",
		"a": "amd"}[strings.TrimLeft(family, "cmr0123456789")]
	return len(manufacturers) == 0 || slices.Contains(manufacturers, maker)
}

func createHook(c *schema.Call) error {
	c.ID = c.State.String("name")
	return findGroup(c)
}

// findGroup looks for the group of a hook or a policy.
func findGroup(c *schema.Call) error {
	_, err := find(c, groupType, c.State.String("autoscalingGroupName"), "ValidationError", "AutoScalingGroup name")
	return err
}

func checkScaling(c *schema.Call) []schema.Problem {
	kind := c.Inputs.String("policyType")
	switch target := c.Inputs.Has("targetTrackingConfiguration"); {
	case kind == "TargetTrackingScaling" && !target:
		return schema.Refuse("targetTrackingConfiguration",
			"target_tracking_configuration must be set for policy type TargetTrackingScaling")
	case kind != "TargetTrackingScaling" && target:
		return schema.Refuse("targetTrackingConfiguration",
			"is only supported for policy type TargetTrackingScaling, got %s", kind)
	}
	return nil
}

func createScaling(c *schema.Call) error {
	c.ID = c.State.String("name")
	group := c.State.String("autoscalingGroupName")
	resource := "scalingPolicy:" + c.Store.Hash(c.URN, 32) + ":autoScalingGroupName/" + group + ":policyName/" + c.ID
	c.State["arn"] = arn("autoscaling", c.Region, resource)
	return findGroup(c)
}
