"""Opens a ciphertext blob of suite 01, given the key material."""

import hashlib
import hmac
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .kdf import canonical, kdf


class Opened(NamedTuple):
    key_id: str
    material_id: bytes
    plaintext: bytes


def material_id(material: bytes, key_id: bytes) -> bytes:
    """KeyMaterialId, 32 bytes."""
    return kdf(material, b"kmscore key material id", key_id, 32)


def read(blob: bytes, material: bytes, context: dict[str, str]) -> Opened:
    """Raises ValueError when the blob is not one, or not of this material and context."""
    if len(blob) < 117 or blob[:4] != bytes.fromhex("c54b0101") or blob[4] not in (0, 1):
        raise ValueError("not a suite 01 blob")
    key_id, short_id, commitment = blob[5:21], blob[21:37], blob[69:101]
    if material_id(material, key_id)[:16] != short_id:
        raise ValueError("another key's material")
    keys = kdf(material, b"kmscore blob v1", blob[:69] + hashlib.sha256(canonical(context)).digest(), 64)
    if not hmac.compare_digest(keys[:32], commitment):
        raise ValueError("commitment")
    try:
        plaintext = AESGCM(keys[32:]).decrypt(bytes(12), blob[101:], blob[:101])
    except InvalidTag:
        raise ValueError("tag") from None
    digits = key_id.hex()
    if blob[4]:
        return Opened(f"mrk-{digits}", short_id, plaintext)
    uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return Opened(uuid, short_id, plaintext)
