"""Standard input and output as binary files."""

from __future__ import annotations

import re
import sys
from typing import Any, BinaryIO, TextIO, cast

from kmscore.cli.failures import CommandError

# Also what moves the cursor or rings the bell.
_BINARY = re.compile(rb"[^\t\n\r\x20-\x7e\x80-\xff]")


class StandardOutput:
    """Standard output without a buffer of its own; a terminal is spared what is not text."""

    def __init__(self) -> None:
        _require_open(sys.stdout, "output")
        sys.stdout.flush()
        buffer = sys.stdout.buffer
        self._file = cast("BinaryIO", getattr(buffer, "raw", buffer))
        self._is_terminal = sys.stdout.isatty()
        self.written = 0

    def write(self, data: Any) -> int:
        """Write all of it."""
        from kmscore.envelope.target import write_all

        if self._is_terminal and _BINARY.search(data):
            raise CommandError("standard output is a terminal, and this is binary: redirect it, or give --output FILE")
        write_all(self._file, data)
        self.written += len(data)
        return len(data)


def standard_input() -> BinaryIO:
    """Standard input's bytes."""
    _require_open(sys.stdin, "input")
    return sys.stdin.buffer


def _require_open(stream: TextIO | None, name: str) -> None:
    """Refuse what Python found closed when it started."""
    if stream is None:
        raise CommandError(f"standard {name} is closed")
