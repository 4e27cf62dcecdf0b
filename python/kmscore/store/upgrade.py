"""Bringing a store to this version's format: a copy first, then Alembic's migrations, forward only."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from kmscore._core import StoreError
from kmscore.store import sqlite

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Path, format_version: int) -> Path:
    """Upgrade a store in place.

    Args:
        database: The store's database; no other process may have it open.
        format_version: The format it has now, for the name of the copy.

    Returns:
        The copy that was made first.

    Raises:
        StoreError: The copy could not be made, or a migration failed; the store is as it was.
    """
    copy = database.with_name(f"{database.name}.format-{format_version}")
    try:
        _copy(database, copy)
        _migrate(database)
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


def _copy(database: Path, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    sqlite.create_file(copy)
    source = sqlite.connect(database)
    target = sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        target.close()
        source.close()


def _migrate(database: Path) -> None:
    handle = sqlite.Database(database)
    try:
        with handle.transaction(write=True) as connection:
            run_migrations(connection)
    finally:
        handle.close()
