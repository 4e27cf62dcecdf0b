"""Files and streams, encrypted and decrypted with flat memory."""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

from kmscore import _core
from kmscore._core import EnvelopeError, MessageHeader
from kmscore.envelope.keyrings import Keyring, require_keyring
from kmscore.envelope.options import (
    COMMITTING,
    FRAME_LENGTH,
    REQUIRE,
    UNKNOWN_LENGTH,
    CommitmentPolicy,
    Decrypting,
    Encrypting,
    Path,
    is_path,
    threads_for,
)
from kmscore.envelope.pieces import PIECE, Incoming, sealed_pieces
from kmscore.envelope.target import Target, write_all

Progress = Callable[[int], object]


class FileReport(NamedTuple):
    """What was done to a file."""

    bytes_read: int
    bytes_written: int
    header: MessageHeader


def encrypt_file(
    source: Path | BinaryIO,
    target: Path | BinaryIO,
    keyring: Keyring,
    *,
    encryption_context: dict[str, str] | None = None,
    algorithm_suite: int = COMMITTING,
    frame_length: int = FRAME_LENGTH,
    commitment_policy: CommitmentPolicy = REQUIRE,
    max_encrypted_data_keys: int | None = None,
    required_encryption_context_keys: Iterable[str] = (),
    threads: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> FileReport:
    """Encrypt a file or stream of any length, a few megabytes at a time.

    Args:
        source: A path, or a binary file object that is read to its end.
        target: A path, or a binary file object. A path's file appears with mode 0600 when the message is whole; until
            then it has another name, and whatever fails removes it.
        keyring: As for `encrypt`. The data key is counted as one for a message of unknown length.
        encryption_context: As for `encrypt`.
        algorithm_suite: As for `encrypt`.
        frame_length: As for `encrypt`.
        commitment_policy: As for `encrypt`.
        max_encrypted_data_keys: As for `encrypt`.
        required_encryption_context_keys: As for `encrypt`.
        threads: How many; when absent, one a core.
        overwrite: Replace a target that is there already.
        progress: Called with the number of bytes read of the source so far.

    Returns:
        How much was read and written, and the message's header.

    Raises:
        FileExistsError: The target is there already.
        OSError: A file cannot be read or written.
        ValueError: Source and target are one file. And what `encrypt` raises.
    """
    options = Encrypting(
        encryption_context,
        algorithm_suite,
        frame_length,
        commitment_policy,
        max_encrypted_data_keys,
        required_encryption_context_keys,
    )
    threads = threads_for(threads, PIECE)
    require_keyring(keyring)
    with reading(source, target) as incoming, writing(target, overwrite=overwrite) as write:
        writer = _core.MessageWriter(options.materials(keyring, UNKNOWN_LENGTH), frame_length)
        read, written = 0, write(writer.header())
        for consumed, sealed in sealed_pieces(incoming, writer, frame_length, threads):
            written += write(sealed)
            read += consumed
            if progress is not None:
                progress(read)
        return FileReport(read, written, MessageHeader.inspect(writer.header()))


def decrypt_file(
    source: Path | BinaryIO,
    target: Path | BinaryIO,
    keyring: Keyring,
    *,
    encryption_context: dict[str, str] | None = None,
    commitment_policy: CommitmentPolicy = REQUIRE,
    max_encrypted_data_keys: int | None = None,
    threads: int | None = None,
    overwrite: bool = False,
    unverified: bool = False,
    progress: Progress | None = None,
) -> FileReport:
    """Decrypt a file or stream of any length, a few megabytes at a time.

    Args:
        source: A path, or a binary file object that is read to its end.
        target: A path, or a binary file object. A path's file appears with mode 0600 after the last check. A file
            object is given each frame when its tag has been checked; if a later one fails, this raises: drop what was
            written.
        keyring: As for `decrypt`.
        encryption_context: As for `decrypt`.
        commitment_policy: As for `decrypt`.
        max_encrypted_data_keys: As for `decrypt`.
        threads: How many; when absent, one a core.
        overwrite: Replace a target that is there already.
        unverified: Write a signed message to a file object although its signature can only be checked at the end; the
            final frame is held back until then.
        progress: Called with the number of bytes read of the source so far.

    Returns:
        How much was read and written, and the message's header.

    Raises:
        FileExistsError: The target is there already.
        OSError: A file cannot be read or written.
        EnvelopeError: The message is signed, the target is a file object, and `unverified` is not given.
        ValueError: Source and target are one file. And what `decrypt` raises.
    """
    options = Decrypting(encryption_context, commitment_policy, max_encrypted_data_keys)
    threads = threads_for(threads, PIECE)
    require_keyring(keyring)
    with reading(source, target) as opened, writing(target, overwrite=overwrite) as write:
        incoming = Incoming(opened, options)
        if incoming.header.is_signed and not is_path(target) and not unverified:
            raise EnvelopeError(
                "the message is signed, and its signature stands at its end: decrypt to a path, or accept plaintext "
                "that is not verified yet with unverified=True"
            )
        written = 0
        for plaintext in _plaintexts(incoming, keyring, threads):
            written += write(plaintext)
            if progress is not None:
                progress(incoming.read)
        return FileReport(incoming.read, written, incoming.header)


@contextlib.contextmanager
def reading(source: Path | BinaryIO, target: Path | BinaryIO) -> Iterator[Any]:
    """A binary file to read; a path is opened without a buffer.

    Args:
        source: A path, or a binary file object.
        target: Where what is made of it will go.

    Raises:
        OSError: The file cannot be opened.
        ValueError: Source and target are one file.
    """
    if not is_path(source):
        if not hasattr(source, "readinto"):
            raise TypeError(f"source must be a path or a binary file object, not {type(source).__name__}")
        yield source
        return
    if is_path(target) and pathlib.Path(target).exists() and pathlib.Path(source).samefile(target):
        raise ValueError(f"source and target are one file: {os.fspath(source)}")
    with pathlib.Path(source).open("rb", buffering=0) as file:
        yield file


@contextlib.contextmanager
def writing(target: Path | BinaryIO, *, overwrite: bool, mode: int = 0o600) -> Iterator[Callable[[Any], int]]:
    """A function that writes all it is given; a file of ours appears only if nothing is raised.

    Args:
        target: A path, or a binary file object.
        overwrite: Replace a file that is there already.
        mode: The mode of a path's file, less the umask.

    Raises:
        FileExistsError: The target is there already.
        OSError: It cannot be written.
    """
    if not is_path(target):
        if not hasattr(target, "write"):
            raise TypeError(f"target must be a path or a binary file object, not {type(target).__name__}")
        yield lambda data: write_all(target, data)
        return
    whole = Target(target, overwrite=overwrite, mode=mode)
    try:
        yield whole.write
    except BaseException:
        whole.discard()
        raise
    whole.commit()


def _plaintexts(incoming: Incoming, keyring: Keyring, threads: int) -> Iterator[Any]:
    """The plaintext piece by piece; the last one after everything has been checked."""
    header = incoming.header
    data_key = keyring.decryption_key(header)
    if not header.is_framed:
        yield _core.decrypt_message(incoming.whole(), header, data_key, threads)
        return
    reader = _core.MessageReader(header, data_key)
    for plaintext, last in incoming.opened_pieces(reader, threads):
        if last:
            incoming.verify(reader)
        yield plaintext
