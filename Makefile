# Everything works from a bare checkout: the virtual environment is made and filled on first use,
# and filled again only when pyproject.toml changes. Another Python: make PYTHON=python3.12 demo

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
RUN := $(BIN)/python -m
PIP := $(RUN) pip --disable-pip-version-check --quiet

.PHONY: demo test check determinism docs format clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	$(RUN) p2pnet demo $(ARGS)

test: $(VENV)/.installed-dev
	$(RUN) pytest $(ARGS)

check: $(VENV)/.installed-dev
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy --strict p2pnet
	$(RUN) pytest -q tests/test_layers.py

docs: $(VENV)/.installed-docs
	$(RUN) sphinx -W --keep-going -q -b html docs build/site
	@echo "The pages are in build/site/index.html."

determinism: $(VENV)/.installed-dev
	$(RUN) simulations.determinism $(ARGS)

format: $(VENV)/.installed-dev
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
	  "p2pnet needs Python 3.11 or newer as $(PYTHON): try 'make PYTHON=python3.12 ...'" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo \
	  "$(PYTHON) can't make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	$(PIP) install --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.made pyproject.toml
	$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: $(VENV)/.made pyproject.toml
	$(PIP) install --editable '.[docs]'
	@touch $@
