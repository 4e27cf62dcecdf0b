"""What a handler sees of the store: a consistent view to read, a transaction to change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from kmscore._core import KeyHierarchy
from kmscore.store import schema
from kmscore.store.rows import Row, RowGuard, Value
from kmscore.store.service_events import ServiceEvent

MICROSECONDS = 1_000_000


@dataclass
class View:
    """One consistent state of the store. Every row that carries a MAC is checked before it is seen."""

    connection: Connection
    guard: RowGuard
    now: int
    """Microseconds since 1970."""

    @property
    def hierarchy(self) -> KeyHierarchy:
        """The key hierarchy of the store."""
        return self.guard.hierarchy

    def row(self, table: Table, **key: Value) -> Row | None:
        """The one row with these column values.

        Raises:
            IntegrityError: The row is not what kmscore wrote.
        """
        found = self.connection.execute(_select_one(table, tuple(key)), _bound(key)).mappings().fetchall()
        return self._verified(table, dict(found[0])) if found else None

    def rows(
        self,
        table: Table,
        *where: ColumnElement[bool],
        order_by: Sequence[ColumnElement[str]] = (),
        limit: int | None = None,
    ) -> list[Row]:
        """All rows that meet the conditions.

        Raises:
            IntegrityError: A row is not what kmscore wrote.
        """
        statement = select(table).where(*where).order_by(*order_by).limit(limit)
        found = [dict(row) for row in self.connection.execute(statement).mappings().fetchall()]
        return [self._verified(table, row) for row in found]

    def _verified(self, table: Table, row: Row) -> Row:
        return self.guard.verified(table.name, row) if "mac" in table.columns else row


@dataclass
class Transaction(View):
    """A view that can be changed. Nothing is visible to others before the writer commits."""

    changes: list[tuple[str, str]] = field(default_factory=list)
    """What caches must forget: (kind, id)."""
    events: list[ServiceEvent] = field(default_factory=list)
    """What goes into the audit log beside the record of the call, if there is one."""
    destroyed: bool = False
    """Sealed records were overwritten: the write-ahead log still holds them, and is to be truncated."""

    def insert(self, table: Table, row: Row) -> None:
        """Insert a row, with its MAC where the table has one."""
        self.connection.execute(insert(table), self._signed(table, row))

    def update(self, table: Table, row: Row, **changed: Value) -> Row:
        """Change columns of a verified row; returns the row as it is now."""
        changed_row = {**row, **changed}
        key = {column.name: row[column.name] for column in table.primary_key.columns}
        values = {**_bound(key), **self._signed(table, changed_row)}
        if self.connection.execute(_update_one(table), values).rowcount != 1:
            raise LookupError(f"a row of {table.name} vanished within its transaction")
        return changed_row

    def delete(self, table: Table, **key: Value) -> int:
        """Delete the rows with these column values; returns how many there were."""
        return self.connection.execute(delete(table).where(*_equal(table, tuple(key))), _bound(key)).rowcount

    def changed_key(self, region: str, key_id: str) -> None:
        """Have every cache forget a KMS key."""
        self.changes.append(("key", f"{region}/{key_id}"))

    def changed_alias(self, account: str, region: str, name: str) -> None:
        """Have every cache forget an alias."""
        self.changes.append(("alias", f"{account}/{region}/{name}"))

    def changed_identity(self, account: str) -> None:
        """Have every cache forget what it knows of an account's identities."""
        self.changes.append(("identity", account))

    def event(self, name: str, region: str, resource: str, details: Mapping[str, str] | None = None) -> None:
        """Put a service event about a key into the audit log, together with the change."""
        self.events.append(ServiceEvent(name, region, [resource], details or {}))

    def changed_custom_key_store(self, account: str, region: str, store_id: str) -> None:
        """Count a change of a custom key store, which no cache holds."""
        self.changes.append(("custom_key_store", f"{account}/{region}/{store_id}"))

    def head(self) -> Row:
        """The verified head of the store."""
        found = self.row(schema.head, id=1)
        if found is None:
            raise LookupError("the store has no head")
        return found

    def _signed(self, table: Table, row: Row) -> Row:
        return self.guard.signed(table.name, row) if "mac" in table.columns else row


# Statements are built once: building one takes SQLAlchemy longer than SQLite takes to run it.
@cache
def _select_one(table: Table, names: tuple[str, ...]) -> Select[Any]:
    return select(table).where(*_equal(table, names))


@cache
def _update_one(table: Table) -> Update:
    return update(table).where(*_equal(table, tuple(column.name for column in table.primary_key.columns)))


def _equal(table: Table, names: tuple[str, ...]) -> Iterable[ColumnElement[bool]]:
    return [table.columns[name] == bindparam(f"key_{name}") for name in names]


def _bound(key: dict[str, Value]) -> dict[str, Value]:
    return {f"key_{name}": value for name, value in key.items()}
