"""Columns of messages: one data key for many rows, each row a message of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, overload

from kmscore import _core
from kmscore._core import (
    DataKey,
    DecryptionError,
    EncryptionMaterials,
    EnvelopeError,
    KeyringError,
)
from kmscore.columns import ArrowColumn, work_on
from kmscore.columns.rows import (
    BatchResult,
    Column,
    Contiguous,
    RowError,
    check_errors,
    threads_for,
)
from kmscore.envelope.keyrings import Keyring, require_keyring
from kmscore.envelope.options import (
    COMMITTING,
    FRAME_LENGTH,
    REQUIRE,
    CommitmentPolicy,
    Decrypting,
    Encrypting,
    required_keys,
)
from kmscore.threads import check_threads

if TYPE_CHECKING:
    from kmscore.columns import NumpyColumn

ROWS_PER_DATA_KEY = 1_000_000
_MOST_ROWS = 2**32
_SHORTEST_MESSAGE = 100


class _EncryptOptions(TypedDict, total=False):
    """What `encrypt_batch` takes whatever the column is."""

    encryption_context: dict[str, str] | None
    algorithm_suite: int
    frame_length: int
    commitment_policy: CommitmentPolicy
    max_encrypted_data_keys: int | None
    required_encryption_context_keys: Iterable[str]
    rows_per_data_key: int
    threads: int | None


class _DecryptOptions(TypedDict, total=False):
    """What `decrypt_batch` takes whatever the column is."""

    encryption_context: dict[str, str] | None
    commitment_policy: CommitmentPolicy
    max_encrypted_data_keys: int | None
    threads: int | None


class MessageRowError(EnvelopeError):
    """A row of a batch does not decrypt; `__cause__` is what `decrypt` would raise for it alone."""

    def __init__(self, message: str, code: str = "", index: int = 0, failed: int = 1) -> None:
        super().__init__(message, code, index, failed)
        self.code = code
        """The class of the error, such as `DecryptionError`."""
        self.index = index
        """The first row that failed, from 0."""
        self.failed = failed
        """How many rows failed."""

    def __str__(self) -> str:
        """The error's text, and which row it is about."""
        return f"{self.args[0]} (row {self.index}; {self.failed} failed)"


@overload
def encrypt_batch(
    rows: list[bytes] | tuple[bytes, ...],
    keyring: Keyring,
    **options: Unpack[_EncryptOptions],
) -> list[bytes]: ...
@overload
def encrypt_batch(
    rows: NumpyColumn,
    keyring: Keyring,
    **options: Unpack[_EncryptOptions],
) -> NumpyColumn: ...
@overload
def encrypt_batch(
    rows: ArrowColumn,
    keyring: Keyring,
    **options: Unpack[_EncryptOptions],
) -> Any: ...
def encrypt_batch(
    rows: Any,
    keyring: Keyring,
    *,
    encryption_context: dict[str, str] | None = None,
    algorithm_suite: int = COMMITTING,
    frame_length: int = FRAME_LENGTH,
    commitment_policy: CommitmentPolicy = REQUIRE,
    max_encrypted_data_keys: int | None = None,
    required_encryption_context_keys: Iterable[str] = (),
    rows_per_data_key: int = ROWS_PER_DATA_KEY,
    threads: int | None = None,
) -> Any:
    """Encrypt many rows, each to a message that any AWS Encryption SDK decrypts.

    A data key is asked for once every `rows_per_data_key` rows, and serves them all: each row has a content key of its
    own, derived from it. Rows of one data key that are signed share the key pair.

    Args:
        rows: A list of bytes; a NumPy array (2-D uint8, fixed-width S or V, whose rows are taken whole with their
            trailing zeros, or object of bytes); an Arrow column (Binary, LargeBinary, FixedSizeBinary, chunked or not;
            nulls stay null). Rows may be empty, but not of a fixed width of 0. Nobody may write to it meanwhile.
        keyring: Who makes and protects data keys.
        encryption_context: The same for all rows; as for `encrypt`.
        algorithm_suite: As for `encrypt`.
        frame_length: As for `encrypt`.
        commitment_policy: As for `encrypt`.
        max_encrypted_data_keys: As for `encrypt`.
        required_encryption_context_keys: As for `encrypt`.
        rows_per_data_key: How many rows a data key serves, 1 to 2^32. With a CachingKeyring it serves other batches,
            too, within the limits of the cache.
        threads: How many; when absent, what suits the number of rows and cores.

    Returns:
        Messages in a column of the same kind (S becomes V).

    Raises:
        TypeError: An argument is of a wrong type; the text names it and, for a row, its index.
        ImportError: An Arrow column of another library was given, and pyarrow is not installed. And what `encrypt`
            raises.
    """
    require_keyring(keyring)
    check_threads(threads)
    if type(rows_per_data_key) is not int or not 1 <= rows_per_data_key <= _MOST_ROWS:
        raise ValueError(f"rows_per_data_key is {rows_per_data_key!r}: it must be an int between 1 and {_MOST_ROWS}")
    options = Encrypting(
        encryption_context,
        algorithm_suite,
        frame_length,
        commitment_policy,
        max_encrypted_data_keys,
        required_keys(required_encryption_context_keys),
    )
    options.request()
    work = work_on(Column("rows", 1), rows)
    return work(_EncryptWorker(options, keyring, rows_per_data_key, threads))[0]


@overload
def decrypt_batch(
    rows: list[bytes] | tuple[bytes, ...],
    keyring: Keyring,
    *,
    errors: Literal["raise"] = "raise",
    **options: Unpack[_DecryptOptions],
) -> list[bytes]: ...
@overload
def decrypt_batch(
    rows: list[bytes] | tuple[bytes, ...],
    keyring: Keyring,
    *,
    errors: Literal["return"],
    **options: Unpack[_DecryptOptions],
) -> BatchResult[list[bytes | None]]: ...
@overload
def decrypt_batch(
    rows: NumpyColumn,
    keyring: Keyring,
    *,
    errors: Literal["raise"] = "raise",
    **options: Unpack[_DecryptOptions],
) -> NumpyColumn: ...
@overload
def decrypt_batch(
    rows: NumpyColumn,
    keyring: Keyring,
    *,
    errors: Literal["return"],
    **options: Unpack[_DecryptOptions],
) -> BatchResult[NumpyColumn]: ...
@overload
def decrypt_batch(
    rows: ArrowColumn,
    keyring: Keyring,
    *,
    errors: Literal["raise"] = "raise",
    **options: Unpack[_DecryptOptions],
) -> Any: ...
@overload
def decrypt_batch(
    rows: ArrowColumn,
    keyring: Keyring,
    *,
    errors: Literal["return"],
    **options: Unpack[_DecryptOptions],
) -> BatchResult[Any]: ...
def decrypt_batch(
    rows: Any,
    keyring: Keyring,
    *,
    encryption_context: dict[str, str] | None = None,
    commitment_policy: CommitmentPolicy = REQUIRE,
    max_encrypted_data_keys: int | None = None,
    errors: Literal["raise", "return"] = "raise",
    threads: int | None = None,
) -> Any:
    """Decrypt many messages. The keyring is asked once for all rows with the same encrypted data keys.

    Args:
        rows: A column of one of the kinds that `encrypt_batch` answers with. Nobody may write to it meanwhile.
        keyring: Who decrypts data keys.
        encryption_context: As for `decrypt`.
        commitment_policy: As for `decrypt`.
        max_encrypted_data_keys: As for `decrypt`.
        errors: `raise` for the first bad row; `return` to be told about each.
        threads: How many; when absent, what suits the number of rows and cores.

    Returns:
        The plaintexts in a column of the same kind. With `errors="return"` a BatchResult that holds it.

    Raises:
        MessageRowError: A row failed; `index`, `code` and text say which and why. Nothing is returned then.
        TypeError: An argument is of a wrong type; the text names it and, for a row, its index.
        ImportError: An Arrow column of another library was given, and pyarrow is not installed.
    """
    require_keyring(keyring)
    check_threads(threads)
    check_errors(errors)
    work = work_on(Column("rows", _SHORTEST_MESSAGE), rows)
    options = Decrypting(encryption_context, commitment_policy, max_encrypted_data_keys)
    results, failed = work(_DecryptWorker(options, keyring, threads))
    if errors == "return":
        return BatchResult(results, failed)
    if failed:
        raise _row_error(failed)
    return results


class _EncryptWorker:
    """Messages of rows. Materials are asked for when the number and the lengths of the rows are known, once."""

    def __init__(self, options: Encrypting, keyring: Keyring, each: int, threads: int | None) -> None:
        self._options = options
        self._keyring = keyring
        self._each = each
        self._threads = threads
        self._materials: list[EncryptionMaterials] | None = None

    def result_lengths(self, rows: Contiguous) -> tuple[int, int]:
        runs = self._runs(rows.count, len(rows.data))
        if isinstance(rows.offsets, int):
            # Nulls have the width of the others.
            width = self._width(rows.offsets)
            return rows.count * width, width
        return _core.messages_length(runs, rows.data, rows.offsets, rows.validity)

    def rows(self, rows: list[bytes]) -> tuple[list[bytes | None], list[RowError]]:
        runs = self._runs(len(rows), sum(map(len, rows)))
        return _core.encrypt_messages(runs, rows, threads_for(self._threads, len(rows))), []

    def columns(self, rows: Contiguous, out: Any, out_offsets: Any) -> list[RowError]:
        runs, threads = self._runs(rows.count, len(rows.data)), threads_for(self._threads, rows.count)
        _core.encrypt_message_columns(runs, rows.data, rows.offsets, out, out_offsets, threads, rows.validity)
        return []

    def _runs(self, count: int, length: int) -> tuple[list[EncryptionMaterials], int, int]:
        if self._materials is None:
            starts = range(0, count, self._each)
            self._materials = [self._of_run(min(self._each, count - start), length) for start in starts]
        return self._materials, self._each, self._options.frame_length

    def _width(self, plaintext: int) -> int:
        """Of messages whose plaintexts have one width; 0 when there are none.

        Raises:
            ValueError: They have several: they would not lie where their rows do.
        """
        widths = {each.message_length(plaintext, self._options.frame_length) for each in self._materials or ()}
        if len(widths) > 1:
            raise ValueError(
                "the keyring gave encrypted data keys of different lengths: their messages have no common width, so "
                "encrypt a list, an object array or a Binary column"
            )
        return max(widths, default=0)

    def _of_run(self, count: int, length: int) -> EncryptionMaterials:
        """The materials of one run. The bytes of all rows are an upper bound of its own."""
        return self._keyring.encryption_materials(self._options.request(), count, length)


class _DecryptWorker:
    """Plaintexts of messages. The keyring is asked once for each data key."""

    def __init__(self, options: Decrypting, keyring: Keyring, threads: int | None) -> None:
        self._options = options
        self._keyring = keyring
        self._threads = threads
        self._column: _core.MessageColumn | None = None

    def result_lengths(self, rows: Contiguous) -> tuple[int, int]:
        return self._of(rows).plaintext_lengths()

    def rows(self, rows: list[bytes]) -> tuple[list[bytes | None], list[RowError]]:
        context, policy, most = self._options
        column = _core.MessageColumn.of_rows(rows, policy, most, context)
        results, errors = column.decrypt_rows(rows, self._keys(column), threads_for(self._threads, len(rows)))
        return results, [RowError(*error) for error in errors]

    def columns(self, rows: Contiguous, out: Any, out_offsets: Any) -> list[RowError]:
        column, threads = self._of(rows), threads_for(self._threads, rows.count)
        width = column.plaintext_lengths()[1] if out_offsets is None else None
        keys = self._keys(column)
        errors = column.decrypt_columns(rows.data, rows.offsets, out, out_offsets, keys, threads, width, rows.validity)
        return [RowError(*error) for error in errors]

    def _of(self, rows: Contiguous) -> _core.MessageColumn:
        if self._column is None:
            context, policy, most = self._options
            self._column = _core.MessageColumn.of_column(rows.data, rows.offsets, policy, most, context, rows.validity)
        return self._column

    def _keys(self, column: _core.MessageColumn) -> list[DataKey | str]:
        return [self._key(header) for header in column.headers()]

    def _key(self, header: _core.MessageHeader) -> DataKey | str:
        try:
            return self._keyring.decryption_key(header)
        except DecryptionError:
            return ""
        except KeyringError as error:
            return str(error)


def _row_error(failed: list[RowError]) -> MessageRowError:
    first = failed[0]
    error = MessageRowError(first.message, first.code, first.index, len(failed))
    error.__cause__ = getattr(_core, first.code, ValueError)(first.message)
    return error
