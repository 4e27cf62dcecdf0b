"""Backups: one encrypted file with the whole store, readable by a passphrase or a recipient's private key alone."""

import hashlib
import os
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from kmscore import _core
from kmscore._core import BackupError, KeyHierarchy, RootKey, RootKeyError, StoreError
from kmscore.config import Locations, StoreConfiguration, locate
from kmscore.root_keys import Passphrase, as_bytearray, create_root_key, open_root_key
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
    store_id = verify_backup(source, passphrase=_kept(passphrase), identity_file=identity_file)["store_id"]
    opening.prepare_directories(locations, create=True)
    place = _Place.of(locations, store_id)
    with FileLock(locations.open_lock):
        place.require_empty(root_passphrase)
        try:
            make_directory(place.staged.directory)
            root = create_root_key(place.staged, _kept(root_passphrase))
            read = _read(source, place.temporary, root, passphrase, identity_file)
            report = _renew(place, root, read)
            reach("backup-restored")
            place.staged.directory.rename(place.final.directory)
            reach("restore-staged")
            publish(place.temporary, locations.database)
        except BaseException:
            place.clear(root_passphrase)
            raise
        finally:
            if isinstance(root_passphrase, bytearray):
                root_passphrase[:] = bytes(len(root_passphrase))
    return report


@dataclass(frozen=True)
class _Place:
    """Where a store is restored to. Its root key is made apart: a root key of the same store may be somebody's."""

    locations: Locations
    temporary: Path
    staged: StoreConfiguration
    final: StoreConfiguration

    @classmethod
    def of(cls, locations: Locations, store_id: bytes) -> Self:
        """The names that a restore into this directory uses, and no other."""
        own_name = hashlib.sha256(os.fsencode(locations.home)).hexdigest()[:32]
        staged = StoreConfiguration(locations.configuration / "stores" / f".restore-{own_name}")
        temporary = locations.home / f".restore-{store_id.hex()}.db"
        return cls(locations, temporary, staged, locations.of_store(store_id))

    def require_empty(self, root_passphrase: Passphrase | None) -> None:
        """Clear away what a killed restore left; refuse a place where there is a store or its root key."""
        if self.locations.database.exists():
            raise StoreError(
                f"there is a store in {self.locations.home} already; a backup is restored into an empty place only"
            )
        self.clear(root_passphrase)
        if _has_root_key(self.final):
            raise StoreError(
                f"{self.final.directory} holds a root key of this store already; move it away, or set "
                "KMSCORE_CONFIG_HOME to another configuration directory"
            )

    def clear(self, root_passphrase: Passphrase | None) -> None:
        """Remove what this restore, or a killed one before it, made and nobody uses."""
        if self.locations.database.exists():
            return
        if _has_root_key(self.final) and self._made_final(root_passphrase):
            discard(self.temporary, self.final)
        discard(self.temporary, self.staged)

    def _made_final(self, root_passphrase: Passphrase | None) -> bool:
        """Whether the root key in its final place seals the database that is not yet in its own: then it is ours."""
        if not self.temporary.exists():
            return False
        try:
            root = open_root_key(self.final, _kept(root_passphrase))
            connection = sqlite.connect(self.temporary)
            try:
                rows = sqlite.rows(connection, "SELECT root_key_id FROM domain_keys")
            finally:
                connection.close()
        except (RootKeyError, sqlite3.Error):
            return False
        return {row["root_key_id"] for row in rows} == {root.key_id}


def _has_root_key(configuration: StoreConfiguration) -> bool:
    return configuration.key_file.exists() or configuration.passphrase_file.exists()


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


def _renew(place: _Place, root: RootKey, read: dict[str, Any]) -> BackupReport:
    """Put the new root key's domain keys into the restored database and begin a new epoch with an empty audit log."""
    hierarchy = KeyHierarchy.open(root, read["store_id"], read["rows"])
    guard = RowGuard(hierarchy)
    connection = sqlite.connect(place.temporary)
    try:
        with sqlite.immediate(connection):
            head = guard.verified("head", sqlite.rows(connection, "SELECT * FROM head WHERE id = 1")[0])
            opening.check_format(place.locations, number(head, "format_version"))
            head = {**head, "epoch": number(head, "epoch") + 1}
            sqlite.update(connection, "head", "id", guard.signed("head", head))
            _replace_domain_keys(connection, read["rows"])
            dropped = connection.execute("DELETE FROM audit_segments").rowcount
            connection.execute("DELETE FROM audit_outbox")
        [(keys,)] = connection.execute("SELECT count(*) FROM key_material WHERE sealed IS NOT NULL").fetchall()
    finally:
        connection.close()
    epoch, state = number(head, "epoch"), number(head, "state")
    hierarchy.write_anchor(str(place.staged.anchor), epoch=epoch, state=state, segments={}, force=True)
    return BackupReport(read["store_id"].hex(), read["created"], read["database_bytes"], keys, dropped)


def _replace_domain_keys(connection: sqlite3.Connection, rows: list[Row]) -> None:
    connection.execute("DELETE FROM domain_keys")
    for row in rows:
        sqlite.insert(connection, "domain_keys", row)
