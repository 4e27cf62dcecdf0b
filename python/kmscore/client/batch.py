"""`encrypt_batch` and `decrypt_batch`: many rows, one authorisation, one audit record with their number."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, overload

from kmscore.client.calls import Calls
from kmscore.client.rows import Batch, BatchResult, Work, check_rows, row_error, run_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    NumpyColumn: TypeAlias = npt.NDArray[Any]


class ArrowArray(Protocol):
    """A pyarrow Array, or what another Arrow library exports as one."""

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """Part of the Arrow PyCapsule interface."""


class ArrowStream(Protocol):
    """A pyarrow ChunkedArray, or what another Arrow library exports as one."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Part of the Arrow PyCapsule interface."""


ArrowColumn: TypeAlias = ArrowArray | ArrowStream


class BatchCalls(Calls):
    """kmscore's own operations; the rest of a client is boto3's."""

    @overload
    def encrypt_batch(
        self,
        *,
        KeyId: str,
        Plaintexts: list[bytes] | tuple[bytes, ...],
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["raise"] = "raise",
        threads: int | None = None,
    ) -> list[bytes]: ...
    @overload
    def encrypt_batch(
        self,
        *,
        KeyId: str,
        Plaintexts: list[bytes] | tuple[bytes, ...],
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["return"],
        threads: int | None = None,
    ) -> BatchResult[list[bytes | None]]: ...
    @overload
    def encrypt_batch(
        self,
        *,
        KeyId: str,
        Plaintexts: NumpyColumn,
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["raise"] = "raise",
        threads: int | None = None,
    ) -> NumpyColumn: ...
    @overload
    def encrypt_batch(
        self,
        *,
        KeyId: str,
        Plaintexts: NumpyColumn,
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["return"],
        threads: int | None = None,
    ) -> BatchResult[NumpyColumn]: ...
    @overload
    def encrypt_batch(
        self,
        *,
        KeyId: str,
        Plaintexts: ArrowColumn,
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["raise"] = "raise",
        threads: int | None = None,
    ) -> Any: ...
    @overload
    def encrypt_batch(
        self,
        *,
        KeyId: str,
        Plaintexts: ArrowColumn,
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["return"],
        threads: int | None = None,
    ) -> BatchResult[Any]: ...
    def encrypt_batch(
        self,
        *,
        KeyId: str,
        Plaintexts: Any,
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["raise", "return"] = "raise",
        threads: int | None = None,
    ) -> Any:
        """Encrypt many rows, each to a ciphertext blob of its own that `decrypt` opens as well.

        Args:
            KeyId: Key id, key ARN, alias name or alias ARN.
            Plaintexts: Rows of 0 to 4,096 bytes: a list of bytes; a NumPy array (2-D uint8, fixed-width S or V, whose
                rows are taken whole with their trailing zeros, or object of bytes); an Arrow column (Binary,
                LargeBinary, FixedSizeBinary, chunked or not; nulls stay null). Nobody may write to it meanwhile.
            EncryptionContext: Text pairs, the same for all rows.
            errors: `raise` for the first bad row; `return` to be told about each.
            threads: How many; when absent, what suits the number of rows and cores.

        Returns:
            Ciphertext blobs in a column of the same kind (S becomes V). With `errors="return"` a BatchResult with it.

        Raises:
            BatchRowError: A row failed; its `index`, `code` and text say which and why. Nothing is returned then.
            ClientError: The whole call failed: NotFoundException, DisabledException, …
            TypeError: An argument is of a wrong type; the text names it and, for a row, its index.
            ImportError: An Arrow column of another library was given, and pyarrow is not installed.
        """
        return self._batch("EncryptBatch", Plaintexts, ("Plaintexts", KeyId, EncryptionContext, threads), errors)

    @overload
    def decrypt_batch(
        self,
        *,
        CiphertextBlobs: list[bytes] | tuple[bytes, ...],
        KeyId: str | None = None,
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["raise"] = "raise",
        threads: int | None = None,
    ) -> list[bytes]: ...
    @overload
    def decrypt_batch(
        self,
        *,
        CiphertextBlobs: list[bytes] | tuple[bytes, ...],
        KeyId: str | None = None,
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["return"],
        threads: int | None = None,
    ) -> BatchResult[list[bytes | None]]: ...
    @overload
    def decrypt_batch(
        self,
        *,
        CiphertextBlobs: NumpyColumn,
        KeyId: str | None = None,
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["raise"] = "raise",
        threads: int | None = None,
    ) -> NumpyColumn: ...
    @overload
    def decrypt_batch(
        self,
        *,
        CiphertextBlobs: NumpyColumn,
        KeyId: str | None = None,
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["return"],
        threads: int | None = None,
    ) -> BatchResult[NumpyColumn]: ...
    @overload
    def decrypt_batch(
        self,
        *,
        CiphertextBlobs: ArrowColumn,
        KeyId: str | None = None,
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["raise"] = "raise",
        threads: int | None = None,
    ) -> Any: ...
    @overload
    def decrypt_batch(
        self,
        *,
        CiphertextBlobs: ArrowColumn,
        KeyId: str | None = None,
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["return"],
        threads: int | None = None,
    ) -> BatchResult[Any]: ...
    def decrypt_batch(
        self,
        *,
        CiphertextBlobs: Any,
        KeyId: str | None = None,
        EncryptionContext: dict[str, str] | None = None,
        errors: Literal["raise", "return"] = "raise",
        threads: int | None = None,
    ) -> Any:
        """Decrypt many ciphertext blobs; they may be of different keys.

        Args:
            CiphertextBlobs: A column of one of the kinds that `encrypt_batch` answers with. Nobody may write to it
                meanwhile.
            KeyId: Only this key may have made them.
            EncryptionContext: The pairs they were encrypted under.
            errors: `raise` for the first bad row; `return` to be told about each.
            threads: How many; when absent, what suits the number of rows and cores.

        Returns:
            The plaintexts in a column of the same kind. With `errors="return"` a BatchResult that holds it.

        Raises:
            BatchRowError: A row failed; its `index`, `code` and text say which and why. Nothing is returned then.
            ClientError: The whole call failed.
            TypeError: An argument is of a wrong type; the text names it and, for a row, its index.
            ImportError: An Arrow column of another library was given, and pyarrow is not installed.
        """
        return self._batch(
            "DecryptBatch", CiphertextBlobs, ("CiphertextBlobs", KeyId, EncryptionContext, threads), errors
        )

    def _batch(
        self,
        operation: str,
        column: Any,
        given: tuple[Literal["Plaintexts", "CiphertextBlobs"], str | None, dict[str, str] | None, int | None],
        errors: str,
    ) -> Any:
        member, key_id, context, threads = given
        _check(key_id, context, threads, errors, needs_key=member == "Plaintexts")
        batch = Batch(member, key_id, {} if context is None else context, self._caller, threads)
        rows, failed = self._connection.run(_work(batch, column))
        if errors == "return":
            return BatchResult(rows, failed)
        if failed:
            raise row_error(operation, failed)
        return rows


def _check(key_id: object, context: object, threads: object, errors: object, *, needs_key: bool) -> None:
    if not isinstance(key_id, str) and (needs_key or key_id is not None):
        raise TypeError(f"KeyId must be a str, not {type(key_id).__name__}")
    if context is not None and not isinstance(context, dict):
        raise TypeError(f"EncryptionContext must be a dict of str to str, not {type(context).__name__}")
    if threads is not None and (not isinstance(threads, int) or isinstance(threads, bool)):
        raise TypeError(f"threads must be an int or None, not {type(threads).__name__}")
    if threads is not None and not 1 <= threads <= 256:
        raise ValueError(f"threads is {threads}: it must be between 1 and 256")
    if errors not in ("raise", "return"):
        raise ValueError(f"errors is {errors!r}: it must be 'raise' or 'return'")


def _work(batch: Batch, column: Any) -> Work:
    """How to do a batch over a column of this kind. NumPy and pyarrow are there if the column is one of theirs."""
    if isinstance(column, list | tuple):
        return _rows_work(batch, list(column))
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(column, numpy.ndarray):
        from kmscore.client import numpy_columns

        return numpy_columns.work(batch, column)
    if hasattr(column, "__arrow_c_array__") or hasattr(column, "__arrow_c_stream__"):
        from kmscore.client import arrow_columns

        return arrow_columns.work(batch, column)
    raise batch.wrong(f"{type(column).__module__}.{type(column).__qualname__}".removeprefix("builtins."))


def _rows_work(batch: Batch, rows: list[bytes]) -> Work:
    check_rows(batch, rows)
    return lambda engine: run_rows(batch, engine, rows)
