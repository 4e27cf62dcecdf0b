"""The key pair that `kmscore sign` and `kmscore verify` are about, and the files that they are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kmscore import _core, errors, pem, signatures
from kmscore.cli.failures import CommandError, CommandLineError
from kmscore.cli.file_plan import STREAM
from kmscore.cli.output import counted
from kmscore.signatures import Message

if TYPE_CHECKING:
    from kmscore.client import KMSClient

SUFFIX = ".sig"
"""What the names of signatures end in."""

Algorithm = Annotated[
    str | None,
    typer.Option(
        "--algorithm",
        "-a",
        metavar="ALGORITHM",
        help="A signing algorithm of KMS; else by the key spec, see above.",
        show_default=False,
    ),
]

_ADVICE = (
    "signatures need a key pair of KeyUsage SIGN_VERIFY: kmscore keys create --spec ECC_NIST_P256 --usage SIGN_VERIFY"
)


@dataclass(frozen=True)
class Signer:
    """The public half of a key pair that signs, and the algorithm that is meant.

    Args:
        name: The key's ARN, or the file that the public key was read from.
        public_key: Its SubjectPublicKeyInfo.
        key_spec: Its spec.
        algorithm: A signing algorithm of this spec.
        verify: Raises KMSInvalidSignatureException when a signature is not this key's of a message.
    """

    name: str
    public_key: bytes
    key_spec: str
    algorithm: str
    verify: Callable[[Message, bytes], object]


def signer_in_store(kms: KMSClient, key: str, algorithm: str | None) -> Signer:
    """A key pair of the store, which is asked to verify and records that.

    Args:
        kms: The store's client.
        key: The key in any of the four forms.
        algorithm: The algorithm that is wanted, or None for the key's usual one.

    Raises:
        ClientError: There is no such key, or it may not be used.
        CommandError: It does not sign, or not with this algorithm.
    """
    try:
        found = kms.get_public_key(KeyId=key)
    except errors.UnsupportedOperationException as error:
        raise CommandError(f"{key} has no public key; {_ADVICE}") from error
    if found["KeyUsage"] != "SIGN_VERIFY":
        raise CommandError(f"{key} has KeyUsage {found['KeyUsage']}; {_ADVICE}")
    # An alias may be moved while files are signed.
    arn, spec = found["KeyId"], found["KeySpec"]
    chosen = _algorithm(key, spec, algorithm)

    def verify(message: Message, signature: bytes) -> None:
        kms.verify(
            KeyId=arn,
            Message=message.data,
            MessageType=message.message_type,
            Signature=signature,
            SigningAlgorithm=chosen,
        )

    return Signer(arn, found["PublicKey"], spec, chosen, verify)


def signer_in_file(file: str, algorithm: str | None) -> Signer:
    """A key pair of which there is only the public half, in a file; no store is needed.

    Args:
        file: The file, in PEM or DER.
        algorithm: The algorithm that is wanted, or None for the key's usual one.

    Raises:
        CommandError: The file holds no public key, or one that does not sign, or not with this algorithm.
        OSError: It cannot be read.
    """
    with Path(file).open("rb") as opened:
        content = opened.read(pem.LONGEST_FILE + 1)
    if len(content) > pem.LONGEST_FILE:
        raise CommandError(f"{file} is too long for a public key")
    try:
        public_key = pem.public_key_der(content)
    except ValueError as error:
        raise CommandError(f"{file} {error}") from error
    spec = str(_core.PublicKey(public_key).key_spec)
    chosen = _algorithm(file, spec, algorithm)
    return Signer(
        file,
        public_key,
        spec,
        chosen,
        lambda message, signature: signatures.verify(public_key, message, signature, chosen),
    )


def documents(files: list[str]) -> tuple[list[str], list[str]]:
    """The files that are signed; those that are signatures of others among them, as in `dist/*`, are left out.

    Args:
        files: What was given.

    Returns:
        The files, and notes of what was left out.

    Raises:
        CommandLineError: One of them is a directory.
    """
    for file in files:
        if file != STREAM and Path(file).is_dir():
            raise CommandLineError(f"{file} is a directory: give the files in it")
    kept = [file for file in files if not (file.endswith(SUFFIX) and file.removesuffix(SUFFIX) in files)]
    left_out = len(files) - len(kept)
    return kept, [f"left out {counted(left_out, 'signature')} of other files"] if left_out else []


def _algorithm(name: str, key_spec: str, asked: str | None) -> str:
    try:
        return signatures.algorithm_for(key_spec, asked)
    except ValueError as error:
        raise CommandError(f"{name}: {error}", 1 if asked is None else 2) from error
