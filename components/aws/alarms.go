package aws

import (
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/iampolicy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"
)

const (
	// alarmPeriod is the time in seconds in which interruptions are counted.
	alarmPeriod = 900
	// alarmShare is the part of the spot machines whose loss within that time is out of the ordinary: one in two.
	alarmShare = 2
	// alarmLeast is the fewest reclaimed machines that cause an alarm: a single one is normal.
	alarmLeast = 2
)

// createInterruptionAlarm notifies people when many spot machines are reclaimed at once. EventBridge counts how often a
// rule sends an event to its one target: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
func (c *Cloud) createInterruptionAlarm(rule *cloudwatch.EventRule) error {
	topic, err := c.createAlarmTopic()
	if err != nil {
		return err
	}
	_, err = cloudwatch.NewMetricAlarm(c.ctx, c.name("interruptions"), &cloudwatch.MetricAlarmArgs{
		AlarmDescription: pulumi.Sprintf(
			"Spot machines are taken back at a high rate in the region of %s",
			c.cluster.Name,
		),
		Namespace:          pulumi.String("AWS/Events"),
		MetricName:         pulumi.String("Invocations"),
		Dimensions:         pulumi.StringMap{"RuleName": rule.Name},
		Statistic:          pulumi.String("Sum"),
		Period:             pulumi.Int(alarmPeriod),
		EvaluationPeriods:  pulumi.Int(1),
		ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"),
		Threshold:          pulumi.Float64(max(alarmLeast, (c.cluster.SpotMachines()+alarmShare-1)/alarmShare)),
		// A rule without events has no data.
		TreatMissingData: pulumi.String("notBreaching"),
		AlarmActions:     pulumi.Array{topic.Arn},
		OkActions:        pulumi.Array{topic.Arn},
		Tags:             c.nameTags("interruptions"),
	}, c.options()...)
	return err
}

// createAlarmTopic makes the topic that alarms go to, with its subscribers by e-mail, who confirm by a link that AWS
// sends.
func (c *Cloud) createAlarmTopic() (*sns.Topic, error) {
	account := c.account()
	key, err := kms.NewKey(c.ctx, c.name("alarms"), &kms.KeyArgs{
		Description:       pulumi.Sprintf("Alarms of %s", c.cluster.Name),
		EnableKeyRotation: pulumi.Bool(true),
		// The shortest window that AWS offers: delivered messages do not need the key any more.
		DeletionWindowInDays: pulumi.Int(7),
		Policy:               account.ApplyT(alarmKeyPolicy).(pulumi.StringOutput),
		Tags:                 c.nameTags("alarms"),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	topic, err := sns.NewTopic(c.ctx, c.name("alarms"), &sns.TopicArgs{
		KmsMasterKeyId: key.Arn, Tags: c.nameTags("alarms"),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	if _, err := sns.NewTopicPolicy(c.ctx, c.name("alarms"), &sns.TopicPolicyArgs{
		Arn:    topic.Arn,
		Policy: cloud.Text(pulumix.Apply2Err(topic.Arn, account, topicPolicy)),
	}, c.options()...); err != nil {
		return nil, err
	}
	for _, address := range c.cluster.AlarmEmails {
		if _, err := sns.NewTopicSubscription(c.ctx, c.name("alarms-"+address), &sns.TopicSubscriptionArgs{
			Topic: topic.Arn, Protocol: pulumi.String("email"), Endpoint: pulumi.String(address),
		}, c.options()...); err != nil {
			return nil, err
		}
	}
	return topic, nil
}

// alarmKeyPolicy lets CloudWatch use the key of the topic, which the policy of the key that AWS manages does not allow:
// https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
func alarmKeyPolicy(account string) (string, error) {
	return iampolicy.JSON(
		iampolicy.AccountAdmin(account),
		iampolicy.Allow("kms:Decrypt", "kms:GenerateDataKey*").WithSid("Alarms").OnResources("*").
			WithPrincipal(iampolicy.Principal{Service: []string{"cloudwatch.amazonaws.com"}}).
			WithCondition("StringEquals", "aws:SourceAccount", account),
	)
}

// topicPolicy lets the account's alarms, and nothing else, speak.
func topicPolicy(topic, account string) (string, error) {
	return iampolicy.JSON(
		iampolicy.Allow("sns:Publish").WithSid("Alarms").OnResources(topic).
			WithPrincipal(iampolicy.Principal{Service: []string{"cloudwatch.amazonaws.com"}}).
			WithCondition("StringEquals", "aws:SourceAccount", account),
	)
}
