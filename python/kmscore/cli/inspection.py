"""`kmscore inspect`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kmscore._core import EnvelopeError
from kmscore.cli.failures import CommandError, explained_of, report
from kmscore.cli.file_plan import STREAM, title
from kmscore.cli.groups import FILE_COMMANDS, NO_STORE, command
from kmscore.cli.output import console_width, counted, printable
from kmscore.cli.session import Session
from kmscore.cli.streams import standard_input

if TYPE_CHECKING:
    from kmscore.envelope import EncryptedDataKey, MessageInfo

_PUBLIC_KEY = "aws-crypto-public-key"
# What a raw AES keyring puts behind its key's name: tag length in bits, IV length in bytes, IV.
_RAW_AES_END, _RAW_AES_LENGTHS = 20, b"\x00\x00\x00\x80\x00\x00\x00\x0c"


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "inspect", NO_STORE, rich_help_panel=FILE_COMMANDS)(inspect)


def inspect(
    session: Session,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILES", help="Messages; - is standard input.", show_default=False),
    ],
) -> None:
    """Show what messages say of themselves: algorithm suite, encryption context, encrypted data keys, lengths.

    It needs no key and no store. Nothing of it is authenticated: only decrypting does that.
    """
    found: list[tuple[str, MessageInfo]] = []
    for file in files:
        try:
            found.append((file, _inspected(file)))
        except CommandError as error:
            if len(files) == 1:
                raise
            report(error)
    if session.options.as_json:
        session.show([_answer(file, info) for file, info in found])
    else:
        _show(found)
    if len(found) < len(files):
        raise typer.Exit(1)


def key_name(encrypted: EncryptedDataKey) -> str:
    """The name of the key that an encrypted data key is of, without what a raw AES keyring adds to it."""
    info = encrypted.provider_info
    if info[-_RAW_AES_END:].startswith(_RAW_AES_LENGTHS):
        info = info[:-_RAW_AES_END]
    return info.decode(errors="backslashreplace")


def _inspected(file: str) -> MessageInfo:
    from kmscore import envelope

    try:
        return envelope.inspect(standard_input().read() if file == STREAM else file)
    except (EnvelopeError, OSError) as error:
        raise CommandError(explained_of(title(file), error)) from error


def _answer(file: str, info: MessageInfo) -> dict[str, Any]:
    return {
        "File": printable(file),
        "FormatVersion": info.format_version,
        "AlgorithmSuite": f"0x{info.algorithm_suite:04x}",
        "AlgorithmSuiteName": info.algorithm_suite_name,
        "MessageId": info.message_id.hex(),
        "IsSigned": info.is_signed,
        "EncryptionContext": info.encryption_context,
        "EncryptedDataKeys": [
            {
                "Provider": encrypted.provider_id,
                "Key": key_name(encrypted),
                "CiphertextLength": len(encrypted.ciphertext),
            }
            for encrypted in info.encrypted_data_keys
        ],
        "FrameLength": info.frame_length,
        "Frames": info.frames,
        "HeaderLength": info.header_length,
        "MessageLength": info.message_length,
        "PlaintextLength": info.plaintext_length,
        "IsWhole": info.plaintext_length is not None,
    }


def _show(found: list[tuple[str, MessageInfo]]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(width=console_width(), highlight=False)
    for file, info in found:
        console.print(Text(printable(title(file)), style="bold"), soft_wrap=True)
        for name, value in _lines(info):
            # At 80 columns neither a message id nor a key ARN, which has a line of its own, is broken.
            label = f"  {name:<12}" if name is not None else "    "
            console.print(Text.assemble((label, "cyan"), printable(value)), soft_wrap=True)
        console.print()
    if found:
        console.print(Text("Nothing of this has been authenticated; decrypting does that.", style="dim"))


def _lines(info: MessageInfo) -> Iterator[tuple[str | None, str]]:
    """What is said about a message."""
    yield "Suite", f"0x{info.algorithm_suite:04x} {info.algorithm_suite_name}"
    public_key = info.encryption_context.get(_PUBLIC_KEY)
    yield "Signed", "no" if not info.is_signed else "yes; its public key:"
    if info.is_signed:
        yield None, public_key or "missing"
    yield "Format", f"version {info.format_version}"
    yield "Message id", info.message_id.hex()
    yield "Length", f"{info.message_length:,} bytes, {info.header_length:,} of them header"
    yield "Plaintext", _plaintext(info)
    context = sorted(info.encryption_context.items())
    pairs = [f"{name} = {value}" for name, value in context if name != _PUBLIC_KEY]
    for number, pair in enumerate(pairs or ["none"]):
        yield "" if number else "Context", pair
    for encrypted in info.encrypted_data_keys:
        yield "Data key", f"{encrypted.provider_id}, {len(encrypted.ciphertext):,} bytes encrypted"
        yield None, key_name(encrypted)


def _plaintext(info: MessageInfo) -> str:
    if info.plaintext_length is None:
        return "NOT WHOLE: the message is cut off, or something was added"
    if info.frame_length == 0:
        return f"{info.plaintext_length:,} bytes in one block"
    return f"{info.plaintext_length:,} bytes; {counted(info.frames or 0, 'frame')} of up to {info.frame_length:,}"
