#!/usr/bin/env bash
# preview-simulated.sh STACK PROVIDER SUMMARY [REVISION]: previews a stack against the simulator's world, and writes a pull
# request's comment about it. The world is the one that `make demo KEEP=1` left, or an empty one that goes again afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/simulated.sh "$@"
summary=$3
revision=${4:-}
[[ -d $folder/world ]] || trap 'rm -rf "$folder"' EXIT
env=$(scripts/simulator-env.sh "$stack" "$provider")
eval "$env"
export INFERADB_PROGRAM=$PWD/.bin/inferadb
.bin/infra comment --kind simulated --stack "$stack" --folder "$folder" --revision "$revision" \
  --summary "$summary" -- pulumi preview
