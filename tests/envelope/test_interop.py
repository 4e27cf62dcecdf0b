"""aws-encryption-sdk 4.0.7 reads what kmscore writes, and the reverse: 500 generated messages each way."""

import importlib.metadata
import io
from pathlib import Path

import pytest

from envelope import peer
from envelope.cases import FRAME_LENGTHS, Case, cases
from envelope.keyrings import SIGNED, SUITES, UNSIGNED
from kmscore import envelope
from kmscore.envelope import RawAesKeyring

EACH = 250
PUBLIC_KEY = "aws-crypto-public-key"


def generated(suite: int) -> list[Case]:
    """250 cases for each suite, 500 in all."""
    return list(cases(EACH, seed=suite))


@pytest.fixture(scope="module", autouse=True)
def version() -> None:
    """The release that the rule names."""
    assert importlib.metadata.version("aws-encryption-sdk") == "4.0.7"


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_sdk_decrypts_what_encrypt_makes(ring: RawAesKeyring, suite: int) -> None:
    source, done = peer.master_key(), 0
    for case in generated(suite):
        message = envelope.encrypt(
            case.plaintext,
            ring,
            encryption_context=case.context,
            algorithm_suite=suite,
            frame_length=case.frame_length,
        )
        plaintext, header = peer.decrypt(message, source)
        assert plaintext == case.plaintext, case
        assert without_public_key(header.encryption_context) == case.context, case
        assert (header.algorithm.algorithm_id, header.frame_length) == (suite, case.frame_length), case
        done += 1
    assert done == EACH


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_decrypt_opens_what_the_sdk_makes(ring: RawAesKeyring, suite: int) -> None:
    source, done = peer.master_key(), 0
    for case in generated(suite):
        message = peer.encrypt(case.plaintext, source, suite, case.frame_length, case.context)
        plaintext, header = envelope.decrypt(message, ring)
        assert plaintext == case.plaintext, case
        assert without_public_key(header.encryption_context) == case.context, case
        assert (header.algorithm_suite, header.frame_length) == (suite, case.frame_length), case
        done += 1
    assert done == EACH


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_generated_cases_cover_every_frame_length_and_all_of_unicode(suite: int) -> None:
    made = generated(suite)
    assert {case.frame_length for case in made} == set(FRAME_LENGTHS)
    for frame_length in FRAME_LENGTHS:
        lengths = {len(case.plaintext) for case in made if case.frame_length == frame_length}
        edges = {0, 1, *(frames * frame_length + more for frames in (1, 2) for more in (-1, 0, 1)), 3 * frame_length}
        assert edges <= lengths
    characters = {character for case in made for key in case.context for character in key}
    assert any(character.isascii() for character in characters)
    assert any("\x7f" < character < "\uffff" for character in characters)
    assert any(character > "\uffff" for character in characters)
    assert any(sorted(case.context, key=utf_16) != sorted(case.context) for case in made)


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_sdk_decrypts_streamed_files_and_columns(ring: RawAesKeyring, suite: int, tmp_path: Path) -> None:
    source, plaintext = peer.master_key(), bytes(range(256)) * 40
    streamed = io.BytesIO()
    envelope.encrypt_file(io.BytesIO(plaintext), streamed, ring, algorithm_suite=suite, frame_length=512)
    with envelope.create(tmp_path / "file", ring, algorithm_suite=suite, frame_length=512) as file:
        file.write(plaintext)
    [row] = envelope.encrypt_batch([plaintext], ring, algorithm_suite=suite, frame_length=512)
    for message in (streamed.getvalue(), (tmp_path / "file").read_bytes(), row):
        assert peer.decrypt(message, source)[0] == plaintext


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("frames", [1, 2, 3])
def test_empty_final_frame_of_the_sdk_is_read_everywhere(
    ring: RawAesKeyring, suite: int, frames: int, tmp_path: Path
) -> None:
    plaintext, path = bytes(range(128)) * frames, tmp_path / "message"
    path.write_bytes(peer.encrypt(plaintext, peer.master_key(), suite, 128, {"a": "b"}))
    ours = envelope.encrypt(plaintext, ring, algorithm_suite=suite, frame_length=128)
    assert (envelope.inspect(path).frames, envelope.inspect(ours).frames) == (frames + 1, frames)
    assert envelope.decrypt(path.read_bytes(), ring).plaintext == plaintext
    assert envelope.decrypt_batch([path.read_bytes()], ring) == [plaintext]
    with envelope.open(path, ring, signature="verify") as file:
        assert (len(file), file.read(), file.read()) == (len(plaintext), plaintext, b"")
    envelope.decrypt_file(path, tmp_path / "plaintext", ring)
    assert (tmp_path / "plaintext").read_bytes() == plaintext


def test_message_that_the_sdk_does_not_frame_is_read(ring: RawAesKeyring, tmp_path: Path) -> None:
    for suite in (UNSIGNED, SIGNED):
        path = tmp_path / f"{suite}"
        path.write_bytes(peer.encrypt(b"one block", peer.master_key(), suite, 0, {"a": "b"}))
        assert envelope.inspect(path).frame_length == 0
        assert envelope.decrypt(path.read_bytes(), ring).plaintext == b"one block"
        envelope.decrypt_file(path, tmp_path / f"{suite}.plaintext", ring)
        assert (tmp_path / f"{suite}.plaintext").read_bytes() == b"one block"


def without_public_key(context: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in context.items() if key != PUBLIC_KEY}


def utf_16(text: str) -> bytes:
    return text.encode("utf-16-be")
