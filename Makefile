# Everything is installed into .venv in this checkout, in the versions of requirements-dev.lock (what runs alone:
# requirements.lock).
# Needs Python 3.11 (or newer), make and git; nothing else of the system.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m pip
# Processes of the test run, one more than cores: tests wait for sockets, locks and other processes for a quarter of
# their time.
JOBS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1 )))
TESTS = pytest -n $(JOBS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
PYTEST = $(BIN)/python -m $(TESTS)
# What a change of any room most likely breaks: X12, layouts, documents, transport, and orders there and back.
QUICK = $(addprefix ml_connector_tests/,flows/test_orders_end_to_end.py edi layouts documents transport test_rooms.py)

export DAGSTER_DISABLE_TELEMETRY = 1
# Where it is set, each of the many processes of the tests would compile all modules again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help venv demo dev test test-quick test-long lint format coverage bench bench-faults screenshots schemas clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(STAMP) ## install everything into .venv

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --version >/dev/null || { echo "$(VENV) is broken: run make clean"; exit 1; }
	@echo "Installing into $(VENV) ..."
	@$(PIP) install --quiet --no-deps --require-hashes -r requirements-dev.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## all five integrations move documents, numbers added up; the UI stays up until Ctrl-C
	@$(BIN)/ml-connector demo

dev: $(STAMP) ## the sandbox and Dagster's UI, to work in
	@$(BIN)/ml-connector dev

test: $(STAMP) ## all tests, on SQLite and on PostgreSQL
	$(PYTEST)

test-quick: $(STAMP) ## the core in under two minutes, on SQLite; before a commit, not instead of make test
	ML_CONNECTOR_TEST_EXAMPLES=10 $(PYTEST) -m "not slow" -k "not postgresql" $(QUICK)

test-long: $(STAMP) ## every case on both databases, and property tests with all their examples
	ML_CONNECTOR_TEST_EXAMPLES=100 $(PYTEST)

lint: $(STAMP) ## ruff, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP) ## put the source into its format
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

# While every line is noted, a test of a large file takes several times as long.
coverage: $(STAMP) ## which lines and branches the tests run, in every process; red below the floor in setup.cfg
	$(BIN)/coverage erase
	$(BIN)/coverage run -m $(TESTS) --timeout 1200
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

bench: $(STAMP) ## what it costs: calls, speed, memory, delay, tokens, X12
	$(BIN)/python -m benchmarks.economy
	$(BIN)/python -m benchmarks.economy --erp acumatica
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.speed --database postgresql
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.delay --profile default
	$(BIN)/python -m benchmarks.delay --profile quick
	$(BIN)/python -m benchmarks.tokens
	$(BIN)/python -m benchmarks.edi_speed
	$(BIN)/python -m benchmarks.edi_memory

bench-faults: $(STAMP) ## the whole crash test: 200 kills, on SQLite and PostgreSQL
	$(BIN)/python -m benchmarks.faults --database sqlite
	$(BIN)/python -m benchmarks.faults --database postgresql
	$(BIN)/python -m benchmarks.faults --network truecommerce
	$(BIN)/python -m benchmarks.faults --integration acumatica_cleo
	$(BIN)/python -m benchmarks.faults --integration acumatica_cleo --database postgresql
	$(BIN)/python -m benchmarks.faults --integration intacct_cleo
	$(BIN)/python -m benchmarks.faults --integration intacct_cleo --database postgresql --longest-life 20
	$(BIN)/python -m benchmarks.faults --integration exact_avidxchange
	$(BIN)/python -m benchmarks.faults --integration exact_avidxchange --database postgresql
	$(BIN)/python -m benchmarks.faults --integration exact_avidxchange --mode files
	$(BIN)/python -m benchmarks.faults --integration exact_avidxchange --mode files --database postgresql
	$(BIN)/python -m benchmarks.restore
	$(BIN)/python -m benchmarks.restore --database postgresql --network truecommerce
	$(BIN)/python -m benchmarks.faults --pauses 50
	$(BIN)/python -m benchmarks.faults --pauses 50 --database postgresql --network truecommerce
	$(BIN)/python -m benchmarks.stops --stops 40
	$(BIN)/python -m benchmarks.stops --stops 40 --database postgresql
	ML_CONNECTOR_TEST_LIVE_POSTGRES=1 $(BIN)/python -m pytest ml_connector_tests/orchestration/test_live.py

screenshots: $(STAMP) ## the pictures in docs/, from the pages over the sandbox; needs Chromium
	$(BIN)/python -m benchmarks.screenshots

schemas: $(STAMP) ## the JSON Schemas of the configuration files
	$(BIN)/ml-connector schema

clean: ## take away .venv and everything that was made
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* var/demo var/dev
	find ml_connector ml_connector_tests -type d -name __pycache__ -prune -exec rm -rf {} +
