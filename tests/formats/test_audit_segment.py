"""Audit segment: docs/formats.md, "Audit segment"."""

import json
from pathlib import Path
from typing import Any

import pytest

from formats.damage import extensions, flips, overwrite, truncations
from formats.known_answers import load
from kmscore import _core
from readers import audit_segment
from scratch_store import ScratchStore


@pytest.fixture
def written(scratch: ScratchStore) -> ScratchStore:
    """A store with a closed segment of five lines."""
    kms = scratch.client()
    key_id = kms.create_key(Description="früh")["KeyMetadata"]["KeyId"]
    kms.encrypt(KeyId=key_id, Plaintext=b"not for the log", EncryptionContext={"app": "a"})
    kms.disable_key(KeyId=key_id)
    with pytest.raises(kms.exceptions.DisabledException):
        kms.encrypt(KeyId=key_id, Plaintext=b"x")
    kms.close()
    return scratch


def test_reader_opens_known_answer(tmp_path: Path) -> None:
    vector = load("audit_segment")
    path = tmp_path / f"{vector['segment']}.log"
    path.write_text(vector["content"])
    records = audit_segment.read(path, bytes.fromhex(vector["audit_key"]))
    assert len(records) == vector["lines"]
    assert [record["outcome"] for record in records[1:]] == ["Success", "DisabledException", "Success"]


def test_reader_opens_what_the_engine_writes(written: ScratchStore) -> None:
    [path] = written.segments()
    header, *records = audit_segment.read(path, written.keys().audit)
    assert header["store"] == written.keys().store.hex()
    assert [record["n"] for record in records] == list(range(1, len(records) + 1))
    operations = [(record["op"], record["outcome"]) for record in records]
    assert operations == [
        ("CreateKey", "Success"),
        ("Encrypt", "Success"),
        ("DisableKey", "Success"),
        ("Encrypt", "DisabledException"),
    ]
    assert b"not for the log" not in path.read_bytes()


def test_engine_and_reader_refuse_every_flipped_bit(written: ScratchStore) -> None:
    [path], verifier = written.segments(), Verifier(written)
    content = path.read_bytes()
    assert verifier.fault(path) is None
    for what, damaged in flips(content):
        overwrite(path, damaged)
        assert verifier.fault(path) is not None, f"{what} was accepted"
    path.write_bytes(content)
    assert verifier.fault(path) is None


def test_reader_refuses_every_flipped_bit_of_a_line(written: ScratchStore) -> None:
    [path] = written.segments()
    content, audit_key = path.read_bytes(), written.keys().audit
    # One whole record and its tag: the reader is slow, and the engine's test flips the rest.
    start = content.index(b"\n") + 1
    end = content.index(b"\n", start) + 1
    for what, damaged in flips(content[start:end]):
        overwrite(path, content[:start] + damaged + content[end:])
        with pytest.raises((ValueError, KeyError)):
            audit_segment.read(path, audit_key)
            pytest.fail(f"{what} was accepted")


def test_verification_refuses_every_truncation(written: ScratchStore) -> None:
    [path], verifier = written.segments(), Verifier(written)
    content = path.read_bytes()
    [(lines, tag)] = written.query("SELECT closed_lines, closed_tag FROM audit_segments")
    for what, damaged in truncations(content):
        overwrite(path, damaged)
        report = verifier.report(path)
        # At the end of a line the chain itself cannot tell; the store's closing entry does.
        closed = report["lines"] == lines and report["tags"][-32:].hex() == tag
        assert report["torn"] or report["bad_line"] is not None or not closed, f"{what} was accepted"


def test_verification_refuses_every_extension(written: ScratchStore) -> None:
    [path], verifier = written.segments(), Verifier(written)
    content = path.read_bytes()
    for what, damaged in extensions(content):
        overwrite(path, damaged)
        assert verifier.fault(path) is not None, f"{what} was accepted"


def test_command_names_the_first_changed_line(written: ScratchStore) -> None:
    [path] = written.segments()
    assert written.command("audit", "verify").returncode == 0
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"Encrypt"', b'"Decrypt"')
    path.write_bytes(b"".join(lines))
    finished = written.command("audit", "verify")
    assert finished.returncode != 0
    assert "line 2" in finished.stdout + finished.stderr
    assert path.stem in finished.stdout + finished.stderr


@pytest.mark.parametrize("edit", ["removed", "swapped", "repeated"])
def test_engine_refuses_moved_lines(written: ScratchStore, edit: str) -> None:
    [path], verifier = written.segments(), Verifier(written)
    lines = path.read_bytes().splitlines(keepends=True)
    edited = {
        "removed": [*lines[:2], *lines[3:]],
        "swapped": [*lines[:2], lines[3], lines[2], *lines[4:]],
        "repeated": [*lines[:3], lines[2], *lines[3:]],
    }[edit]
    path.write_bytes(b"".join(edited))
    report = verifier.report(path)
    assert report["bad_line"] == {"removed": 2, "swapped": 2, "repeated": 3}[edit]


def test_command_finds_lines_cut_off_at_the_end(written: ScratchStore) -> None:
    [path] = written.segments()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    finished = written.command("audit", "verify")
    assert finished.returncode != 0
    assert path.stem in finished.stdout + finished.stderr


def test_segment_of_another_name_is_refused(written: ScratchStore) -> None:
    [path] = written.segments()
    renamed = path.rename(path.with_name(f"{'0' * 32}.log"))
    assert Verifier(written).fault(renamed) is not None


def test_header_is_readable_without_any_key(written: ScratchStore) -> None:
    [path] = written.segments()
    header = json.loads(path.read_bytes().split(b"\t")[0])
    assert header["format"] == 1
    assert header["segment"] == path.stem


class Verifier:
    """The engine's verification of one segment file, with the keys of its store at hand."""

    def __init__(self, scratch: ScratchStore) -> None:
        [(self._store,)] = scratch.query("SELECT store_id FROM head")
        names = ("domain_key_id", "purpose", "version", "root_key_id", "sealed")
        rows = scratch.query(f"SELECT {', '.join(names)} FROM domain_keys")
        self._rows = [dict(zip(names, row, strict=True)) for row in rows]
        self._root = _core.RootKey.from_file(str(scratch.own_configuration() / "root.key"))

    def report(self, path: Path) -> dict[str, Any]:
        return _core.verify_segment(str(path), self._root, self._store, self._rows)

    def fault(self, path: Path) -> str | None:
        report = self.report(path)
        if report["bad_line"] is not None:
            return str(report["reason"])
        return "torn" if report["torn"] else None
