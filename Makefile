# One word a task; CI calls the same ones. `make` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup test test-integration test-orders lint format bench up down clean lock

PYTHON ?= python3
BIN := .venv/bin
NAME ?=
SUITES ?=

help: ## list the tasks
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

setup: .venv/.ready ## make .venv with everything pinned in requirements.lock

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version). Try make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

test: setup ## every test: unit, contract and the ecosystem's suites
	$(BIN)/pytest tests

test-integration: setup ## the main job: start the ecosystem, seed it, run its suites, report, tear down; SUITES=api for one
	$(BIN)/harness test $(SUITES)

test-orders: setup ## the ecosystem's suites in 20 random orders, isolation proved; ORDERS=3 for fewer
	.ci/random-orders

lint: setup ## ruff, mypy --strict and the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=.:services $(BIN)/lint-imports

format: setup ## let ruff format and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## measure us, the floor and the peers; NAME=start for one
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade --target .peers --requirement bench/peers.txt
	$(BIN)/python -m bench $(NAME)

up: setup ## a seeded ecosystem for local development
	$(BIN)/harness up

down: ## end what `make up` started
	@if [ -x $(BIN)/harness ]; then $(BIN)/harness down; else echo "there is no .venv, so nothing of it runs"; fi

lock: setup ## pin the newest versions that pyproject.toml allows
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --all-extras --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links --upgrade --output-file requirements.lock pyproject.toml
	$(BIN)/python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
		print(*project["optional-dependencies"]["services"], sep="\n")' | \
		$(BIN)/uv pip compile --quiet --universal --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links --constraint requirements.lock --output-file services/requirements.lock -

clean: ## remove .venv, caches and results
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache results build dist
