"""Every form in which a secret may lie about in memory: raw, text, AES key schedules, HMAC states."""

import base64
import struct
from collections import Counter
from math import isqrt

import numpy as np

from readers.kdf import kdf
from readers.store import StoreKeys


def secrets_of(keys: StoreKeys) -> dict[str, bytes]:
    """The keys of a store and the long-lived keys that derive from them."""
    found = {
        "root key": keys.root,
        "domain key": keys.domain,
        "audit key": keys.audit,
        "row MAC key": kdf(keys.domain, b"kmscore row mac v1", keys.store, 32),
        "anchor key": kdf(keys.domain, b"kmscore anchor v1", keys.store, 32),
    }
    # Those of key pairs have forms of their own.
    symmetric = [material for material in keys.materials.values() if len(material) == 32]
    return found | {f"backing key {number}": material for number, material in enumerate(symmetric)}


def needles(name: str, key: bytes) -> dict[str, bytes]:
    """What to search for to find a 32-byte key in any form that is as good as the key."""
    inner, outer = (_compress(_INITIAL, bytes(byte ^ pad for byte in key.ljust(64, b"\0"))) for pad in (0x36, 0x5C))
    schedule = _aes_256_schedule(key)
    forms = {
        "raw": key,
        "last 16 bytes": key[-16:],
        "first 16 bytes": key[:16],
        "hex": key.hex().encode(),
        "upper-case hex": key.hex().upper().encode(),
        "base64": base64.b64encode(key)[:42],
        "URL-safe base64": base64.urlsafe_b64encode(key)[:42],
        "first derived round keys of AES": schedule[32:64],
        "last round key of AES": schedule[-16:],
        "HMAC inner pad": bytes(byte ^ 0x36 for byte in key),
        "HMAC outer pad": bytes(byte ^ 0x5C for byte in key),
        # Whoever has these two states can compute every HMAC that the key can.
        "HMAC inner state": struct.pack("<8I", *inner),
        "HMAC outer state": struct.pack("<8I", *outer),
        "HMAC inner state, big-endian": struct.pack(">8I", *inner),
        "HMAC outer state, big-endian": struct.pack(">8I", *outer),
    }
    return {f"{name}, {form}": needle for form, needle in forms.items()}


def found_in(content: bytes, sought: dict[str, bytes]) -> dict[str, int]:
    """How often each needle stands in some bytes; those that do not are left out.

    A thousand needles are sought in one pass: where the first four bytes of one may stand, they are compared.
    """
    by_head: dict[bytes, list[tuple[str, bytes]]] = {}
    for name, needle in sought.items():
        by_head.setdefault(needle[:_HEAD], []).append((name, needle))
    first, second = np.zeros(1 << 16, bool), np.zeros(1 << 16, bool)
    for head in by_head:
        first[int.from_bytes(head[:2], "little")] = second[int.from_bytes(head[2:], "little")] = True
    counts: Counter[str] = Counter()
    for start in range(0, len(content), _STEP):
        step = np.frombuffer(content[start : start + _STEP + _HEAD - 1], np.uint8)
        words = step[:-1] | step[1:].astype(np.uint16) << 8
        for place in (start + np.flatnonzero(first[words[:-2]] & second[words[2:]])).tolist():
            for name, needle in by_head.get(content[place : place + _HEAD], ()):
                counts[name] += content.startswith(needle, place)
    return {name: count for name, count in counts.items() if count}


_HEAD = 4
_STEP = 1 << 20


def _primes(count: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found if prime * prime <= candidate):
            found.append(candidate)
        candidate += 1
    return found


def _cube_root(number: int) -> int:
    root: int = round(number ** (1 / 3))
    while root**3 > number:
        root -= 1
    while (root + 1) ** 3 <= number:
        root += 1
    return root


# FIPS 180-4: fractional parts of square and cube roots of the first primes.
_INITIAL = tuple(isqrt(prime << 64) & 0xFFFFFFFF for prime in _primes(8))
_ROUND = tuple(_cube_root(prime << 96) & 0xFFFFFFFF for prime in _primes(64))


def _rotate(word: int, by: int) -> int:
    return (word >> by | word << (32 - by)) & 0xFFFFFFFF


def _compress(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    """SHA-256's compression function: the state after one block."""
    words = list(struct.unpack(">16I", block))
    for at in range(16, 64):
        small, large = words[at - 15], words[at - 2]
        small = _rotate(small, 7) ^ _rotate(small, 18) ^ small >> 3
        large = _rotate(large, 17) ^ _rotate(large, 19) ^ large >> 10
        words.append((words[at - 16] + small + words[at - 7] + large) & 0xFFFFFFFF)
    a, b, c, d, e, f, g, h = state
    for word, constant in zip(words, _ROUND, strict=True):
        upper = h + (_rotate(e, 6) ^ _rotate(e, 11) ^ _rotate(e, 25)) + (e & f ^ ~e & g) + constant + word
        lower = (_rotate(a, 2) ^ _rotate(a, 13) ^ _rotate(a, 22)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (upper + lower) & 0xFFFFFFFF, a, b, c, (d + upper) & 0xFFFFFFFF, e, f, g
    return tuple((old + new) & 0xFFFFFFFF for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True))


def _double(byte: int) -> int:
    return (byte << 1) ^ (0x11B if byte & 0x80 else 0)


def _multiply(one: int, other: int) -> int:
    product = 0
    while other:
        product ^= one if other & 1 else 0
        one, other = _double(one), other >> 1
    return product


def _substitution_box() -> bytes:
    """FIPS 197, 5.1.1: the inverse in GF(2^8), then the affine map."""
    box = bytearray(256)
    for byte in range(256):
        inverse = next((other for other in range(256) if _multiply(byte, other) == 1), 0)
        rotations = [(inverse << by | inverse >> (8 - by)) & 0xFF for by in range(5)]
        box[byte] = rotations[0] ^ rotations[1] ^ rotations[2] ^ rotations[3] ^ rotations[4] ^ 0x63
    return bytes(box)


_BOX = _substitution_box()


def _aes_256_schedule(key: bytes) -> bytes:
    """FIPS 197, 5.2: 15 round keys of 16 bytes."""
    words = [key[at : at + 4] for at in range(0, 32, 4)]
    constant = 1
    for at in range(8, 60):
        word = words[-1]
        if at % 8 == 0:
            word = bytes(_BOX[byte] for byte in word[1:] + word[:1])
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = _double(constant)
        elif at % 8 == 4:
            word = bytes(_BOX[byte] for byte in word)
        words.append(bytes(one ^ other for one, other in zip(words[at - 8], word, strict=True)))
    return b"".join(words)
