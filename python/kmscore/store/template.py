"""The template of a new store: what the migrations make, as one text of DDL, so that only an upgrade imports Alembic.

`python -m kmscore.store.template` writes it again after a migration was added; a test holds it to the migrations.
"""

import sqlite3
from pathlib import Path

TEMPLATE = Path(__file__).parent / "template.sql"


def read_template() -> str:
    """The DDL of a new store, which ends by stamping the Alembic revision."""
    return TEMPLATE.read_text(encoding="utf-8")


def generate() -> str:
    """Run all migrations over an empty database and write down what they made."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    from kmscore.store.upgrade import run_migrations

    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.begin() as connection:
        run_migrations(connection)
    with engine.connect() as connection:
        database = connection.connection.driver_connection
        if not isinstance(database, sqlite3.Connection):
            raise TypeError("the template is made with sqlite3")
        return dump_schema(database)


def dump_schema(database: sqlite3.Connection) -> str:
    """The DDL of a database and the stamp of its Alembic revision."""
    statements = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
    [(revision,)] = database.execute("SELECT version_num FROM alembic_version").fetchall()
    lines = ["-- Written by `python -m kmscore.store.template` from the migrations. Do not edit."]
    lines += [f"{statement};" for (statement,) in statements]
    lines.append(f"INSERT INTO alembic_version (version_num) VALUES ('{revision}');")
    return "\n".join(line.replace("\t", "    ").rstrip() for line in "\n".join(lines).splitlines()) + "\n"


if __name__ == "__main__":
    TEMPLATE.write_text(generate(), encoding="utf-8")
