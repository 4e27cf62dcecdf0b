"""Messages whose every tag is right under two data keys: AES-GCM does not commit to its key.

GHASH is linear in each block, so one free block of the authenticated data or the ciphertext makes two keys' tags agree.
"""

import base64
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from envelope.keyrings import SIGNED
from readers.kdf import canonical
from readers.message import content_and_commit_key

_REDUCTION = 0xE1 << 120
_LABEL = b"AWSKMSEncryptionClient Final Frame"
_PROVIDER, _INFO = b"p", b"i"


class Salamander(NamedTuple):
    """A message, the two data keys under which all its tags are right, and what it holds under each."""

    message: bytes
    data_keys: list[bytes]
    content_keys: list[bytes]
    header_length: int
    plaintexts: list[bytes]


def salamander(suite: int, message_id: bytes, data_keys: list[bytes], ciphertext: bytes) -> Salamander:
    """A message of one frame, committed to the first data key. Its ciphertext is a block and then `ciphertext`."""
    derived = [content_and_commit_key(suite, data_key, message_id) for data_key in data_keys]
    keys, commit = [content for content, _ in derived], derived[0][1]
    signer = ec.generate_private_key(ec.SECP384R1()) if suite == SIGNED else None
    body = _header(suite, message_id, commit, signer, bytes(16))
    place = body.index(_PROVIDER + len(_INFO).to_bytes(2, "big") + _INFO) + 4
    # The encrypted data key is long enough to hold a whole block of the authenticated data, wherever it begins.
    block = -(-(place + 2) // 16)
    body, header_tag = _agreeing(keys, bytes(12), body, b"", block)
    iv, length = (1).to_bytes(12, "big"), 16 + len(ciphertext)
    aad = message_id + _LABEL + (1).to_bytes(4, "big") + length.to_bytes(8, "big")
    agreed, tag = _agreeing(keys, iv, aad, bytes(16) + ciphertext, -(-len(aad) // 16))
    frame = b"\xff" * 4 + (1).to_bytes(4, "big") + iv + length.to_bytes(4, "big") + agreed + tag
    message = body + header_tag + frame
    if signer is not None:
        signature = signer.sign(message, ec.ECDSA(hashes.SHA384()))
        message += len(signature).to_bytes(2, "big") + signature
    plaintexts = [_counter_mode(key, iv, agreed) for key in keys]
    return Salamander(message, data_keys, keys, len(body) + 16, plaintexts)


def _header(
    suite: int, message_id: bytes, commit: bytes, signer: ec.EllipticCurvePrivateKey | None, free: bytes
) -> bytes:
    context = b""
    if signer is not None:
        point = signer.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        context = canonical({"aws-crypto-public-key": base64.b64encode(point).decode()})
    fields = b"".join(len(field).to_bytes(2, "big") + field for field in (_PROVIDER, _INFO, 2 * free))
    start = b"\x02" + suite.to_bytes(2, "big") + message_id + len(context).to_bytes(2, "big") + context
    return start + (1).to_bytes(2, "big") + fields + b"\x02" + (4096).to_bytes(4, "big") + commit


def _agreeing(keys: list[bytes], iv: bytes, aad: bytes, ciphertext: bytes, block: int) -> tuple[bytes, bytes]:
    """Set a block of the ciphertext, or of the authenticated data if there is none, so that both keys' tags agree."""
    padded = _padded(aad) + _padded(ciphertext)
    count = len(padded) // 16 + 1
    unset = padded[: 16 * block] + bytes(16) + padded[16 * block + 16 :]
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    hash_keys = [int.from_bytes(_block_cipher(key, bytes(16)), "big") for key in keys]
    masks = [int.from_bytes(_block_cipher(key, iv + b"\0\0\0\1"), "big") for key in keys]
    one, other = (_ghash(hash_key, unset + lengths) ^ mask for hash_key, mask in zip(hash_keys, masks, strict=True))
    powers = [_power(hash_key, count - block) for hash_key in hash_keys]
    free = _times(one ^ other, _inverse(powers[0] ^ powers[1]))
    tag = (one ^ _times(free, powers[0])).to_bytes(16, "big")
    agreed = unset[: 16 * block] + free.to_bytes(16, "big") + unset[16 * block + 16 :]
    if ciphertext:
        return agreed[len(_padded(aad)) :][: len(ciphertext)], tag
    return agreed[: len(aad)], tag


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 16)


def _block_cipher(key: bytes, block: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)  # noqa: S305 - one block, for GHASH's key.


def _counter_mode(key: bytes, iv: bytes, content: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.CTR(iv + b"\0\0\0\2")).encryptor().update(content)


def _ghash(key: int, content: bytes) -> int:
    state = 0
    for at in range(0, len(content), 16):
        state = _times(state ^ int.from_bytes(content[at : at + 16], "big"), key)
    return state


def _times(one: int, other: int) -> int:
    """The product in GF(2^128), with GCM's order of bits."""
    product = 0
    for bit in range(127, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (_REDUCTION if other & 1 else 0)
    return product


def _power(base: int, exponent: int) -> int:
    power = 1 << 127
    for _ in range(exponent):
        power = _times(power, base)
    return power


def _inverse(element: int) -> int:
    """By Fermat: the power 2^128 - 2."""
    inverse, square = 1 << 127, element
    for _ in range(127):
        square = _times(square, square)
        inverse = _times(inverse, square)
    return inverse
