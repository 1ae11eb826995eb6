PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JLPM := jlpm
export PATH := $(CURDIR)/$(BIN):$(PATH)  # the scripts of package.json call jlpm and jupyter-builder

.PHONY: demo lab test chromium bench lint docs types clean

demo: $(VENV)/.examples  ## convert and run the flights example, and show what it registered and how that gets in
	$(BIN)/mdk run local examples/flights/flights.ipynb
	@cd examples/flights && ../../$(BIN)/mdk registry show flights && \
	../../$(BIN)/mdk registry policy dev --set policy.yaml > /dev/null && \
	../../$(BIN)/mdk promote flights@latest --to dev --plan
	@echo "Let it in:          cd examples/flights && ../../$(BIN)/mdk promote flights@latest --to dev -m 'first model'"
	@echo "Train a worse one:  $(BIN)/mdk run local examples/flights/flights.ipynb -p regularization=1e-6"

lab: $(VENV)/.installed $(VENV)/.labextension  ## JupyterLab on the examples
	$(BIN)/jupyter lab --ServerApp.root_dir=examples

test: $(VENV)/.installed $(VENV)/.labextension chromium lint  ## everything that CI runs
	cd labextension && $(JLPM) test
	$(BIN)/python -m pytest -n 2 --dist loadfile  # tests of one file share servers

lint: $(VENV)/.installed labextension/node_modules/.yarn-state.yml
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd labextension && $(JLPM) lint:check
	$(BIN)/python -m mdk_jupyter.server.schema | node labextension/scripts/types.mjs | diff labextension/src/types.ts - || \
		{ echo 'labextension/src/types.ts is not what the models say: make types'; exit 1; }

bench: $(VENV)/.installed  ## speed, as ratios measured in one run; BENCH='registry lab' names sections, BENCH=--help lists them
	$(BIN)/python benchmarks/run.py $(BENCH)

docs: $(VENV)/.installed  ## write the generated pages again
	$(BIN)/python -m mdk_jupyter.reference
	$(BIN)/python -m mdk_jupyter.project.schema > docs/project.schema.json
	$(BIN)/python -m mdk_jupyter.operations.schema > docs/operations.schema.json

types: $(VENV)/.installed labextension/node_modules/.yarn-state.yml  ## TypeScript types of what the server answers
	$(BIN)/python -m mdk_jupyter.server.schema | node labextension/scripts/types.mjs > labextension/src/types.ts

# A marker that is older than pyproject.toml means: install again. The demo needs less than the tests.
$(VENV)/.examples: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install --quiet --editable '.[examples]'
	touch $@

$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

# The TypeScript, built, and linked into the environment's JupyterLab.
$(VENV)/.labextension: $(VENV)/.installed labextension/node_modules/.yarn-state.yml $(shell find labextension/src labextension/style labextension/schema -type f 2>/dev/null)
	cd labextension && $(JLPM) build:prod
	$(BIN)/jupyter-builder develop . --overwrite
	touch $@

labextension/node_modules/.yarn-state.yml: labextension/package.json labextension/yarn.lock $(VENV)/.installed
	cd labextension && $(JLPM) install --immutable
	touch $@

# The browser of the browser tests. Where there is none and none can be installed, they are skipped.
chromium:
	command -v chromium chromium-browser google-chrome >/dev/null || \
		{ apt-get update -qq && apt-get install -yqq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1 || \
		echo "no browser: the browser tests will be skipped; install chromium"

clean:
	rm -rf $(VENV) dist build mdk_jupyter/labextension labextension/lib labextension/node_modules
