# Everything there is to type. `make demo` and `make test` set themselves up on a machine that has Python and make.

SHELL := /bin/bash
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup system-packages demo test test-long fuzz check bench format docs lock clean

BIN := .venv/bin
STAMP := .venv/.calcwatch-installed
DEMO := demo

help:
	@echo "make demo     a phantom examination, analyzed: tells where its report is"
	@echo "make test     the tests"
	@echo "make check    format, lint, types, import contracts, lock and license checks"
	@echo "make bench    speed and memory"
	@echo "make test-long  thousands of damaged files through every reader"
	@echo "make fuzz     tens of thousands of them, once"
	@echo "make setup    only the set-up that the above do by themselves"
	@echo "make format   put the code in its format"
	@echo "make docs     renew the parts of docs/ that the code writes"
	@echo "make lock     after a change of dependencies: renew uv.lock and requirements-dev.lock (needs uv)"
	@echo "make clean    remove .venv, caches and what demo and bench wrote"

setup: $(STAMP) system-packages

# Done once, and again whenever what it installs changes.
$(STAMP): uv.lock requirements-dev.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh
	@touch $@

system-packages:
	@scripts/system-packages.sh

demo: $(STAMP)
	@$(BIN)/calcwatch demo --out $(DEMO)

test: setup
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "not long"

test-long: setup
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile -m long

fuzz: setup
	@$(BIN)/python -m tests.fuzz.damage

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_lock.py
	$(BIN)/python scripts/check_licenses.py
	$(BIN)/python scripts/write_reference.py --check

bench: $(STAMP)
	@$(BIN)/calcwatch-lab bench speed

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP)
	@$(BIN)/python scripts/write_reference.py

lock:
	uv lock
	uv export --quiet --frozen --no-emit-project --no-annotate --no-header --output-file requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist bench-results $(DEMO)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
