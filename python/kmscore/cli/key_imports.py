"""`kmscore keys import-parameters`, `import` and `delete-material`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kmscore.cli.failures import CommandError, CommandLineError, explained
from kmscore.cli.groups import command
from kmscore.cli.keys import Key, show_state
from kmscore.cli.output import day_and_time, printable
from kmscore.cli.session import Session

if TYPE_CHECKING:
    from kmscore.client.imports import DeleteImportedKeyMaterialRequest, ImportKeyMaterialRequest


def register(parent: typer.Typer) -> None:
    """Add the commands to `kmscore keys`."""
    command(parent, "import-parameters")(import_parameters)
    command(parent, "import")(import_material)
    command(parent, "delete-material")(delete_material)


def import_parameters(
    session: Session,
    key: Key,
    token: Annotated[Path, typer.Option(metavar="FILE", help="Write the import token here.")] = Path(
        "import-token.bin"
    ),
    public_key: Annotated[Path, typer.Option(metavar="FILE", help="Write the wrapping key here, in DER.")] = Path(
        "wrapping-key.der"
    ),
    algorithm: Annotated[
        str, typer.Option(metavar="ALGORITHM", help="RSA keys need RSA_AES_KEY_WRAP_SHA_256.")
    ] = "RSAES_OAEP_SHA_256",
    wrapping_spec: Annotated[str, typer.Option(metavar="SPEC", help="RSA_2048, RSA_3072 or RSA_4096.")] = "RSA_4096",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
) -> None:
    """Make a wrapping key and an import token for a key that was made with --origin EXTERNAL; they are good for a day.

    openssl pkeyutl -encrypt -pubin -keyform DER -inkey wrapping-key.der -in key.bin -out wrapped.bin
    -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256
    """
    from kmscore.envelope.files import writing

    kms = session.client()
    key_id = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"]
    made = kms.get_parameters_for_import(KeyId=key_id, WrappingAlgorithm=algorithm, WrappingKeySpec=wrapping_spec)
    try:
        for file, content in ((token, made["ImportToken"]), (public_key, made["PublicKey"])):
            with writing(file, overwrite=force) as write:
                write(content)
    except FileExistsError as error:
        raise CommandError(f"{explained(error)} (--force)") from error
    until = made["ParametersValidTo"]
    files = [str(token), str(public_key)]
    session.show(
        {"KeyId": made["KeyId"], "Token": files[0], "PublicKey": files[1], "ValidTo": until},
        f"{' and '.join(map(printable, files))} are good until {day_and_time(until)}",
    )


def import_material(
    session: Session,
    key: Key,
    material: Annotated[Path, typer.Option(metavar="FILE", help="The wrapped key material.", show_default=False)],
    token: Annotated[Path, typer.Option(metavar="FILE", help="The import token.")] = Path("import-token.bin"),
    expires: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="When it is destroyed, such as 2030-01-31; never when absent."),
    ] = None,
    new: Annotated[
        bool, typer.Option("--new", help="It is other material, which `kmscore keys rotate` makes current.")
    ] = False,
    description: Annotated[str | None, typer.Option(help="What the material is.", show_default=False)] = None,
) -> None:
    """Import key material that was wrapped under the key of `kmscore keys import-parameters`."""
    kms = session.client()
    key_id = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"]
    request: ImportKeyMaterialRequest = {
        "KeyId": key_id,
        "ImportToken": token.read_bytes(),
        "EncryptedKeyMaterial": material.read_bytes(),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    }
    if expires is not None:
        request["ExpirationModel"] = "KEY_MATERIAL_EXPIRES"
        request["ValidTo"] = _date(expires)
    if new:
        request["ImportType"] = "NEW_KEY_MATERIAL"
    if description is not None:
        request["KeyMaterialDescription"] = description
    answer = kms.import_key_material(**request)
    session.show(answer, f"{key_id}  key material {answer.get('KeyMaterialId', '')}")


def delete_material(
    session: Session,
    key: Key,
    material_id: Annotated[
        str | None, typer.Option("--material", metavar="ID", help="Which; the current one when absent.")
    ] = None,
) -> None:
    """Destroy imported key material; the key cannot be used until the same is imported again."""
    kms = session.client()
    request: DeleteImportedKeyMaterialRequest = {"KeyId": kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"]}
    if material_id is not None:
        request["KeyMaterialId"] = material_id
    kms.delete_imported_key_material(**request)
    show_state(session, kms, request["KeyId"])


def _date(text: str) -> datetime:
    try:
        date = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandLineError(
            f"--expires {text!r} is no date such as 2030-01-31 or 2030-01-31T12:00:00+00:00"
        ) from error
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
