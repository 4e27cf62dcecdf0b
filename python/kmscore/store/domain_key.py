"""Deep shredding: a new domain key, and everything that was sealed or signed under the old one made anew.

What was deleted before cannot be opened any more from pieces that a disk or a file system kept, once the old wrapped
key is gone. One transaction does it; the anchor for the new key lies ready beside the old one before, and takes its
place after.
"""

from __future__ import annotations

import json
import os
import uuid
from typing import TYPE_CHECKING

from kmscore._core import KeyHierarchy, StoreError
from kmscore.store import opening, sqlite
from kmscore.store.creation import FORMAT_VERSION
from kmscore.store.failpoints import reach
from kmscore.store.locks import FileLock
from kmscore.store.opening import Unlocked
from kmscore.store.rows import Row, RowGuard, Value, number, record, text
from kmscore.store.service_events import service_record
from kmscore.store.upgrade import signed_rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kmscore.config import Locations
    from kmscore.root_keys import Passphrase

EVENT = "RotateDomainKey"


def rotate_domain_key(locations: Locations, now: int, passphrase: Passphrase | None = None) -> int:
    """Give a store a new domain key, and destroy the old one.

    Copies of the store that were made before stay readable with the root key. Import tokens, grant tokens and
    pagination markers that were handed out before are good no more.

    Args:
        locations: Where the store is; nobody has it open.
        now: Microseconds since 1970.
        passphrase: When its root key is one.

    Returns:
        How many sealed records were sealed anew.

    Raises:
        StoreError: Another process has it open, or something in it is not what kmscore wrote; it is as it was.
    """
    opening.prepare_directories(locations, create=False)
    coherent = opening.check_file_system(locations, exclusive=True)
    with FileLock(locations.open_lock):
        use = opening.claim(locations, exclusive=True)
        try:
            unlocked = opening.unlock(locations, passphrase, coherent=coherent, settle=True)
            opening.require_no_rollback(unlocked)
            if unlocked.format_version != FORMAT_VERSION:
                raise StoreError(f"the store in {locations.home} is of an older format; open it once to upgrade it")
            return _rotate(unlocked, now, coherent=coherent)
        finally:
            use.release()


def _rotate(unlocked: Unlocked, now: int, *, coherent: bool) -> int:
    following, wrapped = unlocked.hierarchy.succeed(unlocked.root, unlocked.domain_rows)
    _prepare_anchor(unlocked, following)
    reach("next-anchor-written")
    database = sqlite.Database(unlocked.locations.database, coherent=coherent)
    try:
        with database.transaction(write=True) as connection:
            count = _remake(connection, unlocked.hierarchy, following)
            old = [row["domain_key_id"] for row in unlocked.domain_rows if row["purpose"] == wrapped["purpose"]]
            connection.exec_driver_sql("DELETE FROM domain_keys WHERE purpose = ?", (wrapped["purpose"],))
            columns = ", ".join(wrapped)
            marks = ", ".join("?" * len(wrapped))
            connection.exec_driver_sql(f"INSERT INTO domain_keys ({columns}) VALUES ({marks})", tuple(wrapped.values()))
            _note(connection, unlocked, now, [*map(str, old), str(wrapped["domain_key_id"])])
            reach("domain-key-replaced")
        reach("domain-key-committed")
    except StoreError:
        raise
    except Exception as error:
        raise StoreError(f"the domain key could not be rotated: {sqlite.explain(error)}") from error
    finally:
        database.close()
    unlocked.hierarchy.close()
    opening.settle_anchor(unlocked.locations, unlocked.configuration, following, coherent=coherent)
    return count


def _prepare_anchor(unlocked: Unlocked, following: KeyHierarchy) -> None:
    """Lay what the anchor says ready under the new key, for whoever opens the store after the transaction."""
    present = unlocked.hierarchy.read_anchor(str(unlocked.configuration.anchor)) or {}
    following.write_anchor(
        str(unlocked.configuration.next_anchor),
        epoch=unlocked.epoch,
        state=max(unlocked.state, present.get("state", 0)),
        segments={name: tuple(head) for name, head in present.get("segments", {}).items()},
        force=True,
    )


def _remake(connection: Connection, old: KeyHierarchy, new: KeyHierarchy) -> int:
    """Check every row under the old key, then seal and sign it under the new one; returns how many were sealed."""
    before, after = RowGuard(old), RowGuard(new)
    found = signed_rows(connection)
    keys = {(row["region"], row["key_id"]): row for table, row in found if table == "keys"}
    count = 0
    for table, row in found:
        before.verified(table, row)
        fresh = {**row, **_sealed_anew(old, new, table, row, keys)}
        count += fresh.get("sealed") != row.get("sealed")
        changed = {"mac": after.signed(table, fresh)["mac"]} | ({"sealed": fresh["sealed"]} if "sealed" in row else {})
        same = " AND ".join(f"{name} IS ?" for name in row)
        values = ", ".join(f"{name} = ?" for name in changed)
        connection.exec_driver_sql(f"UPDATE {table} SET {values} WHERE {same}", (*changed.values(), *row.values()))
    return count


def _sealed_anew(
    old: KeyHierarchy, new: KeyHierarchy, table: str, row: Row, keys: dict[tuple[Value, Value], Row]
) -> Row:
    from kmscore.store.material import binding

    if row.get("sealed") is None:
        return {}
    version = number(row, "record_version")
    if table == "key_material":
        bound = binding(keys[row["region"], row["key_id"]], version)
        return {"sealed": old.move_material(new, bound, text(row, "material_id"), record(row))}
    if table == "access_keys":
        place = {"account": text(row, "account"), "table": table, "row": text(row, "access_key_id")}
        return {
            "sealed": old.move_secret(new, {**place, "column": "sealed", "record_version": str(version)}, record(row))
        }
    if table == "custom_key_stores":
        account, region, store_id = (text(row, name) for name in ("account", "region", "custom_key_store_id"))
        place = {"account": account, "table": table, "row": f"{account}/{region}/{store_id}"}
        return {
            "sealed": old.move_secret(new, {**place, "column": "sealed", "record_version": str(version)}, record(row))
        }
    # A secret that is not sealed anew would be lost for ever.
    raise StoreError(f"table {table} holds a sealed secret that this version cannot seal anew")


def _note(connection: Connection, unlocked: Unlocked, now: int, domain_keys: list[str]) -> None:
    event = service_record(EVENT, now, unlocked.state, resources=domain_keys)
    # No process of this name runs: whoever opens the store next brings the record into the audit log.
    connection.exec_driver_sql(
        "INSERT INTO audit_outbox (request_id, process, state, record) VALUES (?, ?, ?, ?)",
        (json.loads(event)["id"], f"{os.getpid()}-{uuid.uuid4()}", unlocked.state, event),
    )
