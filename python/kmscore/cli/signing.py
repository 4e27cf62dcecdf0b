"""`kmscore sign`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kmscore import signatures
from kmscore.cli.file_plan import Naming, planned
from kmscore.cli.file_work import Convert, Made, carry_out, check_output
from kmscore.cli.groups import FILE_COMMANDS, command
from kmscore.cli.interruption import interruptible
from kmscore.cli.session import Session
from kmscore.cli.signers import SUFFIX, Algorithm, Signer, documents, signer_in_store

if TYPE_CHECKING:
    from kmscore.client import KMSClient
    from kmscore.envelope.files import Progress


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "sign", rich_help_panel=FILE_COMMANDS)(sign)


def sign(
    session: Session,
    files: Annotated[list[str], typer.Argument(metavar="FILES", help="Files; or - alone.", show_default=False)],
    key: Annotated[
        str,
        typer.Option("--key", metavar="KEY", help="Key id, key ARN, or alias (alias/NAME).", show_default=False),
    ],
    algorithm: Algorithm = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="The signature; a directory for several; - is standard output. Else FILE.sig beside each FILE.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace signatures that are there already.")] = False,
) -> None:
    """Sign files of any length with a key pair: the signature of FILE goes into FILE.sig.

    kmscore sign report.pdf --key alias/release
    kmscore sign - --key alias/release < report.pdf > report.pdf.sig

    A signature is the bytes that KMS returns, with nothing around them. It says
    neither by which key nor with which algorithm it was made. The algorithms:

    RSA_…                   RSASSA_PSS_SHA_256, unless --algorithm names another:
                            RSASSA_PSS_… or RSASSA_PKCS1_V1_5_…, and SHA_256,
                            SHA_384 or SHA_512
    ECC_NIST_P256           ECDSA_SHA_256, in DER
    ECC_NIST_P384           ECDSA_SHA_384, in DER
    ECC_NIST_P521           ECDSA_SHA_512, in DER
    ECC_SECG_P256K1         ECDSA_SHA_256, in DER
    ECC_NIST_EDWARDS25519   ED25519_PH_SHA_512; or ED25519_SHA_512 for files of
                            at most 4,096 bytes
    ML_DSA_…                ML_DSA_SHAKE_256
    SM2                     SM2DSA, in DER

    kmscore keys public writes the public key for kmscore verify and openssl.
    """
    with interruptible():
        meant, notes = documents(files)
        plan = planned(meant, output, Naming(SUFFIX, adds=True))
        plan.notes += notes
        # Unlike what encrypt and decrypt make, signatures are for others to read.
        plan.directory_mode = 0o777
        check_output(session, plan, "a signature")
        kms = session.client()
        signer = signer_in_store(kms, key, algorithm)
        carry_out(session, plan, _signing(kms, signer, force=force))


def _signing(kms: KMSClient, signer: Signer, *, force: bool) -> Convert:
    from kmscore.envelope.files import reading, writing

    def convert(source: Any, target: Any, progress: Progress | None) -> Made:
        read = 0

        def count(done: int) -> None:
            nonlocal read
            read = done
            if progress is not None:
                progress(done)

        with reading(source, target) as file, writing(target, overwrite=force, mode=0o666) as write:
            message = signatures.hash_stream(file, signer.algorithm, signer.public_key, count)
            reply = kms.sign(
                KeyId=signer.name,
                Message=message.data,
                MessageType=message.message_type,
                SigningAlgorithm=signer.algorithm,
            )
            written = write(reply["Signature"])
        facts = {"KeyId": signer.name, "SigningAlgorithm": signer.algorithm}
        return Made(read, written, facts, signer.algorithm)

    return convert
