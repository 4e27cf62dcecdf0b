"""Forks wait until no other thread is in SQLite.

SQLite's locks belong to the process: a child would begin with copies of those that another thread held at that moment,
and wait for ever for a thread that it does not have.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _Gate:
    """Open to many threads at once; a fork shuts it, and waits for those that are inside. Entering again is free."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin anew: in a child nobody is inside."""
        self._changed = threading.Condition()
        self._depths: dict[int, int] = {}
        self._forking: int | None = None

    def __enter__(self) -> None:
        thread = threading.get_ident()
        with self._changed:
            self._changed.wait_for(lambda: self._forking in (None, thread) or thread in self._depths)
            self._depths[thread] = self._depths.get(thread, 0) + 1

    def __exit__(self, *_: object) -> None:
        thread = threading.get_ident()
        with self._changed:
            self._depths[thread] -= 1
            if not self._depths[thread]:
                del self._depths[thread]
                self._changed.notify_all()

    def shut(self) -> None:
        """Wait for the other threads inside, and keep new ones out."""
        thread = threading.get_ident()
        with self._changed:
            self._changed.wait_for(lambda: self._forking is None)
            self._forking = thread
            self._changed.wait_for(lambda: self._depths.keys() <= {thread})

    def open(self) -> None:
        """Let them in again."""
        with self._changed:
            self._forking = None
            self._changed.notify_all()


held_off = _Gate()
"""While a thread is inside, other threads wait with their forks."""


def holding_off_forks(work: Callable[P, T]) -> Callable[P, T]:
    """Make a function that uses SQLite one during which no other thread forks."""

    @wraps(work)
    def held(*arguments: P.args, **named: P.kwargs) -> T:
        with held_off:
            return work(*arguments, **named)

    return held


os.register_at_fork(before=held_off.shut, after_in_parent=held_off.open, after_in_child=held_off.renew)
