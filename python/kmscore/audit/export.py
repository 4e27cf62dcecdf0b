"""Writing records for others to read: CloudTrail's log files, JSON lines, either compressed."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias

from kmscore.audit.cloudtrail import cloudtrail_events
from kmscore.audit.identities import UniqueIds
from kmscore.audit.reading import AuditRecord

Form: TypeAlias = Literal["cloudtrail", "json-lines", "stored"]
"""A CloudTrail log file; one CloudTrail record a line; one stored record a line."""


def export(
    found: Iterable[AuditRecord], target: Path, form: Form, known: UniqueIds, *, account: str | None = None
) -> int:
    """Write records to a file, which must not be there yet. A name that ends with `.gz` makes it compressed.

    Args:
        found: The records.
        target: The file.
        form: In what form.
        known: Unique ids of users and roles.
        account: Only the events that this account would see.

    Returns:
        How many were written.
    """
    partial = target.with_name(f".{target.name}.partial")
    with _created(partial) as file:
        written = write(found, file, form, known, account=account)
    try:
        # Unlike a rename, a link never takes the place of what is there.
        os.link(partial, target)
    finally:
        partial.unlink()
    return written


def write(
    found: Iterable[AuditRecord], file: IO[str], form: Form, known: UniqueIds, *, account: str | None = None
) -> int:
    """Write records to an open file; see `export`."""
    items = _items(found, form, known, account)
    written = 0
    if form == "cloudtrail":
        file.write('{"Records":[')
    for written, item in enumerate(items, 1):
        if form == "cloudtrail" and written > 1:
            file.write(",\n")
        file.write(json.dumps(item, ensure_ascii=False, separators=(",", ":")))
        if form != "cloudtrail":
            file.write("\n")
    if form == "cloudtrail":
        file.write("]}\n")
    return written


def _items(found: Iterable[AuditRecord], form: Form, known: UniqueIds, account: str | None) -> Iterator[dict[str, Any]]:
    for record in found:
        if form == "stored":
            yield record
            continue
        events = cloudtrail_events(record, known)
        yield from (event for event in events if account in (None, event["recipientAccountId"]))


@contextmanager
def _created(path: Path) -> Iterator[IO[str]]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            if ".gz" in path.suffixes:
                with gzip.open(raw, "wt", encoding="utf-8") as file:
                    yield file
            else:
                with open(raw.fileno(), "w", encoding="utf-8", closefd=False) as file:
                    yield file
            raw.flush()
            os.fsync(raw.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
