"""What `kmscore doctor` checks about the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from kmscore import _core, audit
from kmscore._core import StoreError
from kmscore.cli.failures import CommandError
from kmscore.cli.findings import Finding
from kmscore.cli.output import counted
from kmscore.cli.session import Session
from kmscore.config import Locations, locate
from kmscore.identity.unknown import unknown_in_key_policies
from kmscore.store import opening, sqlite
from kmscore.store.inspection import inspect
from kmscore.store.opening import Unlocked
from kmscore.store.rows import RowGuard
from kmscore.store.transaction import View

_LARGE_LOG = 64 << 20
_SHOWN = 5


def run(session: Session) -> Iterator[Finding]:
    """All checks of the store; those that need what an earlier one missed are left out."""
    locations = locate(session.options.home)
    if not locations.database.exists():
        advice = "run kmscore init, or say where it is with --home or KMSCORE_HOME"
        yield Finding("fail", "store", f"there is none in {locations.home}", advice)
        return
    yield Finding("ok", "store", str(locations.home))
    name, coherent = _core.file_system_kind(str(locations.home))
    yield _file_system(name, coherent=coherent)
    try:
        unlocked = opening.unlock(locations, session.root_passphrase, coherent=coherent)
    except (StoreError, CommandError) as error:
        yield _modes(locations, [])
        yield Finding("fail", "root key", str(error))
        return
    yield _modes(locations, [unlocked.configuration.directory])
    yield _root_key(unlocked)
    yield _anchor(unlocked)
    yield _journal(locations, coherent=coherent)
    yield from _contents(unlocked, coherent=coherent)
    yield from _audit(session)


def _file_system(name: str, *, coherent: bool) -> Finding:
    if coherent:
        return Finding("ok", "file system", f"{name}: several processes can share the store")
    return Finding(
        "warn",
        "file system",
        f"{name} has no coherent shared memory: only one process may open the store",
        "put the store on a local disk, or open it with --exclusive (exclusive=True)",
    )


def _modes(locations: Locations, directories: list[Path]) -> Finding:
    """Nobody else may read or write what belongs to the store."""
    directories = [locations.home, *directories]
    paths = [path for directory in directories for path in (directory, *directory.rglob("*"))]
    open_to_others = [path for path in paths if path.lstat().st_mode & 0o077 and not path.is_symlink()]
    if not open_to_others:
        return Finding("ok", "modes", f"{len(paths)} files and directories are closed to other users")
    shown = ", ".join(str(path) for path in open_to_others[:_SHOWN]) + (", …" if len(open_to_others) > _SHOWN else "")
    where = " ".join(str(directory) for directory in directories)
    return Finding("fail", "modes", f"other users can reach {shown}", f"run chmod -R go= {where}")


def _root_key(unlocked: Unlocked) -> Finding:
    configuration = unlocked.configuration
    kind = "key file" if configuration.key_file.exists() else "passphrase"
    text = f"{kind} in {configuration.directory}, opens the store"
    if not configuration.directory.is_relative_to(unlocked.locations.home):
        return Finding("ok", "root key", text)
    advice = "move the configuration directory elsewhere and set KMSCORE_CONFIG_HOME to it"
    return Finding(
        "warn", "root key", f"{text}, but lies under the store: whoever copies the store has its key", advice
    )


def _anchor(unlocked: Unlocked) -> Finding:
    fault = opening.rollback_fault(unlocked)
    if fault is not None:
        return Finding("fail", "anchor", fault)
    return Finding("ok", "anchor", f"the store is as new as its anchor (state {unlocked.state})")


def _journal(locations: Locations, *, coherent: bool) -> Finding:
    wanted = "wal" if coherent else "truncate"
    try:
        connection = sqlite.connect(locations.database, coherent=coherent)
        try:
            [(mode,)] = connection.execute("PRAGMA journal_mode").fetchall()
            problems = [str(text) for (text,) in connection.execute("PRAGMA quick_check").fetchall() if text != "ok"]
        finally:
            connection.close()
    except sqlite3.Error as error:
        return Finding("fail", "database", sqlite.explain(error))
    if problems or mode != wanted:
        text = problems[0] if problems else f"the journal mode is {mode}, not {wanted}"
        return Finding("fail", "database", text, "restore a backup: kmscore restore" if problems else "")
    log = locations.database.with_name(locations.database.name + "-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > _LARGE_LOG:
        text = f"the write-ahead log has {size >> 20:,} MiB: a reader keeps it from being emptied"
        return Finding("warn", "database", text, "look for a process that holds the database open")
    return Finding("ok", "database", f"sound; journal mode {mode}, log of {size >> 10:,} KiB")


def _contents(unlocked: Unlocked, *, coherent: bool) -> Iterator[Finding]:
    try:
        found = inspect(unlocked, coherent=coherent)
    except (StoreError, sqlite3.Error) as error:
        yield Finding("fail", "contents", str(error))
        return
    advice = "find out who changed the store; restore a backup: kmscore restore"
    for fault in found.faults[:_SHOWN]:
        yield Finding("fail", "contents", fault, advice)
    if len(found.faults) > _SHOWN:
        yield Finding("fail", "contents", f"and {len(found.faults) - _SHOWN:,} more")
    if not found.faults:
        text = f"{counted(found.rows, 'row')} and {counted(found.materials, 'sealed key')}: all as kmscore wrote them"
        yield Finding("ok", "contents", text)
        yield _principals(unlocked, coherent=coherent)


def _principals(unlocked: Unlocked, *, coherent: bool) -> Finding:
    """Whom key policies name: a slip of the pen, or somebody who was never made."""
    database = sqlite.Database(unlocked.locations.database, coherent=coherent)
    try:
        with database.transaction(write=False) as connection:
            unknown = unknown_in_key_policies(View(connection, RowGuard(unlocked.hierarchy), unlocked.time_seen))
    finally:
        database.close()
    if not unknown:
        return Finding("ok", "principals", "key policies name none that the store does not know")
    shown = ", ".join(list(unknown)[:_SHOWN]) + (", …" if len(unknown) > _SHOWN else "")
    advice = "make them with kmscore identity, or mend the key policies"
    return Finding("warn", "principals", f"key policies name some that the store does not know: {shown}", advice)


def _audit(session: Session) -> Iterator[Finding]:
    try:
        report = audit.verify(session.options.home, passphrase=session.root_passphrase)
    except StoreError as error:
        yield Finding("fail", "audit", str(error))
        return
    for note in report.notes:
        yield Finding("ok", "audit", note)
    for problem in report.problems[:_SHOWN]:
        yield Finding("fail", "audit", f"{problem.kind}: {problem.text}", "kmscore audit verify shows all problems")
    if report.ok:
        yield Finding(
            "ok",
            "audit",
            f"{counted(report.records, 'record')} in {counted(report.segments, 'segment')}: all as written",
        )
