"""`kmscore audit search|export|follow|report`: records by time, principal, key, operation and outcome."""

from __future__ import annotations

import functools
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kmscore.audit import export as exporting
from kmscore.audit import following, identities, reading, search, summary
from kmscore.cli import times
from kmscore.cli.failures import CommandError, CommandLineError
from kmscore.cli.groups import FILES, command
from kmscore.cli.interruption import interruptible
from kmscore.cli.output import counted, printable
from kmscore.cli.session import Session

if TYPE_CHECKING:
    from kmscore.audit.reading import AuditRecord

_WHICH = "Which records"
Since = Annotated[str | None, typer.Option(metavar="TIME", help=f"From then on. {times.HELP}", rich_help_panel=_WHICH)]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Before then.", rich_help_panel=_WHICH)]
Principal = Annotated[
    str | None,
    typer.Option(metavar="ARN", help="The caller: an ARN, its end (alice), or with *.", rich_help_panel=_WHICH),
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="Key id, key ARN, or alias (alias/NAME).", rich_help_panel=_WHICH),
]
Operation = Annotated[
    str | None,
    typer.Option("--operation", metavar="NAME", help="Such as Decrypt, or Generate*.", rich_help_panel=_WHICH),
]
Outcome = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CODE", help="Success, Failure, or an error code; can be given again.", rich_help_panel=_WHICH
    ),
]
Denied = Annotated[bool, typer.Option("--denied", help="Only what policies refused.", rich_help_panel=_WHICH)]
Unauthorised = Annotated[
    bool,
    typer.Option(
        "--unauthorised",
        help="Only what was refused for want of a right, of known credentials or of a valid grant token.",
        rich_help_panel=_WHICH,
    ),
]
_QUERY = {
    "since": (Since, None),
    "until": (Until, None),
    "principal": (Principal, None),
    "key": (Key, None),
    "operation": (Operation, None),
    "outcome": (Outcome, None),
    "denied": (Denied, False),
    "unauthorised": (Unauthorised, False),
}


class Form(StrEnum):
    """In what form records are exported."""

    cloudtrail = "cloudtrail"
    json_lines = "json-lines"
    stored = "stored"


def register(app: typer.Typer) -> None:
    """Add the commands to the group."""
    for name, function in (("search", _search), ("export", _export), ("follow", _follow), ("report", _report)):
        command(app, name, FILES)(_with_query(function))


def line(record: AuditRecord) -> str:
    """A record in one line for a person."""
    time = datetime.fromtimestamp(record["time"] / 1e6, UTC)
    rows = f"rows={record['rows']}" if "rows" in record else ""
    words = [record["op"], record.get("outcome"), record.get("caller"), rows, *record.get("resources", [])]
    return printable(f"{time:%Y-%m-%d %H:%M:%S.%f}Z {' '.join(word for word in words if word)}")


def show(session: Session, record: AuditRecord) -> None:
    """Show a record: with --json the stored one, else a line."""
    typer.echo(json.dumps(record, ensure_ascii=False) if session.options.as_json else line(record))


def _search(
    session: Session,
    query: search.Query,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="Not more than so many.")] = None,
) -> None:
    """Find records, oldest first; with --json, one object a line. They are not checked here.

    kmscore audit search --denied --since 24h
    kmscore audit search --key alias/app --operation Decrypt --principal alice
    """
    with interruptible():
        for number, record in enumerate(search.search(session.options.home, query), 1):
            show(session, record)
            if number == limit:
                return


def _export(
    session: Session,
    query: search.Query,
    file: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The new file; - is standard output.")],
    form: Annotated[
        Form,
        typer.Option("--format", help="A CloudTrail log file; one CloudTrail record a line; one stored record a line."),
    ] = Form.cloudtrail,
    account: Annotated[
        str | None, typer.Option("--for-account", metavar="ID", help="Only the events that this account sees.")
    ] = None,
) -> None:
    """Write records for other programs, as CloudTrail would have written them; compressed if FILE ends with .gz.

    A call of one account that was admitted to a key of another is written for both, with one sharedEventID.
    """
    found = search.search(session.options.home, query)
    known = identities.unique_ids(session.options.home)
    with interruptible():
        if file == "-":
            exporting.write(found, sys.stdout, form.value, known, account=account)
            return
        if Path(file).exists():
            raise CommandError(f"{file} is there already")
        written = exporting.export(found, Path(file), form.value, known, account=account)
    session.show({"file": file, "records": written}, f"{file}: {counted(written, 'record')}")


def _follow(
    session: Session,
    query: search.Query,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many to show of those that are there.")] = 10,
) -> None:
    """Show records as they are written, by whatever process, until Ctrl-C; with --json, one object a line."""
    home = session.options.home
    news = following.follow(home)
    with interruptible():
        shown = [record for record in reading.tail(home, count=lines) if query.matches(record)] if lines else []
        for record in shown:
            show(session, record)
        seen = {record["id"] for record in shown}
        for record in news:
            if query.matches(record) and record["id"] not in seen:
                show(session, record)
                sys.stdout.flush()


def _report(
    session: Session,
    query: search.Query,
    top: Annotated[int, typer.Option("--top", min=1, help="How many of each kind.")] = 20,
) -> None:
    """Count records by principal, key, operation and outcome, and list what was refused to whom."""
    found = summary.summarise(search.search(session.options.home, query))
    answer = {
        "records": found.records,
        **{name: dict(getattr(found, name).most_common(top)) for name in _COUNTED},
        "denied": [asdict(refusal) for refusal in found.denied()[:top]],
        "unauthorised": [asdict(refusal) for refusal in found.unauthorised()[:top]],
    }
    session.show(answer, "\n".join(_report_text(found, top)))


_COUNTED = ("principals", "keys", "operations", "outcomes")


def _report_text(found: summary.Summary, top: int) -> Iterator[str]:
    yield counted(found.records, "record")
    for name in _COUNTED:
        yield f"\n{name}"
        yield from (f"{number:>12,}  {printable(what)}" for what, number in getattr(found, name).most_common(top))
    for name, refusals in (("denied", found.denied()), ("unauthorised", found.unauthorised())):
        yield f"\n{name}"
        for refusal in refusals[:top]:
            what = f"{refusal.principal} {refusal.operation} {refusal.key or '-'} {refusal.outcome}"
            yield f"{refusal.count:>12,}  {printable(what)}  last request {refusal.last_request}"
        if not refusals:
            yield "        none"


def _with_query(function: Callable[..., None]) -> Callable[..., None]:
    """Give a function the options that say which records, in the place of its parameter `query`."""

    @functools.wraps(function)
    def run(session: Session, **arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in _QUERY}
        function(session, _query(session, **given), **arguments)

    own = list(inspect.signature(function, eval_str=True).parameters.values())
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _QUERY.items()
    ]
    parameters = [own[0], *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own[2:]), *added]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # Functions take it; their type does not say so.
    del run.__wrapped__
    return run


def _query(
    session: Session,
    *,
    since: str | None,
    until: str | None,
    principal: str | None,
    key: str | None,
    operation: str | None,
    outcome: list[str] | None,
    denied: bool,
    unauthorised: bool,
) -> search.Query:
    if denied + unauthorised + bool(outcome) > 1:
        raise CommandLineError("--denied, --unauthorised and --outcome each say which outcomes: give one of them")
    outcomes = search.DENIED if denied else search.UNAUTHORISED if unauthorised else frozenset(outcome or ())
    return search.Query(
        since=times.moment(since),
        until=times.moment(until),
        principal=principal,
        keys=search.key_names(session.options.home, key) if key else frozenset(),
        operation=operation,
        outcomes=outcomes,
    )
