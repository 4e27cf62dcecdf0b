"""`kmscore identity user|role|group …`."""

from __future__ import annotations

from typing import Annotated

import typer

from kmscore.cli.groups import command, new_group
from kmscore.cli.identity.shared import IDENTITIES, change, document, principal, read
from kmscore.cli.keys import pairs
from kmscore.cli.output import json_text
from kmscore.cli.session import Session
from kmscore.config import DEFAULT_ACCOUNT

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name, without path.", show_default=False)]
User = Annotated[str, typer.Argument(metavar="USER", help="The user's name.", show_default=False)]
Path = Annotated[str, typer.Option(metavar="PATH", help="Its path, such as /team/.")]
Tag = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A tag; may be repeated.")]
Trust = Annotated[
    str,
    typer.Option(
        metavar="FILE", help="The policy that says who may assume the role; - for standard input.", show_default=False
    ),
]

users = new_group("People and programs with access keys of their own.")
roles = new_group("What principals can be for a while.")
groups = new_group("Users that share policies.")
_GROUPS = {"user": users, "role": roles, "group": groups}


def register(parent: typer.Typer) -> None:
    """Add the groups."""
    for kind, app in _GROUPS.items():
        _register_list(app, kind)
        _register_show(app, kind)
        _register_delete(app, kind)
        if kind != "group":
            _register_tags(app, kind)
        parent.add_typer(app, name=kind)


@command(users, "create", IDENTITIES)
def create_user(session: Session, name: Name, path: Path = "/", tag: Tag = None) -> None:
    """Make a user, who may do nothing yet and has no access key."""
    _create(session, "user", name, path, tag)


@command(roles, "create", IDENTITIES)
def create_role(session: Session, name: Name, trust: Trust, path: Path = "/", tag: Tag = None) -> None:
    """Make a role, whose sessions may do nothing yet."""
    _create(session, "role", name, path, tag, document(trust))


@command(groups, "create", IDENTITIES)
def create_group(session: Session, name: Name, path: Path = "/") -> None:
    """Make a group, which is empty and has no policies yet."""
    _create(session, "group", name, path, None)


@command(groups, "add", IDENTITIES)
def add_member(session: Session, name: Name, user: User) -> None:
    """Put a user into a group."""
    from kmscore.identity import groups as members

    account = principal(session, "group", name).account
    change(session, lambda changes: members.add_member(changes, account, name, user))


@command(groups, "remove", IDENTITIES)
def remove_member(session: Session, name: Name, user: User) -> None:
    """Take a user out of a group."""
    from kmscore.identity import groups as members

    account = principal(session, "group", name).account
    change(session, lambda changes: members.remove_member(changes, account, name, user))


def _create(session: Session, kind: str, name: str, path: str, tag: list[str] | None, trust: str | None = None) -> None:
    from kmscore.identity import principals

    tags = pairs(tag or [], "--tag")
    made = principal(session, kind, name)
    change(session, lambda changes: principals.create(changes, made, path=path, tags=tags, trust=trust))


def _register_list(app: typer.Typer, kind: str) -> None:
    def list_all(session: Session) -> None:
        from kmscore.identity import Principal, listing, principals

        account = session.options.account or DEFAULT_ACCOUNT
        found = read(
            session,
            lambda view: [
                listing.describe(view, Principal(account, kind, name))
                for name, _ in principals.named(view, account, kind)
            ],
        )
        session.show_table(
            found,
            ["Name", "ARN", "Policies"],
            [[each["Name"], each["Arn"], " ".join(p["PolicyName"] for p in each["Policies"])] for each in found],
            f"There are no {kind}s in account {account}; make one with `kmscore identity {kind} create`.",
        )

    list_all.__doc__ = f"List the {kind}s of the account."
    command(app, "list", IDENTITIES)(list_all)


def _register_show(app: typer.Typer, kind: str) -> None:
    def show(session: Session, name: Name) -> None:
        from kmscore.identity import listing

        shown = principal(session, kind, name)
        found = read(session, lambda view: listing.describe(view, shown))
        session.show(found, json_text(found))

    show.__doc__ = f"Show all that is known of a {kind}."
    command(app, "show", IDENTITIES)(show)


def _register_delete(app: typer.Typer, kind: str) -> None:
    def delete(session: Session, name: Name) -> None:
        from kmscore.identity import principals

        gone = principal(session, kind, name)
        change(session, lambda changes: principals.delete(changes, gone))

    belongings = {"user": "policies and access keys", "role": "policies", "group": "policies; its users stay"}[kind]
    delete.__doc__ = f"Remove a {kind} with its {belongings}."
    command(app, "delete", IDENTITIES)(delete)


def _register_tags(app: typer.Typer, kind: str) -> None:
    def tag(
        session: Session,
        name: Name,
        tags: Annotated[list[str], typer.Argument(metavar="KEY=VALUE", help="The tags.", show_default=False)],
    ) -> None:
        from kmscore.identity import principals

        given = pairs(tags, "the tag")
        tagged = principal(session, kind, name)
        change(session, lambda changes: principals.tag(changes, tagged, given))

    def untag(
        session: Session,
        name: Name,
        keys: Annotated[list[str], typer.Argument(metavar="KEY", help="The tags' keys.", show_default=False)],
    ) -> None:
        from kmscore.identity import principals

        tagged = principal(session, kind, name)
        change(session, lambda changes: principals.untag(changes, tagged, keys))

    tag.__doc__ = f"Add tags to a {kind}, or change them; policies read them as aws:PrincipalTag."
    untag.__doc__ = f"Remove tags from a {kind}."
    command(app, "tag", IDENTITIES)(tag)
    command(app, "untag", IDENTITIES)(untag)
