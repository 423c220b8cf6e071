package aws

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types that report interruptions to a cluster.
const (
	queueType       = "aws:sqs/queue:Queue"
	queuePolicyType = "aws:sqs/queuePolicy:QueuePolicy"
	ruleType        = "aws:cloudwatch/eventRule:EventRule"
	targetType      = "aws:cloudwatch/eventTarget:EventTarget"
)

func createQueue(c *schema.Call) error {
	name := c.State.String("name")
	c.ID = fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", c.Region, Account, name)
	if c.Store.Get(queueType, c.Region, c.ID) != nil {
		return fmt.Errorf("QueueAlreadyExists: A queue already exists with the same name and a different value for "+
			"attributes: %s", name)
	}
	c.State["url"], c.State["arn"] = c.ID, arn("sqs", c.Region, name)
	if !c.State.Has("kmsMasterKeyId") && !c.State.Has("sqsManagedSseEnabled") {
		c.State["sqsManagedSseEnabled"] = true
	}
	return nil
}

func createQueuePolicy(c *schema.Call) error {
	c.ID = c.State.String("queueUrl")
	return checkQueuePolicy(c)
}

func checkQueuePolicy(c *schema.Call) error {
	if _, err := find(c, queueType, c.State.String("queueUrl"), "AWS.SimpleQueueService.NonExistentQueue",
		"queue"); err != nil {
		return err
	}
	return checkPolicy(c.State.String("policy"), 8192)
}

func checkEventRule(c *schema.Call) []schema.Problem {
	var pattern map[string]any
	if c.Inputs.Known("eventPattern") && json.Unmarshal([]byte(c.Inputs.String("eventPattern")), &pattern) != nil {
		return schema.Refuse("eventPattern", "is no JSON object")
	}
	for _, key := range []string{"source", "detail-type"} {
		if _, list := pattern[key].([]any); pattern[key] != nil && !list {
			return schema.Refuse("eventPattern", "Event pattern is not valid: %s must be an object or an array", key)
		}
	}
	return nil
}

func createEventRule(c *schema.Call) error {
	c.ID = c.State.String("name")
	c.State["arn"] = arn("events", c.Region, "rule/"+c.ID)
	return nil
}

func deleteEventRule(c *schema.Call) error {
	if targets := users(c, "rule", c.ID, targetType); len(targets) > 0 {
		return fmt.Errorf("ValidationException: Rule can't be deleted since it has targets: %s", names(targets))
	}
	return nil
}

func createEventTarget(c *schema.Call) error {
	rule := c.State.String("rule")
	if !c.State.Has("targetId") {
		c.State["targetId"] = c.Store.Hash(c.URN, 26)
	}
	c.ID = rule + "-" + c.State.String("targetId")
	if len(users(c, "rule", rule, targetType)) >= 5 {
		return fmt.Errorf("LimitExceededException: The requested resource exceeds the maximum number allowed: 5 "+
			"targets of rule %s", rule)
	}
	return checkEventTarget(c)
}

// checkEventTarget looks for both ends.
func checkEventTarget(c *schema.Call) error {
	if _, err := find(c, ruleType, c.State.String("rule"), "ResourceNotFoundException", "rule"); err != nil {
		return err
	}
	target := c.State.String("arn")
	queue := c.Store.Find(queueType, c.Region, func(r *store.Resource) bool { return r.State.String("arn") == target })
	if strings.HasPrefix(target, "arn:aws:sqs:") && queue == nil {
		return fmt.Errorf("ValidationException: Parameter %s is not valid. Reason: Provided Arn does not exist", target)
	}
	return nil
}
