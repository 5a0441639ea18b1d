.DEFAULT_GOAL := help
.PHONY: help setup demo try test check bench corpus lock format clean

bin := .venv/bin

help: ## what there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

setup:
	@.ci/setup

demo: setup ## repair the examples in boxes, print what came of it, change nothing in the tree
	@examples/demo

try: setup ## the whole App on this machine, beside a GitHub that is not one: push, comment, click; Ctrl-C ends it
	@$(bin)/python -m tests.app.try_it $(TRY)

test: setup ## every test
	@$(bin)/python -m pytest -n 2 --dist worksteal

check: setup ## format, lint, types, import contracts
	@$(bin)/ruff format --check -q .
	@$(bin)/ruff check -q .
	@$(bin)/ruff check -q --config ruff-guest.toml workers/sandbox/guest
	@$(bin)/pyright --warnings
	@$(bin)/lint-imports --no-logo

bench: setup ## time a boxed notebook beside nbconvert and papermill, the webhook beside Probot, and a push until its pull request
	@$(bin)/uv venv -q --allow-existing --python $(bin)/python .venv-bench
	@$(bin)/uv pip sync -q --python .venv-bench/bin/python --require-hashes bench/peers.lock
	@$(bin)/python -m bench.execute --python .venv-bench/bin/python
	@$(bin)/python -m bench.ingress
	@$(bin)/python -m bench.latency

corpus: setup ## measure on a folder of real stale documents: make corpus CORPUS=DIR
	@$(bin)/python -m bench.corpus $(CORPUS)

lock: setup ## resolve the dependencies anew
	@$(bin)/uv pip compile -q --universal --generate-hashes --all-extras --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --upgrade -o requirements.lock pyproject.toml
	@$(bin)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade -o bench/peers.lock bench/peers.in
	@printf '%s\n' hatchling | $(bin)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade -o requirements-build.lock -

format: setup ## format and mend what the linter can
	@$(bin)/ruff format -q .
	@$(bin)/ruff check -q --fix .

clean: ## remove what setup and tests made in this folder
	@rm -rf .venv .venv-bench .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
