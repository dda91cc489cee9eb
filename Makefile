# Two commands that do everything on a fresh machine: make rehearsal, make test.
.PHONY: rehearsal test quick check lint types benchmarks clean-cache
VENV := .venv
BIN := $(VENV)/bin
DURATIONS := --durations=50 --durations-min=1
STAMP := $(VENV)/.installed

rehearsal: $(STAMP)  ## provide a real Odoo, run the promotional weekend, print the verdict
	$(BIN)/rehearse run promo_weekend --completed-is-success

test: $(STAMP)  ## lint, types, and all tests against a real Odoo, here and in Docker
	$(BIN)/ruff check .
	$(BIN)/mypy
	bin/with-odoo bin/with-docker $(BIN)/python -m pytest -n 2 --dist loadgroup $(DURATIONS) $(PYTEST)

quick: $(STAMP)  ## lint, types, and every test that needs no Odoo: two minutes
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadgroup -q --without-odoo $(DURATIONS) $(PYTEST)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy

benchmarks: $(STAMP)  ## ratios within one run, never part of the tests
	bin/with-odoo $(BIN)/python -m benchmarks

$(STAMP): pyproject.toml requirements.lock bin/make-venv
	bin/make-venv $(VENV)
	@touch $@
