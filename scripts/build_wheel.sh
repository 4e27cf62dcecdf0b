#!/usr/bin/env bash
# Build the one abi3 wheel with its SBOM into dist/, then check it in empty environments.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf dist
host=$(rustc -vV | sed -n 's/^host: //p')
arguments=(--release --locked --target "$host" --interpreter .venv/bin/python --out dist)
if [ "$(uname -s)" = Linux ]; then
    # zig links against an old glibc, so that the wheel also runs where glibc is older than here.
    arguments+=(--zig --compatibility manylinux_2_17)
fi
maturin build "${arguments[@]}"
.venv/bin/python scripts/check_wheel.py dist/*.whl
