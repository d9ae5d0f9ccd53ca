# Every target does its own set-up: a virtual environment in .venv with exactly what
# requirements.lock names. Choose the interpreter with PYTHON=, hand on arguments with ARGS=.

.DEFAULT_GOAL := help
.PHONY: help demo test check conformance planted soak limits lock environment python

# An interpreter that was asked for is used; otherwise any that will do, and a finished .venv stays.
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for candidate in python3.13 python3.12 python3.11 python3; do \
	$$candidate -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$candidate; break; }; done)
else
CHOSEN := --this-python
endif

UV := uv==0.13.9
COMPILE := uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate \
	--no-header --quiet --upgrade
PYTEST := .venv/bin/python -m pytest -p no:cacheprovider
# One order and one chance for every run; ARGS="--randomly-seed=N" is another, and soak's are new.
SUITE := $(PYTEST) -q -n 2 --dist worksteal --randomly-seed 2026 -m "not limits and not soak"

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: environment ## run the whole job once on this machine: Postgres, five simulated providers, results
	@.venv/bin/syncd demo $(ARGS)

test: environment ## run the tests
	@$(SUITE) $(ARGS)

check: environment ## style, types and layers, then the tests
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check .
	@.venv/bin/mypy --no-error-summary
	@said=$$(.venv/bin/lint-imports --no-cache) || { echo "$$said"; exit 1; }
	@$(SUITE) $(ARGS)

conformance: environment ## prove every adapter against its simulated provider, in both dialects
	@code=0; for name in criteo icas epom pai voipbin; do \
	.venv/bin/syncd providers check $$name $(ARGS) || code=1; done; exit $$code

planted: environment ## plant bugs in syncd one by one: each must be caught, one line for each
	@$(PYTEST) -q -n 2 --dist worksteal tests/planted $(ARGS)

soak: environment ## for 40 minutes what `make test` has no time for: random histories, every crash point, and more
	@until=$$(($$(date +%s) + 2340)); code=0; \
	$(PYTEST) -q -n 2 --dist worksteal -m "soak or hypothesis" --hypothesis-profile exploring \
	$(ARGS) || code=1; \
	test -n "$(ARGS)" || SOAK_UNTIL=$$until $(PYTEST) -q -n 2 -m soak tests/machine -k as_long_as \
	|| code=1; exit $$code

limits: environment ## saturate a provider's limit for more than a minute and judge every window
	@$(PYTEST) -q -m limits $(ARGS)

lock: python ## choose the newest versions that pyproject.toml allows and write the three locks
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT \
	&& "$(PYTHON)" -m venv "$$folder" \
	&& "$$folder/bin/pip" install --quiet --disable-pip-version-check $(UV) \
	&& PATH="$$folder/bin:$$PATH" \
	&& $(COMPILE) pyproject.toml --all-extras --group dev -o requirements.lock \
	&& $(COMPILE) pyproject.toml -c requirements.lock -o requirements-runtime.lock \
	&& $(COMPILE) --group build -c requirements.lock -o requirements-build.lock

environment: python
	@"$(PYTHON)" .ci/environment.py $(CHOSEN)

python:
	@"$(PYTHON)" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	|| { echo 'syncd needs Python 3.11 or newer with its venv module (on Debian: apt install' \
	'python3-venv). Name one that is elsewhere: make PYTHON=/path/to/python3' >&2; exit 2; }
