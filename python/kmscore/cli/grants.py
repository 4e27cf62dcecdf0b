"""`kmscore grants …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kmscore.cli.failures import CommandLineError
from kmscore.cli.groups import KEY_COMMANDS, command, new_group
from kmscore.cli.keys import Key, pairs
from kmscore.cli.output import day_and_time
from kmscore.cli.session import Session

if TYPE_CHECKING:
    from kmscore.client import KMSClient
    from kmscore.client.grants import CreateGrantRequest, GrantConstraints, GrantListEntry, RetireGrantRequest

app = new_group("Permissions to use KMS keys that are given and ended one by one, apart from key policies.")


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="grants", rich_help_panel=KEY_COMMANDS)


@command(app, "create")
def create(
    session: Session,
    key: Key,
    grantee: Annotated[
        str,
        typer.Argument(
            metavar="GRANTEE",
            help="ARN of an account, user, role or session, or an AWS service (dynamodb.us-east-1.amazonaws.com).",
            show_default=False,
        ),
    ],
    operation: Annotated[
        list[str],
        typer.Option("--operation", metavar="NAME", help="What it allows, such as Decrypt; may be repeated."),
    ],
    retiring: Annotated[
        str | None, typer.Option(metavar="PRINCIPAL", help="Who may retire it: an ARN or an AWS service.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The same command again then finds this grant.")
    ] = None,
    context_equals: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="The encryption context must be these pairs; may be repeated."),
    ] = None,
    context_subset: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="The encryption context must have these pairs; may be repeated."),
    ] = None,
    source_arn: Annotated[
        str | None, typer.Option(metavar="ARN", help="Only for calls on behalf of this resource.")
    ] = None,
) -> None:
    """Allow a principal to use a key, from now on, and show the grant's id.

    kmscore grants create alias/app arn:aws:iam::123456789012:role/app
    --operation Encrypt --operation Decrypt --context-subset app=a
    """
    request: CreateGrantRequest = {"KeyId": key, "Operations": operation}
    if grantee.startswith("arn:"):
        request["GranteePrincipal"] = grantee
    else:
        request["GranteeServicePrincipal"] = grantee
    if retiring is not None and retiring.startswith("arn:"):
        request["RetiringPrincipal"] = retiring
    elif retiring is not None:
        request["RetiringServicePrincipal"] = retiring
    if name is not None:
        request["Name"] = name
    if constraints := _constraints(context_equals, context_subset, source_arn):
        request["Constraints"] = constraints
    answer = session.client().create_grant(**request)
    session.show(answer, answer["GrantId"])


@command(app, "list")
def list_grants(
    session: Session,
    key: Annotated[
        str | None,
        typer.Argument(metavar="KEY", help="Key id, key ARN, or alias (alias/NAME).", show_default=False),
    ] = None,
    grantee: Annotated[str | None, typer.Option(metavar="ARN", help="Only the grants to this principal.")] = None,
    retirable_by: Annotated[
        str | None,
        typer.Option(metavar="ARN", help="Instead of those of a key, those that this principal may retire."),
    ] = None,
) -> None:
    """List the grants of a key, or those of the Region that a principal may retire."""
    if (key is None) == (retirable_by is None):
        raise CommandLineError("give KEY or --retirable-by, and not both")
    if grantee is not None and key is None:
        raise CommandLineError("--grantee goes with KEY")
    grants = _found(session.client(), key, grantee, retirable_by)
    session.show_table(
        grants,
        ["Grant id", "Grantee", "Operations", "Constraints", "Retiring", "Name", "Made"],
        [_cells(grant) for grant in grants],
        "There are no such grants; make one with `kmscore grants create`.",
    )


@command(app, "revoke")
def revoke(
    session: Session,
    key: Key,
    grant: Annotated[str, typer.Argument(metavar="GRANT", help="The grant's id.", show_default=False)],
) -> None:
    """End a grant, as the key policy allows."""
    session.client().revoke_grant(KeyId=key, GrantId=grant)
    session.show({"GrantId": grant}, f"{grant} is revoked")


@command(app, "retire")
def retire(
    session: Session,
    token: Annotated[str | None, typer.Argument(metavar="TOKEN", help="The grant's token.", show_default=False)] = None,
    key: Annotated[str | None, typer.Option(metavar="KEY", help="Without a token: the grant's key, and")] = None,
    grant: Annotated[str | None, typer.Option(metavar="GRANT", help="the grant's id.")] = None,
) -> None:
    """End a grant, as the grant itself allows.

    kmscore grants retire --key alias/app --grant GRANT
    """
    request: RetireGrantRequest
    if token is not None and key is None and grant is None:
        request, named = {"GrantToken": token}, "the grant"
    elif token is None and key is not None and grant is not None:
        request, named = {"KeyId": key, "GrantId": grant}, grant
    else:
        raise CommandLineError("give TOKEN, or both --key and --grant")
    session.client().retire_grant(**request)
    session.show({} if grant is None else {"GrantId": grant}, f"{named} is retired")


def _constraints(equals: list[str] | None, subset: list[str] | None, source_arn: str | None) -> GrantConstraints:
    found: GrantConstraints = {}
    if equals:
        found["EncryptionContextEquals"] = pairs(equals, "--context-equals")
    if subset:
        found["EncryptionContextSubset"] = pairs(subset, "--context-subset")
    if source_arn is not None:
        found["SourceArn"] = source_arn
    return found


def _found(kms: KMSClient, key: str | None, grantee: str | None, retiring: str | None) -> list[GrantListEntry]:
    operation, filters = "list_grants", {"KeyId": key, "GranteePrincipal": grantee}
    if retiring is not None:
        operation, filters = "list_retirable_grants", {"RetiringPrincipal": retiring}
    given: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
    pages = kms.get_paginator(operation).paginate(PaginationConfig={"PageSize": 100}, **given)
    return [grant for page in pages for grant in page["Grants"]]


def _cells(grant: GrantListEntry) -> list[str]:
    return [
        grant["GrantId"],
        grant.get("GranteePrincipal") or grant.get("GranteeServicePrincipal", ""),
        " ".join(grant["Operations"]),
        _shown(grant.get("Constraints", {})),
        grant.get("RetiringPrincipal") or grant.get("RetiringServicePrincipal", ""),
        grant["Name"],
        day_and_time(grant["CreationDate"]),
    ]


def _shown(constraints: GrantConstraints) -> str:
    contexts = {
        "equals": constraints.get("EncryptionContextEquals"),
        "has": constraints.get("EncryptionContextSubset"),
    }
    shown = [
        f"context {verb} {' '.join(f'{name}={value}' for name, value in context.items())}".rstrip()
        for verb, context in contexts.items()
        if context is not None
    ]
    if source := constraints.get("SourceArn"):
        shown.append(f"from {source}")
    return ", ".join(shown)
