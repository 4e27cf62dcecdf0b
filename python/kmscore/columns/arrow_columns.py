"""Batches over Arrow columns."""

from __future__ import annotations

from typing import Any

from kmscore.columns.rows import Answers, Column, Contiguous, RowError, Taken, Work, Worker

try:
    import pyarrow as pa
except ImportError as missing:
    raise ImportError("an Arrow column needs pyarrow: pip install 'kmscore[arrow]'") from missing

_LONGEST_BINARY = 2**31 - 1
_CASTABLE = ("string", "large_string", "string_view", "binary_view")


def work(column: Column, rows: Any) -> Work:
    """How to do a batch over a column.

    Args:
        column: What it is called, and how wide its rows must be.
        rows: A pyarrow Array or ChunkedArray, or what exports itself as one.

    Raises:
        TypeError: It is not of a binary type.
        ValueError: Its rows are of a fixed width that cannot be right.
    """
    rows = _as_pyarrow(rows)
    _require_binary(column, rows)
    if column.results_vary and pa.types.is_fixed_size_binary(rows.type):
        rows = rows.cast(pa.binary())
    return lambda worker: _do(column, worker, rows)


def take(column: Column, rows: Any) -> Taken:
    """A column that is to be asked about; as `work`."""
    rows = _as_pyarrow(rows)
    _require_binary(column, rows)
    return Taken(_contiguous(_whole(column, rows)), lambda answers: _as_chunked(_booleans(answers), rows))


def _as_pyarrow(rows: Any) -> Any:
    if isinstance(rows, pa.Array | pa.ChunkedArray):
        return rows
    return pa.array(rows) if hasattr(rows, "__arrow_c_array__") else pa.chunked_array(rows)


def _require_binary(column: Column, rows: Any) -> None:
    kind = rows.type
    if pa.types.is_fixed_size_binary(kind):
        column.require_width(kind.byte_width, len(rows))
    elif kind not in (pa.binary(), pa.large_binary()):
        hint = " (cast it to large_binary)" if str(kind) in _CASTABLE else ""
        raise column.wrong(f"an Arrow column of {kind}{hint}")


def _do(column: Column, worker: Worker, rows: Any) -> tuple[Any, list[RowError]]:
    """One call for all chunks, so that there is one authorisation and one record; several are put together for it."""
    array = _whole(column, rows)
    fixed = pa.types.is_fixed_size_binary(array.type)
    result, errors = _fixed_width(worker, array) if fixed else _variable_width(column, worker, array)
    return _as_chunked(result, rows), errors


def _whole(column: Column, rows: Any) -> Any:
    if isinstance(rows, pa.Array):
        return rows
    if rows.num_chunks == 0:
        return pa.array([], rows.type)
    if rows.num_chunks == 1:
        return rows.chunk(0)
    try:
        return pa.concat_arrays(rows.chunks)
    except pa.ArrowInvalid as error:
        raise _too_long(column) from error


def _as_chunked(result: Any, rows: Any) -> Any:
    """The result in the chunks that the rows came in, if they did."""
    if isinstance(rows, pa.Array):
        return result
    chunks, start = [], 0
    for chunk in rows.chunks:
        chunks.append(result.slice(start, len(chunk)))
        start += len(chunk)
    return pa.chunked_array(chunks, result.type)


def _fixed_width(worker: Worker, array: Any) -> tuple[Any, list[RowError]]:
    rows = _contiguous(array)
    width = worker.result_lengths(rows)[1]
    out = pa.allocate_buffer(len(rows) * width)
    errors = worker.columns(rows, out, None)
    bitmap = _bitmap(rows.validity, errors, len(rows))
    return pa.Array.from_buffers(pa.binary(width), len(rows), [bitmap, out]), errors


def _variable_width(column: Column, worker: Worker, array: Any) -> tuple[Any, list[RowError]]:
    rows, large = _contiguous(array), pa.types.is_large_binary(array.type)
    size = worker.result_lengths(rows)[0]
    if size > _LONGEST_BINARY and not large:
        raise _too_long(column)
    entries = len(rows) + 1
    out, out_offsets = pa.allocate_buffer(size), pa.allocate_buffer(entries * 8)
    errors = worker.columns(rows, out, out_offsets)
    offsets = out_offsets if large else _converted(out_offsets, entries, pa.int64(), pa.int32())
    bitmap = _bitmap(rows.validity, errors, len(rows))
    return pa.Array.from_buffers(array.type, len(rows), [bitmap, offsets, out]), errors


def _contiguous(array: Any) -> Contiguous:
    count, validity = len(array), _validity(array)
    if not pa.types.is_fixed_size_binary(array.type):
        return Contiguous(array.buffers()[2] or pa.py_buffer(b""), _offsets(array), count, validity)
    width = array.type.byte_width
    data = (array.buffers()[1] or pa.py_buffer(b"")).slice(array.offset * width, count * width)
    return Contiguous(data, width, count, validity)


def _booleans(answers: Answers) -> Any:
    count = len(answers.yes)
    yes = _converted(pa.py_buffer(answers.yes), count, pa.uint8(), pa.bool_())
    return pa.Array.from_buffers(pa.bool_(), count, [_bitmap(answers.known, answers.failed, count), yes])


def _too_long(column: Column) -> ValueError:
    return ValueError(f"{column.name} is too long for a Binary column, which ends at 2 GiB: cast it to large_binary")


def _offsets(array: Any) -> Any:
    """The rows' offsets as 64-bit integers; those of LargeBinary are, and are not copied."""
    if len(array) == 0:
        return pa.py_buffer(bytes(8))
    entries, buffer = len(array) + 1, array.buffers()[1]
    if pa.types.is_large_binary(array.type):
        return buffer.slice(array.offset * 8, entries * 8)
    return _converted(buffer.slice(array.offset * 4, entries * 4), entries, pa.int32(), pa.int64())


def _validity(array: Any) -> Any:
    """One byte a row, 0 where it is null; None when none is."""
    if array.null_count == 0:
        return None
    valid = array.is_valid().cast(pa.uint8())
    return valid.buffers()[1].slice(valid.offset, len(valid))


def _bitmap(validity: Any, errors: list[RowError], rows: int) -> Any:
    """Arrow's bits for the rows that are neither null nor failed; None when all are there."""
    if validity is None and not errors:
        return None
    valid = bytearray(b"\1" * rows if validity is None else validity)
    for error in errors:
        valid[error.index] = 0
    return _converted(pa.py_buffer(valid), rows, pa.uint8(), pa.bool_())


def _converted(buffer: Any, entries: int, kind: Any, wanted: Any) -> Any:
    return pa.Array.from_buffers(kind, entries, [None, buffer]).cast(wanted).buffers()[1]
