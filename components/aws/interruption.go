package aws

import (
	"encoding/json"
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/iampolicy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"
)

const (
	// spotInterruption is the rule whose events the alarm counts.
	spotInterruption = "spot-interruption"
	// rebalance is the rule that announces machines at risk.
	rebalance = "rebalance"
)

// interruptionEvent is a kind of event by which AWS says that a machine is about to go.
// https://github.com/aws/aws-node-termination-handler#3-create-amazon-eventbridge-rules
type interruptionEvent struct{ rule, source, detailType string }

var interruptionEvents = []interruptionEvent{
	{spotInterruption, "aws.ec2", "EC2 Spot Instance Interruption Warning"},
	{rebalance, "aws.ec2", "EC2 Instance Rebalance Recommendation"},
	{"state-change", "aws.ec2", "EC2 Instance State-change Notification"},
	{"termination", "aws.autoscaling", "EC2 Instance-terminate Lifecycle Action"},
}

// drainSeconds is how long the termination of a machine by its group waits for the eviction of its pods, and how long
// events are kept. Without a termination handler every scale-in takes this much longer.
const drainSeconds = 300

// managedTag is the tag of the machines that the termination handler drains.
const managedTag = "aws-node-termination-handler/managed"

// createInterruption creates the queue from which a termination handler in the cluster learns which machines will be
// terminated, and the rules that send events to it. Workers may read the queue. Only groups need it: named nodes are
// only terminated by operators.
func (n network) createInterruption() (*sqs.Queue, error) {
	if !slices.ContainsFunc(n.cluster.Pools, cluster.Pool.InScalingGroup) {
		return nil, nil
	}
	queue, err := sqs.NewQueue(n.ctx, n.name("interruption"), &sqs.QueueArgs{
		MessageRetentionSeconds: pulumi.Int(drainSeconds),
		// The key of SQS: EventBridge cannot use the KMS key that AWS manages.
		SqsManagedSseEnabled: pulumi.Bool(true),
		Tags:                 n.nameTags("interruption"),
	}, n.options(pulumi.DependsOn(n.besideGateways))...)
	if err != nil {
		return nil, err
	}
	var rules pulumi.StringArray
	for _, a := range interruptionEvents {
		rule, err := n.createRule(a, queue)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule.Arn)
		if a.rule == spotInterruption && n.cluster.HasSpot() {
			if err := n.createInterruptionAlarm(rule); err != nil {
				return nil, err
			}
		}
	}
	_, err = sqs.NewQueuePolicy(n.ctx, n.name("interruption"), &sqs.QueuePolicyArgs{
		QueueUrl: queue.Url,
		Policy:   cloud.Text(pulumix.Apply2Err(queue.Arn, rules, queuePolicy)),
	}, n.options(pulumi.DependsOn(n.besideMachines))...)
	if err != nil {
		return nil, err
	}
	return queue, n.attachWorkerPolicy(
		"termination-handler",
		queue.Arn.ApplyT(n.handlerPolicy).(pulumi.StringOutput),
	)
}

// createRule sends a kind of event to the queue. Events of EC2 name no group, so the queue gets those of the whole
// region. The handler ignores machines of other clusters.
func (c *Cloud) createRule(a interruptionEvent, queue *sqs.Queue) (*cloudwatch.EventRule, error) {
	pattern := map[string]any{"source": []string{a.source}, "detail-type": []string{a.detailType}}
	if a.source == "aws.autoscaling" {
		pattern["detail"] = map[string]any{"AutoScalingGroupName": []any{map[string]string{"prefix": c.name("")}}}
	}
	text, err := json.Marshal(pattern)
	if err != nil {
		return nil, err
	}
	// The handler drains a machine at risk; unless its group replaces it, the drained machine would stay idle.
	state := "ENABLED"
	if a.rule == rebalance && !slices.ContainsFunc(c.cluster.Pools, rebalances) {
		state = "DISABLED"
	}
	rule, err := cloudwatch.NewEventRule(c.ctx, c.name(a.rule), &cloudwatch.EventRuleArgs{
		Description:  pulumi.String(a.detailType + " for " + c.cluster.Name),
		EventPattern: pulumi.String(text),
		State:        pulumi.String(state),
		Tags:         c.nameTags(a.rule),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	_, err = cloudwatch.NewEventTarget(c.ctx, c.name(a.rule), &cloudwatch.EventTargetArgs{
		Rule: rule.Name, Arn: queue.Arn,
	}, c.options()...)
	return rule, err
}

func rebalances(pool cluster.Pool) bool { return pool.OnSpot() && pool.Spot.Rebalance }

// createTerminationHook keeps a machine that its group ends until its pods have left, or the time is over.
func (c *Cloud) createTerminationHook(pool cluster.Pool, group *autoscaling.Group) error {
	_, err := autoscaling.NewLifecycleHook(c.ctx, c.name(pool.Name), &autoscaling.LifecycleHookArgs{
		AutoscalingGroupName: group.Name,
		LifecycleTransition:  pulumi.String("autoscaling:EC2_INSTANCE_TERMINATING"),
		HeartbeatTimeout:     pulumi.Int(drainSeconds),
		DefaultResult:        pulumi.String("CONTINUE"),
	}, c.options()...)
	return err
}

// queuePolicy lets the rules, and nothing else, write into the queue.
func queuePolicy(queue string, rules []string) (string, error) {
	return iampolicy.JSON(
		iampolicy.Allow("sqs:SendMessage").WithSid("Events").OnResources(queue).
			WithPrincipal(iampolicy.Principal{Service: []string{"events.amazonaws.com"}}).
			WithCondition("ArnEquals", "aws:SourceArn", rules...),
		iampolicy.Deny("sqs:*").WithSid("EncryptedTransport").OnResources(queue).
			WithPrincipal(iampolicy.Principal{AWS: []string{"*"}}).
			WithCondition("Bool", "aws:SecureTransport", "false"),
	)
}

// handlerPolicy returns the policy of the termination handler: it reads the queue, describes instances, and completes
// the lifecycle actions of this cluster's groups.
// https://github.com/aws/aws-node-termination-handler#4-create-an-iam-role-for-the-pods
func (c *Cloud) handlerPolicy(queue string) (string, error) {
	return iampolicy.JSON(
		iampolicy.Allow("sqs:ReceiveMessage", "sqs:DeleteMessage").OnResources(queue),
		iampolicy.Allow("autoscaling:CompleteLifecycleAction").OnResources("*").
			WithCondition("StringEquals", "aws:ResourceTag/kubernetes.io/cluster/"+c.cluster.Name, "owned"),
		// None of these can be narrowed to a resource.
		iampolicy.Allow("autoscaling:DescribeAutoScalingInstances", "autoscaling:DescribeTags",
			"ec2:DescribeInstances").
			OnResources("*"),
	)
}
