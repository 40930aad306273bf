# What one does with the portal. `make help` lists it.

PYTHON ?= python3
SIZES ?= 1000 5000# pages in the race of `make bench`
PIP := .venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Tests are compiled once, not by each process, also where the environment forbids it.
export PYTHONDONTWRITEBYTECODE =

help: ## List what there is.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

run: .venv/ready ## Set up, check, build and serve the site at http://127.0.0.1:8000/.
	.venv/bin/portal check && .venv/bin/portal build --compress
	.venv/bin/portal serve

test: .venv/ready-to-test ## Set up, check the form of the code, and run all tests.
	@$(MAKE) --no-print-directory --jobs=3 check compiled-tests outside-python
	.venv/bin/pytest -n 4 --dist worksteal

# Beside the check of types, which keeps one core busy. Otherwise each process of the test run
# would compile all tests.
compiled-tests: .venv/ready-to-test
	-@.venv/bin/pytest --collect-only --quiet >/dev/null

# Beside both, because it mostly waits for what it fetches.
outside-python: .venv/ready-to-test
	tests/setup

quick: .venv/ready-to-test ## The tests without a browser, PostgreSQL or kills, and none marked slow.
	.venv/bin/pytest -n 2 --dist worksteal -m "not browser and not postgres and not kills and not slow"

# The modules whose tests have a long form or figures: those that import them.
assurance: .venv/ready-to-test ## The long forms of tests, and their figures in the last line.
	tests/setup
	PORTAL_TESTS_LONG=1 .venv/bin/pytest -n 2 --dist worksteal \
		$$(grep -rlE --include="test_*.py" "^from tests.support(.long_forms)? import.*(LONG|figures)" tests)

check: .venv/ready-to-test ## Format, lint, types and import contracts: seconds.
	.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy && .venv/bin/lint-imports --no-cache

bench: .venv/ready-to-test .venv/bench/ready ## Measure builds and answers on this machine, and race Hugo and Pelican.
	SIZES="$(SIZES)" .venv/bin/python -m benchmarks $(ONLY)

sbom: .venv/ready-to-test ## List all that the portal installs in sbom.json (CycloneDX).
	$(PYTHON) -m venv --clear .venv/sbom
	.venv/sbom/bin/pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt \
		--editable '.[notify,oidc,pdf,postgres]'
	.venv/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file sbom.json .venv/sbom/bin/python

format: .venv/ready-to-test ## Put the code into its form.
	.venv/bin/ruff format . && .venv/bin/ruff check --fix .

scripts: .venv/ready-to-test ## Minify the finder's script, after a change of it.
	.venv/bin/python -m tests.support.minify

lock: ## Renew constraints.txt within the ranges of pyproject.toml.
	tests/lock $(PYTHON)

.venv/made: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The portal needs Python 3.11 or later, and this is Python %d.%d. Say which to use: make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv .venv && touch $@

.venv/ready: .venv/made
	$(PIP) --editable . && touch $@

# With all that the portal itself needs, so that pip looks for it and installs it once.
.venv/ready-to-test: .venv/made
	$(PIP) --editable '.[test]' && touch .venv/ready $@

.venv/bench/ready: benchmarks/requirements.txt
	$(PYTHON) -m venv --clear .venv/bench
	.venv/bench/bin/pip install --quiet --disable-pip-version-check --requirement $< && touch $@

.PHONY: help run test compiled-tests outside-python quick assurance check bench sbom format lock
