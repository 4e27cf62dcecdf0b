"""Opens a message of suites 0478 and 0578 (AWS Encryption SDK Specification, `data-format/`), given its data key."""

import base64
import io
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .kdf import canonical


class Opened(NamedTuple):
    message_id: bytes
    context: dict[str, str]
    keys: list[tuple[str, bytes, bytes]]
    frames: list[bytes]


class Fields(io.BytesIO):
    def take(self, length: int) -> bytes:
        if len(taken := self.read(length)) < length:
            raise ValueError("cut off")
        return taken

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length), "big")

    def field(self) -> bytes:
        return self.take(self.number(2))


def content_and_commit_key(suite: int, data_key: bytes, message_id: bytes) -> list[bytes]:
    infos = suite.to_bytes(2, "big") + b"DERIVEKEY", b"COMMITKEY"
    return [HKDF(hashes.SHA512(), 32, message_id, info).derive(data_key) for info in infos]


def read(message: bytes, data_key: bytes, required: Mapping[str, str] | None = None) -> Opened:
    """Raises ValueError when the message is not one, or not of this data key and these required pairs."""
    rest = Fields(message)
    version, suite, message_id = rest.number(1), rest.number(2), rest.take(32)
    pairs = Fields(rest.field() or b"\0\0")
    context = {pairs.field().decode(): pairs.field().decode() for _ in range(pairs.number(2))}
    keys = [(rest.field().decode(), rest.field(), rest.field()) for _ in range(rest.number(2))]
    kind, frame_length = rest.number(1), rest.number(4)
    content, commit = content_and_commit_key(suite, data_key, message_id)
    if (version, suite) not in ((2, 0x0478), (2, 0x0578)) or rest.take(32) != commit:
        raise ValueError("suite or commitment")
    aad = message[: rest.tell()] + canonical(dict(required or {}))
    try:
        AESGCM(content).decrypt(bytes(12), rest.take(16), aad)
        frames = list(_frames(rest, frame_length, message_id, AESGCM(content)))
        if suite == 0x0578:
            point, signed = base64.b64decode(context["aws-crypto-public-key"]), message[: rest.tell()]
            public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), point)
            public.verify(rest.field(), signed, ec.ECDSA(hashes.SHA384()))
    except (InvalidTag, InvalidSignature):
        raise ValueError("tag or signature") from None
    if rest.read() or (kind == 2) != (frame_length > 0) or max(map(len, frames)) > (frame_length or 2**36 - 32):
        raise ValueError("bytes after the end, or lengths that do not agree")
    return Opened(message_id, context, keys, frames)


def _frames(rest: Fields, frame_length: int, message_id: bytes, key: AESGCM) -> Iterator[bytes]:
    number, label = 0, b"Frame"
    while label == b"Frame":
        number, start = number + 1, rest.take(4) if frame_length else b"\0\0\0\1"
        if start == b"\xff\xff\xff\xff" or not frame_length:
            start, label = (rest.take(4), b"Final Frame") if frame_length else (start, b"Single Block")
        if start != number.to_bytes(4, "big"):
            raise ValueError("sequence number")
        iv = rest.take(12)
        length = frame_length if label == b"Frame" else rest.number(4 if frame_length else 8)
        aad = message_id + b"AWSKMSEncryptionClient " + label + start + length.to_bytes(8, "big")
        yield key.decrypt(iv, rest.take(length + 16), aad)
