PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The locks name everything, so nothing is resolved anew: a newer release of a dependency changes nothing.
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install --no-deps --require-hashes -r

.DEFAULT_GOAL := help
.PHONY: help run test test-all test-thorough test-rooms coverage lint lint-python lint-sql format
.PHONY: token pass remind-me migrate rollback
.PHONY: audit audit-accept spread rebalance forget-user check-dump psql
.PHONY: bench bench-growth bench-audit bench-spread
.PHONY: schema lock functions migration freeze check-release clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# An environment that was begun and not finished is begun again.
$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Python 3.11 or newer is needed: make PYTHON=python3.13 …")'
	@echo "Making a Python environment in $(VENV): once, for half a minute" >&2
	@$(PYTHON) -m venv --clear $(VENV) \
		|| { rm -rf $(VENV); echo "On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

$(VENV)/local: app/requirements-local.txt | $(VENV)/bin/pip
	@echo "Installing packages into $(VENV)" >&2
	@$(PIP) app/requirements-local.txt
	@touch $@

$(VENV)/dev: tests/requirements.txt | $(VENV)/bin/pip
	@echo "Installing packages into $(VENV)" >&2
	@$(PIP) tests/requirements.txt
	@touch $@ $(VENV)/local

$(VENV)/bench: tests/bench/requirements.txt | $(VENV)/bin/pip
	@$(PIP) tests/bench/requirements.txt
	@touch $@ $(VENV)/local

run: $(VENV)/local ## serve on PORT (8000), with a PostgreSQL of its own or with DATABASE_URL
	@$(BIN)/python -m app.dev.commands run

token: $(VENV)/local ## print a token: make token user=alice
	@$(BIN)/python -m app.dev.commands token -- "$$user"

pass: $(VENV)/local ## print a pass, a token for scripts: make pass user=alice scope=tasks:read label=Backup
	@$(BIN)/python -m app.dev.commands pass -- "$$user" "$$scope" "$$label"

remind-me: $(VENV)/local ## set a reminder at make run, and see it arrive here, within a minute
	@$(BIN)/python -m app.dev.commands remind-me -- "$$user"

migrate: $(VENV)/local ## bring the database up to date
	@$(BIN)/python -m app.dev.commands migrate

rollback: $(VENV)/local ## take the last migration back
	@$(BIN)/python -m app.dev.commands rollback

audit: $(VENV)/local ## report who may see and do what, and try it; fails if anything is off; full=1: tables
	@$(BIN)/python -m app.dev.commands audit -- "$$full"

spread: $(VENV)/local ## spread the rows over the machines of Citus; DATABASE_OWNER_URL: the coordinator
	@$(BIN)/python -m app.dev.commands spread

rebalance: $(VENV)/local ## move users between the machines of Citus; off one: make rebalance drain=host:port
	@$(BIN)/python -m app.dev.commands rebalance -- "$$drain"

forget-user: $(VENV)/local ## delete every trace of a user, as a superuser: make forget-user user=alice
	@$(BIN)/python -m app.dev.commands forget-user -- "$$user"

check-dump: $(VENV)/local ## compare a dump with its database: make check-dump dump=FILE
	@$(BIN)/python -m app.dev.commands check-dump -- "$$dump"

audit-accept: $(VENV)/local ## accept what the audit found: make audit-accept id=… reason="…" name="…"
	@$(BIN)/python -m app.dev.commands audit-accept -- "$$id" "$$reason" "$$name"

psql: $(VENV)/local ## open psql as the owner; or with the eyes of a user: make psql user=alice
	@$(BIN)/python -m app.dev.commands psql -- "$$user"

# Three workers keep two cores busy, because PostgreSQL works while they wait. args come last, and so count:
# args="-n 0 --pdb".
# What is compiled is kept, also where the environment forbids it, as in many images: each process would
# compile the tests anew.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
PARALLEL := --numprocesses 3 --dist worksteal

test: $(VENV)/dev ## run the tests, in four minutes; some of them: args="tests/app/api -k toggle"
	@$(PYTEST) $(PARALLEL) $(args)

test-all: test test-thorough test-rooms ## run everything: killed servers, a million rows, 6,000 rules

test-thorough: $(VENV)/dev
	@TEST_THOROUGH=1 $(PYTEST) $(PARALLEL) -m thorough $(args)

# The rooms that test leaves out. A file stays with one process: its tests share what they break. Those with a
# test that lasts for a minute or more begin, so that none of them is left over at the end.
ROOMS := $(filter-out %/__pycache__/ %/clients/ %/isolation/, $(wildcard tests/service/*/))
LONGEST := $(patsubst %,tests/service/%/,releases upgrade proxies webhooks)

test-rooms: $(VENV)/dev
	@$(PYTEST) --numprocesses 3 --dist loadfile --no-loadscope-reorder \
		$(LONGEST) $(filter-out $(LONGEST),$(ROOMS))

# make run, the workers and the sending of webhooks are reached by tests that start processes.
coverage: $(VENV)/dev ## run the tests and measure what they reach; fails below 95 %
	@$(PYTEST) $(PARALLEL) --cov --cov-report= --cov-fail-under=0 $(args)
	@$(PYTEST) --cov --cov-append tests/service/dev tests/service/workers tests/service/webhooks

lint: lint-python lint-sql ## check form, types, SQL and workflows; changes nothing

lint-python: $(VENV)/dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache
	@$(BIN)/actionlint .github/workflows/*.yml

lint-sql: $(VENV)/dev
	@$(BIN)/sqlfluff lint --disable-progress-bar -q db/functions \
		$(filter-out %_functions.sql, $(wildcard db/migrations/*.sql))

format: $(VENV)/dev ## bring the Python code into form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(VENV)/bench ## compare speeds, in ten minutes; needs wrk
	@$(BIN)/python -m tests.bench.load

bench-growth: $(VENV)/bench ## measure speed by the size of the table, in a quarter of an hour; 12 GB of disk
	@$(BIN)/python -m tests.bench.growth

bench-audit: $(VENV)/bench ## measure the time of the audit, beside a million tasks
	@$(BIN)/python -m tests.bench.audit

bench-spread: $(VENV)/bench ## measure what Citus costs, in five minutes; TEST_CITUS_URL: a cluster
	@$(BIN)/python -m tests.bench.spread

functions: $(VENV)/local ## copy db/functions into the migrations of its rooms (until the first release)
	@$(BIN)/python -m app.dev.migrations functions
	@$(BIN)/python -m app.dev.commands schema

migration: $(VENV)/local ## write the next migration from db/functions: make migration name=add_subtasks
	@$(BIN)/python -m app.dev.migrations migration -- "$$name"
	@$(BIN)/python -m app.dev.commands schema

freeze: $(VENV)/local ## at a release: note the digests of the migrations, which never change again
	@$(BIN)/python -m app.dev.migrations freeze

check-release: $(VENV)/local ## check that a tag may be released: make check-release tag=v1.0.0
	@$(BIN)/python -m app.dev.release "$$tag"

schema: $(VENV)/local ## write db/schema.sql anew, from the migrations
	@$(BIN)/python -m app.dev.commands schema

lock: ## write the lock files anew, from pyproject.toml (needs uv)
	uv pip compile pyproject.toml -o app/requirements.txt $(LOCK)
	uv pip compile pyproject.toml --extra otel -o app/requirements-otel.txt $(LOCK)
	uv pip compile pyproject.toml --extra local -o app/requirements-local.txt $(LOCK)
	uv pip compile pyproject.toml --extra local --extra otel --extra dev -o tests/requirements.txt $(LOCK)
	uv pip compile pyproject.toml --extra local --extra dev --extra bench -o tests/bench/requirements.txt $(LOCK)

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	--quiet

clean: ## remove the environment and the embedded server's data
	rm -rf $(VENV) .postgres
