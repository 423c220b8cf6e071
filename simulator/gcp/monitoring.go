package gcp

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/inferadb/infra/simulator/catalogue" //lint:ignore ST1001 the tables read as tables
	"github.com/inferadb/infra/simulator/world"
)

// The types by which people hear of preemptions.
const (
	metricType  = "gcp:logging/metric:Metric"
	alertType   = "gcp:monitoring/alertPolicy:AlertPolicy"
	channelType = "gcp:monitoring/notificationChannel:NotificationChannel"
)

var monitoringResources = []Resource{
	{
		Token: metricType, Global: true,
		Name: &Autoname{Property: "name", MaxLength: 100},
		Fields: Fields{
			"name": String(Computed, Replaces, MaxLength(100), Matching(`^[A-Za-z0-9_.,+!*',()%-][A-Za-z0-9_.,+!*',()%/-]*$`)), "filter": String(Required, MaxLength(20000)), "description": String(MaxLength(8000)),
			"disabled": Bool(), "bucketName": String(), "labelExtractors": StringMap(), "valueExtractor": String(), "project": String(Computed, Replaces),
			"metricDescriptor": Object(Fields{
				"metricKind": String(Required, OneOf("DELTA", "GAUGE", "CUMULATIVE")), "valueType": String(Required, OneOf("BOOL", "INT64", "DOUBLE", "STRING", "DISTRIBUTION", "MONEY")),
				"displayName": String(), "unit": String(Default("1")), "labels": Objects(Fields{"key": String(Required, Replaces), "valueType": String(), "description": String()}, Unordered),
			}, Computed),
		},
		Create: createMetric,
	},
	{
		Token: alertType, Global: true,
		Fields: Fields{
			"displayName": String(Required, MaxLength(512)), "combiner": String(Required, OneOf("AND", "OR", "AND_WITH_MATCHING_RESOURCE")), "enabled": Bool(Default(true)), "severity": String(OneOf("CRITICAL", "ERROR", "WARNING")),
			"notificationChannels": Strings(), "userLabels": StringMap(), "project": String(Computed, Replaces), "documentation": Object(Fields{"content": String(), "mimeType": String(), "subject": String()}),
			"conditions": Objects(Fields{
				"displayName": String(Required), "conditionMatchedLog": Object(Fields{"filter": String(Required, MaxLength(20000)), "labelExtractors": StringMap()}),
				"conditionThreshold": Object(Fields{
					"comparison": String(Required), "duration": String(Required), "filter": String(), "thresholdValue": Number(), "evaluationMissingData": String(),
					"aggregations": Objects(Fields{"alignmentPeriod": String(), "perSeriesAligner": String(), "crossSeriesReducer": String(), "groupByFields": Strings()}),
				}),
			}, Required, MaxLength(6)),
			"alertStrategy": Object(Fields{"autoClose": String(Matching(`^\d+s$`)), "notificationRateLimit": Object(Fields{"period": String(Matching(`^\d+s$`))})}),
			"name":          String(Output),
		},
		Create: createAlert, Update: checkAlert,
	},
	{
		Token: channelType, Global: true,
		Fields: Fields{
			"type": String(Required), "displayName": String(MaxLength(512)), "description": String(MaxLength(1024)), "labels": StringMap(), "userLabels": StringMap(),
			"enabled": Bool(Default(true)), "forceDelete": Bool(Default(false)), "project": String(Computed, Replaces), "name": String(Output), "verificationStatus": String(Output),
		},
		Create: createChannel, Update: checkChannel, Delete: deleteUnused,
	},
}

func createMetric(c *Call) error {
	c.ID, c.State["project"] = c.State.String("name"), Project
	if c.World.Get(metricType, "", c.ID) != nil {
		return fmt.Errorf("Error 409: Metric %s already exists., alreadyExists", c.ID)
	}
	return nil
}

// number names a resource of Cloud Monitoring, which numbers them.
func number(c *Call, collection string) {
	c.ID = fmt.Sprintf("projects/%s/%s/%s", Project, collection, digits(c, 19))
	c.State["name"], c.State["project"] = c.ID, Project
}

func createAlert(c *Call) error {
	number(c, "alertPolicies")
	return checkAlert(c)
}

// checkAlert: a condition on the log stands alone and must say how often it may speak; one on a metric of the user's
// own is refused while the metric is new, which in this world it always is.
// https://cloud.google.com/logging/docs/alerting/log-based-alerts#api-create-alert-policy
func checkAlert(c *Call) error {
	if problems := labelProblems("userLabels", c.State.Object("userLabels")); len(problems) > 0 {
		return invalid("userLabels", "", "%s", problems[0].Reason)
	}
	conditions := c.State.Objects("conditions")
	matched := slices.IndexFunc(conditions, func(v world.Values) bool { return v.Has("conditionMatchedLog") })
	limited := c.State.Object("alertStrategy").Has("notificationRateLimit")
	switch {
	case matched >= 0 && len(conditions) > 1:
		return invalid("conditions", "", "A policy with a log-match condition can only have one condition")
	case matched >= 0 && !limited:
		return invalid("alertStrategy", "", "A policy with a log-match condition must have a notification rate limit")
	case matched < 0 && limited:
		return invalid("alertStrategy", "", "Only a policy with a log-match condition can have a notification rate limit")
	}
	for _, condition := range conditions {
		if strings.Contains(condition.Object("conditionThreshold").String("filter"), "logging.googleapis.com/user/") {
			return fmt.Errorf("Error 404: Cannot find metric(s) that match the filter. If a metric was created recently, it could take up to 10 minutes to become available. Please try again soon.")
		}
	}
	for _, channel := range c.State.Strings("notificationChannels") {
		if c.World.Get(channelType, "", channel) == nil {
			return fmt.Errorf("Error 404: Failed to find notification channel with ID: %s", channel)
		}
	}
	return nil
}

func createChannel(c *Call) error {
	number(c, "notificationChannels")
	c.State["verificationStatus"] = ""
	return checkChannel(c)
}

func checkChannel(c *Call) error {
	if c.State.String("type") == "email" && !strings.Contains(c.State.Object("labels").String("email_address"), "@") {
		return invalid("labels", "email_address", "An e-mail channel needs an address")
	}
	return nil
}
