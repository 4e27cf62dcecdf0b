"""How often keys are used: an index of the audit log, in a file of its own beside the store.

Nothing in it is the truth: it can be deleted, and is made again of the log. Whoever asks brings it up to date first, so
that it holds every call that was answered before, of whatever process.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias
from urllib.parse import quote

import msgspec

from kmscore import _core
from kmscore.audit.reading import event_id
from kmscore.config import Locations, locate
from kmscore.store import sqlite

MINUTE = 60
_MICROSECONDS = 1_000_000
_VERSION = 1
_DAMAGED = ("malformed", "not a database", "no such table", "no such column")

Metric: TypeAlias = Literal[
    "NumberOfRequestsSucceeded", "NumberOfRequestsFailed", "NumberOfRequestsThrottled", "KeyUsage"
]
Grouping: TypeAlias = Literal["key", "account", "region", "operation", "pair_spec", "via", "time"]

_METRICS: dict[Metric, str] = {
    "NumberOfRequestsSucceeded": "succeeded",
    "NumberOfRequestsFailed": "failed",
    "NumberOfRequestsThrottled": "throttled",
    "KeyUsage": "succeeded",
}
_COLUMNS: dict[Grouping, str] = {
    "key": "key",
    "account": "account",
    "region": "region",
    "operation": "operation",
    "pair_spec": "pair_spec",
    "via": "via",
}

_SCHEMA = f"""
CREATE TABLE segments (segment TEXT PRIMARY KEY, started INTEGER NOT NULL, offset INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE counts (
    minute INTEGER NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, key TEXT NOT NULL, operation TEXT NOT NULL,
    pair_spec TEXT NOT NULL, via TEXT NOT NULL, also INTEGER NOT NULL,
    succeeded INTEGER NOT NULL, failed INTEGER NOT NULL, throttled INTEGER NOT NULL,
    PRIMARY KEY (key, minute, operation, account, region, pair_spec, via, also)
) WITHOUT ROWID;
CREATE INDEX counts_by_minute ON counts (minute);
CREATE TABLE last_uses (
    key TEXT PRIMARY KEY, operation TEXT NOT NULL, time INTEGER NOT NULL, segment TEXT NOT NULL, line INTEGER NOT NULL,
    request_id TEXT NOT NULL, account TEXT NOT NULL
) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""


@dataclass(frozen=True)
class LastUse:
    """The last time a key did cryptographic work."""

    operation: str
    time: int
    """Microseconds since 1970."""
    event_id: str
    request_id: str


@dataclass(frozen=True)
class Filter:
    """Which calls are meant; None stands for all."""

    start: int | None = None
    """Seconds since 1970, rounded down to a minute."""
    end: int | None = None
    """The first minute that is not meant any more."""
    key: str | None = None
    """A key's ARN; "" for calls that came to no key."""
    account: str | None = None
    """The caller's."""
    region: str | None = None
    operation: str | None = None


@dataclass(frozen=True)
class Counted:
    """How many calls came to what."""

    group: tuple[str | int, ...]
    """What they have in common, as it was asked for; a time is in seconds since 1970."""
    succeeded: int
    failed: int
    throttled: int


class UsageIndex:
    """The index of one store. Use it in a `with` block."""

    def __init__(self, locations: Locations, *, coherent: bool = True) -> None:
        self._locations = locations
        self._coherent = coherent
        self._connection = self._open()

    @classmethod
    def of(cls, home: str | os.PathLike[str] | None = None) -> Self:
        """The index of the store in this directory, up to date.

        Args:
            home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.

        Raises:
            StoreError: There is no store, or its log cannot be read.
        """
        locations = locate(home)
        if not locations.database.exists():
            raise _core.StoreError(f"there is no store in {locations.home}; run `kmscore init`")
        index = cls(locations, coherent=_core.file_system_kind(str(locations.home))[1])
        index.update()
        return index

    def update(self) -> int:
        """Take in what the log has more by now; returns how many lines that was.

        Exact with several processes: each line is taken in by one of them, in one transaction with the note of it.
        """
        try:
            return self._update()
        except _Outdated:
            self.rebuild()
        except sqlite3.DatabaseError as error:
            if not any(part in str(error) for part in _DAMAGED):
                raise
            self.rebuild()
        return self._update()

    def rebuild(self) -> None:
        """Throw the index away and begin anew with an empty one."""
        self._connection.close()
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{self._locations.usage}{suffix}").unlink(missing_ok=True)
        self._connection = self._open()

    def counts(
        self,
        by: tuple[Grouping, ...] = (),
        chosen: Filter | None = None,
        *,
        period: int = MINUTE,
        once: bool = False,
    ) -> list[Counted]:
        """Add up calls.

        Args:
            by: What is told apart, in this order. A call of two keys is counted under both when keys are told apart or
                one is chosen, and once otherwise.
            chosen: Which calls.
            period: Seconds that belong together when times are told apart: a multiple of 60.
            once: A call of two keys is counted under the first of them alone in any case.

        Returns:
            One for each group that has calls, sorted by group.
        """
        if period < MINUTE or period % MINUTE:
            raise ValueError(f"a period is a multiple of {MINUTE} seconds, and {period} is none")
        chosen = chosen or Filter()
        seconds = f"minute * {MINUTE} / {period} * {period}"
        groups = [seconds if name == "time" else _COLUMNS[name] for name in by]
        conditions, values = _conditions(chosen, once=once or ("key" not in by and chosen.key is None))
        sums = "sum(succeeded), sum(failed), sum(throttled)"
        order = f"GROUP BY {', '.join(groups)} ORDER BY {', '.join(groups)}" if groups else ""
        statement = f"SELECT {', '.join([*groups, sums])} FROM counts WHERE {conditions} {order}"  # noqa: S608 Names of ours; values are bound.
        found = self._connection.execute(statement, values).fetchall()
        return [Counted(tuple(row[:-3]), *row[-3:]) for row in found if row[-1] is not None]

    def last_use(self, key: str) -> LastUse | None:
        """When a key last did cryptographic work.

        Args:
            key: Its ARN; primary and replica keys are told apart.
        """
        found = self._connection.execute(
            "SELECT operation, time, segment, line, request_id, account FROM last_uses WHERE key = ?", (key,)
        ).fetchone()
        if found is None:
            return None
        operation, time, segment, line, request_id, account = found
        owner = key.split(":")[4]
        # The owner of a key finds its own copy of another account's call.
        return LastUse(operation, time, event_id(segment, line, owner if owner != account else ""), request_id)

    def last_uses(self) -> dict[str, int]:
        """The last time of every key that was ever used: by ARN, microseconds since 1970."""
        return dict(self._connection.execute("SELECT key, time FROM last_uses").fetchall())

    def tracking_start(self) -> int | None:
        """When the oldest segment was begun: microseconds since 1970."""
        found: int | None = self._connection.execute("SELECT min(started) FROM segments").fetchone()[0]
        return found

    def metric(self, name: Metric, chosen: Filter | None = None, *, period: int = MINUTE) -> list[tuple[int, int]]:
        """A metric's values.

        Args:
            name: Its name. `KeyUsage` counts the successful cryptographic work of the chosen key.
            chosen: Which calls.
            period: Seconds that belong together: a multiple of 60.

        Returns:
            (Seconds since 1970, value) of each period that has one above zero.
        """
        if name == "KeyUsage":
            values: dict[int, int] = {}
            for counted in self.counts(("time", "operation"), chosen, period=period):
                time, operation = counted.group
                if operation in cryptographic_operations():
                    values[int(time)] = values.get(int(time), 0) + counted.succeeded
            return [(time, value) for time, value in sorted(values.items()) if value]
        found = self.counts(("time",), chosen, period=period)
        pairs = ((int(counted.group[0]), getattr(counted, _METRICS[name])) for counted in found)
        return [(time, value) for time, value in pairs if value]

    def moments(self, operation: str) -> dict[str, list[int]]:
        """The minutes in which an operation succeeded: by key ARN, in seconds since 1970, in order."""
        statement = (
            "SELECT key, minute FROM counts WHERE operation = ? AND succeeded > 0 AND NOT also ORDER BY key, minute"
        )
        found: dict[str, list[int]] = {}
        for key, minute in self._connection.execute(statement, (operation,)):
            found.setdefault(key, []).append(minute * MINUTE)
        return found

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> sqlite3.Connection:
        path = self._locations.usage
        with contextlib.suppress(FileExistsError):
            sqlite.create_file(path)
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=sqlite.BUSY_SECONDS,
        )
        with contextlib.suppress(sqlite3.DatabaseError):
            # What is no database shows in the first update, which makes it anew.
            connection.execute(f"PRAGMA journal_mode = {'WAL' if self._coherent else 'TRUNCATE'}").fetchall()
            connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _update(self) -> int:
        paths = sorted(self._locations.audit.glob("*.log"))
        if not self._has_news(paths):
            return 0
        lines = 0
        with self._transaction():
            known = dict(self._connection.execute("SELECT segment, offset FROM segments").fetchall())
            for path in paths:
                lines += self._take_in(path, known.get(path.stem))
        return lines

    def _has_news(self, paths: list[Path]) -> bool:
        """Whether any segment is longer than what was taken in of it: most questions come when nothing has changed."""
        if self._version() != _VERSION:
            return True
        known = dict(self._connection.execute("SELECT segment, offset FROM segments").fetchall())
        return any(path.stat().st_size != known.get(path.stem) for path in paths)

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with sqlite.immediate(self._connection):
            version = self._version()
            if version == 0:
                for statement in filter(None, (part.strip() for part in _SCHEMA.split(";"))):
                    self._connection.execute(statement)
            elif version != _VERSION:
                raise _Outdated
            yield

    def _take_in(self, path: Path, offset: int | None) -> int:
        size = path.stat().st_size
        if offset is not None and size < offset:
            # Cut off or replaced, which `verify` will say; what was counted of it cannot be told from the rest.
            raise _Outdated
        tally = _core.tally_segment(str(path), offset or 0)
        if offset is None:
            if tally["lines"] == 0:
                return 0
            started = _started(path)
            self._connection.execute("INSERT INTO segments VALUES (?, ?, ?)", (path.stem, started, tally["offset"]))
        else:
            self._connection.execute("UPDATE segments SET offset = ? WHERE segment = ?", (tally["offset"], path.stem))
        self._connection.executemany(
            "INSERT INTO counts (minute, account, region, key, operation, pair_spec, via, also, succeeded, failed, "
            "throttled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "succeeded = succeeded + excluded.succeeded, failed = failed + excluded.failed, "
            "throttled = throttled + excluded.throttled",
            ((*place, *what, *how_many) for place, what, how_many in tally["counts"]),
        )
        self._connection.executemany(
            "INSERT INTO last_uses VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "operation = excluded.operation, time = excluded.time, segment = excluded.segment, line = excluded.line, "
            "request_id = excluded.request_id, account = excluded.account WHERE excluded.time >= time",
            _last_use_rows(path.stem, tally["last_uses"]),
        )
        return int(tally["lines"])


class _Outdated(Exception):
    """The index is not one of this log, or not one of this version: it has to be made anew."""


def cryptographic_operations() -> frozenset[str]:
    """The operations that use a key, as GetKeyLastUsage sees it."""
    rows = _core.operations()
    return frozenset(row["name"] for row in rows if row["body"] == "engine" and row["name"] not in _NO_USE)


_NO_USE = ("GetPublicKey", "GenerateRandom")


def _last_use_rows(segment: str, found: Iterable[tuple[str, str, int, int, str, str]]) -> Iterator[tuple[Any, ...]]:
    for key, operation, time, line, request_id, account in found:
        yield key, operation, time, segment, line, request_id, account


def _started(path: Path) -> int:
    with path.open("rb") as file:
        header = file.readline().rpartition(b"\t")[0]
    try:
        return int(msgspec.json.decode(header)["time"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return round(path.stat().st_ctime * _MICROSECONDS)


def _conditions(chosen: Filter, *, once: bool) -> tuple[str, list[str | int]]:
    found: list[tuple[str, str | int]] = []
    if chosen.start is not None:
        found.append(("minute >= ?", chosen.start // MINUTE))
    if chosen.end is not None:
        found.append(("minute < ?", -(-chosen.end // MINUTE)))
    for name in ("key", "account", "region", "operation"):
        value = getattr(chosen, name)
        if value is not None:
            found.append((f"{name} = ?", value))
    conditions = [condition for condition, _ in found]
    if once:
        conditions.append("NOT also")
    return " AND ".join(conditions) or "TRUE", [value for _, value in found]
