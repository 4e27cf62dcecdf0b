"""One open store with its engine: what every door of kmscore works with."""

from __future__ import annotations

import atexit
import ctypes
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from kmscore import lifecycle
from kmscore._core import Clock, Engine, IntegrityError, KeyHierarchy, StateCounter, StoreError
from kmscore.config import Locations, locate
from kmscore.errors import KmsError
from kmscore.quotas import Quotas
from kmscore.root_keys import Passphrase
from kmscore.store import opening, sqlite
from kmscore.store.creation import create_store
from kmscore.store.failpoints import reach
from kmscore.store.forks import holding_off_forks
from kmscore.store.key_quota import KeyQuota
from kmscore.store.locks import FileLock
from kmscore.store.opening import Unlocked
from kmscore.store.store import MICROSECONDS, Store
from kmscore.sweeper import Sweeper


@dataclass(frozen=True)
class Options:
    """How a store is opened. All users of one store in a process share these."""

    exclusive: bool = False
    audit_mode: str = "write"
    clock: Clock | None = None
    data_key_pairs: dict[str, int] | None = None
    strict: bool = False
    sweep_seconds: float | None = None
    quotas: Quotas | None = None


class Embedded:
    """A store and its engine in this process. Open one with `Embedded.open`; close it when you are done."""

    engine: Engine
    store: Store
    hierarchy: KeyHierarchy
    locations: Locations

    def __init__(self, unlocked: Unlocked, store: Store, engine: Engine, use: FileLock, options: Options) -> None:
        self.locations = unlocked.locations
        self.hierarchy = unlocked.hierarchy
        self.store = store
        self.engine = engine
        self.clock = store.clock
        self.options = options
        self._use = use
        self.caught_up = 0
        """How many keys were found to be due when the store was opened."""
        self._sweeper: Sweeper | None = None
        self._users = 0
        self._owner = os.getpid()

    @classmethod
    def open(
        cls,
        home: str | os.PathLike[str] | None = None,
        *,
        create: bool = True,
        exclusive: bool = False,
        accept_rollback: bool = False,
        accept_missing_audit: bool = False,
        audit_mode: str = "write",
        passphrase: Passphrase | None = None,
        clock: Clock | None = None,
        data_key_pairs: dict[str, int] | None = None,
        strict: bool = False,
        sweep_seconds: float | None = None,
        quotas: Quotas | None = None,
    ) -> Embedded:
        """Open a store, or share it with who has it open in this process already.

        Args:
            home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory.
            create: Make a store when there is none.
            exclusive: Be the only process; needed on file systems without coherent shared memory.
            accept_rollback: Open a store that is older than its anchor, or has none. It is audited.
            accept_missing_audit: Open a store of which registered audit segments are gone. It is audited.
            audit_mode: `write` (in the kernel's hands before the answer), `fsync`, or `off`.
            passphrase: When the root key is a passphrase, or, for a new store, is to be one.
            clock: The source of time; tests move it.
            data_key_pairs: How many data key pairs of which key specs are made ahead; none when absent.
            strict: Exactly AWS KMS's behaviour, without kmscore's leniency.
            sweep_seconds: How often a thread looks for due work; never when absent: it is done on access.
            quotas: Bounds on requests and keys; none when absent.

        Returns:
            The open store; each user closes it once.

        Raises:
            StoreError: It cannot be opened; the text names the cause and what to do.
        """
        locations = locate(home)
        options = Options(exclusive, audit_mode, clock, data_key_pairs, strict, sweep_seconds, quotas)
        with _registry_lock:
            shared = _registry.get(locations.home)
            if shared is None:
                accepted = _Accepted(rollback=accept_rollback, missing_audit=accept_missing_audit)
                shared = _registry[locations.home] = _open(locations, options, accepted, passphrase, create=create)
            shared.join(options)
            return shared

    def close(self) -> None:
        """Give up one use. The last one wipes all keys, ends the audit segment and closes the store."""
        if self.stale():
            return
        with _registry_lock:
            self._users -= 1
            if self._users == 0:
                self.shut()

    def unlock(self, passphrase: Passphrase | None = None) -> Unlocked:
        """The key hierarchy with its root key, read anew: who takes over a process later must find no root key in it.

        Args:
            passphrase: When the root key is one.

        Raises:
            StoreError: The root key cannot be reached.
        """
        return opening.unlock(self.locations, passphrase, coherent=self.store.database.coherent)

    def stale(self) -> bool:
        """Whether this process is a fork of the one that opened the store: it must open it anew."""
        return os.getpid() != self._owner

    def run_due_work(self) -> int:
        """Do everything that is due: rotations, expiry, deletions; returns to how many keys."""
        finished = lifecycle.finish_shredding(self.store)
        return finished + lifecycle.run_due_work(self.store)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def join(self, options: Options) -> None:
        """Count one more user, who asked for these options.

        Raises:
            StoreError: The store is open with others.
        """
        present = self.options
        same = (
            (options.exclusive, options.audit_mode, options.strict)
            == (present.exclusive, present.audit_mode, present.strict)
            and options.clock in (None, present.clock)
            and options.data_key_pairs in (None, present.data_key_pairs or {})
            and options.sweep_seconds in (None, present.sweep_seconds)
            and options.quotas in (None, present.quotas)
        )
        if not same:
            raise StoreError(
                f"{self.locations.home} is open in this process already, with another exclusive, audit_mode, strict, "
                "clock, data_key_pairs, sweep_seconds or quotas"
            )
        self._users += 1

    def sweep(self) -> None:
        """Start the thread that looks for due work, if it was asked for."""
        if self.options.sweep_seconds is not None:
            self._sweeper = Sweeper(self.store, self.options.sweep_seconds)

    def shut(self) -> None:
        """Close the store under whoever still uses it; used when the interpreter ends."""
        _registry.pop(self.locations.home, None)
        if self._sweeper is not None:
            self._sweeper.stop()
        heads = self.engine.segments()
        try:
            self.engine.close()
            self.store.end_segments(heads)
        finally:
            self.store.close()
            self._use.release()


@dataclass(frozen=True)
class _Accepted:
    rollback: bool
    missing_audit: bool


class _Lock:
    """A lock that a forked child can make anew."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


_registry: dict[Path, Embedded] = {}
_registry_lock = _Lock()


@holding_off_forks
def _open(
    locations: Locations, options: Options, accepted: _Accepted, passphrase: Passphrase | None, *, create: bool
) -> Embedded:
    opening.prepare_directories(locations, create=create)
    coherent = opening.check_file_system(locations, exclusive=options.exclusive)
    clock = options.clock or Clock()
    with _as_store_error(locations), FileLock(locations.open_lock), ExitStack() as stack:
        use = opening.claim(locations, exclusive=options.exclusive)
        stack.callback(use.release)
        now = round(clock.now() * MICROSECONDS)
        new = not locations.database.exists()
        root = create_store(locations, passphrase, now=now, coherent=coherent) if new else None
        unlocked = opening.unlock(locations, passphrase, root=root, coherent=coherent, settle=True)
        opening.upgrade_if_older(unlocked, use, coherent=coherent)
        clock.seen(unlocked.time_seen / MICROSECONDS)
        counter = StateCounter(str(locations.counter))
        store = Store(locations, unlocked.hierarchy, counter=counter, clock=clock, coherent=coherent)
        stack.callback(store.close)
        _accept(unlocked, store, accepted)
        reach("store-accepted")
        engine = _start_engine(unlocked, store, counter, options)
        stack.callback(engine.close)
        store.append_service_record = engine.append_recovered
        store.key_quota = KeyQuota(options.quotas.keys_per_region) if options.quotas else None
        store.recover()
        lifecycle.finish_shredding(store)
        caught_up = lifecycle.run_due_work(store)
        stack.pop_all()
        embedded = Embedded(unlocked, store, engine, use, options)
        embedded.caught_up = caught_up
        embedded.sweep()
        return embedded


def _accept(unlocked: Unlocked, store: Store, accepted: _Accepted) -> None:
    """Refuse what is wrong with the store, or note that it was accepted, before anything is changed."""
    if not accepted.rollback:
        opening.require_no_rollback(unlocked)
    elif fault := opening.rollback_fault(unlocked):
        store.note_event("AcceptRollback", unlocked.state, [fault])
        reach("rollback-noted")
        anchor = str(unlocked.configuration.anchor)
        unlocked.hierarchy.write_anchor(anchor, epoch=unlocked.epoch, state=unlocked.state, segments={}, force=True)
    missing = store.segments.missing()
    if missing and not accepted.missing_audit:
        raise IntegrityError(
            f"{len(missing)} registered audit segments are missing from {unlocked.locations.audit} (the first is "
            f"{missing[0]}); bring them back, or accept the loss with --accept-missing-audit"
        )
    if missing:
        store.note_event("AcceptMissingAudit", unlocked.state, missing)
        store.segments.accept_loss(missing)


def _start_engine(unlocked: Unlocked, store: Store, counter: StateCounter, options: Options) -> Engine:
    return Engine(
        hierarchy=unlocked.hierarchy,
        root=unlocked.root,
        domain_rows=unlocked.domain_rows,
        store=store,
        counter=counter,
        clock=store.clock,
        audit_directory=str(unlocked.locations.audit),
        anchor_path=str(unlocked.configuration.anchor),
        epoch=unlocked.epoch,
        audit_mode=options.audit_mode,
        strict=options.strict,
        data_key_pairs=options.data_key_pairs,
        quotas=options.quotas.requests if options.quotas else None,
    )


@contextmanager
def _as_store_error(locations: Locations) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = sqlite.explain(error) if isinstance(error, sqlite3.Error) else str(error)
        raise StoreError(f"the store in {locations.home} cannot be opened: {reason}") from error


def _close_all() -> None:
    with _registry_lock:
        for embedded in list(_registry.values()):
            # Nobody is left to be told; a store whose directories were taken away has no anchor to write.
            with suppress(StoreError, KmsError, OSError):
                embedded.shut()


def _forget_parent() -> None:
    """In a forked child: never use, close or free what belongs to the parent, whose files it shares."""
    # Another thread of the parent may have held it; in the child there is no such thread.
    _registry_lock.renew()
    for embedded in _registry.values():
        # One reference too many: not even the end of the interpreter closes the parent's connections from here.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(embedded))
    _registry.clear()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_parent)
