package main

import "fmt"

// compute builds a lookup of something that Compute Engine knows by a name.
func compute(group, place string) lookup {
	flag, path := "", "global"
	if place != "" {
		flag, path = fmt.Sprintf(" --%s={%s}", place, place), fmt.Sprintf("%ss/{%s}", place, place)
	}
	return lookup{look: "gcloud compute " + group + " describe {name}" + flag +
		" --project={project} --format='value(selfLink)'",
		id: "projects/{project}/" + path + "/"}
}

// under completes the id of a resource of Compute Engine.
func (l lookup) under(collection string) lookup {
	l.id += collection + "/{name}"
	return l
}

var _ = register(map[string]lookup{
	"gcp:compute/network:Network": compute("networks", "").under("networks"),
	"gcp:compute/subnetwork:Subnetwork": compute("networks subnets",
		"region").under("subnetworks"),
	"gcp:compute/firewall:Firewall": compute("firewall-rules", "").under("firewalls"),
	"gcp:compute/router:Router":     compute("routers", "region").under("routers"),
	"gcp:compute/address:Address":   compute("addresses", "region").under("addresses"),
	"gcp:compute/instance:Instance": compute("instances", "zone").under("instances"),
	"gcp:compute/instanceGroup:InstanceGroup": compute("instance-groups unmanaged",
		"zone").under("instanceGroups"),
	"gcp:compute/healthCheck:HealthCheck": compute("health-checks", "").under("healthChecks"),
	"gcp:compute/regionHealthCheck:RegionHealthCheck": compute("health-checks",
		"region").under("healthChecks"),
	"gcp:compute/regionBackendService:RegionBackendService": compute("backend-services",
		"region").under("backendServices"),
	"gcp:compute/regionTargetTcpProxy:RegionTargetTcpProxy": compute("target-tcp-proxies",
		"region").under("targetTcpProxies"),
	"gcp:compute/forwardingRule:ForwardingRule": compute("forwarding-rules",
		"region").under("forwardingRules"),
	"gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": compute("instance-templates",
		"region").under("instanceTemplates"),
	"gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": compute("instance-groups managed", "region").
		under("instanceGroupManagers"),
	"gcp:compute/regionAutoscaler:RegionAutoscaler": {look: "gcloud compute instance-groups managed describe " +
		"{target} --format='value(autoscaler.selfLink)'", id: "projects/{project}/regions/{region}/autoscalers/{name}"},
	"gcp:compute/routerNat:RouterNat": {look: "gcloud compute routers nats describe {name} --router={router} " +
		"--region={region} --project={project} --format='value(name)'", id: "{project}/{region}/{router}/{name}"},
	"gcp:compute/instanceGroupMembership:InstanceGroupMembership": {remove: "gcloud compute instance-groups " +
		"unmanaged remove-instances {instanceGroup} --instances={instance} --zone={zone} --project={project}"},
	"gcp:kms/keyRing:KeyRing": {look: "gcloud kms keyrings describe {name} --location={location} " +
		"--project={project} --format='value(name)'",
		id: "projects/{project}/locations/{location}/keyRings/{name}"},
	"gcp:kms/cryptoKey:CryptoKey": {look: "gcloud kms keys describe {keyRing}/cryptoKeys/{name} --format='value(name)'",
		id: "{keyRing}/cryptoKeys/{name}"},
	"gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": again(overwrites),
	"gcp:serviceaccount/account:Account": {look: "gcloud iam service-accounts describe " +
		"{accountId}@{project}.iam.gserviceaccount.com " +
		"--format='value(name)'", id: "projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com"},
	"gcp:logging/metric:Metric": {look: "gcloud logging metrics describe {name} --project={project} " +
		"--format='value(name)'", id: "{name}"},
	"gcp:monitoring/alertPolicy:AlertPolicy": {look: "gcloud monitoring policies list --project={project} " +
		"--filter='displayName=\"{displayName}\"' --format='value(name)'"},
	"gcp:monitoring/notificationChannel:NotificationChannel": {look: "gcloud beta monitoring channels list " +
		"--project={project} --filter='displayName=\"{displayName}\"' --format='value(name)'"},
})
