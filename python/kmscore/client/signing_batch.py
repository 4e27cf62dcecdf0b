"""`sign_batch`, `verify_batch`, `mac_batch`: many messages, one authorisation, one audit record with their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypeAlias, TypedDict, Unpack, overload

from kmscore._core import Engine, MadeRows, signatures_vary
from kmscore.client.batch import result
from kmscore.client.calls import Calls
from kmscore.columns import ArrowColumn, take, work_on
from kmscore.columns.rows import (
    Answers,
    BatchResult,
    Column,
    Contiguous,
    RowError,
    check_errors,
    threads_for,
)
from kmscore.threads import check_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from kmscore.columns import NumpyColumn

    BooleanColumn: TypeAlias = npt.NDArray[np.bool_]

_Rows: TypeAlias = list[bytes] | tuple[Any, Any, Any]
_Failed: TypeAlias = list[tuple[int, str, str]]

_LONG_ROWS, _SHORT_ROWS = 2, 32
"""From how many rows on a second thread pays: one signature of RSA or ML-DSA takes longer than starting it."""


class SignBatchOptions(TypedDict):
    """What `sign_batch` takes whatever the column is."""

    KeyId: str
    SigningAlgorithm: str
    MessageType: NotRequired[str]
    threads: NotRequired[int | None]


class VerifyBatchOptions(SignBatchOptions):
    """What `verify_batch` takes whatever the column of messages is."""

    Signatures: list[bytes] | tuple[bytes, ...] | NumpyColumn | ArrowColumn


class MacBatchOptions(TypedDict):
    """What `mac_batch` takes whatever the column is."""

    KeyId: str
    MacAlgorithm: str
    threads: NotRequired[int | None]


class SigningBatchCalls(Calls):
    """Signatures and MACs of columns: kmscore's own operations."""

    @overload
    def sign_batch(
        self,
        *,
        Messages: list[bytes] | tuple[bytes, ...],
        errors: Literal["raise"] = "raise",
        **options: Unpack[SignBatchOptions],
    ) -> list[bytes]: ...
    @overload
    def sign_batch(
        self,
        *,
        Messages: list[bytes] | tuple[bytes, ...],
        errors: Literal["return"],
        **options: Unpack[SignBatchOptions],
    ) -> BatchResult[list[bytes | None]]: ...
    @overload
    def sign_batch(
        self, *, Messages: NumpyColumn, errors: Literal["raise"] = "raise", **options: Unpack[SignBatchOptions]
    ) -> NumpyColumn: ...
    @overload
    def sign_batch(
        self, *, Messages: NumpyColumn, errors: Literal["return"], **options: Unpack[SignBatchOptions]
    ) -> BatchResult[NumpyColumn]: ...
    @overload
    def sign_batch(
        self, *, Messages: ArrowColumn, errors: Literal["raise"] = "raise", **options: Unpack[SignBatchOptions]
    ) -> Any: ...
    @overload
    def sign_batch(
        self, *, Messages: ArrowColumn, errors: Literal["return"], **options: Unpack[SignBatchOptions]
    ) -> BatchResult[Any]: ...
    def sign_batch(
        self,
        *,
        KeyId: str,
        Messages: Any,
        SigningAlgorithm: str,
        MessageType: str = "RAW",
        errors: Literal["raise", "return"] = "raise",
        threads: int | None = None,
    ) -> Any:
        """Sign many messages, each with a signature of its own that `verify` takes as well.

        Args:
            KeyId: Key id, key ARN, alias name or alias ARN of a key whose usage is SIGN_VERIFY.
            Messages: Messages of 0 to 4,096 bytes, or what `MessageType` says: a list of bytes; a NumPy array (2-D
                uint8, fixed-width S or V, whose rows are taken whole with their trailing zeros, or object of bytes); an
                Arrow column (Binary, LargeBinary, FixedSizeBinary, chunked or not; nulls stay null). Unlike in `sign` a
                message may be empty, as values of columns are. Nobody may write to it meanwhile.
            SigningAlgorithm: One of the key's `SigningAlgorithms`.
            MessageType: As for `sign`.
            errors: `raise` for the first bad row; `return` to be told about each.
            threads: How many; when absent, what suits the number of rows and cores.

        Returns:
            Signatures in a column of the same kind (S becomes V). ECDSA's and SM2's are DER of varying length: of a
            column of fixed width they come as a NumPy array of objects or as Arrow's Binary. With `errors="return"` a
            BatchResult with it.

        Raises:
            BatchRowError: A row failed, such as a digest of a wrong length; its `index`, `code` and text say which and
                why. Nothing is returned then.
            ClientError: The whole call failed: InvalidKeyUsageException, DisabledException, …
            TypeError: An argument is of a wrong type; the text names it and, for a row, its index.
            ImportError: An Arrow column of another library was given, and pyarrow is not installed.
        """
        request = {"KeyId": KeyId, "SigningAlgorithm": SigningAlgorithm, "MessageType": MessageType}
        column = Column("Messages", 1, results_vary=signatures_vary(SigningAlgorithm))

        worth = _LONG_ROWS if str(SigningAlgorithm).startswith(("RSASSA_", "ML_DSA_")) else _SHORT_ROWS

        def sign(engine: Engine, rows: _Rows, count: int) -> tuple[MadeRows, _Failed]:
            return engine.sign_rows(request, rows, self._caller, threads=threads_for(threads, count, worth))

        return self._make("SignBatch", sign, column, Messages, errors, threads)

    @overload
    def verify_batch(
        self,
        *,
        Messages: list[bytes] | tuple[bytes, ...],
        errors: Literal["raise"] = "raise",
        **options: Unpack[VerifyBatchOptions],
    ) -> list[bool]: ...
    @overload
    def verify_batch(
        self,
        *,
        Messages: list[bytes] | tuple[bytes, ...],
        errors: Literal["return"],
        **options: Unpack[VerifyBatchOptions],
    ) -> BatchResult[list[bool | None]]: ...
    @overload
    def verify_batch(
        self, *, Messages: NumpyColumn, errors: Literal["raise"] = "raise", **options: Unpack[VerifyBatchOptions]
    ) -> BooleanColumn: ...
    @overload
    def verify_batch(
        self, *, Messages: NumpyColumn, errors: Literal["return"], **options: Unpack[VerifyBatchOptions]
    ) -> BatchResult[BooleanColumn]: ...
    @overload
    def verify_batch(
        self, *, Messages: ArrowColumn, errors: Literal["raise"] = "raise", **options: Unpack[VerifyBatchOptions]
    ) -> Any: ...
    @overload
    def verify_batch(
        self, *, Messages: ArrowColumn, errors: Literal["return"], **options: Unpack[VerifyBatchOptions]
    ) -> BatchResult[Any]: ...
    def verify_batch(
        self,
        *,
        KeyId: str,
        Messages: Any,
        Signatures: Any,
        SigningAlgorithm: str,
        MessageType: str = "RAW",
        errors: Literal["raise", "return"] = "raise",
        threads: int | None = None,
    ) -> Any:
        """Verify the signature of each of many messages. Unlike `verify` it answers false: look at every answer.

        Args:
            KeyId: The key that signed, in any of the four forms.
            Messages: A column of one of the kinds that `sign_batch` takes.
            Signatures: A column of one of these kinds, too, though not of the same; as many rows.
            SigningAlgorithm: As for `sign`.
            MessageType: As for `sign`.
            errors: `raise` for the first bad row; `return` to be told about each. A wrong signature is none.
            threads: How many; when absent, what suits the number of rows and cores.

        Returns:
            Whether each signature is this key's of its message, in booleans of the kind of `Messages`: a list, a NumPy
            array or an Arrow column. Where either row is null, Arrow's is null and the others are false. With
            `errors="return"` a BatchResult with it, where a failed row is None, false or null.

        Raises:
            BatchRowError: A message is one that cannot have been signed, such as a digest of a wrong length.
            ClientError: The whole call failed.
            TypeError: An argument is of a wrong type; the text names it and, for a row, its index.
            ValueError: There are not as many signatures as messages.
            ImportError: An Arrow column of another library was given, and pyarrow is not installed.
        """
        check_threads(threads)
        check_errors(errors)
        request = {"KeyId": KeyId, "SigningAlgorithm": SigningAlgorithm, "MessageType": MessageType}
        messages, signatures = take(Column("Messages", 1), Messages), take(Column("Signatures", 1), Signatures)
        count = len(messages.rows)
        if len(signatures.rows) != count:
            raise ValueError(f"Messages has {count} rows and Signatures {len(signatures.rows)}: they must be as many")
        columns, suited = (_given(messages.rows), _given(signatures.rows)), threads_for(threads, count, _SHORT_ROWS)
        yes, known, failed = self._connection.run(
            lambda engine: engine.verify_rows(request, *columns, self._caller, threads=suited)
        )
        answers = Answers(yes, known, _row_errors(failed))
        return result("VerifyBatch", messages.answer(answers), answers.failed, errors)

    @overload
    def mac_batch(
        self,
        *,
        Messages: list[bytes] | tuple[bytes, ...],
        errors: Literal["raise"] = "raise",
        **options: Unpack[MacBatchOptions],
    ) -> list[bytes]: ...
    @overload
    def mac_batch(
        self,
        *,
        Messages: list[bytes] | tuple[bytes, ...],
        errors: Literal["return"],
        **options: Unpack[MacBatchOptions],
    ) -> BatchResult[list[bytes | None]]: ...
    @overload
    def mac_batch(
        self, *, Messages: NumpyColumn, errors: Literal["raise"] = "raise", **options: Unpack[MacBatchOptions]
    ) -> NumpyColumn: ...
    @overload
    def mac_batch(
        self, *, Messages: NumpyColumn, errors: Literal["return"], **options: Unpack[MacBatchOptions]
    ) -> BatchResult[NumpyColumn]: ...
    @overload
    def mac_batch(
        self, *, Messages: ArrowColumn, errors: Literal["raise"] = "raise", **options: Unpack[MacBatchOptions]
    ) -> Any: ...
    @overload
    def mac_batch(
        self, *, Messages: ArrowColumn, errors: Literal["return"], **options: Unpack[MacBatchOptions]
    ) -> BatchResult[Any]: ...
    def mac_batch(
        self,
        *,
        KeyId: str,
        Messages: Any,
        MacAlgorithm: str,
        errors: Literal["raise", "return"] = "raise",
        threads: int | None = None,
    ) -> Any:
        """Make the HMAC of each of many messages; `verify_mac` takes each.

        Args:
            KeyId: An HMAC key, in any of the four forms.
            Messages: As for `sign_batch`, of 0 to 4,096 bytes.
            MacAlgorithm: The key's: `HMAC_SHA_256` for HMAC_256, and so on.
            errors: `raise` for the first bad row; `return` to be told about each.
            threads: How many; when absent, what suits the number of rows and cores.

        Returns:
            MACs of 28, 32, 48 or 64 bytes in a column of the same kind (S becomes V). With `errors="return"` a
            BatchResult with it.

        Raises:
            BatchRowError: A message is too long.
            ClientError: The whole call failed: InvalidKeyUsageException, DisabledException, …
            TypeError: An argument is of a wrong type; the text names it and, for a row, its index.
            ImportError: An Arrow column of another library was given, and pyarrow is not installed.
        """
        request = {"KeyId": KeyId, "MacAlgorithm": MacAlgorithm}

        def mac(engine: Engine, rows: _Rows, count: int) -> tuple[MadeRows, _Failed]:
            return engine.mac_rows(request, rows, self._caller, threads=threads_for(threads, count))

        return self._make("MacBatch", mac, Column("Messages", 1), Messages, errors, threads)

    def _make(
        self,
        operation: str,
        make: Callable[[Engine, _Rows, int], tuple[MadeRows, _Failed]],
        column: Column,
        messages: Any,
        errors: str,
        threads: int | None,
    ) -> Any:
        check_threads(threads)
        check_errors(errors)
        work = work_on(column, messages)
        rows, failed = self._connection.run(
            lambda engine: work(_MakingWorker(lambda rows, count: make(engine, rows, count)))
        )
        return result(operation, rows, failed, errors)


class _MakingWorker:
    """Results whose lengths are known only when they are made, which is before there is room for them."""

    def __init__(self, make: Callable[[_Rows, int], tuple[MadeRows, _Failed]]) -> None:
        self._make = make
        self._made: MadeRows | None = None
        self._failed: list[RowError] = []

    def result_lengths(self, rows: Contiguous) -> tuple[int, int]:
        return self._of(rows).lengths()

    def rows(self, rows: list[bytes]) -> tuple[list[bytes | None], list[RowError]]:
        made, failed = self._make(rows, len(rows))
        return made.to_list(), _row_errors(failed)

    def columns(self, rows: Contiguous, out: Any, out_offsets: Any) -> list[RowError]:
        self._of(rows).write(out, out_offsets)
        return self._failed

    def _of(self, rows: Contiguous) -> MadeRows:
        if self._made is None:
            self._made, failed = self._make(_given(rows), len(rows))
            self._failed = _row_errors(failed)
        return self._made


def _given(rows: list[bytes] | Contiguous) -> _Rows:
    return (rows.data, rows.offsets, rows.validity) if isinstance(rows, Contiguous) else rows


def _row_errors(failed: _Failed) -> list[RowError]:
    return [RowError(*error) for error in failed]
