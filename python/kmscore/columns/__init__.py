"""Batches over columns: lists of bytes, NumPy arrays, Arrow columns. The same kind comes out that went in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from kmscore.columns import lists
from kmscore.columns.rows import Column, Taken, Work

if TYPE_CHECKING:
    import numpy.typing as npt

    NumpyColumn: TypeAlias = npt.NDArray[Any]

__all__ = ["ArrowColumn", "NumpyColumn", "take", "work_on"]


class ArrowArray(Protocol):
    """A pyarrow Array, or what another Arrow library exports as one."""

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """Part of the Arrow PyCapsule interface."""


class ArrowStream(Protocol):
    """A pyarrow ChunkedArray, or what another Arrow library exports as one."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Part of the Arrow PyCapsule interface."""


ArrowColumn: TypeAlias = ArrowArray | ArrowStream


def work_on(column: Column, rows: Any) -> Work:
    """How to work on rows of this kind. NumPy and pyarrow are there if the rows are one of theirs.

    Args:
        column: What the column is called, and how wide its rows must be.
        rows: The column.

    Raises:
        TypeError: It is of a kind that cannot be worked on.
        ValueError: Its rows are of a fixed width that no row can have.
        ImportError: It is an Arrow column of another library, and pyarrow is not installed.
    """
    return _kind(column, rows).work(column, rows)


def take(column: Column, rows: Any) -> Taken:
    """Rows of this kind, to be asked something that is true or false of each. As `work_on`."""
    return _kind(column, rows).take(column, rows)


class _Kind(Protocol):
    """A module for one kind of columns."""

    def work(self, column: Column, rows: Any, /) -> Work: ...

    def take(self, column: Column, rows: Any, /) -> Taken: ...


def _kind(column: Column, rows: Any) -> _Kind:
    if isinstance(rows, list | tuple):
        return lists
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(rows, numpy.ndarray):
        from kmscore.columns import numpy_columns

        return numpy_columns
    if hasattr(rows, "__arrow_c_array__") or hasattr(rows, "__arrow_c_stream__"):
        from kmscore.columns import arrow_columns

        return arrow_columns
    raise column.wrong(f"{type(rows).__module__}.{type(rows).__qualname__}".removeprefix("builtins."))
