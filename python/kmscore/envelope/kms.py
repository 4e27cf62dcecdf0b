"""Keyrings over AWS KMS: kmscore's own client, or any boto3 client (AWS Encryption SDK Specification, `aws-kms/`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from kmscore._core import DataKey, EncryptedDataKey, KeyringError, decryption_error
from kmscore.client.data_keys import DataKeyCalls
from kmscore.envelope.keyrings import Context, Keyring, first_decrypted, nothing_for

PROVIDER = "aws-kms"
_DATA_KEY = 32
# What AWS KMS answers when the ciphertext, the key or the encryption context is another.
_UNDECRYPTED = {"InvalidCiphertextException", "IncorrectKeyException"}


class KmsClient(Protocol):
    """The calls of a KMS client that keyrings make: kmscore's client or boto3's."""

    @property
    def generate_data_key(self) -> Callable[..., Any]:
        """GenerateDataKey."""

    @property
    def encrypt(self) -> Callable[..., Any]:
        """Encrypt."""

    @property
    def decrypt(self) -> Callable[..., Any]:
        """Decrypt."""


class KmsKeyring(Keyring):
    """Data keys of KMS keys.

    Encrypting calls GenerateDataKey once a data key, and Encrypt for each further key. Decrypting calls Decrypt, with
    the configured key, for encrypted data keys that may be of one of the configured keys.

    Args:
        client: A kmscore client, or any boto3 KMS client.
        generator: The KMS key that makes data keys: key id, key ARN, alias name or alias ARN. Without it the keyring
            only decrypts, or is a child of a MultiKeyring.
        keys: More KMS keys; each of them can decrypt.
        grant_tokens: Sent with every call.

    Raises:
        TypeError: `client` lacks the calls of a KMS client.
        ValueError: No key is named.
    """

    def __init__(
        self,
        client: KmsClient,
        generator: str | None = None,
        keys: Sequence[str] = (),
        grant_tokens: Sequence[str] = (),
    ) -> None:
        if isinstance(keys, str):
            raise TypeError("keys must be a sequence of key identifiers, not one str")
        if generator is None and not keys:
            raise ValueError("generator or keys must name a KMS key; to decrypt with any, use KmsDiscoveryKeyring")
        for key in (*([generator] if generator is not None else []), *keys):
            if not isinstance(key, str) or not key:
                raise TypeError(f"a KMS key is named by a str, not {key!r}")
        self._calls = _calls(client, grant_tokens)
        self._generator = generator
        self._keys = tuple(keys)

    def on_encrypt(
        self, encryption_context: Context, data_key: DataKey | None
    ) -> tuple[DataKey, list[EncryptedDataKey]]:
        """Call GenerateDataKey, and Encrypt for each further key.

        Raises:
            KeyringError: There is no generator, and no earlier keyring made a data key.
            ClientError: What the client raises.
        """
        encrypted: list[EncryptedDataKey] = []
        names = list(self._keys)
        if data_key is None:
            if self._generator is None:
                raise KeyringError(f"{self!r} has no generator to make a data key")
            data_key, arn, blob = self._calls.generate(self._generator, encryption_context)
            encrypted.append(_encrypted_data_key(arn, blob))
        elif self._generator is not None:
            names.insert(0, self._generator)
        wrapped = [self._calls.encrypt(name, data_key, encryption_context) for name in names]
        return data_key, encrypted + [_encrypted_data_key(*pair) for pair in wrapped]

    def on_decrypt(self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Context) -> DataKey:
        """Call Decrypt for what may be of a configured key."""
        names = [name for name in (self._generator, *self._keys) if name is not None]
        candidates = [
            (name, encrypted) for encrypted in encrypted_data_keys for name in names if _may_be_of(name, encrypted)
        ]
        if not candidates:
            raise nothing_for(self, encrypted_data_keys)
        return first_decrypted(candidates, lambda found: self._calls.decrypt(*found, encryption_context))

    def __repr__(self) -> str:
        """The keys' names."""
        names = [name for name in (self._generator, *self._keys) if name is not None]
        return f"KmsKeyring({', '.join(names)})"


class KmsDiscoveryKeyring(Keyring):
    """Decrypts with whatever KMS key the message names, if the client may use it. It encrypts nothing.

    Args:
        client: A kmscore client, or any boto3 KMS client.
        accounts: Only keys of these accounts; all when absent.
        partition: Only keys of this partition.
        grant_tokens: Sent with every call.
    """

    def __init__(
        self,
        client: KmsClient,
        *,
        accounts: Collection[str] | None = None,
        partition: str = "aws",
        grant_tokens: Sequence[str] = (),
    ) -> None:
        if isinstance(accounts, str):
            raise TypeError("accounts must be a collection of account ids, not one str")
        self._calls = _calls(client, grant_tokens)
        self._accounts = None if accounts is None else frozenset(accounts)
        self._partition = partition

    def on_encrypt(
        self, encryption_context: Context, data_key: DataKey | None
    ) -> tuple[DataKey, list[EncryptedDataKey]]:
        """Refuse: a key that encrypts must be chosen.

        Raises:
            KeyringError: Always.
        """
        del encryption_context, data_key
        raise KeyringError(f"{self!r} only decrypts: to encrypt, name a key with KmsKeyring")

    def on_decrypt(self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Context) -> DataKey:
        """Call Decrypt with each key that the message names."""
        candidates = [encrypted for encrypted in encrypted_data_keys if self._allows(encrypted)]
        if not candidates:
            raise nothing_for(self, encrypted_data_keys)
        return first_decrypted(
            candidates, lambda encrypted: self._calls.decrypt(arn_of(encrypted), encrypted, encryption_context)
        )

    def _allows(self, encrypted: EncryptedDataKey) -> bool:
        parts = arn_of(encrypted).split(":")
        if encrypted.provider_id != PROVIDER or len(parts) != 6 or not parts[5].startswith("key/"):
            return False
        return parts[1] == self._partition and (self._accounts is None or parts[4] in self._accounts)

    def __repr__(self) -> str:
        """Which keys it would use."""
        accounts = "any account" if self._accounts is None else ", ".join(sorted(self._accounts))
        return f"KmsDiscoveryKeyring({self._partition}, {accounts})"


class _Calls(Protocol):
    """A client's three calls, with data keys that stay opaque."""

    def generate(self, key: str, context: Context) -> tuple[DataKey, str, bytes]: ...

    def encrypt(self, key: str, data_key: DataKey, context: Context) -> tuple[str, bytes]: ...

    def decrypt(self, key: str, encrypted: EncryptedDataKey, context: Context) -> DataKey: ...


def _calls(client: KmsClient, grant_tokens: Sequence[str]) -> _Calls:
    tokens = tokens_of(grant_tokens)
    if isinstance(client, DataKeyCalls):
        return _EngineCalls(client, tokens)
    missing = [name for name in ("generate_data_key", "encrypt", "decrypt") if not hasattr(client, name)]
    if missing:
        raise TypeError(f"client must be a kmscore or boto3 KMS client, not {type(client).__name__}")
    return _ServiceCalls(client, {"GrantTokens": tokens} if tokens else {})


def tokens_of(grant_tokens: Sequence[str]) -> list[str]:
    """Grant tokens as a list.

    Raises:
        TypeError: They are one str.
    """
    if isinstance(grant_tokens, str):
        raise TypeError("grant_tokens must be a sequence of tokens, not one str")
    return list(grant_tokens)


class _EngineCalls:
    """kmscore's own client: data keys never become Python objects."""

    def __init__(self, client: DataKeyCalls, grant_tokens: list[str]) -> None:
        self._client = client
        self._grant_tokens = grant_tokens

    def generate(self, key: str, context: Context) -> tuple[DataKey, str, bytes]:
        return self._client.make_data_key(key, context, self._grant_tokens)

    def encrypt(self, key: str, data_key: DataKey, context: Context) -> tuple[str, bytes]:
        return self._client.wrap_data_key(key, data_key, context, self._grant_tokens)

    def decrypt(self, key: str, encrypted: EncryptedDataKey, context: Context) -> DataKey:
        try:
            data_key, arn = self._client.unwrap_data_key(key, encrypted.ciphertext, context, self._grant_tokens)
        except Exception as error:
            raise refused(key, error) from error
        return checked(data_key, arn, encrypted)


class _ServiceCalls:
    """boto3, whose replies have data keys as bytes: those are copied into locked memory and let go."""

    def __init__(self, client: KmsClient, common: dict[str, Any]) -> None:
        self._client = client
        self._common = common

    def generate(self, key: str, context: Context) -> tuple[DataKey, str, bytes]:
        reply = self._client.generate_data_key(
            KeyId=key, NumberOfBytes=_DATA_KEY, EncryptionContext=context, **self._common
        )
        return DataKey.from_bytes(reply["Plaintext"]), reply["KeyId"], reply["CiphertextBlob"]

    def encrypt(self, key: str, data_key: DataKey, context: Context) -> tuple[str, bytes]:
        reply = self._client.encrypt(
            KeyId=key, Plaintext=data_key.dangerous_bytes(), EncryptionContext=context, **self._common
        )
        return reply["KeyId"], reply["CiphertextBlob"]

    def decrypt(self, key: str, encrypted: EncryptedDataKey, context: Context) -> DataKey:
        try:
            reply = self._client.decrypt(
                KeyId=key, CiphertextBlob=encrypted.ciphertext, EncryptionContext=context, **self._common
            )
        except Exception as error:
            raise refused(key, error) from error
        if len(reply["Plaintext"]) != _DATA_KEY:
            raise decryption_error()
        return checked(DataKey.from_bytes(reply["Plaintext"]), reply["KeyId"], encrypted)


def refused(key: str, error: Exception) -> Exception:
    """A failed Decrypt: the one decryption error if the ciphertext was refused, else the service's reason."""
    response = getattr(error, "response", None)
    code = response["Error"]["Code"] if isinstance(response, dict) else type(error).__name__
    if code in _UNDECRYPTED:
        return decryption_error()
    return KeyringError(f"{key}: {error}")


def checked(data_key: DataKey, arn: str, encrypted: EncryptedDataKey) -> DataKey:
    """The service must have used the key that the message names."""
    if arn != arn_of(encrypted):
        raise decryption_error()
    return data_key


def _encrypted_data_key(arn: str, blob: bytes) -> EncryptedDataKey:
    return EncryptedDataKey(PROVIDER, arn.encode(), blob)


def arn_of(encrypted: EncryptedDataKey) -> str:
    """The ARN of the KMS key that a data key was encrypted under."""
    return encrypted.provider_info.decode(errors="replace")


def _may_be_of(name: str, encrypted: EncryptedDataKey) -> bool:
    """Whether a key of this name may have made it. What an alias stands for, only the service knows."""
    if encrypted.provider_id != PROVIDER:
        return False
    arn = arn_of(encrypted)
    if "alias/" in name:
        return True
    return arn == name or arn.endswith(f":key/{name}")
