"""Opens sealed records, and walks from a root key file to the key material of a store."""

import base64
import hashlib
import hmac
import sqlite3
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .kdf import canonical, kdf

MATERIAL, DOMAIN_KEY, AUDIT_KEY, AUDIT_SEED, SECRET_ACCESS_KEY, BACKUP_FILE_KEY = range(1, 7)


def key_id(key: bytes) -> bytes:
    """The id of a root, domain or audit key."""
    return kdf(key, b"kmscore key id", b"", 16)


def read(record: bytes, kind: int, key: bytes, binding: dict[str, str]) -> bytes:
    """Raises ValueError when the record is not one, or not of this kind, key and binding."""
    if len(record) <= 100 or record[:4] != bytes([0xC5, 0x52, 1, kind]) or record[4:20] != key_id(key):
        raise ValueError("not a sealed record of this kind and key")
    keys = kdf(key, b"kmscore sealed record v1", record[:52] + hashlib.sha256(canonical(binding)).digest(), 64)
    if not hmac.compare_digest(keys[:32], record[52:84]):
        raise ValueError("commitment")
    try:
        return AESGCM(keys[32:]).decrypt(bytes(12), record[84:], record[:84])
    except InvalidTag:
        raise ValueError("tag") from None


def root_key(path: Path) -> bytes:
    """The 32 bytes in a key file."""
    prefix, encoded = path.read_text().split()
    if prefix != "kmscore-root-key-v1":
        raise ValueError("not a root key file")
    return base64.b64decode(encoded, validate=True)


def wrapped_keys(database: sqlite3.Connection, root: bytes, store: bytes) -> dict[str, bytes]:
    """Purpose -> key, of every row of `domain_keys`."""
    keys = {}
    for name, purpose, version, sealed in database.execute(
        "SELECT domain_key_id, purpose, version, sealed FROM domain_keys"
    ):
        binding = {"store": store.hex(), "domain_key": name, "version": str(version)}
        keys[purpose] = read(sealed, DOMAIN_KEY if purpose == "records" else AUDIT_KEY, root, binding)
    return keys
