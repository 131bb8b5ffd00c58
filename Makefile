# Two commands do all set-up: `make figures` and `make test`.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: figures replication test fuzz lab refresh bench lock clean

figures: $(VENV)/ready  ## set up, then render every figure into outputs/
	$(RUN) -m lib render

replication: $(VENV)/ready  ## set up, render, and pack all that others need to do the same into replication.zip
	$(RUN) -m lib replication

# Many processes import the same packages: each would compile them where Python is told to keep no bytecode.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/test-ready  ## set up, then run every test
	@echo "Seven to nine minutes on two cores; each dot is a test, and the percentage at the end of a line is how far it is."
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m pytest

fuzz: $(VENV)/test-ready  ## try ten thousand odd inputs of each kind; takes half an hour
	$(RUN) -m pytest tests/fuzz/*.py

lab: $(VENV)/ready  ## set up, then open JupyterLab on a page that says what each notebook answers
	PATH="$(abspath $(VENV)/bin):$$PATH" $(RUN) -m jupyterlab --ServerApp.root_dir="$(CURDIR)" $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/start.ipynb

bench: $(VENV)/ready  ## install the peers beside us, measure, and write benchmarks/README.md
	$(call installed,.venv-bench,benchmarks/requirements.txt)
	$(call installed,.venv-bench-ploomber,benchmarks/requirements-ploomber.txt)
	.venv-bench/bin/python benchmarks/run.py
	.venv-bench/bin/python benchmarks/explore.py
	.venv-bench/bin/python benchmarks/table.py

define installed  # folder, requirements of peers
	$(PYTHON) -m venv $(1)
	$(call install,$(1),-r requirements.lock)
	$(call install,$(1),-r $(2))
	$(call install,$(1),--no-deps --no-build-isolation --editable .)
endef

refresh: $(VENV)/refresh-ready  ## fetch newer figures: make refresh SOURCES="bse fx"
	$(RUN) -m lib refresh $(SOURCES)

LOCKED := -m uv pip compile --universal --python-version 3.11 --no-header --no-emit-index-url --no-annotate --quiet

lock: $(VENV)/test-ready  ## work out both lock files from requirements.txt and requirements-test.txt, for every platform
	$(RUN) $(LOCKED) --output-file requirements.lock requirements.txt
	$(RUN) $(LOCKED) --constraint requirements.lock --output-file requirements-test.lock requirements-test.txt

clean:  ## remove what the other targets made
	rm -rf $(VENV) .venv-bench .venv-bench-ploomber outputs

$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Setting up $(VENV), once: under a minute with uv, one to three minutes with pip."
	$(PYTHON) -m venv $(VENV)
	$(call install,$(VENV),-r requirements.lock)
	$(call install,$(VENV),--no-deps --no-build-isolation --editable .)
	touch $@

$(VENV)/refresh-ready: $(VENV)/ready requirements-refresh.txt
	$(call install,$(VENV),-r requirements-refresh.txt)
	touch $@

$(VENV)/test-ready: $(VENV)/refresh-ready requirements-test.lock
	$(call install,$(VENV),-r requirements-test.lock)
	touch $@

# Environment, what to install: by uv, which fetches and unpacks many at a time, else by pip. Python compiles what it
# imports, when it does, rather than all of it now.
define install
	@{ command -v uv >/dev/null && uv pip install --python $(1)/bin/python $(2); } || \
		$(1)/bin/python -m pip install --disable-pip-version-check --no-compile $(2)
endef
