"""`kmscore doctor`."""

from __future__ import annotations

import dataclasses

import typer

from kmscore.cli import host_checks, store_checks
from kmscore.cli.findings import Finding
from kmscore.cli.groups import FILES, STORE_COMMANDS, command
from kmscore.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "doctor", FILES, rich_help_panel=STORE_COMMANDS)(doctor)


def doctor(session: Session) -> None:
    """Check the store and this host, and say what to do about each thing that is not as it should be.

    Every row and every sealed key of the store is checked, and every line of the audit log. Ends with 1 when a check
    failed; a warning does not change the exit code.
    """
    found = [*store_checks.run(session), *host_checks.run()]
    session.show([dataclasses.asdict(finding) for finding in found], "\n".join(_line(finding) for finding in found))
    if any(finding.status == "fail" for finding in found):
        raise typer.Exit(1)


def _line(finding: Finding) -> str:
    advice = f"\n{'':6}{'':14}→ {finding.advice}" if finding.advice else ""
    return f"{finding.status:<6}{finding.check:<14}{finding.text}{advice}"
