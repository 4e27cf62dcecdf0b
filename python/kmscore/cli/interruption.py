"""Ctrl-C, SIGTERM and SIGHUP as an exception, so that what was begun is cleaned up."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from kmscore.cli.failures import CommandError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal asked for the end. No handler of ordinary errors takes it for one of those."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)

    def as_error(self, text: str = "") -> CommandError:
        """One line, and the exit code that a shell reports for a program that a signal ended.

        Args:
            text: What became of the work.
        """
        return CommandError(f"interrupted by {self.signal.name}{text}", 128 + self.signal)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interrupted, once, when a signal asks for the end; outside it is a CommandError.

    A signal that is ignored, as under nohup, stays ignored. Only the main thread can hear of signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    try:
        with _heard():
            yield
    except Interrupted as stop:
        raise stop.as_error() from stop


@contextlib.contextmanager
def _heard() -> Iterator[None]:
    heard = [number for number in _SIGNALS if signal.getsignal(number) not in (None, signal.SIG_IGN)]
    before = {number: signal.signal(number, _interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, _: FrameType | None) -> None:
    # A second one would interrupt the cleaning up.
    for other in _SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(number)
