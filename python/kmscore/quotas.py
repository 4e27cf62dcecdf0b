"""Quotas of AWS KMS: the table `quotas.toml`, and what a client says in its place."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from kmscore._core import check_request_quotas

Given: TypeAlias = str | os.PathLike[str] | Mapping[str, Any]
"""`"aws"`, the path of a TOML file, or a mapping; the last two have the form of `quotas.toml`."""

_OVERRIDABLE = "keys_per_region"


@dataclass(frozen=True)
class Quotas:
    """The quotas that an engine enforces."""

    requests: dict[str, dict[str, float]]
    """Requests a second, by class of calls, then Region or `default`."""
    keys_per_region: int


def chosen(given: Given) -> Quotas:
    """The quotas that a client asks for.

    Args:
        given: `"aws"` for those of AWS KMS; a path or a mapping for those that differ from them.

    Raises:
        ValueError: It names a quota that AWS KMS does not have, or that cannot be changed, or is no number.
        OSError: The file cannot be read.
    """
    changed = _read(given)
    for name in ("requests", "resources"):
        if not isinstance(changed.get(name, {}), Mapping):
            raise ValueError(f"quotas has {name} = {changed[name]!r}, which is no table")  # noqa: TRY004 - of a file.
    unknown = changed.keys() - {"dated", "requests", "resources"}
    unknown |= changed.get("resources", {}).keys() - {_OVERRIDABLE}
    if unknown:
        raise ValueError(
            f"quotas has {', '.join(sorted(map(repr, unknown)))}: it takes requests, and resources with {_OVERRIDABLE}"
        )
    resources = {**RESOURCES, **changed.get("resources", {})}
    keys = resources[_OVERRIDABLE]
    if not isinstance(keys, int) or isinstance(keys, bool) or keys < 0:
        raise ValueError(f"quotas has {_OVERRIDABLE} = {keys!r}, which is no number of keys")
    requests = {**_table()["requests"], **changed.get("requests", {})}
    by_region = {name: _by_region(name, rate) for name, rate in requests.items()}
    check_request_quotas(by_region)
    return Quotas(by_region, keys)


def _read(given: Given) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    if given == "aws":
        return {}
    try:
        return tomllib.loads(Path(given).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"quotas: {os.fspath(given)} is no TOML file: {error}") from error


def _by_region(name: str, rate: Any) -> dict[str, float]:
    rates = rate if isinstance(rate, Mapping) else {"default": rate}
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in rates.values()):
        raise ValueError(f"quotas has {name} = {rate!r}, which is no number of requests a second")
    return {region: float(value) for region, value in rates.items()}


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("kmscore").joinpath("quotas.toml").read_text(encoding="utf-8"))


RESOURCES: dict[str, int] = _table()["resources"]
"""How many of something there may be."""
