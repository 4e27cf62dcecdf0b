"""Answers on standard output."""

from __future__ import annotations

import base64
import json
import sys
from datetime import datetime
from typing import Any


def json_text(answer: Any) -> str:
    """JSON with bytes in base64 and times in ISO 8601; boto3's ResponseMetadata is left out."""
    if isinstance(answer, dict):
        answer = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    return json.dumps(answer, indent=2, default=_plain, ensure_ascii=False)


def table(columns: list[str], rows: list[list[str]]) -> None:
    """A table for a person; never cut off when it goes into a file or a pipe."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        # The first column names the row and is copied from the screen: it is never broken.
        drawn.add_column(column, no_wrap=number == 0, overflow="fold", min_width=_width(rows) if number == 0 else None)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(width=console_width(), highlight=False).print(drawn)


def console_width() -> int | None:
    """The terminal's own width, or one that nothing is broken at."""
    # Python has no standard output when it was closed before (`>&-`). Nothing is shown then, as of an answer in JSON.
    return None if sys.stdout is not None and sys.stdout.isatty() else 1000


def counted(number: int, thing: str) -> str:
    """`1 key`, `2 keys`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """A text from elsewhere, such as a file's name, that a terminal may be given: what is not printable is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def day_and_time(time: datetime | None) -> str:
    """A time as a table shows it."""
    return "" if time is None else f"{time:%Y-%m-%d %H:%M:%S}Z"


def _width(rows: list[list[str]]) -> int:
    return max(len(row[0]) for row in rows)


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
