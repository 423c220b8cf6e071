# Every command of the project. `make help` lists them.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory

# Pulumi compiles programs with -trimpath; without it here the cloud SDKs would be compiled twice.
# The revision is left out, so that a commit does not make Go link the program anew.
export GOFLAGS := -trimpath -buildvcs=false

# How a stack is named: `make up STACK=staging`. Only the demo has a default. KEEP and LATENCY are the demo's; PROVIDER puts demo and cost on
# another cloud.
STACK    ?=
PROVIDER ?=
KEEP     ?=
LATENCY  ?=
# Further flags for pulumi: `make up STACK=dev ARGS=--yes`.
ARGS     ?=
# A URN has a dollar, which neither make nor the shell may take for a variable. One that is written twice counts once.
override ARGS := $(subst $$,\$$,$(subst $$$$,$$,$(value ARGS)))
# The file that a preview writes as a pull request's comment, and the commit that the comment names.
SUMMARY  ?=
REVISION ?=
# The policy pack of previews and ups: `make preview STACK=dev POLICY=` does without.
POLICY   ?= $(BIN)/pulumi-analyzer-policy-inferadb
# How `make cost` prints: text or markdown.
FORMAT   ?= text
# Where gcp-image puts which image; without a version it is the program's default, without a schematic the one without extensions.
GCP_PROJECT   ?=
TALOS_VERSION ?=
SCHEMATIC     ?=

# Where each stack keeps its state, and what encrypts its secrets.
BACKEND_dev        ?= file://$(CURDIR)/.state
BACKEND_staging    ?= s3://inferadb-pulumi-state-staging?region=us-east-1
BACKEND_production ?= s3://inferadb-pulumi-state-production?region=us-east-1
SECRETS_dev        ?= passphrase
SECRETS_staging    ?= awskms://alias/inferadb-pulumi-staging?region=us-east-1
SECRETS_production ?= awskms://alias/inferadb-pulumi-production?region=us-east-1

STACKS    := $(patsubst Pulumi.%.yaml,%,$(wildcard Pulumi.*.yaml))
PROVIDERS := aws gcp digitalocean
# The command-line tools that the simulator stands in for.
STANDINS  := aws doctl gcloud kubectl talosctl
DEMO      := $(or $(STACK),production)
CLOUD     := init preview up refresh drift destroy kubeconfig talosconfig pulumi control-planes record-bootstrap forget-bootstrap pending status upgrade apply repair renew etcd-snapshot etcd-restore
BIN       := $(CURDIR)/.bin
PULUMI    := $(BIN)/pulumi

.DEFAULT_GOAL := help
.PHONY: help demo preview-simulated simulator-env $(CLOUD) gcp-image cost test test-long record-layout test-apiserver bench lint sbom graph cilium fmt build tools simulator infra policy clean home check-demo check-layout check-stack

##@ On the simulator: no account, nothing configured

demo: check-demo tools simulator build ## Bring a stack up on the simulator, check it, destroy it. STACK=production PROVIDER= KEEP=1 LATENCY=1
	@KEEP=$(KEEP) LATENCY=$(LATENCY) scripts/demo.sh $(DEMO) $(PROVIDER)

preview-simulated: check-demo tools simulator infra build ## Show what a pull request would. STACK=production PROVIDER= SUMMARY=comment.md
	@scripts/preview-simulated.sh '$(DEMO)' '$(PROVIDER)' '$(SUMMARY)' '$(REVISION)'
	@echo "Next: make preview STACK=$(DEMO), on the real cloud" >&2

simulator-env: check-demo tools simulator ## Print the environment for pulumi on the simulator: eval "$(make -s simulator-env)"
	@scripts/simulator-env.sh $(DEMO) $(PROVIDER)
	@echo "This shell now works on the simulator: try 'pulumi preview'. To leave, open a new shell." >&2

##@ On a real cloud: STACK= names the stack, ARGS= are further flags for pulumi

# The CLI's own home keeps the user's login out of it, and the simulator is never on this PATH.
$(CLOUD): export PULUMI_HOME := $(CURDIR)/.pulumi-home
$(CLOUD): export PULUMI_BACKEND_URL = $(BACKEND_$(STACK))
$(CLOUD): export PULUMI_STACK = $(STACK)
# Links are kept by `go run`, where the language host has no INFERADB_PROGRAM or does not know it.
$(CLOUD): export PULUMI_GO_USE_RUN := true
# Pulumi's own number follows the processors, and the work is waiting for a cloud (docs/performance.md).
$(CLOUD): export PULUMI_PARALLEL ?= 32
$(CLOUD): check-stack tools home
RUNS_PROGRAM := preview up apply upgrade control-planes renew
$(RUNS_PROGRAM): export INFERADB_PROGRAM := $(BIN)/inferadb
$(RUNS_PROGRAM): build

# The CLI logs every value of every resource, encrypted, for its maker's support: a fifth of a preview's processor time, and one more
# place with secrets. It goes without where it cannot make the folder. LOG=1 switches it on.
LOG ?=
home: LOGS := $(CURDIR)/.pulumi-home/logs
home:
	@mkdir -p $(dir $(LOGS))
	$(if $(LOG),@[ ! -f $(LOGS) ] || rm $(LOGS),@[ ! -d $(LOGS) ] || mv $(LOGS) $(LOGS).$$(date +%Y%m%dT%H%M%S); \
	  echo "This file switches the automatic logs of the Pulumi CLI off: make ... LOG=1 switches them on" > $(LOGS))
# As a variable, so that every command that knows the flag --policy-pack has it.
$(if $(POLICY),preview up apply pulumi control-planes: policy)
$(if $(POLICY),$(CLOUD): export PULUMI_OPTION_POLICY_PACK = $(POLICY))

init: ## Create the stack in its backend, once
	$(PULUMI) stack init $(STACK) --secrets-provider '$(SECRETS_$(STACK))' $(ARGS)
	@for version in talos kubernetes; do grep -q "inferadb:$${version}Version" Pulumi.$(STACK).yaml || \
	  $(PULUMI) config set "inferadb:$${version}Version" "$$(sed -n "s/.*Default$${version^}Version *= \"\(.*\)\"/\1/p" config/versions.go)"; done
	@echo "Commit Pulumi.$(STACK).yaml: it now holds the stack's encrypted data key. Next: make preview STACK=$(STACK)"

# With SUMMARY= the same preview is read by a program and not by a person, who then sees the comment.
COMMENT = $(INFRA) comment --stack '$(STACK)' --summary '$(SUMMARY)' --revision '$(REVISION)'

preview: $(if $(SUMMARY),infra) ## Show what up would do. SUMMARY=comment.md writes it as a pull request's comment
	$(if $(SUMMARY),@$(COMMENT) -- )$(PULUMI) preview $(if $(SUMMARY),,--diff) $(ARGS)
	@echo "Next: make up STACK=$(STACK)"

# The program reads the state before the engine refreshes it: a lost machine would go unseen, and its successor be made.
preview up: check-refresh
check-refresh:
	$(if $(filter --refresh% -r,$(ARGS)),$(error run make refresh STACK=$(STACK) first, and then without --refresh: the checks of a running cluster read the state as it was before (docs/operations.md#recover-lost-control-planes)))

up: infra ## Bring the stack up, after asking
	@$(INFRA) pending
	$(PULUMI) up $(ARGS)
	@echo "Next: make kubeconfig STACK=$(STACK)"

refresh: ## Compare the state with the cloud, after asking
	$(PULUMI) refresh $(ARGS)
	@echo "Next: make preview STACK=$(STACK)"

drift: infra ## Compare the state with the cloud, change nothing, fail on a difference. SUMMARY=drift.md
	@$(COMMENT) --kind drift -- $(PULUMI) refresh --preview-only $(ARGS)
	@echo "No drift. Next: make preview STACK=$(STACK)"

# Pulumi deletes what is not protected before it meets what is: half of production would be gone.
destroy: infra ## Delete everything, after asking. A protected stack: docs/operations.md
	@if $(PULUMI) stack export | grep '"protect": true' > /dev/null; then \
	  echo "$(STACK) is protected: set protection to false and run make up STACK=$(STACK) first (docs/operations.md#destroy)" >&2; exit 1; fi
	@$(INFRA) pending
	$(PULUMI) destroy $(ARGS)
	@echo "The stack is empty. Next, to forget it: make pulumi STACK=$(STACK) ARGS='stack rm'"

# A new file, moved into place: an old one's wider mode would stay, and a failure leaves the old one alone.
kubeconfig talosconfig: ## Write <stack>.kubeconfig, <stack>.talosconfig (mode 0600)
	@umask 077; $(PULUMI) stack output $@ --show-secrets > $(STACK).new.$@ || { rm -f $(STACK).new.$@; exit 1; }
	@mv $(STACK).new.$@ $(STACK).$@
	@echo "Wrote $(STACK).$@. Next: $(NEXT_$@)"

# infra calls pulumi.
INFRA = PATH="$(BIN):$$PATH" $(BIN)/infra
# How many control planes each cluster is to have; for etcd-snapshot, where it writes to.
TO ?=
control-planes record-bootstrap forget-bootstrap: infra

control-planes: ## Make the control planes 1, 3 or 5, after asking: members leave etcd before machines go, new ones join. TO=3
	$(if $(TO),,$(error TO: is not set; write: make control-planes STACK=$(STACK) TO=3 (docs/operations.md#change-the-number-of-control-planes)))
	@$(INFRA) control-planes set --stack '$(STACK)' --to '$(TO)' $(ARGS)
	@echo "Next: commit Pulumi.$(STACK).yaml; make talosconfig STACK=$(STACK) writes the new endpoints"

record-bootstrap: ## Record a bootstrap that was made and that the state does not know: AlreadyExists
	@$(INFRA) bootstrap record --stack '$(STACK)' $(ARGS)

forget-bootstrap: ## Forget the bootstrap of a cluster that has lost etcd, so that up starts an empty one
	@$(INFRA) bootstrap forget --stack '$(STACK)' $(ARGS)

# What to upgrade to, and with DRY_RUN=1 the plan alone. How many snapshots of each cluster stay in backups/; 0 for all.
TALOS      ?=
KUBERNETES ?=
DRY_RUN    ?=
KEEP_LAST  ?= 0
# One cluster of the stack, for apply, repair, renew and etcd-restore; the snapshot that etcd-restore starts from. With REBOOT=1 apply also
# does what needs a reboot.
CLUSTER    ?=
SNAPSHOT   ?=
REBOOT     ?=
status upgrade apply repair renew etcd-snapshot etcd-restore: infra

status: ## Show what is up: API, etcd, nodes, credentials, differences. Exit code 1: degraded, 2: down. ARGS=--json
	@$(INFRA) status --stack '$(STACK)' $(ARGS)

upgrade: ## Upgrade Talos and Kubernetes, one machine at a time, after asking. TALOS= KUBERNETES= DRY_RUN=1
	@$(INFRA) upgrade --stack '$(STACK)' --talos '$(TALOS)' --kubernetes '$(KUBERNETES)' $(if $(DRY_RUN),--dry-run) $(ARGS)
	@echo "Next: $(if $(DRY_RUN),the same without DRY_RUN,commit Pulumi.$(STACK).yaml; then make preview STACK=$(STACK))"

apply: ## Bring taints and labels to running nodes, after asking. REBOOT=1 also what needs a reboot, one node at a time. CLUSTER= DRY_RUN=1
	@$(INFRA) apply --stack '$(STACK)' --cluster '$(CLUSTER)' $(if $(REBOOT),--reboot) $(if $(DRY_RUN),--dry-run) $(ARGS)
	@echo "Next: $(if $(DRY_RUN),the same without DRY_RUN,make preview STACK=$(STACK))"

renew: ## Issue kubeconfig and talosconfig anew, for a year, after asking. No node is changed. CLUSTER= DRY_RUN=1
	@$(INFRA) renew --stack '$(STACK)' --cluster '$(CLUSTER)' $(if $(DRY_RUN),--dry-run) $(ARGS)
	@echo "Next: $(if $(DRY_RUN),the same without DRY_RUN,make kubeconfig talosconfig STACK=$(STACK))"

repair: ## Find what is broken, say what to do, and do it after asking: lost members, a full etcd, cordoned nodes. CLUSTER= DRY_RUN=1
	@$(INFRA) repair --stack '$(STACK)' --cluster '$(CLUSTER)' $(if $(DRY_RUN),--dry-run) $(ARGS)
	@echo "Next: $(if $(DRY_RUN),the same without DRY_RUN,make status STACK=$(STACK))"

etcd-snapshot: ## Save each cluster's etcd into backups/ (mode 0600) or a bucket, checked. TO=s3://bucket/prefix, gs:// KEEP_LAST=
	@$(INFRA) etcd snapshot --stack '$(STACK)' --keep '$(KEEP_LAST)' $(if $(TO),--to '$(TO)') $(ARGS)
	@echo "Next: keep it$(if $(TO),, elsewhere,) with the stack's secrets: a restore needs both"

etcd-restore: ## Start the etcd of a cluster that has lost its quorum from a snapshot, after asking. SNAPSHOT=file or URL CLUSTER=
	$(if $(SNAPSHOT),,$(error SNAPSHOT: is not set; write: make etcd-restore STACK=$(STACK) SNAPSHOT=backups/<file> (docs/operations.md#restore-etcd)))
	@$(INFRA) etcd restore --stack '$(STACK)' --snapshot '$(SNAPSHOT)' $(if $(CLUSTER),--cluster '$(CLUSTER)') $(ARGS)
	@echo "Next: remove etcd-restore:<cluster> from inferadb:acknowledge, run make up STACK=$(STACK), then reboot the workers one at a time (docs/operations.md#restore-etcd)"

gcp-image: ## Put Talos' image into a Google Cloud project, once for each version. GCP_PROJECT= TALOS_VERSION= SCHEMATIC=
	$(if $(GCP_PROJECT),,$(error GCP_PROJECT: is not set; write: make gcp-image GCP_PROJECT=my-project (docs/getting-started.md#on-google-cloud)))
	@scripts/gcp-image.sh $(GCP_PROJECT) '$(TALOS_VERSION)' '' '$(SCHEMATIC)'

pending: infra ## Show what a killed up was creating, and how to go on. ARGS='resolve ...'
	@$(INFRA) pending $(ARGS)

pulumi: ## Any other pulumi command: ARGS='stack history'
	@$(PULUMI) $(ARGS)

NEXT_kubeconfig  = kubectl --kubeconfig $(STACK).kubeconfig get nodes
NEXT_talosconfig = talosctl --talosconfig $(STACK).talosconfig config contexts

##@ State: where a stack keeps it, once for each environment (docs/state.md)

# The program in backend/ keeps its own state in a file here. Nothing in it is secret, so its passphrase is empty, and all of it
# can be adopted again. Credentials come from the environment, and are written nowhere.
BACKEND := backend backend-adopt backend-pulumi
.PHONY: $(BACKEND) gcp-backend select-backend check-backend
$(BACKEND): export PULUMI_HOME := $(CURDIR)/.pulumi-home
$(BACKEND): export PULUMI_BACKEND_URL := file://$(CURDIR)/backend/.state
$(BACKEND): export PULUMI_STACK = $(STACK)
$(BACKEND): export PULUMI_CONFIG_PASSPHRASE :=
$(BACKEND): export PULUMI_GO_USE_RUN := true
$(BACKEND): select-backend

select-backend: check-backend tools
	@mkdir -p backend/.state
	@$(PULUMI) -C backend stack select $(STACK) --create --secrets-provider passphrase

backend: ## Create or change the bucket and the keys of a stack's state, and the roles of CI, after asking
backend-adopt: export BACKEND_ADOPT := 1
backend-adopt: ## Take over a backend that exists: on another machine, or after losing backend/.state
backend backend-adopt:
	$(PULUMI) -C backend up $(ARGS)
	@made="$$($(PULUMI) -C backend stack output backend) $$($(PULUMI) -C backend stack output secretsProvider)"; \
	if [[ "$$made" != "$(BACKEND_$(STACK)) $(SECRETS_$(STACK))" ]]; then \
	  echo "The Makefile names other places: set BACKEND_$(STACK) and SECRETS_$(STACK) in it to $$made" >&2; exit 1; fi
	@echo "The state of $(STACK) has its place. Next: make init STACK=$(STACK)"

# Where gcp-backend puts a state, and whose workflows may use it: owner/name.
GCP_LOCATION  ?= us-east4
REPOSITORY    ?=

gcp-backend: infra ## Print the commands that make the same on Google Cloud. STACK= GCP_PROJECT= GCP_LOCATION= REPOSITORY=
	@$(INFRA) gcp-backend --stack '$(STACK)' --project '$(GCP_PROJECT)' --location '$(GCP_LOCATION)' --repository '$(REPOSITORY)'

backend-pulumi: ## Any other pulumi command on it: ARGS='stack output'
	@$(PULUMI) -C backend $(ARGS)

check-backend: check-stack
	$(if $(filter s3://%,$(BACKEND_$(STACK))),,$(error $(STACK) keeps its state in $(BACKEND_$(STACK)), which needs nothing of backend/: next: make init STACK=$(STACK)))
	$(if $(wildcard backend/Pulumi.$(STACK).yaml),,$(error backend/Pulumi.$(STACK).yaml: is missing; write it like backend/Pulumi.staging.yaml))

##@ Cost: no account, no network

cost: infra ## Show what a stack costs per month at list price. STACK= PROVIDER= FORMAT=markdown
	@$(INFRA) cost --stack '$(STACK)' --provider '$(PROVIDER)' --format '$(FORMAT)'
	@echo "Next: make preview STACK=$(STACK). What to choose: docs/cost-and-spot.md" >&2

##@ Development

# The fast packages first; the lifecycle tests run the CLI and the simulator, which Go's test cache cannot see.
PURE := ./regions/... ./strict/... ./iampolicy/... ./policy/... ./config/... ./cost/... ./preview/... ./machineconfig/... ./simulator/... ./tests/style/... ./tests/documents/... ./tests/workflows/...
LIFE := ./tests/lifecycle

test: tools simulator infra ## Run every test
	@status=0; \
	go test $(PURE) || status=1; \
	go test $$(go list ./... | grep -vxF "$$(go list $(PURE) $(LIFE))") || status=1; \
	go test -C tools/cilium ./... || status=1; \
	go test -v -count=1 -timeout 50m $(LIFE) || status=1; \
	exit $$status

test-long: tools simulator infra ## Run the tests of many minutes: every procedure of the operations page, upgrades, every edit of a running stack
	@LONG_TESTS=1 go test -v -count=1 -timeout 4h $(LIFE) -run "^($$(awk '/^func Test/ { split($$2, name, "(") } \
	  /takesLong\(t\)/ { print name[1] }' tests/lifecycle/*_test.go | paste -sd '|' -))$$"

# A layout's name: a month, or a release.
LAYOUT ?=
record-layout: check-layout tools simulator infra ## Record what this version leaves running, before a release, for the tests of later ones. LAYOUT=2026-12
	go test -count=1 -timeout 30m $(LIFE) -run '^TestRecordLayout$$' -record '$(LAYOUT)'
	@echo "Recorded. Next: add a line to tests/lifecycle/testdata/layouts/README.md, and commit both"

test-apiserver: $(BIN)/kube-apiserver ## Run the tests with a real kube-apiserver. Compiling it takes 13 minutes once, and 2.2 GB of memory
	go test -v -count=1 -timeout 30m -tags apiserver ./tests/apiserver
	@echo "A real kube-apiserver takes what the program generates. Next: make lint"

# Go says the name of every package; of two thousand the number is enough.
$(BIN)/kube-apiserver: tools/apiserver/go.mod tools/apiserver/go.sum
	@echo "Compiling kube-apiserver: 2000 packages, 13 minutes the first time. Stopped, it goes on where it was: make test-apiserver" >&2
	@mkdir -p $(BIN)
	@go build -C tools/apiserver -v -o $@ k8s.io/kubernetes/cmd/kube-apiserver 2>&1 | \
	  awk '/^[^ :#]+$$/ { if (++n % 100 == 0) { print n " packages compiled"; fflush() }; next } { print }' >&2
	@touch $@
	@echo "Compiled. The tests take two minutes." >&2

bench: tools simulator ## Measure previews on the simulator: production, many regions, each cloud
	@go run ./tests/bench
	@echo "Next: make demo, to see one"

lint: build ## Check formatting, vet, staticcheck, the rules of the house, the workflows, and known vulnerabilities
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; }
	go vet -tags apiserver ./...
	go build -C tools/staticcheck -o $(BIN)/staticcheck honnef.co/go/tools/cmd/staticcheck
	$(BIN)/staticcheck -tags apiserver ./...
	go test ./tests/style/...
	go build -C tools/actionlint -o $(BIN)/actionlint github.com/rhysd/actionlint/cmd/actionlint
	$(BIN)/actionlint
	go build -C tools/govulncheck -o $(BIN)/govulncheck golang.org/x/vuln/cmd/govulncheck
	@scripts/vulnerabilities.sh $(BIN)/govulncheck $(BIN)/inferadb

# Without serial number and time, the same program has the same list.
sbom: build ## Write sbom.json, the modules in the program, as CycloneDX has it
	go build -C tools/sbom -o $(BIN)/cyclonedx-gomod github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
	$(BIN)/cyclonedx-gomod bin -json -std -noserial -notimestamp -version "$$(git rev-parse HEAD)" -output sbom.json $(BIN)/inferadb

# The manifests that `cni: cilium` installs, from the charts in Cilium's own Go module.
cilium: ## Render the manifests in machineconfig/cilium anew
	go run -C tools/cilium .
	@echo "Rendered. Next: read the difference, and commit it with the change of tools/cilium"

graph: ## Write what the documents show of the program: diagrams, ports, changes and versions
	go test ./tests/graph -run 'TestTheDiagramsShowTheGraph|TestThePortsPageIsFresh' -update
	go test ./tests/lifecycle -run TestTheChangesPageIsFresh -update
	go test ./machineconfig -run TestTheVersionsPageIsFresh -update
	@echo "Written to docs/. Next: git diff docs/, and commit it with the change"

fmt: ## Format the Go code
	gofmt -w .

# What the program and the policy pack are made of, as TestTheProgramsFolders knows. To ask Go whether anything changed takes a second.
PROGRAM := main.go go.mod go.sum components config docs/policies iampolicy machineconfig regions running stack strict
PACK    := go.mod go.sum iampolicy invariants policy
# compile,NAME,PACKAGE,SOURCES: compiles if the text of the sources, or Go, is another than the last time.
define compile
	@mkdir -p $(BIN)
	@files=$$(find $(3) -type f ! -name '*_test.go' | LC_ALL=C sort); \
	sum=$$({ go env GOVERSION GOOS GOARCH GOFLAGS; echo "$$files"; cat $$files; } | git hash-object --stdin); \
	if [ ! -x $(BIN)/$(1) ] || [ "$$sum" != "$$(cat $(BIN)/$(1).sum 2>/dev/null)" ]; then \
	  echo "Compiling $(1) ..." >&2; rm -f $(BIN)/$(1).sum; go build -o $(BIN)/$(1) $(2) && echo "$$sum" > $(BIN)/$(1).sum; fi
endef

build: ## Compile the program if it changed (minutes the first time: the cloud SDKs are large)
	$(call compile,inferadb,.,$(PROGRAM))

policy: ## Build the policy pack, which previews and ups run
	$(call compile,pulumi-analyzer-policy-inferadb,./policy,$(PACK))

tools: $(BIN)/.tools ## Find or build the Pulumi CLI and its Go language host

$(BIN)/.tools: scripts/tools.sh $(wildcard tools/pulumi*/go.*)
	@scripts/tools.sh
	@touch $@

# In a folder of its own: whoever has it on PATH talks to the simulator. The policy pack holds there as on the clouds.
simulator: policy ## Build the simulator and its links
	@go build -o $(BIN)/simulator/simulator ./simulator/cmd/simulator
	@cd $(BIN)/simulator && for name in $(PROVIDERS:%=pulumi-resource-%) pulumi-resource-talos $(STANDINS); do ln -sf simulator $$name; done

infra:
	@go build -o $(BIN)/infra ./cmd/infra

clean: ## Remove what was built and the demos; keeps .state, .pulumi-home and written kubeconfigs
	rm -rf $(BIN) .demo

help: ## Show this help
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z -]+:.*## / { printf "  %-24s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo; echo "Stacks: $(STACKS)"
	@echo "Pages: docs/getting-started.md (without an account, on each cloud), docs/operations.md (changes, upgrades, recovery),"
	@echo "  docs/cost-and-spot.md, docs/troubleshooting.md (by message), CONTRIBUTING.md; README.md#documents has all of them"

# What a command needs to know before it starts.

check-demo:
	$(if $(filter $(DEMO),$(STACKS)),,$(error there is no stack "$(DEMO)": STACK is one of $(STACKS)))
	$(if $(PROVIDER),$(if $(filter $(PROVIDER),$(PROVIDERS)),,$(error there is no provider "$(PROVIDER)": PROVIDER is one of $(PROVIDERS))))

check-layout:
	$(if $(LAYOUT),,$(error LAYOUT: is not set; write: make record-layout LAYOUT=2026-12 (CONTRIBUTING.md#move-or-rename-a-resource)))

check-stack:
	$(if $(SIMULATOR_WORLD),$(error this shell is set up for the simulator: open a new one to work on a real cloud (docs/troubleshooting.md#make)))
	$(if $(filter $(STACK),$(STACKS)),,$(error there is no stack "$(STACK)": say STACK=, one of $(STACKS)))
	$(if $(BACKEND_$(STACK)),,$(error nothing says where $(STACK) keeps its state: set BACKEND_$(STACK) and SECRETS_$(STACK) in the Makefile (docs/getting-started.md)))
	$(if $(GITHUB_ACTIONS),$(if $(filter file://%,$(BACKEND_$(STACK))),$(error $(STACK) keeps its state in a file, which a workflow's machine does not have and would lose: docs/pull-requests.md)))
	@case $(BACKEND_$(STACK)) in file://*) mkdir -p "$(patsubst file://%,%,$(BACKEND_$(STACK)))" ;; esac
	@if [[ "$(SECRETS_$(STACK))" == passphrase && -z "$${PULUMI_CONFIG_PASSPHRASE+x}$${PULUMI_CONFIG_PASSPHRASE_FILE+x}" && ! -t 0 ]]; then \
	  echo "$(STACK) encrypts its secrets with a passphrase: export PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE (docs/getting-started.md)" >&2; exit 1; fi
