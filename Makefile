# Everything a newcomer needs: `make` lists the targets; each builds the virtual environment it needs by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8068

.DEFAULT_GOAL := help
.PHONY: help demo test campaign bench lint format clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(VENV)/.base: pyproject.toml
	@scripts/venv "$(PYTHON)" "$(VENV)" base
$(VENV)/.dev: pyproject.toml $(VENV)/.base
	@scripts/venv "$(PYTHON)" "$(VENV)" dev

demo: $(VENV)/.base ## run the main job: a demo source, a published task, a report page (PORT=8068)
	@$(BIN)/fdl-trigger demo --port $(PORT)

test: $(VENV)/.dev ## install what the tests need (a browser, two database servers) and run every test
	@scripts/browser
	@scripts/databases
	@scripts/schedulerx-sdks $(BIN)/python .sdks/schedulerx
	@scripts/enos-sdk $(BIN)/python .sdks/enos
	@$(BIN)/pytest -n 2 --dist loadfile

campaign: $(VENV)/.dev ## the long campaigns in full: kill loops, load
	@scripts/databases
	@CAMPAIGN=full $(BIN)/pytest -n 2 --dist loadfile -m campaign

bench: $(VENV)/.base ## measure against the bare-Flask ceiling, print a table with ratios
	@$(BIN)/python -m bench && $(BIN)/python -m bench.methods && $(BIN)/python -m bench.dialects

lint: $(VENV)/.dev ## format check, lint, types, import rules
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

format: $(VENV)/.dev ## rewrite the code in the house format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

clean: ## remove the virtual environment and every cache
	@rm -rf $(VENV) .sdks .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
