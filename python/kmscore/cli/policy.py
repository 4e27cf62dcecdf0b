"""`kmscore policy …`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kmscore.cli.file_plan import STREAM
from kmscore.cli.groups import KEY_COMMANDS, command, new_group
from kmscore.cli.keys import Key
from kmscore.cli.session import Session

app = new_group("Key policies: who may do what to a KMS key.")


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="policy", rich_help_panel=KEY_COMMANDS)


@command(app, "get")
def get(session: Session, key: Key) -> None:
    """Show a key's policy."""
    answer = session.client().get_key_policy(KeyId=key)
    session.show(answer, answer["Policy"])


@command(app, "put")
def put(
    session: Session,
    key: Key,
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="The new policy, in JSON; - reads standard input.", show_default=False),
    ],
    bypass_lockout_check: Annotated[
        bool,
        typer.Option("--bypass-lockout-check", help="Put it even if you cannot replace it again."),
    ] = False,
) -> None:
    """Replace a key's policy; it decides from now on, in every process of this host.

    kmscore policy get alias/app > policy.json
    kmscore policy put alias/app policy.json
    """
    document = sys.stdin.read() if file == STREAM else Path(file).read_text()
    session.client().put_key_policy(KeyId=key, Policy=document, BypassPolicyLockoutSafetyCheck=bypass_lockout_check)
    session.show({"KeyId": key}, f"{key} has the new policy")
