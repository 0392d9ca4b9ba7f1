# All commands work from a fresh checkout: the first one creates .venv and installs the package
# and its development tools there; changing pyproject.toml installs them again.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint docs wheel bench study strategies clean

help: ## list the targets
	@echo 'usage: make TARGET [ARGS="..."] [PYTHON=python3.12]'
	@echo
	@sed -n 's/^\([a-z]*\):[^#]*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: ARGS ?= lenet-digits --accelerator isaac-ou --check onnxruntime --images 360
run: $(INSTALLED) ## deploy a network, simulate it and check the result (ARGS: of spatem-run)
	$(BIN)/spatem-run $(ARGS)

test: lint ## check the code, then run all tests, pytest and lit, in parallel (ARGS: of pytest)
	$(BIN)/pytest -q -n auto $(ARGS)

lint: $(INSTALLED) ## check style, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/pyright spatem_ir/dialects spatem_ir/passes

docs: $(INSTALLED) ## make the documentation as a site in build/docs; dead links fail (ARGS: of sphinx-build)
	$(BIN)/sphinx-build -q -W --keep-going $(ARGS) docs build/docs
	@echo 'open build/docs/index.html'

wheel: $(INSTALLED) ## build the wheel in dist
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

bench: $(INSTALLED) ## run the benchmarks (ARGS: of benchmarks)
	$(BIN)/python -m benchmarks $(ARGS)

study: ARGS ?= --out docs/study --document docs/study.md
study: $(INSTALLED) ## run SPATEM's evaluation and write docs/study (ARGS: of spatem-bench study)
	$(BIN)/spatem-bench study $(ARGS)

# The modern networks are taken where `python -m benchmarks.zoo.export exported` has put them.
MODERN := $(wildcard $(patsubst %,exported/%.dynamo.onnx,mobilenet_v2 efficientnet_b0 inception_v3))
strategies: ARGS ?= --out docs/strategies --document docs/strategies.md --store build/strategies.sqlite
strategies: $(INSTALLED) ## compare all strategies on all networks and write docs/strategies (ARGS: of spatem-bench study)
	@mkdir -p build
	$(BIN)/spatem-bench study --without ablation sensitivity \
	    --networks lenet deepid deepface caffenet overfeat li-alexnet li-vgg-a li-resnet-18 li-mobilenet \
	    alexnet vgg19 resnet50 $(MODERN) \
	    --strategies spatem isaac isaac-stride identical hitm li li-published 'li{buses=false}' \
	    exact-additive 'search{effort=0}' $(ARGS)

clean: ## delete build products and caches, but not .venv
	rm -rf build dist *.egg-info .hypothesis .lit .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

$(BIN)/python:
	@command -v $(PYTHON) > /dev/null || { \
	    echo 'error: $(PYTHON) not found; install Python 3.11 or later, or name it: make PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'error: $(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { \
	    echo 'error: $(PYTHON) cannot create environments; on Debian: apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
