"""Every form in which the key material of a key pair or an HMAC key may lie about in memory."""

import base64
import struct
from hashlib import sha512, shake_256
from typing import Any

from cryptography.hazmat.primitives.serialization import load_der_private_key

from readers import ml_kem

# FIPS 204, table 1: the dimensions k and l, which are hashed together with the seed.
_ML_DSA = {"ML_DSA_44": b"\4\4", "ML_DSA_65": b"\6\5", "ML_DSA_87": b"\10\7"}


def canonical(spec: str, pkcs8: bytes) -> bytes:
    """The stored form (docs/formats.md, "Key material") of the private key of a data key pair."""
    if spec.startswith("RSA_"):
        return pkcs8[26:]
    if spec.startswith("ML_KEM_"):
        return pkcs8[-64:]
    if spec == "ECC_NIST_EDWARDS25519":
        return pkcs8[-32:]
    # RFC 5915: version 1, then the scalar as an octet string.
    at = pkcs8.index(b"\2\1\1\4", 9)
    return pkcs8[at + 5 :][: pkcs8[at + 4]]


def secrets_of(spec: str, material: bytes) -> dict[str, bytes]:
    """The secret parts of key material, and what derives from it and is as good as it."""
    if spec.startswith("RSA_"):
        key: Any = load_der_private_key(material, None)
        numbers = key.private_numbers()
        parts = {"p": numbers.p, "q": numbers.q, "d": numbers.d, "dP": numbers.dmp1, "dQ": numbers.dmq1}
        parts["qInv"] = numbers.iqmp
        return {name: number.to_bytes((number.bit_length() + 7) // 8, "big") for name, number in parts.items()}
    if spec.startswith("ML_KEM_"):
        vector = ml_kem.key_pair(spec, material).private[:24]
        return {"d": material[:32], "z": material[32:], "secret vector": vector, "its words": _words(vector)}
    if spec in _ML_DSA:
        # FIPS 204, algorithm 6: rho, rho' and K.
        expanded = shake_256(material + _ML_DSA[spec]).digest(128)
        return {"seed": material, "rho'": expanded[32:96], "K": expanded[96:]}
    if spec == "ECC_NIST_EDWARDS25519":
        expanded = sha512(material).digest()
        clamped = bytes([expanded[0] & 248, *expanded[1:31], expanded[31] & 63 | 64])
        return {"seed": material, "scalar": clamped, "prefix": expanded[32:]}
    if spec.startswith("HMAC_"):
        pads = {f"pad {pad:#x}": bytes(byte ^ pad for byte in material) for pad in (0x36, 0x5C)}
        return {"key": material, **pads}
    return {"scalar": material}


def needles(name: str, spec: str, material: bytes) -> dict[str, bytes]:
    """What to search for: both ends of every part in both byte orders, and the stored form as text.

    AWS-LC keeps numbers in 64-bit words, the lowest first: on these machines that is the other byte order.
    """
    found = {}
    for part, secret in secrets_of(spec, material).items():
        content = secret.lstrip(b"\0")
        for order, ordered in (("big-endian", content), ("little-endian", content[::-1])):
            found[f"{part}, first bytes, {order}"] = ordered[:16]
            found[f"{part}, last bytes, {order}"] = ordered[-16:]
    # Of RSA the text of the primes, which follow modulus and d; what comes first is public.
    start = 0 if len(material) < 100 else len(material) * 11 // 20
    found["hex"] = material.hex().encode()[2 * start :][:40]
    found["upper-case hex"] = found["hex"].upper()
    found["base64"] = base64.b64encode(material)[start // 3 * 4 :][:36]
    return {f"{name}, {form}": needle for form, needle in found.items()}


def _words(encoded: bytes) -> bytes:
    """16 coefficients of 12 bits as words of 16."""
    number = int.from_bytes(encoded, "little")
    return struct.pack("<16H", *(number >> 12 * at & 0xFFF for at in range(16)))
