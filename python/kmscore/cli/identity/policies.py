"""`kmscore identity policy …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kmscore.cli.failures import CommandError, CommandLineError
from kmscore.cli.groups import NO_STORE, command, new_group
from kmscore.cli.identity.shared import IDENTITIES, change, document, principal, read
from kmscore.cli.output import json_text
from kmscore.cli.session import Session

if TYPE_CHECKING:
    from kmscore.identity import Principal
    from kmscore.store.transaction import View

PURPOSES = ("identity", "boundary", "trust", "service-control", "resource-control")

User = Annotated[str | None, typer.Option(metavar="NAME", help="The policy is this user's.", show_default=False)]
Role = Annotated[str | None, typer.Option(metavar="NAME", help="The policy is this role's.", show_default=False)]
Group = Annotated[str | None, typer.Option(metavar="NAME", help="The policy is this group's.", show_default=False)]
Purpose = Annotated[
    str | None,
    typer.Option(
        metavar="PURPOSE",
        help=f"{', '.join(PURPOSES)}; else identity, or service-control for an account.",
        show_default=False,
    ),
]
Policy = Annotated[str, typer.Argument(metavar="POLICY", help="The policy's name.", show_default=False)]

app = new_group(
    "Policies of users, roles, groups and accounts.",
    epilog="Without --user, --role and --group the account's own policies are meant: service control "
    "and resource control.",
)


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="policy")


@command(app, "managed", NO_STORE)
def managed(session: Session) -> None:
    """List the AWS managed policies that can be attached."""
    from kmscore.identity.names import managed_policies

    found = managed_policies()
    session.show(found, "\n".join(found))


@command(app, "list", IDENTITIES)
def list_policies(session: Session, user: User = None, role: Role = None, group: Group = None) -> None:
    """List the policies of a principal or of the account."""
    from kmscore.identity import policies
    from kmscore.identity.principals import arn_of

    holder = _holder(session, user, role, group)

    def described(view: View) -> list[dict[str, Any]]:
        arn_of(view, holder)
        return policies.describe_all(view, holder)

    found = read(session, described)
    session.show_table(
        found,
        ["Policy", "Purpose", "Kind"],
        [[each["PolicyName"], each["Purpose"], "AWS managed" if each["Managed"] else "own"] for each in found],
        f"{holder} has no policies.",
    )


@command(app, "show", IDENTITIES)
def show(
    session: Session,
    policy: Policy,
    user: User = None,
    role: Role = None,
    group: Group = None,
    purpose: Purpose = None,
) -> None:
    """Show the document of a policy."""
    from kmscore.identity import policies

    holder = _holder(session, user, role, group)
    wanted = (policy, _purpose(purpose, holder))
    found = read(session, lambda view: policies.describe_all(view, holder))
    shown = next((each for each in found if (each["PolicyName"], each["Purpose"]) == wanted), None)
    if shown is None:
        raise CommandError(f"{holder} has no policy {policy!r} of that purpose")
    session.show(shown, json_text(shown["Document"]))


@command(app, "put", IDENTITIES)
def put(
    session: Session,
    policy: Policy,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The document; - for standard input.", show_default=False)
    ],
    user: User = None,
    role: Role = None,
    group: Group = None,
    purpose: Purpose = None,
) -> None:
    """Give a principal or the account a policy, or replace the one of this name.

    A role's trust policy and a principal's boundary have no name: POLICY is trust or boundary.
    """
    from kmscore.identity import policies

    holder = _holder(session, user, role, group)
    content = document(file)
    chosen = _purpose(purpose or (policy if policy in ("trust", "boundary") else None), holder)
    change(session, lambda changes: policies.put(changes, holder, policy, content, chosen))


@command(app, "attach", IDENTITIES)
def attach(
    session: Session,
    policy: Policy,
    user: User = None,
    role: Role = None,
    group: Group = None,
    purpose: Purpose = None,
) -> None:
    """Give a principal or the account an AWS managed policy."""
    from kmscore.identity import policies

    holder = _holder(session, user, role, group)
    chosen = _purpose(purpose, holder)
    change(session, lambda changes: policies.attach(changes, holder, policy, chosen))


@command(app, "detach", IDENTITIES)
def detach(
    session: Session,
    policy: Policy,
    user: User = None,
    role: Role = None,
    group: Group = None,
    purpose: Purpose = None,
) -> None:
    """Take a policy away from a principal or the account; one with a document of its own is gone."""
    _remove(session, policy, _holder(session, user, role, group), purpose)


@command(app, "delete", IDENTITIES)
def delete(
    session: Session,
    policy: Policy,
    user: User = None,
    role: Role = None,
    group: Group = None,
    purpose: Purpose = None,
) -> None:
    """The same as detach."""
    _remove(session, policy, _holder(session, user, role, group), purpose)


def _remove(session: Session, policy: str, holder: Principal, purpose: str | None) -> None:
    from kmscore.identity import policies

    chosen = _purpose(purpose, holder)
    change(session, lambda changes: policies.remove(changes, holder, policy, chosen))


def _holder(session: Session, user: str | None, role: str | None, group: str | None) -> Principal:
    given = {"user": user, "role": role, "group": group}
    named = [(kind, name) for kind, name in given.items() if name is not None]
    if len(named) > 1:
        raise CommandLineError("give one of --user, --role and --group")
    kind, name = named[0] if named else ("account", "")
    return principal(session, kind, name)


def _purpose(given: str | None, holder: Principal) -> str:
    if given is not None and given not in PURPOSES:
        raise CommandLineError(f"--purpose {given!r} is none of {', '.join(PURPOSES)}")
    default = "service-control" if holder.kind == "account" else "identity"
    return (given or default).replace("-", "_")
