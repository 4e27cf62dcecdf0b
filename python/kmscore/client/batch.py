"""`encrypt_batch` and `decrypt_batch`: many rows, one authorisation, one audit record with their number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

from kmscore._core import Caller, Engine, blob_lengths
from kmscore.client.calls import Calls
from kmscore.columns import ArrowColumn, work_on
from kmscore.columns.rows import (
    BatchResult,
    Column,
    Contiguous,
    RowError,
    check_errors,
    threads_for,
)
from kmscore.errors import BY_CODE, ClientError
from kmscore.threads import check_threads

if TYPE_CHECKING:
    from kmscore.columns import NumpyColumn

OVERHEAD = 117
"""Bytes that a ciphertext blob is longer than its plaintext (docs/formats.md)."""


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
        encrypts = member == "Plaintexts"
        _check(key_id, context, needs_key=encrypts)
        check_threads(threads)
        check_errors(errors)
        work = work_on(Column(member, 1 if encrypts else OVERHEAD + 1), column)
        batch = _Batch(encrypts, key_id, {} if context is None else context, self._caller, threads)
        rows, failed = self._connection.run(lambda engine: work(_EngineWorker(batch, engine)))
        return result(operation, rows, failed, errors)


def _check(key_id: object, context: object, *, needs_key: bool) -> None:
    if not isinstance(key_id, str) and (needs_key or key_id is not None):
        raise TypeError(f"KeyId must be a str, not {type(key_id).__name__}")
    if context is not None and not isinstance(context, dict):
        raise TypeError(f"EncryptionContext must be a dict of str to str, not {type(context).__name__}")


@dataclass(frozen=True)
class _Batch:
    """One batch: which way, under what, and who asks."""

    encrypts: bool
    key_id: str | None
    context: dict[str, str]
    caller: Caller
    threads: int | None


@dataclass(frozen=True)
class _EngineWorker:
    """Ciphertext blobs, made and opened by the engine."""

    batch: _Batch
    engine: Engine

    def result_lengths(self, rows: Contiguous) -> tuple[int, int]:
        return blob_lengths(rows.data, rows.offsets, encrypts=self.batch.encrypts, validity=rows.validity)

    def rows(self, rows: list[bytes]) -> tuple[list[bytes | None], list[RowError]]:
        batch, threads = self.batch, threads_for(self.batch.threads, len(rows))
        if batch.encrypts:
            key_id = batch.key_id or ""
            results, errors = self.engine.encrypt_rows(key_id, rows, batch.context, batch.caller, threads=threads)
        else:
            results, errors = self.engine.decrypt_rows(batch.key_id, rows, batch.context, batch.caller, threads=threads)
        return results, [RowError(*error) for error in errors]

    def columns(self, rows: Contiguous, out: Any, out_offsets: Any) -> list[RowError]:
        batch, threads = self.batch, threads_for(self.batch.threads, rows.count)
        column = rows.data, rows.offsets, out, out_offsets, batch.context, batch.caller
        if batch.encrypts:
            key_id = batch.key_id or ""
            errors = self.engine.encrypt_columns(key_id, *column, threads=threads, validity=rows.validity)
        else:
            errors = self.engine.decrypt_columns(batch.key_id, *column, threads=threads, validity=rows.validity)
        return [RowError(*error) for error in errors]


def result(operation: str, rows: Any, failed: list[RowError], errors: str) -> Any:
    """What a batch answers.

    Args:
        operation: As it is called in the audit log.
        rows: The results.
        failed: Rows that failed.
        errors: `raise` or `return`.

    Raises:
        BatchRowError: A row failed, and it shall be raised.
    """
    if errors == "return":
        return BatchResult(rows, failed)
    if failed:
        raise _row_error(operation, failed)
    return rows


def _row_error(operation: str, failed: list[RowError]) -> BatchRowError:
    """The error for a batch of which rows failed, about the first of them."""
    first = failed[0]
    cause = BY_CODE[first.code](first.message)
    cause.attach(operation, "")
    error = BatchRowError(first.message, first.code, first.index, len(failed))
    error.attach(operation, "")
    error.__cause__ = cause
    return error
