package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types by which a network's flows are written down.
const (
	logGroupType = "aws:cloudwatch/logGroup:LogGroup"
	flowLogType  = "aws:ec2/flowLog:FlowLog"
)

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html; 0 is for ever.
var retentions = []int{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
	3288, 3653}

func checkRetention(c *schema.Call) []schema.Problem {
	if days := c.Inputs.Int("retentionInDays"); !slices.Contains(retentions, days) {
		return schema.Refuse("retentionInDays", "expected retentionInDays to be one of %v, got %d", retentions, days)
	}
	return nil
}

func createLogGroup(c *schema.Call) error {
	c.ID = c.State.String("name")
	if c.Store.Get(logGroupType, c.Region, c.ID) != nil {
		return fmt.Errorf("ResourceAlreadyExistsException: The specified log group already exists: %s", c.ID)
	}
	c.State["arn"] = arn("logs", c.Region, "log-group:"+c.ID)
	return checkLogKey(c)
}

func checkLogKey(c *schema.Call) error {
	if !c.State.Has("kmsKeyId") {
		return nil
	}
	_, err := findKey(c, c.State.String("kmsKeyId"))
	return err
}

func checkFlowLog(c *schema.Call) []schema.Problem {
	if seconds := c.Inputs.Int("maxAggregationInterval"); c.Inputs.Has("maxAggregationInterval") && seconds != 60 &&
		seconds != 600 {
		return schema.Refuse("maxAggregationInterval", "expected 60 or 600, got %d", seconds)
	}
	return nil
}

// createFlowLog looks at both ends: the network, and the group with the role that may write into it. It is stricter
// than AWS, which finds out with the first record that it may not be written.
func createFlowLog(c *schema.Call) error {
	if vpc := c.State.String("vpcId"); vpc != "" {
		if _, err := find(c, vpcType, vpc, "InvalidVpcId.NotFound", "vpc ID"); err != nil {
			return err
		}
		for _, other := range users(c, "vpcId", vpc, flowLogType) {
			if other.State.String("logDestination") == c.State.String("logDestination") {
				return fmt.Errorf("FlowLogAlreadyExists: There is an existing Flow Log with the same configuration "+
					"and log destination: %s", other.ID)
			}
		}
	}
	c.State["arn"] = arn("ec2", c.Region, "vpc-flow-log/"+c.ID)
	if c.State.String("logDestinationType") != "cloud-watch-logs" {
		return nil
	}
	group := c.Store.Find(logGroupType, c.Region,
		func(r *store.Resource) bool { return r.State.String("arn") == c.State.String("logDestination") })
	if group == nil {
		return fmt.Errorf("InvalidParameterValue: LogDestination: %s does not exist", c.State.String("logDestination"))
	}
	c.State["logGroupName"] = group.ID
	role := c.Store.Find(roleType, "", func(r *store.Resource) bool {
		return r.State.String("arn") == c.State.String("iamRoleArn")
	})
	if role == nil || !strings.Contains(role.State.String("assumeRolePolicy"), "vpc-flow-logs.amazonaws.com") {
		return fmt.Errorf("InvalidParameter: Unable to assume given IAM role: %s", c.State.String("iamRoleArn"))
	}
	writes := c.Store.Find(rolePolicyType, "", func(r *store.Resource) bool {
		policy := r.State.String("policy")
		return r.State.String("role") == role.ID && strings.Contains(policy, "logs:PutLogEvents") &&
			strings.Contains(policy, group.State.String("arn"))
	})
	if writes == nil {
		return fmt.Errorf("the flow log would stay empty: Access error: %s may not write into %s", role.ID, group.ID)
	}
	return nil
}
