set -euo pipefail
project={{.Project}}
location={{.Location}}
ring=inferadb-pulumi-{{.Stack}}
bucket=$project-pulumi-state-{{.Stack}}
keys=projects/$project/locations/$location/keyRings/$ring/cryptoKeys

# The keys: one for the bucket, one for the secrets in the state.
gcloud services enable cloudkms.googleapis.com iam.googleapis.com iamcredentials.googleapis.com sts.googleapis.com storage.googleapis.com --project "$project"
gcloud kms keyrings create "$ring" --location "$location" --project "$project"
for key in state secrets; do
  gcloud kms keys create "$key" --keyring "$ring" --location "$location" --project "$project" --purpose encryption \
    --rotation-period 90d --next-rotation-time {{.NextRotation}} --destroy-scheduled-duration 30d
done

# The bucket: private, encrypted, with its old versions.
gcloud storage service-agent --project "$project" --authorize-cmek "$keys/state"
gcloud storage buckets create "gs://$bucket" --project "$project" --location "$location" --default-encryption-key "$keys/state" \
  --uniform-bucket-level-access --public-access-prevention
rules=$(mktemp)
echo '{"rule": [{"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 90, "numNewerVersions": 20}},
  {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 30, "matchesPrefix": ["{{.Snapshots}}/"]}}]}' > "$rules"
gcloud storage buckets update "gs://$bucket" --versioning --lifecycle-file "$rules"
rm "$rules"
{{- if .Accounts}}

# Who may act for the workflows of {{.Repository}}: jobs of one environment each, and no others.
pool=projects/$(gcloud projects describe "$project" --format 'value(projectNumber)')/locations/global/workloadIdentityPools/github
if ! gcloud iam workload-identity-pools describe github --location global --project "$project" > /dev/null 2>&1; then
  gcloud iam workload-identity-pools create github --location global --project "$project"
  gcloud iam workload-identity-pools providers create-oidc github --workload-identity-pool github --location global --project "$project" \
    --issuer-uri https://token.actions.githubusercontent.com --attribute-mapping google.subject=assertion.sub \
    --attribute-condition "assertion.repository == '{{.Repository}}'"
fi
{{- range .Accounts}}

account=github-{{$.Stack}}-{{.Kind}}@$project.iam.gserviceaccount.com
gcloud iam service-accounts create github-{{$.Stack}}-{{.Kind}} --project "$project" --display-name "Workflows of {{$.Repository}} in {{.Environment}}"
gcloud iam service-accounts add-iam-policy-binding "$account" --project "$project" --role roles/iam.workloadIdentityUser \
  --member "principal://iam.googleapis.com/$pool/subject/repo:{{$.Repository}}:environment:{{.Environment}}"
{{- if .Permissions}}
gcloud iam roles create inferadb_{{id $.Stack}}_{{.Kind}} --project "$project" --stage GA --title "InferaDB {{$.Stack}}: {{.Kind}}" \
  --permissions {{.Permissions}}
gcloud projects add-iam-policy-binding "$project" --member "serviceAccount:$account" --condition None \
  --role "projects/$project/roles/inferadb_{{id $.Stack}}_{{.Kind}}"
{{- end}}
gcloud storage buckets add-iam-policy-binding "gs://$bucket" --member "serviceAccount:$account" --role {{.BucketRole}}
gcloud kms keys add-iam-policy-binding secrets --keyring "$ring" --location "$location" --project "$project" \
  --member "serviceAccount:$account" --role {{.KeyRole}}
{{- if .Writes}}
gcloud storage buckets add-iam-policy-binding "gs://$bucket" --member "serviceAccount:$account" --role roles/storage.objectUser \
  --condition "title={{.Writes}},expression=resource.name.startsWith('projects/_/buckets/$bucket/objects/{{.Writes}}/')"
{{- end}}
{{- end}}
{{- end}}

echo "In backends.yaml, for {{.Stack}}: backend: gs://$bucket"
echo "In backends.yaml, for {{.Stack}}: secrets: gcpkms://$keys/secrets"
{{- range .Accounts}}
{{- if .Writes}}
echo "In the environment {{.Environment}} of {{$.Repository}}: SNAPSHOTS=gs://$bucket/{{.Writes}}"
{{- end}}
echo "In the environment {{.Environment}} of {{$.Repository}}: GCP_PROVIDER=$pool/providers/github GCP_ACCOUNT=github-{{$.Stack}}-{{.Kind}}@$project.iam.gserviceaccount.com"
{{- end}}
