"""`kmscore identity …`."""

from __future__ import annotations

import typer

from kmscore.cli.groups import STORE_COMMANDS, new_group
from kmscore.cli.identity import access_keys, accounts, files, policies, principals

app = new_group("Accounts, users, roles and groups, and what each may do.")
for _register in (files.register, accounts.register, principals.register, access_keys.register, policies.register):
    _register(app)


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="identity", rich_help_panel=STORE_COMMANDS)
