# Needs Python 3.11 or newer with venv, and a package index. uv is used when it is on the PATH.
# A certain Python: make test PYTHON=python3.13

ifndef PYTHON
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && exit; done; \
  echo python3)
endif

VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
PYTHON_VERSION := $(shell $(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null)

# Stamps in .venv say what it holds: made with this Python, these locked packages, this project.
# They are rebuilt when what they depend on is newer, or when PYTHON is another version.
MADE := $(VENV)/.made-with-$(PYTHON_VERSION)
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
PROJECT := $(VENV)/.project
BENCH := $(VENV)/.bench

ifdef UV
PIP_INSTALL := uv pip install --quiet --python $(BIN)/python
else
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

# Much of a test's time is waiting for processes it has started.
IN_PARALLEL := --numprocesses=2 --dist=loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.NOTPARALLEL: # the project is built by a backend that the packages before it bring
.PHONY: help install dev serve test faults client cluster-test check format lock contracts bench bench-scale sbom docs-assets clean

help: ## List the targets
	@awk 'BEGIN {FS = ":[^#]*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

install: $(RUNTIME) $(PROJECT) ## Put what running needs into .venv

dev: $(DEV) $(PROJECT) ## Put what developing needs into .venv

serve: install ## Migrate and serve on http://127.0.0.1:8000 (options: make serve ARGS="--port 9000")
	@exec $(BIN)/donebook serve $(ARGS)

test: dev ## Run the tests on SQLite and PostgreSQL (some: make test ARGS="-k search")
	@$(BIN)/python -m pytest $(IN_PARALLEL) $(ARGS)

faults: dev ## Run the whole fault programme and write docs/reliability.md, half an hour
	$(BIN)/python -m pytest --faults $(ARGS)

client: dev ## Build the TypeScript client and test it against a server (needs Node 20 and npm)
	cd clients/typescript && npm ci --ignore-scripts && npm run build
	$(BIN)/python -m pytest tests/clients $(ARGS)

cluster-test: dev ## Replace and kill replicas behind a real proxy, pooler and Redis (three minutes)
	$(BIN)/python -m pytest tests/cluster --cluster $(ARGS)

check: dev ## Format, lint, types, import contracts, tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(IN_PARALLEL)

format: dev ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Compile the lock files with uv (newest versions: make lock ARGS=--upgrade)
	@test -n "$(UV)" || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	$(BUILD_REQUIREMENTS) | $(COMPILE) $(ARGS) --output-file requirements.txt
	$(BUILD_REQUIREMENTS) | $(COMPILE) $(ARGS) --extra dev --constraint requirements.txt \
	  --output-file requirements-dev.txt
	$(BUILD_REQUIREMENTS) | $(COMPILE) $(ARGS) --extra otel --constraint requirements.txt \
	  --output-file requirements-otel.txt
	$(COMPILE_ONLY) $(ARGS) benchmarks/requirements.in --output-file benchmarks/requirements.txt

bench: $(BENCH) ## Measure Donebook and its peers side by side, 40 minutes (a look: make bench ARGS=--quick)
	$(BIN)/python -m benchmarks compare $(ARGS)

bench-scale: $(BENCH) ## Measure what a request costs as the work grows, 40 minutes
	$(BIN)/python -m benchmarks scale $(ARGS)

sbom: dev ## Write the software bill of materials of what runs to build/sbom.cdx.json (CycloneDX)
	@mkdir -p build
	@$(BIN)/python -W ignore -m cyclonedx_py requirements requirements.txt --pyproject pyproject.toml --output-reproducible \
	  --output-file build/sbom.cdx.json && echo build/sbom.cdx.json

docs-assets: dev ## Fetch what /docs and /redoc run, at the versions in tools/docs_assets.py (needs npm)
	$(BIN)/python tools/docs_assets.py

contracts: dev ## Write the OpenAPI document of each contract to docs/contracts
	@for name in $$($(BIN)/python -c 'from donebook.contracts.registry import CONTRACTS; print(*CONTRACTS)'); do \
	  $(BIN)/donebook openapi $$name --output docs/contracts/$$name.openapi.json; done

clean: ## Remove .venv, caches and builds; databases stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .cache build dist
	rm -rf $(addprefix clients/typescript/,build dist node_modules)
	find . -name __pycache__ -type d -not -path './node_modules/*' -prune -exec rm -rf {} +

# The build backend is locked with the rest, so that installing the project fetches nothing unlocked.
BUILD_REQUIREMENTS := $(PYTHON) -c 'import tomllib; \
  print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")'
COMPILE_ONLY := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
COMPILE := $(COMPILE_ONLY) pyproject.toml -

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make $(MAKECMDGOALS) PYTHON=python3.13" >&2; exit 1; }
	@echo "Making .venv with Python $(PYTHON_VERSION)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(RUNTIME): requirements.txt $(MADE)
	@echo "Installing requirements.txt"
	@$(PIP_INSTALL) --require-hashes --requirement requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(MADE)
	@echo "Installing requirements-dev.txt"
	@$(PIP_INSTALL) --require-hashes --requirement requirements-dev.txt
	@touch $@ $(RUNTIME)

$(PROJECT): pyproject.toml $(MADE)
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(BENCH): benchmarks/requirements.txt $(DEV) $(PROJECT)
	@$(PIP_INSTALL) --require-hashes --requirement benchmarks/requirements.txt
	@touch $@
