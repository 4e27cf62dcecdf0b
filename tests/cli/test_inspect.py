"""`inspect`: what messages say of themselves."""

import base64
from pathlib import Path

import pytest

from cli.conftest import KEY, PLAINTEXT, CommandLine
from envelope.keyrings import FixedKeyring
from kmscore import envelope

RING = envelope.RawAesKeyring("my keys", "key\x1b 1", bytes(32))


def sealed(path: Path, plaintext: bytes = PLAINTEXT, **options: object) -> bytes:
    """A message under a raw key, also written to a file."""
    made = envelope.encrypt(plaintext, RING, **options)  # type: ignore[arg-type]  # any choices
    path.write_bytes(made)
    return made


def rows(shown: str) -> dict[str, str]:
    """Label → value; what has no label continues the value above."""
    found: dict[str, str] = {}
    label = ""
    for line in shown.splitlines():
        if line.startswith("  "):
            label = line[2:14].strip() if line[2:4].strip() else label
            found[label] = found.get(label, "") + "|" + (line[14:] if line[2:4].strip() else line.strip())
    return found


def test_message_is_described(store: CommandLine, message: Path) -> None:
    info = envelope.inspect(message)
    arn = store.ok("keys", "describe", "alias/app", "--json").json()["Arn"]
    shown = store.ok("inspect", str(message)).out
    assert shown.startswith(f"{message}\n")
    assert rows(shown) == {
        "Suite": "|0x0478 AES_256_GCM_HKDF_SHA512_COMMIT_KEY",
        "Signed": "|no",
        "Format": "|version 2",
        "Message id": f"|{info.message_id.hex()}",
        "Length": f"|{message.stat().st_size:,} bytes, {info.header_length} of them header",
        "Plaintext": "|13,000 bytes; 4 frames of up to 4,096",
        "Context": "|app = a",
        "Data key": f"|aws-kms, {len(info.encrypted_data_keys[0].ciphertext)} bytes encrypted|{arn}",
    }
    assert "authenticated" in shown.splitlines()[-1]
    assert max(map(len, shown.splitlines())) <= 80


def test_json_has_all_of_it(store: CommandLine, message: Path) -> None:
    store.ok("encrypt", "-", *KEY, *KEY, "--signed", "-o", "signed", stdin=b"")
    first, second = store.ok("inspect", str(message), "signed", "--json").json()
    info = envelope.inspect(message)
    arn = store.ok("keys", "describe", "alias/app", "--json").json()["Arn"]
    assert first == {
        "File": str(message),
        "FormatVersion": 2,
        "AlgorithmSuite": "0x0478",
        "AlgorithmSuiteName": "AES_256_GCM_HKDF_SHA512_COMMIT_KEY",
        "MessageId": info.message_id.hex(),
        "IsSigned": False,
        "EncryptionContext": {"app": "a"},
        "EncryptedDataKeys": [
            {"Provider": "aws-kms", "Key": arn, "CiphertextLength": len(info.encrypted_data_keys[0].ciphertext)}
        ],
        "FrameLength": 4096,
        "Frames": 4,
        "HeaderLength": info.header_length,
        "MessageLength": message.stat().st_size,
        "PlaintextLength": len(PLAINTEXT),
        "IsWhole": True,
    }
    assert (second["AlgorithmSuite"], second["IsSigned"], second["Frames"]) == ("0x0578", True, 1)
    assert [key["Key"] for key in second["EncryptedDataKeys"]] == [arn, arn]
    assert list(second["EncryptionContext"]) == ["aws-crypto-public-key"]


def test_it_needs_no_store(run: CommandLine, folder: Path) -> None:
    data = sealed(folder / "a", encryption_context={"z": "1", "a": "\x1b[31m"}, frame_length=100)
    shown = run.ok("inspect", "a").out
    assert rows(shown)["Context"] == "|a = \\x1b[31m|z = 1"
    assert rows(shown)["Data key"].startswith("|my keys, 48 bytes encrypted|key\\x1b 1")
    assert rows(run.ok("inspect", "-", stdin=data).out) == rows(shown)
    [answer] = run.ok("inspect", "a", "--json").json()
    assert answer["EncryptedDataKeys"] == [{"Provider": "my keys", "Key": "key\x1b 1", "CiphertextLength": 48}]


def test_key_arns_of_every_provider_are_shown_whole(run: CommandLine, folder: Path) -> None:
    arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    for provider in ("aws-kms", "aws-kms-rsa", "kmscore-ml-kem"):
        ring = FixedKeyring(bytes(32), envelope.EncryptedDataKey(provider, arn.encode(), bytes(256)))
        (folder / "a").write_bytes(envelope.encrypt(b"x", ring))
        assert rows(run.ok("inspect", "a").out)["Data key"] == f"|{provider}, 256 bytes encrypted|{arn}"


def test_signed_message_shows_its_public_key(run: CommandLine, folder: Path) -> None:
    sealed(folder / "a", algorithm_suite=0x0578)
    key = envelope.inspect(folder / "a").encryption_context["aws-crypto-public-key"]
    shown = run.ok("inspect", "a").out
    assert rows(shown)["Signed"] == f"|yes; its public key:|{key}"
    assert rows(shown)["Context"] == "|none"
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("suite", [0x0478, 0x0578])
def test_body_that_is_not_whole_is_told(run: CommandLine, folder: Path, suite: int) -> None:
    data = sealed(folder / "a", algorithm_suite=suite)
    header = envelope.inspect(folder / "a").header_length
    for end in (header, header + 1, header + 50, header + 4200, -300, -1):
        (folder / "a").write_bytes(data[:end])
        assert "NOT WHOLE" in rows(run.ok("inspect", "a").out)["Plaintext"], end
        [answer] = run.ok("inspect", "a", "--json").json()
        assert (answer["IsWhole"], answer["PlaintextLength"], answer["Frames"]) == (False, None, None)


def test_what_is_no_message_is_told(run: CommandLine, folder: Path) -> None:
    data = sealed(folder / "a")
    for content, fault in [
        (base64.b64encode(data), "bad: the message is base64 text: decode it to bytes first"),
        (base64.encodebytes(data), "bad: the message is base64 text: decode it to bytes first"),
        (PLAINTEXT, "bad: the bytes are not an AWS Encryption SDK message"),
        (b"", "bad: the message is cut off"),
        (data[:100], "bad: the message is cut off"),
    ]:
        (folder / "bad").write_bytes(content)
        assert run.refused("inspect", "bad").startswith(fault)
    assert run.refused("inspect", "none") == "none: No such file or directory"
    assert run.refused("inspect", str(folder)).endswith(": Is a directory")
    assert run.refused("inspect", "-", stdin=PLAINTEXT).startswith("standard input: the bytes are not")


def test_file_that_is_no_message_does_not_hide_the_others(run: CommandLine, folder: Path) -> None:
    sealed(folder / "a")
    sealed(folder / "b")
    ran = run("inspect", "a", "none", "b", "--json")
    assert (ran.code, ran.error) == (1, "error: none: No such file or directory\n")
    assert [answer["File"] for answer in ran.json()] == ["a", "b"]
