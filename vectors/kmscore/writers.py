"""Writers of kmscore's formats with every random value given, written from docs/formats.md without the engine."""

import base64
import hashlib
import hmac
import json
import math
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from readers.blob import material_id
from readers.kdf import canonical, kdf
from readers.sealed_record import key_id

_ZERO_IV = bytes(12)


def _committing(key: bytes, label: bytes, header: bytes, bound: bytes, plaintext: bytes) -> bytes:
    keys = kdf(key, label, header + hashlib.sha256(bound).digest(), 64)
    aad = header + keys[:32]
    return aad + AESGCM(keys[32:]).encrypt(_ZERO_IV, plaintext, aad)


def blob(
    material: bytes, key: bytes, *, multi_region: bool, n: bytes, context: dict[str, str], plaintext: bytes
) -> bytes:
    """A ciphertext blob of suite 01; `key` is the key id's 16 bytes."""
    prefix = bytes([0xC5, 0x4B, 1, 1, multi_region]) + key + material_id(material, key)[:16]
    return _committing(material, b"kmscore blob v1", prefix + n, canonical(context), plaintext)


def sealed_record(kind: int, key: bytes, n: bytes, binding: dict[str, str], plaintext: bytes) -> bytes:
    """A sealed record of one kind under a root, domain or audit key."""
    header = bytes([0xC5, 0x52, 1, kind]) + key_id(key) + n
    return _committing(key, b"kmscore sealed record v1", header, canonical(binding), plaintext)


def ml_kem_data_key(secret: bytes, ciphertext: bytes, key_arn: str, context: dict[str, str], data_key: bytes) -> bytes:
    """A data key under an ML-KEM key; `secret` is the shared secret that the ML-KEM ciphertext carries."""
    bound = _field(key_arn.encode()) + canonical(context)
    return _committing(secret, b"kmscore ml-kem data key v1", ciphertext, bound, data_key)


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


class Body(NamedTuple):
    """How a message's plaintext is cut: into frames, the last of which may be empty, or not at all."""

    plaintext: bytes
    frame_length: int
    empty_final_frame: bool = False


class Wrapping(NamedTuple):
    """A wrapping key of a raw AES keyring, and the IV it is used with."""

    namespace: str
    name: str
    key: bytes
    iv: bytes


class MessageKeys(NamedTuple):
    """What a message is made with."""

    data_key: bytes
    message_id: bytes
    wrappings: Sequence[Wrapping]
    signing_key: ec.EllipticCurvePrivateKey | None = None


def message(keys: MessageKeys, stored: dict[str, str], required: dict[str, str], body: Body) -> bytes:
    """A message of suite 0478, or 0578 with a signing key (AWS Encryption SDK Specification, `data-format/`)."""
    signer = keys.signing_key
    suite = bytes.fromhex("0478" if signer is None else "0578")
    if signer is not None:
        point = signer.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        stored = {**stored, "aws-crypto-public-key": base64.b64encode(point).decode()}
    content, commit = (_hkdf(keys, info) for info in (suite + b"DERIVEKEY", b"COMMITKEY"))
    header = b"\x02" + suite + keys.message_id + _field(canonical(stored)) + len(keys.wrappings).to_bytes(2, "big")
    for wrapping in keys.wrappings:
        header += _wrapped(wrapping, keys.data_key, canonical(stored | required))
    header += bytes([2 if body.frame_length else 1]) + body.frame_length.to_bytes(4, "big") + commit
    tag = AESGCM(content).encrypt(_ZERO_IV, b"", header + canonical(required))
    out = header + tag + _body(AESGCM(content), keys.message_id, body)
    if signer is None:
        return out
    # RFC 6979: the same signature each time.
    return out + _field(signer.sign(out, ec.ECDSA(hashes.SHA384(), deterministic_signing=True)))


def _wrapped(wrapping: Wrapping, data_key: bytes, context: bytes) -> bytes:
    lengths = (128).to_bytes(4, "big") + len(wrapping.iv).to_bytes(4, "big")
    info = wrapping.name.encode() + lengths + wrapping.iv
    ciphertext = AESGCM(wrapping.key).encrypt(wrapping.iv, data_key, context)
    return _field(wrapping.namespace.encode()) + _field(info) + _field(ciphertext)


def _body(key: AESGCM, message_id: bytes, body: Body) -> bytes:
    if not body.frame_length:
        return _piece(key, message_id, (b"Single Block", 1), body.plaintext)
    cuts = range(0, len(body.plaintext), body.frame_length)
    frames = [body.plaintext[at : at + body.frame_length] for at in cuts]
    if body.empty_final_frame or not frames:
        frames.append(b"")
    *regular, last = frames
    out = b"".join(_piece(key, message_id, (b"Frame", n), frame) for n, frame in enumerate(regular, start=1))
    return out + _piece(key, message_id, (b"Final Frame", len(frames)), last)


def _piece(key: AESGCM, message_id: bytes, label_and_number: tuple[bytes, int], plaintext: bytes) -> bytes:
    label, number = label_and_number
    sequence, length = number.to_bytes(4, "big"), len(plaintext)
    aad = message_id + b"AWSKMSEncryptionClient " + label + sequence + length.to_bytes(8, "big")
    iv = number.to_bytes(12, "big")
    start = {
        b"Frame": sequence + iv,
        b"Final Frame": b"\xff" * 4 + sequence + iv + length.to_bytes(4, "big"),
        b"Single Block": iv + length.to_bytes(8, "big"),
    }[label]
    return start + key.encrypt(iv, plaintext, aad)


def _hkdf(keys: MessageKeys, info: bytes) -> bytes:
    return HKDF(hashes.SHA512(), 32, keys.message_id, info).derive(keys.data_key)


def _field(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def rsa_private_key(bits: int) -> bytes:
    """An RSAPrivateKey (RFC 8017) that is always the same: its primes are the next ones after bytes of SHAKE-256."""
    stream = hashlib.shake_256(b"kmscore vectors, RSA of %d bits" % bits).digest(bits // 8)
    p, q = (_next_prime(stream[at : at + bits // 16]) for at in (0, bits // 16))
    p, q = max(p, q), min(p, q)
    e, d = 65537, pow(65537, -1, (p - 1) * (q - 1) // math.gcd(p - 1, q - 1))
    parts = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(e, p * q))
    return parts.private_key().private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def _next_prime(start: bytes) -> int:
    """A prime whose two highest bits are set, and that 65537 does not divide when one is taken away."""
    size = 8 * len(start)
    number = int.from_bytes(start, "big") | 3 << size - 2 | 1
    while not _is_prime(number) or number % 65537 == 1:
        number += 2
    return number


def _is_prime(number: int) -> bool:
    """Miller and Rabin's test; the witnesses are fixed, since nobody chooses these numbers to deceive it."""
    if any(number % small == 0 for small in range(3, 2000, 2)):
        return False
    shift = (number - 1 & 1 - number).bit_length() - 1
    for witness in range(2, 42):
        power = pow(witness, number - 1 >> shift, number)
        if power in (1, number - 1):
            continue
        for _ in range(shift - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True
