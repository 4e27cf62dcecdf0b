"""What the engine reads on a miss or a change: fixed statements on connections of their own, without SQLAlchemy."""

import json
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from kmscore._core import IntegrityError
from kmscore.store import sqlite
from kmscore.store.connections import settled
from kmscore.store.rows import Row, RowGuard, number, record, text

# Internal states of a key that was deleted; callers see no key at all.
SHREDDING = "shredding"
DELETED = "deleted"

_HEAD_STATE = "SELECT state FROM head WHERE id = 1"
_OF_KEY = "WHERE region = ? AND key_id = ?"
_OF_PRINCIPAL = "WHERE account = ? AND kind = ? AND name = ?"


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
            tags = self._rows("tags", f"SELECT * FROM tags {_OF_KEY}", region, key_id)
            aliases = self._rows("aliases", f"SELECT * FROM aliases {_OF_KEY}", region, key_id)
        if not keys or keys[0]["state"] in (SHREDDING, DELETED):
            return None
        if not policies:
            raise IntegrityError(f"key {region}/{key_id} has no key policy in the store")
        return {
            **_engine_row(keys[0], text(policies[0], "document"), materials),
            "tags": [(tag["tag_key"], tag["tag_value"]) for tag in tags],
            "aliases": [alias["name"] for alias in aliases],
        }

    def load_alias(self, account: str, region: str, name: str) -> str | None:
        """The verified key id an alias stands for."""
        statement = "SELECT * FROM aliases WHERE account = ? AND region = ? AND name = ?"
        with self._lock:
            found = self._rows("aliases", statement, account, region, name)
        return text(found[0], "key_id") if found else None

    def load_grants(self, region: str, key_id: str, grantees: list[str]) -> list[dict[str, Any]]:
        """The verified grants of a key to any of these principals, oldest first."""
        marks = ", ".join("?" * len(grantees))
        statement = f"SELECT * FROM grants {_OF_KEY} AND grantee IN ({marks}) ORDER BY created, grant_id"
        with self._lock:
            return [_engine_grant(row) for row in self._rows("grants", statement, region, key_id, *grantees)]

    def load_grant(self, region: str, key_id: str, grant_id: str) -> dict[str, Any] | None:
        """One verified grant of a key."""
        with self._lock:
            found = self._rows("grants", f"SELECT * FROM grants {_OF_KEY} AND grant_id = ?", region, key_id, grant_id)
        return _engine_grant(found[0]) if found else None

    def load_custom_key_store(self, account: str, region: str, store_id: str, now: int) -> tuple[str, str] | None:
        """Type and connection state, now, of a verified custom key store."""
        statement = "SELECT * FROM custom_key_stores WHERE account = ? AND region = ? AND custom_key_store_id = ?"
        with self._lock:
            found = self._rows("custom_key_stores", statement, account, region, store_id)
        return (text(found[0], "type"), text(settled(found[0], now), "state")) if found else None

    def load_identity(self, account: str, kind: str, name: str) -> dict[str, Any]:
        """What the store says of a principal: all of it verified, its groups' policies and its account's included.

        Args:
            account: The principal's account.
            kind: `user` or `role`; `root` and anything else has the account's own policies only.
            name: The name, without path.
        """
        with self._lock, _Snapshot(self._connection):
            accounts = self._rows("accounts", "SELECT * FROM accounts WHERE account = ?", account)
            principals = self._rows("principals", f"SELECT * FROM principals {_OF_PRINCIPAL}", account, kind, name)
            groups = self._rows(
                "group_members",
                "SELECT * FROM group_members WHERE account = ? AND user_name = ? ORDER BY group_name",
                account,
                name if kind == "user" else "",
            )
            owners = [(kind, name), *(("group", text(group, "group_name")) for group in groups), ("account", "")]
            policies = [
                policy
                for owner in dict.fromkeys(owners)
                for policy in self._rows(
                    "principal_policies",
                    f"SELECT * FROM principal_policies {_OF_PRINCIPAL} ORDER BY purpose, policy_name",
                    account,
                    *owner,
                )
            ]
        return {
            "exists": bool(principals) or (kind == "root" and bool(accounts)),
            "unique_id": principals[0]["unique_id"] if principals else "",
            "path": principals[0]["path"] if principals else "/",
            "tags": list(json.loads(text(principals[0], "tags")).items()) if principals else [],
            "organization": accounts[0]["organization"] if accounts else None,
            "policies": [(policy["purpose"], policy["policy_name"], policy["document"]) for policy in policies],
        }

    def load_access_key(self, access_key_id: str) -> tuple[Row, Row] | None:
        """The verified rows of an access key and of the user it belongs to."""
        with self._lock, _Snapshot(self._connection):
            keys = self._rows("access_keys", "SELECT * FROM access_keys WHERE access_key_id = ?", access_key_id)
            owner = [text(key, column) for key in keys for column in ("account", "kind", "name")]
            users = self._rows("principals", f"SELECT * FROM principals {_OF_PRINCIPAL}", *owner) if owner else []
        return (keys[0], users[0]) if users else None

    def due_keys(self, now: int) -> list[tuple[str, str]]:
        """(Region, key id) of keys to which something is to be done. Whoever does it checks the row first."""
        return self._places("SELECT region, key_id FROM keys WHERE due <= ?", now)

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
    return {
        **{name: key[name] for name in ("account", "region", "key_id", "spec", "usage", "origin", "state")},
        "due": key["due"],
        "primary_region": key["primary_region"],
        "aws_managed": key["manager"] == "AWS",
        "policy": policy,
        "materials": [
            {
                "material_id": material["material_id"],
                "sealed": record(material),
                "current": material["state"] == "CURRENT",
                "record_version": material["record_version"],
            }
            for material in materials
            if material["sealed"] is not None
        ],
    }


def _engine_grant(grant: Row) -> dict[str, Any]:
    constraints = json.loads(text(grant, "constraints"))
    return {
        **{name: grant[name] for name in ("grant_id", "grantee", "retiring", "issuing_account")},
        "operations": json.loads(text(grant, "operations")),
        "context_equals": _pairs(constraints.get("EncryptionContextEquals")),
        "context_subset": _pairs(constraints.get("EncryptionContextSubset")),
        "source_arn": constraints.get("SourceArn"),
    }


def _pairs(context: dict[str, str] | None) -> list[tuple[str, str]] | None:
    return None if context is None else list(context.items())
