"""`sign_batch`, `verify_batch` and `mac_batch` over NumPy arrays and Arrow columns: the same kind comes out."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from kmscore import KMSClient
from kmscore.columns import arrow_columns
from other_columns import REFUSED_ARRAYS, REFUSED_COLUMNS, Exported, Streamed

ED25519, P256 = "ED25519_SHA_512", "ECDSA_SHA_256"
# Columns, and what the type of their signatures is: of those of one length, and of those of several.
COLUMNS = [
    (np.arange(60, dtype=np.uint8).reshape(12, 5), "uint8", "object"),
    (np.array([b"ab\0\0", b"", b"abcd"]), "|V64", "object"),
    (np.array([b"a", b"", b"ccc\0"], object), "object", "object"),
    (pa.array([b"a", None, b"", b"last\0"]), "binary", "binary"),
    (pa.array([b"a", None, b""], pa.large_binary()), "large_binary", "large_binary"),
    (pa.array([b"abc", None, b"xyz"], pa.binary(3)), "fixed_size_binary[64]", "binary"),
    (pa.array([b"abc", None, b"xyz", b"uvw"], pa.binary(3)).slice(1, 2), "fixed_size_binary[64]", "binary"),
    (pa.array([b"zero", b"a", None, b"b"]).slice(1), "binary", "binary"),
    (pa.chunked_array([[b"a"], [], [None, b"b"]], pa.binary()), "binary", "binary"),
    (pa.chunked_array([[b"ab"], [b"cd", None]], pa.binary(2)), "fixed_size_binary[64]", "binary"),
    (np.empty((0, 5), np.uint8), "uint8", "object"),
    (np.empty(0, "S5"), "|V64", "object"),
    (pa.array([], pa.binary()), "binary", "binary"),
    (pa.array([], pa.binary(7)), "fixed_size_binary[64]", "binary"),
    (pa.array([None, None], pa.binary()), "binary", "binary"),
    (pa.chunked_array([], pa.binary()), "binary", "binary"),
]


def rows_of(column: Any) -> list[Any]:
    """The rows of any column; those of S with their trailing zeros."""
    if not isinstance(column, np.ndarray) or column.dtype == object:
        return list(column.tolist() if isinstance(column, np.ndarray) else column.to_pylist())
    return [bytes(row) for row in column.view(np.uint8).reshape(len(column), -1)] if len(column) else []


def kind_of(column: Any) -> str:
    return str(column.dtype if isinstance(column, np.ndarray) else column.type)


@pytest.mark.parametrize(("column", "fixed", "varying"), COLUMNS)
def test_each_kind_of_column_comes_back_as_its_kind(
    kms: KMSClient, edwards: str, curve: str, column: Any, fixed: str, varying: str
) -> None:
    rows = rows_of(column)
    for key, algorithm, kind in ((edwards, ED25519, fixed), (curve, P256, varying)):
        signatures = kms.sign_batch(KeyId=key, Messages=column, SigningAlgorithm=algorithm)
        assert kind_of(signatures) == kind
        answers = kms.verify_batch(KeyId=key, Messages=column, Signatures=signatures, SigningAlgorithm=algorithm)
        for result in (signatures, answers):
            assert len(result) == len(column)
            if isinstance(column, pa.ChunkedArray):
                assert [len(chunk) for chunk in result.chunks] == [len(chunk) for chunk in column.chunks]
            if not isinstance(result, np.ndarray):
                result.validate(full=True)
        assert [signature is None for signature in rows_of(signatures)] == [row is None for row in rows]
        expected = [None if row is None else True for row in rows]
        assert (answers.tolist() if isinstance(answers, np.ndarray) else answers.to_pylist()) == expected
        for row, signature in zip(rows, rows_of(signatures), strict=True):
            if row:
                assert kms.verify(KeyId=key, Message=row, Signature=signature, SigningAlgorithm=algorithm)


@pytest.mark.parametrize(("column", "fixed"), [(column, fixed) for column, fixed, _ in COLUMNS])
def test_macs_of_each_kind_are_those_of_a_list(kms: KMSClient, mac_key: str, column: Any, fixed: str) -> None:
    macs = kms.mac_batch(KeyId=mac_key, Messages=column, MacAlgorithm="HMAC_SHA_256")
    assert kind_of(macs) == fixed.replace("64", "32")
    present = [row for row in rows_of(column) if row is not None]
    listed = kms.mac_batch(KeyId=mac_key, Messages=present, MacAlgorithm="HMAC_SHA_256")
    assert [mac for mac in rows_of(macs) if mac is not None] == listed


def test_results_are_the_callers_to_write(kms: KMSClient, edwards: str) -> None:
    signatures = kms.sign_batch(KeyId=edwards, Messages=np.zeros((2, 3), np.uint8), SigningAlgorithm=ED25519)
    assert (signatures.shape, signatures.flags.writeable) == ((2, 64), True)
    arguments: Any = {"Messages": np.zeros((2, 3), np.uint8), "Signatures": signatures, "SigningAlgorithm": ED25519}
    answers = kms.verify_batch(KeyId=edwards, **arguments)
    answers[0] = False
    assert (answers.dtype, answers.tolist()) == (np.bool_, [False, True])


def test_columns_of_other_arrow_libraries_become_pyarrows(kms: KMSClient, edwards: str) -> None:
    column = pa.array([b"a", None])
    signatures = kms.sign_batch(KeyId=edwards, Messages=Exported(column), SigningAlgorithm=ED25519)
    chunked = Streamed(pa.chunked_array([column]))
    arguments: Any = {"Messages": chunked, "Signatures": Exported(signatures), "SigningAlgorithm": ED25519}
    answers = kms.verify_batch(KeyId=edwards, **arguments)
    assert isinstance(answers, pa.ChunkedArray)
    assert answers.to_pylist() == [True, None]


def test_bytes_under_a_null_are_not_signed(kms: KMSClient, edwards: str) -> None:
    mask = pa.array([True, False]).buffers()[1]
    hidden = pa.Array.from_buffers(pa.binary(3), 2, [mask, pa.py_buffer(b"abcHID")])
    signatures = kms.sign_batch(KeyId=edwards, Messages=hidden, SigningAlgorithm=ED25519)
    assert signatures.null_count == 1
    assert signatures.buffers()[1].to_pybytes()[64:128] == bytes(64)


def test_signatures_may_be_of_another_kind_than_messages(kms: KMSClient, curve: str) -> None:
    messages = [b"ab", b"cd", b"ef"]
    signatures = kms.sign_batch(KeyId=curve, Messages=messages, SigningAlgorithm=P256)
    as_arrow: Any = pa.array([signatures[0], None, signatures[2][:-1]])
    kinds: Any = [messages, np.array(messages), pa.array([b"ab", b"cd", None])]
    answers = [
        kms.verify_batch(KeyId=curve, Messages=kind, Signatures=as_arrow, SigningAlgorithm=P256) for kind in kinds
    ]
    assert answers[0] == answers[1].tolist() == [True, False, False]
    assert answers[2].to_pylist() == [True, None, None]


def test_result_too_long_for_binary_names_the_way_out(
    kms: KMSClient, edwards: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_columns, "_LONGEST_BINARY", 100)
    with pytest.raises(ValueError, match="Messages is too long for a Binary column.*cast it to large_binary"):
        kms.sign_batch(KeyId=edwards, Messages=pa.array([b"a", b"b"]), SigningAlgorithm=ED25519)


@pytest.mark.parametrize(("column", "fault"), REFUSED_ARRAYS + REFUSED_COLUMNS)
def test_column_of_another_kind_is_refused(kms: KMSClient, edwards: str, column: Any, fault: str) -> None:
    with pytest.raises(TypeError, match=f"Messages.*{fault}"):
        kms.sign_batch(KeyId=edwards, Messages=column, SigningAlgorithm=ED25519)
    with pytest.raises(TypeError, match=f"Signatures.*{fault}"):
        kms.verify_batch(KeyId=edwards, Messages=[b"x"], Signatures=column, SigningAlgorithm=ED25519)
