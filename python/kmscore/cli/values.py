"""`kmscore encrypt-value` and `kmscore decrypt-value`."""

from __future__ import annotations

import base64
import binascii
import sys
from pathlib import Path
from typing import Annotated

import typer

from kmscore.cli.failures import CommandLineError
from kmscore.cli.groups import KEY_COMMANDS, command
from kmscore.cli.keys import pairs
from kmscore.cli.session import Session
from kmscore.client.encryption import DecryptRequest

Context = Annotated[
    list[str] | None,
    typer.Option(
        "--context",
        "-c",
        metavar="KEY=VALUE",
        help="A pair of the encryption context, needed again to decrypt; may be repeated.",
    ),
]
File = Annotated[str | None, typer.Option("--file", "-f", metavar="FILE", help="Read it from this file.")]


def register(app: typer.Typer) -> None:
    """Add the commands that encrypt and decrypt a value."""
    command(app, "encrypt-value", rich_help_panel=KEY_COMMANDS)(encrypt_value)
    command(app, "decrypt-value", rich_help_panel=KEY_COMMANDS)(decrypt_value)


def encrypt_value(
    session: Session,
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="Key id, key ARN, or alias (alias/NAME).", show_default=False)
    ],
    value: Annotated[
        str | None,
        typer.Argument(
            metavar="VALUE",
            help="The text to encrypt; - or nothing reads standard input. Other users of the host can see arguments.",
            show_default=False,
        ),
    ] = None,
    file: File = None,
    context: Context = None,
) -> None:
    """Encrypt up to 4,096 bytes and print the ciphertext in base64.

    What is read from a file or from standard input is taken as it is, with its last newline:
    printf %s secret | kmscore encrypt-value alias/app
    """
    plaintext = _input(value, file, "VALUE")
    answer = session.client().encrypt(
        KeyId=key, Plaintext=plaintext, EncryptionContext=pairs(context or [], "--context")
    )
    session.show(answer, base64.b64encode(answer["CiphertextBlob"]).decode())


def decrypt_value(
    session: Session,
    ciphertext: Annotated[
        str | None,
        typer.Argument(metavar="CIPHERTEXT", help="In base64; - or nothing reads standard input.", show_default=False),
    ] = None,
    key: Annotated[str | None, typer.Option(metavar="KEY", help="Only this key may have made it.")] = None,
    file: File = None,
    context: Context = None,
) -> None:
    """Decrypt what encrypt-value printed and write the plaintext to standard output, byte for byte."""
    blob = _decoded(_input(ciphertext, file, "CIPHERTEXT"))
    request: DecryptRequest = {"CiphertextBlob": blob, "EncryptionContext": pairs(context or [], "--context")}
    if key is not None:
        request["KeyId"] = key
    answer = session.client().decrypt(**request)
    if session.options.as_json:
        session.show(answer)
        return
    sys.stdout.buffer.write(answer["Plaintext"])
    if sys.stdout.isatty() and not answer["Plaintext"].endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def _input(value: str | None, file: str | None, name: str) -> bytes:
    if file is not None and value not in (None, "-"):
        raise CommandLineError(f"give {name} or --file, not both")
    if file is not None:
        return Path(file).read_bytes()
    if value not in (None, "-"):
        return value.encode(errors="surrogateescape")
    if sys.stdin.isatty():
        raise CommandLineError(f"nothing to work on: give {name}, --file, or standard input")
    return sys.stdin.buffer.read()


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error as error:
        raise CommandLineError(f"CIPHERTEXT is not base64: {error}") from error
