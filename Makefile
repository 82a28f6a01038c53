# Commands for users and maintainers. Each target makes the virtual environment that it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check
SESSIONS := lint types drift contract docs packages sbom coverage canary lowest bench bench_frameworks soak lock

# Tests start hundreds of processes, which would compile all that they import each time where this is set.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo invoice test check generate diff release-check clean $(SESSIONS)

## demo: meter an hour of real LLM traffic against a local sandbox
demo: $(VENV)/.demo
	@$(BIN)/python examples/demo.py $(ARGS)

## invoice: meter a day of mixed traffic, lose some of it, and make the bill equal the providers' (Python 3.11 or newer)
invoice: $(VENV)/.invoice
	@$(BIN)/python examples/invoice.py $(ARGS)

## test: run the test suite; the slow tests, which kill and damage for minutes, are run by ARGS="-m slow"
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 4 --dist loadfile -q -m "not slow" $(ARGS)

## check: run the checks that a change must pass, on one Python
check: test
	$(BIN)/nox

## generate: write the client anew from openapi.yaml
generate: $(VENV)/.dev
	$(BIN)/python codegen/generate.py

## diff: say what changed for users since the last release, or since another revision (OLD=HEAD)
diff: $(VENV)/.dev
	@$(BIN)/python codegen/compare.py $(OLD)

## release-check: check what must hold before a tag is made
release-check: drift
	@$(BIN)/python codegen/release.py

## lint, types, drift, docs, packages, ...: run that session of noxfile.py
$(SESSIONS): $(VENV)/.dev
	$(BIN)/nox -s $@ $(if $(ARGS),-- $(ARGS))

## clean: remove what the targets made
clean:
	rm -rf $(VENV) .nox dist .coverage* coverage.json .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# An environment without this file is incomplete, and is made again.
NEW_ENOUGH = $(shell $(PYTHON) -c 'import sys; print(sys.version_info >= (3, 9))' 2>/dev/null)
$(VENV)/.made:
	@$(if $(filter True,$(NEW_ENOUGH)),,$(error openmonetize needs Python 3.9 or newer: \
		name one, as in `make demo PYTHON=python3.13`, instead of '$(PYTHON)'))
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml requirements/demo.txt
	@echo "installing into $(VENV) ..."
	@$(INSTALL) --require-hashes -r requirements/demo.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# The providers' libraries and their prices are not for older Pythons.
$(VENV)/.invoice: $(VENV)/.made pyproject.toml requirements/invoice.txt
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "the providers' libraries need Python 3.11 or newer: make clean invoice PYTHON=python3.13"; exit 1; }
	@echo "installing into $(VENV) ..."
	@$(INSTALL) --require-hashes -r requirements/invoice.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# uv is several times faster than pip. pip is the fallback, for an index that only pip is configured to use.
$(VENV)/.dev: $(VENV)/.made pyproject.toml requirements/dev.txt requirements/nox.txt
	@echo "installing the tools into $(VENV) ..."
	@$(INSTALL) --require-hashes -r requirements/nox.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt || \
		$(INSTALL) --require-hashes -r requirements/dev.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.demo $(VENV)/.invoice
