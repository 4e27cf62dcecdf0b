"""Writers of kmscore's formats with every random value given, written from docs/formats.md without the engine."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from readers.blob import material_id
from readers.kdf import canonical, kdf
from readers.sealed_record import key_id

_ZERO_IV = bytes(12)


def _committing(key: bytes, label: bytes, header: bytes, bound: dict[str, str], plaintext: bytes) -> bytes:
    keys = kdf(key, label, header + hashlib.sha256(canonical(bound)).digest(), 64)
    aad = header + keys[:32]
    return aad + AESGCM(keys[32:]).encrypt(_ZERO_IV, plaintext, aad)


def blob(
    material: bytes, key: bytes, *, multi_region: bool, n: bytes, context: dict[str, str], plaintext: bytes
) -> bytes:
    """A ciphertext blob of suite 01; `key` is the key id's 16 bytes."""
    prefix = bytes([0xC5, 0x4B, 1, 1, multi_region]) + key + material_id(material, key)[:16]
    return _committing(material, b"kmscore blob v1", prefix + n, context, plaintext)


def sealed_record(kind: int, key: bytes, n: bytes, binding: dict[str, str], plaintext: bytes) -> bytes:
    """A sealed record of one kind under a root, domain or audit key."""
    header = bytes([0xC5, 0x52, 1, kind]) + key_id(key) + n
    return _committing(key, b"kmscore sealed record v1", header, binding, plaintext)


def audit_segment(header: dict[str, object], seed: bytes, records: Sequence[dict[str, object]]) -> bytes:
    """A segment whose session seed m(0) is `seed`; the header says which segment of the session it is."""
    for _ in range(int(str(header["session"]))):
        seed = kdf(seed, b"kmscore audit seed", b"", 32)
    segment = bytes.fromhex(str(header["segment"]))
    key, tag, out = kdf(seed, b"kmscore audit segment", segment, 32), bytes(32), b""
    for number, record in enumerate([header, *records]):
        line = record if number == 0 else {"n": number, **record}
        text = _json(line)
        tag = hmac.new(key, tag + text, hashlib.sha256).digest()
        out += text + b"\t" + tag.hex().encode() + b"\n"
        key = kdf(key, b"kmscore audit next", segment, 32)
    return out


def audit_header(audit_key: bytes, n: bytes, seed: bytes, header: dict[str, object]) -> dict[str, object]:
    """The header line with its sealed seed."""
    binding = {name: str(header[name]) for name in ("store", "session_id")}
    return {**header, "seed": base64.b64encode(sealed_record(4, audit_key, n, binding, seed)).decode()}


def backup(
    header: dict[str, object], kek: bytes, file_key: bytes, n: bytes, manifest: dict[str, object], database: bytes
) -> bytes:
    """A backup; `header` lacks `file_key` only, and `kek` is what its parameters lead to."""
    binding = {"store": str(header["store"]), "created": str(header["created"])}
    sealed = base64.b64encode(sealed_record(6, kek, n, binding, file_key)).decode()
    members = _json({**header, "file_key": sealed})
    start = b"kmsbak01" + len(members).to_bytes(4, "big") + members
    keys = kdf(file_key, b"kmscore backup v1", hashlib.sha256(start).digest(), 64)
    text = _json(manifest)
    plaintext = len(text).to_bytes(4, "big") + text + database
    chunks = [plaintext[at : at + 65_536] for at in range(0, len(plaintext), 65_536)]
    out = start + keys[:32]
    for number, chunk in enumerate(chunks):
        iv = number.to_bytes(11, "big") + bytes([number == len(chunks) - 1])
        out += AESGCM(keys[32:]).encrypt(iv, chunk, None)
    return out


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
