"""Making a new store: complete under a temporary name first, then renamed, so that half a store is never there."""

import os
import re
import sqlite3
from pathlib import Path

from kmscore import _core
from kmscore._core import KeyHierarchy, RootKey, StoreError
from kmscore.config import Locations, StoreConfiguration
from kmscore.root_keys import Passphrase, create_root_key
from kmscore.store import sqlite
from kmscore.store.failpoints import reach
from kmscore.store.rows import Row, RowGuard
from kmscore.store.template import read_template

FORMAT_VERSION = 2
_TEMPORARY = ".new-"


def make_directory(path: Path) -> None:
    """Make a directory of mode 0700 whatever the umask; one that is there already is left as it is.

    Raises:
        StoreError: It cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700)
        path.chmod(0o700)
    except FileExistsError:
        if not path.is_dir():
            raise StoreError(f"{path} is not a directory") from None
    except OSError as error:
        raise StoreError(f"the directory {path} cannot be made: {error.strerror}") from error


def create_store(locations: Locations, passphrase: Passphrase | None, *, now: int, coherent: bool) -> RootKey:
    """Make a new store and its root key. The caller holds the store's opening lock and saw that there is none.

    Args:
        locations: Where; the store's directory exists.
        passphrase: Makes the root key a passphrase instead of a key file.
        now: Microseconds since 1970.
        coherent: False on a file system without coherent shared memory.

    Returns:
        The root key.

    Raises:
        StoreError: It could not be made; nothing of it is left.
    """
    _sweep(locations)
    store_id = _core.random_bytes(16)
    configuration = locations.of_store(store_id)
    temporary = locations.home / f"{_TEMPORARY}{store_id.hex()}.db"
    try:
        # The file stands first: its name tells whoever sweeps after a kill which root key is nobody's.
        sqlite.create_file(temporary)
        make_directory(configuration.directory)
        root = create_root_key(configuration, passphrase)
        reach("root-key-made")
        hierarchy = _build(temporary, root, store_id, now=now, coherent=coherent)
        hierarchy.write_anchor(str(configuration.anchor), epoch=0, state=0, segments={})
        reach("store-built")
        publish(temporary, locations.database)
    except BaseException as error:
        if not locations.database.exists():
            discard(temporary, configuration)
        if isinstance(error, (OSError, sqlite3.Error)):
            raise StoreError(f"the store cannot be created in {locations.home}: {_reason(error)}") from error
        raise
    return root


def publish(temporary: Path, database: Path) -> None:
    """Give a finished database its name, and make that last."""
    temporary.rename(database)
    folder = os.open(database.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _build(path: Path, root: RootKey, store_id: bytes, *, now: int, coherent: bool) -> KeyHierarchy:
    hierarchy, wrapped = KeyHierarchy.create(root, store_id)
    head: Row = {
        "id": 1,
        "store_id": store_id,
        "format_version": FORMAT_VERSION,
        "state": 0,
        "epoch": 0,
        "time_seen": now,
        "created": now,
    }
    connection = sqlite.connect(path, coherent=coherent)
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{read_template()}")
        sqlite.insert(connection, "head", RowGuard(hierarchy).signed("head", head))
        for row in wrapped:
            sqlite.insert(connection, "domain_keys", row)
        connection.execute("COMMIT")
    finally:
        # The last connection brings the write-ahead log into the one file that is renamed.
        connection.close()
    return hierarchy


def _sweep(locations: Locations) -> None:
    """Remove what a killed process left; a database under a temporary name was never anyone's store."""
    for path in locations.home.glob(f"{_TEMPORARY}*.db"):
        store_id = path.name.removeprefix(_TEMPORARY).removesuffix(".db")
        if re.fullmatch("[0-9a-f]{32}", store_id):
            discard(path, locations.of_store(bytes.fromhex(store_id)))


def discard(temporary: Path, configuration: StoreConfiguration) -> None:
    """Remove a database that never became a store, and the root key and anchor that were made for it."""
    side_files = [temporary.with_name(temporary.name + suffix) for suffix in ("", "-wal", "-shm", "-journal")]
    own_files = [configuration.key_file, configuration.passphrase_file, configuration.anchor]
    anchor_files = list(configuration.directory.glob("anchor.*"))
    for path in (*own_files, *anchor_files, *side_files):
        path.unlink(missing_ok=True)
    if configuration.directory.is_dir() and not any(configuration.directory.iterdir()):
        configuration.directory.rmdir()


def _reason(error: OSError | sqlite3.Error) -> str:
    return sqlite.explain(error) if isinstance(error, sqlite3.Error) else str(error.strerror)
