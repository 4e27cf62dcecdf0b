"""`kmscore usage` and `kmscore cost`."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kmscore.cli import times
from kmscore.cli.failures import CommandError, CommandLineError
from kmscore.cli.groups import FILES, STORE_COMMANDS, command
from kmscore.cli.output import day_and_time, table
from kmscore.cli.session import Session

if TYPE_CHECKING:
    from kmscore.cost import Bill


class Group(StrEnum):
    """What calls are told apart by."""

    key = "key"
    operation = "operation"
    account = "account"
    region = "region"
    via = "via"


class Period(StrEnum):
    """Which times belong together."""

    minute = "minute"
    hour = "hour"
    day = "day"


_SECONDS = {Period.minute: 60, Period.hour: 3_600, Period.day: 86_400}


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    command(parent, "usage", FILES, rich_help_panel=STORE_COMMANDS)(_usage)
    command(parent, "cost", FILES, rich_help_panel=STORE_COMMANDS)(_cost)


def _usage(
    session: Session,
    by: Annotated[
        list[Group] | None, typer.Option("--by", help="Tell these apart; can be given again. Else key and operation.")
    ] = None,
    per: Annotated[Period | None, typer.Option("--per", help="Tell times apart, too.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help=f"From then on. {times.HELP}")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    key: Annotated[str | None, typer.Option("--key", metavar="KEY", help="One key: id, ARN or alias.")] = None,
    account: Annotated[str | None, typer.Option("--account", metavar="ID", help="One caller's account.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="One Region.")] = None,
    operation: Annotated[str | None, typer.Option("--operation", metavar="NAME", help="One operation.")] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the index anew of the audit log first.")] = False,
) -> None:
    """Count calls that succeeded, failed and were throttled, out of the audit log. Rows of a batch count as calls.

    kmscore usage --by operation --per day --since 7d
    kmscore usage --key alias/app --by account
    """
    from kmscore.usage import Filter, Grouping, UsageIndex

    groups: list[Grouping] = [one.value for one in by or [Group.key, Group.operation]]
    if per is not None:
        groups.insert(0, "time")
    with UsageIndex.of(session.options.home) as index:
        if rebuild:
            index.rebuild()
            index.update()
        chosen = Filter(
            start=_seconds(since),
            end=_seconds(until),
            key=_key_arn(session, key) if key is not None else None,
            account=account,
            region=region,
            operation=operation,
        )
        found = index.counts(tuple(groups), chosen, period=_SECONDS[per or Period.minute])
    answer = [
        {
            **{name: _plain(name, value) for name, value in zip(groups, counted.group, strict=True)},
            "succeeded": counted.succeeded,
            "failed": counted.failed,
            "throttled": counted.throttled,
        }
        for counted in found
    ]
    rows = [[f"{value:,}" if isinstance(value, int) else value or "-" for value in row.values()] for row in answer]
    session.show_table(answer, [*groups, "succeeded", "failed", "throttled"], rows, "no calls")


def _cost(
    session: Session,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="Else this one, so far.")] = None,
    prices: Annotated[
        str | None, typer.Option("--prices", metavar="FILE", help="A table in the form of kmscore's own prices.toml.")
    ] = None,
    account: Annotated[str | None, typer.Option("--account", metavar="ID", help="One account.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="One Region.")] = None,
) -> None:
    """Reckon what AWS KMS would charge for these keys and calls in a month, and what would make it less.

    Keys count from their creation to the moment their deletion was scheduled. The prices are dated; see --prices.
    """
    from kmscore.advice import advise
    from kmscore.cost import Month, bill, stored_keys
    from kmscore.prices import load_prices
    from kmscore.usage import UsageIndex

    now = time.time()
    try:
        meant = Month.parse(month) if month is not None else Month.of(now)
    except ValueError as error:
        raise CommandLineError(f"{month!r} is no month: give one such as 2026-11") from error
    if meant.start > now:
        raise CommandError(f"{meant} has not begun yet")
    with UsageIndex.of(session.options.home) as index:
        keys = stored_keys(session.options.home, index)
        found = bill(keys, index, meant, load_prices(prices), now=now)
        advice = advise(keys, index, found)
    found.lines = [line for line in found.lines if account in (None, line.account) and region in (None, line.region)]
    answer: dict[str, Any] = {
        "month": str(found.month),
        "until": datetime.fromtimestamp(found.until, UTC),
        "currency": found.prices.currency,
        "prices": {"date": found.prices.date, "source": found.prices.source},
        "lines": [dataclasses.asdict(line) for line in found.lines],
        "total": found.total,
        "advice": [dataclasses.asdict(one) for one in advice],
    }
    if session.options.as_json:
        session.show(answer)
        return
    _show_bill(found)
    for one in advice:
        typer.echo(f"save {one.saving:,.2f} {found.prices.currency} a month: {one.text}")
        typer.echo("".join(f"  {arn}\n" for arn in one.keys), nl=False)


def _show_bill(found: Bill) -> None:
    rows = []
    for line in found.lines:
        quantity = f"{line.quantity:,.0f}" if float(line.quantity).is_integer() else f"{line.quantity:,.4f}"
        rows.append([line.account, line.region, line.kind, quantity, f"{line.amount:,.4f}"])
    if rows:
        table(["account", "Region", "what", "quantity", found.prices.currency], rows)
    until = day_and_time(datetime.fromtimestamp(found.until, UTC))
    typer.echo(f"{found.month}: {found.total:,.2f} {found.prices.currency} up to {until}")
    typer.echo(f"prices of {found.prices.date}: {found.prices.source}")


def _seconds(text: str | None) -> int | None:
    moment = times.moment(text)
    return None if moment is None else moment // 1_000_000


def _plain(name: str, value: str | int) -> str | int:
    return f"{datetime.fromtimestamp(int(value), UTC):%Y-%m-%dT%H:%MZ}" if name == "time" else value


def _key_arn(session: Session, key: str) -> str:
    """The ARN of a key that the command line names; the index knows ARNs alone."""
    from kmscore.audit.search import key_names
    from kmscore.usage import UsageIndex

    names = key_names(session.options.home, key)
    with UsageIndex.of(session.options.home) as index:
        known = [str(counted.group[0]) for counted in index.counts(("key",))]
    found = [arn for arn in known if arn in names or arn.rpartition("/")[2] in names]
    if not found:
        raise CommandError(f"no call of the audit log came to a key {key}")
    if len(found) > 1:
        raise CommandError(f"{key} means {len(found)} keys: give an ARN, one of {', '.join(found)}")
    return found[0]
