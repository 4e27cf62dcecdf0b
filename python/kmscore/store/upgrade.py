"""Bringing a store to this version's format: a copy first, then Alembic's migrations, forward only."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from kmscore._core import StoreError
from kmscore.store import sqlite
from kmscore.store.rows import Row, RowGuard

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: sqlite.Database, guard: RowGuard, format_version: int, new_version: int) -> Path:
    """Upgrade a store in place: check every row, migrate, sign every row again, all in one transaction.

    Args:
        database: The store's database; no other process may have it open.
        guard: Checks and signs its rows.
        format_version: The format it has now.
        new_version: The format it gets.

    Returns:
        The copy that was made first.

    Raises:
        StoreError: The copy could not be made, or a migration failed; the store is as it was.
        IntegrityError: A row is not what kmscore wrote; the store is as it was.
    """
    copy = database.path.with_name(f"{database.path.name}.format-{format_version}")
    try:
        _copy(database, copy)
        with database.transaction(write=True) as connection:
            for table, row in signed_rows(connection):
                guard.verified(table, row)
            run_migrations(connection)
            connection.exec_driver_sql("UPDATE head SET format_version = ?", (new_version,))
            for table, row in signed_rows(connection):
                _sign(connection, guard, table, row)
    except StoreError:
        raise
    except Exception as error:
        raise StoreError(f"the store could not be upgraded and is as it was: {sqlite.explain(error)}") from error
    return copy


def run_migrations(connection: Connection) -> None:
    """Run all migrations that the database has not had, within the connection's transaction."""
    from alembic import command

    configuration = _configuration()
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")


def latest_revision() -> str:
    """The revision that a store of this version has."""
    from alembic.script import ScriptDirectory

    revision = ScriptDirectory.from_config(_configuration()).get_current_head()
    if revision is None:
        raise LookupError("there are no migrations")
    return revision


def _configuration() -> Config:
    from alembic.config import Config

    configuration = Config()
    # Alembic reads its options with configparser, to which a percent sign is special.
    configuration.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    return configuration


def _copy(database: sqlite.Database, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    sqlite.create_file(copy)
    source, target = database.connect(), sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        target.close()
        source.close()


def signed_rows(connection: Connection) -> list[tuple[str, Row]]:
    """Every row that carries a MAC, with the columns that its table has now."""
    tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
    found: list[tuple[str, Row]] = []
    for table in tables:
        rows = connection.exec_driver_sql(f"SELECT * FROM {table}").mappings().fetchall()
        found += [(table, dict(row)) for row in rows if "mac" in row]
    return found


def _sign(connection: Connection, guard: RowGuard, table: str, row: Row) -> None:
    signed = guard.signed(table, row)
    same = " AND ".join(f"{name} IS ?" for name in row)
    connection.exec_driver_sql(f"UPDATE {table} SET mac = ? WHERE {same}", (signed["mac"], *row.values()))
