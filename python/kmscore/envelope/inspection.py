"""`envelope.inspect`: what a message says of itself, without any key."""

from __future__ import annotations

import mmap
import os
import pathlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kmscore._core import DecryptionError, EncryptedDataKey, MessageHeader, message_layout
from kmscore.envelope.options import Path, is_path, size_of

if TYPE_CHECKING:
    from kmscore.client.calls import Blob


@dataclass(frozen=True)
class MessageInfo:
    """What a message says of itself. Nothing of it has been authenticated."""

    format_version: int
    """1 or 2."""
    algorithm_suite: int
    """The id, such as 0x0478."""
    algorithm_suite_name: str
    message_id: bytes
    encryption_context: dict[str, str]
    """With the public key of a signed message, `aws-crypto-public-key`."""
    encrypted_data_keys: tuple[EncryptedDataKey, ...]
    is_signed: bool
    frame_length: int
    """Bytes of plaintext in a frame; 0 if the body is one block."""
    header_length: int
    message_length: int
    plaintext_length: int | None
    """None when the body is not whole."""
    frames: int | None
    """Regular ones and the final one."""


def inspect(message: Blob | Path) -> MessageInfo:
    """Read what a message says of itself.

    Args:
        message: A message of any algorithm suite as a buffer, or the path of a file that holds one.

    Raises:
        MessageFormatError: It does not start with a header.
        OSError: The file cannot be read.
    """
    if not is_path(message):
        size_of(message, "message")
        return _inspected(message)
    with pathlib.Path(message).open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return _inspected(b"")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
            return _inspected(view)


def _inspected(message: Blob) -> MessageInfo:
    header = MessageHeader.inspect(message)
    plaintext, frames = _layout(message, header)
    return MessageInfo(
        format_version=header.format_version,
        algorithm_suite=header.algorithm_suite,
        algorithm_suite_name=header.algorithm_suite_name,
        message_id=header.message_id,
        encryption_context=header.encryption_context,
        encrypted_data_keys=tuple(header.encrypted_data_keys),
        is_signed=header.is_signed,
        frame_length=header.frame_length,
        header_length=header.length,
        message_length=size_of(message, "message"),
        plaintext_length=plaintext,
        frames=frames,
    )


def _layout(message: Blob, header: MessageHeader) -> tuple[int | None, int | None]:
    try:
        plaintext, frames, _ = message_layout(message, header)
    except DecryptionError:
        return None, None
    return plaintext, frames
