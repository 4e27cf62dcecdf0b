"""One open store: the port through which the engine reads, and the way control-plane operations change it."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from kmscore._core import Clock, ControlCall, ForkedError, KeyHierarchy, StateCounter
from kmscore.arns import principal_arn
from kmscore.config import Locations
from kmscore.store import sqlite
from kmscore.store.forks import holding_off_forks
from kmscore.store.reader import Reader
from kmscore.store.rows import RowGuard, text
from kmscore.store.segments import Process, Segments, is_running, sweep_processes
from kmscore.store.service_events import service_record
from kmscore.store.writer import Change, Writer

if TYPE_CHECKING:
    from kmscore.store.key_quota import KeyQuota
    from kmscore.store.transaction import Transaction, View

T = TypeVar("T")
MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class AccessKey:
    """Whose an access key is."""

    account: str
    arn: str
    active: bool


class Store:
    """What the engine asks of a store, over SQLite."""

    def __init__(
        self,
        locations: Locations,
        hierarchy: KeyHierarchy,
        *,
        counter: StateCounter,
        clock: Clock,
        coherent: bool = True,
    ) -> None:
        self.locations = locations
        self.hierarchy = hierarchy
        self.clock = clock
        self.process = Process(locations.processes)
        self.guard = RowGuard(hierarchy)
        self.database = sqlite.Database(locations.database, coherent=coherent)
        self.reader = Reader(self.database.connect, self.guard)
        self.writer = Writer(self.database, self.guard, counter, self.process.name)
        self._raw = self.database.connect()
        self.segments = Segments(self._raw, self.guard, locations.audit)
        self.append_service_record: Callable[[str], None] | None = None
        """Copies the record of a service event into the audit segment; set when the engine runs."""
        self.key_quota: KeyQuota | None = None
        """Bounds the number of KMS keys; None when quotas are off."""
        self._owner = os.getpid()

    # -- what the engine asks ---------------------------------------------------------------------------------------

    @holding_off_forks
    def head_state(self) -> int:
        """`head.state` now: one quick read."""
        return self.reader.head_state()

    @holding_off_forks
    def changes_since(self, state: int) -> tuple[int, list[tuple[str, str]] | None]:
        """The state now and what changed since; None: forget everything."""
        return self.reader.changes_since(state)

    @holding_off_forks
    def load_key(self, region: str, key_id: str) -> dict[str, Any] | None:
        """A key's verified row, once everything that is due was done to it."""
        row = self.reader.load_key(region, key_id)
        if row is None or row["due"] is None or row["due"] > self.now():
            return row
        from kmscore.lifecycle import do_due_work

        do_due_work(self, region, key_id)
        return self.reader.load_key(region, key_id)

    @holding_off_forks
    def load_alias(self, account: str, region: str, name: str) -> str | None:
        """The verified key id an alias stands for."""
        return self.reader.load_alias(account, region, name)

    @holding_off_forks
    def load_grants(self, region: str, key_id: str, grantees: list[str]) -> list[dict[str, Any]]:
        """The verified grants of a key to any of these principals."""
        return self.reader.load_grants(region, key_id, grantees)

    @holding_off_forks
    def load_grant(self, region: str, key_id: str, grant_id: str) -> dict[str, Any] | None:
        """One verified grant of a key."""
        return self.reader.load_grant(region, key_id, grant_id)

    @holding_off_forks
    def load_identity(self, account: str, kind: str, name: str) -> dict[str, Any]:
        """What the store says of a principal and its account."""
        return self.reader.load_identity(account, kind, name)

    @holding_off_forks
    def load_access_key(self, access_key_id: str) -> AccessKey | None:
        """Whose an access key is; None when the store does not know it."""
        self.require_own_process()
        found = self.reader.load_access_key(access_key_id)
        if found is None:
            return None
        key, user = found
        account, kind, path, name = (text(user, column) for column in ("account", "kind", "path", "name"))
        return AccessKey(account, principal_arn(account, kind, path, name), key["status"] == "Active")

    @holding_off_forks
    def make_managed_key(self, account: str, region: str, name: str) -> bool:
        """Make the AWS managed key of an alias, unless there is one; False when no AWS service has this alias."""
        from kmscore.operations.managed_keys import make_managed_key

        self.require_own_process()
        return make_managed_key(self, account, region, name)

    @holding_off_forks
    def custom_key_store(self, account: str, region: str, store_id: str) -> tuple[str, str] | None:
        """Type and connection state of a custom key store."""
        return self.reader.load_custom_key_store(account, region, store_id, self.now())

    @holding_off_forks
    def open_segment(self, segment_id: str, start_state: int) -> None:
        """Register an audit segment before its first record."""
        with self.writer.lock:
            self.segments.register(segment_id, self.process.name, start_state, self.now())

    @holding_off_forks
    def handle(self, call: ControlCall) -> dict[str, Any]:
        """Run a control-plane operation.

        Raises:
            ClientError: One of `kmscore.errors`.
            StaleState: The store moved since the call was decided.
        """
        from kmscore.operations import handle

        self.require_own_process()
        return handle(self, call)

    # -- reading and changing ---------------------------------------------------------------------------------------

    @holding_off_forks
    def read(self, work: Callable[[View], T]) -> T:
        """Run a read over one consistent state."""
        from kmscore.store.transaction import View

        with self.database.transaction(write=False) as connection:
            return work(View(connection, self.guard, self.now()))

    @holding_off_forks
    def change_by_service(
        self, work: Callable[[Transaction], T], record: Callable[[T, int], str | None] = lambda _result, _state: None
    ) -> T:
        """Make a change that no caller asked for, with the record of its service event, if it is one."""
        self.require_own_process()
        return self.writer.write(Change(work, record, self._append_service_record, self.now()))

    @holding_off_forks
    def truncate_log(self) -> bool:
        """Have nothing of the past stand in the write-ahead log; False when a reader kept it."""
        with self.writer.lock:
            return sqlite.truncate_log(self._raw)

    @holding_off_forks
    def snapshot(self, target: sqlite3.Connection) -> None:
        """Copy one consistent state of the database into another one."""
        source = self.database.connect()
        try:
            source.backup(target)
        finally:
            source.close()

    def now(self) -> int:
        """Microseconds since 1970."""
        return round(self.clock.now() * MICROSECONDS)

    def require_own_process(self) -> None:
        """Refuse to use the parent's connections in a forked child.

        Raises:
            ForkedError: This is not the process that opened the store.
        """
        if os.getpid() != self._owner:
            raise ForkedError("the store was opened by the parent process; open it again in this one")

    # -- the end ----------------------------------------------------------------------------------------------------

    @holding_off_forks
    def recover(self) -> None:
        """Bring into the audit log what dead processes committed and did not record, and end their segments.

        Called while the opening lock is held, so that only one process recovers.
        """

        @cache
        def is_dead(process: str) -> bool:
            return not is_running(self.locations.processes, process)

        self.segments.recover(self.process.name, is_dead, self._append_service_record)
        with self.writer.lock:
            self.segments.close_dead(is_dead)
        sweep_processes(self.locations.processes)

    @holding_off_forks
    def note_event(self, event: str, state: int, resources: list[str]) -> None:
        """Put a service event into the outbox before the engine runs; `recover` brings it into the audit log."""
        record = service_record(event, self.now(), state, resources=resources)
        self.segments.note(str(uuid.uuid4()), self.process.name, state, record)

    @holding_off_forks
    def end_segments(self, heads: dict[str, tuple[int, str]]) -> None:
        """Write the closing entries of this process's segments.

        Args:
            heads: Their numbers of lines and last tags.
        """
        with self.writer.lock:
            self.segments.close(heads)
            self.segments.forget(self.writer.copied_entries())

    @holding_off_forks
    def close(self) -> None:
        """Close every connection, and let go of the engine."""
        self.append_service_record = None
        self.reader.close()
        self._raw.close()
        self.database.close()
        self.process.end()

    def _append_service_record(self, record: str) -> None:
        if self.append_service_record is None:
            raise RuntimeError("a service event before the engine runs goes through the outbox")
        self.append_service_record(record)
