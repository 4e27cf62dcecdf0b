"""What `kmscore doctor` checks about the host and the installation."""

from __future__ import annotations

import platform
import resource
import sqlite3
from collections.abc import Iterator
from importlib import metadata

from kmscore import _core
from kmscore.cli.findings import Finding

_LEAST_LOCKED_MEMORY = 1 << 20
_EXTRAS = {"arrow": "pyarrow", "boto3": "boto3", "cryptography": "cryptography", "numpy": "numpy"}


def run() -> Iterator[Finding]:
    """All checks of the host."""
    yield _versions()
    yield _locked_memory()
    yield _core_dumps()
    yield _extras()


def _versions() -> Finding:
    module = _core.crypto_module()
    text = f"kmscore {_core.__version__} on {module['name']} {module['version']}"
    text += f", Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return Finding("ok", "versions", f"{text}, {platform.system()} {platform.machine()}")


def _locked_memory() -> Finding:
    """Opened keys live in locked pages; when the limit is reached, further ones are not locked."""
    limit, _hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if limit == resource.RLIM_INFINITY:
        return Finding("ok", "locked memory", "no limit: keys in use are never swapped out")
    if limit >= _LEAST_LOCKED_MEMORY:
        return Finding("ok", "locked memory", f"{limit >> 10:,} KiB may be locked")
    advice = "raise it: ulimit -l 8192, or LimitMEMLOCK=8M in the systemd unit"
    return Finding(
        "warn",
        "locked memory",
        f"only {limit >> 10:,} KiB may be locked; more keys in use could be swapped out",
        advice,
    )


def _core_dumps() -> Finding:
    limit, _hard = resource.getrlimit(resource.RLIMIT_CORE)
    if limit == 0:
        return Finding("ok", "core dumps", "off")
    text = "on: keys are left out of a dump, plaintexts in Python objects are not"
    return Finding("warn", "core dumps", text, "turn them off: ulimit -c 0, or LimitCORE=0 in the systemd unit")


def _extras() -> Finding:
    found = {extra: _version(package) for extra, package in _EXTRAS.items()}
    there = [f"{_EXTRAS[extra]} {version}" for extra, version in found.items() if version]
    missing = [extra for extra, version in found.items() if not version]
    advice = f"if you need them: pip install 'kmscore[{','.join(missing)}]'" if missing else ""
    return Finding("ok", "extras", ", ".join(there) or "none is installed", advice)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
