#!/usr/bin/env bash
# Print the Python to build with, or say what this machine lacks.
set -uo pipefail
cd "$(dirname "$0")/.."

missing=0
lacks() {
    printf 'kmscore needs %s\n' "$1" >&2
    missing=1
}

minimum_rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

find_python() {
    local candidate version found=""
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        if at_least 3.11 "$version"; then
            # A shim names another program than the one it runs: ask for the real path.
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
        found="$found $candidate is $version,"
    done
    lacks "Python 3.11 or newer;${found:- none was found,} set PYTHON=/path/to/python3"
}

python=$(find_python) || missing=1
[ -n "$python" ] || missing=1
if [ -n "$python" ] && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    lacks "the venv module of $python (Debian and Ubuntu: apt install python3-venv)"
fi

if ! command -v cargo >/dev/null; then
    lacks "Rust $minimum_rust or newer; cargo was not found (https://rustup.rs)"
else
    rust=$(rustc --version | cut -d ' ' -f 2)
    at_least "$minimum_rust" "$rust" || lacks "Rust $minimum_rust or newer; rustc is $rust (rustup update stable)"
fi

if ! command -v "${CC:-cc}" >/dev/null; then
    lacks "a C compiler for AWS-LC; ${CC:-cc} was not found (Debian and Ubuntu: apt install build-essential)"
fi

[ "$missing" -eq 0 ] || { echo 'make setup-system installs what the system package manager has.' >&2; exit 1; }
echo "$python"
