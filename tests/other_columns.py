"""Columns that batches meet: of other Arrow libraries, and of kinds that are refused."""

from typing import Any

import numpy as np
import pyarrow as pa


class Exported:
    """A column of another Arrow library: nothing but the PyCapsule interface."""

    def __init__(self, column: Any) -> None:
        self.column = column

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        return self.column.__arrow_c_array__(requested_schema)


class Streamed:
    """The same as a stream."""

    def __init__(self, column: Any) -> None:
        self.column = column

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self.column.__arrow_c_stream__(requested_schema)


REFUSED_ARRAYS = [
    (np.array([1, 2, 3]), "not a 1-D array of dtype int64"),
    (np.array(["a"]), "not a 1-D array of dtype <U1"),
    (np.zeros(4, np.uint8), "not a 1-D array of dtype uint8"),
    (np.zeros((2, 2, 2), np.uint8), "not a 3-D array of dtype uint8"),
    (np.zeros((2, 2), "S3"), r"not a 2-D array of dtype \|S3"),
    (np.zeros(2, [("a", object)]), "not a 1-D array of dtype"),
    (np.array([b"a", "b"], dtype=object), r"\[1\] must be bytes, not str"),
    (np.array([b"a", None], dtype=object), r"\[1\] must be bytes, not NoneType"),
]
"""NumPy arrays, and what is said of each after the column's name."""
REFUSED_COLUMNS = [
    (pa.array(["text"]), r"not an Arrow column of string \(cast it to large_binary\)"),
    (pa.array([1, 2]), "not an Arrow column of int64"),
    (pa.array([b"a", b"a"]).dictionary_encode(), "not an Arrow column of dictionary"),
    (pa.array([b"a"], pa.binary_view()), r"binary_view \(cast it to large_binary\)"),
    (pa.table({"a": [b"x"]}), "not an Arrow column of struct"),
]
"""Arrow columns, and what is said of each."""
