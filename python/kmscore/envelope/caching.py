"""Data keys that serve many messages, within limits (AWS Encryption SDK Specification, `framework/caching-cmm.md`)."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import NamedTuple

from kmscore._core import (
    DataKey,
    EncryptedDataKey,
    EncryptionMaterials,
    EncryptionRequest,
    MaterialsCache,
    MessageHeader,
)
from kmscore.envelope.keyrings import Context, Keyring, require_keyring


class CacheStatistics(NamedTuple):
    """How often a cache answered."""

    encrypt_hits: int
    encrypt_misses: int
    decrypt_hits: int
    decrypt_misses: int


class CachingKeyring(Keyring):
    """A keyring whose data keys are used for many messages.

    Each message still has a content key of its own, derived from the data key and its message id. Messages of one data
    key have the same algorithm suite and encryption context; signed ones share the key pair. While a data key is asked
    for, other threads wait for it instead of asking as well.

    Args:
        keyring: Who makes data keys.
        max_age: Seconds after which a data key is not used any more.
        max_messages: Messages encrypted under one data key.
        max_bytes: Bytes of plaintext encrypted under one data key. A longer message gets a data key for itself.
        capacity: Data keys kept for encrypting, and as many for decrypting.

    Raises:
        ValueError: A limit is not positive, or larger than the specification allows.
    """

    def __init__(
        self,
        keyring: Keyring,
        *,
        max_age: float,
        max_messages: int = 2**32,
        max_bytes: int = 2**63 - 1,
        capacity: int = 100,
    ) -> None:
        limits = {"max_messages": (max_messages, 2**32), "max_bytes": (max_bytes, 2**63 - 1)}
        for name, (value, most) in (limits | {"capacity": (capacity, 2**32)}).items():
            if not 1 <= value <= most:
                raise ValueError(f"{name} is {value}: it must be between 1 and {most}")
        if not 0 < max_age < 2**53:
            raise ValueError(f"max_age is {max_age}: it must be a positive number of seconds")
        self.keyring = require_keyring(keyring)
        self._max_bytes = max_bytes
        self._max_messages = max_messages
        self._cache = MaterialsCache(max_age, max_messages, max_bytes, capacity)
        self._asking = _Asking()

    def on_encrypt(
        self, encryption_context: Context, data_key: DataKey | None
    ) -> tuple[DataKey, list[EncryptedDataKey]]:
        """As the keyring beneath: only whole materials are cached."""
        return self.keyring.on_encrypt(encryption_context, data_key)

    def on_decrypt(self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Context) -> DataKey:
        """As the keyring beneath."""
        return self.keyring.on_decrypt(encrypted_data_keys, encryption_context)

    def encryption_materials(self, request: EncryptionRequest, messages: int, length: int) -> EncryptionMaterials:
        """Materials in use, or new ones."""
        if length >= self._max_bytes or messages >= self._max_messages:
            # It uses up a data key by itself, and must not take the place of one that others use.
            return self.keyring.encryption_materials(request, messages, length)
        found = self._cache.encrypting(request, messages, length)
        if found is not None:
            return found
        with self._asking.lock():
            found = self._cache.encrypting(request, messages, length)
            if found is not None:
                return found
            made = self.keyring.encryption_materials(request, messages, length)
            self._cache.keep_encrypting(request, made, messages, length)
            return made

    def decryption_key(self, header: MessageHeader) -> DataKey:
        """The data key, known or asked for."""
        found = self._cache.decrypting(header)
        if found is not None:
            return found
        with self._asking.lock():
            found = self._cache.decrypting(header)
            if found is None:
                found = self.keyring.decryption_key(header)
                self._cache.keep_decrypting(header, found)
            return found

    def statistics(self) -> CacheStatistics:
        """How often the cache answered; one that waited for another's answer counts as a miss and a hit."""
        return CacheStatistics(*self._cache.statistics())

    def clear(self) -> None:
        """Forget all data keys."""
        self._cache.clear()

    def __repr__(self) -> str:
        """The keyring beneath."""
        return f"CachingKeyring({self.keyring!r})"


class _Asking:
    """One asks, the others wait. A forked child does not wait for a thread that only its parent has."""

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()

    def lock(self) -> threading.Lock:
        if self._process != os.getpid():
            self._renew()
        return self._lock
