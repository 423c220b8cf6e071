#!/usr/bin/env bash
# vulnerabilities.sh GOVULNCHECK BINARY [DATABASE]: fails if the binary holds code with a known vulnerability. Without a way
# to the database it says so and goes on: what was not looked up is no reason to stop somebody's work.
set -euo pipefail
database=${3:-https://vuln.go.dev}

# The binary's symbols say what is linked in, in seconds and 300 MB. To trace calls through the cloud SDKs' source took minutes
# and 6 GB; the list of modules would also name what nothing here uses.
status=0
found=$("$1" -db "$database" -mode binary "$2" 2>&1) || status=$?
case $status in
  0) echo "govulncheck: nothing known" ;;
  1) if [[ $found == *"fetching vulnerabilities"* ]]; then
       echo "govulncheck: not done, $database cannot be reached"
     else
       printf '%s\n' "$found" >&2
       exit 1
     fi ;;
  *) printf '%s\nRaise the module: go get <module>@<fixed version>, then make test\n' "$found" >&2
     exit 1 ;;
esac
