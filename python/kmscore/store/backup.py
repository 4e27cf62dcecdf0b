"""Backups: one encrypted file with the whole store, readable by a passphrase or a recipient's private key alone."""

import os
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmscore import _core
from kmscore._core import BackupError, KeyHierarchy, RootKey, StoreError
from kmscore.config import Locations, StoreConfiguration, locate
from kmscore.root_keys import Passphrase, as_bytearray, create_root_key
from kmscore.store import opening, sqlite
from kmscore.store.creation import discard, make_directory, publish
from kmscore.store.failpoints import reach
from kmscore.store.locks import FileLock
from kmscore.store.opening import Unlocked
from kmscore.store.rows import Row, RowGuard, number
from kmscore.store.store import Store


@dataclass(frozen=True)
class BackupReport:
    """What is in a backup, or what was restored from it."""

    store_id: str
    created: float
    database_bytes: int
    keys: int
    audit_segments_dropped: int
    """Audit segments stay where they were written; a restored store begins without them."""


def write_backup(
    unlocked: Unlocked,
    store: Store,
    target: str | os.PathLike[str],
    *,
    passphrase: Passphrase | None = None,
    recipient: str | None = None,
) -> None:
    """Write one consistent state of an open store into a new file of mode 0600.

    Args:
        unlocked: The store's key hierarchy.
        store: The open store; others may go on using it.
        target: The file to make; it must not be there.
        passphrase: Encrypts to a passphrase.
        recipient: Encrypts to a recipient's public string; exactly one of the two is given.

    Raises:
        BackupError: The file is there already, or not exactly one of passphrase and recipient was given.
    """
    if (passphrase is None) == (recipient is None):
        raise BackupError("a backup is encrypted either to a passphrase or to a recipient: give exactly one")
    if Path(target).exists():
        raise BackupError(f"{os.fspath(target)} is there already; a backup is never overwritten")
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=unlocked.locations.home) as directory:
        snapshot = Path(directory) / "snapshot.db"
        _snapshot(store, snapshot)
        _core.write_backup(
            str(snapshot),
            os.fspath(target),
            unlocked.root,
            unlocked.hierarchy.store_id,
            unlocked.domain_rows,
            passphrase=None if passphrase is None else as_bytearray(passphrase),
            recipient=recipient,
        )


def verify_backup(
    source: str | os.PathLike[str],
    *,
    passphrase: Passphrase | None = None,
    identity_file: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Check every byte of a backup without restoring it.

    Args:
        source: The backup.
        passphrase: When it was encrypted to one.
        identity_file: The recipient's private key, when it was encrypted to a recipient.

    Returns:
        `store_id` (bytes), `created` (seconds since 1970) and `database_bytes`.

    Raises:
        BackupError: It is damaged, or not this passphrase's or recipient's.
    """
    return _read(source, None, None, passphrase, identity_file)


def restore(
    source: str | os.PathLike[str],
    home: str | os.PathLike[str] | None = None,
    *,
    passphrase: Passphrase | None = None,
    identity_file: str | os.PathLike[str] | None = None,
    root_passphrase: Passphrase | None = None,
) -> BackupReport:
    """Make a store of a backup in an empty place, under a new root key.

    Args:
        source: The backup.
        home: The store's directory; else `KMSCORE_HOME`, else the platform's data directory. It must hold no store.
        passphrase: When the backup was encrypted to one.
        identity_file: The recipient's private key, when it was encrypted to a recipient.
        root_passphrase: Makes the new root key a passphrase instead of a key file.

    Returns:
        What was restored.

    Raises:
        BackupError: The backup is damaged, or not this passphrase's or recipient's; nothing was made.
        StoreError: There is a store, or a root key of the same store, in the place.
    """
    locations = locate(home)
    checked = verify_backup(source, passphrase=_kept(passphrase), identity_file=identity_file)
    opening.prepare_directories(locations, create=True)
    with FileLock(locations.open_lock):
        configuration = _empty_place(locations, checked["store_id"])
        temporary = locations.home / f".new-{checked['store_id'].hex()}.db"
        temporary.unlink(missing_ok=True)
        try:
            make_directory(configuration.directory)
            root = create_root_key(configuration, root_passphrase)
            read = _read(source, temporary, root, passphrase, identity_file)
            report = _renew(temporary, locations, root, read)
            reach("backup-restored")
            publish(temporary, locations.database)
        except BaseException:
            if not locations.database.exists():
                discard(temporary, configuration)
            raise
    return report


def _kept(passphrase: Passphrase | None) -> Passphrase | None:
    """A copy for the first of two uses: the engine wipes what it is given."""
    return bytearray(passphrase) if isinstance(passphrase, bytearray) else passphrase


def _snapshot(store: Store, path: Path) -> None:
    sqlite.create_file(path)
    target = sqlite3.connect(path)
    try:
        store.snapshot(target)
        # One file is backed up: the copy must not expect a write-ahead log beside it.
        target.execute("PRAGMA journal_mode = DELETE").fetchall()
    finally:
        target.close()


def _read(
    source: str | os.PathLike[str],
    target: Path | None,
    root: RootKey | None,
    passphrase: Passphrase | None,
    identity_file: str | os.PathLike[str] | None,
) -> dict[str, Any]:
    if (passphrase is None) == (identity_file is None):
        raise BackupError(
            "a backup is read with either its passphrase or the recipient's private key: give exactly one"
        )
    return _core.read_backup(
        os.fspath(source),
        None if target is None else str(target),
        root,
        passphrase=None if passphrase is None else as_bytearray(passphrase),
        identity_file=None if identity_file is None else os.fspath(identity_file),
    )


def _empty_place(locations: Locations, store_id: bytes) -> StoreConfiguration:
    if locations.database.exists():
        raise StoreError(f"there is a store in {locations.home} already; a backup is restored into an empty place only")
    configuration = locations.of_store(store_id)
    if configuration.key_file.exists() or configuration.passphrase_file.exists():
        raise StoreError(
            f"{configuration.directory} holds a root key of this store already; move it away, or set "
            "KMSCORE_CONFIG_HOME to another configuration directory"
        )
    return configuration


def _renew(database: Path, locations: Locations, root: RootKey, read: dict[str, Any]) -> BackupReport:
    """Put the new root key's domain keys into the restored database and begin a new epoch with an empty audit log."""
    hierarchy = KeyHierarchy.open(root, read["store_id"], read["rows"])
    guard = RowGuard(hierarchy)
    connection = sqlite.connect(database)
    try:
        with sqlite.immediate(connection):
            head = guard.verified("head", sqlite.rows(connection, "SELECT * FROM head WHERE id = 1")[0])
            opening.check_format(locations, number(head, "format_version"))
            head = {**head, "epoch": number(head, "epoch") + 1}
            sqlite.update(connection, "head", "id", guard.signed("head", head))
            _replace_domain_keys(connection, read["rows"])
            dropped = connection.execute("DELETE FROM audit_segments").rowcount
            connection.execute("DELETE FROM audit_outbox")
        [(keys,)] = connection.execute("SELECT count(*) FROM key_material WHERE sealed IS NOT NULL").fetchall()
    finally:
        connection.close()
    epoch, state = number(head, "epoch"), number(head, "state")
    hierarchy.write_anchor(
        str(locations.of_store(read["store_id"]).anchor), epoch=epoch, state=state, segments={}, force=True
    )
    return BackupReport(read["store_id"].hex(), read["created"], read["database_bytes"], keys, dropped)


def _replace_domain_keys(connection: sqlite3.Connection, rows: list[Row]) -> None:
    connection.execute("DELETE FROM domain_keys")
    for row in rows:
        sqlite.insert(connection, "domain_keys", row)
