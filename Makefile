define HELP
make sample     everything with its checks, from an embedded sample; .sample/ takes 1.5 GB, half a minute to two
make ui         the Dagster UI on 127.0.0.1:3000 (PORT=...), on the record of the current source (WMTP_SOURCE)
make test       the tests, 4 minutes on two cores
make test-long  the long tests, 12 minutes
make test-all   both, and what make lint looks at; 17 minutes
make lint       form and types of the source
make outdated   which packages have newer versions than the pinned ones
make clean      removes .sample/
make distclean  removes all that make made: .sample/, .venv/, caches

The first of them sets up .venv with Python 3.11, 3.12 or 3.13 (PYTHON=python3.12 chooses): 1.8 GB with
the CPU build of torch, 5.8 GB where the package index gives the CUDA build; 2 to 11 minutes.
endef

PYTHON ?= python3
# Relative, and asked for modules: the folder may have a space in its name.
RUN := .venv/bin/python -m
# A Python that was asked for has to be the one of .venv; python3 is only for making it.
SETUP := $(PYTHON) tools/set_up.py $(if $(filter file,$(origin PYTHON)),,--exact)

# Containers often set it: each of the hundreds of processes would compile the project anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup setup-dev sample ui test test-long test-all lint outdated clean distclean

help:
	@: $(info $(HELP))

setup:
	@$(SETUP) sign

# What the tests need: the optional parts too.
setup-dev:
	@$(SETUP) dev

sample: setup
	@$(RUN) wmtp_assets.sample

ui: setup
	@$(RUN) wmtp_assets.ui

test: setup-dev
	$(RUN) pytest -n 2 --dist worksteal -m 'not long'

test-all: lint test test-long

# The long ones of a file share one storage: a file is not divided. Some only wait for a page.
test-long: setup-dev
	$(RUN) pytest -n 3 --dist loadfile -m long --durations=15

lint: setup-dev
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) pyright

outdated: setup-dev
	@$(RUN) pip list --outdated --disable-pip-version-check

clean:
	rm -rf .sample
	@echo "left: .venv and caches (make distclean), and the real run: .dagster_home, storage, docs"

distclean: clean
	rm -rf .venv .venv.* *.egg-info build .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
	@echo "left: the real run: .dagster_home, storage, docs"
