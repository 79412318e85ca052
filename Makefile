# `make` lists the targets. Each sets up what it needs by itself.

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

# As many tests at a time as there are cores, for most of them wait for a browser. A run of what ARGS names starts at
# once and in one process; ARGS="-n auto tests/cli" shares it out too.
SHARED_OUT := -n auto --maxprocesses 8 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup web demo test nightly bench coverage lint format wheel lock clean

help:  ## list these targets
	@sed -n 's/^\([a-z]*\):.*##  *\(.*\)/  make \1\t\2/p' Makefile | expand -t 18

setup:  ## make .venv with everything that the tests need
	@bash scripts/bootstrap.sh test

web:  ## build verify.html, the page that checks a bundle in a browser
	@bash scripts/bootstrap.sh web

demo:  ## capture, seal, bundle and verify a post of the practice network
	@bash scripts/bootstrap.sh demo
	@$(BIN)/python cli.py demo

test: setup  ## run the tests, or with ARGS=... those that it names
	$(PYTEST) $(or $(ARGS),$(SHARED_OUT))

nightly: setup  ## run the tests, the slow ones too
	$(PYTEST) -m "" $(ARGS)

bench: setup  ## measure what recording and checking cost (docs/benchmarks.md)
	$(BIN)/python -m tests.bench $(ARGS)

coverage: setup  ## run the tests and show the branches that they miss
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report

lint:  ## check style, types and the direction of imports
	@bash scripts/bootstrap.sh lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm run check --prefix web --silent

format:  ## put the code into its form
	@bash scripts/bootstrap.sh lint
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

wheel:  ## build dist/
	@bash scripts/bootstrap.sh lint
	@bash scripts/bootstrap.sh web
	$(BIN)/python -m build --no-isolation

# Only maintainers need uv, and only for this.
LOCKED := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade

lock:  ## renew requirements/*.lock (needs uv)
	$(LOCKED) pyproject.toml --group dev -o requirements/all.lock
	for name in bagit build fastwarc fpdf2 pywb wacz; do \
	    $(LOCKED) requirements/oracle-$$name.in -o requirements/oracle-$$name.lock || exit; \
	done

clean:  ## remove everything that the targets above made
	rm -rf .venv .oracles build dist web/node_modules .coverage htmlcov .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
