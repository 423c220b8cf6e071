package aws

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// event is an event about a machine on the event bus of a region.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html and
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/automating-ec2-auto-scaling-with-eventbridge.html
type event struct{ source, kind, group string }

// The events that a machine is about to be terminated.
const (
	spotWarning     = "EC2 Spot Instance Interruption Warning"
	rebalanceAdvice = "EC2 Instance Rebalance Recommendation"
	stateChange     = "EC2 Instance State-change Notification"
	lifecycleAction = "EC2 Instance-terminate Lifecycle Action"
)

const terminating = "autoscaling:EC2_INSTANCE_TERMINATING"

// eventsOf returns the events that AWS sends about the machines of a scaling group.
func eventsOf(st *store.Store, group *store.Resource) []event {
	events := []event{{"aws.ec2", stateChange, group.ID}}
	distribution := group.State.Object("mixedInstancesPolicy").Object("instancesDistribution")
	if len(distribution) > 0 {
		events = append(events, event{"aws.ec2", spotWarning, group.ID})
	}
	if group.State.Bool("capacityRebalance") {
		events = append(events, event{"aws.ec2", rebalanceAdvice, group.ID})
	}
	if hasHook(st, group) {
		events = append(events, event{"aws.autoscaling", lifecycleAction, group.ID})
	}
	return events
}

func hasHook(st *store.Store, group *store.Resource) bool {
	return st.Find(hookType, group.Region, func(r *store.Resource) bool {
		return r.State.String("autoscalingGroupName") == group.ID &&
			r.State.String("lifecycleTransition") == terminating
	}) != nil
}

// interruptions returns the events about scaling groups that reach no queue that the group's machines may read. A
// region without a queue listens to none.
func (n cloudNetwork) interruptions() []network.Finding {
	var findings []network.Finding
	for _, group := range n.store.List(groupType, "") {
		if len(n.store.List(ruleType, group.Region)) == 0 {
			continue
		}
		note := func(format string, arguments ...any) {
			findings = append(findings, network.Finding{Subject: group.Name, Reason: fmt.Sprintf(format, arguments...)})
		}
		if !hasHook(n.store, group) {
			note("no lifecycle hook delays the termination of a machine until its pods have moved")
		}
		role, err := n.roleOf(group)
		if err != nil {
			continue // It starts no machine.
		}
		for _, e := range eventsOf(n.store, group) {
			queue, err := n.arrives(group.Region, e)
			if err != nil {
				note("%s reaches no queue: %v", e.kind, err)
				continue
			}
			if err := n.reads(role, group, queue); err != nil {
				note("nothing reads %s: %v", e.kind, err)
			}
		}
	}
	return findings
}

// arrives follows an event to a queue: a rule that is enabled and matches it, a target of the rule, and the queue's
// policy. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
func (n cloudNetwork) arrives(region string, e event) (*store.Resource, error) {
	lost := fmt.Errorf("no rule matches it")
	for _, rule := range n.store.List(ruleType, region) {
		if !matchesPattern(rule.State.String("eventPattern"), e) {
			continue
		}
		if rule.State.String("state") == "DISABLED" || rule.State.Has("isEnabled") && !rule.State.Bool("isEnabled") {
			lost = fmt.Errorf("the rule %s is disabled", rule.ID)
			continue
		}
		lost = fmt.Errorf("the rule %s has no target", rule.ID)
		for _, target := range n.store.List(targetType, region) {
			if target.State.String("rule") != rule.ID {
				continue
			}
			queue, err := n.send(region, target.State.String("arn"), rule.State.String("arn"))
			if err == nil {
				return queue, nil
			}
			lost = err
		}
	}
	return nil, lost
}

// matchesPattern reports whether a rule's pattern matches an event: one of the listed values of each key.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
func matchesPattern(text string, e event) bool {
	var pattern struct {
		Source []string
		Kind   []string `json:"detail-type"`
		Detail struct{ AutoScalingGroupName []struct{ Prefix string } }
	}
	if json.Unmarshal([]byte(text), &pattern) != nil {
		return false
	}
	groups := pattern.Detail.AutoScalingGroupName
	return (pattern.Source == nil || slices.Contains(pattern.Source, e.source)) &&
		(pattern.Kind == nil || slices.Contains(pattern.Kind, e.kind)) &&
		(groups == nil || slices.ContainsFunc(groups, func(g struct{ Prefix string }) bool {
			return strings.HasPrefix(e.group, g.Prefix)
		}))
}

// send puts a message into a queue, on behalf of a rule.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sqs-permissions
func (n cloudNetwork) send(region, target, rule string) (*store.Resource, error) {
	queue := n.store.Find(queueType, region, func(r *store.Resource) bool { return r.State.String("arn") == target })
	if queue == nil {
		return nil, fmt.Errorf("there is no queue %s", target)
	}
	asks := request{action: "sqs:SendMessage", resource: target, service: "events.amazonaws.com", source: rule}
	policies := n.store.Select(func(r *store.Resource) bool {
		return r.Type == queuePolicyType && r.Region == region && r.State.String("queueUrl") == queue.ID
	})
	if !slices.ContainsFunc(policies, func(r *store.Resource) bool { return allows(r.State.String("policy"), asks) }) {
		return nil, fmt.Errorf("the policy of the queue %s does not let %s send", queue.State.String("name"), rule)
	}
	// EventBridge can use a key of one's own, but not the one that AWS manages for SQS.
	if id := queue.State.String("kmsMasterKeyId"); id != "" {
		key := n.store.Get(keyType, region, id[strings.LastIndex(id, "/")+1:])
		if key == nil || !allows(key.State.String("policy"),
			request{action: "kms:GenerateDataKey", service: "events.amazonaws.com", source: rule}) {
			return nil, fmt.Errorf("EventBridge may not use the key %s of the queue %s", id, queue.State.String("name"))
		}
	}
	return queue, nil
}

// roleOf returns the role that a group's machines have; empty without a profile.
func (n cloudNetwork) roleOf(group *store.Resource) (string, error) {
	g, err := newGroup(schema.CallFor(n.store, group))
	if err != nil {
		return "", err
	}
	if profile := n.store.Get(profileType, "", g.profile()); profile != nil {
		return profile.State.String("role"), nil
	}
	return "", nil
}

// reads returns why machines with a role may not read a queue and let a machine go; nil if they may.
// https://github.com/aws/aws-node-termination-handler#4-create-an-iam-role-for-the-pods
func (n cloudNetwork) reads(role string, group, queue *store.Resource) error {
	for _, asks := range []request{
		{action: "sqs:ReceiveMessage", resource: queue.State.String("arn")}, {action: "sqs:DeleteMessage",
			resource: queue.State.String("arn")},
		{action: "autoscaling:CompleteLifecycleAction", resource: group.State.String("arn")},
	} {
		if !roleMay(n.store, role, asks) {
			return fmt.Errorf("the role %s may not %s", role, asks.action)
		}
	}
	return nil
}

// messagesKey are the events that a queue has received, which only the store knows.
const messagesKey = "__messages"

// Warn sends the event that a spot machine is about to be reclaimed, and returns the name of the queue that
// receives it; empty if none does.
func Warn(st *store.Store, machine *store.Resource) (string, error) {
	if machine.State.String("instanceLifecycle") != "spot" {
		return "", fmt.Errorf("%s is not a spot machine; AWS reclaims no others", machine.ID)
	}
	n := newNetwork(st).(cloudNetwork)
	queue, err := n.arrives(machine.Region, event{"aws.ec2", spotWarning, machine.State.String(groupKey)})
	if err != nil {
		return "", nil // AWS discards an event without a rule.
	}
	st.Change(queue, func(_, state store.Values) {
		messages, _ := state[messagesKey].([]any)
		state[messagesKey] = append(messages, spotWarning+" "+machine.ID)
	})
	return queue.State.String("name"), nil
}
