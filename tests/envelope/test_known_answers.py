"""An independent writer's messages of fixed keys are opened; an independent reader opens what kmscore writes."""

from pathlib import Path
from typing import Any

import pytest

from envelope.keyrings import SIGNED, SUITES, FixedKeyring, raw_ring
from formats.known_answers import load
from kmscore import envelope
from kmscore.envelope import MultiKeyring, RawAesKeyring
from readers import message as reader

VECTORS: list[dict[str, Any]] = load("message")["vectors"]
DATA_KEY = bytes(range(64, 96))
CONTEXT = {"app": "billing", "Zeit": "früh", "\U00010000": "beyond", "\uffff": "the last"}
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])


def rings(vector: dict[str, Any]) -> list[RawAesKeyring]:
    return [RawAesKeyring(key["namespace"], key["name"], bytes.fromhex(key["key"])) for key in vector["wrapping_keys"]]


@each_vector
def test_known_answer_is_decrypted_with_each_wrapping_key(vector: dict[str, Any]) -> None:
    message, required = bytes.fromhex(vector["message"]), vector["required_context"]
    for keyring in (*rings(vector), MultiKeyring(*rings(vector)), FixedKeyring(bytes.fromhex(vector["data_key"]))):
        plaintext, header = envelope.decrypt(message, keyring, encryption_context=required)
        assert plaintext.hex() == vector["plaintext"]
        assert header.message_id.hex() == vector["message_id"]
        assert f"{header.algorithm_suite:04x}" == vector["algorithm_suite"]
        assert header.frame_length == vector["frame_length"]
        assert {key: header.encryption_context[key] for key in (*vector["stored_context"], *required)} == {
            **vector["stored_context"],
            **required,
        }


@each_vector
def test_known_answer_is_decrypted_from_a_file(vector: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(bytes.fromhex(vector["message"]))
    [keyring, *_], required = rings(vector), vector["required_context"]
    envelope.decrypt_file(tmp_path / "message", tmp_path / "plaintext", keyring, encryption_context=required)
    assert (tmp_path / "plaintext").read_bytes().hex() == vector["plaintext"]
    if vector["frame_length"]:
        with envelope.open(tmp_path / "message", keyring, encryption_context=required, signature="verify") as file:
            assert file.read().hex() == vector["plaintext"]


@each_vector
def test_known_answer_is_decrypted_in_a_column(vector: dict[str, Any]) -> None:
    rows = [bytes.fromhex(vector["message"])] * 2
    opened = envelope.decrypt_batch(rows, rings(vector)[0], encryption_context=vector["required_context"])
    assert [row.hex() for row in opened] == [vector["plaintext"]] * 2


@each_vector
def test_reader_opens_known_answer(vector: dict[str, Any]) -> None:
    message, data_key = bytes.fromhex(vector["message"]), bytes.fromhex(vector["data_key"])
    opened = reader.read(message, data_key, vector["required_context"])
    assert b"".join(opened.frames).hex() == vector["plaintext"]
    assert opened.message_id.hex() == vector["message_id"]
    assert [key for _, key, _ in opened.keys] == [
        key.provider_info for key in envelope.inspect(message).encrypted_data_keys
    ]


def test_signatures_of_every_length_are_among_the_known_answers() -> None:
    lengths = set()
    for vector in VECTORS:
        message = bytes.fromhex(vector["message"])
        if vector["algorithm_suite"] == f"{SIGNED:04x}":
            lengths |= {length for length in range(100, 105) if message[-length - 2 : -length] == bytes([0, length])}
    assert lengths == {102, 103, 104}


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 128, 129, 1000])
@pytest.mark.parametrize("required", [(), ("app",), ("app", "\uffff")], ids=len)
def test_reader_opens_what_encrypt_makes(suite: int, length: int, required: tuple[str, ...]) -> None:
    plaintext = bytes(range(256)) * 4
    message = envelope.encrypt(
        plaintext[:length],
        FixedKeyring(DATA_KEY),
        encryption_context=CONTEXT,
        required_encryption_context_keys=required,
        algorithm_suite=suite,
        frame_length=64,
    )
    pairs = {key: CONTEXT[key] for key in required}
    opened = reader.read(message, DATA_KEY, pairs)
    assert b"".join(opened.frames) == plaintext[:length]
    # The recommended form: a plaintext that fills its frames ends in a full one.
    assert len(opened.frames) == max(-(-length // 64), 1)
    stored = {key: value for key, value in opened.context.items() if key != "aws-crypto-public-key"}
    assert stored == {key: value for key, value in CONTEXT.items() if key not in required}
    assert opened.keys == [("tests", b"fixed", b"known")]
    if required:
        with pytest.raises(ValueError, match="tag"):
            reader.read(message, DATA_KEY)


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_reader_opens_what_files_writers_and_columns_make(suite: int, tmp_path: Path) -> None:
    ring, plaintext = FixedKeyring(DATA_KEY), bytes(range(256)) * 4
    (tmp_path / "plaintext").write_bytes(plaintext)
    envelope.encrypt_file(tmp_path / "plaintext", tmp_path / "file", ring, algorithm_suite=suite, frame_length=100)
    with envelope.create(tmp_path / "written", ring, algorithm_suite=suite, frame_length=100) as file:
        file.write(plaintext)
    rows = envelope.encrypt_batch([plaintext] * 3, ring, algorithm_suite=suite, frame_length=100)
    for message in (*((tmp_path / name).read_bytes() for name in ("file", "written")), *rows):
        opened = reader.read(message, DATA_KEY)
        assert [len(frame) for frame in opened.frames] == [100] * 10 + [24]
        assert b"".join(opened.frames) == plaintext


def test_messages_of_one_data_key_have_ids_and_keys_of_their_own() -> None:
    messages = envelope.encrypt_batch([b"same"] * 2000, FixedKeyring(DATA_KEY))
    opened = [reader.read(message, DATA_KEY) for message in messages[:20]]
    assert len({message[3:35] for message in messages}) == 2000
    assert len({tuple(reader.content_and_commit_key(0x0478, DATA_KEY, each.message_id)) for each in opened}) == 20


def test_signature_that_is_written_has_always_the_same_length() -> None:
    lengths = {len(envelope.encrypt(b"x", raw_ring(), algorithm_suite=SIGNED)) for _ in range(50)}
    assert len(lengths) == 1
