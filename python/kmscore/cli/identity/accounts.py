"""`kmscore identity account …`."""

from __future__ import annotations

from typing import Annotated

import typer

from kmscore.cli.failures import CommandLineError
from kmscore.cli.groups import STORE, command, new_group
from kmscore.cli.identity.shared import change, read
from kmscore.cli.output import json_text
from kmscore.cli.session import Session

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account, 12 digits.", show_default=False)]
Organization = Annotated[
    str | None,
    typer.Option(metavar="ID", help="The organization it is in, as aws:PrincipalOrgID has it.", show_default=False),
]

app = new_group("The accounts that keys and principals belong to.")


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="account")


@command(app, "list", STORE)
def list_accounts(session: Session) -> None:
    """List the accounts."""
    from kmscore.identity import accounts, listing

    found = read(session, lambda view: [listing.describe_account(view, name) for name in accounts.names(view)])
    session.show_table(
        found,
        ["Account", "Organization", "Policies"],
        [
            [account["Account"], account["Organization"] or "", " ".join(p["PolicyName"] for p in account["Policies"])]
            for account in found
        ],
        "There are no accounts; make one with `kmscore identity account create`.",
    )


@command(app, "show", STORE)
def show(session: Session, account: Account) -> None:
    """Show an account with its service control and resource control policies."""
    from kmscore.identity import listing

    found = read(session, lambda view: listing.describe_account(view, account))
    session.show(found, json_text(found))


@command(app, "create", STORE)
def create(session: Session, account: Account, organization: Organization = None) -> None:
    """Make an account."""
    from kmscore.identity import accounts

    change(session, lambda changes: accounts.create(changes, account, organization))


@command(app, "update", STORE)
def update(
    session: Session,
    account: Account,
    organization: Organization = None,
    leave: Annotated[bool, typer.Option("--no-organization", help="Be in no organization.")] = False,
) -> None:
    """Have an account enter an organization, or leave it."""
    from kmscore.identity import accounts

    if (organization is None) != leave:
        raise CommandLineError("give either --organization or --no-organization")
    change(session, lambda changes: accounts.set_organization(changes, account, organization))


@command(app, "delete", STORE)
def delete(session: Session, account: Account) -> None:
    """Remove an account that has neither keys nor principals."""
    from kmscore.identity import accounts

    change(session, lambda changes: accounts.delete(changes, account))
