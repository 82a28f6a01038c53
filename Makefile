# Everything a user or maintainer runs. Each target makes the virtual environment it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint types check generate drift bench soak build clean

## demo: meter an hour of real LLM traffic against a local sandbox
demo: $(VENV)/.demo
	@$(BIN)/python examples/demo.py $(ARGS)

## test: run the whole test suite
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 4 --dist loadfile -q $(ARGS)

## lint: style, formatting and the arrows between the rooms
lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

## types: the package, the examples and the public API as two type checkers see them
types: $(VENV)/.dev
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

## check: all that a change must pass
check: lint types drift test

## generate: the client from openapi.yaml
generate: $(VENV)/.dev
	$(BIN)/python codegen/generate.py

## drift: fail where the generated rooms are not what openapi.yaml says
drift: generate
	@git diff --exit-code -- openmonetize/api openmonetize/models openmonetize/_exports.py docs
	@test -z "$$(git status --porcelain -- openmonetize/api openmonetize/models docs)" || \
		{ git status --short -- openmonetize/api openmonetize/models docs; exit 1; }

## bench: measure, and write bench/RESULTS.md
bench: $(VENV)/.dev
	$(BIN)/python bench/run.py $(ARGS)

## soak: hundreds of kills instead of a few
soak: $(VENV)/.dev
	OPENMONETIZE_SOAK=500 $(BIN)/python -m pytest -q test/metering $(ARGS)

## build: wheel and source distribution, checked
build: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.demo: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[sandbox,demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.demo
