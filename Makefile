# Two commands that do everything on a fresh machine: make rehearsal, make test.
.PHONY: help rehearsal test quick lint benchmarks
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
define LINT
$(BIN)/ruff check .
$(BIN)/ruff format --check -q .
$(BIN)/mypy
endef
# The tests start hundreds of interpreters, each of which would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
PYTEST_ALL = $(BIN)/python -m pytest -n 2 --dist loadgroup --durations=50 --durations-min=1

help:  ## what there is to make
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 19

rehearsal: $(STAMP)  ## provide a real Odoo, run the promotional weekend, print the verdict
	$(BIN)/rehearse run promo_weekend --completed-is-success

ifdef AREA
test: $(STAMP)  # the tests of one folder of tests/, such as AREA=assertions or AREA=odoo; an Odoo that is up is used and stays up
	@test -e tests/$(AREA) || { echo "AREA=$(AREA): there is no tests/$(AREA); there are: $(notdir $(wildcard tests/*))" >&2; exit 2; }
	$(if $(findstring docker,$(AREA)),bin/with-docker) bin/with-odoo bin/await-images $(PYTEST_ALL) tests/$(AREA) $(PYTEST)
else
test: $(STAMP)  ## lint, types, and all tests against a real Odoo, here and in Docker; AREA=assertions: those of one folder
	$(LINT)
	bin/with-docker bin/with-odoo bin/await-images $(PYTEST_ALL) $(PYTEST)
endif

quick: $(STAMP)  ## lint, types, and every test that needs no Odoo: within two minutes
	$(LINT)
	$(PYTEST_ALL) -q --without-odoo $(PYTEST)

lint: $(STAMP)  ## lint and types alone
	$(LINT)

benchmarks: $(STAMP)  ## ratios within one run, never part of the tests
	bin/with-odoo $(BIN)/python -m benchmarks

$(STAMP): pyproject.toml requirements.lock bin/make-venv
	bin/make-venv $(VENV)
	@touch $@
