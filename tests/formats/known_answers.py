"""Loads the known answers of kmscore's own formats."""

import json
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).resolve().parents[2] / "vectors" / "kmscore"


def load(name: str) -> dict[str, Any]:
    """One file of known answers."""
    content: dict[str, Any] = json.loads((DIRECTORY / f"{name}.json").read_text())
    return content


def vectors(name: str) -> list[dict[str, Any]]:
    """The list in a file of known answers."""
    found: list[dict[str, Any]] = load(name)["vectors"]
    return found
