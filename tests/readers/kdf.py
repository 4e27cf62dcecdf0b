"""The one key derivation: SP 800-108 counter mode with HMAC-SHA-256."""

import hashlib
import hmac


def kdf(key: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """The first `length` bytes of K(1), K(2), …"""
    out = b""
    for counter in range(1, length // 32 + 2):
        message = counter.to_bytes(4, "big") + label + b"\0" + context + (8 * length).to_bytes(4, "big")
        out += hmac.new(key, message, hashlib.sha256).digest()
    return out[:length]


def canonical(pairs: dict[str, str]) -> bytes:
    """The canonical form of an encryption context or binding."""
    if not pairs:
        return b""
    encoded = sorted((key.encode(), value.encode()) for key, value in pairs.items())
    out = len(encoded).to_bytes(2, "big")
    for pair in encoded:
        for text in pair:
            out += len(text).to_bytes(2, "big") + text
    return out
