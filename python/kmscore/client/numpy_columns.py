"""Batches over NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kmscore._core import Engine
from kmscore.client.rows import Batch, RowError, Work, check_rows, run_columns, run_rows


def work(batch: Batch, array: npt.NDArray[Any]) -> Work:
    """How to do a batch over an array.

    Args:
        batch: The batch.
        array: 2-D uint8, or 1-D of fixed-width S or V, or 1-D object of bytes.

    Raises:
        TypeError: The array is of another kind.
    """
    kind, dimensions = array.dtype.kind, array.ndim
    if array.dtype == np.uint8 and dimensions == 2:
        return _matrix(batch, array)
    if kind in "SV" and not array.dtype.hasobject and dimensions == 1:
        return _fixed_width(batch, array)
    if kind == "O" and array.dtype == np.object_ and dimensions == 1:
        return _objects(batch, array)
    raise batch.wrong(f"a {dimensions}-D array of dtype {array.dtype}")


def _matrix(batch: Batch, array: npt.NDArray[Any]) -> Work:
    rows = np.ascontiguousarray(array)
    batch.require_width(rows.shape[1])

    def do(engine: Engine) -> tuple[npt.NDArray[Any], list[RowError]]:
        out = np.empty((len(rows), batch.result_width(rows.shape[1])), np.uint8)
        return out, _run(batch, engine, rows, out)

    return do


def _fixed_width(batch: Batch, array: npt.NDArray[Any]) -> Work:
    """The whole width is the row: NumPy hides the trailing zeros of S, but they are there, and in V they are seen."""
    batch.require_width(array.dtype.itemsize)
    rows = np.ascontiguousarray(array).view(np.uint8).reshape(len(array), array.dtype.itemsize)

    def do(engine: Engine) -> tuple[npt.NDArray[Any], list[RowError]]:
        width = batch.result_width(array.dtype.itemsize)
        out = np.empty(len(rows), np.dtype((np.void, width)))
        return out, _run(batch, engine, rows, out)

    return do


def _objects(batch: Batch, array: npt.NDArray[Any]) -> Work:
    rows = array.tolist()
    check_rows(batch, rows)

    def do(engine: Engine) -> tuple[npt.NDArray[Any], list[RowError]]:
        results, errors = run_rows(batch, engine, rows)
        out = np.empty(len(rows), np.object_)
        out[:] = results
        return out, errors

    return do


def _run(batch: Batch, engine: Engine, rows: npt.NDArray[Any], out: npt.NDArray[Any]) -> list[RowError]:
    count, width = rows.shape
    data, room = rows.reshape(-1).data, out.reshape(-1).view(np.uint8).data
    return run_columns(batch, engine, (data, width), (room, None), count)
