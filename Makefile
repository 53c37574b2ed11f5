# `make` explains itself. Everything is installed into .venv, pinned by constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DIR ?= demo
ARGS ?=
WORKERS ?= 2
PYTEST = $(BIN)/python -m pytest -q
# Extra pip arguments for PyTorch alone. On Linux a plain `pip install torch` from PyPI is the CUDA build;
# for the CPU build of your platform name PyTorch's own CPU index here, e.g.
#   make demo TORCH_PIP_ARGS="--index-url URL-OF-THE-PYTORCH-CPU-INDEX"
TORCH_PIP_ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Several processes, each of one thread: else they would fight over the cores.
TESTS = OMP_NUM_THREADS=1 $(PYTEST) -n $(WORKERS) --no-loadscope-reorder

.PHONY: help demo app test check quick static format reference docs clean
help:
	@echo "make demo [ARGS=--no-app] [DIR=demo]   set up, run the whole loop on real data, open the app"
	@echo "make app  [DIR=demo]                   open the app on the last store"
	@echo "make test                              set up, then every test"
	@echo "make check                             format, lint, types, import contracts, fast tests"
	@echo "make quick                             the same with the core's fast tests alone"
	@echo "make docs                              build docs/ as a site, into build/docs"

# torch first: left to pip as somebody's dependency, another build would bring gigabytes of CUDA.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q $(TORCH_PIP_ARGS) -c constraints.txt torch==2.13.0
	$(BIN)/pip install -q -c constraints.txt setuptools
	$(BIN)/pip install -q -c constraints.txt --no-build-isolation -e ".[dev,docs]"
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/curator demo --project $(DIR) $(ARGS)

app: $(VENV)/.installed
	$(BIN)/curator app --project $(DIR) $(ARGS)

test: $(VENV)/.installed
	@bash tests/system_packages.sh
	@$(TESTS) --durations=15 $(ARGS)

check: static
	@$(TESTS) -m "not slow and not browser" $(ARGS)

quick: static
	@$(TESTS) -m "not slow" tests/curator curator $(ARGS)

static: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/deptry .
	$(BIN)/deptry tests --exclude '\.venv' --ignore DEP002,DEP004

format: $(VENV)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(VENV)/.installed
	$(BIN)/python -m tests.docs.reference

docs: reference
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "build/docs/index.html"

clean:
	rm -rf $(VENV)
