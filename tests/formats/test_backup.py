"""Backup: docs/formats.md, "Backup"."""

import base64
import hashlib
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from formats.damage import all_damage, extensions, overwrite, truncations
from formats.known_answers import DIRECTORY, vectors
from kmscore import _core
from readers import backup, sealed_record
from scratch_store import ScratchStore

PASSPHRASE = b"correct horse battery staple"
CHUNK = backup.CHUNK + 16


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """The private key of the known answers' recipient."""
    key = bytes.fromhex(next(vector for vector in vectors("backup") if vector["kind"] == "recipient")["secret"])
    path = tmp_path / "identity"
    path.write_text(f"kmscore-backup-identity-v1 {base64.b64encode(key).decode()}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def written(scratch: ScratchStore, tmp_path: Path) -> Callable[..., Path]:
    """Makes a backup of a store with two keys."""
    from kmscore.embedded import Embedded
    from kmscore.store.backup import write_backup

    def write(**to: Any) -> Path:
        path = tmp_path / "store.kmsbak"
        kms = scratch.client()
        for _ in range(2):
            kms.create_key()
        with Embedded.open(scratch.home) as embedded:
            write_backup(embedded.unlock(), embedded.store, path, **to)
        kms.close()
        return path

    return write


@pytest.mark.parametrize("vector", vectors("backup"), ids=lambda vector: vector["name"])
def test_reader_opens_known_answer(vector: dict[str, Any]) -> None:
    content = _content(vector)
    assert hashlib.sha256(content).hexdigest() == vector["sha256"]
    opened = backup.read(content, _secret(vector))
    assert opened.manifest == vector["manifest"]
    assert hashlib.sha256(opened.database).hexdigest() == vector["database_sha256"]


@pytest.mark.parametrize("vector", vectors("backup"), ids=lambda vector: vector["name"])
def test_engine_opens_known_answer(vector: dict[str, Any], identity: Path, tmp_path: Path) -> None:
    key_file, database = tmp_path / "root.key", tmp_path / "database"
    root = _core.RootKey.create_file(str(key_file))
    read = _core.read_backup(
        str(DIRECTORY / vector["file"]), str(database), root, **_unlocking(vector["kind"], identity)
    )
    assert (read["store_id"].hex(), read["database_bytes"]) == (vector["store"], vector["database_bytes"])
    assert read["created"] == pytest.approx(vector["created"] / 1e6)
    assert hashlib.sha256(database.read_bytes()).hexdigest() == vector["database_sha256"]
    assert _unwrapped(read["rows"], key_file, read["store_id"]) == vector["manifest"]["keys"]


def test_reader_opens_what_the_engine_writes_to_a_passphrase(
    written: Callable[..., Path], scratch: ScratchStore, tmp_path: Path
) -> None:
    path = written(passphrase=bytearray(PASSPHRASE))
    assert path.stat().st_mode & 0o777 == 0o600
    _holds_the_store(backup.read(path.read_bytes(), PASSPHRASE), scratch, tmp_path)
    with pytest.raises(ValueError, match="sealed record"):
        backup.read(path.read_bytes(), b"another passphrase")


def test_reader_opens_what_the_engine_writes_to_a_recipient(
    written: Callable[..., Path], scratch: ScratchStore, tmp_path: Path
) -> None:
    identity = tmp_path / "own-identity"
    path = written(recipient=_core.new_backup_identity(str(identity)))
    prefix, encoded = identity.read_text().split()
    assert prefix == "kmscore-backup-identity-v1"
    _holds_the_store(backup.read(path.read_bytes(), base64.b64decode(encoded)), scratch, tmp_path)


def test_backup_shows_nothing_of_the_store(written: Callable[..., Path], scratch: ScratchStore) -> None:
    content = written(passphrase=bytearray(PASSPHRASE)).read_bytes()
    [(sealed,), *_] = scratch.query("SELECT sealed FROM key_material")
    for needle in (b"SQLite format 3", b"CREATE TABLE", sealed[20:52], b"arn:aws", *scratch.keys().materials.values()):
        assert needle not in content


def test_engine_refuses_every_damaged_backup(identity: Path, tmp_path: Path) -> None:
    content = _content(next(vector for vector in vectors("backup") if vector["name"] == "to a recipient"))
    refused = sum(
        _refuses(tmp_path, what, damaged, identity_file=str(identity)) for what, damaged in all_damage(content)
    )
    assert refused == len(content) * 9 + 128


def test_engine_refuses_every_damaged_header_of_a_passphrase_backup(tmp_path: Path) -> None:
    """One bit of each byte: each costs an Argon2id."""
    content = _content(next(vector for vector in vectors("backup") if vector["kind"] == "passphrase"))
    for index in range(len(content)):
        damaged = content[:index] + bytes([content[index] ^ 1 << index % 7]) + content[index + 1 :]
        assert _refuses(tmp_path, f"byte {index}", damaged, passphrase=PASSPHRASE)
    for what, damaged in (*list(truncations(content))[:: len(content) // 40], *list(extensions(content))[::16]):
        assert _refuses(tmp_path, what, damaged, passphrase=PASSPHRASE)


def test_engine_refuses_chunks_moved_dropped_repeated_or_cut(written: Callable[..., Path], tmp_path: Path) -> None:
    identity = tmp_path / "own-identity"
    content = written(recipient=_core.new_backup_identity(str(identity))).read_bytes()
    start = 44 + int.from_bytes(content[8:12], "big")
    chunks = [content[at : at + CHUNK] for at in range(start, len(content), CHUNK)]
    assert len(chunks) > 2, "the store is too small for this test"
    assert not _refuses(tmp_path, "the whole", content, identity_file=str(identity))
    for what, damaged in _rearranged(content[:start], chunks):
        assert _refuses(tmp_path, what, damaged, identity_file=str(identity))
    source = random.Random(7)  # noqa: S311 - repeatable, not secret.
    for index in source.sample(range(len(content)), 200):
        damaged = content[:index] + bytes([content[index] ^ 1 << source.randrange(8)]) + content[index + 1 :]
        assert _refuses(tmp_path, f"byte {index}", damaged, identity_file=str(identity))
        assert _refuses(tmp_path, f"the first {index} bytes", content[:index], identity_file=str(identity))


def test_failed_restore_leaves_nothing(written: Callable[..., Path], tmp_path: Path) -> None:
    from kmscore.store.backup import restore

    content = written(passphrase=bytearray(PASSPHRASE)).read_bytes()
    damaged = tmp_path / "damaged.kmsbak"
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    place = ScratchStore(tmp_path / "restored-home", tmp_path / "restored-configuration")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KMSCORE_CONFIG_HOME", str(place.configuration))
        with pytest.raises(_core.BackupError, match="damaged"):
            restore(damaged, place.home, passphrase=bytearray(PASSPHRASE))
    left = [path for path in (*place.home.rglob("*"), *place.configuration.rglob("*")) if path.is_file()]
    assert [path for path in left if path.suffix != ".lock"] == []


def _rearranged(start: bytes, chunks: list[bytes]) -> Iterator[tuple[str, bytes]]:
    yield "two chunks swapped", start + b"".join([chunks[1], chunks[0], *chunks[2:]])
    yield "the first chunk dropped", start + b"".join(chunks[1:])
    yield "the last chunk dropped", start + b"".join(chunks[:-1])
    yield "a chunk in the middle dropped", start + b"".join([*chunks[:1], *chunks[2:]])
    yield "a chunk repeated", start + b"".join([chunks[0], *chunks])
    yield "the last chunk repeated", start + b"".join([*chunks, chunks[-1]])
    yield "no chunk", start


def _refuses(directory: Path, what: str, damaged: bytes, *, passphrase: bytes | None = None, **unlocking: str) -> bool:
    """Whether the engine refuses it with a BackupError; anything else but acceptance is a failure of the test."""
    path = directory / "damaged"
    overwrite(path, damaged)
    given: dict[str, Any] = unlocking if passphrase is None else {"passphrase": bytearray(passphrase)}
    try:
        _core.read_backup(str(path), None, None, **given)
    except _core.BackupError as error:
        assert str(error), what
        return True
    return False


def _content(vector: dict[str, Any]) -> bytes:
    path: Path = DIRECTORY / vector["file"]
    return path.read_bytes()


def _secret(vector: dict[str, Any]) -> bytes:
    secret: str = vector["secret"]
    as_text: bool = vector["kind"] == "passphrase"
    return secret.encode() if as_text else bytes.fromhex(secret)


def _unlocking(kind: str, identity: Path) -> dict[str, Any]:
    return {"passphrase": bytearray(PASSPHRASE)} if kind == "passphrase" else {"identity_file": str(identity)}


def _unwrapped(rows: list[dict[str, Any]], key_file: Path, store: bytes) -> list[dict[str, Any]]:
    """The rows' keys, as a manifest lists them."""
    root, found = sealed_record.root_key(key_file), []
    for row in rows:
        binding = {"store": store.hex(), "domain_key": row["domain_key_id"], "version": str(row["version"])}
        kind = sealed_record.DOMAIN_KEY if row["purpose"] == "records" else sealed_record.AUDIT_KEY
        key = base64.b64encode(sealed_record.read(row["sealed"], kind, root, binding)).decode()
        found.append({"purpose": row["purpose"], "version": row["version"], "key": key})
    return found


def _holds_the_store(opened: backup.Backup, scratch: ScratchStore, directory: Path) -> None:
    keys = scratch.keys()
    in_manifest = {key["purpose"]: base64.b64decode(key["key"]) for key in opened.manifest["keys"]}
    assert in_manifest == {"records": keys.domain, "audit": keys.audit}
    assert opened.header["store"] == keys.store.hex()
    path = directory / "database"
    path.write_bytes(opened.database)
    with closing(sqlite3.connect(path)) as database:
        ids = {key_id for (key_id,) in database.execute("SELECT key_id FROM keys")}
    assert ids == set(keys.materials)
