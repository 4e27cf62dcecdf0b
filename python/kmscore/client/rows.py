"""Rows of a batch, whatever column they come in."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from kmscore._core import Caller, Engine
from kmscore.errors import BY_CODE, ClientError

T = TypeVar("T")
OVERHEAD = 117
"""Bytes that a ciphertext blob is longer than its plaintext (docs/formats.md)."""
_ONE_THREAD_ROWS = 4000
_MOST_THREADS = 4


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row failed."""

    index: int
    """The row's place, from 0."""
    code: str
    """The error code, such as `InvalidCiphertextException`."""
    message: str


@dataclass(frozen=True)
class BatchResult(Generic[T]):
    """What a batch with `errors="return"` answers."""

    rows: T = field(repr=False)
    """The results, as the rows came.

    A failed row is None in a list or object array, null in an Arrow column, and zeros in a NumPy array of fixed-width
    rows, where only `errors` tells it from a good one.
    """
    errors: list[RowError]
    """Rows that failed, in order; empty when all went well."""

    @property
    def ok(self) -> bool:
        """Whether every row went well."""
        return not self.errors


class BatchRowError(ClientError):
    """A row of a batch failed. `code` and `response` are those of the KMS error, which is `__cause__`."""

    def __init__(self, message: str, code: str = "", index: int = 0, failed: int = 1) -> None:
        super().__init__(message)
        self.args = (message, code, index, failed)
        self.code = code
        self.index = index
        """The first row that failed, from 0."""
        self.failed = failed
        """How many rows failed."""
        self.http_status = BY_CODE[code].http_status if code in BY_CODE else 400

    def __str__(self) -> str:
        """The KMS error's text, and which row it is about."""
        return f"{super().__str__()} (row {self.index}; {self.failed} failed)".replace(":  (", " (")


@dataclass(frozen=True)
class Batch:
    """One batch: which way, under what, and who asks."""

    member: Literal["Plaintexts", "CiphertextBlobs"]
    key_id: str | None
    context: dict[str, str]
    caller: Caller
    threads: int | None

    @property
    def encrypts(self) -> bool:
        """Which way it goes."""
        return self.member == "Plaintexts"

    def threads_for(self, rows: int) -> int:
        """As many as were asked for; else one for a small batch, and one a core, up to four, for a larger one."""
        if self.threads is not None:
            return self.threads
        return 1 if rows < _ONE_THREAD_ROWS else min(_cores(), _MOST_THREADS)

    def result_width(self, width: int) -> int:
        """How wide the results of rows of a fixed width are."""
        return width + OVERHEAD if self.encrypts else width - OVERHEAD

    def require_width(self, width: int) -> None:
        """Refuse rows of a fixed width that no row can have."""
        least = 1 if self.encrypts else OVERHEAD + 1
        if width < least:
            raise ValueError(f"{self.member} has rows of {width} bytes; each must have at least {least}")

    def wrong(self, found: str) -> TypeError:
        """The error for a column of a kind that cannot be worked on."""
        return TypeError(
            f"{self.member} must be a list of bytes, a NumPy array (2-D uint8, S, V or object of bytes) or an Arrow "
            f"column (Binary, LargeBinary, FixedSizeBinary), not {found}"
        )


Work: TypeAlias = Callable[[Engine], tuple[Any, list[RowError]]]
"""Does a batch with an engine: the results, and the rows that failed."""


def check_rows(batch: Batch, rows: list[bytes]) -> None:
    """Refuse a row that is not bytes, by its place."""
    for index, row in enumerate(rows):
        if type(row) is not bytes:
            raise TypeError(f"{batch.member}[{index}] must be bytes, not {type(row).__name__}")


def run_rows(batch: Batch, engine: Engine, rows: list[bytes]) -> tuple[list[bytes | None], list[RowError]]:
    """Do a batch of separate rows."""
    threads = batch.threads_for(len(rows))
    if batch.encrypts:
        results, errors = engine.encrypt_rows(batch.key_id or "", rows, batch.context, batch.caller, threads=threads)
    else:
        results, errors = engine.decrypt_rows(batch.key_id, rows, batch.context, batch.caller, threads=threads)
    return results, [RowError(*error) for error in errors]


def run_columns(
    batch: Batch,
    engine: Engine,
    column: tuple[Any, Any],
    out: tuple[Any, Any],
    rows: int,
    validity: Any = None,
) -> list[RowError]:
    """Do a batch of contiguous rows.

    Args:
        batch: The batch.
        engine: What does it.
        column: The rows' bytes, and their offsets or width.
        out: Room for the results, and for their offsets.
        rows: How many.
        validity: One byte a row, 0 = null.
    """
    threads = batch.threads_for(rows)
    if batch.encrypts:
        key_id = batch.key_id or ""
        errors = engine.encrypt_columns(
            key_id, *column, *out, batch.context, batch.caller, threads=threads, validity=validity
        )
    else:
        errors = engine.decrypt_columns(
            batch.key_id, *column, *out, batch.context, batch.caller, threads=threads, validity=validity
        )
    return [RowError(*error) for error in errors]


def row_error(operation: str, failed: list[RowError]) -> BatchRowError:
    """The error for a batch of which rows failed, about the first of them."""
    first = failed[0]
    cause = BY_CODE[first.code](first.message)
    cause.attach(operation, "")
    error = BatchRowError(first.message, first.code, first.index, len(failed))
    error.attach(operation, "")
    error.__cause__ = cause
    return error


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
