"""What the engine reads on a miss or a change: fixed statements on connections of their own, without SQLAlchemy."""

import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from kmscore._core import IntegrityError
from kmscore.store import sqlite
from kmscore.store.rows import Row, RowGuard, number, record, text

# Internal states of a key that was deleted; callers see no key at all.
SHREDDING = "shredding"
DELETED = "deleted"

_HEAD_STATE = "SELECT state FROM head WHERE id = 1"
_OF_KEY = "WHERE region = ? AND key_id = ?"


class Reader:
    """Verified reads of the rows that the engine's key table holds."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], guard: RowGuard) -> None:
        self._guard = guard
        self._hot = connect()
        self._hot_cursor = self._hot.cursor()
        self._hot_lock = threading.Lock()
        self._connection = connect()
        self._lock = threading.Lock()

    def head_state(self) -> int:
        """`head.state` now. Its MAC is checked where the changes are read."""
        with self._hot_lock:
            [(state,)] = self._hot_cursor.execute(_HEAD_STATE).fetchall()
        return int(state)

    def head(self) -> Row:
        """The verified head."""
        with self._lock:
            found = sqlite.rows(self._connection, "SELECT * FROM head WHERE id = 1")
        return self._guard.verified("head", found[0])

    def changes_since(self, state: int) -> tuple[int, list[tuple[str, str]] | None]:
        """The state now and what changed since `state`; None in place of the list when that is too long ago to say."""
        with self._lock, _Snapshot(self._connection):
            found = sqlite.rows(self._connection, "SELECT * FROM head WHERE id = 1")
            oldest = self._connection.execute("SELECT min(state) FROM change").fetchall()[0][0]
            changes = self._connection.execute(
                "SELECT DISTINCT kind, id FROM change WHERE state > ?", (state,)
            ).fetchall()
        now = number(self._guard.verified("head", found[0]), "state")
        # Rows of the oldest state left may have been pruned in part.
        known = state == now or (oldest is not None and oldest <= state)
        return now, [(kind, identifier) for kind, identifier in changes] if known else None

    def load_key(self, region: str, key_id: str) -> dict[str, Any] | None:
        """A key's verified row as the engine wants it; None when there is none or it was deleted."""
        with self._lock, _Snapshot(self._connection):
            keys = self._rows("keys", f"SELECT * FROM keys {_OF_KEY}", region, key_id)
            policies = self._rows(
                "key_policies", f"SELECT * FROM key_policies {_OF_KEY} AND name = 'default'", region, key_id
            )
            materials = self._rows("key_material", f"SELECT * FROM key_material {_OF_KEY}", region, key_id)
        if not keys or keys[0]["state"] in (SHREDDING, DELETED):
            return None
        if not policies:
            raise IntegrityError(f"key {region}/{key_id} has no key policy in the store")
        return _engine_row(keys[0], text(policies[0], "document"), materials)

    def load_alias(self, account: str, region: str, name: str) -> str | None:
        """The verified key id an alias stands for."""
        statement = "SELECT * FROM aliases WHERE account = ? AND region = ? AND name = ?"
        with self._lock:
            found = self._rows("aliases", statement, account, region, name)
        return text(found[0], "key_id") if found else None

    def due_keys(self, now: int) -> list[tuple[str, str]]:
        """(Region, key id) of keys past their deletion date. Whoever deletes one checks its row first."""
        return self._places("SELECT region, key_id FROM keys WHERE deletion_date <= ?", now)

    def shredding_keys(self) -> list[tuple[str, str]]:
        """(Region, key id) of keys whose deletion was begun and not finished."""
        return self._places("SELECT region, key_id FROM keys WHERE state = ?", SHREDDING)

    def close(self) -> None:
        """Close both connections."""
        self._hot.close()
        self._connection.close()

    def _places(self, statement: str, parameter: int | str) -> list[tuple[str, str]]:
        with self._lock:
            return [(region, key_id) for region, key_id in self._connection.execute(statement, (parameter,)).fetchall()]

    def _rows(self, table: str, statement: str, *parameters: str) -> list[Row]:
        found = sqlite.rows(self._connection, statement, parameters)
        return [self._guard.verified(table, row) for row in found]


class _Snapshot:
    """Several reads of one state; ended at once, so that no reader holds up the truncation of the log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN")

    def __exit__(self, *_: object) -> None:
        self._connection.execute("ROLLBACK")


def _engine_row(key: Row, policy: str, materials: list[Row]) -> dict[str, Any]:
    versions = [number(material, "record_version") for material in materials if material["current"]]
    return {
        **{name: key[name] for name in ("account", "region", "key_id", "spec", "usage", "origin", "state")},
        "deletion_date": key["deletion_date"],
        "multi_region": key["primary_region"] is not None,
        "policy": policy,
        "record_version": max(versions, default=0),
        "materials": [
            {
                "material_id": material["material_id"],
                "sealed": record(material),
                "current": material["current"] == 1,
                "record_version": material["record_version"],
            }
            for material in materials
            if material["sealed"] is not None
        ],
    }
