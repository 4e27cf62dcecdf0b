"""Root key providers: key file and passphrase."""

import json
import os
import stat
from pathlib import Path

import pytest

from kmscore._core import RootKeyError
from kmscore.embedded import Embedded
from kmscore.root_keys import passphrase_from_descriptor, passphrase_from_file
from scratch_store import ScratchStore, scratch

__all__ = ["scratch"]


def test_passphrase_opens_what_it_made(scratch: ScratchStore) -> None:
    with Embedded.open(scratch.home, passphrase="one"):
        pass
    with Embedded.open(scratch.home, passphrase=b"one"):
        pass
    with Embedded.open(scratch.home, passphrase=lambda: bytearray(b"one")):
        pass


def test_parameters_are_stored_and_the_passphrase_is_not(scratch: ScratchStore) -> None:
    with Embedded.open(scratch.home, passphrase="a secret to look for"):
        pass
    path = scratch.own_configuration() / "root.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    parameters = json.loads(path.read_text())
    assert {name: parameters[name] for name in ("provider", "memory_kib", "passes", "lanes")} == {
        "provider": "passphrase",
        "memory_kib": 65_536,
        "passes": 3,
        "lanes": 4,
    }
    for file in (*scratch.home.rglob("*"), *scratch.configuration.rglob("*")):
        assert file.is_dir() or b"a secret to look for" not in file.read_bytes()


def test_callers_bytearray_is_wiped(scratch: ScratchStore) -> None:
    passphrase = bytearray(b"one")
    with Embedded.open(scratch.home, passphrase=passphrase):
        pass
    assert not any(passphrase)


@pytest.mark.parametrize(
    ("passphrase", "text"), [("two", "wrong root key"), (None, "none was given"), ("", "the passphrase is empty")]
)
def test_wrong_passphrase_is_refused(scratch: ScratchStore, passphrase: str | None, text: str) -> None:
    with Embedded.open(scratch.home, passphrase="one"):
        pass
    with pytest.raises(RootKeyError, match=text):
        Embedded.open(scratch.home, passphrase=passphrase)


@pytest.mark.parametrize(
    "changed",
    [
        {"memory_kib": 1},
        {"memory_kib": 1 << 40},
        {"passes": 0},
        {"lanes": 1000},
        {"salt": "00"},
        {"salt": "no hex"},
        {"format": 2},
        {"provider": "other"},
        {"more": 1},
    ],
)
def test_parameters_out_of_bounds_are_refused(scratch: ScratchStore, changed: dict[str, int | str]) -> None:
    with Embedded.open(scratch.home, passphrase="one"):
        pass
    path = scratch.own_configuration() / "root.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    with pytest.raises(RootKeyError, match="root.json is malformed"):
        Embedded.open(scratch.home, passphrase="one")


def test_passphrase_file_must_be_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.write_bytes(b"one\nnot this\n")
    path.chmod(0o600)
    assert passphrase_from_file(path) == b"one"
    path.chmod(0o640)
    with pytest.raises(RootKeyError, match="others can read it"):
        passphrase_from_file(path)
    with pytest.raises(RootKeyError, match="cannot be read"):
        passphrase_from_file(tmp_path / "absent")


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 4097])
def test_passphrase_from_descriptor_has_1_to_4096_bytes(content: bytes) -> None:
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    with pytest.raises(RootKeyError, match="1 to 4096 bytes"):
        passphrase_from_descriptor(reader)
    os.close(reader)
