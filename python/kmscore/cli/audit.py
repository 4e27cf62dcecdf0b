"""`kmscore audit …` and `kmscore why`."""

from __future__ import annotations

import dataclasses
import time
from typing import Annotated

import typer

from kmscore import audit as log
from kmscore.audit import explanation
from kmscore.audit import heads as outside
from kmscore.cli import audit_queries
from kmscore.cli.failures import CommandError
from kmscore.cli.groups import FILES, STORE_COMMANDS, command, new_group
from kmscore.cli.output import counted, printable
from kmscore.cli.session import Session

app = new_group("Check and read the audit log.")


def register(parent: typer.Typer) -> None:
    """Add the group, and `why`."""
    audit_queries.register(app)
    parent.add_typer(app, name="audit", rich_help_panel=STORE_COMMANDS)
    command(parent, "why", FILES, rich_help_panel=STORE_COMMANDS)(_why)


@command(app, "verify", FILES)
def verify(
    session: Session,
    heads: Annotated[
        str | None,
        typer.Option(
            "--heads",
            metavar="FILE",
            help="What kmscore audit heads wrote: all that was there then must be there still.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check that every line of the audit log is as it was written, and that none is missing.

    Ends with 1 and names the first bad line, the missing segment or the torn tail when something is wrong.
    """
    report = log.verify(session.options.home, passphrase=session.root_passphrase, heads=heads)
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
    for record in log.tail(session.options.home, count=lines):
        audit_queries.show(session, record)


@command(app, "heads", FILES)
def heads(
    session: Session,
    append: Annotated[
        str | None,
        typer.Option(
            "--append", metavar="FILE", help="Append them to this file, on another machine's disk.", show_default=False
        ),
    ] = None,
) -> None:
    """Say how far every segment has come, one JSON object a line, for a place that a thief of the store cannot reach.

    kmscore audit heads --append /mnt/elsewhere/kmscore-heads
    kmscore audit verify --heads /mnt/elsewhere/kmscore-heads
    """
    found = outside.heads(session.options.home, round(time.time() * 1e6))
    if append is None:
        for head in found:
            typer.echo(outside.head_text(head))
        return
    outside.append_heads(append, found)
    session.show({"file": append, "heads": len(found)}, f"{append}: {counted(len(found), 'head')} appended")


def _why(
    session: Session,
    request_id: Annotated[
        str, typer.Argument(metavar="REQUEST_ID", help="ResponseMetadata.RequestId of the answer, or of the error.")
    ],
) -> None:
    """Explain why a call failed: the statement, key state, Region or encryption context pair that decided.

    It reads the audit log and the store, neither of which is checked here.
    """
    found = explanation.explain(session.options.home, request_id)
    if found is None:
        raise CommandError(f"no record of the audit log has request id {request_id}")
    text = [audit_queries.line(found.record), *(f"- {printable(line)}" for line in found.lines)]
    session.show({"record": found.record, "explanation": found.lines}, "\n".join(text))
