#!/usr/bin/env bash
# gcp-image.sh PROJECT [VERSION] [ARCHITECTURE] [SCHEMATIC]: puts Talos' image of the Image Factory into a Google Cloud project, under the
# name by which the program looks for it. Nobody publishes one there. Needs gcloud, signed in; does nothing if the image exists.
set -euo pipefail
cd "$(dirname "$0")/.."

project=${1:-}
[[ -n $project ]] || { echo "GCP_PROJECT: is not set; write: make gcp-image GCP_PROJECT=my-project (docs/getting-started.md#on-google-cloud)" >&2; exit 1; }
version=${2:-$(sed -n 's/.*DefaultTalosVersion *= "\(.*\)"/\1/p' config/versions.go)}
architecture=${3:-amd64}
schematic=${4:-$(sed -n 's/^const Schematic = "\(.*\)"$/\1/p' components/machineconfig/machineconfig.go)}
name=talos-${version//./-}-$architecture-${schematic:0:12}
url=https://factory.talos.dev/image/$schematic/$version/gcp-$architecture.raw.tar.gz

case $architecture in
  amd64) google=X86_64 ;;
  arm64) google=ARM64 ;;
  *) echo "gcp-image: there is no Talos for $architecture; choose amd64 or arm64" >&2; exit 1 ;;
esac

if gcloud compute images describe "$name" --project "$project" > /dev/null 2>&1; then
  echo "$name is in $project already."
  exit
fi

# An image is made from an archive in a bucket, which is needed for that alone.
bucket=gs://$project-talos-image-$$
gcloud storage buckets create "$bucket" --project "$project" \
  --uniform-bucket-level-access --public-access-prevention --soft-delete-duration=0
trap 'gcloud storage rm --recursive "$bucket" --quiet' EXIT

echo "Copying $url ..."
curl --fail --location --silent --show-error "$url" | gcloud storage cp - "$bucket/$name.raw.tar.gz"
gcloud compute images create "$name" --project "$project" --source-uri "$bucket/$name.raw.tar.gz" \
  --architecture "$google" --guest-os-features VIRTIO_SCSI_MULTIQUEUE,UEFI_COMPATIBLE,GVNIC \
  --labels "talos-version=${version//./-}" --description "Talos $version, schematic $schematic"
echo "$name is in $project."
