#!/usr/bin/env bash
# changed-stacks.sh < files: which stacks a change of these files touches, as two lists in JSON for a workflow's outputs:
# "cloud" are those that $CLOUD_STACKS names, "simulated" the others.
set -euo pipefail
cd "$(dirname "$0")/.."
all=$(printf '%s\n' Pulumi.*.yaml | sed 's/^Pulumi\.\(.*\)\.yaml$/\1/')

stacks=
while IFS= read -r file; do
  case $file in
    # What no program is made of. Whatever is not listed may change any stack.
    *.md | docs/* | *_test.go | testdata/* | */testdata/* | tests/* | simulator/* | backend/* | cost/* | LICENSE-* | .gitignore | .ci/*) ;;
    Pulumi.*.yaml)
      stack=${file#Pulumi.}
      stacks+=" ${stack%.yaml}" ;;
    *) stacks=$all; break ;;
  esac
done
cat > /dev/null # what is left, or the writer would meet a closed pipe

cloud='' simulated=''
for stack in $all; do
  [[ " ${stacks//$'\n'/ } " == *" $stack "* ]] || continue
  if [[ ${CLOUD_STACKS:-} == *"\"$stack\""* ]]; then cloud+=",\"$stack\""; else simulated+=",\"$stack\""; fi
done
printf 'cloud=[%s]\nsimulated=[%s]\n' "${cloud#,}" "${simulated#,}"
