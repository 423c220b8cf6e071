# Sourced by the scripts that bring a stack up on the simulator, with STACK [PROVIDER] as arguments: sets stack, provider, by
# default the stack file's, and folder, and takes the credentials away: a simulated cloud needs none, so none get near it.
stack=$1
provider=${2:-$(sed -n 's/^ *inferadb:provider: *//p' "Pulumi.$stack.yaml")}
folder=.demo/${DEMO_NAME:-$stack-$provider}

for name in $(compgen -e); do
  case $name in INFERADB_PROGRAM | AWS_* | GOOGLE_* | GCLOUD_* | CLOUDSDK_* | DIGITALOCEAN_* | PULUMI_*) unset "$name" ;; esac
done
