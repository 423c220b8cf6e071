package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types that report to people what happens to a cluster.
const (
	alarmType        = "aws:cloudwatch/metricAlarm:MetricAlarm"
	topicType        = "aws:sns/topic:Topic"
	topicPolicyType  = "aws:sns/topicPolicy:TopicPolicy"
	subscriptionType = "aws:sns/topicSubscription:TopicSubscription"
)

func checkAlarmShape(c *schema.Call) []schema.Problem {
	if c.Inputs.Has("metricName") && !c.Inputs.Has("statistic") {
		return schema.Refuse("statistic", "must be set for a metric")
	}
	if period := c.Inputs.Int("period"); period%60 != 0 && !slices.Contains([]int{10, 20, 30}, period) {
		return schema.Refuse("period", "expected 10, 20, 30 or a multiple of 60, got %d", period)
	}
	return nil
}

func createAlarm(c *schema.Call) error {
	c.ID = c.State.String("name")
	c.State["arn"] = arn("cloudwatch", c.Region, "alarm:"+c.ID)
	return checkAlarm(c)
}

// ruleMetrics are the metrics that EventBridge keeps for each rule:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
var ruleMetrics = []string{"DeadLetterInvocations", "FailedInvocations", "Invocations", "InvocationAttempts",
	"MatchedEvents", "ThrottledRules", "TriggeredRules"}

// fleetMetrics are the metrics of a spot fleet, the only ones of their namespace. None counts interruptions:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-fleet-cloudwatch-metrics.html
var fleetMetrics = []string{
	"AvailableInstancePoolsCount", "BidsSubmittedForCapacity", "EligibleInstancePoolCount", "FulfilledCapacity",
	"MaxPercentCapacityAllocation", "PendingCapacity", "PercentCapacityAllocation",
	"TargetCapacity", "TerminatingCapacity",
}

// checkAlarm is stricter than AWS, which accepts an alarm on a metric that nothing reports: it would never fire.
func checkAlarm(c *schema.Call) error {
	if c.State.String("namespace") == "AWS/Events" {
		rule := c.State.Object("dimensions").String("RuleName")
		if !slices.Contains(ruleMetrics, c.State.String("metricName")) || c.Store.Get(ruleType, c.Region, rule) == nil {
			return fmt.Errorf("the alarm would never fire: nothing reports the metric %s of the rule %q",
				c.State.String("metricName"), rule)
		}
	}
	if c.State.String("namespace") == "AWS/EC2Spot" && !slices.Contains(fleetMetrics, c.State.String("metricName")) {
		return fmt.Errorf("the alarm would never fire: nothing reports the metric %s", c.State.String("metricName"))
	}
	for _, action := range slices.Concat(c.State.Strings("alarmActions"), c.State.Strings("okActions")) {
		topic := findTopic(c, action)
		if strings.HasPrefix(action, "arn:aws:sns:") && topic == nil {
			return fmt.Errorf("ValidationError: Invalid ARN syntax or no such topic: %s", action)
		}
		if topic == nil || topic.State.String("kmsMasterKeyId") == "" {
			continue
		}
		// https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
		key, err := findKey(c, topic.State.String("kmsMasterKeyId"))
		if err != nil || !strings.Contains(key.State.String("policy"), "cloudwatch.amazonaws.com") {
			return fmt.Errorf("the alarm would not be heard: CloudWatch Alarms does not have authorization to "+
				"access the SNS topic encryption key of %s", action)
		}
	}
	return nil
}

func findTopic(c *schema.Call, topic string) *store.Resource {
	return c.Store.Get(topicType, c.Region, topic)
}

func createTopic(c *schema.Call) error {
	c.ID = arn("sns", c.Region, c.State.String("name"))
	c.State["arn"] = c.ID
	return checkTopicKey(c)
}

// checkTopicKey checks that the topic's key exists, unless AWS manages it.
func checkTopicKey(c *schema.Call) error {
	key := c.State.String("kmsMasterKeyId")
	if key == "" || key == "alias/aws/sns" {
		return nil
	}
	_, err := findKey(c, key)
	return err
}

func createTopicPolicy(c *schema.Call) error {
	c.ID = c.State.String("arn")
	return checkTopicPolicy(c)
}

func checkTopicPolicy(c *schema.Call) error {
	if findTopic(c, c.State.String("arn")) == nil {
		return fmt.Errorf("NotFound: Topic does not exist: %s", c.State.String("arn"))
	}
	return checkPolicy(c.State.String("policy"), 30720)
}

func createSubscription(c *schema.Call) error {
	topic, endpoint := c.State.String("topic"), c.State.String("endpoint")
	if findTopic(c, topic) == nil {
		return fmt.Errorf("NotFound: Topic does not exist: %s", topic)
	}
	if strings.HasPrefix(c.State.String("protocol"), "email") && !strings.Contains(endpoint, "@") {
		return fmt.Errorf("InvalidParameter: Invalid parameter: Email address: %s", endpoint)
	}
	c.ID = topic + ":" + c.Store.Hash(c.URN, 32)
	c.State["arn"] = c.ID
	return nil
}
