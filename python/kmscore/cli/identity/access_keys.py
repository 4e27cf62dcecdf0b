"""`kmscore identity access-key …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kmscore.cli.groups import command, new_group
from kmscore.cli.identity.credentials import deliver_to
from kmscore.cli.identity.principals import User
from kmscore.cli.identity.shared import IDENTITIES, CredentialsFile, access_key_json, change, principal, read
from kmscore.cli.output import day_and_time, printable
from kmscore.cli.session import Session
from kmscore.config import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from kmscore.store.transaction import View

AccessKeyId = Annotated[str, typer.Argument(metavar="ID", help="The access key's id, AKIA….", show_default=False)]

app = new_group("Access keys of users; each secret is shown once.")


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="access-key")


@command(app, "list", IDENTITIES)
def list_access_keys(session: Session, user: User) -> None:
    """List the access keys of a user."""
    from kmscore.identity import listing
    from kmscore.identity.principals import find

    def described(view: View) -> list[dict[str, Any]]:
        find(view, whose)
        return listing.describe_access_keys(view, whose)

    whose = principal(session, "user", user)
    found = read(session, described)
    session.show_table(
        found,
        ["Access key id", "Status", "Created"],
        [[key["AccessKeyId"], key["Status"], day_and_time(key["CreateDate"])] for key in found],
        f"There are none; make one with `kmscore identity access-key create {user}`.",
    )


@command(app, "create", IDENTITIES)
def create(session: Session, user: User, credentials_file: CredentialsFile = None) -> None:
    """Make an access key for a user. A user has two at most, so that one can be replaced by the other."""
    from kmscore import identity
    from kmscore.identity import Changes, NewAccessKey, access_keys

    whose = principal(session, "user", user)

    def make(changes: Changes) -> NewAccessKey:
        made = access_keys.create(changes, whose)
        if credentials_file is not None:
            deliver_to(credentials_file)([made])
        return made

    key = identity.change(session.embedded().store, make)
    shown = access_key_json(key, secret=credentials_file is None)
    secret = (
        f"{key.secret_access_key}  (shown this once)"
        if credentials_file is None
        else f"in {printable(credentials_file)}"
    )
    session.show(
        shown,
        f"User                {key.user_arn}\nAccess key id       {key.access_key_id}\nSecret access key   {secret}",
    )


@command(app, "activate", IDENTITIES)
def activate(session: Session, access_key_id: AccessKeyId) -> None:
    """Let an access key be used again."""
    _set_status(session, access_key_id, active=True)


@command(app, "deactivate", IDENTITIES)
def deactivate(session: Session, access_key_id: AccessKeyId) -> None:
    """Keep an access key from being used."""
    _set_status(session, access_key_id, active=False)


@command(app, "delete", IDENTITIES)
def delete(session: Session, access_key_id: AccessKeyId) -> None:
    """Remove an access key."""
    from kmscore.identity import access_keys

    account = session.options.account or DEFAULT_ACCOUNT
    change(session, lambda changes: access_keys.delete(changes, account, access_key_id))


def _set_status(session: Session, access_key_id: str, *, active: bool) -> None:
    from kmscore.identity import access_keys

    account = session.options.account or DEFAULT_ACCOUNT
    status = access_keys.ACTIVE if active else access_keys.INACTIVE
    change(session, lambda changes: access_keys.set_status(changes, account, access_key_id, status))
