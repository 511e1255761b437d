# Everything happens in .venv, which appears by itself. Only Python 3.11 to 3.13 must be there.
.DEFAULT_GOAL := help
.PHONY: help demo test check fix bench lock clean

BIN := .venv/bin
UV := uv==0.13.9
# Not only the newest: the first of these programs that is new enough and not too new.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$python && break; done)

help: ## Show this list
	@awk -F ': .*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/installed ## Run the whole loop on the embedded digits and print what it reached
	rm -rf annotate-demo
	$(BIN)/annotate demo annotate-demo

# A file's tests share what is dear to make, so they stay in one process. Four are enough: each takes
# up to 2 GiB. Tests in a browser, whose pages must answer in time, and the recipes' tests, which
# measure processes of their own, run alone.
test: .venv/installed ## Run every test that this machine can run
	$(BIN)/python -m pytest --ignore=tests/app --ignore=tests/pipelines \
		-n auto --maxprocesses 4 --dist loadfile
	$(BIN)/python -m pytest tests/app
	$(BIN)/python -m pytest tests/pipelines

check: .venv/installed ## Check format, lint, types and import direction
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/project/test_layers.py

fix: .venv/installed ## Format, and mend what ruff can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: .venv/installed ## Measure the budgets and print them beside what they are compared with
	$(BIN)/python -m pipelines.benchmark

lock: .venv/installed ## Pin the newest allowed dependencies in requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --extra text --extra dev \
		--no-annotate --upgrade pyproject.toml -o requirements.lock

clean: ## Remove .venv, the demo, caches and built packages
	rm -rf .venv .label-studio annotate-demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# uv and not pip for the rest: it resolves the lock file as a whole and ignores stray wheel folders.
.venv/installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "annotate needs Python 3.11, 3.12 or 3.13; none was found." \
		"Install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(UV)"
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --requirement requirements.lock
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --no-deps --no-build-isolation --editable .
	@touch $@
