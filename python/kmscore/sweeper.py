"""A thread that does what is due in time, in a process that wants it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from kmscore import lifecycle

if TYPE_CHECKING:
    from kmscore.store.store import Store

_log = logging.getLogger(__name__)


class Sweeper:
    """Looks for due work every so many seconds, until it is stopped.

    Several processes may sweep one store: each piece of work is done by one of them. A forked child has no such thread;
    it starts its own when it opens the store.
    """

    def __init__(self, store: Store, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kmscore-sweeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what it has begun is finished first."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                lifecycle.finish_shredding(self._store)
                lifecycle.run_due_work(self._store)
            except Exception:  # noqa: BLE001 - a full disk or a long lock may be over the next time
                _log.warning("due work could not be done", exc_info=True)
