"""Keyrings: who makes and protects data keys (AWS Encryption SDK Specification, `framework/keyring-interface.md`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from kmscore._core import (
    DataKey,
    DecryptionError,
    EncryptedDataKey,
    EncryptionMaterials,
    EncryptionRequest,
    KeyringError,
    MessageHeader,
    RawAesKey,
    decryption_error,
)

if TYPE_CHECKING:
    from kmscore.client.calls import Blob

ML_KEM_PROVIDER = "kmscore-ml-kem"
Context = dict[str, str]
T = TypeVar("T")


class Keyring:
    """What protects data keys. A keyring of your own implements `on_encrypt` and `on_decrypt`.

    Keyrings may be shared between threads.
    """

    def on_encrypt(
        self, encryption_context: Context, data_key: DataKey | None
    ) -> tuple[DataKey, list[EncryptedDataKey]]:
        """Make a data key if there is none, and encrypt it.

        Args:
            encryption_context: What the encrypted data key must be bound to.
            data_key: What an earlier keyring made.

        Returns:
            The data key, and what this keyring adds to the message's encrypted data keys.
        """
        raise NotImplementedError  # Each keyring has its own.

    def on_decrypt(self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Context) -> DataKey:
        """Decrypt one of the encrypted data keys.

        Raises:
            KeyringError: None of them is for this keyring, or its key cannot be used; the text says which and why.
            DecryptionError: One is for this keyring and does not decrypt.
        """
        raise NotImplementedError  # Each keyring has its own.

    def encryption_materials(self, request: EncryptionRequest, messages: int, length: int) -> EncryptionMaterials:
        """What messages are made with.

        Args:
            request: What they shall be.
            messages: How many.
            length: Bytes of all their plaintexts.
        """
        del messages, length
        data_key, encrypted = self.on_encrypt(request.keyring_context(), None)
        return request.materials(data_key, encrypted)

    def decryption_key(self, header: MessageHeader) -> DataKey:
        """The data key of a message."""
        return self.on_decrypt(header.encrypted_data_keys, header.encryption_context)


class RawAesKeyring(Keyring):
    """An AES key of your own that wraps data keys with AES-GCM.

    Use one wrapping key for at most 2^32 data keys: its IVs are random. The key lives in locked memory and is wiped in
    a forked process; make the keyring anew there.

    Args:
        namespace: Who the key belongs to; not `aws-kms` nor `kmscore-ml-kem`.
        name: Which of their keys it is. Both stand in every message, readable.
        wrapping_key: 16, 24 or 32 bytes.

    Raises:
        ValueError: An argument has a wrong length or a reserved value.
    """

    def __init__(self, namespace: str, name: str, wrapping_key: Blob) -> None:
        self._key = RawAesKey(namespace, name, wrapping_key)
        self._title = f"RawAesKeyring({namespace!r}, {name!r})"

    def on_encrypt(
        self, encryption_context: Context, data_key: DataKey | None
    ) -> tuple[DataKey, list[EncryptedDataKey]]:
        """Wrap the data key."""
        data_key = data_key or DataKey.random()
        return data_key, [self._key.wrap(data_key, encryption_context)]

    def on_decrypt(self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Context) -> DataKey:
        """Unwrap the first data key of this namespace and name that can be."""
        mine = [encrypted for encrypted in encrypted_data_keys if self._key.made(encrypted)]
        if not mine:
            raise nothing_for(self, encrypted_data_keys)
        return first_decrypted(mine, lambda encrypted: self._key.unwrap(encrypted, encryption_context))

    def __repr__(self) -> str:
        """Names, and never the key."""
        return self._title


class MultiKeyring(Keyring):
    """Several keyrings: each of them can decrypt what all of them encrypted.

    Args:
        generator: Makes the data key.
        *children: Encrypt it as well. Decrypting asks the generator first, then these in order.
    """

    def __init__(self, generator: Keyring, *children: Keyring) -> None:
        for keyring in (generator, *children):
            require_keyring(keyring)
        self._keyrings = (generator, *children)

    def on_encrypt(
        self, encryption_context: Context, data_key: DataKey | None
    ) -> tuple[DataKey, list[EncryptedDataKey]]:
        """Let each keyring encrypt the data key; all must succeed."""
        encrypted: list[EncryptedDataKey] = []
        for keyring in self._keyrings:
            data_key, added = keyring.on_encrypt(encryption_context, data_key)
            encrypted += added
        if data_key is None:
            raise KeyringError(f"{self!r} made no data key")
        return data_key, encrypted

    def on_decrypt(self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Context) -> DataKey:
        """Ask each keyring until one succeeds."""
        return first_decrypted(
            self._keyrings, lambda keyring: keyring.on_decrypt(encrypted_data_keys, encryption_context)
        )

    def __repr__(self) -> str:
        """The keyrings' own."""
        return f"MultiKeyring({', '.join(map(repr, self._keyrings))})"


def require_keyring(keyring: object) -> Keyring:
    """Refuse what is no keyring."""
    if not isinstance(keyring, Keyring):
        raise TypeError(f"keyring must be an envelope.Keyring, not {type(keyring).__name__}")
    return keyring


def first_decrypted(candidates: Sequence[T], decrypt: Callable[[T], DataKey]) -> DataKey:
    """The data key of the first candidate that gives one.

    Raises:
        KeyringError: A key could not be used; the text has all reasons.
        DecryptionError: Each candidate either was not meant or did not decrypt.
    """
    reasons: list[KeyringError] = []
    undecrypted = False
    for candidate in candidates:
        try:
            return decrypt(candidate)
        except DecryptionError:
            undecrypted = True
        except KeyringError as error:
            reasons.append(error)
    if undecrypted:
        refusal = decryption_error()
        for reason in reasons:
            refusal.add_note(str(reason))
        raise refusal
    if len(reasons) == 1:
        raise reasons[0]
    raise KeyringError("; ".join(map(str, reasons))) from reasons[0]


def nothing_for(keyring: Keyring, encrypted_data_keys: Sequence[EncryptedDataKey]) -> KeyringError:
    """The error for a message that is not for this keyring."""
    there = ", ".join(_shown(encrypted) for encrypted in encrypted_data_keys[:5])
    more = f" and {len(encrypted_data_keys) - 5} more" if len(encrypted_data_keys) > 5 else ""
    return KeyringError(f"the message is not for {keyring!r}: its encrypted data keys are of {there}{more}")


def _shown(encrypted: EncryptedDataKey) -> str:
    """Provider and key name; a raw keyring's info ends in 20 bytes that are no text."""
    info = encrypted.provider_info
    if encrypted.provider_id.startswith(("aws-kms", ML_KEM_PROVIDER)):
        return f"{encrypted.provider_id} {info.decode(errors='replace')}"
    return f"{encrypted.provider_id} {info[: max(len(info) - 20, 0)].decode(errors='replace')!r}"
