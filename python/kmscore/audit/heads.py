"""Heads of segments for a sink outside: whoever has them can tell that records were cut off or replaced."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from kmscore._core import StoreError
from kmscore.audit.reading import segments
from kmscore.config import locate
from kmscore.store.segments import read_head


@dataclass(frozen=True)
class Head:
    """How far a segment had come at some moment."""

    store: str
    segment: str
    lines: int
    tag: str
    """Of the last of these lines."""
    time: int
    """Of the moment: microseconds since 1970."""


def heads(home: str | os.PathLike[str] | None, now: int) -> list[Head]:
    """The heads of all segments as they are now.

    Args:
        home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.
        now: Microseconds since 1970.
    """
    found = []
    for path in segments(locate(home)):
        head = read_head(path)
        if head is not None:
            found.append(Head(_store_of(path), path.stem, *head, now))
    return found


def append_heads(path: str | os.PathLike[str], found: list[Head]) -> None:
    """Append heads to a file, one JSON object a line; when this returns they are on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{head_text(head)}\n" for head in found)
        file.flush()
        os.fsync(file.fileno())


def head_text(head: Head) -> str:
    """The JSON of a head."""
    return json.dumps(asdict(head), separators=(",", ":"))


def read_heads(path: str | os.PathLike[str], store: str) -> list[Head]:
    """The heads in a file, of one store.

    Args:
        path: What `append_heads` wrote.
        store: The store's id, 32 hex digits.

    Raises:
        StoreError: A line is no head, or no head is of this store.
    """
    found = []
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                head = msgspec.json.decode(line, type=Head)
            except msgspec.DecodeError as error:
                raise StoreError(f"line {number} of {os.fspath(path)} is not the head of a segment: {error}") from error
            if head.lines < 1:
                raise StoreError(f"line {number} of {os.fspath(path)} is not the head of a segment: it has no lines")
            found.append(head)
    own = [head for head in found if head.store == store]
    if not own:
        raise StoreError(f"{os.fspath(path)} has no head of a segment of this store")
    return own


def _store_of(path: Path) -> str:
    with path.open("rb") as file:
        header = file.readline().rpartition(b"\t")[0]
    try:
        return str(msgspec.json.decode(header)["store"])
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise StoreError(f"{path} does not begin with the header of a segment; run `kmscore audit verify`") from error
