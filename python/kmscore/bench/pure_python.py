"""AES-256-GCM in plain Python integers: FIPS 197 and NIST SP 800-38D, no C behind it.

This is what "pure Python" costs when it is done with care (T-tables, an eight-bit GHASH table per key). It is the
demo's slowest peer and nothing else: table look-ups leak timing, so it must never guard real data.
"""

import struct
from collections.abc import Iterator

_ROUNDS = 14
_KEY_WORDS = 8
_GHASH_POLYNOMIAL = 0xE1 << 120
_WORD = 0xFFFFFFFF


class InvalidTag(Exception):
    """The tag does not belong to this ciphertext, associated data and nonce."""


class AesGcm:
    """AES-256-GCM under one key.

    Args:
        key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError(f"key: {len(key)} bytes, AES-256 takes 32")
        self._round_keys = _expand_key(key)
        self._ghash_tables = _ghash_tables(int.from_bytes(self._block(bytes(16)), "big"))

    def encrypt(self, nonce: bytes, plaintext: bytes, associated_data: bytes) -> bytes:
        """Encrypt and append the 16-byte tag.

        Args:
            nonce: 12 bytes, never twice under one key.
            plaintext: what to hide.
            associated_data: what to bind and not to hide.

        Returns:
            Ciphertext and tag.
        """
        ciphertext = self._counter_mode(nonce, plaintext)
        return ciphertext + self._tag(nonce, ciphertext, associated_data)

    def decrypt(self, nonce: bytes, sealed: bytes, associated_data: bytes) -> bytes:
        """Check the tag, then decrypt.

        Args:
            nonce: the 12 bytes used to encrypt.
            sealed: ciphertext and tag.
            associated_data: what was bound.

        Returns:
            The plaintext.

        Raises:
            InvalidTag: anything was changed.
        """
        ciphertext, tag = sealed[:-16], sealed[-16:]
        if self._tag(nonce, ciphertext, associated_data) != tag:
            raise InvalidTag
        return self._counter_mode(nonce, ciphertext)

    def _counter_mode(self, nonce: bytes, data: bytes) -> bytes:
        blocks = (len(data) + 15) // 16
        stream = b"".join(self._block(nonce + struct.pack(">I", counter)) for counter in range(2, blocks + 2))
        mixed = int.from_bytes(data, "big") ^ int.from_bytes(stream[: len(data)], "big")
        return mixed.to_bytes(len(data), "big")

    def _tag(self, nonce: bytes, ciphertext: bytes, associated_data: bytes) -> bytes:
        lengths = struct.pack(">QQ", 8 * len(associated_data), 8 * len(ciphertext))
        digest = 0
        for block in _blocks(_padded(associated_data) + _padded(ciphertext) + lengths):
            digest = self._times_hash_key(digest ^ int.from_bytes(block, "big"))
        mask = int.from_bytes(self._block(nonce + b"\0\0\0\1"), "big")
        return (digest ^ mask).to_bytes(16, "big")

    def _times_hash_key(self, value: int) -> int:
        product = 0
        for table, byte in zip(self._ghash_tables, value.to_bytes(16, "big"), strict=True):
            product ^= table[byte]
        return product

    def _block(self, block: bytes) -> bytes:
        keys = self._round_keys
        a, b, c, d = (word ^ key for word, key in zip(struct.unpack(">4I", block), keys[:4], strict=True))
        for i in range(4, 4 * _ROUNDS, 4):
            a, b, c, d = (
                _T0[a >> 24] ^ _T1[b >> 16 & 255] ^ _T2[c >> 8 & 255] ^ _T3[d & 255] ^ keys[i],
                _T0[b >> 24] ^ _T1[c >> 16 & 255] ^ _T2[d >> 8 & 255] ^ _T3[a & 255] ^ keys[i + 1],
                _T0[c >> 24] ^ _T1[d >> 16 & 255] ^ _T2[a >> 8 & 255] ^ _T3[b & 255] ^ keys[i + 2],
                _T0[d >> 24] ^ _T1[a >> 16 & 255] ^ _T2[b >> 8 & 255] ^ _T3[c & 255] ^ keys[i + 3],
            )
        last = keys[4 * _ROUNDS :]
        return struct.pack(
            ">4I",
            _last_round(a, b, c, d) ^ last[0],
            _last_round(b, c, d, a) ^ last[1],
            _last_round(c, d, a, b) ^ last[2],
            _last_round(d, a, b, c) ^ last[3],
        )


def _last_round(a: int, b: int, c: int, d: int) -> int:
    return _SBOX[a >> 24] << 24 | _SBOX[b >> 16 & 255] << 16 | _SBOX[c >> 8 & 255] << 8 | _SBOX[d & 255]


def _expand_key(key: bytes) -> list[int]:
    """FIPS 197, section 5.2."""
    words = list(struct.unpack(">8I", key))
    round_constant = 1
    for i in range(_KEY_WORDS, 4 * (_ROUNDS + 1)):
        word = words[-1]
        if i % _KEY_WORDS == 0:
            word = _substitute(_rotate_left(word, 8)) ^ round_constant << 24
            round_constant = _double(round_constant)
        elif i % _KEY_WORDS == 4:
            word = _substitute(word)
        words.append(words[-_KEY_WORDS] ^ word)
    return words


def _ghash_tables(hash_key: int) -> list[list[int]]:
    """For each of 16 byte positions, the product of the hash key and each of 256 bytes (SP 800-38D, section 6.3)."""
    tables = []
    power = hash_key
    for _ in range(16):
        table = [0] * 256
        for bit in (128, 64, 32, 16, 8, 4, 2, 1):
            table[bit] = power
            power = power >> 1 ^ (_GHASH_POLYNOMIAL if power & 1 else 0)
        for byte in range(1, 256):
            lowest = byte & -byte
            table[byte] = table[lowest] ^ table[byte ^ lowest]
        tables.append(table)
    return tables


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def _blocks(data: bytes) -> Iterator[bytes]:
    return (data[i : i + 16] for i in range(0, len(data), 16))


def _double(byte: int) -> int:
    """Multiply by x in the field of AES."""
    return byte << 1 ^ (0x11B if byte & 0x80 else 0)


def _rotate_left(word: int, bits: int) -> int:
    return (word << bits | word >> 32 - bits) & _WORD


def _substitute(word: int) -> int:
    return int.from_bytes(bytes(_SBOX[byte] for byte in word.to_bytes(4, "big")), "big")


def _substitution_box() -> list[int]:
    """FIPS 197, section 5.1.1: the inverse in GF(2^8), then the affine map."""
    powers, value = [], 1
    for _ in range(255):
        powers.append(value)
        value ^= _double(value)
    box = [0x63] * 256
    for exponent, power in enumerate(powers):
        box[power] = _affine(powers[-exponent % 255])
    return box


def _affine(byte: int) -> int:
    result = 0x63
    for shift in range(5):
        result ^= (byte << shift | byte >> 8 - shift) & 255
    return result


_SBOX = _substitution_box()
_T0 = [_double(s) << 24 | s << 16 | s << 8 | _double(s) ^ s for s in _SBOX]
_T1 = [_rotate_left(word, 24) for word in _T0]
_T2 = [_rotate_left(word, 16) for word in _T0]
_T3 = [_rotate_left(word, 8) for word in _T0]
