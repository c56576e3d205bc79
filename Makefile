# The commands of this project. Each one sets up all it needs.
.DELETE_ON_ERROR:
.PHONY: all demo test check bench torture lock clean
.DEFAULT_GOAL := all

PYTHON ?= python3
BIN := .venv/bin

# The environment, with hashes checked and no build isolation.
all: .venv/ready

.venv/ready: requirements/dev.lock requirements/bootstrap.lock pyproject.toml
	@echo "building .venv (once)" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes --disable-pip-version-check -r requirements/bootstrap.lock
	@$(BIN)/uv pip sync --quiet --system-certs --require-hashes --compile-bytecode --python $(BIN)/python requirements/dev.lock \
	  || $(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable . 2>/dev/null \
	  || $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

# The whole story on one machine; DIR, CLAIMS and SEED may be set.
DIR ?= demo
CLAIMS ?= 2000
SEED ?= 7
demo: all
	@$(BIN)/inkasso demo --dir $(DIR) --claims $(CLAIMS) --seed $(SEED)

# Bytecode is kept even where the environment says otherwise: the workers would compile every test again, each for itself.
# A worker that has nothing left takes from the others, so that none waits for the longest files.
test: all
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -q -n 4 --dist worksteal tests

check: all
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q tests/test_architecture.py

bench: all
	@set -e; for bench in benchmarks/*.py; do echo "== $$bench"; $(BIN)/python -I $$bench; done

# The long sweeps that `make test` holds in a short form.
torture: all
	@set -e; for sweep in tests/torture_*.py; do echo "== $$sweep"; PYTHONPATH=tests $(BIN)/python -P $$sweep; done

# New locks from requirements/*.in: hashes, no URLs, nothing younger than a week.
lock: all
	@for name in bootstrap run dev; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	  --exclude-newer "7 days" --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  requirements/$$name.in -o requirements/$$name.lock; done

clean:
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache
