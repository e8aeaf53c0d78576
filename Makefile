# Everything there is to do with this project, one command each; `make help`
# lists them. Whatever is missing on the machine is installed first.

.DEFAULT_GOAL := check
.PHONY: help run install dev bench test screens compatibility golden conformance check quick sources contract cover mutate format lint types rules unused proto \
  accept-contract verify generate lock clean packages
MAKEFLAGS += --no-print-directory

arch := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x64)
export PATH := $(CURDIR)/node_modules/node-linux-$(arch)/bin:$(CURDIR)/node_modules/.bin:$(PATH)

##@ Use

run: install ## serve on this machine, with a database of its own under .data/
	@exec bin/ostiary serve --dev

install: ## install Node, packages and a database server, as far as missing
	@scripts/install-packages
	@scripts/install-database

##@ Develop

dev: install ## serve, and again after each change of a file
	@exec node --watch src/main.ts serve --dev

test: ## all checks and all tests; T=unit/db for a part of the tests alone, ENGINE=mysql or ENGINE=galera for those
	@scripts/test $(T)

screens: install ## pictures of the pages, into docs/screens; ARGS="--only settings,ar,pogo"
	@scripts/install-browser
	@scripts/install-fonts
	@exec node --disable-warning=ExperimentalWarning scripts/screens.ts $(ARGS)

compatibility: ## replay the recorded exchanges against the server; ARGS="--only 'login/*'"
	@scripts/compatibility $(ARGS)

golden: compatibility

conformance: install ## the official conformance runner of Connect on our listener; ARGS="--run 'Errors/**'"
	@scripts/conformance $(ARGS)

bench: install ## measure requests side by side with the bare limit, and the pages; ARGS=--help
	@scripts/install-load-generators
	@scripts/install-browser chromium
	@exec env CHROMIUM="$${CHROMIUM:-chromium}" node bench/main.ts $(ARGS)

##@ Check

cover: install ## which code the tests reach; it never gets less (ARGS=--raise after it got more; T=behaviour/login for a part)
	@scripts/cover $(ARGS) $(T)

mutate: install ## change F=src/FILE in every small way; T=test/FILE names the tests that should notice
	@T=$(T) scripts/mutate $(F)

check: test ## the same as `make test`

quick: packages ## all of these, on two cores, the quickest to fail first: everything but the tests
	@$(MAKE) -j2 --output-sync=target sources contract

# Two lanes: what reads the sources, and what lays out third_party/ or writes pages, which cannot be beside itself.
sources:
	@$(MAKE) -j1 types lint unused

contract:
	@$(MAKE) -j1 proto rules verify

types: packages ## types
	@tsc --noEmit -p .
	@tsc --noEmit -p tsconfig.browser.json

lint: packages ## format and lint
	@node scripts/complete-lockfile.mjs --check
	@biome check --error-on-warnings .

rules: packages ## who may import whom, sizes, names
	@vitest run architecture

unused: packages ## files, exports and packages that nothing uses
	@knip
	@knip --production --include files,dependencies,unlisted

proto: packages ## the contract: format, lint, nothing breaks clients of the accepted one
	@scripts/proto

verify: packages ## gen/ and docs/ are what the sources make
	@scripts/verify

##@ Change

generate: packages ## code from the contract, pages from the tables
	@scripts/generate

accept-contract: packages ## from now on `make proto` compares with the protos as they are
	@scripts/proto --accept

lock: ## complete package-lock.json after a change of dependencies
	@node scripts/complete-lockfile.mjs

format: packages ## format, sort imports, apply safe fixes
	@biome check --write .

clean: ## remove caches and test data; .data stays
	@rm -rf .cache .data/test node_modules/.cache

packages:
	@scripts/install-packages

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5); next } \
	  /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
