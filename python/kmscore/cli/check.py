"""`kmscore check`."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from kmscore.cli.failures import CommandLineError
from kmscore.cli.groups import STORE, STORE_COMMANDS, command
from kmscore.cli.output import counted
from kmscore.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "check", STORE, rich_help_panel=STORE_COMMANDS)(check)


def check(
    session: Session,
    rule: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="NAME", help="Only this one; can be given again.", show_default=False),
    ] = None,
    account: Annotated[str | None, typer.Option("--account", metavar="ID", help="One account.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="One Region.")] = None,
    expiry_days: Annotated[
        int, typer.Option("--expiry-days", min=0, help="Report imported key material that expires sooner.")
    ] = 30,
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 for warnings, too.")] = False,
) -> None:
    """Check keys as an auditor would, by rules named after those of AWS Config and Security Hub.

    All customer managed keys of the store are checked: rotation, pending deletion, public access, administrators,
    unused keys, imported key material, tags, descriptions. Ends with 1 when a rule fails.

    With --json every result is shown, the good ones included, as evidence. docs/compliance.md says what the rules
    mean to HIPAA, PCI DSS, SOC 2, ISO 27001 and FedRAMP.
    """
    from kmscore import compliance

    store = session.embedded().store
    try:
        found = compliance.check(
            store, session.options.home, account=account, region=region, rules=rule or [], expiry_days=expiry_days
        )
    except ValueError as error:
        raise CommandLineError(str(error)) from error
    bad = [result for result in found if result.status != "ok"]
    lines = [f"{result.status:<6}{_named(result.rule)}\n      {result.resource}\n      {result.text}" for result in bad]
    lines.append(
        f"{counted(len(found), 'result')}: {sum(result.status == 'fail' for result in bad)} failed, "
        f"{counted(sum(result.status == 'warn' for result in bad), 'warning')}"
    )
    session.show(
        [{**dataclasses.asdict(result), "control": _control(result.rule)} for result in found], "\n".join(lines)
    )
    if any(result.status == "fail" or strict for result in bad):
        raise typer.Exit(1)


def _control(rule: str) -> str:
    from kmscore.compliance import INLINE_POLICIES, RULES

    return "KMS.2" if rule == INLINE_POLICIES else RULES[rule].control


def _named(rule: str) -> str:
    control = _control(rule)
    return f"{rule} ({control})" if control else rule
