"""What is checked when a store is opened, each with a text of its own that says what to do."""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from kmscore import _core
from kmscore._core import IntegrityError, KeyHierarchy, RollbackError, RootKey, StoreError
from kmscore.config import Locations, StoreConfiguration
from kmscore.root_keys import Passphrase, open_root_key
from kmscore.store import sqlite
from kmscore.store.creation import FORMAT_VERSION, make_directory, publish
from kmscore.store.locks import FileLock
from kmscore.store.rows import Row, RowGuard, number, record
from kmscore.store.upgrade import upgrade


@dataclass(frozen=True)
class Unlocked:
    """A store whose key hierarchy is open, and what its rows and its anchor say of its age."""

    locations: Locations
    configuration: StoreConfiguration
    root: RootKey
    hierarchy: KeyHierarchy
    domain_rows: list[Row]
    format_version: int
    state: int
    epoch: int
    time_seen: int
    anchored: tuple[int, int] | None
    """Epoch and state that the anchor remembers; None when there is no anchor."""


def prepare_directories(locations: Locations, *, create: bool) -> None:
    """Make the store's directories, or say why the store cannot be there.

    Raises:
        StoreError: There is no store and none is to be made, or its directory cannot be written.
    """
    if not create and not locations.database.exists():
        raise StoreError(
            f"there is no store in {locations.home}; run `kmscore init`, or set KMSCORE_HOME to where it is"
        )
    for directory in (locations.home, locations.configuration, locations.configuration / "stores"):
        make_directory(directory)
    if not os.access(locations.home, os.W_OK | os.X_OK) or _is_read_only(locations.home):
        raise StoreError(
            f"the store's directory {locations.home} is read-only: even reading needs to write the audit log there"
        )
    for directory in (locations.audit, locations.processes):
        make_directory(directory)


def check_file_system(locations: Locations, *, exclusive: bool) -> bool:
    """Whether several processes can share the store; refuse where they would not see each other's changes.

    Args:
        locations: Where the store is.
        exclusive: The caller promises to be the only process.

    Raises:
        StoreError: The file system's shared memory is not coherent, and the store is to be shared.
    """
    name, coherent = _core.file_system_kind(str(locations.home))
    if not coherent and not exclusive:
        raise StoreError(
            f"{locations.home} is on {name}, whose shared memory is not the same for all that map it, so that one "
            "process would not see what another changed; put the store on a local disk, or open it with exclusive=True"
        )
    return coherent


def claim(locations: Locations, *, exclusive: bool) -> FileLock:
    """Take the store for use, alone or beside others.

    Raises:
        StoreError: Another process uses it, and one of the two wants it alone.
    """
    lock = FileLock(locations.use_lock, shared=not exclusive)
    if not lock.try_acquire():
        conflict = "exclusive=True needs it alone" if exclusive else "that process has it alone (exclusive=True)"
        raise StoreError(
            f"the store in {locations.home} is open in another process, and {conflict}; end that process first"
        )
    return lock


def unlock(
    locations: Locations,
    passphrase: Passphrase | None = None,
    *,
    root: RootKey | None = None,
    coherent: bool = True,
    settle: bool = False,
) -> Unlocked:
    """Open the key hierarchy of an existing store and check its head.

    Args:
        locations: Where the store is.
        passphrase: When its root key is one.
        root: The root key, when it is at hand already.
        coherent: False on a file system without coherent shared memory.
        settle: Bring a rotation of the domain key to its end; the caller holds the opening lock.

    Raises:
        StoreError: It is no store, or one of a newer version.
        RootKeyError: The root key is missing, malformed, open to others, or not this store's.
        IntegrityError: Its head or its anchor is not what kmscore wrote.
    """
    head, domain_rows = _read(locations.database, coherent)
    check_format(locations, number(head, "format_version"))
    store_id = head["store_id"]
    if not isinstance(store_id, bytes) or len(store_id) != 16:
        raise IntegrityError(f"the head of {locations.database} holds no store id")
    configuration = locations.of_store(store_id)
    root = root or open_root_key(configuration, passphrase)
    hierarchy = KeyHierarchy.open(root, store_id, domain_rows)
    if settle:
        settle_anchor(locations, configuration, hierarchy, coherent=coherent)
    # The anchor is read before the head: another process may raise both, the head first, at any moment.
    anchor = hierarchy.read_anchor(str(configuration.anchor))
    head = RowGuard(hierarchy).verified("head", _read(locations.database, coherent)[0])
    return Unlocked(
        locations=locations,
        configuration=configuration,
        root=root,
        hierarchy=hierarchy,
        domain_rows=domain_rows,
        format_version=number(head, "format_version"),
        state=number(head, "state"),
        epoch=number(head, "epoch"),
        time_seen=number(head, "time_seen"),
        anchored=(anchor["epoch"], anchor["state"]) if anchor else None,
    )


def settle_anchor(
    locations: Locations, configuration: StoreConfiguration, hierarchy: KeyHierarchy, *, coherent: bool
) -> None:
    """Put the anchor that was laid ready for another domain key in its place, if the store has that key now.

    Args:
        locations: Where the store is; its opening lock is held.
        configuration: Where its anchor is.
        hierarchy: The store's keys as they are.
        coherent: False on a file system without coherent shared memory.
    """
    if not configuration.next_anchor.exists():
        return
    try:
        hierarchy.read_anchor(str(configuration.next_anchor))
    except IntegrityError:
        # The rotation was not committed; nobody has that key.
        configuration.next_anchor.unlink()
        return
    connection = sqlite.connect(locations.database, coherent=coherent)
    try:
        if coherent and not sqlite.truncate_log(connection):
            raise StoreError("the write-ahead log, which holds the old domain key, could not be truncated yet")
    finally:
        connection.close()
    publish(configuration.next_anchor, configuration.anchor)


def upgrade_if_older(unlocked: Unlocked, use: FileLock, *, coherent: bool) -> None:
    """Bring a store of an older format to this version's. The caller holds the opening lock.

    Raises:
        StoreError: Another process has the store open, or the upgrade failed; the store is as it was.
    """
    if unlocked.format_version >= FORMAT_VERSION:
        return
    if not use.try_alone():
        raise StoreError(
            f"the store in {unlocked.locations.home} has format {unlocked.format_version} and must be upgraded, but "
            "another process has it open; end that process first"
        )
    database = sqlite.Database(unlocked.locations.database, coherent=coherent)
    try:
        upgrade(database, RowGuard(unlocked.hierarchy), unlocked.format_version, FORMAT_VERSION)
    finally:
        database.close()
        use.share()


def check_format(locations: Locations, format_version: int) -> None:
    """Refuse a store of a newer format.

    Raises:
        StoreError: This version cannot read it.
    """
    if format_version > FORMAT_VERSION:
        raise StoreError(
            f"the store in {locations.home} has format {format_version}, made by a newer version of kmscore; this one "
            f"knows formats up to {FORMAT_VERSION}: upgrade kmscore"
        )


def rollback_fault(unlocked: Unlocked) -> str | None:
    """Why the store must be taken for an older copy; None when it is as new as its anchor."""
    if unlocked.anchored is None:
        return (
            f"the anchor {unlocked.configuration.anchor} is missing, so that nothing tells whether this is the newest "
            "state of the store; bring it back, or accept the state with --accept-rollback"
        )
    if (unlocked.epoch, unlocked.state) < unlocked.anchored:
        return (
            f"the store is older than its anchor: it is at state {unlocked.state} of epoch {unlocked.epoch}, and was "
            f"once at state {unlocked.anchored[1]} of epoch {unlocked.anchored[0]}; bring back the newest copy, or "
            "accept the loss of all changes between with --accept-rollback"
        )
    return None


def require_no_rollback(unlocked: Unlocked) -> None:
    """Refuse a store that is older than its anchor.

    Raises:
        RollbackError: It is, or the anchor is missing.
    """
    fault = rollback_fault(unlocked)
    if fault is not None:
        raise RollbackError(fault)


def _read(database: Path, coherent: bool) -> tuple[Row, list[Row]]:
    try:
        connection = sqlite.connect(database, coherent=coherent)
        try:
            head = sqlite.rows(connection, "SELECT * FROM head WHERE id = 1")
            domain_rows = sqlite.rows(connection, "SELECT * FROM domain_keys")
        finally:
            connection.close()
    except sqlite3.Error as error:
        if "no such table" in str(error) or "not a database" in str(error):
            raise IntegrityError(f"{database} is not a kmscore store (SQLite: {error})") from error
        raise StoreError(f"{database} cannot be opened: {sqlite.explain(error)}") from error
    if len(head) != 1:
        raise IntegrityError(f"{database} has no head")
    return head[0], [{**row, "sealed": record(row)} for row in domain_rows]


def _is_read_only(directory: Path) -> bool:
    return bool(os.statvfs(directory).f_flag & os.ST_RDONLY)
