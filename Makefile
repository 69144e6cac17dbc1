# Everything that a person or CI runs. Each target sets up what it needs; a second call finds it done.
# To change a dependency: edit pyproject.toml, then
#   uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url \
#     --no-header --no-annotate --output-file requirements.lock

PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3))
KEEP ?= 1
SEEDS ?= 500
BIN := .venv/bin
PACKAGES := flows tasks connectors expectations ledger domain sandbox deployments tests

export PYTHONPATH := $(CURDIR)
export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# For `make deploy`, `make worker` and `make test-e2e` alike: unset, Prefect would start a server of its own in each.
LOCAL_API := http://127.0.0.1:4200/api

.DEFAULT_GOAL := help
.PHONY: help demo test check unit e2e machine bench conformance kill simulate server deploy worker receiver probe clean

help: ## Show what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# uv is used where it is, or can be had; pip does the same more slowly.
.venv/ready: requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install python3.11 and python3.11-venv."; exit 1; }
	@echo "Setting up .venv (once; about a minute)"
	@$(PYTHON) -m venv .venv
	@if command -v uv >/dev/null || $(BIN)/python -m pip install --quiet uv; then \
	  PATH="$$PATH:$(CURDIR)/$(BIN)" uv pip install --quiet --python $(BIN)/python --link-mode copy --compile-bytecode --require-hashes -r requirements.lock; \
	else \
	  echo "uv cannot be had; pip does it"; \
	  $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock; \
	fi
	@$(BIN)/python -m compileall -q $(filter-out tests,$(PACKAGES))
	@touch $@

demo: .venv/ready ## Trade a compressed day; KEEP=0 ends by itself
	@KEEP=$(KEEP) $(BIN)/python -m deployments.demo

# Types take one core, and the end-to-end tests wait more than they work (for leases, schedules, start-ups): beside the others.
test: .venv/ready ## Everything that guards the project
	@$(MAKE) --no-print-directory --jobs 3 check unit e2e

check: .venv/ready ## Lint, format, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PACKAGES)
	$(BIN)/lint-imports

# Three on two cores: some of them wait, for a server or a disk.
unit: .venv/ready ## Unit, contract, stateful and flow tests
	$(BIN)/pytest -n 3 --dist worksteal --ignore tests/e2e

e2e: .venv/ready machine ## Real server, worker, browser and PostgreSQL
	$(BIN)/pytest tests/e2e

# What the end-to-end tests need of the machine. Without it they say so loudly, and fail in CI.
machine:
	@missing=""; \
	command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing="chromium"; \
	command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	[ -z "$$missing" ] || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing$$missing for the tests" && \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $$missing >/dev/null; \
	} || echo "Missing for the end-to-end tests, and cannot be installed here: $$missing"

bench: .venv/ready ## Measure, write docs/benchmarks.md, fail on a missed bar; QUICK=1: less, no page
	$(BIN)/python -m tests.benchmarks

conformance: .venv/ready ## Check against vendors' documents: make conformance VENDOR=FOLDER
	$(BIN)/python -m tests.conformance "$(VENDOR)"

kill: .venv/ready ## Kill every loop of every pair at every effect (long)
	EVERY_TURN=1 $(BIN)/pytest tests/kill

simulate: .venv/ready ## Any number of seeds: make simulate SEEDS=100000
	$(BIN)/python -m tests.stateful --seeds $(SEEDS)

server: .venv/ready ## A Prefect server with its UI on port 4200
	PREFECT_UI_URL=http://127.0.0.1:4200 exec $(BIN)/python -m flows.server

deploy: .venv/ready ## Write prefect.yaml, and who watches the worker, to the server
	PREFECT_API_URL=$${PREFECT_API_URL:-$(LOCAL_API)} $(BIN)/prefect --no-prompt work-pool create local --type process --overwrite </dev/null
	PREFECT_API_URL=$${PREFECT_API_URL:-$(LOCAL_API)} $(BIN)/prefect --no-prompt deploy --all </dev/null
	@set -a; [ ! -f .env ] || . ./.env; set +a; \
	PREFECT_API_URL=$${PREFECT_API_URL:-$(LOCAL_API)} $(BIN)/python -m flows.automations

worker: .venv/ready ## Work on what is due; reads .env when there is one
	@set -a; [ ! -f .env ] || . ./.env; set +a; \
	PREFECT_API_URL=$${PREFECT_API_URL:-$(LOCAL_API)} exec $(BIN)/python -m flows.worker --pool local --limit 2

receiver: .venv/ready ## Take the pushes of vendors; reads .env when there is one
	@set -a; [ ! -f .env ] || . ./.env; set +a; \
	PREFECT_API_URL=$${PREFECT_API_URL:-$(LOCAL_API)} exec $(BIN)/python -m flows.receiver

probe: .venv/ready ## Look at live accounts, only reading: make probe INSTALLATION=harbour
	@test -n "$(INSTALLATION)" || { echo "Say which: make probe INSTALLATION=harbour"; exit 1; }
	@set -a; [ ! -f .env ] || . ./.env; set +a; exec $(BIN)/python -m flows.probe $(INSTALLATION)

clean: ## Remove what the demo and the tests left
	rm -rf .demo .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
