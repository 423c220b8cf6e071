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
build() { # name, module, package, folder
  local name=$1 module=$2 package=$3 folder=$4 version
  version=$(cd "tools/$name" && go list -m -f '{{.Version}}' "$module")
  say "Building $name $version from source (minutes the first time, seconds after) ..."
  # The CLI compares this variable with requiredPulumiVersion; its releases set it in the same way. -w: no debug information.
  (cd "tools/$name" && go build -o "$folder/$name.new" \
    -ldflags "-w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$version" "$package")
  mv "$folder/$name.new" "$folder/$name"
}

# host puts a script in the language host's place, beside the CLI. The pinned host links the program for each command, 25 seconds of
# it. With INFERADB_PROGRAM it runs that one, which make built; by itself it takes `go run`, which keeps what it linked. The options of
# Pulumi.yaml are of no use here: this host knows them as flags only, and the CLI sends them by other means.
host() {
  cat > .bin/pulumi-language-go <<'EOF'
#!/bin/sh
host=$(dirname "$0")/host/pulumi-language-go
[ -z "$INFERADB_PROGRAM" ] || exec "$host" -binary="$INFERADB_PROGRAM" "$@"
PULUMI_GO_USE_RUN=${PULUMI_GO_USE_RUN:-true} exec "$host" "$@"
EOF
  chmod +x .bin/pulumi-language-go
}

mkdir -p .bin
# What an earlier run linked into .bin is no answer to what the machine has.
PATH=$(printf '%s' "$PATH" | tr ':' '\n' | grep -vxF -e "$root/.bin" -e "$root/.bin/simulator" | paste -sd: -)

if [[ ${TOOLS:-} != pinned ]] && folder=$(recent_pulumi); then
  say "Using the Pulumi CLI in $folder"
  ln -sf "$folder/pulumi" "$(command -v pulumi-language-go)" .bin/
else
  rm -f .bin/pulumi .bin/pulumi-language-go
  build pulumi github.com/pulumi/pulumi/pkg/v3 github.com/pulumi/pulumi/pkg/v3/cmd/pulumi "$root/.bin"
  mkdir -p .bin/host
  build pulumi-language-go github.com/pulumi/pulumi/sdk/v3 github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go "$root/.bin/host"
  host
fi
say "Pulumi $(.bin/pulumi version) is in .bin"
