package gcp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types that report preemptions to people.
const (
	metricType  = "gcp:logging/metric:Metric"
	alertType   = "gcp:monitoring/alertPolicy:AlertPolicy"
	channelType = "gcp:monitoring/notificationChannel:NotificationChannel"
)

func createMetric(c *schema.Call) error {
	c.ID, c.State["project"] = c.State.String("name"), Project
	if c.Store.Get(metricType, "", c.ID) != nil {
		return fmt.Errorf("Error 409: Metric %s already exists., alreadyExists", c.ID)
	}
	return nil
}

// number names a resource of Cloud Monitoring, which numbers them.
func number(c *schema.Call, collection string) {
	c.ID = fmt.Sprintf("projects/%s/%s/%s", Project, collection, digits(c, 19))
	c.State["name"], c.State["project"] = c.ID, Project
}

func createAlert(c *schema.Call) error {
	number(c, "alertPolicies")
	return checkAlert(c)
}

// checkAlert checks the conditions of an alert. A condition on the log must be the only one and needs a rate limit. A
// condition on a user-defined metric is refused while the metric is new, which it always is here.
// https://cloud.google.com/logging/docs/alerting/log-based-alerts#api-create-alert-policy
func checkAlert(c *schema.Call) error {
	if problems := labelProblems("userLabels", c.State.Object("userLabels")); len(problems) > 0 {
		return invalid("userLabels", "", "%s", problems[0].Reason)
	}
	conditions := c.State.Objects("conditions")
	matched := slices.IndexFunc(conditions, func(v store.Values) bool { return v.Has("conditionMatchedLog") })
	limited := c.State.Object("alertStrategy").Has("notificationRateLimit")
	switch {
	case matched >= 0 && len(conditions) > 1:
		return invalid("conditions", "", "A policy with a log-match condition can only have one condition")
	case matched >= 0 && !limited:
		return invalid("alertStrategy", "", "A policy with a log-match condition must have a notification rate limit")
	case matched < 0 && limited:
		return invalid("alertStrategy", "", "Only a policy with a log-match condition can have a notification rate "+
			"limit")
	}
	for _, condition := range conditions {
		if strings.Contains(condition.Object("conditionThreshold").String("filter"), "logging.googleapis.com/user/") {
			return fmt.Errorf("Error 404: Cannot find metric(s) that match the filter. If a metric was created " +
				"recently, it could take up to 10 minutes to become available. Please try again soon.")
		}
	}
	for _, channel := range c.State.Strings("notificationChannels") {
		if c.Store.Get(channelType, "", channel) == nil {
			return fmt.Errorf("Error 404: Failed to find notification channel with ID: %s", channel)
		}
	}
	return nil
}

func createChannel(c *schema.Call) error {
	number(c, "notificationChannels")
	return checkChannel(c)
}

func checkChannel(c *schema.Call) error {
	if c.State.String("type") == "email" && !strings.Contains(c.State.Object("labels").String("email_address"), "@") {
		return invalid("labels", "email_address", "An e-mail channel needs an address")
	}
	return nil
}
