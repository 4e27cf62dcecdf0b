"""For tests of programs that use kmscore: time that moves when the test says so.

Example:
    >>> clock = Clock()
    >>> kms = kmscore.client("kms", home=scratch, clock=clock)
    >>> kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    >>> advance(clock, days=7)  # the key is gone
"""

from datetime import timedelta

from kmscore._core import Clock

__all__ = ["Clock", "advance"]


def advance(clock: Clock, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
    """Move a clock on; time never goes back, here as in the engine.

    Args:
        clock: The clock that was given to `kmscore.client`.
        days: How many days.
        hours: And hours.
        minutes: And minutes.
        seconds: And seconds.

    Raises:
        ValueError: The sum is below zero.
    """
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if span < timedelta(0):
        raise ValueError(f"a clock does not go back: {span.total_seconds():g} seconds")
    clock.advance(span.total_seconds())
