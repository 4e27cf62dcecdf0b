"""Which audit segments there are, whose they are, and which committed records still have to reach one."""

import mmap
import os
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from kmscore.store import sqlite
from kmscore.store.failpoints import reach
from kmscore.store.locks import FileLock
from kmscore.store.rows import Row, RowGuard, text

# Segments without a closing entry: their process runs, or died.
_OPEN = "closed_lines IS NULL AND lost = 0"


class Process:
    """This process among those that have the store open: a locked file that the system frees when it dies."""

    def __init__(self, directory: Path) -> None:
        self.name = secrets.token_hex(16)
        self._lock = FileLock(directory / self.name)
        self._lock.acquire()

    def end(self) -> None:
        """Leave: the process wrote its last record."""
        self._lock.path.unlink(missing_ok=True)
        self._lock.release()


def is_running(directory: Path, process: str) -> bool:
    """Whether the process of this name still runs."""
    path = directory / process
    if not path.exists():
        return False
    # Shared, so that two processes that ask at once do not take each other for the one they ask about.
    probe = FileLock(path, shared=True)
    if not probe.try_acquire():
        return True
    probe.release()
    return False


def sweep_processes(directory: Path) -> None:
    """Remove the files of dead processes. The caller holds the opening lock, so that no process is just being born."""
    for path in directory.iterdir():
        if not is_running(directory, path.name):
            path.unlink(missing_ok=True)


class Segments:
    """The tables `audit_segments` and `audit_outbox`, over one raw connection used under the writer's lock."""

    def __init__(self, connection: sqlite3.Connection, guard: RowGuard, directory: Path) -> None:
        self._connection = connection
        self._guard = guard
        self._directory = directory

    def register(self, segment_id: str, process: str, start_state: int, now: int) -> None:
        """Register a segment before its first record."""
        row: Row = {
            "segment_id": segment_id,
            "process": process,
            "start_state": start_state,
            "created": now,
            "closed_lines": None,
            "closed_tag": None,
            "lost": 0,
        }
        with sqlite.immediate(self._connection):
            sqlite.insert(self._connection, "audit_segments", self._guard.signed("audit_segments", row))

    def registered(self) -> list[Row]:
        """All registered segments, oldest first."""
        return self._rows("TRUE")

    def close(self, heads: Mapping[str, tuple[int, str]]) -> None:
        """Write the closing entries of segments that get no more records: their number of lines and last tag."""
        with sqlite.immediate(self._connection):
            for segment_id, (lines, tag) in heads.items():
                for row in self._rows("segment_id = ?", segment_id):
                    self._replace(row, closed_lines=lines, closed_tag=tag)

    def close_dead(self, is_dead: Callable[[str], bool]) -> None:
        """Write the closing entries of segments whose process died."""
        heads = {}
        for row in self._rows(_OPEN):
            if is_dead(text(row, "process")):
                head = read_head(self.path(text(row, "segment_id")))
                if head is not None:
                    heads[text(row, "segment_id")] = head
        if heads:
            self.close(heads)

    def missing(self) -> list[str]:
        """Registered segments whose file is gone, unless that was accepted."""
        there = {path.stem for path in self._directory.glob("*.log")}
        statement = "SELECT segment_id FROM audit_segments WHERE lost = 0 ORDER BY created"
        return [found for (found,) in self._connection.execute(statement).fetchall() if found not in there]

    def accept_loss(self, segment_ids: list[str]) -> None:
        """Mark segments as lost."""
        with sqlite.immediate(self._connection):
            for segment_id in segment_ids:
                for row in self._rows("segment_id = ?", segment_id):
                    self._replace(row, lost=1)

    def note(self, request_id: str, process: str, state: int, record: str) -> None:
        """Put a record into the outbox; it reaches a segment with the next `recover`."""
        row: Row = {"request_id": request_id, "process": process, "state": state, "record": record}
        with sqlite.immediate(self._connection):
            sqlite.insert(self._connection, "audit_outbox", row)

    def outbox(self) -> list[Row]:
        """Records that may not have reached a segment, in the order of their states."""
        return sqlite.rows(self._connection, "SELECT * FROM audit_outbox ORDER BY state, rowid")

    def recover(self, process: str, is_dead: Callable[[str], bool], append: Callable[[str], None]) -> int:
        """Copy what dead processes committed and did not bring into their segments; returns how many records."""
        recovered = 0
        for row in self.outbox():
            owner = text(row, "process")
            if owner != process and not is_dead(owner):
                continue
            if not self.holds(row):
                self._adopt(text(row, "request_id"), process)
                reach("outbox-adopted")
                append(text(row, "record"))
                recovered += 1
                reach("outbox-copied")
            self.forget([text(row, "request_id")])
        return recovered

    def holds(self, entry: Row) -> bool:
        """Whether an outbox entry's record stands in a segment of its process."""
        needle = text(entry, "record").removeprefix("{").encode() + b"\t"
        owned = self._rows("process = ?", text(entry, "process"))
        return any(_has_line(self.path(text(row, "segment_id")), needle) for row in owned)

    def forget(self, request_ids: list[str]) -> None:
        """Remove outbox entries whose records are in a segment."""
        with sqlite.immediate(self._connection):
            self._connection.executemany(
                "DELETE FROM audit_outbox WHERE request_id = ?", [(one,) for one in request_ids]
            )

    def path(self, segment_id: str) -> Path:
        """The file of a segment."""
        return self._directory / f"{segment_id}.log"

    def _rows(self, where: str, *parameters: str) -> list[Row]:
        statement = f"SELECT * FROM audit_segments WHERE {where} ORDER BY created, segment_id"
        found = sqlite.rows(self._connection, statement, parameters)
        return [self._guard.verified("audit_segments", row) for row in found]

    def _adopt(self, request_id: str, process: str) -> None:
        # Whoever dies between copying and forgetting must be found to have copied.
        with sqlite.immediate(self._connection):
            statement = "UPDATE audit_outbox SET process = ? WHERE request_id = ?"
            self._connection.execute(statement, (process, request_id))

    def _replace(self, row: Row, **changed: int | str) -> None:
        signed = self._guard.signed("audit_segments", {**row, **changed})
        sqlite.update(self._connection, "audit_segments", "segment_id", signed)


def _has_line(path: Path, needle: bytes) -> bool:
    """Whether a file holds a whole line with these bytes; a torn line does not count."""
    if not path.exists() or path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.rfind(needle)
        return at >= 0 and content.find(b"\n", at) >= 0


def read_head(path: Path) -> tuple[int, str] | None:
    """The number of whole lines and the last tag of a segment that nobody writes to."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    with path.open("rb") as file:
        lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        file.seek(max(0, os.fstat(file.fileno()).st_size - (1 << 20)))
        whole = file.read().split(b"\n")[:-1]
    return (lines, whole[-1].rsplit(b"\t", 1)[-1].decode(errors="replace")) if whole else None
