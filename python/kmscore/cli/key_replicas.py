"""`kmscore keys replicate` and `kmscore keys set-primary`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kmscore.cli.groups import command
from kmscore.cli.keys import Key, pairs
from kmscore.cli.session import Session

if TYPE_CHECKING:
    from kmscore.client.keys import Tag

Into = Annotated[str, typer.Argument(metavar="REGION", help="The other Region.", show_default=False)]


def register(parent: typer.Typer) -> None:
    """Add the commands to `kmscore keys`."""
    command(parent, "replicate")(replicate)
    command(parent, "set-primary")(set_primary)


def replicate(
    session: Session,
    key: Key,
    into: Into,
    description: Annotated[str, typer.Option(help="What the replica is for.")] = "",
    tag: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A tag; may be repeated.")] = None,
) -> None:
    """Make a replica of a multi-Region key in another Region, with the same material.

    kmscore keys replicate alias/app us-west-2
    """
    kms = session.client()
    tags: list[Tag] = [{"TagKey": name, "TagValue": value} for name, value in pairs(tag or [], "--tag").items()]
    key_id = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"]
    answer = kms.replicate_key(KeyId=key_id, ReplicaRegion=into, Description=description, Tags=tags)
    session.show(answer, answer["ReplicaKeyMetadata"]["Arn"])


def set_primary(session: Session, key: Key, into: Into) -> None:
    """Make the replica in another Region the primary key."""
    kms = session.client()
    key_id = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"]
    kms.update_primary_region(KeyId=key_id, PrimaryRegion=into)
    found = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    primary = found.get("MultiRegionConfiguration", {})["PrimaryKey"]["Arn"]
    session.show(found, f"{primary} is the primary key now")
