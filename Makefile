# Bare `make` lists the targets. Each of them sets up what it needs first.

.DEFAULT_GOAL := help
.PHONY: help setup demo install uninstall install-cloud uninstall-cloud test check format lock train bench clean

BIN := .venv/bin
ARGS ?=

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## make .venv with the counterscan command (nothing to do when up to date)

.venv/.ready: requirements-dev.lock pyproject.toml tools/setup.sh tools/apt.sh
	@PYTHON="$(PYTHON)" tools/setup.sh

demo: setup ## feed a stack of demo cards past the simulated machine and show the page (ARGS="--cards 60")
	@$(BIN)/counterscan demo $(ARGS)

install: ## make this machine a scanner that starts by itself, or bring it up to date (as root)
	@tools/install.sh

uninstall: ## take away what install laid; the log, packs and settings stay (as root)
	@tools/install.sh remove

install-cloud: ## make this machine the smallest cloud (as root; ADDRESS=cloud.example)
	@tools/install_cloud.sh "$(ADDRESS)"

uninstall-cloud: ## take away what install-cloud laid; data, settings and the broker stay (as root)
	@tools/install_cloud.sh remove

test: setup ## run every test, the page's in Chromium too (ARGS="tests/store -k batch")
	@tools/browser.sh
	@tools/axe.sh
	@tools/broker.sh
	@tools/postgres.sh
	@tools/redis.sh
	@$(BIN)/pytest $(ARGS)

check: setup ## what a change must pass: ruff, mypy --strict, the import rule, every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_imports.py
	@$(MAKE) --no-print-directory test

format: setup ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup ## pin the libraries anew, with hashes, after a change of pyproject.toml
	@tools/lock.sh

train: setup ## train the recognition model again and export it (hours on a CPU; see models/train)
	@models/train/train.sh $(ARGS)

bench: setup ## measure: speed with the time of each stage, exact search, catalog building
	@$(BIN)/counterscan bench speed
	@$(BIN)/counterscan bench search
	@$(BIN)/counterscan bench catalog

clean: ## remove what make and the tools made; the log and its cards stay
	rm -rf .venv .venv-train build *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
