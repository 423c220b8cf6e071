package aws

import (
	"maps"
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// nameTags returns the tag that tells a resource from others; the provider adds those of the cluster.
func (c *Cloud) nameTags(suffix string, more ...map[string]string) pulumi.StringMap {
	tags := map[string]string{"Name": c.name(suffix)}
	for _, m := range more {
		maps.Copy(tags, m)
	}
	return pulumi.ToStringMap(tags)
}

// machineTags returns all tags of a pool's machines, disks and network interfaces. They repeat the provider's default
// tags, which do not apply to what a launch template creates:
// https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs#default_tags-configuration-block
func (c *Cloud) machineTags(pool, name string) map[string]string {
	tags := maps.Clone(c.cluster.Tags)
	tags["Name"] = name
	tags["pool"] = pool
	tags[c.clusterTag()] = "owned"
	return tags
}

// groupTags returns the tags of the group itself. The launch template tags the machines, except for the tag that the
// termination handler looks for.
func (c *Cloud) groupTags(pool cluster.Pool) autoscaling.GroupTagArray {
	tags := c.machineTags(pool.Name, c.name(pool.Name))
	tags[managedTag] = "true"
	maps.Copy(tags, c.discoveryTags(pool))
	var list autoscaling.GroupTagArray
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, &autoscaling.GroupTagArgs{
			Key: pulumi.String(key), Value: pulumi.String(tags[key]), PropagateAtLaunch: pulumi.Bool(key == managedTag),
		})
	}
	return list
}
