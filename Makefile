# Everything runs in .venv, which any target makes on first use; uv is used where it is there.
.DEFAULT_GOAL := help
.PHONY: help setup services clients demo test lint fix bench test-slow bench-serving coverage docs clean

# Hundreds of processes import the package: they find its bytecode, whatever the shell says of that.
export PYTHONDONTWRITEBYTECODE :=
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder
INSTALL := $(if $(shell command -v uv),uv pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)
CREATE := $(if $(shell command -v uv),uv venv --quiet --python $(PYTHON) .venv,$(PYTHON) -m venv .venv)

# The real servers of the integration tests: a binary, and the Debian package that brings it.
SERVICES := docker-registry:docker-registry skopeo:skopeo umoci:umoci /usr/lib/postgresql/15/bin/initdb:postgresql \
	wrk:wrk nginx:nginx-light cc:gcc prometheus:prometheus prometheus-alertmanager:prometheus-alertmanager

help:  ## say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(CREATE)
	@echo "setting up .venv (once; a few minutes)"
	@$(INSTALL) --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

setup: $(STAMP)  ## make .venv with pinned versions

services:  # install what the integration tests need, where we may
	@missing=""; for pair in $(SERVICES); do command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing$$missing"; \
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing) >/dev/null; \
	else echo "not installed, their tests are skipped:$$missing"; fi

clients:  # kserve's client needs older releases of what Hythe uses, so it lives in an environment of its own
	@test -x .clients/kserve/bin/python || { \
		echo "installing kserve's client (once)"; \
		$(PYTHON) -m venv .clients/kserve && \
		.clients/kserve/bin/python -m pip install --quiet --disable-pip-version-check kserve==0.21.0 || rm -rf .clients/kserve; }

demo: setup  ## train, pack, prove, serve and query a model, end to end
	@$(BIN)/python examples/demo.py

test: setup services clients  ## run every test that does not take long
	@$(PYTEST) -m 'not slow'

test-slow: setup services clients  ## run the others: benchmarks in their fast modes, long integration tests
	@$(PYTEST) --dist worksteal -m slow

coverage: setup services clients  ## run the tests and say what they do not reach
	@$(PYTEST) --cov --cov-report=term:skip-covered

lint: setup  ## check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

fix: setup  ## mend what can be mended by machine
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup  ## run every benchmark and print the checks that do not hold
	@$(BIN)/python -m bench

bench-serving: setup services  ## the table against the peers; installs each on first use (15 minutes)
	@mkdir -p .bench
	@$(BIN)/python bench/serving.py --json .bench/serving.json

docs: setup  ## check that the documentation tells the truth
	@$(BIN)/python -m pytest -q tests/docs

clean:  ## remove what was made
	rm -rf .venv .clients .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
