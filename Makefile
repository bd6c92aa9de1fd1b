# aiconform: `make run` shows a real cluster being validated, `make test` runs every test.
# Every target makes what it needs. `make help` lists them.

SHELL := /bin/bash
PY := .venv/bin/python
NODES ?= 4
CLUSTER ?= lab
ARGS ?=
# A Python with frameworks, for `make bench-engines`; by default one with what the image has.
ENGINE_PY ?=
# Of a test alone: what it shares with others, such as the lab's start, takes as long as it takes.
LAB_LIMITS := -o timeout=900 -o timeout_func_only=true --durations=15

.DEFAULT_GOAL := help
.PHONY: help venv run lab-up lab-down test test-all verify fmt lint type layers unit e2e build \
	manifests docs findings schemas check-rights lock bundle bench bench-start bench-checks bench-fabric bench-scale \
	bench-engines clean

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

venv: ## Make .venv with everything locked, with hashes
	@tools/bootstrap

run: venv ## Validate a cluster: the embedded lab, or CLUSTER=current for your kubeconfig
	@$(PY) -m e2e.run --cluster $(CLUSTER) --nodes $(NODES) $(ARGS)

lab-up: venv ## Start the lab cluster and leave it running
	@$(PY) -m e2e.lab up --nodes $(NODES)

lab-down: venv ## Stop the lab cluster and remove all that it made
	@$(PY) -m e2e.lab down

test: verify e2e ## Everything that CI runs: lint, types, layers, unit and end-to-end tests

test-all: test docs ## `make test` and the suites that are long by nature
	@$(PY) -m pytest e2e/tests -m long $(LAB_LIMITS)

verify: venv lint type layers unit ## Everything that needs no cluster

fmt: venv ## Format the code
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

lint: venv ## Lint and check the format
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .

type: venv ## Check the types, strictly
	@.venv/bin/mypy

layers: venv ## Prove that imports point one way
	@.venv/bin/lint-imports

unit: venv ## Unit tests, with branch coverage of the pure layers
	@$(PY) -m pytest tests --numprocesses=auto --dist=worksteal --cov --cov-report=term

e2e: build ## End-to-end tests on the lab
	@$(PY) -m pytest e2e/tests -m "not long" $(LAB_LIMITS)

build: venv ## Build what the lab and its tests run: Kubernetes, images, fixtures
	@$(PY) -m e2e.build

manifests: venv ## Render manifests/install.yaml from the chart
	@$(PY) tools/render_manifests.py

findings: venv ## Write docs/reference-findings.md from the catalogue
	@$(PY) tools/render_findings.py

docs: build/docs-venv/.made ## Build the site of the docs into build/docs; a warning is an error
	@build/docs-venv/bin/sphinx-build --fail-on-warning --keep-going --quiet docs build/docs
	@echo "build/docs/index.html"

build/docs-venv/.made: requirements/docs.txt | venv
	@$(PY) -m venv --clear build/docs-venv
	@build/docs-venv/bin/python -m pip install --quiet --require-hashes --requirement requirements/docs.txt
	@touch $@

schemas: venv ## Write docs/schemas/ from the models
	@$(PY) -m tools.render_schemas

check-rights: venv ## Write what each check may do into the chart, from its declaration
	@$(PY) -m tools.check_rights

lock: venv ## Renew the locked requirements
	@$(PY) tools/lock.py

bundle: venv ## One archive for a site without internet, into dist/
	@$(PY) -m tools.bundle

bench: bench-start bench-checks bench-fabric bench-scale bench-engines ## Run every benchmark suite

bench-start: venv ## From `helm install` to the first probe, sizes, start-up
	@$(PY) -m bench.start

bench-checks: venv ## How long the requirement checks take, and how much of it is waiting
	@$(PY) -m bench.checks

bench-fabric: venv ## What each way of testing finds in simulated networks (some minutes)
	@$(PY) -m bench.fabric

bench-scale: venv ## Thousands of simulated agents against one coordinator (some minutes)
	@$(PY) -m bench.scale

bench-engines: ## Our exercises against the best plain use of the same framework
	@test -n "$(ENGINE_PY)" || tools/engine-venv
	@PYTHONPATH=src:. $(or $(ENGINE_PY),build/engines/bin/python) -m bench.engines

clean: ## Remove what was built in the checkout (the cache outside stays)
	@rm -rf .venv build dist results .mypy_cache .ruff_cache .pytest_cache
