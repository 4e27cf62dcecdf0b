"""Batches over NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kmscore.columns.rows import Answers, Column, Contiguous, RowError, Taken, Work, Worker, check_rows


def work(column: Column, array: npt.NDArray[Any]) -> Work:
    """How to do a batch over an array.

    Args:
        column: What it is called, and how wide its rows must be.
        array: 2-D uint8, or 1-D of fixed-width S or V, or 1-D object of bytes.

    Raises:
        TypeError: The array is of another kind.
    """
    rows = _rows(column, array)
    if isinstance(rows, Contiguous) and not column.results_vary:
        return _contiguous_work(rows, matrix=array.ndim == 2)
    separate = _separate(rows) if isinstance(rows, Contiguous) else rows

    def do(worker: Worker) -> tuple[npt.NDArray[Any], list[RowError]]:
        results, errors = worker.rows(separate)
        out = np.empty(len(separate), np.object_)
        out[:] = results
        return out, errors

    return do


def take(column: Column, array: npt.NDArray[Any]) -> Taken:
    """An array that is to be asked about; as `work`."""
    return Taken(_rows(column, array), _answer)


def _rows(column: Column, array: npt.NDArray[Any]) -> list[bytes] | Contiguous:
    kind, dimensions = array.dtype.kind, array.ndim
    if array.dtype == np.uint8 and dimensions == 2:
        return _contiguous(column, array, array.shape[1])
    if kind in "SV" and not array.dtype.hasobject and dimensions == 1:
        # The whole width is the row: NumPy hides the trailing zeros of S, but they are there, and in V they are seen.
        return _contiguous(column, array, array.dtype.itemsize)
    if kind == "O" and array.dtype == np.object_ and dimensions == 1:
        rows: list[bytes] = array.tolist()
        check_rows(column, rows)
        return rows
    raise column.wrong(f"a {dimensions}-D array of dtype {array.dtype}")


def _contiguous(column: Column, array: npt.NDArray[Any], width: int) -> Contiguous:
    column.require_width(width, len(array))
    return Contiguous(_bytes(np.ascontiguousarray(array)), width, len(array))


def _contiguous_work(rows: Contiguous, *, matrix: bool) -> Work:
    def do(worker: Worker) -> tuple[npt.NDArray[Any], list[RowError]]:
        width = worker.result_lengths(rows)[1]
        out = np.empty((len(rows), width), np.uint8) if matrix else np.empty(len(rows), np.dtype((np.void, width)))
        return out, worker.columns(rows, _bytes(out), None)

    return do


def _separate(rows: Contiguous) -> list[bytes]:
    width = rows.offsets
    return [bytes(rows.data[start : start + width]) for start in range(0, len(rows) * width, width or 1)]


def _answer(answers: Answers) -> npt.NDArray[np.bool_]:
    """An array has no nulls: what is not known is not true."""
    return np.frombuffer(answers.yes, np.bool_).copy()


def _bytes(array: npt.NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data
