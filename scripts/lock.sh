#!/usr/bin/env bash
# Pin every Python package the house uses, with hashes, for every platform: pyproject.toml -> requirements/*.txt.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=.tools/uv/bin/uv
[ -x "$uv" ] || { "${PYTHON:-python3}" -m venv .tools/uv && .tools/uv/bin/pip install --quiet uv; }

pin() {
    local output=$1
    shift
    "$uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --output-file "requirements/$output" "$@"
}

pin tools.txt pyproject.toml --all-extras --group tools
# The package's own code needs pandas; the demo reads only the data file that lies beside it.
pin data.txt --group data --no-emit-package pandas --no-emit-package numpy --no-emit-package python-dateutil \
    --no-emit-package six --no-emit-package tzdata --no-emit-package pytz
pin docs.txt --group docs
pin wheel.txt --group wheel
