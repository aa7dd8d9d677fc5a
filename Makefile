# `make demo` and `make test` need Python 3.11 or newer and make, nothing else: whatever they use goes into a virtual
# environment of its own, at the versions constraints.txt names. A second run installs nothing.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# Both variables, because pip reads the first for the build as well, or only the second, depending on its own version.
INSTALL := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test coverage endurance check clean distclean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

demo: $(VENV)/.installed-demo ## see what Remanence does, in a temporary folder
	@$(BIN)/remanence demo

test: $(VENV)/.installed-test ## run every test, the documentation's code included
	@$(BIN)/pytest -n auto --dist worksteal

coverage: $(VENV)/.installed-test ## run every test and show the lines none of them reached
	@$(BIN)/coverage run -m pytest
	@$(BIN)/coverage report

endurance: $(VENV)/.installed-test ## run the long forms: hours of state machines, and hundreds of killed programs
	@HYPOTHESIS_PROFILE=long $(BIN)/pytest tests/machine tests/campaigns tests/faults

check: $(VENV)/.installed-check ## lint, formatting and types; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

clean: ## remove caches and built files
	rm -rf build dist htmlcov *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find actors codecs core perf projections remanence tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove the virtual environment too
	rm -rf $(VENV)

# One stamp per set of packages: installed again only when what it names has changed.
EXTRAS_demo :=
EXTRAS_test := [test]
EXTRAS_check := [test,check,perf]

$(VENV)/.installed-%: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing what make $* needs into $(VENV)"
	@$(INSTALL) -e '.$(EXTRAS_$*)'
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c '' || { \
		echo "make: no '$(PYTHON)' here. Name a Python 3.11 or newer: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: Remanence needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
		echo "      Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		rm -f $(BIN)/python; \
		echo "make: no virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
