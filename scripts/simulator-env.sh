#!/usr/bin/env bash
# simulator-env.sh STACK [PROVIDER]: prints the environment in which every pulumi command works on the simulator, with a
# project folder, state and world of its own under .demo/<stack>-<provider>, or DEMO_NAME. Prepares that folder if it is not there.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
source scripts/simulated.sh "$@"
folder=$root/$folder

exports() {
  cat <<EOF
export PATH='$root/.bin/simulator:$root/.bin':"\$PATH"
export GOFLAGS='${GOFLAGS:--trimpath -buildvcs=false}'
export SIMULATOR_WORLD='$folder/world'
export PULUMI_HOME='$folder/home'
export PULUMI_BACKEND_URL='file://$folder/state'
export PULUMI_CONFIG_PASSPHRASE=''
export PULUMI_STACK='$stack'
export PULUMI_OPTION_CWD='$folder'
export PULUMI_OPTION_POLICY_PACK='$root/.bin/pulumi-analyzer-policy-inferadb'
export PULUMI_SKIP_UPDATE_CHECK=true
export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
export PULUMI_GO_USE_RUN=true
export DIGITALOCEAN_TOKEN=simulated
export GOOGLE_PROJECT=inferadb-simulated
EOF
}

# additions to Pulumi.yaml: the program stays where it is, and the providers are the simulator's.
additions() {
  printf '\nmain: ../..\nplugins:\n  providers:\n'
  printf '    - {name: %s, path: ../../.bin/simulator}\n' aws gcp digitalocean talos
}

# prepare copies the project and the stack file, because a stack writes its salt and its changes there.
prepare() {
  mkdir -p "$folder"/{home,state,world}
  # The CLI goes without its automatic logs: a fifth of its processor time (see Makefile).
  echo "This file switches the automatic logs of the Pulumi CLI off" > "$folder/home/logs"
  { cat Pulumi.yaml; additions; } > "$folder/Pulumi.yaml"
  cp "Pulumi.$stack.yaml" "$folder/"
  eval "$(exports)"
  pulumi stack init "$stack" --secrets-provider passphrase
  pulumi config set inferadb:provider "$provider"
}

compgen -G "$folder/state/.pulumi/stacks/*/$stack.json" > /dev/null || prepare >&2
exports
