# Every command of the project. `make help` lists them.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory

# Pulumi compiles programs with -trimpath; without it here the cloud SDKs would be compiled twice.
# The revision is left out, so that a commit does not make Go link the program anew.
export GOFLAGS := -trimpath -buildvcs=false

# How a stack is named: `make up STACK=staging`. Only the demo has a default. KEEP is the demo's; PROVIDER puts demo and cost on another cloud.
STACK    ?=
PROVIDER ?=
KEEP     ?=
# Further flags for pulumi: `make up STACK=dev ARGS=--yes`.
ARGS     ?=
# The policy pack of previews and ups: `make preview STACK=dev POLICY=` does without.
POLICY   ?= $(BIN)/pulumi-analyzer-policy-inferadb
# How `make cost` prints: text or markdown.
FORMAT   ?= text
# Where gcp-image puts which image; without a version it is Pulumi.yaml's.
GCP_PROJECT   ?=
TALOS_VERSION ?=

# Where each stack keeps its state, and what encrypts its secrets.
BACKEND_dev        ?= file://$(CURDIR)/.state
BACKEND_staging    ?= s3://inferadb-pulumi-state-staging?region=us-east-1
BACKEND_production ?= s3://inferadb-pulumi-state-production?region=us-east-1
SECRETS_dev        ?= passphrase
SECRETS_staging    ?= awskms://alias/inferadb-pulumi-staging?region=us-east-1
SECRETS_production ?= awskms://alias/inferadb-pulumi-production?region=us-east-1

STACKS    := $(patsubst Pulumi.%.yaml,%,$(wildcard Pulumi.*.yaml))
PROVIDERS := aws gcp digitalocean
DEMO      := $(or $(STACK),production)
CLOUD     := init preview up refresh destroy kubeconfig talosconfig pulumi
BIN       := $(CURDIR)/.bin
PULUMI    := $(BIN)/pulumi

.DEFAULT_GOAL := help
.PHONY: help demo simulator-env $(CLOUD) gcp-image cost test bench lint fmt build tools simulator policy clean check-demo check-stack

##@ On the simulator: no account, nothing configured

demo: check-demo tools simulator build ## Bring a stack up on the simulator, check it, destroy it. STACK=production PROVIDER= KEEP=1
	@KEEP=$(KEEP) scripts/demo.sh $(DEMO) $(PROVIDER)

simulator-env: check-demo tools simulator ## Print the environment for pulumi on the simulator: eval "$(make -s simulator-env)"
	@scripts/simulator-env.sh $(DEMO) $(PROVIDER)
	@echo "This shell now works on the simulator: try 'pulumi preview'. To leave, open a new shell." >&2

##@ On a real cloud: STACK= names the stack, ARGS= are further flags for pulumi

# The CLI's own home keeps the user's login out of it, and the simulator is never on this PATH.
$(CLOUD): export PULUMI_HOME := $(CURDIR)/.pulumi-home
$(CLOUD): export PULUMI_BACKEND_URL = $(BACKEND_$(STACK))
$(CLOUD): export PULUMI_STACK = $(STACK)
# The pinned language host links the program for every run; `go run` keeps what it linked.
$(CLOUD): export PULUMI_GO_USE_RUN := true
$(CLOUD): check-stack tools
# As a variable, so that every command that knows the flag --policy-pack has it.
$(if $(POLICY),preview up pulumi: policy)
$(if $(POLICY),$(CLOUD): export PULUMI_OPTION_POLICY_PACK = $(POLICY))

init: ## Create the stack in its backend, once
	$(PULUMI) stack init $(STACK) --secrets-provider '$(SECRETS_$(STACK))' $(ARGS)
	@echo "Commit Pulumi.$(STACK).yaml: it now holds the stack's encrypted data key. Next: make preview STACK=$(STACK)"

preview: ## Show what up would do
	$(PULUMI) preview --diff $(ARGS)
	@echo "Next: make up STACK=$(STACK)"

up: ## Bring the stack up, after asking
	$(PULUMI) up $(ARGS)
	@echo "Next: make kubeconfig STACK=$(STACK)"

refresh: ## Compare the state with the cloud, after asking
	$(PULUMI) refresh $(ARGS)
	@echo "Next: make preview STACK=$(STACK)"

# Pulumi deletes what is not protected before it meets what is: half of production would be gone.
destroy: ## Delete everything, after asking. A protected stack: docs/operations.md
	@if $(PULUMI) stack export | grep '"protect": true' > /dev/null; then \
	  echo "$(STACK) is protected: set protection to false and run make up STACK=$(STACK) first (docs/operations.md)" >&2; exit 1; fi
	$(PULUMI) destroy $(ARGS)
	@echo "The stack is empty. Next, to forget it: make pulumi STACK=$(STACK) ARGS='stack rm'"

# A new file, moved into place: an old one's wider mode would stay, and a failure leaves the old one alone.
kubeconfig talosconfig: ## Write <stack>.kubeconfig, <stack>.talosconfig (mode 0600)
	@umask 077; $(PULUMI) stack output $@ --show-secrets > $(STACK).new.$@ || { rm -f $(STACK).new.$@; exit 1; }
	@mv $(STACK).new.$@ $(STACK).$@
	@echo "Wrote $(STACK).$@. Next: $(NEXT_$@)"

gcp-image: ## Put Talos' image into a Google Cloud project, once for each version. GCP_PROJECT= TALOS_VERSION=
	$(if $(GCP_PROJECT),,$(error GCP_PROJECT: is not set; write: make gcp-image GCP_PROJECT=my-project))
	@scripts/gcp-image.sh $(GCP_PROJECT) $(TALOS_VERSION)

pulumi: ## Any other pulumi command: ARGS='stack history'
	@$(PULUMI) $(ARGS)

NEXT_kubeconfig  = kubectl --kubeconfig $(STACK).kubeconfig get nodes
NEXT_talosconfig = talosctl --talosconfig $(STACK).talosconfig config contexts

##@ Cost: no account, no network

cost: ## Show what a stack costs per month at list price. STACK= PROVIDER= FORMAT=markdown
	@go build -o $(BIN)/cost ./cost/cmd
	@$(BIN)/cost -stack '$(STACK)' -provider '$(PROVIDER)' -format '$(FORMAT)'
	@echo "Next: make preview STACK=$(STACK). What to choose: docs/cost-and-spot.md" >&2

##@ Development

# The fast packages first; the lifecycle tests run the CLI and the simulator, which Go's test cache cannot see.
PURE := ./regions/... ./iampolicy/... ./policy/... ./config/... ./cost/... ./components/machineconfig/... ./simulator/... ./tests/style/...
LIFE := ./tests/lifecycle/...

test: tools simulator policy ## Run every test
	@status=0; \
	go test $(PURE) || status=1; \
	go test $$(go list ./... | grep -vxF "$$(go list $(PURE) $(LIFE))") || status=1; \
	go test -v -count=1 -timeout 50m $(LIFE) || status=1; \
	exit $$status

bench: tools simulator ## Measure previews on the simulator: production, many regions, each cloud
	@go run ./tests/bench
	@echo "Next: make demo, to see one"

lint: ## Check formatting, vet, staticcheck, and the rules of the house
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	go build -C tools/staticcheck -o $(BIN)/staticcheck honnef.co/go/tools/cmd/staticcheck
	$(BIN)/staticcheck ./...
	go test ./tests/style/...

fmt: ## Format the Go code
	gofmt -w .

build: ## Compile the program (minutes the first time: the cloud SDKs are large)
	@echo "Compiling the program ..." >&2
	go build -o $(BIN)/inferadb .

tools: $(BIN)/.tools ## Find or build the Pulumi CLI and its Go language host

$(BIN)/.tools: scripts/tools.sh $(wildcard tools/pulumi*/go.*)
	@scripts/tools.sh
	@touch $@

# In a folder of its own: whoever has it on PATH talks to the simulator.
simulator: ## Build the simulator and its links
	@go build -o $(BIN)/simulator/simulator ./simulator/cmd/simulator
	@cd $(BIN)/simulator && for name in $(PROVIDERS) talos; do ln -sf simulator pulumi-resource-$$name; done

policy: ## Build the policy pack, which previews and ups run
	@go build -o $(BIN)/pulumi-analyzer-policy-inferadb ./policy

clean: ## Remove what was built and the demos; keeps .state, .pulumi-home and written kubeconfigs
	rm -rf $(BIN) .demo

help: ## Show this help
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z -]+:.*## / { printf "  %-24s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo; echo "Stacks: $(STACKS)"

# What a command needs to know before it starts.

check-demo:
	$(if $(filter $(DEMO),$(STACKS)),,$(error there is no stack "$(DEMO)": STACK is one of $(STACKS)))
	$(if $(PROVIDER),$(if $(filter $(PROVIDER),$(PROVIDERS)),,$(error there is no provider "$(PROVIDER)": PROVIDER is one of $(PROVIDERS))))

check-stack:
	$(if $(SIMULATOR_WORLD),$(error this shell is set up for the simulator: open a new one to work on a real cloud))
	$(if $(filter $(STACK),$(STACKS)),,$(error there is no stack "$(STACK)": say STACK=, one of $(STACKS)))
	$(if $(BACKEND_$(STACK)),,$(error nothing says where $(STACK) keeps its state: set BACKEND_$(STACK) and SECRETS_$(STACK) in the Makefile))
	@case $(BACKEND_$(STACK)) in file://*) mkdir -p "$(patsubst file://%,%,$(BACKEND_$(STACK)))" ;; esac
	@if [[ "$(SECRETS_$(STACK))" == passphrase && -z "$${PULUMI_CONFIG_PASSPHRASE+x}$${PULUMI_CONFIG_PASSPHRASE_FILE+x}" && ! -t 0 ]]; then \
	  echo "$(STACK) encrypts its secrets with a passphrase: export PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE" >&2; exit 1; fi
