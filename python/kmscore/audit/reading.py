"""Reading the audit log, unchecked: `verify` says whether it is as it was written."""

from __future__ import annotations

import heapq
import mmap
import os
import uuid
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from kmscore._core import IntegrityError, StoreError
from kmscore.config import Locations, locate

AuditRecord: TypeAlias = dict[str, Any]
"""A parsed line (docs/formats.md, "Audit segment"), with its segment's id as `segment`."""

SUCCESS = "Success"
SERVICE = "service"
"""The caller of what the service does on its own."""

_EVENTS = uuid.UUID("6b6d7363-6f72-4e65-8a75-646974206964")
_decode = msgspec.json.Decoder().decode


def records(home: str | os.PathLike[str] | None = None) -> Iterator[AuditRecord]:
    """All records of all segments in the order of time, unchecked.

    Args:
        home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.

    Yields:
        The parsed lines, each with its segment; headers are left out.

    Raises:
        IntegrityError: A line is not JSON, a tab and a tag; `verify` names it.
    """
    return heapq.merge(*(_segment_records(path) for path in segments(locate(home))), key=moment)


def tail(home: str | os.PathLike[str] | None = None, *, count: int = 20) -> list[AuditRecord]:
    """The newest records.

    Args:
        home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.
        count: How many.

    Returns:
        The parsed lines, oldest first.
    """
    return list(deque(records(home), maxlen=count))


def find(home: str | os.PathLike[str] | None, member: str, value: str) -> Iterator[AuditRecord]:
    """The records of which a member of the whole record has this text, segment by segment.

    Args:
        home: The store's directory.
        member: Such as `id` or `blob`.
        value: Letters, digits and hyphens.
    """
    needle = f'"{member}":"{value}"'.encode()
    for path in segments(locate(home)):
        for line in _lines_with(path, needle):
            record = parse_line(path, line)
            # Texts that callers sent may look the same.
            if record.get(member) == value:
                yield record


def segments(locations: Locations) -> list[Path]:
    """The files of all segments.

    Raises:
        StoreError: There is no store.
    """
    if not locations.database.exists():
        raise StoreError(f"there is no store in {locations.home}; run `kmscore init`")
    return sorted(locations.audit.glob("*.log"))


def moment(record: AuditRecord) -> tuple[int, int]:
    """What records are ordered by."""
    return record["time"], record["state"]


def parse_line(path: Path, line: bytes, number: int | None = None) -> AuditRecord:
    """The record in a whole line of a segment, which has this number.

    Raises:
        IntegrityError: There is none in it.
    """
    try:
        record: AuditRecord = _decode(line.rpartition(b"\t")[0])
    except msgspec.DecodeError as error:
        place = "a line" if number is None else f"line {number}"
        raise IntegrityError(f"{place} of {path} is not an audit record: {error}") from error
    return {**record, "segment": path.stem}


def event_id(segment: str, line: int, account: str = "") -> str:
    """The CloudTrail event id of a line: always the same one.

    Args:
        segment: The segment's id.
        line: The record's `n`.
        account: The account that owns the key, for that account's copy of another one's call.
    """
    return str(uuid.uuid5(_EVENTS, f"{segment}/{line}/{account}"))


def account_of(record: AuditRecord) -> str:
    """The caller's account; empty for what the service did on its own."""
    if "account" in record:
        return str(record["account"])
    parts = str(record["caller"]).split(":")
    return parts[4] if len(parts) > 4 else ""


def key_arns(record: AuditRecord) -> list[str]:
    """The ARNs of the keys a call was about."""
    return [arn for arn in record.get("resources", []) if ":key/" in arn]


def _segment_records(path: Path) -> Iterator[AuditRecord]:
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if number > 0 and line.endswith(b"\n"):
                yield parse_line(path, line, number)


def _lines_with(path: Path, needle: bytes) -> Iterator[bytes]:
    """The whole lines of a file that hold these bytes."""
    if path.stat().st_size == 0:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.find(needle)
        while at >= 0:
            start, end = content.rfind(b"\n", 0, at) + 1, content.find(b"\n", at)
            if end < 0:
                return
            yield content[start:end]
            at = content.find(needle, end)
