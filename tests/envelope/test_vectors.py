"""The AWS Encryption SDK's own messages and known answers: all of suites 0478 and 0578 whose keys are raw AES."""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from envelope.keyrings import FixedKeyring
from kmscore import envelope
from kmscore.envelope import KeyringError, RawAesKeyring
from readers import message as reader

REPOSITORY = Path(__file__).resolve().parents[2]
VECTORS = REPOSITORY.parent / "shared" / "vectors" / "esdk"
SETS = ("esdk-c-from-dafny", "net-4.0.1", "net-4.0.0-valid", "net-4.0.0-invalid")
SUITES = ("0478", "0578")

pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason=f"not run: {VECTORS} is not there")


class Vector(NamedTuple):
    """A message, what it holds, and all that can open it here."""

    origin: str
    name: str
    message: bytes
    plaintext: bytes
    reproduced: dict[str, str]
    keyrings: list[RawAesKeyring]

    @property
    def suite(self) -> str:
        """Four hexadecimal digits."""
        return (self.message[1:3] if self.message[0] == 2 else self.message[2:4]).hex()


def vectors() -> Iterator[Vector]:
    """Every message of the four sets."""
    for origin in SETS:
        folder = VECTORS / origin
        keys = {
            name: base64.b64decode(key["material"])
            for name, key in json.loads((folder / "keys.json").read_text())["keys"].items()
            if key.get("algorithm") == "aes"
        }
        for name, test in json.loads((folder / "manifest.json").read_text())["tests"].items():
            yield _vector(folder, name, test, keys)


def _vector(folder: Path, name: str, test: dict[str, Any], keys: dict[str, bytes]) -> Vector:
    scenario = test.get("decryption-scenario", test)
    described = scenario.get("decryptKeyDescription") or scenario["master-keys"]
    plaintext = scenario["result"] if isinstance(scenario["result"], str) else scenario["result"]["output"]["plaintext"]
    # The .NET sets say with `cmm` that the whole context was required.
    required = scenario["encryption-context"] if scenario.get("cmm") == "RequiredEncryptionContext" else {}
    return Vector(
        folder.name,
        name,
        (folder / scenario["ciphertext"].removeprefix("file://")).read_bytes(),
        (folder / plaintext.removeprefix("file://")).read_bytes(),
        scenario.get("reproduced-encryption-context") or required,
        [RawAesKeyring(key["provider-id"], key["key"], keys[key["key"]]) for key in _raw_aes(described)],
    )


def _raw_aes(described: Any) -> Iterator[dict[str, str]]:
    """The raw AES keys in a description, at any depth."""
    if isinstance(described, dict):
        if described.get("type") == "raw" and described["encryption-algorithm"] == "aes":
            yield described
        described = list(described.values())
    if isinstance(described, list):
        for inner in described:
            yield from _raw_aes(inner)


def ours() -> list[Vector]:
    return [vector for vector in vectors() if vector.suite in SUITES and vector.keyrings]


def test_every_raw_aes_message_of_both_suites_is_opened() -> None:
    done: Counter[tuple[str, str]] = Counter()
    opened = 0
    for vector in ours():
        if vector.origin == "net-4.0.0-invalid":
            continue
        for keyring in vector.keyrings:
            decrypted = envelope.decrypt(vector.message, keyring, encryption_context=vector.reproduced)
            assert decrypted.plaintext == vector.plaintext, (vector.origin, vector.name, keyring)
            opened += 1
        done[vector.origin, vector.suite] += 1
    print(f"opened {done.total()} messages with {opened} keys: {dict(done)}")  # noqa: T201
    assert done == {
        (origin, suite): count
        for origin, count in (("esdk-c-from-dafny", 12), ("net-4.0.1", 3), ("net-4.0.0-valid", 1))
        for suite in SUITES
    }


def test_wrong_reproduced_context_of_a_raw_aes_message_is_refused() -> None:
    required = [vector for vector in ours() if vector.reproduced and vector.origin != "net-4.0.0-invalid"]
    for vector in required:
        for given in ({}, {**vector.reproduced, "more": "x"}, dict.fromkeys(vector.reproduced, "other")):
            with pytest.raises(envelope.DecryptionError):
                envelope.decrypt(vector.message, vector.keyrings[0], encryption_context=given)
    assert len(required) == 14


def test_message_of_the_flawed_release_is_refused() -> None:
    flawed = [vector for vector in ours() if vector.origin == "net-4.0.0-invalid"]
    for vector in flawed:
        for given in (vector.reproduced, {}):
            with pytest.raises(envelope.DecryptionError):
                envelope.decrypt(vector.message, vector.keyrings[0], encryption_context=given)
    assert Counter(vector.suite for vector in flawed) == {"0478": 2, "0578": 2}


def test_messages_of_other_keyrings_are_refused_by_name(ring: RawAesKeyring) -> None:
    others = [vector for vector in vectors() if vector.suite in SUITES and not vector.keyrings]
    for vector in others:
        with pytest.raises(KeyringError, match="the message is not for RawAesKeyring"):
            envelope.decrypt(vector.message, ring)
    assert len(others) == 2 * (15 + 9)


def test_messages_of_suites_without_commitment_are_refused_by_policy(ring: RawAesKeyring) -> None:
    others = [vector for vector in vectors() if vector.suite not in SUITES]
    for vector in others:
        with pytest.raises(envelope.CommitmentPolicyError, match=f"0x{vector.suite.upper()}"):
            envelope.decrypt(vector.message, ring)
        with pytest.raises(envelope.MessageFormatError, match="kmscore makes and opens 0x0478 and 0x0578 only"):
            envelope.decrypt(vector.message, ring, commitment_policy="REQUIRE_ENCRYPT_ALLOW_DECRYPT")
    assert len(others) == 9 * (27 + 12) + 3 + (28 - 4)


@pytest.mark.parametrize(
    ("origin", "count"), [(SETS[0], 297), ("esdk-c-kms-parse-only", 190), (SETS[1], 132), (SETS[2], 5), (SETS[3], 28)]
)
def test_every_message_of_every_suite_can_be_inspected(origin: str, count: int) -> None:
    paths = list((VECTORS / origin / "ciphertexts").iterdir())
    for path in paths:
        info = envelope.inspect(path)
        assert info.message_length == path.stat().st_size
        assert info.plaintext_length == 10_240
        assert info.frames == -(-10_240 // info.frame_length)
    assert len(paths) == count


def test_message_without_frames_is_opened(tmp_path: Path) -> None:
    key = json.loads((VECTORS / SETS[0] / "keys.json").read_text())["keys"]["aes-256"]["material"]
    keyring = RawAesKeyring("aws-raw-vectors-persistant", "aes-256", base64.b64decode(key))
    path, plaintext = (
        VECTORS / "nonframed" / f"v2_nonframed_{name}.bin" for name in ("aes256_0478", "plaintext_small")
    )
    assert envelope.decrypt(path.read_bytes(), keyring).plaintext == plaintext.read_bytes()
    envelope.decrypt_file(path, tmp_path / "plaintext", keyring)
    assert (tmp_path / "plaintext").read_bytes() == plaintext.read_bytes()
    with pytest.raises(envelope.MessageFormatError, match="not framed"):
        envelope.open(path, keyring)


def known_answers() -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = json.loads((VECTORS / "kat" / "commitment-known-answer.json").read_text())["tests"]
    return answers


def test_commitment_known_answers_are_reproduced() -> None:
    good, bad = 0, 0
    for answer in known_answers():
        message, data_key = base64.b64decode(answer["ciphertext"]), base64.b64decode(answer["decrypted-dek"])
        keyring = FixedKeyring(data_key)
        if not answer["status"]:
            assert "commitment" in answer["exception"]
            with pytest.raises(envelope.DecryptionError):
                envelope.decrypt(message, keyring)
            with pytest.raises(ValueError, match="commitment"):
                reader.read(message, data_key)
            bad += 1
            continue
        plaintext, header = envelope.decrypt(message, keyring)
        assert plaintext == "".join(answer["plaintext-frames"]).encode(), answer["comment"]
        assert header.message_id == base64.b64decode(answer["message-id"])
        assert header.length == len(base64.b64decode(answer["header"]))
        assert {**header.encryption_context, **answer["encryption-context"]} == header.encryption_context
        assert b"".join(reader.read(message, data_key).frames) == plaintext
        good += 1
    print(f"{good} commitment known answers opened, {bad} refused")  # noqa: T201
    assert (good, bad) == (41, 5)


def test_reader_derives_the_keys_of_the_known_answers() -> None:
    derived = 0
    for answer in known_answers():
        message_id, data_key = base64.b64decode(answer["message-id"]), base64.b64decode(answer["decrypted-dek"])
        suite = int.from_bytes(base64.b64decode(answer["ciphertext"])[1:3], "big")
        content, commit = reader.content_and_commit_key(suite, data_key, message_id)
        if answer["status"]:
            assert commit == base64.b64decode(answer["commitment"])
            assert content == base64.b64decode(answer.get("content-encryption-key") or base64.b64encode(content))
            derived += 1
    assert derived == 41
