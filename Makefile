# Needs python3 (3.11 or newer) and make; everything else is installed into .venv from hash-pinned locks.
# Another Python has an environment of its own, such as .venv-3.13: make test PYTHON=python3.13
PYTHON ?= python3
SERVE ?= 1
PORT ?= 8000
HOME_DIR ?= .demo
UPGRADE ?=
REPEAT ?= 1
MINUTES ?= 30
PYTEST_ARGS ?=
BENCH_ARGS ?=
DIST ?= dist

VENV := .venv$(if $(filter-out python3,$(PYTHON)),-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'))
BIN := $(VENV)/bin
UV := $(BIN)/uv
INSTALLED := $(VENV)/.installed
BENCH_INSTALLED := .venv-bench/.installed
MUTANTS_INSTALLED := .venv-mutants/.installed
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 $(UPGRADE)
export UV_PYTHON_DOWNLOADS := never
# Tests start hundreds of processes: each would compile the packages anew where PYTHONDONTWRITEBYTECODE is set.
export UV_COMPILE_BYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test journeys drills histories notebooks docs pictures check mutants bench bench-accuracy soak fuzz lock release clean

help: ## show this help
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

setup: $(INSTALLED) ## make .venv with everything the other targets need; again when a lock changes (PYTHON=python3.13: .venv-3.13)

$(INSTALLED): requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Headroom needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(INSTALLED) ## simulate a hospital system, play its last 28 mornings, serve them (SERVE=0: end after publishing; PORT=8000, HOME_DIR=.demo)
	$(BIN)/headroom demo --home $(HOME_DIR) --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve)

# Two workers fill two cores: more threads would only wait. Our own modules are compiled once, too, not by every process.
test journeys drills histories notebooks soak: export OMP_NUM_THREADS := 1
test journeys drills histories notebooks: export PYTHONDONTWRITEBYTECODE :=

test: $(INSTALLED) ## run the tests (PYTEST_ARGS="-k store")
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

journeys: $(INSTALLED) ## run jobs, servers and a browser as people do, from files to the page: minutes
	$(BIN)/python -m pytest -m "journey and not drill and not notebook and not fuzz" -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

drills: $(INSTALLED) ## kill jobs and databases, lead a model through its life, run the demo, and see that all goes on: an hour (REPEAT=20)
	@for round in $$(seq $(REPEAT)); do echo "round $$round of $(REPEAT)"; \
		$(BIN)/python -m pytest -m drill -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS) || exit 1; done

histories: $(INSTALLED) ## forecast hospitals with every kind of history, sixty mornings and 200 saved states: most of an hour
	$(BIN)/python -m pytest -m histories -n 2 $(PYTEST_ARGS)

fuzz: $(INSTALLED) ## ask the service 20,000 times for what OpenAPI allows, and what it does not: minutes
	$(BIN)/python -m pytest -m fuzz $(PYTEST_ARGS)

notebooks: $(INSTALLED) ## run the notebooks from empty: minutes
	$(BIN)/python -m pytest -m notebook -n 2 $(PYTEST_ARGS)

docs: $(INSTALLED) ## build the site of the docs into build/site; a broken link or anchor fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

pictures: $(INSTALLED) ## screenshots of the pages into build/pictures, those of the docs into docs/pictures; look at them (needs Chromium)
	$(BIN)/python -m tests.browser.pictures build/pictures --docs docs/pictures

check: $(INSTALLED) ## lint, formatting, types, import rules, Dockerfile, schema of Compose
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml

mutants: $(MUTANTS_INSTALLED) ## change the most important functions a little, and see that tests find each change: a quarter of an hour
	.venv-mutants/bin/python -m benchmarks.mutants

$(MUTANTS_INSTALLED): $(INSTALLED) requirements/dev.txt requirements/mutants.txt
	test -x .venv-mutants/bin/python || $(PYTHON) -m venv .venv-mutants
	$(UV) pip install --quiet --python .venv-mutants/bin/python --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --python .venv-mutants/bin/python --require-hashes -r requirements/mutants.txt
	@touch $@

bench: $(INSTALLED) ## run the benchmarks
	@for program in flow history hourly pages serving simulate storage training; do echo "== $$program"; $(BIN)/python -m "benchmarks.$$program" || exit 1; done

soak: $(INSTALLED) ## serve 200 requests a second for half an hour, a publication a minute: none may fail, and memory stays (MINUTES=30)
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

bench-accuracy: $(BENCH_INSTALLED) ## print the accuracy promised, reached, and that of other programs (BENCH_ARGS="--rows swast"): hours
	.venv-bench/bin/python -m benchmarks.accuracy $(BENCH_ARGS)

$(BENCH_INSTALLED): $(INSTALLED) requirements/training.txt requirements/bench.txt
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	$(UV) pip install --quiet --python .venv-bench/bin/python --require-hashes -r requirements/training.txt
	$(UV) pip install --quiet --python .venv-bench/bin/python --require-hashes -r requirements/bench.txt
	@touch $@

lock: $(INSTALLED) ## compile the locks again (UPGRADE=--upgrade: take newer versions)
	$(COMPILE) requirements/bootstrap.in -o requirements/bootstrap.txt
	$(COMPILE) pyproject.toml --extra service -o requirements/service.txt
	$(COMPILE) pyproject.toml --extra training -c requirements/service.txt -o requirements/training.txt
	$(COMPILE) pyproject.toml --extra service --extra training --group dev \
		-c requirements/service.txt -c requirements/training.txt -o requirements/dev.txt
	$(COMPILE) requirements/bench.in -c requirements/dev.txt -o requirements/bench.txt
	$(COMPILE) requirements/mutants.in -c requirements/dev.txt -o requirements/mutants.txt

# The distribution is built by the hatchling of the lock. What each image installs is listed as CycloneDX.
release: $(INSTALLED) ## wheel, sdist and software bills of materials into dist/, of the version in publication/__init__.py
	rm -rf $(DIST) build/release
	$(UV) build --quiet --no-build-isolation --no-create-gitignore --python $(BIN)/python --out-dir $(DIST)
	for target in service training; do \
		venv=build/release/$$target && $(UV) venv --quiet --python $(BIN)/python $$venv && \
		$(UV) pip install --quiet --python $$venv --require-hashes -r requirements/$$target.txt && \
		$(UV) pip install --quiet --python $$venv --no-deps $(DIST)/*.whl && \
		$(BIN)/cyclonedx-py environment --output-reproducible --output-file $(DIST)/$$target.cdx.json $$venv/bin/python || exit 1; \
	done
	ls -l $(DIST)

clean: ## remove .venv, .demo and caches; never .headroom
	rm -rf .venv .venv-* mutants .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
