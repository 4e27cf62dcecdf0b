#!/usr/bin/env bash
# Install what the build needs from the system's own packages: a C compiler, Python 3 with venv, and Rust where it is new enough.
set -euo pipefail

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

if command -v apt-get >/dev/null; then
    as_root apt-get update
    as_root apt-get install --yes build-essential git python3 python3-venv
elif command -v dnf >/dev/null; then
    as_root dnf install --assumeyes gcc gcc-c++ git make python3
elif command -v brew >/dev/null; then
    brew install python rustup
elif command -v xcode-select >/dev/null; then
    xcode-select --install
else
    echo "No package manager that this script knows: install a C compiler, Python 3.11+ and Rust by hand." >&2
    exit 1
fi

command -v cargo >/dev/null || echo "Rust is not here yet: https://rustup.rs is the usual way." >&2
