"""A client's hold on an open store, across forks and until nobody holds the client any more."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from kmscore._core import Clock, Engine, ForkedError, StoreError

if TYPE_CHECKING:
    from kmscore.embedded import Embedded
    from kmscore.quotas import Quotas
    from kmscore.root_keys import Passphrase
    from kmscore.store.store import AccessKey

T = TypeVar("T")


@dataclass(frozen=True)
class Opening:
    """How the store is opened."""

    home: str | os.PathLike[str] | None = None
    create: bool = True
    exclusive: bool = False
    accept_rollback: bool = False
    accept_missing_audit: bool = False
    audit_mode: str = "write"
    passphrase: Passphrase | None = None
    clock: Clock | None = None
    data_key_pairs: dict[str, int] | None = None
    strict: bool = False
    sweep_seconds: float | None = None
    quotas: Quotas | None = None

    def open(self) -> Embedded:
        """Open the store, or share it with who has it open in this process."""
        # Half of what `import kmscore` would take: whoever opens no store does without it.
        from kmscore.embedded import Embedded

        return Embedded.open(
            self.home,
            create=self.create,
            exclusive=self.exclusive,
            accept_rollback=self.accept_rollback,
            accept_missing_audit=self.accept_missing_audit,
            audit_mode=self.audit_mode,
            passphrase=self.passphrase,
            clock=self.clock,
            data_key_pairs=self.data_key_pairs,
            strict=self.strict,
            sweep_seconds=self.sweep_seconds,
            quotas=self.quotas,
        )


class Connection:
    """One use of an open store. It ends with `close`, or when the last reference to it goes."""

    engine: Engine

    def __init__(self, opening: Opening) -> None:
        self._take(opening)
        # After a fork this very store is opened again. A passphrase is kept for it only if it can be asked for.
        self.opening = replace(
            opening,
            home=self.home,
            create=False,
            accept_rollback=False,
            accept_missing_audit=False,
            passphrase=opening.passphrase if callable(opening.passphrase) else None,
        )

    def run(self, work: Callable[[Engine], T]) -> T:
        """Do something with the engine; in a forked child, with one of its own.

        Args:
            work: It may begin twice, but touches the store only once.
        """
        try:
            return work(self.engine)
        except ForkedError:
            return work(self.engine_after_fork())

    def engine_after_fork(self) -> Engine:
        """The child's own engine, opened by whichever thread asks first."""
        with _after_fork:
            if self._embedded.stale():
                self._finalizer.detach()
                self._take(self.opening)
            return self.engine

    def access_key(self, access_key_id: str) -> AccessKey | None:
        """Whose an access key is; None when the store does not know it.

        Args:
            access_key_id: Such as `AKIA…`.
        """
        return self.run(lambda _engine: self._embedded.store.load_access_key(access_key_id))

    def close(self) -> None:
        """Give up the store; a second time does nothing."""
        self.__dict__.pop("engine", None)
        if self._finalizer.detach() is not None:
            with _gate:
                self._embedded.close()
            _close_abandoned()

    def _take(self, opening: Opening) -> None:
        try:
            with _gate:
                self._embedded = opening.open()
        finally:
            _close_abandoned()
        self._finalizer = weakref.finalize(self, _give_up, self._embedded)
        # At the end of the interpreter the store closes itself, after everything that may still use it.
        self._finalizer.atexit = False
        self.home = self._embedded.locations.home
        self.engine = self._embedded.engine

    def __getattr__(self, name: str) -> Engine:
        """Called only for what is not there: the engine of a closed connection."""
        if name == "engine":
            raise StoreError("this client is closed; make a new one")
        raise AttributeError(name)


# A finalizer can run at any allocation, also while its own thread opens or closes a store. It never waits then: the
# store is put aside, and whoever holds the gate closes it afterwards.
_abandoned: deque[Embedded] = deque()
_gate = threading.Lock()
_after_fork = threading.Lock()


def _give_up(embedded: Embedded) -> None:
    _abandoned.append(embedded)
    _close_abandoned()


def _close_abandoned() -> None:
    while _abandoned and _gate.acquire(blocking=False):
        try:
            while _abandoned:
                _abandoned.popleft().close()
        finally:
            _gate.release()


def _forget_parent() -> None:
    global _gate, _after_fork  # noqa: PLW0603 - another thread of the parent may hold them for ever.
    _gate = threading.Lock()
    _after_fork = threading.Lock()
    _abandoned.clear()


os.register_at_fork(after_in_child=_forget_parent)
