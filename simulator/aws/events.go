package aws

import (
	"encoding/json"
	"fmt"
	"strings"

	. "github.com/inferadb/infra/simulator/catalogue" //lint:ignore ST1001 the tables read as tables
	"github.com/inferadb/infra/simulator/world"
)

// The types by which a cluster hears of interruptions.
const (
	queueType       = "aws:sqs/queue:Queue"
	queuePolicyType = "aws:sqs/queuePolicy:QueuePolicy"
	ruleType        = "aws:cloudwatch/eventRule:EventRule"
	targetType      = "aws:cloudwatch/eventTarget:EventTarget"
)

var eventResources = []Resource{
	{
		Token: queueType,
		Name:  &Autoname{Property: "name", MaxLength: 80},
		Fields: Fields{
			"name": String(Computed, Replaces, MaxLength(80), Matching(`^[0-9A-Za-z_-]+(\.fifo)?$`), Conflicts("namePrefix")), "namePrefix": String(Computed, Replaces, Conflicts("name")),
			"messageRetentionSeconds": Number(Default(345600.0), Between(60, 1209600)), "visibilityTimeoutSeconds": Number(Default(30.0), Between(0, 43200)),
			"delaySeconds": Number(Default(0.0), Between(0, 900)), "receiveWaitTimeSeconds": Number(Default(0.0), Between(0, 20)), "maxMessageSize": Number(Default(262144.0), Between(1024, 1048576)),
			"sqsManagedSseEnabled": Bool(Computed, Conflicts("kmsMasterKeyId")), "kmsMasterKeyId": String(Conflicts("sqsManagedSseEnabled")), "kmsDataKeyReusePeriodSeconds": Number(Computed, Between(60, 86400)),
			"policy": String(Computed, JSON), "redrivePolicy": String(Computed, JSON), "redriveAllowPolicy": String(Computed, JSON), "fifoQueue": Bool(Default(false), Replaces),
		}.With(tags, Outputs("arn", "url")),
		Create: createQueue,
	},
	{
		Token:  queuePolicyType,
		Fields: Fields{"queueUrl": String(Required, Replaces), "policy": String(Required, JSON)},
		Create: createQueuePolicy, Update: checkQueuePolicy,
	},
	{
		Token: ruleType,
		Name:  &Autoname{Property: "name", MaxLength: 64},
		Fields: Fields{
			"name": String(Computed, Replaces, MaxLength(64), Matching(`^[0-9A-Za-z_.-]+$`), Conflicts("namePrefix")), "namePrefix": String(Computed, Replaces, MaxLength(38), Conflicts("name")),
			"description": String(MaxLength(512)), "eventPattern": String(JSON, MaxLength(4096)), "scheduleExpression": String(MaxLength(256)), "eventBusName": String(Default("default"), Replaces),
			"state": String(OneOf("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"), Conflicts("isEnabled")), "isEnabled": Bool(Conflicts("state")),
			"roleArn": String(), "forceDestroy": Bool(Default(false)),
		}.With(tags, Outputs("arn")),
		Check: checkEventRule, Create: createEventRule, Delete: deleteEventRule,
	},
	{
		Token: targetType,
		Fields: Fields{
			"rule": String(Required, Replaces, MaxLength(64)), "arn": String(Required, Matching(`^arn:`)), "targetId": String(Computed, Replaces, MaxLength(64)), "eventBusName": String(Default("default"), Replaces),
			"input": String(Conflicts("inputPath")), "inputPath": String(Conflicts("input")), "roleArn": String(), "forceDestroy": Bool(Default(false)),
			"sqsTarget": Object(Fields{"messageGroupId": String()}), "deadLetterConfig": Object(Fields{"arn": String()}),
			"retryPolicy": Object(Fields{"maximumEventAgeInSeconds": Number(Between(0, 86400)), "maximumRetryAttempts": Number(Between(0, 185))}),
		},
		Create: createEventTarget, Update: checkEventTarget,
	},
}

func createQueue(c *Call) error {
	name := c.State.String("name")
	if strings.HasSuffix(name, ".fifo") != c.State.Bool("fifoQueue") {
		return fmt.Errorf("InvalidParameterValue: the name of a FIFO queue, and of no other, ends in .fifo: %s", name)
	}
	c.ID = fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", c.Region, Account, name)
	if c.World.Get(queueType, c.Region, c.ID) != nil {
		return fmt.Errorf("QueueAlreadyExists: A queue already exists with the same name and a different value for attributes: %s", name)
	}
	c.State["url"], c.State["arn"] = c.ID, arn("sqs", c.Region, name)
	if !c.State.Has("kmsMasterKeyId") && !c.State.Has("sqsManagedSseEnabled") {
		c.State["sqsManagedSseEnabled"] = true
	}
	return nil
}

func createQueuePolicy(c *Call) error {
	c.ID = c.State.String("queueUrl")
	return checkQueuePolicy(c)
}

func checkQueuePolicy(c *Call) error {
	if _, err := find(c, queueType, c.State.String("queueUrl"), "AWS.SimpleQueueService.NonExistentQueue", "queue"); err != nil {
		return err
	}
	return checkPolicy(c.State.String("policy"), 8192)
}

func checkEventRule(c *Call) []Problem {
	if !c.Inputs.Has("eventPattern") && !c.Inputs.Has("scheduleExpression") {
		return []Problem{{Property: "eventPattern", Reason: "one of eventPattern, scheduleExpression must be given"}}
	}
	var pattern map[string]any
	if c.Inputs.Known("eventPattern") && json.Unmarshal([]byte(c.Inputs.String("eventPattern")), &pattern) != nil {
		return []Problem{{Property: "eventPattern", Reason: "is no JSON object"}}
	}
	for _, key := range []string{"source", "detail-type"} {
		if _, list := pattern[key].([]any); pattern[key] != nil && !list {
			return []Problem{{Property: "eventPattern", Reason: fmt.Sprintf("Event pattern is not valid: %s must be an object or an array", key)}}
		}
	}
	return nil
}

func createEventRule(c *Call) error {
	c.ID = c.State.String("name")
	c.State["arn"] = arn("events", c.Region, "rule/"+c.ID)
	return nil
}

func deleteEventRule(c *Call) error {
	if targets := users(c, "rule", c.ID, targetType); len(targets) > 0 && !c.State.Bool("forceDestroy") {
		return fmt.Errorf("ValidationException: Rule can't be deleted since it has targets: %s", names(targets))
	}
	return nil
}

func createEventTarget(c *Call) error {
	rule := c.State.String("rule")
	if !c.State.Has("targetId") {
		c.State["targetId"] = c.World.Hash(c.URN, 26)
	}
	c.ID = rule + "-" + c.State.String("targetId")
	if len(users(c, "rule", rule, targetType)) >= 5 {
		return fmt.Errorf("LimitExceededException: The requested resource exceeds the maximum number allowed: 5 targets of rule %s", rule)
	}
	return checkEventTarget(c)
}

// checkEventTarget looks for both ends.
func checkEventTarget(c *Call) error {
	if _, err := find(c, ruleType, c.State.String("rule"), "ResourceNotFoundException", "rule"); err != nil {
		return err
	}
	target := c.State.String("arn")
	queue := c.World.Find(queueType, c.Region, func(r *world.Resource) bool { return r.State.String("arn") == target })
	if strings.HasPrefix(target, "arn:aws:sqs:") && queue == nil {
		return fmt.Errorf("ValidationException: Parameter %s is not valid. Reason: Provided Arn does not exist", target)
	}
	return nil
}
