# Everything a developer does here. Needs Python 3.11 or newer, Java 17 or newer, Maven 3.8 or newer, make.

PYTHON ?= python3
RUN := .venv/bin/python
SYNCED := .venv/.synced

.DEFAULT_GOAL := help
.PHONY: help demo up down test unit faults bench check fmt venv clean servers

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: servers $(SYNCED) ## play a morning in a warehouse on the whole stack; ONCE=1 leaves after the table
	@$(RUN) -m deploy.demo $(if $(ONCE),--once)

up: servers $(SYNCED) ## start the whole stack in the background
	@$(RUN) -m deploy up

down: $(SYNCED) ## stop what `make up` started
	@$(RUN) -m deploy down

test: servers unit ## run the pure tests, then all others but the faults, on real Kafka and PostgreSQL
	$(RUN) -m pytest -q --part=services --ignore=tests/unit --ignore=tests/faults

unit: $(SYNCED) ## run the pure tests, on all cores
	$(RUN) -m pytest -q --part=unit --numprocesses=auto tests/unit

faults: servers $(SYNCED) ## kill, freeze and race the services on servers that go away, under load
	$(RUN) -m pytest -q --part=faults tests/faults

bench: servers $(SYNCED) ## measure throughput and search
	$(RUN) -m tests.bench

check: $(SYNCED) ## lint, formatting, types, who imports whom
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	.venv/bin/lint-imports --no-logo

fmt: $(SYNCED) ## format the code
	$(RUN) -m ruff check --fix-only .
	$(RUN) -m ruff format .

venv: $(SYNCED) ## make the virtual environment

clean: ## stop the stack and remove all that was made here
	@test ! -e $(SYNCED) || $(RUN) -m deploy down
	rm -rf .stack .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Said before any download.
servers:
	@$(PYTHON) deploy/prerequisites.py --servers

$(SYNCED): requirements.lock deploy/bootstrap.txt
	@$(PYTHON) deploy/prerequisites.py
	@echo "Making the virtual environment …"
	@$(PYTHON) deploy/bootstrap.py
	@touch $@
