"""The template of new stores is what the migrations make, and what the table definitions say."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from kmscore.store import schema, template, upgrade


@pytest.fixture
def from_template() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as connection:
        database: Any = connection.connection.driver_connection
        database.executescript(template.read_template())
        yield connection
    engine.dispose()


def test_template_equals_the_result_of_the_migrations() -> None:
    assert template.read_template() == template.generate()


def test_template_is_stamped_with_the_latest_revision() -> None:
    assert f"VALUES ('{upgrade.latest_revision()}')" in template.read_template().splitlines()[-1]


def test_table_definitions_equal_the_template(from_template: Connection) -> None:
    assert compare_metadata(MigrationContext.configure(from_template), schema.metadata) == []


def test_upgrading_the_newest_format_changes_nothing(from_template: Connection) -> None:
    database = from_template.connection.driver_connection
    assert isinstance(database, sqlite3.Connection)
    upgrade.run_migrations(from_template)
    assert template.dump_schema(database) == template.read_template()


def test_every_row_that_decides_security_has_a_mac() -> None:
    without = {table.name for table in schema.metadata.sorted_tables if "mac" not in table.columns}
    assert without == {"audit_outbox", "change", "domain_keys", "key_owners"}
