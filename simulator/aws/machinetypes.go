package aws

import (
	"fmt"
	"regexp"
	"slices"
)

// The families of machine types that Talos' images boot on. T2 and older are missing: they only boot with BIOS.
// https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html
var (
	arm64Families = []string{"a1", "t4g", "m6g", "m6gd", "m7g", "m7gd", "m8g", "c6g", "c6gd", "c6gn", "c7g", "c7gd",
		"c7gn", "c8g", "r6g", "r6gd", "r7g", "r7gd", "r8g", "x2gd", "im4gn", "is4gen", "i4g", "g5g"}
	x86Families = []string{"t3", "t3a", "m5", "m5a", "m5d", "m5n", "m6a", "m6i", "m6id", "m7a", "m7i", "m7i-flex",
		"c5", "c5a", "c5d", "c5n", "c6a", "c6i", "c6id", "c7a", "c7i", "r5", "r5a", "r5d", "r6a", "r6i", "r7a", "r7i",
		"i3en", "i4i", "g4dn", "g5"}
	machineType = regexp.MustCompile(`^([a-z0-9-]+)\.(nano|micro|small|medium|large|xlarge|\d+xlarge|metal|metal-\d+xl)$`)
)

// architectureOf returns the processor architecture of a machine type, as EC2 spells it.
func architectureOf(machine string) (string, error) {
	parts := machineType.FindStringSubmatch(machine)
	switch {
	case parts != nil && slices.Contains(arm64Families, parts[1]):
		return "arm64", nil
	case parts != nil && slices.Contains(x86Families, parts[1]):
		return "x86_64", nil
	}
	return "", fmt.Errorf("InvalidParameterValue: Invalid value '%s' for InstanceType", machine)
}
