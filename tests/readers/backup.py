"""Opens a backup, given its passphrase or the recipient's private key."""

import base64
import hashlib
import hmac
import json
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from . import sealed_record
from .kdf import kdf

CHUNK = 65_536


class Backup(NamedTuple):
    header: dict[str, Any]
    manifest: dict[str, Any]
    database: bytes


def read(content: bytes, secret: bytes) -> Backup:
    """`secret` is the passphrase or the private key. Raises ValueError when it does not open or is damaged."""
    length = int.from_bytes(content[8:12], "big")
    start, commitment, sealed = content[: 12 + length], content[12 + length : 44 + length], content[44 + length :]
    if start[:8] != b"kmsbak01" or len(start) < 12 + length:
        raise ValueError("not a backup")
    header = json.loads(start[12:])
    binding = {"store": header["store"], "created": str(header["created"])}
    record = base64.b64decode(header["file_key"], validate=True)
    file_key = sealed_record.read(record, sealed_record.BACKUP_FILE_KEY, _kek(header, secret), binding)
    keys = kdf(file_key, b"kmscore backup v1", hashlib.sha256(start).digest(), 64)
    if not hmac.compare_digest(keys[:32], commitment):
        raise ValueError("commitment")
    pieces = [sealed[at : at + CHUNK + 16] for at in range(0, len(sealed), CHUNK + 16)]
    plaintext, last = b"", len(pieces) - 1
    for number, piece in enumerate(pieces):
        try:
            plaintext += AESGCM(keys[32:]).decrypt(number.to_bytes(11, "big") + bytes([number == last]), piece, None)
        except InvalidTag:
            raise ValueError(f"chunk {number}") from None
    end = 4 + int.from_bytes(plaintext[:4], "big")
    return Backup(header, json.loads(plaintext[4:end]), plaintext[end:])


def _kek(header: dict[str, Any], secret: bytes) -> bytes:
    if header["kind"] == "passphrase":
        salt, cost = base64.b64decode(header["salt"], validate=True), header["memory_kib"]
        argon = Argon2id(salt=salt, length=32, iterations=header["passes"], lanes=header["lanes"], memory_cost=cost)
        return argon.derive(secret)
    ephemeral, recipient = (base64.b64decode(header[name], validate=True) for name in ("ephemeral", "recipient"))
    shared = X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(ephemeral))
    return kdf(shared, b"kmscore backup recipient v1", ephemeral + recipient, 32)
