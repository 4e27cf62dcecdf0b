#!/usr/bin/env bash
# Build kmscore on the AWS-LC-FIPS module, apart from every other build, and test what that build does and refuses.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=0
needs() {
    command -v "$1" >/dev/null && return
    echo "the FIPS build needs $1, which was not found (Debian and Ubuntu: apt install $2)" >&2
    missing=1
}
needs cmake cmake
needs go golang-go
needs perl perl
[ "$missing" -eq 0 ] || exit 1

# The module of the locked crate's own source, whatever library this machine has installed.
export AWS_LC_FIPS_SYS_USE_SYSTEM=0
export CARGO_TARGET_DIR="$PWD/target/fips"
site=$CARGO_TARGET_DIR/site

cargo clippy --locked --quiet -p kmscore-crypto -p kmscore -p kmscore-py --all-targets --no-default-features --features fips \
    -- -D warnings
cargo test --locked --quiet -p kmscore-crypto -p kmscore --no-default-features --features fips

rm -rf "$CARGO_TARGET_DIR/wheels" "$site"
maturin build --release --locked --quiet --no-default-features --features extension-module,fips \
    --compatibility linux --interpreter .venv/bin/python --out "$CARGO_TARGET_DIR/wheels"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --target "$site" \
    "$CARGO_TARGET_DIR"/wheels/*.whl
PYTHONPATH=$site .venv/bin/python -m pytest -m fips
PYTHONPATH=$site .venv/bin/python -m kmscore fips-status
