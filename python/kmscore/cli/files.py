"""`kmscore encrypt` and `kmscore decrypt`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from kmscore.cli.failures import CommandLineError
from kmscore.cli.file_plan import Naming, planned
from kmscore.cli.file_work import Made, carry_out, check_output
from kmscore.cli.groups import FILE_COMMANDS, command
from kmscore.cli.interruption import interruptible
from kmscore.cli.keys import pairs
from kmscore.cli.session import Session

if TYPE_CHECKING:
    from kmscore.envelope import FileReport

Files = Annotated[
    list[str],
    typer.Argument(metavar="FILES", help="Files; directories with all below them; or - alone.", show_default=False),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="The target; a directory for several files; - is standard output. Else beside each file.",
        show_default=False,
    ),
]
Suffix = Annotated[str, typer.Option("--suffix", metavar="TEXT", help="What the names of encrypted files end in.")]
Force = Annotated[bool, typer.Option("--force", help="Replace targets that are there already.")]

Policy = Literal["REQUIRE_ENCRYPT_REQUIRE_DECRYPT", "REQUIRE_ENCRYPT_ALLOW_DECRYPT", "FORBID_ENCRYPT_ALLOW_DECRYPT"]


def register(app: typer.Typer) -> None:
    """Add the commands that encrypt and decrypt files."""
    command(app, "encrypt", rich_help_panel=FILE_COMMANDS)(encrypt)
    command(app, "decrypt", rich_help_panel=FILE_COMMANDS)(decrypt)


def encrypt(
    session: Session,
    files: Files,
    key: Annotated[
        list[str],
        typer.Option(
            "--key",
            metavar="KEY",
            help="Key id, key ARN, or alias (alias/NAME); repeated, each of them can decrypt.",
            show_default=False,
        ),
    ],
    output: Output = None,
    context: Annotated[
        list[str] | None,
        typer.Option(
            "--context",
            "-c",
            metavar="KEY=VALUE",
            help="A pair of the encryption context: stands in the message, readable, and cannot be changed.",
        ),
    ] = None,
    signed: Annotated[
        bool, typer.Option("--signed", help="Sign each message (ECDSA P-384), too. It is slower.")
    ] = False,
    frame_length: Annotated[
        int | None, typer.Option(min=1, max=2**32 - 1, metavar="BYTES", help="Plaintext in a frame; else 4096.")
    ] = None,
    suffix: Suffix = ".kms",
    force: Force = False,
) -> None:
    """Encrypt files to messages that any AWS Encryption SDK reads: FILE becomes FILE.kms.

    The files stay. Each message has a data key of its own; its file has mode 0600
    and appears when it is whole. Until then it is called .FILE.….part, which only
    kill -9 or a crash leaves behind.

    kmscore encrypt report.pdf photos --key alias/app -c project=x
    tar c photos | kmscore encrypt - --key alias/app > photos.tar.kms
    """
    with interruptible():
        from kmscore import envelope

        plan = planned(files, output, Naming(suffix, adds=True))
        check_output(session, plan, "a message")
        options = _encryption_options(pairs(context or [], "--context"), frame_length, signed=signed)
        try:
            keyring = envelope.KmsKeyring(session.client(), key[0], key[1:])
        except TypeError as error:
            raise CommandLineError(f"--key: {error}") from error
        carry_out(
            session,
            plan,
            lambda source, target, progress: _made(
                envelope.encrypt_file(source, target, keyring, overwrite=force, progress=progress, **options)
            ),
        )


def decrypt(
    session: Session,
    files: Files,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Only this key: key id, key ARN, or alias (alias/NAME). Else any that the message names. Repeatable.",
            show_default=False,
        ),
    ] = None,
    output: Output = None,
    context: Annotated[
        list[str] | None,
        typer.Option(
            "--context",
            "-c",
            metavar="KEY=VALUE",
            help="Refuse a message without this pair in its context. Repeatable.",
        ),
    ] = None,
    unverified: Annotated[
        bool,
        typer.Option(
            "--unverified",
            help="Write a signed message to standard output although its signature is checked at the end only.",
        ),
    ] = False,
    commitment_policy: Annotated[
        Policy,
        typer.Option(metavar="POLICY", help="Which algorithm suites are refused; see above.", show_default=False),
    ] = "REQUIRE_ENCRYPT_REQUIRE_DECRYPT",
    max_encrypted_data_keys: Annotated[
        int | None, typer.Option(min=1, max=65535, metavar="N", help="Refuse a message with more encrypted data keys.")
    ] = None,
    suffix: Suffix = ".kms",
    force: Force = False,
) -> None:
    """Decrypt messages of kmscore or any AWS Encryption SDK: FILE.kms becomes FILE.

    The messages stay. A file, of mode 0600, appears after the last check; nothing
    is left when one fails. Standard output is given each piece when its tag has
    been checked: if the command fails, drop what came.

    kmscore decrypt report.pdf.kms photos
    kmscore decrypt photos.tar.kms -o - | tar x

    The commitment policies are those of the AWS Encryption SDK:
    REQUIRE_ENCRYPT_REQUIRE_DECRYPT (the default), REQUIRE_ENCRYPT_ALLOW_DECRYPT
    and FORBID_ENCRYPT_ALLOW_DECRYPT.
    """
    with interruptible():
        from kmscore import envelope

        plan = planned(files, output, Naming(suffix, adds=False))
        check_output(session, plan, None)
        options: dict[str, Any] = {
            "encryption_context": pairs(context or [], "--context"),
            "commitment_policy": commitment_policy,
            "max_encrypted_data_keys": max_encrypted_data_keys,
            "unverified": unverified,
        }
        try:
            client = session.client()
            keyring = envelope.KmsKeyring(client, keys=key) if key else envelope.KmsDiscoveryKeyring(client)
        except TypeError as error:
            raise CommandLineError(f"--key: {error}") from error
        carry_out(
            session,
            plan,
            lambda source, target, progress: _made(
                envelope.decrypt_file(source, target, keyring, overwrite=force, progress=progress, **options)
            ),
        )


def _encryption_options(context: dict[str, str], frame_length: int | None, *, signed: bool) -> dict[str, Any]:
    """What `encrypt_file` is given, checked before the first file."""
    from kmscore.envelope.options import COMMITTING, FRAME_LENGTH, REQUIRE, AlgorithmSuite, Encrypting

    suite = AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384 if signed else COMMITTING
    options = Encrypting(context, suite, frame_length or FRAME_LENGTH, REQUIRE, None, ())
    try:
        options.request()
    except ValueError as error:
        raise CommandLineError(f"--context: {error}") from error
    return options._asdict()


def _made(done: FileReport) -> Made:
    return Made(done.bytes_read, done.bytes_written, {"EncryptionContext": done.header.encryption_context})
