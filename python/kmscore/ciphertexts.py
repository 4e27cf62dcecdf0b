"""What a KMS ciphertext blob says of itself in clear (docs/formats.md, "Ciphertext blob")."""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import NamedTuple

_MAGIC = b"\xc5\x4b"
_MULTI_REGION = 1
_PREFIX = 37
_SHORTEST = 117


class BlobName(NamedTuple):
    """The key and the material that a blob was made under."""

    key_id: str
    material: str
    """The first half of the key material's id, 32 hex digits."""


def blob_name(blob: bytes) -> BlobName | None:
    """Read the names in a blob; None when it is none.

    Args:
        blob: Bytes from anywhere. That they name a key does not mean that they decrypt.
    """
    if len(blob) < _SHORTEST or not blob.startswith(_MAGIC):
        return None
    identifier = uuid.UUID(bytes=blob[5:21])
    key_id = f"mrk-{identifier.hex}" if blob[4] & _MULTI_REGION else str(identifier)
    return BlobName(key_id, blob[21:_PREFIX].hex())


def from_base64(text: str | bytes) -> bytes | None:
    """The bytes of base64 text, white space around it aside; None when it is none."""
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
