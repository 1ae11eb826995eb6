PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test bench lint docs clean

demo: $(VENV)/.examples  ## convert and run the flights example, and show what it registered and how that gets in
	$(BIN)/mdk run local examples/flights/flights.ipynb
	@cd examples/flights && ../../$(BIN)/mdk registry show flights && \
	../../$(BIN)/mdk registry policy dev --set policy.yaml > /dev/null && \
	../../$(BIN)/mdk promote flights@latest dev --publish --plan
	@echo "Let it in:          cd examples/flights && ../../$(BIN)/mdk promote flights@latest dev --publish -m 'first model'"
	@echo "Train a worse one:  $(BIN)/mdk run local examples/flights/flights.ipynb -p regularization=1e-6"

test: $(VENV)/.installed lint  ## everything that CI runs
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed  ## speed, as ratios measured in one run; BENCH='--quick' or '--with-kfp --write'
	$(BIN)/python benchmarks/run.py $(BENCH)

docs: $(VENV)/.installed  ## write the generated pages again
	$(BIN)/python -m mdk_jupyter.reference
	$(BIN)/python -m mdk_jupyter.project.schema > docs/project.schema.json

# A marker that is older than pyproject.toml means: install again. The demo needs less than the tests.
$(VENV)/.examples: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[examples]'
	touch $@

$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) dist build
