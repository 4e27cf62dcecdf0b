"""Rows of a batch, whatever column they come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from kmscore.threads import threads_or_suited

T = TypeVar("T")
_ONE_THREAD_ROWS = 4000
_MOST_THREADS = 4


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row failed."""

    index: int
    """The row's place, from 0."""
    code: str
    """The error code, such as `InvalidCiphertextException`, or the class of the error."""
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


@dataclass(frozen=True)
class Column:
    """What a column of rows is called, and how wide its rows must be."""

    name: str
    least_width: int
    results_vary: bool = False
    """Whether results differ in length even where rows do not: they have no place in a column of fixed width."""

    def require_width(self, width: int, count: int) -> None:
        """Refuse rows of a fixed width that no row can have; a column without rows has any."""
        if count and width < self.least_width:
            raise ValueError(f"{self.name} has rows of {width} bytes; each must have at least {self.least_width}")

    def wrong(self, found: str) -> TypeError:
        """The error for a column of a kind that cannot be worked on."""
        return TypeError(
            f"{self.name} must be a list of bytes, a NumPy array (2-D uint8, S, V or object of bytes) or an Arrow "
            f"column (Binary, LargeBinary, FixedSizeBinary), not {found}"
        )


@dataclass(frozen=True)
class Contiguous:
    """Contiguous rows: their bytes, where each begins, and how many there are."""

    data: Any
    offsets: Any
    """A buffer of one 64-bit integer more than there are rows, or the width of all of them."""
    count: int
    validity: Any = None
    """One byte a row, 0 where it is null; None when none is."""

    def __len__(self) -> int:
        return self.count


@dataclass(frozen=True)
class Answers:
    """What was found about each row."""

    yes: bytes
    """One byte a row: 1 or 0."""
    known: bytes | None
    """One byte a row, 0 where it is null or failed; None when none is."""
    failed: list[RowError]


@dataclass(frozen=True)
class Taken:
    """A column that was taken to be asked about: its rows, and how the answers become a column of booleans."""

    rows: list[bytes] | Contiguous
    answer: Callable[[Answers], Any]


class Worker(Protocol):
    """What does the work of a batch."""

    def result_lengths(self, rows: Contiguous) -> tuple[int, int]:
        """Bytes of all results, nulls without, and of the longest."""

    def rows(self, rows: list[bytes]) -> tuple[list[bytes | None], list[RowError]]:
        """Separate rows into separate results; None for each that failed."""

    def columns(self, rows: Contiguous, out: Any, out_offsets: Any) -> list[RowError]:
        """Contiguous rows into contiguous results, and the offset of each where they are wanted.

        Without offsets all results have the width of the longest.
        """


Work: TypeAlias = Callable[[Worker], tuple[Any, list[RowError]]]
"""Does a batch with a worker: the results, and the rows that failed."""


def check_rows(column: Column, rows: list[bytes]) -> None:
    """Refuse a row that is not bytes, by its place."""
    for index, row in enumerate(rows):
        if type(row) is not bytes:
            raise TypeError(f"{column.name}[{index}] must be bytes, not {type(row).__name__}")


def check_errors(errors: object) -> None:
    """Refuse a choice about errors that there is not."""
    if errors not in ("raise", "return"):
        raise ValueError(f"errors is {errors!r}: it must be 'raise' or 'return'")


def threads_for(threads: int | None, rows: int, worth: int = _ONE_THREAD_ROWS) -> int:
    """As many as were asked for; else one for a small batch, and one a core, up to four, from `worth` rows on."""
    return threads_or_suited(threads, rows, worth, _MOST_THREADS)
