"""Following the log as it grows, over all segments and those that are still to come."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

from kmscore.audit.reading import AuditRecord, moment, parse_line, segments
from kmscore.config import locate

POLL_SECONDS = 0.2
_LONGEST_LINE = 1 << 20


def follow(
    home: str | os.PathLike[str] | None = None,
    *,
    from_start: bool = False,
    stop: threading.Event | None = None,
    poll_seconds: float = POLL_SECONDS,
) -> Iterator[AuditRecord]:
    """Records as they are written, by whatever process.

    Args:
        home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.
        from_start: Also those that are there already.
        stop: Ends it; without it there is no end.
        poll_seconds: How often to look.

    Returns:
        The parsed lines; those that came between two looks are in the order of time. What the first look finds is
        fixed when this returns.
    """
    locations = locate(home)
    places = {path: 0 if from_start else _whole_length(path) for path in segments(locations)}
    ended = stop or threading.Event()

    def grow() -> Iterator[AuditRecord]:
        while True:
            last = ended.is_set()
            for path in segments(locations):
                places.setdefault(path, 0)
            yield from sorted((record for path in places for record in _news(path, places)), key=moment)
            if last:
                return
            ended.wait(poll_seconds)

    return grow()


def _news(path: Path, places: dict[Path, int]) -> list[AuditRecord]:
    if not path.exists():
        return []
    found = []
    with path.open("rb") as file:
        file.seek(places[path])
        for line in file:
            if not line.endswith(b"\n"):
                break
            if places[path] > 0:
                found.append(parse_line(path, line))
            places[path] += len(line)
    return found


def _whole_length(path: Path) -> int:
    """The length of a segment up to the end of its last whole line."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - _LONGEST_LINE)
        file.seek(start)
        return start + file.read(size - start).rfind(b"\n") + 1
