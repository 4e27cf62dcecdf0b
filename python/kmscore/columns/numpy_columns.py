"""Batches over NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kmscore.columns.rows import Column, Contiguous, RowError, Work, Worker, check_rows


def work(column: Column, array: npt.NDArray[Any]) -> Work:
    """How to do a batch over an array.

    Args:
        column: What it is called, and how wide its rows must be.
        array: 2-D uint8, or 1-D of fixed-width S or V, or 1-D object of bytes.

    Raises:
        TypeError: The array is of another kind.
    """
    kind, dimensions = array.dtype.kind, array.ndim
    if array.dtype == np.uint8 and dimensions == 2:
        return _matrix(column, array)
    if kind in "SV" and not array.dtype.hasobject and dimensions == 1:
        return _fixed_width(column, array)
    if kind == "O" and array.dtype == np.object_ and dimensions == 1:
        return _objects(column, array)
    raise column.wrong(f"a {dimensions}-D array of dtype {array.dtype}")


def _matrix(column: Column, array: npt.NDArray[Any]) -> Work:
    rows = np.ascontiguousarray(array)
    column.require_width(rows.shape[1], len(rows))

    def do(worker: Worker) -> tuple[npt.NDArray[Any], list[RowError]]:
        contiguous, width = _contiguous(worker, rows)
        out = np.empty((len(rows), width), np.uint8)
        return out, worker.columns(contiguous, _bytes(out), None)

    return do


def _fixed_width(column: Column, array: npt.NDArray[Any]) -> Work:
    """The whole width is the row: NumPy hides the trailing zeros of S, but they are there, and in V they are seen."""
    column.require_width(array.dtype.itemsize, len(array))
    rows = np.ascontiguousarray(array).view(np.uint8).reshape(len(array), array.dtype.itemsize)

    def do(worker: Worker) -> tuple[npt.NDArray[Any], list[RowError]]:
        contiguous, width = _contiguous(worker, rows)
        out = np.empty(len(rows), np.dtype((np.void, width)))
        return out, worker.columns(contiguous, _bytes(out), None)

    return do


def _objects(column: Column, array: npt.NDArray[Any]) -> Work:
    rows = array.tolist()
    check_rows(column, rows)

    def do(worker: Worker) -> tuple[npt.NDArray[Any], list[RowError]]:
        results, errors = worker.rows(rows)
        out = np.empty(len(rows), np.object_)
        out[:] = results
        return out, errors

    return do


def _contiguous(worker: Worker, rows: npt.NDArray[np.uint8]) -> tuple[Contiguous, int]:
    """The rows as the worker takes them, and how wide their results are."""
    contiguous = Contiguous(_bytes(rows), rows.shape[1], len(rows))
    return contiguous, worker.result_lengths(contiguous)[1]


def _bytes(array: npt.NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data
