# Every command of the project. `make help` lists them. What they do stands in cmd/infra (.bin/infra --help) and in the simulator.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory
# As Pulumi compiles, or the cloud SDKs would be compiled twice; and without the revision, or each commit would link the program anew.
export GOFLAGS := -trimpath -buildvcs=false
# infra finds a stack's backend in backends.yaml, whatever this shell works on.
unexport PULUMI_BACKEND_URL
BIN     := $(CURDIR)/.bin
INFRA    = $(BIN)/infra --policy-pack '$(POLICY)' $(if $(LOG),--cli-logs)
DEMO     = --stack '$(or $(STACK),production)' --provider '$(PROVIDER)'
# The policy pack of previews and ups: `make preview STACK=dev POLICY=` does without.
POLICY  ?= $(BIN)/pulumi-analyzer-policy-inferadb
# Further flags: `make up STACK=dev ARGS=--yes`. The dollar of a URN is for neither make nor the shell. One that is written twice counts once.
override ARGS := $(subst $$,\$$,$(subst $$$$,$$,$(value ARGS)))
.PHONY: $(shell sed -nE 's/^([a-z][a-z -]*):.*## .*/\1/p' Makefile)
help: ## Show this help
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z -]+:.*## / { printf "  %-24s %s\n", $$1, $$2 }' Makefile
	@printf '\nStacks:%s\n%s\n%s\n' "$$(printf ' %s' Pulumi.*.yaml | sed 's/Pulumi\.//g; s/\.yaml//g')" \
	  'Pages: docs/getting-started.md (without an account, on each cloud), docs/operations.md (changes, upgrades, recovery),' \
	  '  docs/cost-and-spot.md, docs/troubleshooting.md (by message), CONTRIBUTING.md; README.md#documents has all of them'
preview preview-simulated drift: COMMENT = $(if $(SUMMARY),--summary '$(SUMMARY)') $(if $(REVISION),--revision '$(REVISION)')
upgrade apply renew repair: DAY_TWO = $(if $(TALOS),--talos '$(TALOS)') $(if $(KUBERNETES),--kubernetes '$(KUBERNETES)') $(if $(CLUSTER),--cluster '$(CLUSTER)') $(if $(REBOOT),--reboot) $(if $(DRY_RUN),--dry-run)
##@ On the simulator: no account, nothing configured
demo: tools simulator build ## Bring a stack up on the simulator, check it, destroy it. STACK=production PROVIDER= KEEP=1 LATENCY=1
	@$(BIN)/simulator/simulator demo $(DEMO) $(if $(KEEP),--keep) --latency '$(LATENCY)'
preview-simulated: tools simulator infra build ## Show what a pull request would. STACK=production PROVIDER= SUMMARY=comment.md
	@$(INFRA) preview-simulated $(DEMO) $(COMMENT)
simulator-env: tools simulator ## Print the environment for pulumi on the simulator: eval "$(make -s simulator-env)"
	@$(BIN)/simulator/simulator env $(DEMO)
##@ On a real cloud: STACK= names the stack, ARGS= are further flags for pulumi
init: ## Create the stack in its backend, once
preview: ## Show what up would do. SUMMARY=comment.md writes it as a pull request's comment
up: ## Bring the stack up, after asking
refresh: ## Compare the state with the cloud, after asking
drift: ## Compare the state with the cloud, change nothing, fail on a difference. SUMMARY=drift.md
destroy: ## Delete everything, after asking. A protected stack: docs/operations.md
kubeconfig talosconfig: ## Write <stack>.kubeconfig, <stack>.talosconfig (mode 0600)
pulumi: ## Any other pulumi command: ARGS='stack history'
init preview up refresh drift destroy kubeconfig talosconfig pulumi: tools infra policy
	@$(INFRA) $@ --stack '$(STACK)' $(COMMENT) -- $(ARGS)
preview up apply upgrade control-planes renew: build
demo preview-simulated preview up apply upgrade control-planes renew: export INFERADB_PROGRAM := $(BIN)/inferadb
status: ## Show what is up: API, etcd, nodes, credentials, differences. Exit code 1: degraded, 2: down. ARGS=--json
pending: ## Show what a killed up was creating, and how to go on. ARGS='resolve ...'
upgrade: ## Upgrade Talos and Kubernetes, one machine at a time, after asking. TALOS= KUBERNETES= DRY_RUN=1
apply: ## Bring taints and labels to running nodes, after asking. REBOOT=1 also what needs a reboot, one node at a time. CLUSTER= DRY_RUN=1
renew: ## Issue kubeconfig and talosconfig anew, for a year, after asking. No node is changed. CLUSTER= DRY_RUN=1
repair: ## Find what is broken, say what to do, and do it after asking: lost members, a full etcd, cordoned nodes. CLUSTER= DRY_RUN=1
status pending upgrade apply renew repair: tools infra policy
	@$(INFRA) $@ --stack '$(STACK)' $(DAY_TWO) $(ARGS)
control-planes: tools infra policy ## Make the control planes 1, 3 or 5, after asking: members leave etcd before machines go, new ones join. TO=3
	@$(INFRA) control-planes set --stack '$(STACK)' $(if $(TO),--to '$(TO)') $(ARGS)
record-bootstrap forget-bootstrap: tools infra ## Record in the state that a cluster's etcd was started (AlreadyExists), or that it is lost
	@$(INFRA) bootstrap $(@:%-bootstrap=%) --stack '$(STACK)' $(ARGS)
etcd-snapshot: tools infra ## Save each cluster's etcd into backups/ (mode 0600) or a bucket, checked. TO=s3://bucket/prefix, gs:// KEEP_LAST=
	@$(INFRA) etcd snapshot --stack '$(STACK)' --keep '$(or $(KEEP_LAST),0)' --to '$(TO)' $(ARGS)
etcd-restore: tools infra ## Start the etcd of a cluster that has lost its quorum from a snapshot, after asking. SNAPSHOT=file or URL CLUSTER=
	@$(INFRA) etcd restore --stack '$(STACK)' --snapshot '$(SNAPSHOT)' --cluster '$(CLUSTER)' $(ARGS)
gcp-image: ## Put Talos' image into a Google Cloud project, once for each version. GCP_PROJECT= TALOS_VERSION= SCHEMATIC=
	@scripts/gcp-image.sh '$(GCP_PROJECT)' '$(TALOS_VERSION)' '' '$(SCHEMATIC)'
##@ State: where a stack keeps it, once for each environment (docs/state.md)
backend: tools infra ## Create or change the bucket and the keys of a stack's state, and the roles of CI, after asking
	@$(INFRA) backend up --stack '$(STACK)' -- $(ARGS)
backend-adopt: tools infra ## Take over a backend that exists: on another machine, or after losing backend/.state
	@$(INFRA) backend up --adopt --stack '$(STACK)' -- $(ARGS)
backend-pulumi: tools infra ## Any other pulumi command on it: ARGS='stack output'
	@$(INFRA) backend pulumi --stack '$(STACK)' -- $(ARGS)
gcp-backend: infra ## Print the commands that make the same on Google Cloud. STACK= GCP_PROJECT= GCP_LOCATION= REPOSITORY=
	@$(INFRA) gcp-backend --stack '$(STACK)' --project '$(GCP_PROJECT)' --location '$(or $(GCP_LOCATION),us-east4)' --repository '$(REPOSITORY)'
##@ Cost: no account, no network
cost: infra ## Show what a stack costs per month at list price. STACK= PROVIDER= FORMAT=markdown
	@$(INFRA) cost --stack '$(STACK)' --provider '$(PROVIDER)' --format '$(or $(FORMAT),text)'
##@ Development
test: tools simulator infra ## Run every test
	@status=0; go test $$(go list ./... | grep -v /tests/lifecycle$$) || status=1; go test -C tools/cilium ./... || status=1; \
	go test -v -timeout 50m $(ARGS) ./tests/lifecycle || status=1; exit $$status
test-long: tools simulator infra ## Run the tests of many minutes: every procedure of the operations page, upgrades, every edit of a running stack
	@LONG_TESTS=1 go test -v -count=1 -timeout 4h ./tests/lifecycle
record-layout: tools simulator infra ## Record what this version leaves running, before a release, for the tests of later ones. LAYOUT=2026-12
	go test -count=1 -timeout 30m ./tests/lifecycle -run '^TestRecordLayout$$' -record '$(LAYOUT)'
test-apiserver: ## Run the tests with a real kube-apiserver. Compiling it takes 13 minutes once, and 2.2 GB of memory
	go build -C tools/apiserver -v -o $(BIN)/kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver && go test -v -count=1 -timeout 30m -tags apiserver ./tests/apiserver
bench: tools simulator infra build ## Measure previews, ups and builds, as medians of N=5 runs
	@$(INFRA) bench --runs '$(or $(N),5)'
# Misspell passes over a function of GitHub's, the tag cost-centre and a wrong key in a test.
lint: build infra $(BIN)/staticcheck $(BIN)/revive $(BIN)/misspell $(BIN)/actionlint $(BIN)/govulncheck ## Check formatting, vet, staticcheck, doc comments, spelling, the rules of the house, the workflows, and known vulnerabilities
	go vet -tags apiserver ./...
	$(BIN)/staticcheck -tags apiserver ./...
	$(BIN)/revive -config revive.toml -set_exit_status ./...
	$(BIN)/misspell -error -locale US -i cancelled,centre,enviroment $$(git ls-files '*.go' '*.md' '*.sh' '*.yaml' '*.yml' Makefile | grep -v testdata)
	go test ./tests/style/...
	$(BIN)/actionlint
	@$(INFRA) vulnerabilities $(BIN)/govulncheck $(BIN)/inferadb
sbom: build $(BIN)/sbom ## Write sbom.json, the modules in the program, as CycloneDX has it
	$(BIN)/sbom bin -json -std -noserial -notimestamp -version "$$(git rev-parse HEAD)" -output sbom.json $(BIN)/inferadb
cilium: ## Render the manifests in machineconfig/cilium anew
	go run -C tools/cilium .
graph: ## Write what the documents show of the program: diagrams, ports, production, changes and versions
	go test ./tests/graph ./tests/lifecycle ./machineconfig -update -run 'Test(TheDiagramsShowTheGraph|The(Ports|Production|Changes|Versions)PageIsFresh)'
fmt: ## Format the Go code
	gofmt -w .
build: $(BIN)/inferadb ## Compile the program if it changed (minutes the first time: the cloud SDKs are large)
policy: $(BIN)/pulumi-analyzer-policy-inferadb ## Build the policy pack, which previews and ups run
infra: $(BIN)/infra ## Build the command behind the targets: .bin/infra --help
simulator: $(BIN)/simulator/simulator policy ## Build the simulator, in a folder of its own: whoever has it on PATH talks to it
	@$(BIN)/simulator/simulator link
tools: $(BIN)/.tools ## Find or build the Pulumi CLI and its Go language host
clean: ## Remove what was built and the demos; keeps .state, .pulumi-home and written kubeconfigs
	rm -rf $(BIN) .demo
# Go links only what has changed, and takes a second to find that out: make asks if a file is newer, or a folder, which has lost one. -w leaves out what debuggers read, a sixth of the time.
SOURCES := main.go go.mod go.sum $(shell find $(CURDIR)/*/ -path '$(CURDIR)/tests/*' -prune -o ! -name '*.md' ! -name '*_test.go' ! -name '* *' -print)
COMPILE  = @echo "Compiling $(@F) ..." >&2 && go build -ldflags=-w -o $@
$(BIN)/inferadb: $(SOURCES) ; $(COMPILE) .
$(BIN)/pulumi-analyzer-policy-inferadb: $(SOURCES) ; $(COMPILE) ./policy
$(BIN)/infra: $(SOURCES) ; $(COMPILE) ./cmd/infra
$(BIN)/simulator/simulator: $(SOURCES) ; $(COMPILE) ./simulator/cmd/simulator
$(BIN)/.tools: scripts/tools.sh $(wildcard tools/pulumi*/go.*)
	@scripts/tools.sh && touch $@
$(BIN)/%: tools/%/go.mod tools/%/go.sum ; go build -C tools/$* -o $@ tool
