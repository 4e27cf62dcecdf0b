"""`encrypt` and `decrypt` of bad input: one clear error, nothing released, nothing left behind."""

import base64
import os
import struct
from pathlib import Path

import pytest

from cli.conftest import KEY, LARGE, PLAINTEXT, CommandLine, tree
from scratch_store import ScratchStore


def test_signed_message_goes_to_standard_output_only_unverified(store: CommandLine, folder: Path) -> None:
    sealed = store.ok("encrypt", "-", *KEY, "--signed", stdin=PLAINTEXT).raw
    assert "accept plaintext that is not verified yet with --unverified" in store.refused("decrypt", "-", stdin=sealed)
    assert store.ok("decrypt", "-", "--unverified", stdin=sealed).raw == PLAINTEXT
    store.ok("decrypt", "-", "-o", "plain", stdin=sealed)
    assert tree(folder) == {"plain": PLAINTEXT}


def test_failure_after_output_says_that_it_is_to_be_dropped(store: CommandLine, folder: Path) -> None:
    sealed = bytearray(store.ok("encrypt", "-", *KEY, stdin=LARGE).raw)
    sealed[-1] ^= 1
    ran = store("decrypt", "-", stdin=bytes(sealed))
    assert ran.code == 1
    assert LARGE.startswith(ran.raw)
    assert f"drop what was written to standard output, {len(ran.raw):,} bytes" in ran.error
    assert tree(folder) == {}


def test_key_can_be_pinned(store: CommandLine, message: Path) -> None:
    other = store.ok("keys", "create", "--alias", "other").out.strip()
    for key in (other, "alias/other"):
        assert f"{message}: the message " in store.refused("decrypt", str(message), "--key", key)
    store.ok("decrypt", str(message), "--key", other, *KEY)
    assert set(tree(message.parent)) == {"plain.kms", "plain"}


def test_key_of_another_store_is_not_found(
    store: CommandLine, message: Path, scratch: ScratchStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KMSCORE_HOME", str(scratch.home.with_name("other")))
    store.ok("init")
    assert "NotFoundException" in store.refused("decrypt", str(message))
    assert set(tree(message.parent)) == {"plain.kms"}


def test_disabled_key_is_named(store: CommandLine, message: Path) -> None:
    store.ok("keys", "disable", "alias/app")
    assert "is disabled" in store.refused("decrypt", str(message))
    assert "DisabledException: " in store.refused("encrypt", "plain", *KEY)
    assert set(tree(message.parent)) == {"plain.kms"}


def test_context_that_is_given_must_be_the_messages(store: CommandLine, message: Path) -> None:
    for pair in ("app=b", "other=x"):
        assert "the message cannot be decrypted" in store.refused("decrypt", str(message), "-c", pair)
    assert set(tree(message.parent)) == {"plain.kms"}
    store.ok("decrypt", str(message), "-c", "app=a")


def test_message_with_too_many_data_keys_is_refused(store: CommandLine, folder: Path) -> None:
    (folder / "plain").write_bytes(b"x")
    store.ok("encrypt", "plain", *KEY, *KEY)
    command = ["decrypt", "plain.kms", "-o", "again", "--max-encrypted-data-keys"]
    assert "2 encrypted data keys" in store.refused(*command, "1")
    store.ok(*command, "2")


def test_message_of_another_commitment_policy_is_refused(store: CommandLine, folder: Path) -> None:
    (folder / "old.kms").write_bytes(uncommitted())
    assert "the commitment policy REQUIRE_ENCRYPT_REQUIRE_DECRYPT refuses" in store.refused("decrypt", "old.kms")
    for policy in ("REQUIRE_ENCRYPT_ALLOW_DECRYPT", "FORBID_ENCRYPT_ALLOW_DECRYPT"):
        refusal = store.refused("decrypt", "old.kms", "--commitment-policy", policy)
        assert "kmscore makes and opens 0x0478 and 0x0578 only" in refusal
    assert store("decrypt", "old.kms", "--commitment-policy", "none").code == 2
    assert set(tree(folder)) == {"old.kms"}


@pytest.mark.parametrize("options", [[], ["--signed"]], ids=str)
def test_message_that_is_damaged_or_cut_off_leaves_nothing(
    store: CommandLine, folder: Path, options: list[str]
) -> None:
    sealed = store.ok("encrypt", "-", *KEY, *options, stdin=PLAINTEXT).raw
    flipped = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in (0, 1, 30, 200, 400, 6000)]
    last = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for bad in (*flipped, last, sealed + b"\n", *(sealed[:end] for end in (0, 1, 100, 5000, -200, -1))):
        (folder / "bad.kms").write_bytes(bad)
        store.refused("decrypt", "bad.kms", "-o", "made/")
        assert [path.name for path in folder.iterdir()] == ["bad.kms"]
    store.refused("decrypt", "bad.kms")
    assert [path.name for path in folder.iterdir()] == ["bad.kms"]


def test_what_is_no_message_is_told(store: CommandLine, message: Path) -> None:
    sealed = message.read_bytes()
    none = "the bytes are not an AWS Encryption SDK message"
    for content, fault in [
        (base64.encodebytes(sealed), "the message is base64 text: decode it to bytes first"),
        (b"in/plain.kms\n", none),
        (sealed.hex().encode(), none),
        (PLAINTEXT, none),
        (b"", "the message is cut off"),
    ]:
        message.write_bytes(content)
        assert store.refused("decrypt", str(message)).startswith(f"{message}: {fault}")
        assert store.refused("decrypt", "-", stdin=content).startswith(f"standard input: {fault}")
        assert set(tree(message.parent)) == {"plain.kms"}


def test_target_that_is_there_is_kept_unless_forced(store: CommandLine, message: Path) -> None:
    target = message.with_name("plain")
    target.write_bytes(b"precious")
    assert "plain: it is there already" in store.refused("decrypt", str(message))
    assert target.read_bytes() == b"precious"
    store.ok("decrypt", str(message), "--force")
    assert target.read_bytes() == PLAINTEXT
    target.write_bytes(b"precious")
    message.write_bytes(message.read_bytes()[:-1])
    store.refused("decrypt", str(message), "--force")
    assert tree(message.parent)["plain"] == b"precious"


@pytest.mark.parametrize("kind", ["link", "device", "directory"])
def test_only_a_regular_file_is_replaced(store: CommandLine, message: Path, kind: str) -> None:
    target = message.with_name("plain")
    if kind == "link":
        target.symlink_to("/dev/null")
    elif kind == "directory":
        target.mkdir()
    else:
        os.mkfifo(target)
    store.refused("decrypt", str(message))
    assert "regular file" in (refusal := store.refused("decrypt", str(message), "--force")) or kind in refusal
    assert {path.name for path in message.parent.iterdir()} == {"plain.kms", "plain"}


def test_file_is_not_its_own_target(store: CommandLine, folder: Path) -> None:
    (folder / "plain").write_bytes(b"x")
    assert "source and target are one file" in store.refused("encrypt", "plain", *KEY, "-o", "plain", code=2)
    assert "source and target are one file" in store.refused(
        "encrypt", "plain", *KEY, "-o", "./plain", "--force", code=2
    )
    assert tree(folder) == {"plain": b"x"}


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("missing/plain", "missing/plain: No such file or directory"),
        ("plain/again", "plain/again: Not a directory"),
        ("/sys/plain", "/sys/plain: "),
        ("x" * 300, "xxx: File name too long"),
    ],
)
def test_target_that_cannot_be_made_is_named(store: CommandLine, message: Path, target: str, fault: str) -> None:
    assert fault in store.refused("decrypt", str(message), "-o", target)
    assert set(tree(message.parent.parent)) == {"plain", "in/plain.kms"}


def test_long_name_of_many_bytes_has_room_for_its_temporary(store: CommandLine, folder: Path) -> None:
    name = "鍵" * 83
    (folder / name).write_bytes(b"x")
    store.ok("encrypt", name, *KEY)
    store.ok("decrypt", f"{name}.kms", "--force")


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["encrypt", "a", *KEY, "-c", "app"], "--context 'app' is not KEY=VALUE"),
        (["encrypt", "a", *KEY, "-c", "aws-crypto-x=1"], '"aws-crypto-" are reserved'),
        (["encrypt", "a", "b/a", *KEY, "-o", "made"], "a and b/a would both become made/a.kms"),
        (["encrypt", "a", "./a", *KEY], "a is given twice"),
        (["encrypt", "a", "b", *KEY, "-o", "c"], "--output c must be a directory"),
        (["encrypt", "a", "-", *KEY], "- stands for one stream"),
        (["encrypt", "b", *KEY, "-o", "-"], "b is a directory"),
        (["encrypt", "-", *KEY, "-o", "b"], "--output b is a directory"),
        (["encrypt", "-", *KEY, "--json"], "--json answers on standard output, where the data goes"),
        (["encrypt", "a", *KEY, "--suffix", ""], "--suffix '' must be the end of a file's name"),
        (["encrypt", "a", *KEY, "--suffix", "/x"], "--suffix '/x' must be the end of a file's name"),
        (["decrypt", "a"], "a does not end in .kms: give --output FILE, or another --suffix"),
        (["decrypt", "a", "-o", "b"], "b/a does not end in .kms"),
        (["decrypt", ".kms"], ".kms does not end in .kms"),
    ],
)
def test_wrong_command_line_is_told_before_the_store_is_opened(
    run: CommandLine, folder: Path, arguments: list[str], fault: str
) -> None:
    (folder / "b").mkdir()
    for name in ("a", "c", "b/a"):
        (folder / name).write_bytes(b"x")
    assert fault in run.refused(*arguments, code=2)
    assert set(tree(folder)) == {"a", "c", "b/a"}


@pytest.mark.parametrize(
    "arguments",
    [["encrypt", "a"], ["encrypt", *KEY], ["encrypt", "a", *KEY, "--frame-length", "0"], ["decrypt"]],
    ids=" ".join,
)
def test_option_that_is_missing_or_out_of_range_ends_with_2(run: CommandLine, arguments: list[str]) -> None:
    assert run(*arguments).code == 2


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["encrypt", "none", *KEY], "none: No such file or directory"),
        (["encrypt", "none", "--key", "alias/none"], "none: No such file or directory"),
        (["encrypt", "a", "--key", "alias/none"], "NotFoundException: "),
        (["encrypt", "a", "--key", "a/path"], "NotFoundException: "),
        (["decrypt", "none.kms"], "none.kms: No such file or directory"),
    ],
    ids=str,
)
def test_missing_file_or_key_is_named(store: CommandLine, folder: Path, arguments: list[str], fault: str) -> None:
    (folder / "a").write_bytes(b"x")
    assert fault in store.refused(*arguments)
    assert set(tree(folder)) == {"a"}


def test_store_must_be_there(run: CommandLine, folder: Path) -> None:
    (folder / "a").write_bytes(b"x")
    assert "kmscore init" in run.refused("encrypt", "a", *KEY)
    assert set(tree(folder)) == {"a"}


def uncommitted() -> bytes:
    """The start of a message of suite 0178, as far as it is looked at."""
    key = b"".join(struct.pack(">H", len(part)) + part for part in (b"aws-kms", b"arn", b"blob"))
    header = struct.pack(">BBH16sHH", 1, 0x80, 0x0178, bytes(16), 0, 1) + key
    return header + struct.pack(">BIBI", 2, 0, 12, 4096) + bytes(28 + 40)
