# Everything one does with this repository. `make help` lists it.

GO        ?= go
CACHE     ?= $(CURDIR)/.cache## where tools and the Python peers of the tests go
PKG       ?= ./...## packages for unit, race, cover and micro: make race PKG=./proxy/...
FUZZTIME  ?= 20s## how long each fuzz target runs
BENCH     ?= .## which benchmarks: make micro BENCH=Decide
COUNT     ?= 5## repetitions of each benchmark
SEED      ?= 1## of make demo
SOAKTIME  ?= 10m## of make soak

GOLANGCI_VERSION := v2.15.0
GOLANGCI         := $(CACHE)/bin/golangci-lint-$(GOLANGCI_VERSION)

# In CI what is missing fails; elsewhere the tests that need it skip and say so.
ifeq ($(CI),true)
export WEIR_REQUIRE_PEERS := 1
endif
# Where the tests find the Python peers.
export WEIR_CACHE := $(CACHE)
# A release build needs no C; the race detector does.
export CGO_ENABLED := 0

.DEFAULT_GOAL := help
.PHONY: help build test setup consul vet lint unit peers parity walkthrough sim soak race fuzz bench rollback-bench cluster micro demo golden cover tidy clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "variables:"
	@awk -F ' *\\?= *|## ' '/^[A-Z]+ *\?=.*## / {printf "  %-11s %s (%s)\n", $$1, $$3, $$2}' $(MAKEFILE_LIST)

build: ## the binary, bin/weir: static, without debug information
	$(GO) build -trimpath -ldflags '-s -w' -o bin/weir ./cmd/weir

test: setup lint unit peers ## all that must pass: sets up what it needs, lints, unit tests, other people's servers

setup: ## what the tests need beside Go: Debian packages, Python peers in .cache, in CI Consul
	scripts/setup

consul: ## .cache/bin/consul, the real server that the tests of registry/consul run
	scripts/setup consul

vet: ## go vet
	$(GO) vet ./...

lint: $(GOLANGCI) ## golangci-lint with .golangci.yml
	$(GOLANGCI) run ./...

# go.mod is not the place for it: its 200 dependencies would become ours.
$(GOLANGCI):
	mkdir -p $(@D)
	cd $(@D) && GOFLAGS= GOBIN=$(@D) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION) && mv golangci-lint $@

unit: ## the Go tests, without those that run other people's model servers
	$(GO) test $$($(GO) list $(PKG) | grep -v /internal/peers)

peers: ## the tests against MLServer, MLflow and tritonclient
	$(GO) test -count=1 -timeout 15m ./internal/peers/...

parity: ## our scores beside Evidently's and NannyML's, and docs/parity.md
	$(GO) test -count=1 -timeout 15m ./internal/parity -args -table $(CURDIR)/docs/parity.md

walkthrough: build ## docs/walkthrough.md: the flights by our reports and alarms, and by Evidently, some minutes
	$(CACHE)/venv-parity/bin/python internal/parity/testdata/walkthrough.py bin/weir $(CACHE)/walkthrough docs/walkthrough.md

sim: ## simulations of the detectors' and verdicts' promises, minutes on one core, and docs/simulations.md
	GOMAXPROCS=1 $(GO) test -count=1 -timeout 60m ./internal/sim -args -table $(CURDIR)/docs/simulations.md

soak: ## a gateway under mixed load for SOAKTIME, which must not grow; go test runs ten seconds of it
	$(GO) test -count=1 -timeout 0 -v -run '^TestAGatewayUnderMixedLoadStaysAsLargeAsItWas$$' ./internal/gateway -args -soak $(SOAKTIME)

race: ## the Go tests under the race detector
	CGO_ENABLED=1 $(GO) test -race -short $$($(GO) list $(PKG) | grep -v /internal/peers)

fuzz: ## every fuzz target for FUZZTIME
	@grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r dir; do \
		for target in $$($(GO) test -list '^Fuzz' "$$dir" | grep ^Fuzz); do \
			echo "$$dir $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$dir" || exit 1; \
		done; \
	done

bench: ## Weir beside nginx, HAProxy, Envoy and others, about an hour, into bench/results; some of it: make bench MEASURE="split mirror"
	bench/setup
	$(GO) run ./bench -out bench/results $(MEASURE)

$(CACHE)/bin/consul:
	scripts/setup consul

cluster: $(CACHE)/bin/consul ## five gateways, a Consul and two versions on this machine, until Ctrl-C, and what to try (docs/cluster.md)
	@$(GO) run ./bench cluster -cache $(CACHE)

rollback-bench: $(CACHE)/bin/consul ## how long going back takes on five gateways and a real Consul, about a minute, into bench/results
	$(GO) run ./bench -cache $(CACHE) -out bench/results rollback

micro: ## the benchmarks of Go's kind, with allocations
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) $(PKG)

demo: ## the whole story on this machine, within a minute
	$(GO) run ./cmd/weir demo --fast --seed $(SEED)

golden: ## rewrite the expected outputs of the tests; read the diff before you commit it
	@grep -rlE 'flag\.Bool\("update"' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r dir; do \
		$(GO) test "$$dir" -update || exit 1; \
	done

cover: ## coverage by function, and coverage.out
	$(GO) test -short -coverpkg=./... -coverprofile=coverage.out $$($(GO) list $(PKG) | grep -v /internal/peers)
	$(GO) tool cover -func=coverage.out | tail -n 40

tidy: $(GOLANGCI) ## go.mod, imports, formatting, and what the linters can mend by themselves
	$(GO) mod tidy
	$(GOLANGCI) run --fix ./...

clean: ## remove what was built and fetched
	rm -rf bin coverage.out $(CACHE)
