"""`kmscore keys …`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer

from kmscore.cli.failures import CommandLineError
from kmscore.cli.groups import KEY_COMMANDS, command, new_group
from kmscore.cli.output import day_and_time
from kmscore.cli.session import Session

if TYPE_CHECKING:
    from kmscore.client import KMSClient
    from kmscore.client.keys import KeyMetadata, Tag

Key = Annotated[str, typer.Argument(metavar="KEY", help="Key id, key ARN, or alias (alias/NAME).", show_default=False)]

app = new_group("Make, list, disable and delete KMS keys.")


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="keys", rich_help_panel=KEY_COMMANDS)


@command(app, "list")
def list_keys(session: Session) -> None:
    """List the keys of the account and Region with their states and aliases."""
    kms = session.client()
    keys = [
        kms.describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
        for page in kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1000})
        for entry in page["Keys"]
    ]
    aliases = aliases_by_key(kms)
    session.show_table(
        [{**key, "Aliases": aliases[key["KeyId"]]} for key in keys],
        ["Key id", "State", "Aliases", "Description"],
        [[key["KeyId"], key["KeyState"], " ".join(aliases[key["KeyId"]]), key["Description"]] for key in keys],
        "There are no keys in this Region; make one with `kmscore keys create`.",
    )


@command(app, "create")
def create(
    session: Session,
    description: Annotated[str, typer.Option(help="What the key is for.")] = "",
    alias: Annotated[str | None, typer.Option(metavar="NAME", help="Also make this alias for it.")] = None,
    spec: Annotated[str, typer.Option(metavar="SPEC", help="The key spec.")] = "SYMMETRIC_DEFAULT",
    multi_region: Annotated[bool, typer.Option("--multi-region", help="A multi-Region id (mrk-…).")] = False,
    tag: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A tag; may be repeated.")] = None,
) -> None:
    """Make a key and show its id."""
    tags: list[Tag] = [{"TagKey": name, "TagValue": value} for name, value in pairs(tag or [], "--tag").items()]
    kms = session.client()
    key = kms.create_key(Description=description, KeySpec=spec, MultiRegion=multi_region, Tags=tags)["KeyMetadata"]
    if alias is not None:
        kms.create_alias(AliasName=alias_name(alias), TargetKeyId=key["KeyId"])
    session.show(key, key["KeyId"])


@command(app, "describe")
def describe(session: Session, key: Key) -> None:
    """Tell all that is known about a key."""
    kms = session.client()
    found = kms.describe_key(KeyId=key)["KeyMetadata"]
    session.show(found, _described(found, aliases_by_key(kms)[found["KeyId"]]))


@command(app, "update")
def update(
    session: Session,
    key: Key,
    description: Annotated[str, typer.Option(help="What the key is for.", show_default=False)],
) -> None:
    """Change a key's description."""
    kms = session.client()
    kms.update_key_description(KeyId=key, Description=description)
    _show_state(session, kms, key)


@command(app, "enable")
def enable(session: Session, key: Key) -> None:
    """Let a disabled key be used again."""
    kms = session.client()
    kms.enable_key(KeyId=key)
    _show_state(session, kms, key)


@command(app, "disable")
def disable(session: Session, key: Key) -> None:
    """Keep a key from being used, in every process of this host, until it is enabled again."""
    kms = session.client()
    kms.disable_key(KeyId=key)
    _show_state(session, kms, key)


@command(app, "delete")
def delete(
    session: Session,
    key: Key,
    days: Annotated[int, typer.Option(help="How long it can still be cancelled: 7 to 30.")] = 30,
) -> None:
    """Disable a key now and destroy it after some days; what it encrypted is lost then.

    Until that day, kmscore keys cancel-deletion takes it back.
    """
    kms = session.client()
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=days)
    session.show(answer, f"{answer['KeyId']} will be destroyed on {day_and_time(answer.get('DeletionDate'))}")


@command(app, "cancel-deletion")
def cancel_deletion(session: Session, key: Key) -> None:
    """Keep a key that was to be deleted; it stays disabled until it is enabled."""
    kms = session.client()
    kms.cancel_key_deletion(KeyId=key)
    _show_state(session, kms, key)


@command(app, "policy")
def policy(session: Session, key: Key) -> None:
    """Show a key's policy."""
    kms = session.client()
    answer = kms.get_key_policy(KeyId=key)
    session.show(answer, answer["Policy"])


def alias_name(alias: str) -> str:
    """An alias with its prefix, which a person may leave out."""
    return alias if alias.startswith("alias/") else f"alias/{alias}"


def pairs(given: list[str], option: str) -> dict[str, str]:
    """KEY=VALUE pairs.

    Args:
        given: What was given.
        option: Where, for the error.

    Raises:
        CommandLineError: A pair has no `=`, or a key comes twice.
    """
    found: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise CommandLineError(f"{option} {pair!r} is not KEY=VALUE")
        if name in found:
            raise CommandLineError(f"{option} {name} is given twice")
        found[name] = value
    return found


def aliases_by_key(kms: KMSClient) -> dict[str, list[str]]:
    """Key id → its aliases."""
    found: dict[str, list[str]] = defaultdict(list)
    for page in kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 100}):
        for alias in page["Aliases"]:
            found[alias.get("TargetKeyId", "")].append(alias["AliasName"])
    return found


def _show_state(session: Session, kms: KMSClient, key: str) -> None:
    found = kms.describe_key(KeyId=key)["KeyMetadata"]
    session.show(found, f"{found['KeyId']}  {found['KeyState']}  {found['Description']}".rstrip())


def _described(key: KeyMetadata, aliases: list[str]) -> str:
    lines = {
        "Key id": key["KeyId"],
        "ARN": key["Arn"],
        "State": key["KeyState"],
        "Description": key["Description"],
        "Aliases": " ".join(aliases),
        "Key spec": f"{key['KeySpec']}, {key['KeyUsage']}",
        "Origin": key["Origin"],
        "Multi-Region": "yes" if key["MultiRegion"] else "no",
        "Created": day_and_time(key["CreationDate"]),
        "Deletion": day_and_time(key.get("DeletionDate")),
        "Key material": key.get("CurrentKeyMaterialId", ""),
    }
    return "\n".join(f"{name:<14}{value}" for name, value in lines.items() if value)
