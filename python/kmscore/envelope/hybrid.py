"""Keyrings over the public half of KMS keys: anyone encrypts, without KMS; KMS decrypts or decapsulates.

The bytes are in docs/formats.md, "Data key under RSA" and "Data key under ML-KEM".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, get_args

from kmscore._core import (
    DataKey,
    EncryptedDataKey,
    EnvelopeError,
    KeyringError,
    PublicKey,
    ml_kem_ciphertext,
    unwrap_ml_kem,
    unwrap_rsa,
)
from kmscore.client.data_keys import DataKeyCalls
from kmscore.envelope.keyrings import ML_KEM_PROVIDER, Context, Keyring, first_decrypted, nothing_for
from kmscore.envelope.kms import arn_of, checked, refused, tokens_of

if TYPE_CHECKING:
    from kmscore.client.calls import Blob

RsaAlgorithm: TypeAlias = Literal["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
"""How data keys are encrypted under RSA."""

_ARN = re.compile(r"arn:[\w-]+:kms:[\w-]+:[0-9]+:key/[\w-]+", re.ASCII)
# Signed messages name their public key here.
_SIGNED = "aws-crypto-public-key"


class RsaClient(Protocol):
    """The calls of a KMS client that `KmsRsaKeyring` makes: kmscore's client or boto3's."""

    @property
    def get_public_key(self) -> Callable[..., Any]:
        """GetPublicKey."""

    @property
    def decrypt(self) -> Callable[..., Any]:
        """Decrypt."""


class MlKemClient(Protocol):
    """The calls of a KMS client that `KmsMlKemKeyring` makes: kmscore's client or boto3's."""

    @property
    def get_public_key(self) -> Callable[..., Any]:
        """GetPublicKey."""

    @property
    def decapsulate(self) -> Callable[..., Any]:
        """Decapsulate."""


class _HybridKeyring(Keyring):
    """What is the same for both: one KMS key, its public key, and a client that has the private one."""

    _provider: ClassVar[str]
    _specs: ClassVar[tuple[str, ...]]
    _usage: ClassVar[str]
    _call: ClassVar[str]

    def __init__(self, key_arn: str, public_key: Blob | None, client: Any, grant_tokens: Sequence[str]) -> None:
        if not isinstance(key_arn, str):
            raise TypeError(f"key_arn must be a str, not {type(key_arn).__name__}")
        if not _ARN.fullmatch(key_arn):
            raise ValueError(f"key_arn is {key_arn!r}: it must be the ARN of a KMS key, no key id and no alias")
        if public_key is None and client is None:
            raise ValueError("public_key, to encrypt, or client, to decrypt as well, must be given")
        if client is not None and not all(hasattr(client, call) for call in ("get_public_key", self._call)):
            kind = type(client).__name__
            raise TypeError(f"client must be a kmscore or boto3 KMS client that has {self._call}, not {kind}")
        self._arn = key_arn
        self._client = client
        self._grant_tokens = tokens_of(grant_tokens)
        self._common = {"GrantTokens": self._grant_tokens} if self._grant_tokens else {}
        self._public_key = None if public_key is None else self._read(public_key)

    def on_encrypt(
        self, encryption_context: Context, data_key: DataKey | None
    ) -> tuple[DataKey, list[EncryptedDataKey]]:
        """Encrypt the data key here; KMS is asked for the public key, once, if it was not given.

        Raises:
            KeyringError: The KMS key is of another kind.
            ClientError: What the client raises.
        """
        if self._public_key is None:
            self._public_key = self._fetched()
        data_key = data_key or DataKey.random()
        return data_key, [self._wrap(self._public_key, data_key, encryption_context)]

    def on_decrypt(self, encrypted_data_keys: Sequence[EncryptedDataKey], encryption_context: Context) -> DataKey:
        """Ask KMS for what is of this key."""
        mine = [encrypted for encrypted in encrypted_data_keys if self._made(encrypted)]
        if not mine:
            raise nothing_for(self, encrypted_data_keys)
        if self._client is None:
            raise KeyringError(f"{self!r} has no client to decrypt with: it only encrypts")
        return first_decrypted(mine, lambda encrypted: self._decrypted(encrypted, encryption_context))

    def __repr__(self) -> str:
        """The key's name."""
        return f"{type(self).__name__}({self._arn})"

    def _made(self, encrypted: EncryptedDataKey) -> bool:
        return encrypted.provider_id == self._provider and arn_of(encrypted) == self._arn

    def _decrypted(self, encrypted: EncryptedDataKey, context: Context) -> DataKey:
        try:
            data_key, arn = self._unwrap(encrypted, context)
        except EnvelopeError:
            raise
        except Exception as error:
            raise refused(self._arn, error) from error
        return checked(data_key, arn, encrypted)

    def _fetched(self) -> PublicKey:
        reply = self._client.get_public_key(KeyId=self._arn, **self._common)
        if reply["KeyId"] != self._arn:
            raise KeyringError(f"{self._arn}: the service answered with the public key of {reply['KeyId']}")
        public_key = self._read(reply["PublicKey"])
        if reply["KeyUsage"] != self._usage:
            raise KeyringError(f"{self._arn}: its key usage is {reply['KeyUsage']}: {self._needs(self._usage)}")
        return public_key

    def _read(self, der: Blob) -> PublicKey:
        try:
            public_key = PublicKey(der)
        except ValueError as error:
            raise KeyringError(f"{self._arn}: the public key is damaged, or of no key spec of AWS KMS") from error
        except TypeError:
            raise TypeError(f"public_key must be bytes, not {type(der).__name__}") from None
        if public_key.key_spec not in self._specs:
            raise KeyringError(f"{self._arn}: its key spec is {public_key.key_spec}: {self._needs(*self._specs)}")
        return public_key

    def _needs(self, *names: str) -> str:
        return f"{type(self).__name__} needs {', '.join(names)}"

    def _wrap(self, public_key: PublicKey, data_key: DataKey, context: Context) -> EncryptedDataKey:
        raise NotImplementedError  # Each has its own.

    def _unwrap(self, encrypted: EncryptedDataKey, context: Context) -> tuple[DataKey, str]:
        """The data key, and the ARN of the key that the service says it used."""
        raise NotImplementedError  # Each has its own.


class KmsRsaKeyring(_HybridKeyring):
    """Data keys under an RSA key of KMS, as the AWS KMS RSA keyring of the material providers library makes them.

    Encrypting takes the public key alone and calls nothing. Decrypting calls Decrypt. As in that library, signed
    algorithm suites are refused. Whoever has the public key can make messages: one that decrypts says nothing about who
    made it.

    Args:
        key_arn: The KMS key: `RSA_2048`, `RSA_3072` or `RSA_4096`, for ENCRYPT_DECRYPT.
        public_key: Its SubjectPublicKeyInfo in DER, as `get_public_key` answers with; else the client is asked when it
            is first needed. It must come from where you would let the data go: messages are readable to its owner.
        client: A kmscore client, or any boto3 KMS client. Without it the keyring only encrypts.
        encryption_algorithm: `RSAES_OAEP_SHA_256`, or `RSAES_OAEP_SHA_1`. A message does not say which it was.
        grant_tokens: Sent with every call.

    Raises:
        TypeError: An argument is of a wrong type.
        ValueError: `key_arn` or `encryption_algorithm` is none, or neither public key nor client is given.
        KeyringError: `public_key` is damaged, or of another key spec.
    """

    _provider = "aws-kms-rsa"
    _specs = ("RSA_2048", "RSA_3072", "RSA_4096")
    _usage = "ENCRYPT_DECRYPT"
    _call = "decrypt"

    def __init__(
        self,
        key_arn: str,
        *,
        public_key: Blob | None = None,
        client: RsaClient | None = None,
        encryption_algorithm: RsaAlgorithm = "RSAES_OAEP_SHA_256",
        grant_tokens: Sequence[str] = (),
    ) -> None:
        if encryption_algorithm not in get_args(RsaAlgorithm):
            known = " or ".join(get_args(RsaAlgorithm))
            raise ValueError(f"encryption_algorithm is {encryption_algorithm!r}: it must be {known}")
        super().__init__(key_arn, public_key, client, grant_tokens)
        self._algorithm = encryption_algorithm

    def on_encrypt(
        self, encryption_context: Context, data_key: DataKey | None
    ) -> tuple[DataKey, list[EncryptedDataKey]]:
        """Encrypt the data key here; KMS is asked for the public key, once, if it was not given.

        Raises:
            KeyringError: The KMS key is of another kind, or the message is to be signed.
            ClientError: What the client raises.
        """
        self._require_unsigned(encryption_context)
        return super().on_encrypt(encryption_context, data_key)

    def _wrap(self, public_key: PublicKey, data_key: DataKey, context: Context) -> EncryptedDataKey:
        return public_key.wrap_rsa(data_key, self._algorithm, self._arn, context)

    def _unwrap(self, encrypted: EncryptedDataKey, context: Context) -> tuple[DataKey, str]:
        self._require_unsigned(context)
        if isinstance(self._client, DataKeyCalls):
            return self._client.unwrap_rsa_data_key(
                self._arn, encrypted.ciphertext, self._algorithm, context, self._grant_tokens
            )
        reply = self._client.decrypt(
            KeyId=self._arn,
            CiphertextBlob=encrypted.ciphertext,
            EncryptionAlgorithm=self._algorithm,
            **self._common,
        )
        return unwrap_rsa(reply["Plaintext"], context), reply["KeyId"]

    def _require_unsigned(self, context: Context) -> None:
        # The material providers library neither makes nor reads them.
        if _SIGNED in context:
            raise KeyringError(f"{self!r} takes no signed algorithm suite: use 0x0478")


class KmsMlKemKeyring(_HybridKeyring):
    """Data keys under an ML-KEM key of KMS (FIPS 203), made to withstand quantum computers; a format of kmscore's own.

    Encrypting takes the public key alone and calls nothing. Decrypting calls Decapsulate, and opens the data key here.
    Whoever has the public key can make messages: one that decrypts says nothing about who made it.

    Args:
        key_arn: The KMS key: `ML_KEM_512`, `ML_KEM_768` or `ML_KEM_1024`. Data keys are bound to it.
        public_key: Its SubjectPublicKeyInfo in DER, as `get_public_key` answers with; else the client is asked when it
            is first needed. It must come from where you would let the data go: messages are readable to its owner.
        client: A kmscore client, or any boto3 KMS client. Without it the keyring only encrypts.
        grant_tokens: Sent with every call.

    Raises:
        TypeError: An argument is of a wrong type.
        ValueError: `key_arn` is none, or neither public key nor client is given.
        KeyringError: `public_key` is damaged, or of another key spec.
    """

    _provider = ML_KEM_PROVIDER
    _specs = ("ML_KEM_512", "ML_KEM_768", "ML_KEM_1024")
    _usage = "ENCAPSULATE_DECAPSULATE"
    _call = "decapsulate"

    def __init__(
        self,
        key_arn: str,
        *,
        public_key: Blob | None = None,
        client: MlKemClient | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> None:
        super().__init__(key_arn, public_key, client, grant_tokens)

    def _wrap(self, public_key: PublicKey, data_key: DataKey, context: Context) -> EncryptedDataKey:
        return public_key.wrap_ml_kem(data_key, self._arn, context)

    def _unwrap(self, encrypted: EncryptedDataKey, context: Context) -> tuple[DataKey, str]:
        if isinstance(self._client, DataKeyCalls):
            return self._client.unwrap_ml_kem_data_key(self._arn, encrypted, context, self._grant_tokens)
        reply = self._client.decapsulate(
            KeyId=self._arn,
            SharedSecretCiphertextBlob=ml_kem_ciphertext(encrypted),
            EncapsulationAlgorithm="ML_KEM",
            **self._common,
        )
        return unwrap_ml_kem(reply["SharedSecret"], encrypted, context), reply["KeyId"]
