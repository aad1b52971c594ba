# make demo   fit three mixed models to real data, from nothing
# make test   everything that a change must pass, in a few minutes
# `make help` lists the rest.

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all trust mutate fuzz lowest audit coverage lint format bench docs links notebooks clean

# The environment is the project's own: another Python's settings must not reach it.
unexport PYTHONHOME PYTHONPATH

BIN := .venv/bin
# On all cores; a file of tests stays on one, where its compiled models are shared.
PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile
RUFF := $(BIN)/python -m ruff

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup:  ## find a Python, make .venv, install hierlm and what its tests need
	@sh .ci/setup

demo: setup  ## fit three mixed models to real data, print what they say, and draw figures
	$(BIN)/python -m hierlm demo

# The kernels that take longest to compile are compiled while the other core checks the types.
test: setup  ## the quick lane: lint, types, and every test that is not marked slow
	@$(BIN)/python -W ignore -m tests.warm & warmer=$$!; \
	$(MAKE) --no-print-directory lint || { kill $$warmer; exit 1; }; \
	wait $$warmer || true
	$(PYTEST) -m "not slow"

test-all: lint  ## every test
	$(PYTEST)

# Hours; it can be stopped, and goes on where it was.  TRUST="--cells 'poisson/*' --minutes 30" runs a part.
trust: setup  ## densities in all combinations, and simulation-based calibration of the whole grid (docs/trust)
	$(PYTEST) tests/trust
	$(BIN)/python -m tests.trust densities
	$(BIN)/python -m tests.trust $(TRUST)
	$(BIN)/python -m tests.trust summary
	$(BIN)/python -m tests.trust page

# Hours; it goes on where it was.  MUTATE="--packages design --sample 200" is another sample.
mutate: setup  ## small changes to formula, design and covariances, which tests should notice (docs/trust)
	$(BIN)/python -m tests.mutation $(MUTATE)
	$(BIN)/python -m tests.mutation page

# COVERAGE="design formula" measures these only.
coverage: setup  ## which branches of each package its own tests take (docs/trust)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[coverage]'
	$(BIN)/python -m tests.coverage $(COVERAGE)

# FUZZ="-max_total_time=600" searches for ten minutes; the inputs that were found are kept, and are where the next search begins.
fuzz: setup  ## 200,000 texts of a search that is led by coverage (Linux)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	$(BIN)/python -m tests.safety.fuzz_reader .cache/fuzz/corpus $(or $(FUZZ),-runs=200000)

# LOWEST="tests/unit/posterior" runs other tests.
lowest:  ## the lowest versions that pyproject.toml allows, in build/lowest (needs the internet)
	sh .ci/lowest $(LOWEST)

audit: setup  ## known vulnerabilities of what hierlm needs, by pip-audit in build/audit (needs the internet)
	sh .ci/audit

lint: setup  ## formatting, lint rules, strict types, spelling
	$(RUFF) format --check
	$(RUFF) check
	$(BIN)/python -m mypy
	$(BIN)/python -m codespell_lib docs hierlm notebooks changelog.d *.md

format: setup  ## rewrite the sources as the formatter wants them
	$(RUFF) format
	$(RUFF) check --fix

bench: setup  ## time and memory of building, fitting and predicting (not part of the tests)
	$(BIN)/python -m tests.benchmarks

# SPHINXOPTS=-q; HIERLM_INTERSPHINX=1 links names of other projects, which needs the internet, or a folder of their inventories.
docs: setup  ## build the site in build/site; warnings are errors
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	$(BIN)/python -m sphinx -W --keep-going -E -a -c docs -d build/doctrees $(SPHINXOPTS) . build/site

links:  ## look whether the addresses that the site links to are there (needs the internet)
	$(BIN)/python -m sphinx -q -b linkcheck -c docs -d build/doctrees . build/links

# NOTEBOOKS="sleepstudy herds" makes these only.
notebooks: setup  ## run every notebook from its source, and keep the outputs
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[notebooks]'
	$(BIN)/python notebooks/make.py $(NOTEBOOKS)

clean:  ## remove the environment, caches and build products
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist *.egg-info demo-output
