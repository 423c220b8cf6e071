#!/usr/bin/env bash
# preview-simulated.sh STACK PROVIDER SUMMARY [REVISION]: previews a stack against the simulator's world, and writes a pull
# request's comment about it. The world is the one that `make demo KEEP=1` left, or an empty one that goes again afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
stack=$1
provider=${2:-$(sed -n 's/^ *inferadb:provider: *//p' "Pulumi.$stack.yaml")}
summary=$3
revision=${4:-}
folder=.demo/${DEMO_NAME:-$stack-$provider}

# A simulated cloud needs no credentials, so none get near it.
for name in $(compgen -e); do
  case $name in AWS_* | GOOGLE_* | GCLOUD_* | CLOUDSDK_* | DIGITALOCEAN_* | PULUMI_*) unset "$name" ;; esac
done

[[ -d $folder/world ]] || trap 'rm -rf "$folder"' EXIT
env=$(scripts/simulator-env.sh "$stack" "$provider")
eval "$env"
.bin/preview -kind simulated -stack "$stack" -folder "$folder" -revision "$revision" -summary "$summary" -- pulumi preview
