"""`kmscore verify`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from kmscore import errors, signatures
from kmscore.cli.failures import CommandError, CommandLineError, explained_of, report
from kmscore.cli.file_plan import STREAM, title
from kmscore.cli.file_progress import Place, progress_bar
from kmscore.cli.groups import FILE_COMMANDS, command
from kmscore.cli.interruption import interruptible
from kmscore.cli.output import printable
from kmscore.cli.session import Session
from kmscore.cli.signers import SUFFIX, Algorithm, Signer, documents, signer_in_file, signer_in_store
from kmscore.cli.streams import standard_input


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "verify", rich_help_panel=FILE_COMMANDS)(verify)


@dataclass(frozen=True)
class Checked:
    """What became of one file.

    Args:
        file: The file or STREAM.
        signature: The file of its signature, or STREAM.
        fault: Why it is not good.
    """

    file: str
    signature: str
    fault: str | None

    def answer(self) -> dict[str, Any]:
        """The data, for JSON."""
        found = {
            "File": printable(self.file),
            "Signature": printable(self.signature),
            "SignatureValid": self.fault is None,
        }
        return found if self.fault is None else {**found, "Error": printable(self.fault)}


def verify(
    session: Session,
    files: Annotated[list[str], typer.Argument(metavar="FILES", help="Files; or - alone.", show_default=False)],
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Ask this key of the store: key id, key ARN, or alias (alias/NAME). It is audited.",
            show_default=False,
        ),
    ] = None,
    public_key: Annotated[
        str | None,
        typer.Option(
            "--public-key",
            metavar="FILE",
            help="Only this public key, in PEM or DER (kmscore keys public); no store is needed.",
            show_default=False,
        ),
    ] = None,
    signature: Annotated[
        str | None,
        typer.Option(
            "--signature",
            "-s",
            metavar="FILE",
            help="The signature, for one file; - is standard input. Else FILE.sig beside each FILE.",
            show_default=False,
        ),
    ] = None,
    algorithm: Algorithm = None,
) -> None:
    """Check the signatures of files: that this key made them, and that the files have not changed since.

    kmscore verify report.pdf --public-key release.pem
    kmscore verify dist/* --key alias/release

    A signature does not say how it was made. Unless --algorithm says it, it must
    be of the algorithm that kmscore sign takes for the key (kmscore sign --help).
    Ends with 1 if any file is bad or cannot be checked; the others are checked,
    too.
    """
    with interruptible():
        meant, notes = documents(files)
        _check_command_line(meant, signature)
        signer = _signer(session, key, public_key, algorithm)
        for note in notes:
            typer.echo(f"note: {note}", err=True)
        checked: list[Checked] = []
        for number, file in enumerate(meant, 1):
            place = Place(number, len(meant), shown=not session.options.as_json)
            checked.append(_checked(file, signature or file + SUFFIX, signer, place))
            _tell(session, checked[-1], signer)
        if session.options.as_json:
            facts = {
                "SigningAlgorithm": signer.algorithm,
                "KeySpec": signer.key_spec,
                "PublicKey" if key is None else "KeyId": printable(signer.name),
            }
            session.show([{**each.answer(), **facts} for each in checked])
        if any(each.fault is not None for each in checked):
            raise typer.Exit(1)


def _check_command_line(files: list[str], signature: str | None) -> None:
    if STREAM in files and (len(files) > 1 or signature is None):
        raise CommandLineError(f"{STREAM} stands for one stream without a name: give it alone, with --signature FILE")
    if signature is not None and len(files) > 1:
        raise CommandLineError(f"--signature {signature} is of one file, and {len(files)} are given")
    if signature == STREAM and STREAM in files:
        raise CommandLineError("standard input cannot be both the file and its signature")


def _signer(session: Session, key: str | None, public_key: str | None, algorithm: str | None) -> Signer:
    if key is not None and public_key is not None:
        raise CommandLineError("a signature is checked with --key or with --public-key, not with both")
    if key is not None:
        return signer_in_store(session.client(), key, algorithm)
    if public_key is not None:
        return signer_in_file(public_key, algorithm)
    raise CommandLineError("whose signature? give --key KEY of the store, or --public-key FILE")


def _checked(file: str, signature: str, signer: Signer, place: Place) -> Checked:
    try:
        fault = _fault(file, signature, signer, place)
    except (CommandError, OSError, ValueError) as error:
        fault = explained_of(title(file), error)
    return Checked(file, signature, fault)


def _fault(file: str, signature: str, signer: Signer, place: Place) -> str | None:
    with _opened(file) as opened:
        given = _signature(file, signature)
        fault = signatures.signature_fault(signer.public_key, given, signer.algorithm)
        if fault is not None:
            return f"{title(file)}: bad, {title(signature)} {fault}"
        with progress_bar(file, place) as progress:
            message = signatures.hash_stream(opened, signer.algorithm, signer.public_key, progress)
    try:
        signer.verify(message, given)
    except errors.KMSInvalidSignatureException:
        hint = "; made with another --algorithm?" if len(signatures.algorithms(signer.key_spec)) > 1 else ""
        return f"{title(file)}: bad, {title(signature)} is no {signer.algorithm} signature of it by {signer.name}{hint}"
    return None


def _signature(file: str, signature: str) -> bytes:
    """A signature, and no more of a file than the longest one has."""
    try:
        with _opened(signature) as opened:
            given = opened.read(signatures.LONGEST_SIGNATURE + 1)
    except FileNotFoundError as error:
        raise CommandError(f"{title(file)}: there is no signature {signature}; give --signature FILE") from error
    if len(given) > signatures.LONGEST_SIGNATURE:
        raise CommandError(f"{title(file)}: bad, {title(signature)} is longer than any signature")
    return given


@contextlib.contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == STREAM:
        yield standard_input()
        return
    with Path(file).open("rb") as opened:
        yield opened


def _tell(session: Session, checked: Checked, signer: Signer) -> None:
    if checked.fault is not None:
        report(CommandError(checked.fault))
    elif not session.options.as_json:
        typer.echo(f"{printable(title(checked.file))}: good, {signer.algorithm} by {printable(signer.name)}")
