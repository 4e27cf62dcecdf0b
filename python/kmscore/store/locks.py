"""File locks between processes, which a forked child neither keeps nor releases."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakSet

_held: "WeakSet[FileLock]" = WeakSet()


class FileLock:
    """A lock on a file (`flock`), given back when the process ends however it ends."""

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self.path = path
        self._mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Wait for the lock."""
        self._descriptor = self._locked(self._mode)
        _held.add(self)

    def try_acquire(self) -> bool:
        """Take the lock unless another process has it."""
        try:
            self._descriptor = self._locked(self._mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        _held.add(self)
        return True

    def try_alone(self) -> bool:
        """Turn a shared lock that is held into an exclusive one, unless another process holds it too."""
        return self._convert(fcntl.LOCK_EX | fcntl.LOCK_NB)

    def share(self) -> None:
        """Turn the lock back into what it was made as."""
        self._convert(self._mode)

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _convert(self, mode: int) -> bool:
        if self._descriptor is None:
            raise RuntimeError(f"{self.path} is not locked by this process")
        try:
            fcntl.flock(self._descriptor, mode)
        except BlockingIOError:
            # A failed conversion may have let go of the lock that was held.
            fcntl.flock(self._descriptor, self._mode)
            return False
        return True

    def _locked(self, mode: int) -> int:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, mode)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def _drop_inherited_locks() -> None:
    # The lock belongs to the open file, which parent and child share: a child that kept its descriptor would keep the
    # lock alive after its parent's death. Closing it here leaves the parent's lock as it is.
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_drop_inherited_locks)
