"""`kmscore keys …`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kmscore import _core, pem
from kmscore.cli.failures import CommandError, CommandLineError, explained
from kmscore.cli.file_plan import STREAM
from kmscore.cli.groups import KEY_COMMANDS, command, new_group
from kmscore.cli.output import day_and_time, printable
from kmscore.cli.session import Session
from kmscore.cli.streams import StandardOutput

if TYPE_CHECKING:
    from kmscore.client import KMSClient
    from kmscore.client.keys import CreateKeyRequest, KeyMetadata, Tag

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
    spec: Annotated[str, typer.Option(metavar="SPEC", help="The key spec; see above.")] = "SYMMETRIC_DEFAULT",
    usage: Annotated[
        str | None,
        typer.Option(metavar="USAGE", help="The key usage; see above.", show_default=False),
    ] = None,
    origin: Annotated[
        str,
        typer.Option(metavar="ORIGIN", help="AWS_KMS, or EXTERNAL: its material is imported."),
    ] = "AWS_KMS",
    multi_region: Annotated[bool, typer.Option("--multi-region", help="A multi-Region id (mrk-…).")] = False,
    tag: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A tag; may be repeated.")] = None,
) -> None:
    """Make a key and show its id.

    Key specs, and what their keys are for; where usages stand, one is needed:

    SYMMETRIC_DEFAULT         encrypting anything
    RSA_2048, _3072, _4096    SIGN_VERIFY or ENCRYPT_DECRYPT
    ECC_NIST_P256, _P384, _P521
                              SIGN_VERIFY or KEY_AGREEMENT
    ECC_SECG_P256K1           signing
    ECC_NIST_EDWARDS25519     signing
    ML_DSA_44, _65, _87       signing
    ML_KEM_512, _768, _1024   encapsulating keys
    HMAC_224, _256, _384, _512
                              authenticating messages
    SM2                       SIGN_VERIFY, ENCRYPT_DECRYPT or KEY_AGREEMENT; in
                              China Regions

    kmscore keys create --spec ECC_NIST_P256 --usage SIGN_VERIFY --alias release
    """
    request: CreateKeyRequest = {
        "Description": description,
        "KeySpec": spec,
        "Origin": origin,
        "MultiRegion": multi_region,
        "Tags": _tags(tag or [], "--tag"),
    }
    chosen = usage or _only_usage(spec)
    if chosen is not None:
        request["KeyUsage"] = chosen
    kms = session.client()
    key = kms.create_key(**request)["KeyMetadata"]
    if alias is not None:
        kms.create_alias(AliasName=alias_name(alias), TargetKeyId=key["KeyId"])
    session.show(key, key["KeyId"])


@command(app, "describe")
def describe(session: Session, key: Key) -> None:
    """Tell all that is known about a key."""
    kms = session.client()
    found = kms.describe_key(KeyId=key)["KeyMetadata"]
    session.show(found, _described(found, aliases_by_key(kms)[found["KeyId"]]))


@command(app, "public")
def public(
    session: Session,
    key: Key,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it into this file.", show_default=False),
    ] = None,
    der: Annotated[bool, typer.Option("--der", help="In DER, not in PEM.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")] = False,
) -> None:
    """Write the public half of a key pair, as SubjectPublicKeyInfo in PEM, to be handed out.

    kmscore keys public alias/release -o release.pem
    """
    from kmscore.envelope.files import writing

    answer = session.client().get_public_key(KeyId=key)
    to_stream = output in (None, STREAM)
    if to_stream and session.options.as_json:
        session.show(answer)
        return
    content = answer["PublicKey"] if der else pem.public_key_pem(answer["PublicKey"]).encode()
    target: Any = StandardOutput() if to_stream else output
    try:
        # Unlike the files of other commands, this one is for others to read.
        with writing(target, overwrite=force, mode=0o666) as write:
            write(content)
    except FileExistsError as error:
        raise CommandError(f"{explained(error)} (--force)") from error
    if not to_stream:
        text = f"{printable(target)}: {answer['KeySpec']}, {answer['KeyUsage']}, {answer['KeyId']}"
        session.show({"File": printable(target), **answer}, text)


@command(app, "update")
def update(
    session: Session,
    key: Key,
    description: Annotated[str, typer.Option(help="What the key is for.", show_default=False)],
) -> None:
    """Change a key's description."""
    kms = session.client()
    kms.update_key_description(KeyId=key, Description=description)
    show_state(session, kms, key)


@command(app, "enable")
def enable(session: Session, key: Key) -> None:
    """Let a disabled key be used again."""
    kms = session.client()
    kms.enable_key(KeyId=key)
    show_state(session, kms, key)


@command(app, "disable")
def disable(session: Session, key: Key) -> None:
    """Keep a key from being used, in every process of this host, until it is enabled again."""
    kms = session.client()
    kms.disable_key(KeyId=key)
    show_state(session, kms, key)


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
    date = day_and_time(answer.get("DeletionDate"))
    when = f"on {date}" if date else f"{days} days after its last replica key is gone"
    session.show(answer, f"{answer['KeyId']} will be destroyed {when}")


@command(app, "cancel-deletion")
def cancel_deletion(session: Session, key: Key) -> None:
    """Keep a key that was to be deleted; it stays disabled until it is enabled."""
    kms = session.client()
    kms.cancel_key_deletion(KeyId=key)
    show_state(session, kms, key)


@command(app, "policy")
def policy(session: Session, key: Key) -> None:
    """Show a key's policy."""
    kms = session.client()
    answer = kms.get_key_policy(KeyId=key)
    session.show(answer, answer["Policy"])


@command(app, "tag")
def tag_key(
    session: Session,
    key: Key,
    tag: Annotated[list[str], typer.Argument(metavar="KEY=VALUE…", help="Tags to set.", show_default=False)],
) -> None:
    """Set tags of a key; its other tags stay."""
    kms = session.client()
    kms.tag_resource(KeyId=key, Tags=_tags(tag, "KEY=VALUE"))
    _show_tags(session, kms, key)


@command(app, "untag")
def untag_key(
    session: Session,
    key: Key,
    name: Annotated[list[str], typer.Argument(metavar="NAME…", help="Keys of the tags to remove.", show_default=False)],
) -> None:
    """Remove tags from a key."""
    kms = session.client()
    kms.untag_resource(KeyId=key, TagKeys=name)
    _show_tags(session, kms, key)


@command(app, "tags")
def list_tags(session: Session, key: Key) -> None:
    """List the tags of a key."""
    _show_tags(session, session.client(), key)


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


def _tags(given: list[str], option: str) -> list[Tag]:
    return [{"TagKey": name, "TagValue": value} for name, value in pairs(given, option).items()]


def _show_tags(session: Session, kms: KMSClient, key: str) -> None:
    pages = kms.get_paginator("list_resource_tags").paginate(KeyId=key)
    tags = [tag for page in pages for tag in page["Tags"]]
    rows = [[tag["TagKey"], tag["TagValue"]] for tag in tags]
    session.show_table(tags, ["Tag", "Value"], rows, "The key has no tags; set one with `kmscore keys tag`.")


def show_state(session: Session, kms: KMSClient, key: str) -> None:
    """Show a key's id, state and description."""
    found = kms.describe_key(KeyId=key)["KeyMetadata"]
    session.show(found, f"{found['KeyId']}  {found['KeyState']}  {found['Description']}".rstrip())


def _only_usage(spec: str) -> str | None:
    """The usage of keys of a spec that has one; None when there is no such spec, which KMS will say."""
    usages = next((list(row["usages"]) for row in _core.key_specs() if row["spec"] == spec), [])
    if len(usages) > 1:
        raise CommandLineError(f"keys of {spec} are for one of several usages: give --usage {' or '.join(usages)}")
    return usages[0] if usages else None


def _described(key: KeyMetadata, aliases: list[str]) -> str:
    algorithms: Any = next((value for member, value in key.items() if member.endswith("Algorithms")), [])
    lines = {
        "Key id": key["KeyId"],
        "ARN": key["Arn"],
        "State": key["KeyState"],
        "Description": key["Description"],
        "Aliases": " ".join(aliases),
        "Key spec": f"{key['KeySpec']}, {key['KeyUsage']}",
        "Algorithms": ", ".join(algorithms),
        "Origin": key["Origin"],
        "Multi-Region": "yes" if key["MultiRegion"] else "no",
        "Created": day_and_time(key["CreationDate"]),
        "Deletion": day_and_time(key.get("DeletionDate")),
        "Key material": key.get("CurrentKeyMaterialId", ""),
    }
    return "\n".join(f"{name:<14}{value}" for name, value in lines.items() if value)
