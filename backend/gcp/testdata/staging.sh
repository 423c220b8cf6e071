set -euo pipefail
project=my-project
location=us-east4
ring=inferadb-pulumi-staging
bucket=$project-pulumi-state-staging
keys=projects/$project/locations/$location/keyRings/$ring/cryptoKeys

# The keys: one for the bucket, one for the secrets in the state.
gcloud services enable cloudkms.googleapis.com iam.googleapis.com iamcredentials.googleapis.com sts.googleapis.com storage.googleapis.com --project "$project"
gcloud kms keyrings create "$ring" --location "$location" --project "$project"
for key in state secrets; do
  gcloud kms keys create "$key" --keyring "$ring" --location "$location" --project "$project" --purpose encryption \
    --rotation-period 90d --next-rotation-time 2026-04-01T00:00:00Z --destroy-scheduled-duration 30d
done

# The bucket: private, encrypted, with its old versions.
gcloud storage service-agent --project "$project" --authorize-cmek "$keys/state"
gcloud storage buckets create "gs://$bucket" --project "$project" --location "$location" --default-encryption-key "$keys/state" \
  --uniform-bucket-level-access --public-access-prevention
rules=$(mktemp)
echo '{"rule": [{"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 90, "numNewerVersions": 20}},
  {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 30, "matchesPrefix": ["etcd/"]}}]}' > "$rules"
gcloud storage buckets update "gs://$bucket" --versioning --lifecycle-file "$rules"
rm "$rules"

# Who may act for the workflows of acme/infra: jobs of one environment each, and no others.
pool=projects/$(gcloud projects describe "$project" --format 'value(projectNumber)')/locations/global/workloadIdentityPools/github
if ! gcloud iam workload-identity-pools describe github --location global --project "$project" > /dev/null 2>&1; then
  gcloud iam workload-identity-pools create github --location global --project "$project"
  gcloud iam workload-identity-pools providers create-oidc github --workload-identity-pool github --location global --project "$project" \
    --issuer-uri https://token.actions.githubusercontent.com --attribute-mapping google.subject=assertion.sub \
    --attribute-condition "assertion.repository == 'acme/infra'"
fi

account=github-staging-preview@$project.iam.gserviceaccount.com
gcloud iam service-accounts create github-staging-preview --project "$project" --display-name "Workflows of acme/infra in staging-preview"
gcloud iam service-accounts add-iam-policy-binding "$account" --project "$project" --role roles/iam.workloadIdentityUser \
  --member "principal://iam.googleapis.com/$pool/subject/repo:acme/infra:environment:staging-preview"
gcloud iam roles create inferadb_staging_preview --project "$project" --stage GA --title "InferaDB staging: preview" \
  --permissions cloudkms.cryptoKeyVersions.list,cloudkms.cryptoKeys.get,cloudkms.cryptoKeys.getIamPolicy,cloudkms.keyRings.get,compute.addresses.get,compute.addresses.list,compute.autoscalers.get,compute.autoscalers.list,compute.disks.get,compute.firewalls.get,compute.forwardingRules.get,compute.globalOperations.get,compute.healthChecks.get,compute.images.get,compute.instanceGroupManagers.get,compute.instanceGroupManagers.list,compute.instanceGroups.get,compute.instanceGroups.list,compute.instanceTemplates.get,compute.instances.get,compute.machineTypes.get,compute.networks.get,compute.projects.get,compute.regionBackendServices.get,compute.regionHealthChecks.get,compute.regionOperations.get,compute.regionTargetTcpProxies.get,compute.routers.get,compute.subnetworks.get,compute.subnetworks.list,compute.zoneOperations.get,compute.zones.get,iam.serviceAccounts.get,logging.logMetrics.get,monitoring.alertPolicies.get,monitoring.notificationChannels.get,resourcemanager.projects.get
gcloud projects add-iam-policy-binding "$project" --member "serviceAccount:$account" --condition None \
  --role "projects/$project/roles/inferadb_staging_preview"
gcloud storage buckets add-iam-policy-binding "gs://$bucket" --member "serviceAccount:$account" --role roles/storage.objectViewer
gcloud kms keys add-iam-policy-binding secrets --keyring "$ring" --location "$location" --project "$project" \
  --member "serviceAccount:$account" --role roles/cloudkms.cryptoKeyDecrypter

account=github-staging-deploy@$project.iam.gserviceaccount.com
gcloud iam service-accounts create github-staging-deploy --project "$project" --display-name "Workflows of acme/infra in staging"
gcloud iam service-accounts add-iam-policy-binding "$account" --project "$project" --role roles/iam.workloadIdentityUser \
  --member "principal://iam.googleapis.com/$pool/subject/repo:acme/infra:environment:staging"
gcloud iam roles create inferadb_staging_deploy --project "$project" --stage GA --title "InferaDB staging: deploy" \
  --permissions cloudkms.cryptoKeyVersions.destroy,cloudkms.cryptoKeyVersions.list,cloudkms.cryptoKeys.create,cloudkms.cryptoKeys.get,cloudkms.cryptoKeys.getIamPolicy,cloudkms.cryptoKeys.setIamPolicy,cloudkms.cryptoKeys.update,cloudkms.keyRings.create,cloudkms.keyRings.get,compute.addresses.create,compute.addresses.createInternal,compute.addresses.delete,compute.addresses.deleteInternal,compute.addresses.get,compute.addresses.list,compute.addresses.setLabels,compute.addresses.use,compute.addresses.useInternal,compute.autoscalers.create,compute.autoscalers.delete,compute.autoscalers.get,compute.autoscalers.list,compute.autoscalers.update,compute.disks.create,compute.disks.get,compute.disks.resize,compute.disks.setLabels,compute.firewalls.create,compute.firewalls.delete,compute.firewalls.get,compute.firewalls.update,compute.forwardingRules.create,compute.forwardingRules.delete,compute.forwardingRules.get,compute.forwardingRules.setLabels,compute.forwardingRules.setTarget,compute.forwardingRules.update,compute.globalOperations.get,compute.healthChecks.create,compute.healthChecks.delete,compute.healthChecks.get,compute.healthChecks.update,compute.healthChecks.use,compute.healthChecks.useReadOnly,compute.images.get,compute.images.useReadOnly,compute.instanceGroupManagers.create,compute.instanceGroupManagers.delete,compute.instanceGroupManagers.get,compute.instanceGroupManagers.list,compute.instanceGroupManagers.update,compute.instanceGroupManagers.use,compute.instanceGroups.create,compute.instanceGroups.delete,compute.instanceGroups.get,compute.instanceGroups.list,compute.instanceGroups.update,compute.instanceGroups.use,compute.instanceTemplates.create,compute.instanceTemplates.delete,compute.instanceTemplates.get,compute.instanceTemplates.useReadOnly,compute.instances.create,compute.instances.delete,compute.instances.get,compute.instances.setDeletionProtection,compute.instances.setLabels,compute.instances.setMetadata,compute.instances.setScheduling,compute.instances.setServiceAccount,compute.instances.setTags,compute.instances.update,compute.instances.updateShieldedInstanceConfig,compute.instances.use,compute.machineTypes.get,compute.networks.create,compute.networks.delete,compute.networks.get,compute.networks.update,compute.networks.updatePolicy,compute.networks.use,compute.projects.get,compute.regionBackendServices.create,compute.regionBackendServices.delete,compute.regionBackendServices.get,compute.regionBackendServices.update,compute.regionBackendServices.use,compute.regionHealthChecks.create,compute.regionHealthChecks.delete,compute.regionHealthChecks.get,compute.regionHealthChecks.update,compute.regionHealthChecks.use,compute.regionHealthChecks.useReadOnly,compute.regionOperations.get,compute.regionTargetTcpProxies.create,compute.regionTargetTcpProxies.delete,compute.regionTargetTcpProxies.get,compute.regionTargetTcpProxies.use,compute.routers.create,compute.routers.delete,compute.routers.get,compute.routers.update,compute.subnetworks.create,compute.subnetworks.delete,compute.subnetworks.expandIpCidrRange,compute.subnetworks.get,compute.subnetworks.list,compute.subnetworks.setPrivateIpGoogleAccess,compute.subnetworks.update,compute.subnetworks.use,compute.subnetworks.useExternalIp,compute.zoneOperations.get,compute.zones.get,iam.serviceAccounts.actAs,iam.serviceAccounts.create,iam.serviceAccounts.delete,iam.serviceAccounts.get,iam.serviceAccounts.update,logging.logMetrics.create,logging.logMetrics.delete,logging.logMetrics.get,logging.logMetrics.update,logging.notificationRules.create,logging.notificationRules.delete,logging.notificationRules.update,monitoring.alertPolicies.create,monitoring.alertPolicies.delete,monitoring.alertPolicies.get,monitoring.alertPolicies.update,monitoring.notificationChannels.create,monitoring.notificationChannels.delete,monitoring.notificationChannels.get,monitoring.notificationChannels.update,resourcemanager.projects.get
gcloud projects add-iam-policy-binding "$project" --member "serviceAccount:$account" --condition None \
  --role "projects/$project/roles/inferadb_staging_deploy"
gcloud storage buckets add-iam-policy-binding "gs://$bucket" --member "serviceAccount:$account" --role roles/storage.objectUser
gcloud kms keys add-iam-policy-binding secrets --keyring "$ring" --location "$location" --project "$project" \
  --member "serviceAccount:$account" --role roles/cloudkms.cryptoKeyEncrypterDecrypter

account=github-staging-backup@$project.iam.gserviceaccount.com
gcloud iam service-accounts create github-staging-backup --project "$project" --display-name "Workflows of acme/infra in staging-backup"
gcloud iam service-accounts add-iam-policy-binding "$account" --project "$project" --role roles/iam.workloadIdentityUser \
  --member "principal://iam.googleapis.com/$pool/subject/repo:acme/infra:environment:staging-backup"
gcloud storage buckets add-iam-policy-binding "gs://$bucket" --member "serviceAccount:$account" --role roles/storage.objectViewer
gcloud kms keys add-iam-policy-binding secrets --keyring "$ring" --location "$location" --project "$project" \
  --member "serviceAccount:$account" --role roles/cloudkms.cryptoKeyDecrypter
gcloud storage buckets add-iam-policy-binding "gs://$bucket" --member "serviceAccount:$account" --role roles/storage.objectUser \
  --condition "title=etcd,expression=resource.name.startsWith('projects/_/buckets/$bucket/objects/etcd/')"

echo "In backends.yaml, for staging: backend: gs://$bucket"
echo "In backends.yaml, for staging: secrets: gcpkms://$keys/secrets"
echo "In the environment staging-preview of acme/infra: GCP_PROVIDER=$pool/providers/github GCP_ACCOUNT=github-staging-preview@$project.iam.gserviceaccount.com"
echo "In the environment staging of acme/infra: GCP_PROVIDER=$pool/providers/github GCP_ACCOUNT=github-staging-deploy@$project.iam.gserviceaccount.com"
echo "In the environment staging-backup of acme/infra: SNAPSHOTS=gs://$bucket/etcd"
echo "In the environment staging-backup of acme/infra: GCP_PROVIDER=$pool/providers/github GCP_ACCOUNT=github-staging-backup@$project.iam.gserviceaccount.com"
