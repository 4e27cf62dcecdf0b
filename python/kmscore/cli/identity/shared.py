"""What the commands on identities have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from kmscore.cli.file_plan import STREAM
from kmscore.cli.groups import STORE, Account
from kmscore.cli.output import printable
from kmscore.cli.session import Session
from kmscore.config import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from kmscore.identity import Changes, Event, NewAccessKey, Principal
    from kmscore.store.transaction import View

T = TypeVar("T")

IDENTITIES = {**STORE, "account": (Account, None)}
"""Shared options of a command about the identities of an account."""

CredentialsFile = Annotated[
    str | None,
    typer.Option(
        "--credentials-file",
        metavar="FILE",
        help="Append new access keys to this file of mode 0600, in the form of AWS's credentials file, and do not show "
        "their secrets.",
        show_default=False,
    ),
]


def principal(session: Session, kind: str, name: str) -> Principal:
    """A principal of the account that is meant.

    Args:
        session: The command's run.
        kind: `user`, `role`, `group`, or `account` without a name.
        name: Its name.
    """
    from kmscore.identity import Principal

    return Principal(session.options.account or DEFAULT_ACCOUNT, kind, name)


def read(session: Session, work: Callable[[View], T]) -> T:
    """Read from the store.

    Args:
        session: The command's run.
        work: What to read.
    """
    return session.embedded().store.read(work)


def change(session: Session, work: Callable[[Changes], object]) -> None:
    """Change the store, and say what was changed.

    Args:
        session: The command's run.
        work: Makes the changes.
    """
    from kmscore import identity

    def recorded(changes: Changes) -> list[Event]:
        work(changes)
        return list(changes.events)

    events = identity.change(session.embedded().store, recorded)
    session.show(events_json(events), events_text(events, "Nothing had to be changed."))


def events_text(events: list[Event], nothing: str) -> str:
    """Changes, one a line.

    Args:
        events: They.
        nothing: What to say when there are none.
    """
    return "\n".join(printable(str(event)) for event in events) or nothing


def events_json(events: list[Event]) -> list[dict[str, Any]]:
    """Changes as data.

    Args:
        events: They.
    """
    return [{"Event": event.name, "Resources": list(event.resources)} for event in events]


def access_key_json(key: NewAccessKey, *, secret: bool) -> dict[str, str]:
    """A new access key as data.

    Args:
        key: It.
        secret: With its secret, which is shown this once.
    """
    shown = {"UserArn": key.user_arn, "AccessKeyId": key.access_key_id}
    return {**shown, "SecretAccessKey": key.secret_access_key} if secret else shown


def document(file: str) -> str:
    """A policy document.

    Args:
        file: Where it is; `-` for standard input.
    """
    return sys.stdin.read() if file == STREAM else Path(file).read_text()
