# Every target is one `cx360` command; `cx360 --help` shows more. The first target makes the environment from
# requirements.lock, and makes it again when the lock changes.

PYTHON := $(shell command -v python3.11 || command -v python3)
VENV := .venv
CX360 := $(VENV)/bin/cx360
UV := $(VENV)/bin/uv
READY := $(VENV)/.ready

# One variable for every option: make run DEPLOYMENT=olist EXTRACTS=folder. ARGS is passed on unchanged.
# Only the command line sets them, not an environment variable of the same name; a name that is not listed is refused.
VARIABLES := DEPLOYMENT FILE FILES EXTRACTS DATE FROM TO TABLE EXPORT RELEASE VERSION CUSTOMERS NIGHTS SEED WORLD DIRT OUT PORT ARGS
DEPLOYMENT := demo
ARGS :=
option = $(if $(findstring command,$(origin $(2))),--$(1) "$($(2))")

given = $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
unknown := $(filter-out $(VARIABLES) PYTHON VENV MAKEFLAGS,$(given))
$(if $(unknown),$(error Unknown variable: $(unknown). Known are $(VARIABLES) (make help)))

.DEFAULT_GOAL := help
.PHONY: help env new run backfill check quarantine versions rollback publish-postgres export release verify backup restore ui demo bench-demo bench-clv bench-gates bench-intervals bench-extract bench-forecasts bench-night bench-many-nights bench-moments bench-postgres torture docs site test test-long lint format clean lock

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'
	@echo
	@echo "  Variables: DEPLOYMENT=$(DEPLOYMENT) FILES (new), EXTRACTS DATE FROM TO (run, backfill, backup, restore), CUSTOMERS (run, demo), TABLE DATE EXPORT RELEASE (quarantine), VERSION (rollback),"
	@echo "  FILE (export), NIGHTS SEED WORLD DIRT OUT (demo), PORT (ui, docs, site), ARGS"

env: $(READY) ## Make the environment (every other target does it too)
	@:

new: $(READY) ## Look at data and write a deployment that reads them: DEPLOYMENT, FILES="extracts/*.csv" (or ARGS="--postgres VARIABLE")
	@$(CX360) new "$(DEPLOYMENT)" $(call option,files,FILES) $(ARGS)

run: $(READY) ## Run the night: load every pending load date and publish
	@$(CX360) run --deployment "$(DEPLOYMENT)" $(call option,extracts,EXTRACTS) $(call option,date,DATE) \
		$(call option,from,FROM) $(call option,to,TO) $(call option,customers,CUSTOMERS) $(ARGS)

backfill: $(READY) ## Pull the load dates FROM to TO again as one run
	@$(CX360) backfill --deployment "$(DEPLOYMENT)" $(call option,extracts,EXTRACTS) $(call option,from,FROM) \
		$(call option,to,TO) $(ARGS)

check: $(READY) ## Try a sample of each table up to the doors, and test its key; nothing lands
	@$(CX360) check --deployment "$(DEPLOYMENT)" $(call option,extracts,EXTRACTS) $(ARGS)

quarantine: $(READY) ## List rejected rows by unit and rule; ARGS=--explain shows the rows
	@$(CX360) quarantine --deployment "$(DEPLOYMENT)" $(call option,table,TABLE) $(call option,date,DATE) \
		$(call option,export,EXPORT) $(call option,release,RELEASE) $(ARGS)

versions: $(READY) ## List the published versions
	@$(CX360) versions --deployment "$(DEPLOYMENT)" $(ARGS)

rollback: $(READY) ## Withdraw the current version, or VERSION and every later one
	@$(CX360) rollback --deployment "$(DEPLOYMENT)" $(call option,version,VERSION) $(ARGS)

publish-postgres: $(READY) ## Write the current version into the deployment's PostgreSQL again
	@$(CX360) publish-postgres --deployment "$(DEPLOYMENT)" $(ARGS)

export: $(READY) ## Write the marts of the current version into an Excel workbook: FILE=cx360.xlsx
	@$(CX360) export --deployment "$(DEPLOYMENT)" $(call option,excel,FILE) $(ARGS)

release: $(READY) ## Release the load dates on hold because of a withdrawn version
	@$(CX360) release --deployment "$(DEPLOYMENT)" $(call option,date,DATE) $(ARGS)

verify: $(READY) ## Compare every landed file and version with its checksum
	@$(CX360) verify --deployment "$(DEPLOYMENT)" $(ARGS)

backup: $(READY) ## Back up the deployment's home into a new folder below TO
	@$(CX360) backup --deployment "$(DEPLOYMENT)" $(call option,to,TO) $(ARGS)

restore: $(READY) ## Restore the backup FROM into an empty home
	@$(CX360) restore --deployment "$(DEPLOYMENT)" $(call option,from,FROM) $(ARGS)

ui: $(READY) ## Open the Dagster UI on 127.0.0.1
	@$(CX360) ui --deployment "$(DEPLOYMENT)" $(call option,extracts,EXTRACTS) $(call option,port,PORT) $(ARGS)

demo: $(READY) ## Write the extracts of the demo company
	@$(CX360) demo --deployment "$(DEPLOYMENT)" $(call option,customers,CUSTOMERS) $(call option,nights,NIGHTS) $(call option,seed,SEED) \
		$(call option,world,WORLD) $(call option,dirt,DIRT) $(call option,out,OUT) $(ARGS)

bench-demo: $(READY) ## Measure the demo generator: ARGS="10_000 1_000_000"
	@$(VENV)/bin/python -m bench.demo $(ARGS)

bench-clv: $(READY) ## Measure lifetime value, beside the package lifetimes: ARGS="1_000_000 10_000_000"
	@$(VENV)/bin/python -m bench.clv $(ARGS)

bench-gates: $(READY) ## Measure the gates' share of a night of 100,000 customers: ARGS=10_000
	@$(VENV)/bin/python -m bench.gates $(ARGS)

bench-intervals: $(READY) ## Measure the coverage of every published interval and the errors of the tests
	@$(VENV)/bin/python -m bench.intervals

bench-forecasts: $(READY) ## Hold the forecasts of demo companies against what came: ARGS="1 2 3 4 5" (seeds)
	@$(VENV)/bin/python -m bench.forecasts $(ARGS)

bench-night: $(READY) ## Measure a night: ARGS="10_000 100_000"
	@$(VENV)/bin/python -m bench.night $(ARGS)

bench-many-nights: $(READY) ## Measure a night after 400 nights beside one after 10, at 300 customers: ARGS=10_000
	@$(VENV)/bin/python -m bench.many_nights $(ARGS)

bench-moments: $(READY) ## Hold the moments of truth of drawn companies against what was drawn: ARGS="1 2 3" (seeds)
	@$(VENV)/bin/python -m bench.moments $(ARGS)

bench-extract: $(READY) ## Measure how fast each kind of source lands, without and with gate 1: ARGS=20_000_000
	@$(VENV)/bin/python -m bench.extract $(ARGS)

bench-postgres: $(READY) ## Measure the publication to PostgreSQL, by delete and insert and by rename: ARGS=1_000_000 (orders)
	@$(VENV)/bin/python -m bench.postgres $(ARGS)

torture: $(READY) ## Kill nights at random and compare the published versions: ARGS="100"
	@$(VENV)/bin/python -m bench.torture $(ARGS)

docs: $(READY) ## Build and serve the documentation of tables and checks
	@$(CX360) docs --deployment "$(DEPLOYMENT)" $(call option,port,PORT) $(ARGS)

site: $(READY) ## Serve the pages of the current version on 127.0.0.1
	@$(CX360) site --deployment "$(DEPLOYMENT)" $(call option,port,PORT) $(ARGS)

test: $(READY) ## Run the tests except the long ones
	@$(CX360) test $(ARGS)

test-long: $(READY) ## Run the long tests
	@$(CX360) test --long $(ARGS)

lint: $(READY) ## Run ruff, mypy, yamllint, dbt with its warnings as errors, sqlfluff
	@$(CX360) lint $(ARGS)

format: $(READY) ## Apply the fixes of ruff and sqlfluff
	@$(CX360) lint --fix ruff sqlfluff

clean: $(READY) ## Remove all data of the deployment
	@$(CX360) clean --deployment "$(DEPLOYMENT)" $(ARGS)

lock: $(UV) ## Compile requirements.lock within the bounds of pyproject.toml
	$(UV) pip compile pyproject.toml --extra dev --upgrade --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-header --quiet --output-file requirements.lock
	$(UV) pip compile bench/lifetimes.in --upgrade --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-header --quiet --output-file bench/lifetimes.lock

$(UV): requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
		echo "cx360 needs Python 3.11, and neither python3.11 nor python3 is that version. Install it, or name it: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; }
	@echo "Environment: making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

$(READY): requirements.lock pyproject.toml $(UV)
	@# compile once, here: with PYTHONDONTWRITEBYTECODE, as in many containers, every process would compile again
	@echo "Environment: installing requirements.lock into $(VENV)"
	@$(UV) pip sync --quiet --require-hashes --compile-bytecode --python $(VENV)/bin/python requirements.lock
	@$(UV) pip install --quiet --no-deps --no-build-isolation --python $(VENV)/bin/python --editable .
	@touch $@
	@echo "Environment: ready"
