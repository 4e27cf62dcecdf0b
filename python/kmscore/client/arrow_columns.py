"""Batches over Arrow columns."""

from __future__ import annotations

from typing import Any

from kmscore._core import Engine
from kmscore.client.rows import OVERHEAD, Batch, RowError, Work, run_columns

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError as missing:
    raise ImportError("an Arrow column needs pyarrow: pip install 'kmscore[arrow]'") from missing

_LONGEST_BINARY = 2**31 - 1
_CASTABLE = ("string", "large_string", "string_view", "binary_view")


def work(batch: Batch, column: Any) -> Work:
    """How to do a batch over a column.

    Args:
        batch: The batch.
        column: A pyarrow Array or ChunkedArray, or what exports itself as one.

    Raises:
        TypeError: It is not of a binary type.
        ValueError: Its rows are of a fixed width that cannot be right.
    """
    column = _as_pyarrow(column)
    _require_binary(batch, column.type)
    if isinstance(column, pa.ChunkedArray):
        return lambda engine: _do_chunked(batch, engine, column)
    return lambda engine: _do(batch, engine, column)


def _as_pyarrow(column: Any) -> Any:
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return column
    return pa.array(column) if hasattr(column, "__arrow_c_array__") else pa.chunked_array(column)


def _require_binary(batch: Batch, kind: Any) -> None:
    if pa.types.is_fixed_size_binary(kind):
        batch.require_width(kind.byte_width)
    elif kind not in (pa.binary(), pa.large_binary()):
        hint = " (cast it to large_binary)" if str(kind) in _CASTABLE else ""
        raise batch.wrong(f"an Arrow column of {kind}{hint}")


def _do_chunked(batch: Batch, engine: Engine, column: Any) -> tuple[Any, list[RowError]]:
    """One call for all chunks, so that there is one authorisation and one record; several are put together for it."""
    result, errors = _do(batch, engine, _whole(batch, column))
    chunks, start = [], 0
    for chunk in column.chunks:
        chunks.append(result.slice(start, len(chunk)))
        start += len(chunk)
    return pa.chunked_array(chunks, result.type), errors


def _whole(batch: Batch, column: Any) -> Any:
    if column.num_chunks == 0:
        return pa.array([], column.type)
    if column.num_chunks == 1:
        return column.chunk(0)
    try:
        return pa.concat_arrays(column.chunks)
    except pa.ArrowInvalid as error:
        raise _too_long(batch) from error


def _do(batch: Batch, engine: Engine, array: Any) -> tuple[Any, list[RowError]]:
    fixed = pa.types.is_fixed_size_binary(array.type)
    return _fixed_width(batch, engine, array) if fixed else _variable_width(batch, engine, array)


def _fixed_width(batch: Batch, engine: Engine, array: Any) -> tuple[Any, list[RowError]]:
    rows, width = len(array), array.type.byte_width
    data = (array.buffers()[1] or pa.py_buffer(b"")).slice(array.offset * width, rows * width)
    out = pa.allocate_buffer(rows * batch.result_width(width))
    validity = _validity(array)
    errors = run_columns(batch, engine, (data, width), (out, None), rows, validity)
    kind = pa.binary(batch.result_width(width))
    return pa.Array.from_buffers(kind, rows, [_bitmap(validity, errors, rows), out]), errors


def _variable_width(batch: Batch, engine: Engine, array: Any) -> tuple[Any, list[RowError]]:
    rows, large = len(array), pa.types.is_large_binary(array.type)
    size = _result_size(batch, array)
    if size > _LONGEST_BINARY and not large:
        raise _too_long(batch)
    out, out_offsets = pa.allocate_buffer(size), pa.allocate_buffer((rows + 1) * 8)
    validity = _validity(array)
    data = array.buffers()[2] or pa.py_buffer(b"")
    errors = run_columns(batch, engine, (data, _offsets(array)), (out, out_offsets), rows, validity)
    offsets = out_offsets if large else _converted(out_offsets, rows + 1, pa.int64(), pa.int32())
    return pa.Array.from_buffers(array.type, rows, [_bitmap(validity, errors, rows), offsets, out]), errors


def _too_long(batch: Batch) -> ValueError:
    return ValueError(f"{batch.member} is too long for a Binary column, which ends at 2 GiB: cast it to large_binary")


def _offsets(array: Any) -> Any:
    """The rows' offsets as 64-bit integers; those of LargeBinary are, and are not copied."""
    if len(array) == 0:
        return pa.py_buffer(bytes(8))
    entries, buffer = len(array) + 1, array.buffers()[1]
    if pa.types.is_large_binary(array.type):
        return buffer.slice(array.offset * 8, entries * 8)
    return _converted(buffer.slice(array.offset * 4, entries * 4), entries, pa.int32(), pa.int64())


def _result_size(batch: Batch, array: Any) -> int:
    lengths = pc.binary_length(array)
    if not batch.encrypts:
        lengths = pc.max_element_wise(pc.subtract(lengths, OVERHEAD), 0)
    size: int = pc.sum(lengths, min_count=0).as_py()
    return size + OVERHEAD * (len(array) - array.null_count) if batch.encrypts else size


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
