# make run    install, build, and start the platform with a demo in it
# make test   install what the tests need, and run them all
# The rest is below, one target a purpose. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

CARGO ?= cargo
# Arguments for the platform: make run ARGS='--web-port 8080'
ARGS ?=
SOAK_CALLS ?= 20000
SOAK_CONCURRENT ?= 400
# Cases schemathesis makes up for each operation in `make fuzz-api`, and where it begins.
API_EXAMPLES ?= 100
API_SEED ?= 1
# Each fuzz target runs that long.
FUZZ_SECONDS ?= 60

WEB_SOURCES := $(shell find web sdk/typescript/src -type f \( -path web/node_modules -o -path web/dist -o -path web/tools/node_modules \) -prune -o -type f -print 2>/dev/null | grep -vE '^web/(node_modules|dist|tools/node_modules)/')
WEB_MODULES := web/node_modules/.package-lock.json
WEB_APP := web/dist/index.html

.PHONY: help run build web test test-rust test-web test-postgres test-interop test-contract bench soak fuzz fuzz-api lint deny fmt clean deps-run deps-test deps-ci

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: build ## install, build and start the platform with its demo
	@exec target/debug/hopwhistle up --demo $(ARGS)

build: deps-run web ## build the web app and the binary
	$(CARGO) build --locked -p server

web: $(WEB_APP) ## build the web app, when its sources changed

$(WEB_MODULES): web/package.json web/package-lock.json | deps-run
	# A lock file written where a registry lacks the packages of other platforms is incomplete to `npm ci`; `npm install`
	# takes the same versions from it.
	cd web && { ../scripts/npm ci --silent --no-audit --no-fund 2>/dev/null || ../scripts/npm install --no-save --no-audit --no-fund; }
	@touch $@

$(WEB_APP): $(WEB_MODULES) $(WEB_SOURCES)
	cd web && ../scripts/npm run --silent build
	@touch $@

test: deps-test web ## install what the tests need, and run them all
	scripts/run-tests rust postgres web interop contract

test-rust: web ## unit and behaviour tests of the crates
	scripts/run-tests rust

test-postgres: deps-test ## the storage and API tests on PostgreSQL
	scripts/run-tests postgres

test-web: $(WEB_MODULES) ## unit tests of the web app
	scripts/run-tests web

test-interop: deps-test web ## SIPp, baresip and Chromium against the platform
	scripts/run-tests interop

test-contract: deps-test ## the OpenAPI document against the platform, by schemathesis
	scripts/run-tests contract

bench: deps-run web ## calls, held calls, relayed media and decisions, beside Kamailio and rtpengine
	bench/run

soak: deps-test build ## SOAK_CALLS calls, one after another and many at once, each of them checked
	INTEROP_SEQUENTIAL=$(SOAK_CALLS) INTEROP_CONCURRENT=$(SOAK_CONCURRENT) $(CARGO) test --locked -p interop --test platform -- calls

fuzz: ## every fuzz target for FUZZ_SECONDS
	scripts/install-deps fuzz
	scripts/fuzz $(FUZZ_SECONDS)

fuzz-api: deps-test ## schemathesis for long: API_EXAMPLES cases an operation for everybody, from API_SEED on
	CONTRACT_THOROUGH=1 CONTRACT_EXAMPLES=$(API_EXAMPLES) CONTRACT_SEED=$(API_SEED) scripts/run-tests contract

lint: web ## formatting, clippy, web lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	cd web && ../scripts/npm run --silent lint

deny: deps-ci ## licences, banned crates, sources, advisories
	scripts/deny

fmt: ## format everything
	$(CARGO) fmt --all
	cd web && ../scripts/npm run --silent format

clean: ## remove what was built; tools and data stay
	$(CARGO) clean
	rm -rf web/dist web/node_modules web/tools/node_modules

deps-run:
	@scripts/install-deps run

deps-test:
	@scripts/install-deps test

deps-ci:
	@scripts/install-deps ci
