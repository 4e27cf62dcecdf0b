"""Bad arguments: one clear error that names the argument and the rule; nothing is made."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from envelope.keyrings import UNSIGNED, raw_ring
from kmscore import envelope

LONGEST_CONTEXT = 65_535
BAD_OPTIONS: list[tuple[dict[str, Any], Any, str]] = [
    ({"frame_length": 0}, ValueError, "frame_length is 0: it must be between 1 and 4294967295"),
    ({"frame_length": -1}, ValueError, "frame_length is -1"),
    ({"frame_length": 2**32}, ValueError, "frame_length is 4294967296"),
    ({"frame_length": 2**70}, ValueError, "frame_length is 1180591620717411303424"),
    ({"frame_length": True}, TypeError, "frame_length must be an int, not bool"),
    ({"frame_length": 4096.0}, TypeError, "frame_length must be an int, not float"),
    ({"frame_length": None}, TypeError, "frame_length must be an int, not NoneType"),
    ({"frame_length": "4096"}, TypeError, "frame_length must be an int, not str"),
    ({"algorithm_suite": 0x0479}, ValueError, "algorithm_suite 0x0479 is none of the AWS Encryption SDK's"),
    ({"algorithm_suite": 0x0000}, ValueError, "algorithm_suite 0x0000"),
    ({"algorithm_suite": 0x0070}, ValueError, "algorithm_suite 0x0070"),
    ({"algorithm_suite": 0x10000}, ValueError, "algorithm_suite is 65536: it must be 0x0478 or 0x0578"),
    ({"algorithm_suite": -1}, ValueError, "algorithm_suite is -1"),
    ({"algorithm_suite": 2**70}, (ValueError, OverflowError), "algorithm_suite"),
    ({"algorithm_suite": "0478"}, TypeError, "algorithm_suite"),
    ({"algorithm_suite": None}, TypeError, "algorithm_suite"),
    ({"algorithm_suite": 0x0178}, envelope.CommitmentPolicyError, "refuses algorithm suite 0x0178 .*does not commit"),
    ({"algorithm_suite": 0x0014}, envelope.CommitmentPolicyError, "refuses algorithm suite 0x0014"),
    ({"commitment_policy": "REQUIRE"}, ValueError, 'commitment_policy is "REQUIRE": it must be FORBID_ENCRYPT_ALLOW'),
    ({"commitment_policy": ""}, ValueError, 'commitment_policy is ""'),
    ({"commitment_policy": None}, TypeError, "commitment_policy"),
    ({"commitment_policy": 1}, TypeError, "commitment_policy"),
    (
        {"commitment_policy": "FORBID_ENCRYPT_ALLOW_DECRYPT"},
        envelope.CommitmentPolicyError,
        "FORBID_ENCRYPT_ALLOW_DECRYPT refuses algorithm suite 0x0478 .*which commits",
    ),
    ({"encryption_context": {"aws-crypto-public-key": "x"}}, ValueError, "aws-crypto-public-key.*are reserved"),
    ({"encryption_context": {"aws-crypto-": "x"}}, ValueError, "aws-crypto-.*are reserved"),
    ({"encryption_context": {"a": 1}}, TypeError, "a value of encryption_context must be a str"),
    ({"encryption_context": {"a": None}}, TypeError, "a value of encryption_context must be a str"),
    ({"encryption_context": {"a": b"b"}}, TypeError, "a value of encryption_context must be a str"),
    ({"encryption_context": {1: "a"}}, TypeError, "a key of encryption_context must be a str"),
    ({"encryption_context": {"\ud800": "a"}}, TypeError, "a key of encryption_context must be a str that UTF-8 can"),
    ({"encryption_context": {"a": "\udfff"}}, TypeError, "a value of encryption_context must be a str that UTF-8"),
    ({"encryption_context": [("a", "b")]}, TypeError, "encryption_context"),
    ({"encryption_context": "a=b"}, TypeError, "encryption_context"),
    (
        {"encryption_context": {"a": "x" * (LONGEST_CONTEXT - 6)}},
        ValueError,
        "encryption_context is too long: at most 65535 bytes in all",
    ),
    ({"encryption_context": {str(n): "" for n in range(65_536)}}, ValueError, "encryption_context is too long"),
    (
        {"required_encryption_context_keys": ["a"]},
        ValueError,
        'required_encryption_context_keys has "a", which encryption_context lacks',
    ),
    ({"required_encryption_context_keys": "a"}, TypeError, "required_encryption_context_keys must be a collection"),
    ({"required_encryption_context_keys": [1]}, TypeError, "required_encryption_context_keys"),
    ({"required_encryption_context_keys": 5}, TypeError, "required_encryption_context_keys"),
    ({"max_encrypted_data_keys": 0}, ValueError, "max_encrypted_data_keys is 0: it must be between 1 and 65535"),
    ({"max_encrypted_data_keys": -1}, ValueError, "max_encrypted_data_keys is -1"),
    ({"max_encrypted_data_keys": 65_536}, ValueError, "max_encrypted_data_keys is 65536"),
    ({"max_encrypted_data_keys": 1.5}, TypeError, "max_encrypted_data_keys"),
    ({"threads": 0}, ValueError, "threads is 0: it must be between 1 and 256"),
    ({"threads": 257}, ValueError, "threads is 257"),
    ({"threads": True}, TypeError, "threads must be an int or None, not bool"),
    ({"threads": 1.0}, TypeError, "threads must be an int or None, not float"),
]
SHARED = {"encryption_context", "commitment_policy", "max_encrypted_data_keys", "threads"}
READING = [
    bad
    for bad in BAD_OPTIONS
    if set(bad[0]) <= SHARED
    and "reserved" not in bad[2]
    and bad[0].get("commitment_policy") != "FORBID_ENCRYPT_ALLOW_DECRYPT"
]


def named(bad: Any) -> str | None:
    """What a case is called: its argument."""
    return next(iter(bad)) if isinstance(bad, dict) else None


@pytest.mark.parametrize(("options", "kind", "fault"), BAD_OPTIONS, ids=named)
def test_encrypting_refuses_bad_options_by_name(options: dict[str, Any], kind: Any, fault: str, tmp_path: Path) -> None:
    ring, room = raw_ring(), bytearray(1000)
    for call in (
        lambda: envelope.encrypt(b"x", ring, **options),
        lambda: envelope.encrypt_into(b"x", room, ring, **options),
        lambda: envelope.encrypt_batch([b"x"], ring, **options),
        lambda: envelope.encrypt_file(io.BytesIO(b"x"), tmp_path / "target", ring, **options),
        lambda: envelope.create(tmp_path / "target", ring, **options),
    ):
        with pytest.raises(kind, match=fault):
            call()
    assert room == bytes(1000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("options", "kind", "fault"), READING, ids=named)
def test_decrypting_refuses_bad_options_by_name(options: dict[str, Any], kind: Any, fault: str, tmp_path: Path) -> None:
    ring, room = raw_ring(), bytearray(1000)
    message = envelope.encrypt(b"x", ring)
    (tmp_path / "message").write_bytes(message)
    calls: list[Any] = [
        lambda: envelope.decrypt(message, ring, **options),
        lambda: envelope.decrypt_into(message, room, ring, **options),
        lambda: envelope.decrypt_file(tmp_path / "message", tmp_path / "target", ring, **options),
    ]
    if "threads" not in options:
        calls.append(lambda: envelope.open(tmp_path / "message", ring, **options))
    for call in calls:
        with pytest.raises(kind, match=fault):
            call()
    # What shows only beside a message is told of the first row.
    with pytest.raises((kind, envelope.MessageRowError), match=fault) as caught:
        envelope.decrypt_batch([message], ring, **options)
    assert isinstance(caught.value, kind) or isinstance(caught.value.__cause__, kind)
    assert room == bytes(1000)
    assert [path.name for path in tmp_path.iterdir()] == ["message"]


@pytest.mark.parametrize("data", ["text", 5, None, [1, 2], {"a": b"b"}, object(), Path("/a/path")], ids=repr)
def test_what_is_no_buffer_is_refused_by_name(data: Any) -> None:
    ring, message = raw_ring(), envelope.encrypt(b"x", raw_ring())
    for call, name in (
        (lambda: envelope.encrypt(data, ring), "data"),
        (lambda: envelope.encrypt_into(data, bytearray(1000), ring), "data"),
        (lambda: envelope.encrypt_into(b"x", data, ring), "out"),
        (lambda: envelope.decrypt(data, ring), "message"),
        (lambda: envelope.decrypt_into(data, bytearray(1000), ring), "message"),
        (lambda: envelope.decrypt_into(message, data, ring), "out"),
    ):
        with pytest.raises(TypeError, match=f"^{name} must "):
            call()


def test_text_and_paths_are_refused_with_what_to_do(tmp_path: Path) -> None:
    ring = raw_ring()
    with pytest.raises(TypeError, match=r"data must be bytes, not str: encode text.*envelope\.encrypt_file"):
        envelope.encrypt("text", ring)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match=r"data must be bytes, not a path: envelope\.encrypt_file takes a path"):
        envelope.encrypt(tmp_path, ring)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match=r"not str: .*decode base64.*envelope\.decrypt_file or envelope\.open"):
        envelope.decrypt("AgR4", ring)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match=r"not a path: envelope\.decrypt_file or envelope\.open takes a path"):
        envelope.decrypt(tmp_path / "message", ring)  # type: ignore[arg-type]  # wrong on purpose


def test_base64_is_told_from_damage(tmp_path: Path) -> None:
    ring = raw_ring()
    text = base64.b64encode(envelope.encrypt(b"x", ring))
    (tmp_path / "message").write_bytes(text)
    for call in (
        lambda: envelope.decrypt(text, ring),
        lambda: envelope.decrypt_into(text, bytearray(1000), ring),
        lambda: envelope.inspect(text),
        lambda: envelope.inspect(tmp_path / "message"),
        lambda: envelope.open(tmp_path / "message", ring),
        lambda: envelope.decrypt_file(tmp_path / "message", tmp_path / "target", ring),
        lambda: envelope.decrypt_file(io.BytesIO(text), io.BytesIO(), ring),
    ):
        with pytest.raises(envelope.MessageFormatError, match="the message is base64 text: decode it to bytes first"):
            call()
    result = envelope.decrypt_batch([text], ring, errors="return")
    assert [(error.code, "base64" in error.message) for error in result.errors] == [("MessageFormatError", True)]


@pytest.mark.parametrize("content", [b"", b"\x02", b"plaintext, no message", b"\x03" * 300, b"\x01\x80\xff\xff" * 90])
def test_what_is_no_message_is_refused_as_such(content: bytes, tmp_path: Path) -> None:
    ring = raw_ring()
    (tmp_path / "message").write_bytes(content)
    for call in (
        lambda: envelope.decrypt(content, ring),
        lambda: envelope.inspect(content),
        lambda: envelope.inspect(tmp_path / "message"),
        lambda: envelope.open(tmp_path / "message", ring),
        lambda: envelope.decrypt_file(tmp_path / "message", tmp_path / "target", ring),
    ):
        with pytest.raises(envelope.MessageFormatError):
            call()
    assert [path.name for path in tmp_path.iterdir()] == ["message"]


@pytest.mark.parametrize(
    "strided", [memoryview(b"abcdef")[::2], np.arange(10)[::2], np.zeros((3, 3), order="F")], ids=["view", "1-D", "2-D"]
)
def test_buffer_with_gaps_is_refused_by_name(strided: Any) -> None:
    with pytest.raises(TypeError, match="data is not contiguous"):
        envelope.encrypt(strided, raw_ring())
    with pytest.raises(TypeError, match="message is not contiguous"):
        envelope.decrypt(strided, raw_ring())


@pytest.mark.parametrize(
    "data",
    [b"abcd", bytearray(b"abcd"), memoryview(b"abcd"), np.frombuffer(b"abcd", "<u2"), np.frombuffer(b"abcd", np.uint8)],
    ids=lambda data: type(data).__name__,
)
def test_every_contiguous_buffer_is_taken(data: Any) -> None:
    ring = raw_ring()
    message = envelope.encrypt(data, ring)
    kinds: list[Any] = [bytes, bytearray, memoryview, lambda content: np.frombuffer(content, np.uint8)]
    for kind in kinds:
        assert envelope.decrypt(kind(message), ring).plaintext == b"abcd"
    room = bytearray(1000)
    assert envelope.decrypt(bytes(room[: envelope.encrypt_into(data, room, ring)]), ring).plaintext == b"abcd"


def test_context_of_the_greatest_length_is_taken() -> None:
    context = {"a": "x" * (LONGEST_CONTEXT - 7)}
    message = envelope.encrypt(b"x", raw_ring(), encryption_context=context)
    assert envelope.decrypt(message, raw_ring(), encryption_context=context).header.encryption_context == context
    # The public key of a signed message takes some of the room.
    with pytest.raises(ValueError, match="encryption_context is too long"):
        envelope.encrypt(b"x", raw_ring(), encryption_context=context, algorithm_suite=0x0578)


def test_required_keys_may_be_any_collection_and_are_kept_for_every_data_key() -> None:
    context = {"a": "1", "b": "2"}
    for keys in (["a"], ("a",), {"a"}, {"a": 0}, iter(["a"]), (key for key in "a")):
        rows = envelope.encrypt_batch(
            [b"x"] * 3,
            raw_ring(),
            encryption_context=context,
            required_encryption_context_keys=keys,
            rows_per_data_key=1,
        )
        assert [envelope.inspect(row).encryption_context for row in rows] == [{"b": "2"}] * 3
        assert envelope.decrypt_batch(rows, raw_ring(), encryption_context={"a": "1"}) == [b"x"] * 3


def test_reproduced_context_must_agree() -> None:
    ring = raw_ring()
    message = envelope.encrypt(b"x", ring, encryption_context={"a": "b"})
    assert envelope.decrypt(message, ring, encryption_context={}).plaintext == b"x"
    assert envelope.decrypt(message, ring, encryption_context={"a": "b"}).plaintext == b"x"
    for given in ({"a": "c"}, {"a": "b", "more": "x"}, {"A": "b"}, {"aws-crypto-public-key": "x"}):
        with pytest.raises(envelope.DecryptionError):
            envelope.decrypt(message, ring, encryption_context=given)


@pytest.mark.parametrize("room", [bytearray(5), bytearray(0), memoryview(bytearray(5))], ids=["5", "0", "view"])
def test_room_that_is_too_short_is_refused_with_what_is_needed(room: Any) -> None:
    ring = raw_ring()
    message = envelope.encrypt(bytes(6), ring)
    before = bytes(room)
    with pytest.raises(ValueError, match=f"out has {len(room)} bytes: the message needs {len(message)}"):
        envelope.encrypt_into(bytes(6), room, ring)
    with pytest.raises(ValueError, match=f"out has {len(room)} bytes: the plaintext needs 6"):
        envelope.decrypt_into(message, room, ring)
    assert bytes(room) == before


@pytest.mark.parametrize("room", [bytes(1000), memoryview(bytes(1000))], ids=["bytes", "view"])
def test_room_that_is_read_only_is_refused(room: Any) -> None:
    with pytest.raises(TypeError, match="out is read-only"):
        envelope.encrypt_into(b"x", room, raw_ring())
    with pytest.raises(TypeError, match="out is read-only"):
        envelope.decrypt_into(envelope.encrypt(b"x", raw_ring()), room, raw_ring())


def test_room_that_overlaps_the_input_is_refused() -> None:
    ring = raw_ring()
    message = envelope.encrypt(b"x" * 100, ring)
    memory = bytearray(message) + bytearray(200)
    for start in (0, 50, len(message) - 1):
        with pytest.raises(ValueError, match="out overlaps the input"):
            envelope.decrypt_into(memoryview(memory)[: len(message)], memoryview(memory)[start:], ring)
    assert memory[: len(message)] == message
    apart = memoryview(memory)
    assert envelope.decrypt_into(apart[: len(message)], apart[len(message) :], ring).length == 100
    with pytest.raises(ValueError, match="out overlaps the input"):
        envelope.encrypt_into(memoryview(memory)[10:20], memory, ring)


def test_into_writes_at_the_start_and_nothing_behind() -> None:
    ring = raw_ring()
    room = bytearray(b"\xaa" * 1000)
    length = envelope.encrypt_into(b"abc", room, ring)
    assert room[length:] == b"\xaa" * (1000 - length)
    plaintext = bytearray(b"\xaa" * 10)
    decrypted = envelope.decrypt_into(memoryview(room)[:length], plaintext, ring)
    assert (decrypted.length, decrypted.header.algorithm_suite) == (3, UNSIGNED)
    assert plaintext == b"abc" + b"\xaa" * 7


@pytest.mark.parametrize("rows", [0, -1, 2**32 + 1, 1.5, True, None, "1"], ids=repr)
def test_rows_per_data_key_out_of_bounds_are_refused(rows: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="rows_per_data_key is .*: it must be an int between 1 and"):
        envelope.encrypt_batch([b"x"], raw_ring(), rows_per_data_key=rows)


def test_unknown_choice_about_errors_is_refused() -> None:
    with pytest.raises(ValueError, match="errors is 'ignore': it must be 'raise' or 'return'"):
        envelope.decrypt_batch([], raw_ring(), errors="ignore")  # type: ignore[call-overload]  # wrong on purpose


@pytest.mark.parametrize("signature", ["", "Verify", True, 0, "skip"], ids=repr)
def test_unknown_choice_about_signatures_is_refused(signature: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="signature is .*: it must be 'verify' or 'ignore'"):
        envelope.open(tmp_path / "absent", raw_ring(), signature=signature)
