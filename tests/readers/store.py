"""Walks from a store's files to its keys, as somebody who holds the root key could."""

import sqlite3
from pathlib import Path
from typing import NamedTuple

from . import audit_segment, sealed_record

_MATERIAL = """
SELECT k.account, k.region, k.key_id, k.spec, k.usage, k.origin, m.record_version, m.material_id, m.sealed
FROM key_material m JOIN keys k USING (region, key_id) WHERE m.sealed IS NOT NULL
"""


class StoreKeys(NamedTuple):
    """Every key that a store's files lead to."""

    store: bytes
    root: bytes
    domain: bytes
    audit: bytes
    materials: dict[str, bytes]
    """Key id -> key material."""


def read_only(home: Path) -> sqlite3.Connection:
    """The store's database, which nothing done here changes."""
    return sqlite3.connect(f"file:{home / 'store.db'}?mode=ro", uri=True)


def store_id(database: sqlite3.Connection) -> bytes:
    """The id in the head."""
    [(found,)] = database.execute("SELECT store_id FROM head").fetchall()
    return bytes(found)


def material_binding(store: bytes, domain_key: bytes, row: sqlite3.Row) -> dict[str, str]:
    """What the sealed record of a row of `key_material` is bound to."""
    names = ("account", "region", "key_id", "spec", "usage", "origin", "record_version", "material_id")
    return {
        "store": store.hex(),
        "domain_key": sealed_record.key_id(domain_key).hex(),
        "table": "key_material",
        "row": f"{row['region']}/{row['key_id']}",
        "column": "sealed",
        **{name: str(row[name]) for name in names},
    }


def keys(home: Path, configuration: Path) -> StoreKeys:
    """Open every key of a store."""
    database = read_only(home)
    try:
        store = store_id(database)
        root = sealed_record.root_key(configuration / "stores" / store.hex() / "root.key")
        wrapped = sealed_record.wrapped_keys(database, root, store)
        database.row_factory = sqlite3.Row
        materials = {
            str(row["key_id"]): sealed_record.read(
                row["sealed"],
                sealed_record.MATERIAL,
                wrapped["records"],
                material_binding(store, wrapped["records"], row),
            )
            for row in database.execute(_MATERIAL)
        }
    finally:
        database.close()
    return StoreKeys(store, root, wrapped["records"], wrapped["audit"], materials)


def audit_records(home: Path, audit_key: bytes) -> list[dict[str, object]]:
    """Every record of every segment, headers left out."""
    found = []
    for path in sorted((home / "audit").glob("*.log")):
        found += audit_segment.read(path, audit_key)[1:]
    return found
