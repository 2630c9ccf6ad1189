# Castalia: `make start` shows it, `make test` tests it, `make check` is what every commit must pass.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: start test check format bench bench-serving bench-choosing bench-guarding bench-shakespeare bench-chorales bench-fashion bench-throughput bench-tables bench-documents bench-language bench-finetuning bench-tools build clean

start: $(VENV)/.run-ready  ## install, pull the starter models, answer eight requests
	$(BIN)/python examples/first_steps.py

test: $(VENV)/.dev-ready  ## the whole suite
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder

check: $(VENV)/.dev-ready  ## format, lint, types, layers, project rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/project --ignore tests/project/test_doc_examples.py

format: $(VENV)/.dev-ready  ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: bench-serving bench-choosing bench-guarding bench-shakespeare bench-chorales bench-fashion bench-throughput bench-tables bench-documents bench-language bench-finetuning bench-tools  ## all benchmarks

bench-serving: $(VENV)/.dev-ready  ## language engines on the same bytes, interleaved
	$(BIN)/python benchmarks/serving.py

bench-choosing: $(VENV)/.dev-ready  ## the chooser on labelled requests
	$(BIN)/python benchmarks/choosing.py

bench-guarding: $(VENV)/.dev-ready  ## the personal-data detectors on labelled sentences
	$(BIN)/python benchmarks/guarding.py

bench-shakespeare: $(VENV)/.dev-ready  ## characters of TinyShakespeare, against nanoGPT's recipe
	$(BIN)/python benchmarks/shakespeare.py

bench-chorales: $(VENV)/.dev-ready  ## Bach's chorales, nats a time step
	$(BIN)/python benchmarks/chorales.py

bench-fashion: $(VENV)/.dev-ready  ## families and peers on Fashion-MNIST at equal processor time
	$(BIN)/python benchmarks/fashion.py

bench-throughput: $(VENV)/.dev-ready  ## a training step of diffusion, against diffusers' loop
	$(PIP_INSTALL) --editable '.[bench]'
	$(BIN)/python benchmarks/throughput.py

bench-tables: $(VENV)/.dev-ready  ## synthetic tables against rows held out
	$(PIP_INSTALL) --editable '.[bench]'
	$(BIN)/python benchmarks/tables.py

bench-documents: $(VENV)/.dev-ready  ## search on Cranfield and in 100,000 passages, answers that cite
	$(BIN)/python benchmarks/documents.py

bench-language: $(VENV)/.dev-ready  ## every language task on cases of our own
	$(BIN)/python benchmarks/language.py

bench-finetuning: $(VENV)/.dev-ready  ## a format learnt by a language model, on e-mails never seen
	$(BIN)/python benchmarks/finetuning.py

bench-tools: $(VENV)/.dev-ready  ## tool calls on cases of our own
	$(BIN)/python benchmarks/tools.py

build: $(VENV)/.dev-ready  ## wheels of castalia and castalia-starter, and source archives, in dist/
	$(BIN)/python -m build
	$(BIN)/python -m build --outdir dist starter

clean:  ## remove what make made
	rm -rf $(VENV) dist build .cache demo

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP_INSTALL) --editable '.[all]'
	touch $@

$(VENV)/.dev-ready: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP_INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/.run-ready
