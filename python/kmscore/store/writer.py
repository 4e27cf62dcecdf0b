"""The one way to change a store: decide, change, announce, commit, audit, acknowledge.

The order of the steps is the consistency protocol: whoever calls after a change was acknowledged sees it, in every
process of the host, and no acknowledged change is missing from the audit log, wherever the process was killed.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from kmscore._core import StaleState, StateCounter
from kmscore.store.failpoints import reach
from kmscore.store.rows import Row, RowGuard, number
from kmscore.store.sqlite import Database

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import Connection

    from kmscore.store.transaction import Transaction

T = TypeVar("T")

# A cache that is further behind than this forgets everything.
CHANGES_KEPT = 100_000
_PRUNE_EVERY = 1_000
# Changes of one key or alias; a change of any other kind can turn every decision.
_NARROW_KINDS = ("key", "alias")


@dataclass(frozen=True)
class Change(Generic[T]):
    """A change to make, and how it is recorded."""

    work: Callable[[Transaction], T]
    """Makes the change. Whether there is anything for caches to forget decides whether the state is raised."""
    record: Callable[[T, int], str | None]
    """The audit record of the result, given the state it was made in; None when there is nothing to record."""
    append: Callable[[str], None]
    """Copies the committed record into the audit segment."""
    now: int
    """Microseconds since 1970."""
    decided_state: int | None = None
    """The state in which it was decided to make the change."""
    rests_on: frozenset[tuple[str, str]] = frozenset()
    """The keys and aliases that the decision rests on, as `change` names them."""
    after_destruction: Callable[[], object] | None = None
    """Run once the change is acknowledged, if it overwrote sealed records."""


@dataclass(frozen=True)
class _Made(Generic[T]):
    """A committed change."""

    result: T
    records: dict[str, str]
    """Outbox entry → audit record, in their order."""
    destroyed: bool


class Writer:
    """Runs changes one at a time; other processes are kept out by the database's write lock."""

    def __init__(self, database: Database, guard: RowGuard, counter: StateCounter, process: str) -> None:
        self.lock = threading.Lock()
        """Held by whoever writes to the database in this process."""
        self._database = database
        self._guard = guard
        self._counter = counter
        self._process = process
        self._copied: list[str] = []

    def write(self, change: Change[T]) -> T:
        """Make a change; when this returns, every process of the host sees it and it is in the audit log.

        Raises:
            StaleState: What the decision rests on has changed since; nothing was done.
        """
        with self.lock:
            made = self._transact(change)
        reach("after-even")
        for entry, record in made.records.items():
            change.append(record)
            self._copied.append(entry)
        reach("after-audit")
        if made.destroyed and change.after_destruction is not None:
            change.after_destruction()
        return made.result

    def copied_entries(self) -> list[str]:
        """Outbox entries whose record is in a segment by now."""
        return list(self._copied)

    def _transact(self, change: Change[T]) -> _Made[T]:
        announced: int | None = None
        copied = self.copied_entries()
        try:
            with self._database.transaction(write=True) as connection:
                reach("after-begin")
                made = self._apply(change, connection)
                self._forget_entries(connection, copied)
                reach("before-odd")
                # Also when nothing changed: the answer may rest on a change that its writer has not announced yet.
                announced = self._counter.begin()
                reach("before-commit")
        finally:
            if announced is not None:
                reach("after-commit")
                self._counter.end(announced)
        del self._copied[: len(copied)]
        return made

    def _apply(self, change: Change[T], connection: Connection) -> _Made[T]:
        from kmscore.store.transaction import Transaction

        transaction = Transaction(connection, self._guard, change.now)
        head = transaction.head()
        state = number(head, "state")
        if change.decided_state not in (None, state) and _is_stale(change, connection):
            raise StaleState(f"decided on state {change.decided_state}, the store is at {state}")
        result = change.work(transaction)
        reach("after-changes")
        if transaction.changes:
            state += 1
            self._raise_state(transaction, head, state)
        own = change.record(result, state)
        records = [event.record(change.now, state) for event in transaction.events]
        entries = {str(uuid.uuid4()): record for record in [*records, own] if record is not None}
        for entry, record in entries.items():
            outbox_row: Row = {"request_id": entry, "process": self._process, "state": state, "record": record}
            transaction.insert(_tables().audit_outbox, outbox_row)
        return _Made(result, entries, transaction.destroyed)

    def _raise_state(self, transaction: Transaction, head: Row, state: int) -> None:
        for kind, identifier in transaction.changes:
            transaction.insert(_tables().change, {"state": state, "kind": kind, "id": identifier})
        time_seen = max(number(head, "time_seen"), transaction.now)
        transaction.update(_tables().head, head, state=state, time_seen=time_seen)
        if state % _PRUNE_EVERY == 0:
            prune_changes(transaction.connection)

    def _forget_entries(self, connection: Connection, entries: list[str]) -> None:
        if entries:
            outbox = _tables().audit_outbox
            connection.execute(outbox.delete().where(outbox.c.request_id.in_(entries)))


def _is_stale(change: Change[T], connection: Connection) -> bool:
    """Whether anything that the decision rests on, or anything that is not about one key or alias, has changed."""
    from sqlalchemy import func, select

    table = _tables().change
    oldest = connection.execute(select(func.min(table.c.state))).scalar_one()
    if oldest is None or oldest > change.decided_state:
        return True
    since = select(table.c.kind, table.c.id).where(table.c.state > change.decided_state).distinct()
    changed = {(kind, identifier) for kind, identifier in connection.execute(since).fetchall()}
    narrow = {one for one in changed if one[0] in _NARROW_KINDS}
    return narrow != changed or not narrow.isdisjoint(change.rests_on)


def prune_changes(connection: Connection, keep: int = CHANGES_KEPT) -> None:
    """Delete all but the newest rows of `change`."""
    from sqlalchemy import func, select

    table = _tables().change
    newest = select(func.max(table.c.sequence)).scalar_subquery()
    connection.execute(table.delete().where(table.c.sequence <= newest - keep))


def _tables() -> ModuleType:
    """The tables, imported on first use: reads and opening do without SQLAlchemy."""
    from kmscore.store import schema as tables

    return tables
