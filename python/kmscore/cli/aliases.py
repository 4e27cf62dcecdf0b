"""`kmscore aliases …`."""

from __future__ import annotations

from typing import Annotated

import typer

from kmscore.cli.groups import KEY_COMMANDS, command, new_group
from kmscore.cli.keys import Key, alias_name
from kmscore.cli.output import day_and_time
from kmscore.cli.session import Session

Alias = Annotated[str, typer.Argument(metavar="ALIAS", help="The alias; alias/ may be left out.", show_default=False)]

app = new_group("Names for KMS keys, so that programs need not know key ids.")


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="aliases", rich_help_panel=KEY_COMMANDS)


@command(app, "list")
def list_aliases(
    session: Session,
    key: Annotated[str | None, typer.Option(metavar="KEY", help="Only the aliases of this key.")] = None,
) -> None:
    """List the aliases of the account and Region."""
    kms = session.client()
    filters = {} if key is None else {"KeyId": key}
    pages = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 100}, **filters)
    aliases = [alias for page in pages for alias in page["Aliases"]]
    session.show_table(
        aliases,
        ["Alias", "Key id", "Changed"],
        [
            [alias["AliasName"], alias.get("TargetKeyId", ""), day_and_time(alias.get("LastUpdatedDate"))]
            for alias in aliases
        ],
        "There are no aliases; make one with `kmscore aliases create`.",
    )


@command(app, "create")
def create(session: Session, alias: Alias, key: Key) -> None:
    """Make a name for a key."""
    kms = session.client()
    kms.create_alias(AliasName=alias_name(alias), TargetKeyId=key)
    _show(session, alias, key)


@command(app, "update")
def update(session: Session, alias: Alias, key: Key) -> None:
    """Have an alias stand for another key."""
    kms = session.client()
    kms.update_alias(AliasName=alias_name(alias), TargetKeyId=key)
    _show(session, alias, key)


@command(app, "delete")
def delete(session: Session, alias: Alias) -> None:
    """Remove an alias; its key stays."""
    session.client().delete_alias(AliasName=alias_name(alias))
    session.show({"AliasName": alias_name(alias)}, f"{alias_name(alias)} is removed")


def _show(session: Session, alias: str, key: str) -> None:
    session.show({"AliasName": alias_name(alias), "TargetKeyId": key}, f"{alias_name(alias)} stands for {key}")
