"""`kmscore keys rotate` and `kmscore keys rotation …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kmscore.cli.failures import CommandLineError
from kmscore.cli.groups import command, new_group
from kmscore.cli.keys import Key, alias_name
from kmscore.cli.output import counted, day_and_time
from kmscore.cli.session import Session

if TYPE_CHECKING:
    from kmscore.client import KMSClient
    from kmscore.client.keys import CreateKeyRequest, KeyMetadata, Tag
    from kmscore.store.transaction import Transaction

schedule = new_group("Rotate keys by themselves every so many days.")


def register(parent: typer.Typer) -> None:
    """Add the commands to `kmscore keys`."""
    command(parent, "rotate")(rotate)
    parent.add_typer(schedule, name="rotation")


def rotate(
    session: Session,
    key: Key,
    manual: Annotated[
        bool, typer.Option("--manual", help="Make a new key in the place of the one that the alias stands for.")
    ] = False,
) -> None:
    """Give a key new material now; what it encrypted before stays readable.

    Keys of other specs than SYMMETRIC_DEFAULT have one material for ever. For them there is --manual: a new key of the
    same spec, usage, policy, tags, description and grants, to which the alias is moved. The old key stays as it is;
    kmscore reencrypt moves what was encrypted under it.

    kmscore keys rotate alias/release --manual
    """
    kms = session.client()
    if manual:
        _rotate_by_alias(session, kms, key)
        return
    found = kms.describe_key(KeyId=key)["KeyMetadata"]
    kms.rotate_key_on_demand(KeyId=found["KeyId"])
    found = kms.describe_key(KeyId=found["KeyId"])["KeyMetadata"]
    session.show(found, f"{found['KeyId']}  key material {found.get('CurrentKeyMaterialId', '')}")


@command(schedule, "enable")
def enable(
    session: Session,
    key: Key,
    days: Annotated[int, typer.Option(help="How often: every 90 to 2560 days.")] = 365,
) -> None:
    """Have a key rotated every so many days."""
    kms = session.client()
    key_id = _key_id(kms, key)
    kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=days)
    _show_status(session, kms, key_id)


@command(schedule, "disable")
def disable(session: Session, key: Key) -> None:
    """End the rotation of a key; what it encrypted stays readable."""
    kms = session.client()
    key_id = _key_id(kms, key)
    kms.disable_key_rotation(KeyId=key_id)
    _show_status(session, kms, key_id)


@command(schedule, "status")
def status(session: Session, key: Key) -> None:
    """Tell whether a key is rotated, how often and when next."""
    kms = session.client()
    _show_status(session, kms, _key_id(kms, key))


@command(schedule, "list")
def list_rotations(session: Session, key: Key) -> None:
    """List all material of a key, the oldest first."""
    kms = session.client()
    pages = kms.get_paginator("list_key_rotations").paginate(
        KeyId=_key_id(kms, key), IncludeKeyMaterial="ALL_KEY_MATERIAL", PaginationConfig={"PageSize": 1000}
    )
    found = [entry for page in pages for entry in page["Rotations"]]
    session.show_table(
        found,
        ["Key material", "State", "Since", "Rotation", "Import"],
        [
            [
                entry["KeyMaterialId"],
                entry["KeyMaterialState"],
                day_and_time(entry.get("RotationDate")),
                entry.get("RotationType", ""),
                entry.get("ImportState", ""),
            ]
            for entry in found
        ],
        "There is no key material yet; import some with `kmscore keys import`.",
    )


def _rotate_by_alias(session: Session, kms: KMSClient, alias: str) -> None:
    if alias.startswith("arn:"):
        raise CommandLineError("--manual takes the name of an alias of this account and Region, not an ARN")
    name = alias_name(alias)
    old = kms.describe_key(KeyId=name)["KeyMetadata"]
    if old["Origin"] != "AWS_KMS":
        raise CommandLineError(
            f"the material of {old['KeyId']} comes from outside: make a key with --origin {old['Origin']}, import its "
            "material, and move the alias with `kmscore aliases update`"
        )
    new = kms.create_key(**_like(kms, old))["KeyMetadata"]
    embedded = session.embedded()
    grants = embedded.store.change_by_service(lambda transaction: _copy_grants(transaction, old, new))
    kms.update_alias(AliasName=name, TargetKeyId=new["KeyId"])
    session.show(
        {"OldKeyId": old["KeyId"], "NewKeyId": new["KeyId"], "AliasName": name, "Grants": grants},
        f"{name} stands for {new['KeyId']} now, with {counted(grants, 'grant')} of {old['KeyId']}, which stays",
    )


def _like(kms: KMSClient, old: KeyMetadata) -> CreateKeyRequest:
    """What makes a key like another one."""
    tags: list[Tag] = [
        tag for page in kms.get_paginator("list_resource_tags").paginate(KeyId=old["KeyId"]) for tag in page["Tags"]
    ]
    return {
        "KeySpec": old["KeySpec"],
        "KeyUsage": old["KeyUsage"],
        "Description": old["Description"],
        "MultiRegion": old["MultiRegion"],
        "Policy": kms.get_key_policy(KeyId=old["KeyId"])["Policy"],
        "Tags": tags,
    }


def _copy_grants(transaction: Transaction, old: KeyMetadata, new: KeyMetadata) -> int:
    from kmscore.operations.grants import copy_grants
    from kmscore.store import schema

    region = new["Arn"].split(":")[3]
    rows = [transaction.row(schema.keys, region=region, key_id=key["KeyId"]) for key in (old, new)]
    if rows[0] is None or rows[1] is None:
        raise LookupError("a key vanished while it was rotated")
    copied = copy_grants(transaction, rows[0], rows[1])
    if copied:
        transaction.event("CopyGrants", region, new["Arn"], {"from": old["Arn"]})
    return copied


def _key_id(kms: KMSClient, key: str) -> str:
    """The id; operations on rotation take no alias."""
    return kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"]


def _show_status(session: Session, kms: KMSClient, key_id: str) -> None:
    found = kms.get_key_rotation_status(KeyId=key_id)
    if found["KeyRotationEnabled"]:
        text = f"every {found.get('RotationPeriodInDays')} days, next on {day_and_time(found.get('NextRotationDate'))}"
    else:
        text = "not rotated"
    session.show(found, f"{key_id}  {text}")
