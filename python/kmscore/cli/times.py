"""Moments on the command line."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from kmscore.cli.failures import CommandLineError

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"(\d+)([smhdw])")

HELP = "A time such as 2026-11-25 or 2026-11-25T09:30+01:00 (UTC unless it says), or how long ago: 90m, 24h, 7d."


def moment(text: str | None) -> int | None:
    """A moment in microseconds since 1970.

    Args:
        text: An ISO 8601 date or time, or how long ago (`24h`); None stays None.

    Raises:
        CommandLineError: It is neither.
    """
    if text is None:
        return None
    if ago := _AGO.fullmatch(text):
        return round((time.time() - int(ago[1]) * _UNITS[ago[2]]) * 1e6)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandLineError(f"{text!r} is no time: give one such as 2026-11-25T09:30 or 24h (ago)") from error
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1e6)
