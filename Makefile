# `make run` to tell stories, `make test` to test; both set up what they need. See README.md.
SHELL := /bin/bash
PYTHON3 ?= python3
PYTHON := .venv/bin/python
RUNTIME := .venv/.runtime
NARRATION := .venv/.narration
DEVELOPMENT := .venv/.development
PROXY := .venv-proxy/.installed
BROWSER_TOOLS := node_modules/.installed
PIP := $(PYTHON) -m pip --disable-pip-version-check --quiet --quiet
TESTS ?= tests
# Loads .env, if there is one; a variable that the caller has set wins.
DOTENV := caller=$$(export -p); if [ -f .env ]; then set -a; . ./.env; set +a; eval "$$caller"; fi;
# Of tests; auto is two for each core, and one.
WORKERS ?= auto
# Compiled modules are kept, also where the environment says otherwise: tests begin with them.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run serve workers doctor test test-quick coverage check format test-browser-modules bench safety craft hosts chaos screenshots pins clean
.DEFAULT_GOAL := run

run: $(RUNTIME) $(NARRATION)
	@$(DOTENV) exec $(PYTHON) manage.py serve --demo

serve: $(RUNTIME) $(NARRATION)
	@$(DOTENV) exec $(PYTHON) manage.py serve

# One worker process, beside web processes of `make serve`; start as many as you like.
workers: export STORYTELLER_RUNS := workers
workers: $(RUNTIME)
	@$(DOTENV) exec $(PYTHON) manage.py workers

# Tries the model out, and says what works and what to do about the rest.
doctor: $(RUNTIME)
	@$(DOTENV) exec $(PYTHON) manage.py check_storyteller

test: $(DEVELOPMENT) $(PROXY) test-browser-modules
	@.ci/install-system-packages
	@$(PYTHON) manage.py fetch_model --small
	@exec $(PYTHON) -m pytest --numprocesses $(WORKERS) $(TESTS)

# Tests that start no process or browser and commit nothing to the database; no tables of cases.
test-quick: $(DEVELOPMENT)
	@exec $(PYTHON) -m pytest --numprocesses $$(getconf _NPROCESSORS_ONLN) -m "not process and not commits" \
		--ignore tests/stories/safety/faults --ignore tests/stories/plotting \
		--ignore tests/stories/workflow/test_hosts_matrix.py --ignore tests/stories/workflow/test_thoughts.py \
		--ignore tests/stories/vocabulary/test_pseudonym.py --ignore tests/testkit $(TESTS)

# Coverage by the tests that start no process; no other process is looked into.
coverage: $(DEVELOPMENT)
	@exec $(PYTHON) -m pytest --numprocesses $(WORKERS) -m "not process" --cov $(TESTS)

test-browser-modules: $(DEVELOPMENT)
	@.venv/bin/node --experimental-eventsource --disable-warning=UNDICI-ES --test \
		--test-timeout=20000 'tests/browser_modules/*.test.js'

# Every tool says its word before the target fails.
check: $(DEVELOPMENT) $(BROWSER_TOOLS)
	@failed=0; \
	say() { echo "· $$1 $$2"; .venv/bin/"$$@" || failed=1; }; \
	say ruff format --check --quiet .; \
	say ruff check --quiet .; \
	say mypy; \
	say lint-imports --no-logo; \
	say python manage.py makemigrations --check --dry-run; \
	say djade --target-version 5.2 --check $$(git ls-files 'templates/**.html'); \
	say djlint --lint --quiet templates; \
	say node node_modules/.bin/biome ci --error-on-warnings; \
	say node node_modules/.bin/tsc; \
	say node node_modules/.bin/tsc --project tests/browser_modules; \
	exit $$failed

format: $(DEVELOPMENT) $(BROWSER_TOOLS)
	@.venv/bin/ruff format --quiet . && .venv/bin/ruff check --quiet --fix .
	@.venv/bin/djade --target-version 5.2 $$(git ls-files 'templates/**.html')
	@.venv/bin/node node_modules/.bin/biome check --write

# Both are played whatever comes of the first; each names the seeds that failed.
chaos: $(DEVELOPMENT)
	@failed=0; \
	$(PYTHON) -m testkit.conformance.chaos --site one --schedules 700 || failed=1; \
	$(PYTHON) -m testkit.conformance.chaos --site many --schedules 300 || failed=1; \
	exit $$failed

bench: $(DEVELOPMENT)
	@exec $(PYTHON) -m benchmarks

safety: $(DEVELOPMENT)
	@exec $(PYTHON) -m benchmarks.safety

# Whole stories of scripted children by the storyteller of the settings, measured and kept.
craft hosts: export DJANGO_SETTINGS_MODULE := storyteller.settings
craft: $(DEVELOPMENT)
	@$(DOTENV) exec $(PYTHON) -m benchmarks.craft --keep

# Every habit of a model host, by both protocols; into docs/hosts.md.
hosts: $(DEVELOPMENT)
	@exec $(PYTHON) -m benchmarks.hosts

# The pictures of the documents; with ALL=1 one of every page instead, into screenshots/.
screenshots: $(DEVELOPMENT)
	@.ci/install-system-packages
	@exec $(PYTHON) -m tests.screenshots $(if $(ALL),--all)

# Compiles the pins anew; they hold for every platform and Python that we run on.
pins: $(DEVELOPMENT)
	@for part in requirements requirements-narration requirements-dev requirements-proxy; do \
		echo "Compiling $$part.txt …"; \
		.venv/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
			--no-emit-index-url --custom-compile-command "make pins" \
			--output-file $$part.txt $$part.in || exit 1; \
	done

clean:
	rm -rf .venv .venv-proxy node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.venv/bin/python:
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON3=/path/to/python3.11")'
	@echo "Setting up .venv …"
	@$(PYTHON3) -m venv .venv

$(RUNTIME): requirements.txt | .venv/bin/python
	@echo "Installing what Storyteller needs; this takes a minute or two, once …"
	@$(PIP) install --no-deps --require-hashes -r requirements.txt
	@touch $@

# The voice in the box; some machines have no wheels for it, and stories are told without.
$(NARRATION): requirements-narration.txt $(RUNTIME)
	@echo "Installing the voice that reads aloud …"
	@$(PIP) install --no-deps --only-binary :all: --require-hashes -r requirements-narration.txt || \
		echo "It does not fit this machine: the readers' devices read aloud. (Again: rm $@)"
	@touch $@

$(DEVELOPMENT): requirements-dev.txt $(RUNTIME) $(NARRATION)
	@echo "Installing what its tests need …"
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.txt
	@touch $@

# LiteLLM's proxy, for its tests: apart, since it excludes versions that we pin.
$(PROXY): requirements-proxy.txt | $(DEVELOPMENT)
	@echo "Installing LiteLLM's proxy for its tests …"
	@.venv/bin/uv venv --quiet --clear --python $(PYTHON) .venv-proxy
	@.venv/bin/uv pip install --quiet --python .venv-proxy/bin/python --no-deps --require-hashes -r requirements-proxy.txt
	@touch $@

# Node itself comes with the development requirements, so that no other is needed.
$(BROWSER_TOOLS): package-lock.json | $(DEVELOPMENT)
	@echo "Installing the checks of the browser code …"
	@.venv/bin/npm ci --silent
	@touch $@
