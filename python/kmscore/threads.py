"""How many threads this process may use."""

import os


def cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_threads(threads: object) -> None:
    """Refuse a number of threads that cannot be meant."""
    if threads is not None and (not isinstance(threads, int) or isinstance(threads, bool)):
        raise TypeError(f"threads must be an int or None, not {type(threads).__name__}")
    if threads is not None and not 1 <= threads <= 256:
        raise ValueError(f"threads is {threads}: it must be between 1 and 256")


def threads_or_suited(threads: int | None, amount: int, worth: int, most: int) -> int:
    """As many as were asked for; else one for little work, and one a core for more.

    Args:
        threads: The caller's choice.
        amount: How much work there is.
        worth: From how much on a second thread pays.
        most: How many pay at all.
    """
    check_threads(threads)
    if threads is not None:
        return threads
    return 1 if amount < worth else min(cores(), most)
