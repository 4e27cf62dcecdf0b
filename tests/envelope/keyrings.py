"""Keyrings of the tests' own."""

from collections.abc import Sequence

from kmscore.envelope import DataKey, EncryptedDataKey, Keyring, RawAesKeyring

UNSIGNED, SIGNED = SUITES = 0x0478, 0x0578
NAMESPACE, NAME, WRAPPING_KEY = "kmscore-tests", "a key", bytes(range(32))


def raw_ring(wrapping_key: bytes = WRAPPING_KEY, name: str = NAME) -> RawAesKeyring:
    """A raw AES keyring."""
    return RawAesKeyring(NAMESPACE, name, wrapping_key)


class FixedKeyring(Keyring):
    """One data key for all messages, whatever stands in them; it counts how often it was asked."""

    def __init__(self, data_key: bytes | DataKey, encrypted: EncryptedDataKey | None = None) -> None:
        self.data_key = data_key if isinstance(data_key, DataKey) else DataKey.from_bytes(data_key)
        self.encrypted = encrypted or EncryptedDataKey("tests", b"fixed", b"known")
        self.encrypting = self.decrypting = 0

    def on_encrypt(
        self, encryption_context: dict[str, str], data_key: DataKey | None
    ) -> tuple[DataKey, list[EncryptedDataKey]]:
        del encryption_context
        self.encrypting += 1
        return data_key or self.data_key, [self.encrypted]

    def on_decrypt(
        self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: dict[str, str]
    ) -> DataKey:
        del encrypted_data_keys, encryption_context
        self.decrypting += 1
        return self.data_key
