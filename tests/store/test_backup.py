"""Backups: consistent, encrypted, checked to the byte, restored into an empty place only."""

import stat
from pathlib import Path

import pytest

from kmscore import _core, audit
from kmscore._core import BackupError, StoreError
from kmscore.embedded import Embedded
from kmscore.store import backup
from opened_store import OpenedStore
from scratch_store import ScratchStore

PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def backed_up(opened: OpenedStore, tmp_path: Path) -> Path:
    opened.call("CreateAlias", AliasName="alias/a", TargetKeyId=opened.new_key())
    return write(opened, tmp_path / "store.backup")


def write(opened: OpenedStore, target: Path, **options: str) -> Path:
    embedded = opened.embedded
    backup.write_backup(embedded.unlock(), embedded.store, target, **(options or {"passphrase": PASSPHRASE}))
    return target


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScratchStore:
    place = ScratchStore(tmp_path / "restored", tmp_path / "restored-configuration")
    monkeypatch.setenv("KMSCORE_CONFIG_HOME", str(place.configuration))
    return place


def test_restored_store_opens_what_was_encrypted(opened: OpenedStore, tmp_path: Path, elsewhere: ScratchStore) -> None:
    key_id = opened.new_key()
    blob = opened.call("Encrypt", KeyId=key_id, Plaintext=b"kept")["CiphertextBlob"]
    source = write(opened, tmp_path / "store.backup")
    opened.embedded.close()
    report = backup.restore(source, elsewhere.home, passphrase=PASSPHRASE)
    assert (report.keys, report.audit_segments_dropped) == (1, 1)
    opened.embedded = Embedded.open(elsewhere.home, clock=opened.clock)
    assert opened.call("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"kept"
    assert opened.embedded.unlock().epoch == 1


def test_restored_store_has_another_root_key_and_an_anchor(backed_up: Path, elsewhere: ScratchStore) -> None:
    backup.restore(backed_up, elsewhere.home, passphrase=PASSPHRASE)
    with Embedded.open(elsewhere.home):
        pass
    assert (elsewhere.own_configuration() / "anchor").exists()
    assert audit.verify(elsewhere.home).ok
    assert [stat.S_IMODE((elsewhere.home / "store.db").stat().st_mode)] == [0o600]


def test_backup_to_a_recipient(opened: OpenedStore, tmp_path: Path, elsewhere: ScratchStore) -> None:
    key_id = opened.new_key()
    recipient = _core.new_backup_identity(str(tmp_path / "identity"))
    source = write(opened, tmp_path / "store.backup", recipient=recipient)
    assert (
        backup.verify_backup(source, identity_file=tmp_path / "identity")["store_id"]
        == opened.embedded.hierarchy.store_id
    )
    backup.restore(source, elsewhere.home, identity_file=tmp_path / "identity")
    assert elsewhere.query("SELECT key_id FROM keys") == [(key_id,)]


def test_backup_is_one_file_that_only_its_owner_reads(backed_up: Path, opened: OpenedStore) -> None:
    assert stat.S_IMODE(backed_up.stat().st_mode) == 0o600
    assert b"SQLite" not in backed_up.read_bytes()
    assert list(opened.scratch.home.glob(".backup-*")) == []


def test_wrong_passphrase_is_refused(backed_up: Path, elsewhere: ScratchStore) -> None:
    with pytest.raises(BackupError):
        backup.restore(backed_up, elsewhere.home, passphrase="wrong")
    assert not (elsewhere.home / "store.db").exists()
    assert not elsewhere.configuration.exists()


def test_every_flipped_byte_is_refused(backed_up: Path, tmp_path: Path) -> None:
    content = backed_up.read_bytes()
    damaged = tmp_path / "damaged"
    # Argon2id takes 0.1 s: some bytes of the header, then of each part behind it.
    for at in (0, 9, 20, len(content) // 2, len(content) - 1):
        damaged.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(BackupError):
            backup.verify_backup(damaged, passphrase=PASSPHRASE)
    damaged.write_bytes(content[:-1])
    with pytest.raises(BackupError):
        backup.verify_backup(damaged, passphrase=PASSPHRASE)


def test_backup_is_never_overwritten(backed_up: Path, opened: OpenedStore) -> None:
    content = backed_up.read_bytes()
    with pytest.raises(BackupError, match="is there already"):
        write(opened, backed_up)
    assert backed_up.read_bytes() == content


def test_exactly_one_recipient_or_passphrase(opened: OpenedStore, tmp_path: Path) -> None:
    for options in ({}, {"passphrase": "x", "recipient": "y"}):
        with pytest.raises(BackupError, match="exactly one"):
            embedded = opened.embedded
            backup.write_backup(embedded.unlock(), embedded.store, tmp_path / "b", **options)
    with pytest.raises(BackupError, match="exactly one"):
        backup.verify_backup(tmp_path / "b")


def test_store_is_restored_into_an_empty_place_only(backed_up: Path, opened: OpenedStore) -> None:
    with pytest.raises(StoreError, match="there is a store in"):
        backup.restore(backed_up, opened.scratch.home, passphrase=PASSPHRASE)


def test_root_key_of_the_same_store_is_not_replaced(backed_up: Path, opened: OpenedStore, tmp_path: Path) -> None:
    before = (opened.scratch.own_configuration() / "root.key").read_bytes()
    with pytest.raises(StoreError, match="holds a root key of this store already"):
        backup.restore(backed_up, tmp_path / "restored", passphrase=PASSPHRASE)
    assert (opened.scratch.own_configuration() / "root.key").read_bytes() == before


def test_failed_restore_leaves_nothing(
    backed_up: Path, elsewhere: ScratchStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_temporary: Path, _database: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "publish", full)
    with pytest.raises((OSError, StoreError)):
        backup.restore(backed_up, elsewhere.home, passphrase=PASSPHRASE)
    assert not (elsewhere.home / "store.db").exists()
    assert list(elsewhere.home.glob(".restore-*")) == []
    assert list((elsewhere.configuration / "stores").iterdir()) == []
    monkeypatch.undo()


def test_store_is_restored_under_a_passphrase(backed_up: Path, elsewhere: ScratchStore) -> None:
    backup.restore(backed_up, elsewhere.home, passphrase=PASSPHRASE, root_passphrase="new")
    with Embedded.open(elsewhere.home, passphrase="new"):
        pass
