package roles

import "slices"

// Permissions are what a type of resource asks of Google Cloud, which narrows none of them by tag or name: they reach as far as
// the project.
type Permissions struct {
	// Read looks at it; Write makes, changes and deletes it, and uses what it stands on.
	Read, Write []string
}

// GoogleCloudFunctions are the look-ups that the program uses there, and what each asks.
var GoogleCloudFunctions = map[string][]string{
	"gcp:compute/getImage:getImage":             {"compute.images.get"},
	"gcp:compute/getSubnetwork:getSubnetwork":   {"compute.subnetworks.get"},
	"gcp:compute/getSubnetworks:getSubnetworks": {"compute.subnetworks.list"},
	"gcp:organizations/getProject:getProject":   {"resourcemanager.projects.get"},
}

// operations are how Compute Engine tells that a change is done.
var operations = []string{"compute.globalOperations.get", "compute.regionOperations.get", "compute.zoneOperations.get"}

// GoogleCloud are the types that the program uses there. What each method asks says
// https://cloud.google.com/compute/docs/reference/rest/v1, at the end of its page.
var GoogleCloud = map[string]Permissions{
	// Network
	"gcp:compute/network:Network": {
		Read: []string{"compute.networks.get"}, Write: all("compute.networks", "create", "update", "updatePolicy", "delete"),
	},
	"gcp:compute/subnetwork:Subnetwork": {
		Read: []string{"compute.subnetworks.get"},
		Write: append(all("compute.subnetworks", "create", "update", "delete", "expandIpCidrRange", "setPrivateIpGoogleAccess"),
			"compute.networks.updatePolicy"),
	},
	"gcp:compute/router:Router": {
		Read: []string{"compute.routers.get"}, Write: append(all("compute.routers", "create", "update", "delete"), "compute.networks.updatePolicy"),
	},
	"gcp:compute/routerNat:RouterNat": {
		Read: []string{"compute.routers.get"}, Write: []string{"compute.routers.update", "compute.addresses.use", "compute.subnetworks.use"},
	},
	"gcp:compute/address:Address": {
		Read: []string{"compute.addresses.get"},
		Write: append(all("compute.addresses", "create", "createInternal", "delete", "deleteInternal", "setLabels", "use", "useInternal"),
			"compute.subnetworks.use"),
	},
	"gcp:compute/firewall:Firewall": {
		Read: []string{"compute.firewalls.get"}, Write: append(all("compute.firewalls", "create", "update", "delete"), "compute.networks.updatePolicy"),
	},

	// Load balancer
	"gcp:compute/instanceGroup:InstanceGroup": {
		Read:  all("compute.instanceGroups", "get", "list"),
		Write: append(all("compute.instanceGroups", "create", "update", "delete", "use"), "compute.networks.use"),
	},
	"gcp:compute/instanceGroupMembership:InstanceGroupMembership": {
		Read: all("compute.instanceGroups", "get", "list"), Write: []string{"compute.instanceGroups.update", "compute.instances.use"},
	},
	"gcp:compute/regionHealthCheck:RegionHealthCheck": {
		Read: []string{"compute.regionHealthChecks.get"}, Write: all("compute.regionHealthChecks", "create", "update", "delete", "use", "useReadOnly"),
	},
	"gcp:compute/regionBackendService:RegionBackendService": {
		Read:  []string{"compute.regionBackendServices.get"},
		Write: append(all("compute.regionBackendServices", "create", "update", "delete", "use"), "compute.instanceGroups.use"),
	},
	"gcp:compute/regionTargetTcpProxy:RegionTargetTcpProxy": {
		Read: []string{"compute.regionTargetTcpProxies.get"}, Write: all("compute.regionTargetTcpProxies", "create", "delete", "use"),
	},
	"gcp:compute/forwardingRule:ForwardingRule": {
		Read: []string{"compute.forwardingRules.get"},
		Write: append(all("compute.forwardingRules", "create", "update", "delete", "setLabels", "setTarget"),
			"compute.networks.use", "compute.subnetworks.use"),
	},

	// Machines
	"gcp:compute/instance:Instance": {
		Read: []string{"compute.instances.get", "compute.disks.get", "compute.images.get", "compute.machineTypes.get", "compute.projects.get", "compute.zones.get"},
		Write: slices.Concat(
			all("compute.instances", "create", "update", "delete", "setDeletionProtection", "setLabels", "setMetadata", "setScheduling",
				"setServiceAccount", "setTags", "updateShieldedInstanceConfig"),
			all("compute.disks", "create", "resize", "setLabels"),
			[]string{"compute.images.useReadOnly", "compute.networks.use", "compute.subnetworks.use", "compute.subnetworks.useExternalIp", "iam.serviceAccounts.actAs"},
		),
	},
	"gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": {
		Read: []string{"compute.instanceTemplates.get"},
		Write: append(all("compute.instanceTemplates", "create", "delete", "useReadOnly"),
			"compute.images.useReadOnly", "compute.networks.use", "compute.subnetworks.use", "iam.serviceAccounts.actAs"),
	},
	"gcp:compute/healthCheck:HealthCheck": {
		Read: []string{"compute.healthChecks.get"}, Write: all("compute.healthChecks", "create", "update", "delete", "use", "useReadOnly"),
	},
	"gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": {
		Read: all("compute.instanceGroupManagers", "get", "list"),
		// A managed group is a group, and its machines are made by Google's own agent.
		Write: append(all("compute.instanceGroupManagers", "create", "update", "delete", "use"),
			"compute.instanceGroups.create", "compute.instanceGroups.delete", "compute.instances.create", "compute.instances.delete"),
	},
	"gcp:compute/regionAutoscaler:RegionAutoscaler": {
		Read: all("compute.autoscalers", "get", "list"), Write: all("compute.autoscalers", "create", "update", "delete"),
	},

	// Identities and keys
	"gcp:serviceaccount/account:Account": {
		Read: []string{"iam.serviceAccounts.get"}, Write: all("iam.serviceAccounts", "create", "update", "delete"),
	},
	"gcp:kms/keyRing:KeyRing": {Read: []string{"cloudkms.keyRings.get"}, Write: []string{"cloudkms.keyRings.create"}},
	"gcp:kms/cryptoKey:CryptoKey": {
		Read:  []string{"cloudkms.cryptoKeys.get", "cloudkms.cryptoKeyVersions.list"},
		Write: []string{"cloudkms.cryptoKeys.create", "cloudkms.cryptoKeys.update", "cloudkms.cryptoKeyVersions.destroy"},
	},
	"gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": {
		Read: []string{"cloudkms.cryptoKeys.getIamPolicy"}, Write: []string{"cloudkms.cryptoKeys.setIamPolicy"},
	},

	// Alarms
	"gcp:logging/metric:Metric": {Read: []string{"logging.logMetrics.get"}, Write: all("logging.logMetrics", "create", "update", "delete")},
	"gcp:monitoring/alertPolicy:AlertPolicy": {
		Read: []string{"monitoring.alertPolicies.get"},
		// An alert that reads the log is a rule of the log as well: https://cloud.google.com/logging/docs/alerting/log-based-alerts
		Write: append(all("monitoring.alertPolicies", "create", "update", "delete"), all("logging.notificationRules", "create", "update", "delete")...),
	},
	"gcp:monitoring/notificationChannel:NotificationChannel": {
		Read: []string{"monitoring.notificationChannels.get"}, Write: all("monitoring.notificationChannels", "create", "update", "delete"),
	},
}

// ReadGoogleCloud are the permissions of a preview.
func ReadGoogleCloud() []string {
	permissions := slices.Clone(operations)
	for _, asks := range GoogleCloud {
		permissions = append(permissions, asks.Read...)
	}
	for _, asks := range GoogleCloudFunctions {
		permissions = append(permissions, asks...)
	}
	return sorted(permissions)
}

// ChangeGoogleCloud are the permissions of an update.
func ChangeGoogleCloud() []string {
	permissions := ReadGoogleCloud()
	for _, asks := range GoogleCloud {
		permissions = append(permissions, asks.Write...)
	}
	return sorted(permissions)
}

// all spells verbs on one kind of thing.
func all(kind string, verbs ...string) []string {
	permissions := make([]string, len(verbs))
	for i, verb := range verbs {
		permissions[i] = kind + "." + verb
	}
	return permissions
}
