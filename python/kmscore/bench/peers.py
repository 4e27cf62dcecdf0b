"""What kmscore is measured against, one small class a library, written as a user of that library would write it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

from kmscore.bench import esdk
from kmscore.bench.pure_python import AesGcm
from kmscore.bench.ways import ASSOCIATED_DATA, KIB, MIB, Cipher, Load, Loop, Requirement, Way

_CRYPTOGRAPHY = Requirement("cryptography (AESGCM, Fernet)", "cryptography", "pip install cryptography")
_TINK = Requirement("Tink", "tink", "pip install tink")
_NONCE = 12


class TinkAead:
    """Tink's AEAD, AES256_GCM: one key, a random nonce a message."""

    def __init__(self) -> None:
        import tink
        from tink import aead

        aead.register()
        keys = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
        self._primitive = keys.primitive(aead.Aead)

    def encrypt(self, plaintext: bytes) -> bytes:
        """One call."""
        message: bytes = self._primitive.encrypt(plaintext, ASSOCIATED_DATA)
        return message

    def decrypt(self, message: bytes) -> bytes:
        """One call."""
        plaintext: bytes = self._primitive.decrypt(message, ASSOCIATED_DATA)
        return plaintext


class TinkStreaming:
    """Tink's streaming AEAD, AES256_GCM_HKDF_4KB: a derived key a message, segments of 4 KiB."""

    def __init__(self) -> None:
        import tink
        from tink import streaming_aead

        streaming_aead.register()
        keys = tink.new_keyset_handle(streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_4KB)
        self._primitive: Any = keys.primitive(streaming_aead.StreamingAead)

    def encrypt(self, plaintext: bytes) -> bytes:
        """From memory to memory."""
        target = _KeptOpen()
        with self._primitive.new_encrypting_stream(target, ASSOCIATED_DATA) as stream:
            stream.write(plaintext)
        return target.getvalue()

    def decrypt(self, message: bytes) -> bytes:
        """From memory to memory."""
        with self._primitive.new_decrypting_stream(io.BytesIO(message), ASSOCIATED_DATA) as stream:
            plaintext: bytes = stream.read()
        return plaintext


class _KeptOpen(io.BytesIO):
    """Tink closes what it writes to, and a closed BytesIO has no value any more."""

    def close(self) -> None:
        pass


class FixedKey:
    """AES-256-GCM under one key: a random nonce a message, kept beside the ciphertext."""

    def __init__(self, cipher: Any) -> None:
        self._cipher = cipher

    def encrypt(self, plaintext: bytes) -> tuple[bytes, bytes]:
        """One call."""
        nonce = os.urandom(_NONCE)
        return nonce, self._cipher.encrypt(nonce, plaintext, ASSOCIATED_DATA)

    def decrypt(self, message: tuple[bytes, bytes]) -> bytes:
        """One call."""
        nonce, ciphertext = message
        plaintext: bytes = self._cipher.decrypt(nonce, ciphertext, ASSOCIATED_DATA)
        return plaintext


def aesgcm() -> FixedKey:
    """cryptography's AESGCM."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return FixedKey(AESGCM(os.urandom(32)))


def pure_python() -> FixedKey:
    """AES-256-GCM in plain integers."""
    return FixedKey(AesGcm(os.urandom(32)))


class Fernet:
    """cryptography's recipe: AES-128-CBC and HMAC-SHA-256, in base64."""

    def __init__(self) -> None:
        from cryptography import fernet

        cipher = fernet.Fernet(fernet.Fernet.generate_key())
        self.encrypt, self.decrypt = cipher.encrypt, cipher.decrypt


def ways() -> list[Way]:
    """Every peer."""
    return [
        *esdk.ways(),
        _way("tink-aead", "Tink AEAD", TinkAead, _TINK, _loads(10_000, 8, 100)),
        _way("tink-streaming", "Tink streaming AEAD, 4 KiB", TinkStreaming, _TINK, _loads(1_000, 8, 100)),
        _way("aesgcm", "cryptography AESGCM", aesgcm, _CRYPTOGRAPHY, _loads(10_000, 8, 100)),
        _way("fernet", "Fernet", Fernet, _CRYPTOGRAPHY, _loads(2_000, 4, 20)),
        _way("pure-python", "pure Python AES-GCM", pure_python, None, _PURE_PYTHON),
    ]


# It is slow enough that 16 KiB last as long as 100 MiB do elsewhere, and its rate does not depend on the length.
_PURE_PYTHON = {KIB: Load(16, KIB), MIB: Load(1, 16 * KIB), 100 * MIB: Load(1, 16 * KIB)}


def _loads(small: int, middle: int, large: int) -> dict[int, Load]:
    """Messages of 1 KiB and of 1 MiB, and the MiB of the one that stands for 100 MiB."""
    return {KIB: Load(small, KIB), MIB: Load(middle, MIB), 100 * MIB: Load(1, large * MIB)}


def _way(
    name: str, label: str, make: Callable[[], Cipher], requirement: Requirement | None, loads: dict[int, Load]
) -> Way:
    return Way(name, label, loads, lambda _, threads: Loop([make() for _ in range(threads)]), requirement=requirement)
