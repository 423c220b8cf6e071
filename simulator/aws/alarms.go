package aws

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/inferadb/infra/simulator/catalogue" //lint:ignore ST1001 the tables read as tables
	"github.com/inferadb/infra/simulator/world"
)

// The types by which people hear of what a cluster goes through.
const (
	alarmType        = "aws:cloudwatch/metricAlarm:MetricAlarm"
	topicType        = "aws:sns/topic:Topic"
	topicPolicyType  = "aws:sns/topicPolicy:TopicPolicy"
	subscriptionType = "aws:sns/topicSubscription:TopicSubscription"
)

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
var comparisons = OneOf("GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
	"LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")

var alarmResources = []Resource{
	{
		Token: alarmType,
		Name:  &Autoname{Property: "name", MaxLength: 255},
		Fields: Fields{
			"name": String(Computed, Replaces, MaxLength(255)), "alarmDescription": String(MaxLength(1024)), "comparisonOperator": String(Required, comparisons),
			"evaluationPeriods": Number(Required, Between(1, 10000)), "datapointsToAlarm": Number(Between(1, 10000)), "namespace": String(MaxLength(255)), "metricName": String(MaxLength(255)), "dimensions": StringMap(),
			"period": Number(), "statistic": String(OneOf("SampleCount", "Average", "Sum", "Minimum", "Maximum"), Conflicts("extendedStatistic")), "extendedStatistic": String(Conflicts("statistic")),
			"threshold": Number(), "thresholdMetricId": String(), "treatMissingData": String(Default("missing"), OneOf("breaching", "notBreaching", "ignore", "missing")), "unit": String(),
			"actionsEnabled": Bool(Default(true)), "alarmActions": Strings(Unordered, MaxLength(5)), "okActions": Strings(Unordered, MaxLength(5)), "insufficientDataActions": Strings(Unordered, MaxLength(5)),
			"evaluateLowSampleCountPercentiles": String(Computed),
		}.With(tags, Outputs("arn")),
		Check: checkAlarmShape, Create: createAlarm, Update: checkAlarm,
	},
	{
		Token: topicType,
		Name:  &Autoname{Property: "name", MaxLength: 256},
		Fields: Fields{
			"name": String(Computed, Replaces, MaxLength(256), Matching(`^[0-9A-Za-z_-]+(\.fifo)?$`), Conflicts("namePrefix")), "namePrefix": String(Computed, Replaces, Conflicts("name")),
			"displayName": String(MaxLength(100)), "kmsMasterKeyId": String(), "policy": String(Computed, JSON), "deliveryPolicy": String(JSON), "fifoTopic": Bool(Default(false), Replaces),
			"signatureVersion": Number(Computed, Between(1, 2)), "tracingConfig": String(Computed, OneOf("Active", "PassThrough")),
		}.With(tags, Outputs("arn", "owner", "beginningArchiveTime")),
		Create: createTopic, Update: checkTopicKey,
	},
	{
		Token:  topicPolicyType,
		Fields: Fields{"arn": String(Required, Replaces, Matching(`^arn:`)), "policy": String(Required, JSON)}.With(Outputs("owner")),
		Create: createTopicPolicy, Update: checkTopicPolicy,
	},
	{
		Token: subscriptionType,
		Fields: Fields{
			"topic": String(Required, Replaces, Matching(`^arn:`)), "protocol": String(Required, Replaces, OneOf("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs")),
			"endpoint": String(Required, Replaces), "deliveryPolicy": String(JSON), "filterPolicy": String(JSON), "filterPolicyScope": String(Computed), "rawMessageDelivery": Bool(Default(false)),
			"confirmationTimeoutInMinutes": Number(Default(1.0)), "endpointAutoConfirms": Bool(Default(false)), "redrivePolicy": String(JSON), "subscriptionRoleArn": String(), "replayPolicy": String(JSON),
			"arn": String(Output), "ownerId": String(Output), "pendingConfirmation": Bool(Output), "confirmationWasAuthenticated": Bool(Output),
		},
		Create: createSubscription,
	},
}

func checkAlarmShape(c *Call) []Problem {
	if c.Inputs.Has("metricName") && !c.Inputs.Has("statistic") && !c.Inputs.Has("extendedStatistic") {
		return []Problem{{Property: "statistic", Reason: "one of statistic, extendedStatistic must be set for a metric"}}
	}
	if period := c.Inputs.Int("period"); period%60 != 0 && !slices.Contains([]int{10, 20, 30}, period) {
		return []Problem{{Property: "period", Reason: fmt.Sprintf("expected 10, 20, 30 or a multiple of 60, got %d", period)}}
	}
	return nil
}

func createAlarm(c *Call) error {
	c.ID = c.State.String("name")
	c.State["arn"] = arn("cloudwatch", c.Region, "alarm:"+c.ID)
	return checkAlarm(c)
}

// ruleMetrics are the metrics that EventBridge keeps for each rule:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
var ruleMetrics = []string{"DeadLetterInvocations", "FailedInvocations", "Invocations", "InvocationAttempts", "MatchedEvents", "ThrottledRules", "TriggeredRules"}

// fleetMetrics are the metrics of a spot fleet, the only ones of their namespace. None counts interruptions:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-fleet-cloudwatch-metrics.html
var fleetMetrics = []string{
	"AvailableInstancePoolsCount", "BidsSubmittedForCapacity", "EligibleInstancePoolCount", "FulfilledCapacity", "MaxPercentCapacityAllocation",
	"PendingCapacity", "PercentCapacityAllocation", "TargetCapacity", "TerminatingCapacity",
}

// checkAlarm is stricter than AWS, which takes an alarm on a metric that nothing reports: it would never fire.
func checkAlarm(c *Call) error {
	if c.State.String("namespace") == "AWS/Events" {
		rule := c.State.Object("dimensions").String("RuleName")
		if !slices.Contains(ruleMetrics, c.State.String("metricName")) || c.World.Get(ruleType, c.Region, rule) == nil {
			return fmt.Errorf("the alarm would never fire: nothing reports the metric %s of the rule %q", c.State.String("metricName"), rule)
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
			return fmt.Errorf("the alarm would not be heard: CloudWatch Alarms does not have authorization to access the SNS topic encryption key of %s", action)
		}
	}
	return nil
}

func findTopic(c *Call, topic string) *world.Resource { return c.World.Get(topicType, c.Region, topic) }

func createTopic(c *Call) error {
	c.ID = arn("sns", c.Region, c.State.String("name"))
	c.State["arn"], c.State["owner"], c.State["beginningArchiveTime"] = c.ID, Account, ""
	return checkTopicKey(c)
}

// checkTopicKey looks for the topic's key, unless it is AWS' own.
func checkTopicKey(c *Call) error {
	key := c.State.String("kmsMasterKeyId")
	if key == "" || key == "alias/aws/sns" {
		return nil
	}
	_, err := findKey(c, key)
	return err
}

func createTopicPolicy(c *Call) error {
	c.ID, c.State["owner"] = c.State.String("arn"), Account
	return checkTopicPolicy(c)
}

func checkTopicPolicy(c *Call) error {
	if findTopic(c, c.State.String("arn")) == nil {
		return fmt.Errorf("NotFound: Topic does not exist: %s", c.State.String("arn"))
	}
	return checkPolicy(c.State.String("policy"), 30720)
}

func createSubscription(c *Call) error {
	topic, endpoint := c.State.String("topic"), c.State.String("endpoint")
	if findTopic(c, topic) == nil {
		return fmt.Errorf("NotFound: Topic does not exist: %s", topic)
	}
	if strings.HasPrefix(c.State.String("protocol"), "email") && !strings.Contains(endpoint, "@") {
		return fmt.Errorf("InvalidParameter: Invalid parameter: Email address: %s", endpoint)
	}
	c.ID = topic + ":" + c.World.Hash(c.URN, 32)
	c.State["arn"], c.State["ownerId"] = c.ID, Account
	c.State["pendingConfirmation"], c.State["confirmationWasAuthenticated"] = true, false
	return nil
}
