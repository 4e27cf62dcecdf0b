"""Everything that is particular to SQLite: connections, pragmas, transactions, checkpoints, error texts."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kmscore.store.rows import Row

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY_SECONDS = 30.0
# A reader's transaction takes milliseconds; when the log cannot be truncated for this long, something is stuck.
CHECKPOINT_SECONDS = 30.0
# Threads beyond this many wait: a read of the control plane is short, and one thread at a time writes.
_POOLED = 8


def create_file(path: Path) -> None:
    """Create an empty database file of mode 0600 whatever the umask; SQLite gives its side files the same mode."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def connect(path: Path, *, coherent: bool = True) -> sqlite3.Connection:
    """Open an existing database with the pragmas of a store.

    Args:
        path: The database file; it is never created here.
        coherent: False on a file system without coherent shared memory, where write-ahead logging does not work.
    """
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_SECONDS,
    )
    try:
        connection.execute(f"PRAGMA journal_mode = {'WAL' if coherent else 'TRUNCATE'}").fetchall()
        for pragma in ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def rows(connection: sqlite3.Connection, statement: str, parameters: tuple[object, ...] = ()) -> list[Row]:
    """All rows of a query, by column name; the read ends before this returns."""
    cursor = connection.execute(statement, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def insert(connection: sqlite3.Connection, table: str, row: Row) -> None:
    """Insert one row."""
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def update(connection: sqlite3.Connection, table: str, key: str, row: Row) -> None:
    """Write all columns of one row, found by its one-column primary key."""
    columns = ", ".join(f"{name} = ?" for name in row)
    connection.execute(f"UPDATE {table} SET {columns} WHERE {key} = ?", (*row.values(), row[key]))


@contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction on a raw connection."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def truncate_log(connection: sqlite3.Connection) -> bool:
    """Overwrite the database with what the write-ahead log holds and truncate the log.

    Returns:
        Whether the log really was truncated; it is not while another connection reads from it.
    """
    # Short attempts: while one waits for readers, no process can write.
    connection.execute("PRAGMA busy_timeout = 100").fetchall()
    try:
        deadline = time.monotonic() + CHECKPOINT_SECONDS
        while not _try_truncate(connection):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}").fetchall()
    return True


def _try_truncate(connection: sqlite3.Connection) -> bool:
    [(busy, _log, _copied)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return bool(busy == 0)


def explain(error: BaseException) -> str:
    """One sentence that names the cause of a database error and what to do."""
    text = str(getattr(error, "orig", None) or error)
    for part, sentence in _SENTENCES:
        if part in text:
            return f"{sentence} (SQLite: {text})"
    return f"the database failed (SQLite: {text})"


_SENTENCES = (
    ("disk is full", "the disk is full: free some space"),
    ("readonly database", "the store's files cannot be written: check the owner and mode of its directory"),
    ("unable to open", "the store's files cannot be opened: check the owner and mode of its directory"),
    ("disk I/O error", "the disk failed or is full"),
    ("locked", "another process kept the store locked for too long"),
    ("not a database", "the file is not a kmscore store"),
    ("malformed", "the database file is damaged: restore a backup"),
)


class Database:
    """The connections of one process to one store, for SQLAlchemy."""

    def __init__(self, path: Path, *, coherent: bool = True) -> None:
        self.path = path
        self.coherent = coherent
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    def connect(self) -> sqlite3.Connection:
        """A raw connection, which its user closes."""
        return connect(self.path, coherent=self.coherent)

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[Connection]:
        """A transaction: BEGIN IMMEDIATE to write, one consistent snapshot to read. The caller commits a write."""
        with self.engine().connect() as connection:
            connection.execution_options(kmscore_write=write)
            with connection.begin():
                yield connection

    def engine(self) -> Engine:
        """The SQLAlchemy engine, made on first use: its import is most of the time a first call takes."""
        with self._lock:
            if self._engine is None:
                self._engine = self._new_engine()
            return self._engine

    def close(self) -> None:
        """Close every connection."""
        if self._engine is not None:
            self._engine.dispose()

    def _new_engine(self) -> Engine:
        from sqlalchemy import create_engine, event
        from sqlalchemy.pool import QueuePool

        engine = create_engine(
            "sqlite+pysqlite://",
            creator=self.connect,
            poolclass=QueuePool,
            pool_size=_POOLED,
            max_overflow=0,
        )
        event.listen(engine, "begin", _begin)
        return engine


def _begin(connection: Any) -> None:
    write = connection.get_execution_options().get("kmscore_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
