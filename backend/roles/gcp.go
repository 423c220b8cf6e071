package roles

import "slices"

// Permissions are the permissions that a type of resource needs on Google Cloud or DigitalOcean. They cannot be limited
// to tags or names there, and are valid in the whole project or team.
type Permissions struct {
	// Read are for reading it; Write for creating, changing and deleting it, and for using what it depends on.
	Read, Write []string
}

// GoogleCloudFunctions are the lookups that the program uses there, with the permissions that each needs.
var GoogleCloudFunctions = map[string][]string{
	"gcp:compute/getAddresses:getAddresses":     {"compute.addresses.list"},
	"gcp:compute/getImage:getImage":             {"compute.images.get"},
	"gcp:compute/getSubnetwork:getSubnetwork":   {"compute.subnetworks.get"},
	"gcp:compute/getSubnetworks:getSubnetworks": {"compute.subnetworks.list"},
	"gcp:projects/getProject:getProject":        {"resourcemanager.projects.get"},
}

// operations are the permissions for waiting until Compute Engine has finished a change.
var operations = []string{"compute.globalOperations.get", "compute.regionOperations.get", "compute.zoneOperations.get"}

// GoogleCloud are the types of resources that the program uses there. The permissions of each method are at the end of
// its page in https://cloud.google.com/compute/docs/reference/rest/v1.
var GoogleCloud = map[string]Permissions{
	// Network
	"gcp:compute/network:Network": {
		Read: []string{
			"compute.networks.get",
		}, Write: each("compute.networks.", "create", "update", "updatePolicy", "delete"),
	},
	"gcp:compute/subnetwork:Subnetwork": {
		Read: []string{"compute.subnetworks.get"},
		Write: append(
			each("compute.subnetworks.", "create", "update", "delete", "expandIpCidrRange", "setPrivateIpGoogleAccess"),
			"compute.networks.updatePolicy",
		),
	},
	"gcp:compute/router:Router": {
		Read: []string{
			"compute.routers.get",
		}, Write: append(each("compute.routers.", "create", "update", "delete"), "compute.networks.updatePolicy"),
	},
	"gcp:compute/routerNat:RouterNat": {
		Read: []string{
			"compute.routers.get",
		}, Write: []string{"compute.routers.update", "compute.addresses.use", "compute.subnetworks.use"},
	},
	"gcp:compute/address:Address": {
		Read: []string{"compute.addresses.get"},
		Write: append(
			each(
				"compute.addresses.",
				"create",
				"createInternal",
				"delete",
				"deleteInternal",
				"setLabels",
				"use",
				"useInternal",
			),
			"compute.subnetworks.use",
		),
	},
	"gcp:compute/firewall:Firewall": {
		Read: []string{
			"compute.firewalls.get",
		}, Write: append(each("compute.firewalls.", "create", "update", "delete"), "compute.networks.updatePolicy"),
	},

	// Load balancer
	"gcp:compute/instanceGroup:InstanceGroup": {
		Read:  each("compute.instanceGroups.", "get", "list"),
		Write: append(each("compute.instanceGroups.", "create", "update", "delete", "use"), "compute.networks.use"),
	},
	"gcp:compute/instanceGroupMembership:InstanceGroupMembership": {
		Read: each(
			"compute.instanceGroups.",
			"get",
			"list",
		), Write: []string{"compute.instanceGroups.update", "compute.instances.use"},
	},
	"gcp:compute/regionHealthCheck:RegionHealthCheck": {
		Read: []string{
			"compute.regionHealthChecks.get",
		}, Write: each("compute.regionHealthChecks.", "create", "update", "delete", "use", "useReadOnly"),
	},
	"gcp:compute/regionBackendService:RegionBackendService": {
		Read: []string{"compute.regionBackendServices.get"},
		Write: append(
			each("compute.regionBackendServices.", "create", "update", "delete", "use"),
			"compute.instanceGroups.use",
		),
	},
	"gcp:compute/regionTargetTcpProxy:RegionTargetTcpProxy": {
		Read: []string{
			"compute.regionTargetTcpProxies.get",
		}, Write: each("compute.regionTargetTcpProxies.", "create", "delete", "use"),
	},
	"gcp:compute/forwardingRule:ForwardingRule": {
		Read: []string{"compute.forwardingRules.get"},
		Write: append(each("compute.forwardingRules.", "create", "update", "delete", "setLabels", "setTarget"),
			"compute.networks.use", "compute.subnetworks.use"),
	},

	// Machines
	"gcp:compute/instance:Instance": {
		Read: []string{
			"compute.instances.get",
			"compute.disks.get",
			"compute.images.get",
			"compute.machineTypes.get",
			"compute.projects.get",
			"compute.zones.get",
		},
		Write: slices.Concat(
			each(
				"compute.instances.",
				"create",
				"update",
				"delete",
				"setDeletionProtection",
				"setLabels",
				"setMetadata",
				"setScheduling",
				"setServiceAccount",
				"setTags",
				"updateShieldedInstanceConfig",
			),
			each("compute.disks.", "create", "resize", "setLabels"),
			[]string{
				"compute.images.useReadOnly",
				"compute.networks.use",
				"compute.subnetworks.use",
				"compute.subnetworks.useExternalIp",
				"iam.serviceAccounts.actAs",
			},
		),
	},
	"gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": {
		Read: []string{"compute.instanceTemplates.get"},
		Write: append(
			each("compute.instanceTemplates.", "create", "delete", "useReadOnly"),
			"compute.images.useReadOnly",
			"compute.networks.use",
			"compute.subnetworks.use",
			"iam.serviceAccounts.actAs",
		),
	},
	"gcp:compute/healthCheck:HealthCheck": {
		Read: []string{
			"compute.healthChecks.get",
		}, Write: each("compute.healthChecks.", "create", "update", "delete", "use", "useReadOnly"),
	},
	"gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": {
		Read: each("compute.instanceGroupManagers.", "get", "list"),
		// A managed group is a group, and its machines are made by Google's own agent.
		Write: append(
			each("compute.instanceGroupManagers.", "create", "update", "delete", "use"),
			"compute.instanceGroups.create",
			"compute.instanceGroups.delete",
			"compute.instances.create",
			"compute.instances.delete",
		),
	},
	"gcp:compute/regionAutoscaler:RegionAutoscaler": {
		Read: each(
			"compute.autoscalers.",
			"get",
			"list",
		), Write: each("compute.autoscalers.", "create", "update", "delete"),
	},

	// Identities and keys
	"gcp:serviceaccount/account:Account": {
		Read: []string{"iam.serviceAccounts.get"}, Write: each("iam.serviceAccounts.", "create", "update", "delete"),
	},
	"gcp:kms/keyRing:KeyRing": {Read: []string{"cloudkms.keyRings.get"}, Write: []string{"cloudkms.keyRings.create"}},
	"gcp:kms/cryptoKey:CryptoKey": {
		Read: []string{"cloudkms.cryptoKeys.get", "cloudkms.cryptoKeyVersions.list"},
		Write: []string{
			"cloudkms.cryptoKeys.create",
			"cloudkms.cryptoKeys.update",
			"cloudkms.cryptoKeyVersions.destroy",
		},
	},
	"gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": {
		Read: []string{"cloudkms.cryptoKeys.getIamPolicy"}, Write: []string{"cloudkms.cryptoKeys.setIamPolicy"},
	},

	// Alarms
	"gcp:logging/metric:Metric": {
		Read:  []string{"logging.logMetrics.get"},
		Write: each("logging.logMetrics.", "create", "update", "delete"),
	},
	"gcp:monitoring/alertPolicy:AlertPolicy": {
		Read: []string{"monitoring.alertPolicies.get"},
		// An alert that reads the log is a rule of the log as well:
		// https://cloud.google.com/logging/docs/alerting/log-based-alerts
		Write: append(
			each("monitoring.alertPolicies.", "create", "update", "delete"),
			each("logging.notificationRules.", "create", "update", "delete")...),
	},
	"gcp:monitoring/notificationChannel:NotificationChannel": {
		Read: []string{
			"monitoring.notificationChannels.get",
		}, Write: each("monitoring.notificationChannels.", "create", "update", "delete"),
	},
}

// ReadGoogleCloud returns the permissions of a preview.
func ReadGoogleCloud() []string {
	return sorted(append(reads(GoogleCloud, GoogleCloudFunctions), operations...))
}

// ChangeGoogleCloud returns the permissions of an update.
func ChangeGoogleCloud() []string {
	return sorted(append(ReadGoogleCloud(), writes(GoogleCloud)...))
}

// reads returns the permissions that a table of types and one of look-ups ask to look at everything.
func reads(types map[string]Permissions, functions map[string][]string) []string {
	var all []string
	for _, asks := range types {
		all = append(all, asks.Read...)
	}
	for _, asks := range functions {
		all = append(all, asks...)
	}
	return sorted(all)
}

// writes returns the permissions that a table of types asks to make, change and delete everything.
func writes(types map[string]Permissions) []string {
	var all []string
	for _, asks := range types {
		all = append(all, asks.Write...)
	}
	return sorted(all)
}

// each spells verbs on one kind of thing, "vpc:" or "compute.instances.".
func each(kind string, verbs ...string) []string {
	spelled := make([]string, len(verbs))
	for i, verb := range verbs {
		spelled[i] = kind + verb
	}
	return spelled
}
