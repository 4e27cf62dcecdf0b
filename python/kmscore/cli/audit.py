"""`kmscore audit …`."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kmscore import audit as log
from kmscore.cli.failures import CommandError
from kmscore.cli.groups import FILES, STORE_COMMANDS, command, new_group
from kmscore.cli.output import counted
from kmscore.cli.session import Session
from kmscore.config import locate

app = new_group("Check and read the audit log.")


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="audit", rich_help_panel=STORE_COMMANDS)


@command(app, "verify", FILES)
def verify(session: Session) -> None:
    """Check that every line of the audit log is as it was written, and that none is missing.

    Ends with 1 and names the first bad line, the missing segment or the torn tail when something is wrong.
    """
    report = log.verify(session.options.home, passphrase=session.root_passphrase)
    lines = [f"note: {note}" for note in report.notes] + [
        f"{problem.kind}: {problem.text}" for problem in report.problems
    ]
    found = counted(len(report.problems), "problem") if report.problems else "all as written"
    lines.append(f"{counted(report.records, 'record')} in {counted(report.segments, 'segment')}: {found}")
    session.show({"ok": report.ok, **dataclasses.asdict(report)}, "\n".join(lines))
    if not report.ok:
        raise typer.Exit(1)


@command(app, "tail", FILES)
def tail(
    session: Session, lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many records.")] = 20
) -> None:
    """Show the newest records, oldest first; with --json, one object a line. They are not checked here."""
    if not locate(session.options.home).database.exists():
        raise CommandError(f"there is no store in {locate(session.options.home).home}; run `kmscore init`")
    for record in log.tail(session.options.home, count=lines):
        typer.echo(json.dumps(record, ensure_ascii=False) if session.options.as_json else _line(record))


def _line(record: dict[str, Any]) -> str:
    time = datetime.fromtimestamp(record["time"] / 1e6, UTC)
    rows = f"rows={record['rows']}" if "rows" in record else ""
    words = [record["op"], record.get("outcome"), record.get("caller"), rows, *record.get("resources", [])]
    return f"{time:%Y-%m-%d %H:%M:%S.%f}Z {' '.join(word for word in words if word)}"
