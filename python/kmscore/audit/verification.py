"""Checking that the audit log is as it was written."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kmscore import _core
from kmscore._core import StoreError, verify_segment
from kmscore.audit.heads import Head, read_heads
from kmscore.config import Locations, locate
from kmscore.root_keys import Passphrase
from kmscore.store import opening, sqlite
from kmscore.store.opening import Unlocked
from kmscore.store.rows import Row, RowGuard, number, text
from kmscore.store.segments import Segments, is_running

_TAG = 32
"""Bytes of a line's tag."""


@dataclass(frozen=True)
class Problem:
    """Something in the audit log is not as kmscore left it."""

    segment: str
    kind: str
    """`missing`, `bad-line`, `torn-tail`, `too-short`, `unregistered` or `unrecorded`."""
    text: str
    line: int | None = None


@dataclass
class Report:
    """What `verify` found."""

    segments: int = 0
    records: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is not wrong, but worth saying: losses that were accepted, segments still being written."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(
    home: str | os.PathLike[str] | None = None,
    *,
    passphrase: Passphrase | None = None,
    heads: str | os.PathLike[str] | None = None,
) -> Report:
    """Check every line of every registered audit segment, and that none is missing.

    Args:
        home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.
        passphrase: When the root key is one.
        heads: A file to which `kmscore audit heads` wrote: every head in it must still be there.

    Returns:
        All problems, each naming its segment and, where there is one, the first bad line.

    Raises:
        StoreError: The store cannot be unlocked, so that nothing can be checked; or `heads` has no heads of it.
    """
    locations = locate(home)
    if not locations.database.exists():
        raise StoreError(f"there is no store in {locations.home}")
    coherent = _core.file_system_kind(str(locations.home))[1]
    # Where processes do not see each other's changes, none may look while another works.
    alone = None if coherent else opening.claim(locations, exclusive=True)
    try:
        unlocked = opening.unlock(locations, passphrase, coherent=coherent)
        witnessed = read_heads(heads, unlocked.hierarchy.store_id.hex()) if heads is not None else []
        return _verify(unlocked, witnessed, coherent=coherent)
    finally:
        if alone is not None:
            alone.release()


def _verify(unlocked: Unlocked, witnessed: Sequence[Head], *, coherent: bool) -> Report:
    locations = unlocked.locations
    anchor = unlocked.hierarchy.read_anchor(str(unlocked.configuration.anchor))
    anchored: dict[str, Any] = anchor["segments"] if anchor else {}
    report = Report()
    connection = sqlite.connect(locations.database, coherent=coherent)
    try:
        segments = Segments(connection, RowGuard(unlocked.hierarchy), locations.audit)
        registered = segments.registered()
        for row in registered:
            segment_id = text(row, "segment_id")
            said = [("the anchor", anchored[segment_id])] if segment_id in anchored else []
            said += [("the file of heads", (head.lines, head.tag)) for head in witnessed if head.segment == segment_id]
            _check_segment(report, unlocked, segments, row, said)
        known = {text(row, "segment_id") for row in registered}
        _check_names(report, known, set(anchored), "the anchor")
        _check_names(report, known, {head.segment for head in witnessed} - set(anchored), "the file of heads")
        _check_strays(report, locations, known)
        _check_outbox(report, locations, segments)
    finally:
        connection.close()
    return report


def _check_segment(
    report: Report, unlocked: Unlocked, segments: Segments, row: Row, said: list[tuple[str, tuple[int, str]]]
) -> None:
    segment_id = text(row, "segment_id")
    path = segments.path(segment_id)
    report.segments += 1
    if not path.exists():
        _missing(report, segment_id, path, accepted=row["lost"] == 1)
        return
    if row["closed_lines"] is not None:
        closed = (number(row, "closed_lines"), text(row, "closed_tag"))
        said = [("its closing entry in the store", closed), *said]
    found = verify_segment(str(path), unlocked.root, unlocked.hierarchy.store_id, unlocked.domain_rows)
    report.records += max(0, found["lines"] - 1)
    problem = _line_problem(found, segment_id, path)
    for said_by, head in said:
        problem = problem or _short_problem(found, segment_id, said_by, head)
    if problem:
        report.problems.append(problem)


def _missing(report: Report, segment_id: str, path: Path, *, accepted: bool) -> None:
    if accepted:
        report.notes.append(f"segment {segment_id} is missing; its loss was accepted")
    else:
        report.problems.append(Problem(segment_id, "missing", f"audit segment {path} is missing"))


def _line_problem(found: dict[str, Any], segment_id: str, path: Path) -> Problem | None:
    line = found["bad_line"]
    if line is not None:
        return Problem(segment_id, "bad-line", f"line {line} of {path}: {found['reason']}", line)
    if found["torn"]:
        return Problem(segment_id, "torn-tail", f"{path} ends in the middle of line {found['lines']}", found["lines"])
    return None


def _short_problem(found: dict[str, Any], segment_id: str, said_by: str, head: tuple[int, str]) -> Problem | None:
    lines, tag = head
    if found["lines"] < lines:
        return Problem(
            segment_id, "too-short", f"segment {segment_id} has {found['lines']} lines; {said_by} says {lines}"
        )
    if found["tags"][_TAG * (lines - 1) : _TAG * lines].hex() != tag:
        return Problem(
            segment_id,
            "bad-line",
            f"line {lines - 1} of segment {segment_id} is not the one {said_by} names",
            lines - 1,
        )
    return None


def _check_names(report: Report, registered: set[str], named: set[str], said_by: str) -> None:
    for segment_id in sorted(named - registered):
        fault = f"segment {segment_id} is in {said_by}, and the store does not know it any more"
        report.problems.append(Problem(segment_id, "missing", fault))


def _check_strays(report: Report, locations: Locations, registered: set[str]) -> None:
    for path in sorted(locations.audit.glob("*.log")):
        # A process that was killed between making the file and registering it left a header and no record.
        if path.stem not in registered and _record_count(path) > 0:
            fault = f"{path} has records, and was never registered in this store"
            report.problems.append(Problem(path.stem, "unregistered", fault))


def _check_outbox(report: Report, locations: Locations, segments: Segments) -> None:
    for entry in segments.outbox():
        if segments.holds(entry):
            continue
        request_id = json.loads(text(entry, "record"))["id"]
        if is_running(locations.processes, text(entry, "process")):
            report.notes.append(f"the record of request {request_id} is on its way into a segment")
        else:
            fault = f"request {request_id} was committed and not recorded; it will be when the store is opened next"
            report.problems.append(Problem("", "unrecorded", fault))


def _record_count(path: Path) -> int:
    with path.open("rb") as file:
        return max(0, sum(1 for line in file if line.endswith(b"\n")) - 1)
