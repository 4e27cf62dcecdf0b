"""Checking a whole store: every row that decides security, and every sealed record of key material."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from kmscore._core import IntegrityError
from kmscore.store import schema, sqlite
from kmscore.store.opening import Unlocked
from kmscore.store.rows import Row, RowGuard, record, text


@dataclass
class Inspection:
    """What `inspect` found."""

    rows: int = 0
    materials: int = 0
    faults: list[str] = field(default_factory=list)


def inspect(unlocked: Unlocked, *, coherent: bool = True) -> Inspection:
    """Check every row and every sealed record against what kmscore wrote.

    Args:
        unlocked: The store.
        coherent: False on a file system without coherent shared memory.

    Returns:
        How many were checked, and one text for each that is wrong.
    """
    found = Inspection()
    connection = sqlite.connect(unlocked.locations.database, coherent=coherent)
    try:
        connection.execute("BEGIN")
        guard = RowGuard(unlocked.hierarchy)
        for table in schema.metadata.sorted_tables:
            if "mac" in table.columns:
                _check_rows(found, guard, table.name, connection)
        _check_materials(found, unlocked, connection)
    finally:
        connection.close()
    return found


def _check_rows(found: Inspection, guard: RowGuard, table: str, connection: sqlite3.Connection) -> None:
    for row in sqlite.rows(connection, f"SELECT * FROM {table}"):
        found.rows += 1
        try:
            guard.verified(table, row)
        except IntegrityError as error:
            found.faults.append(str(error))


def _check_materials(found: Inspection, unlocked: Unlocked, connection: sqlite3.Connection) -> None:
    statement = (
        "SELECT k.*, m.material_id, m.record_version, m.sealed FROM key_material m JOIN keys k USING (region, key_id)"
        " WHERE m.sealed IS NOT NULL"
    )
    for row in sqlite.rows(connection, statement):
        found.materials += 1
        try:
            unlocked.hierarchy.check_material(_binding(row), text(row, "material_id"), record(row))
        except IntegrityError as error:
            found.faults.append(str(error))


def _binding(row: Row) -> dict[str, str]:
    """What a sealed record of key material is bound to (docs/formats.md)."""
    names = ("account", "region", "key_id", "spec", "usage", "origin", "record_version")
    place = {"table": "key_material", "row": f"{text(row, 'region')}/{text(row, 'key_id')}", "column": "sealed"}
    return {**{name: str(row[name]) for name in names}, **place}
