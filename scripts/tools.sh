#!/usr/bin/env bash
# Puts the Pulumi CLI and its Go language host into .bin: links to the ones on PATH where those are recent enough,
# else our own, built from the source that tools/*/go.mod pins. With TOOLS=pinned always our own, as the workflows want it.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
# Even `pulumi version` writes a log, and finds the user's home without $HOME.
export PULUMI_HOME=$root/.bin/home PULUMI_SKIP_UPDATE_CHECK=true

say() { printf '%s\n' "$*" >&2; }

# recent_pulumi prints the folder of a pulumi on PATH that this project can use, and fails if there is none.
recent_pulumi() {
  local required found version
  required=$(sed -n 's/^requiredPulumiVersion: *">=\([0-9.]*\)".*/\1/p' Pulumi.yaml)
  found=$(command -v pulumi) || return 1
  command -v pulumi-language-go >/dev/null || return 1
  version=$(pulumi version 2>/dev/null) || return 1
  printf '%s\n%s\n' "$required" "${version#v}" | sort -V -C || return 1
  dirname "$found"
}

# build compiles a tool in its own module, so that the tools' dependencies never meet the program's.
build() { # name, module, package
  local name=$1 module=$2 package=$3 version
  version=$(cd "tools/$name" && go list -m -f '{{.Version}}' "$module")
  say "Building $name $version from source (minutes the first time, seconds after) ..."
  # The CLI compares this variable with requiredPulumiVersion; its releases set it in the same way.
  (cd "tools/$name" && go build -o "$root/.bin/$name.new" \
    -ldflags "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$version" "$package")
  mv "$root/.bin/$name.new" "$root/.bin/$name"
}

mkdir -p .bin
# What an earlier run linked into .bin is no answer to what the machine has.
PATH=$(printf '%s' "$PATH" | tr ':' '\n' | grep -vxF -e "$root/.bin" -e "$root/.bin/simulator" | paste -sd: -)

if [[ ${TOOLS:-} != pinned ]] && folder=$(recent_pulumi); then
  say "Using the Pulumi CLI in $folder"
  ln -sf "$folder/pulumi" "$(command -v pulumi-language-go)" .bin/
else
  rm -f .bin/pulumi .bin/pulumi-language-go
  build pulumi github.com/pulumi/pulumi/pkg/v3 github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
  build pulumi-language-go github.com/pulumi/pulumi/sdk/v3 github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go
fi
say "Pulumi $(.bin/pulumi version) is in .bin"
