# Development commands. Requires Python 3.11, Java 17, Maven 3.8 (or newer) and make.

PYTHON ?= python3
RUN := .venv/bin/python
SYNCED := .venv/.synced

.DEFAULT_GOAL := help
.PHONY: help demo up down test unit integration e2e console faults contracts fuzz bench check fmt venv clean servers

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: servers $(SYNCED) ## run the demo on the whole stack; ONCE=1 exits after the results
	@$(RUN) -m deploy.demo $(if $(ONCE),--once)

up: servers $(SYNCED) ## start the whole stack in the background
	@$(RUN) -m deploy up

down: $(SYNCED) ## stop the stack started by `make up`
	@$(RUN) -m deploy down

test: servers unit ## run all tests except fault injection, on real Kafka and PostgreSQL
	@$(MAKE) --no-print-directory --jobs=3 --output-sync e2e integration console

integration: servers $(SYNCED) ## run the tests of one service each, on servers of their own
	$(RUN) -m pytest -q --part=integration tests/integration

e2e: servers $(SYNCED) ## run the tests over all services, on servers of their own
	$(RUN) -m pytest -q --part=e2e --ignore=tests/e2e/console tests/e2e

console: servers $(SYNCED) ## run the tests of the pages in Chromium, on servers of their own
	$(RUN) -m pytest -q --part=console tests/e2e/console

unit: $(SYNCED) ## run the pure tests on all cores
	$(RUN) -m pytest -q --part=unit --numprocesses=auto tests/unit

faults: servers $(SYNCED) ## run the fault-injection tests: killed, frozen and concurrent services under load
	$(RUN) -m pytest -q --part=faults tests/faults

contracts: servers $(SYNCED) ## test each service against its OpenAPI document; SECONDS=60 per service
	@SECONDS_PER_SERVICE=$(or $(SECONDS),60) $(RUN) -m tests.contracts

fuzz: $(SYNCED) ## fuzz scans and import files; SECONDS=60 per test
	@FUZZ_SECONDS=$(or $(SECONDS),60) $(RUN) -m pytest -q --part=unit tests/unit/shared/test_fuzzing.py

bench: servers $(SYNCED) ## measure throughput, latency, search and recalls, in about an hour
	$(RUN) -m tests.benchmarks

check: $(SYNCED) ## check style, formatting, types and import rules
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	.venv/bin/lint-imports --no-logo

fmt: $(SYNCED) ## format the code
	$(RUN) -m ruff check --fix-only .
	$(RUN) -m ruff format .

venv: $(SYNCED) ## create the virtual environment

clean: ## stop the stack and remove all generated files and the data of the stack
	@test ! -e $(SYNCED) || $(RUN) -m deploy down
	rm -rf .stack .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis .import_linter_cache

# Checked before any download.
servers:
	@$(PYTHON) deploy/prerequisites.py --servers

$(SYNCED): requirements.lock deploy/bootstrap.txt
	@$(PYTHON) deploy/prerequisites.py
	@echo "Creating the virtual environment …"
	@$(PYTHON) deploy/bootstrap.py
	@touch $@
