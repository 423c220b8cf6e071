package gcp

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/logging"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/monitoring"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// createPreemptionAlert notifies people when machines of the cluster are preempted, once an hour at most. The alert
// reads the log and not a metric: an alert on a new metric is refused for up to ten minutes
// (https://github.com/hashicorp/terraform-provider-google/issues/11102).
func (c *Cloud) createPreemptionAlert() error {
	if !c.cluster.HasSpot() {
		return nil
	}
	filter := pulumi.String(c.preemptions())
	if _, err := logging.NewMetric(c.ctx, c.name("preemptions"), &logging.MetricArgs{
		Description: pulumi.Sprintf("Machines of %s that Google Cloud took back", c.cluster.Name),
		Filter:      filter,
		MetricDescriptor: &logging.MetricMetricDescriptorArgs{MetricKind: pulumi.String("DELTA"),
			ValueType: pulumi.String("INT64")},
	}, c.options()...); err != nil {
		return err
	}
	channels, err := c.createAlarmChannels()
	if err != nil {
		return err
	}
	_, err = monitoring.NewAlertPolicy(c.ctx, c.name("preemptions"), &monitoring.AlertPolicyArgs{
		DisplayName: pulumi.Sprintf("Spot machines of %s are taken back", c.cluster.Name),
		Combiner:    pulumi.String("OR"),
		Conditions: monitoring.AlertPolicyConditionArray{&monitoring.AlertPolicyConditionArgs{
			DisplayName:         pulumi.String("Preemption"),
			ConditionMatchedLog: &monitoring.AlertPolicyConditionConditionMatchedLogArgs{Filter: filter},
		}},
		AlertStrategy: &monitoring.AlertPolicyAlertStrategyArgs{
			NotificationRateLimit: &monitoring.AlertPolicyAlertStrategyNotificationRateLimitArgs{
				Period: pulumi.String("3600s"),
			},
			AutoClose: pulumi.String("3600s"),
		},
		NotificationChannels: channels,
		UserLabels:           c.labels(),
	}, c.options()...)
	return err
}

// preemptions returns the filter for the log entries of preempted machines of the cluster:
// https://cloud.google.com/compute/docs/instances/preemptible#detecting_if_an_instance_was_preempted
func (c *Cloud) preemptions() string {
	return fmt.Sprintf(
		`resource.type="gce_instance" AND protoPayload.methodName="compute.instances.preempted"`+
			` AND protoPayload.resourceName=~"/instances/%s-"`,
		c.cluster.Name,
	)
}

// createAlarmChannels creates a notification channel for each address that the alert is sent to.
func (c *Cloud) createAlarmChannels() (pulumi.StringArray, error) {
	var channels pulumi.StringArray
	for _, address := range c.cluster.AlarmEmails {
		channel, err := monitoring.NewNotificationChannel(
			c.ctx,
			c.cluster.Name+"-alarms-"+address,
			&monitoring.NotificationChannelArgs{
				DisplayName: pulumi.String(address),
				Type:        pulumi.String("email"),
				Labels:      pulumi.StringMap{"email_address": pulumi.String(address)},
				UserLabels:  c.labels(),
			},
			c.options()...)
		if err != nil {
			return nil, err
		}
		channels = append(channels, channel.ID())
	}
	return channels, nil
}
