"""Which platforms and Python versions kmscore runs on."""

import sys

SUPPORTED_PLATFORMS = ("linux", "darwin")
OLDEST_PYTHON = (3, 11)


def require_supported_platform() -> None:
    """Refuse a platform or a Python that kmscore does not support, before anything else is imported.

    Raises:
        ImportError: The text names what was found and what is supported.
    """
    if sys.platform not in SUPPORTED_PLATFORMS:
        raise ImportError(
            f"kmscore does not support {sys.platform}: it runs on Linux and macOS, because it relies on shared "
            "memory, file locks and memory locking as they are there"
        )
    if sys.version_info[:2] < OLDEST_PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:3])
        raise ImportError(f"kmscore needs Python 3.11 or newer; this is Python {found}")
    if sys.implementation.name != "cpython":
        raise ImportError(f"kmscore needs CPython; this is {sys.implementation.name}")
    # Before Python 3.13 there is no such function and no free-threaded build.
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        raise ImportError("kmscore does not support a free-threaded Python yet; use one with the GIL")
