# make sample | test | test-all | lint | ui | clean
PYTHON ?= python3
# Relative, and asked for modules: the folder may have a space in its name.
RUN := .venv/bin/python -m
SOURCE := $(or $(WMTP_SOURCE),sample)
# The record of a rehearsal never becomes evidence for the real storage.
HOME_OF_sample := $(CURDIR)/.sample/dagster_home
RECORD := $(or $(HOME_OF_$(SOURCE)),$(CURDIR)/.dagster_home)
PORT ?= 3000

# Containers often set it: each of the hundreds of processes would compile the project anew.
export PYTHONDONTWRITEBYTECODE :=

INSTALL := $(RUN) pip install --quiet --disable-pip-version-check -c constraints.txt -e

.PHONY: setup setup-dev sample test test-all lint ui clean

setup: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) '.[sign]'
	touch $@

# What the tests need: the optional parts too.
setup-dev: .venv/installed-dev

.venv/installed-dev: .venv/installed
	$(INSTALL) '.[dev]'
	touch $@

# Everything with its checks from the embedded sample; the settings of a real run are left aside.
sample: export WMTP_SOURCE := sample
sample: export WMTP_STORAGE_ROOT :=
sample: export WMTP_DOCS_ROOT :=
sample: export WMTP_REWARD_MODEL :=
sample: export WMTP_DASK_SCHEDULER :=
sample: export WMTP_BACKUP_URL :=
sample: export WMTP_REVIEWER_KEYS :=
sample: export WMTP_SLACK_CHANNEL :=
sample: export WMTP_EMAIL_TO :=
sample: export DAGSTER_HOME := $(HOME_OF_sample)
sample: setup
	@mkdir -p "$$DAGSTER_HOME" && cp dagster.yaml "$$DAGSTER_HOME"/
	@PYTHONWARNINGS=ignore $(RUN) wmtp_assets.sample

test: setup-dev
	$(RUN) pytest -n 2 --dist worksteal -m 'not long'

# The long ones of a file share one storage: a file is not divided. Some only wait for a page.
test-all: lint test
	$(RUN) pytest -n 3 --dist loadfile -m long --durations=15

lint: setup-dev
	$(RUN) ruff check .
	$(RUN) ruff format --check .

# The UI has no login: 127.0.0.1 only. Two servers on one record would fight.
ui: export DAGSTER_HOME := $(RECORD)
ui: setup
	@mkdir -p "$$DAGSTER_HOME" && cp dagster.yaml "$$DAGSTER_HOME"/
	@.venv/bin/python -c 'import os; from wmtp_assets import setting_values; exit(setting_values.wrong_with_record(os.environ["DAGSTER_HOME"]) or None)'
	@.venv/bin/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT))).close()' 2>/dev/null \
		|| { echo "port $(PORT) is taken; stop the other server or use make ui PORT=..."; exit 1; }
	PYTHONWARNINGS=ignore $(RUN) dagster dev -h 127.0.0.1 -p $(PORT) -m wmtp_assets.definitions

clean:
	rm -rf .sample
