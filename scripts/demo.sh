#!/usr/bin/env bash
# demo.sh STACK [PROVIDER]: the life of a stack on the simulator, with the real Pulumi CLI and engine: up, a second preview
# that must be empty, and destroy (not with KEEP=1). Needs no account, and touches neither the user's Pulumi login nor state.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/simulated.sh "$@"
again="make demo STACK=$stack PROVIDER=$provider"
# LATENCY=1 lets operations take a tenth of the clouds' own time, LATENCY=0.05 a twentieth.
latency=${LATENCY:-}
[[ $latency == 1 ]] && latency=0.1
current="the start"
phases=()

phase() { # title, command...
  local title=$1 from=$SECONDS
  shift
  printf '\n=== %s\n\n' "$title"
  current=$title
  "$@"
  phases+=("$(printf '%5d s  %s' $((SECONDS - from)) "$title")")
}

failed() {
  printf '\nThe demo stopped at: %s\nIts state and world are left in %s. To start again: %s (docs/troubleshooting.md)\n' "$current" "$folder" "$again" >&2
}
trap '[[ $? -eq 0 ]] || failed' EXIT

start() {
  rm -rf "$folder"
  local env
  env=$(scripts/simulator-env.sh "$stack" "$provider")
  eval "$env"
  # What make has just built; the environment of a person takes `go run`, which sees every change of the program.
  export INFERADB_PROGRAM=$PWD/.bin/inferadb
  # As many operations at a time as the make targets let Pulumi do on a real cloud.
  [[ -z $latency ]] || export SIMULATOR_LATENCY=$latency PULUMI_PARALLEL=32
}

outputs() {
  pulumi stack output
  printf '\nA secret is shown only on request: pulumi stack output kubeconfig --show-secrets\n'
}

kubeconfig() {
  local file=$folder/kubeconfig contexts context node regions
  (umask 077 && pulumi stack output kubeconfig --show-secrets > "$file")
  contexts=$(awk '/^[a-z]/ { inside = /^contexts:/ } inside && /^  name: / { print $2 }' "$file")
  regions=$(pulumi stack output clusters | grep -o '"loadBalancer":' | wc -l)
  printf '%s (%s)\n' "$file" "$(ls -l "$file" | cut -c1-10)"
  for context in $contexts; do
    node=$(simulator kubectl "$file" "$context")
    printf '  context %s: kubectl would reach %s\n' "$context" "$node"
  done
  printf 'One context for each region: %d of %d.\n' "$(wc -l <<< "$contexts")" "$regions"
  [[ $(wc -l <<< "$contexts") -eq $regions ]]
}

# critical_path OPERATION: what it waited for. The state says what depends on what, so it is kept before a destroy.
critical_path() {
  printf "\nIn the clouds' own time; $latency of it was waited.\n\n"
  simulator critical-path "$1" "$folder/$1.state"
}

unprotect() {
  pulumi config set inferadb:protection false
  pulumi up --yes --skip-preview
}

destroy() {
  # Not grep -q: it leaves early, and the export's broken pipe would count as "not protected".
  if pulumi stack export | grep '"protect": true' > /dev/null; then
    echo "The stack is protected, as production should be: deleting it takes two steps. First the protection goes."
    unprotect
  fi
  pulumi stack export > "$folder/delete.state"
  pulumi destroy --yes --skip-preview
  pulumi stack rm --yes
}

phase "prepare $folder" start
phase "pulumi up: create everything" pulumi up --yes
pulumi stack export > "$folder/create.state"
[[ -z $latency ]] || phase "what the up waited for" critical_path create
phase "outputs, secrets hidden" outputs
phase "kubeconfig" kubeconfig
phase "nodes: ready, by pool and zone" simulator nodes
phase "pulumi preview: must find nothing to do" pulumi preview --expect-no-changes
if [[ -z ${KEEP:-} ]]; then
  phase "pulumi destroy" destroy
  [[ -z $latency ]] || phase "what the destroy waited for" critical_path delete
  phase "what is left in the simulated cloud" simulator world --expect-empty
  rm -rf "$folder"
fi

printf '\n=== %s on %s: done in %d s\n\n' "$stack" "$provider" "$SECONDS"
printf '%s\n' "${phases[@]}"
if [[ -n ${KEEP:-} ]]; then
  cat <<EOF

The stack is still up. Change $folder/Pulumi.$stack.yaml, see what a pull request would say about it:
  make preview-simulated STACK=$stack PROVIDER=$provider
Look around, bring it up again:
  eval "\$(make -s simulator-env STACK=$stack PROVIDER=$provider)"
  pulumi stack --show-urns
  pulumi up
To remove it: make clean
EOF
else
  cat <<EOF

Nothing is left. Next:
  $again KEEP=1     # keeps the stack, to look around
  make init STACK=dev     # the same on a real cloud: docs/getting-started.md
EOF
fi
