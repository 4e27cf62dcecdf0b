"""Encrypt, Decrypt, ReEncrypt, data keys and random bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, ResponseMetadata

if TYPE_CHECKING:
    from kmscore.client.calls import Blob


class RecipientInfo(TypedDict, total=False):
    """An enclave that is to receive the plaintext, encrypted to it."""

    KeyEncryptionAlgorithm: str
    AttestationDocument: Blob


class EncryptRequest(TypedDict):
    """Arguments of `encrypt`."""

    KeyId: str
    Plaintext: Blob
    EncryptionContext: NotRequired[dict[str, str]]
    GrantTokens: NotRequired[list[str]]
    EncryptionAlgorithm: NotRequired[str]
    DryRun: NotRequired[bool]


class EncryptResponse(TypedDict):
    """Reply of `encrypt`."""

    CiphertextBlob: bytes
    KeyId: str
    EncryptionAlgorithm: str
    ResponseMetadata: ResponseMetadata


class DecryptRequest(TypedDict, total=False):
    """Arguments of `decrypt`."""

    CiphertextBlob: Blob
    EncryptionContext: dict[str, str]
    GrantTokens: list[str]
    KeyId: str
    EncryptionAlgorithm: str
    Recipient: RecipientInfo
    DryRun: bool
    DryRunModifiers: list[str]


class DecryptResponse(TypedDict):
    """Reply of `decrypt`."""

    KeyId: str
    Plaintext: bytes
    EncryptionAlgorithm: str
    CiphertextForRecipient: NotRequired[bytes]
    KeyMaterialId: NotRequired[str]
    ResponseMetadata: ResponseMetadata


class ReEncryptRequest(TypedDict):
    """Arguments of `re_encrypt`."""

    CiphertextBlob: NotRequired[Blob]
    SourceEncryptionContext: NotRequired[dict[str, str]]
    SourceKeyId: NotRequired[str]
    DestinationKeyId: str
    DestinationEncryptionContext: NotRequired[dict[str, str]]
    SourceEncryptionAlgorithm: NotRequired[str]
    DestinationEncryptionAlgorithm: NotRequired[str]
    GrantTokens: NotRequired[list[str]]
    DryRun: NotRequired[bool]
    DryRunModifiers: NotRequired[list[str]]


class ReEncryptResponse(TypedDict):
    """Reply of `re_encrypt`."""

    CiphertextBlob: bytes
    SourceKeyId: str
    KeyId: str
    SourceEncryptionAlgorithm: str
    DestinationEncryptionAlgorithm: str
    SourceKeyMaterialId: NotRequired[str]
    DestinationKeyMaterialId: NotRequired[str]
    ResponseMetadata: ResponseMetadata


class GenerateDataKeyWithoutPlaintextRequest(TypedDict):
    """Arguments of `generate_data_key_without_plaintext`."""

    KeyId: str
    EncryptionContext: NotRequired[dict[str, str]]
    KeySpec: NotRequired[str]
    NumberOfBytes: NotRequired[int]
    GrantTokens: NotRequired[list[str]]
    DryRun: NotRequired[bool]


class GenerateDataKeyRequest(GenerateDataKeyWithoutPlaintextRequest):
    """Arguments of `generate_data_key`."""

    Recipient: NotRequired[RecipientInfo]


class GenerateDataKeyWithoutPlaintextResponse(TypedDict):
    """Reply of `generate_data_key_without_plaintext`."""

    CiphertextBlob: bytes
    KeyId: str
    KeyMaterialId: NotRequired[str]
    ResponseMetadata: ResponseMetadata


class GenerateDataKeyResponse(GenerateDataKeyWithoutPlaintextResponse):
    """Reply of `generate_data_key`."""

    Plaintext: bytes
    CiphertextForRecipient: NotRequired[bytes]


class GenerateRandomRequest(TypedDict, total=False):
    """Arguments of `generate_random`."""

    NumberOfBytes: int
    CustomKeyStoreId: str
    Recipient: RecipientInfo


class GenerateRandomResponse(TypedDict):
    """Reply of `generate_random`."""

    Plaintext: bytes
    CiphertextForRecipient: NotRequired[bytes]
    ResponseMetadata: ResponseMetadata


class EncryptionCalls(Calls):
    """Operations that use key material."""

    def encrypt(self, **parameters: Unpack[EncryptRequest]) -> EncryptResponse:
        """Encrypt up to 4,096 bytes under a KMS key (AWS KMS API Reference, Encrypt).

        Args:
            **parameters:
                KeyId: Key id, key ARN, alias name or alias ARN.
                Plaintext: 1 to 4,096 bytes; less for key pairs, 190 for RSA_2048 and RSAES_OAEP_SHA_256.
                EncryptionContext: Text pairs that must be given again to decrypt; for symmetric keys only.
                GrantTokens: Not used by this version.
                EncryptionAlgorithm: One of the key's `EncryptionAlgorithms`; `SYMMETRIC_DEFAULT` when absent.
                DryRun: Check everything, then end in DryRunOperationException.

        Returns:
            `CiphertextBlob`, `KeyId` (the key's ARN), `EncryptionAlgorithm`.

        Raises:
            ClientError: NotFoundException, DisabledException, KMSInvalidStateException, ValidationException, …
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: EncryptResponse = self._call("Encrypt", parameters)
        return reply

    def decrypt(self, **parameters: Unpack[DecryptRequest]) -> DecryptResponse:
        """Decrypt what Encrypt, ReEncrypt or a data key operation made (AWS KMS API Reference, Decrypt).

        Args:
            **parameters:
                CiphertextBlob: The ciphertext. That of a symmetric key names its key.
                EncryptionContext: The pairs it was encrypted under.
                KeyId: Only this key may have made it, else IncorrectKeyException. Key pairs must be named.
                GrantTokens: Not used by this version.
                EncryptionAlgorithm: As it was encrypted; `SYMMETRIC_DEFAULT` when absent.
                Recipient: Not supported by this version.
                DryRun: Check everything, then end in DryRunOperationException.
                DryRunModifiers: `IGNORE_CIPHERTEXT`: with DryRun and KeyId, only the permission is checked.

        Returns:
            `Plaintext`, `KeyId` (the key's ARN), `EncryptionAlgorithm`, and `KeyMaterialId` of a symmetric key.

        Raises:
            ClientError: InvalidCiphertextException (damaged, or another encryption context), IncorrectKeyException, …
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: DecryptResponse = self._call("Decrypt", parameters)
        return reply

    def re_encrypt(self, **parameters: Unpack[ReEncryptRequest]) -> ReEncryptResponse:
        """Put a ciphertext under another key or encryption context (AWS KMS API Reference, ReEncrypt).

        The plaintext stays in the engine.

        Args:
            **parameters:
                CiphertextBlob: The ciphertext.
                DestinationKeyId: The key to encrypt under, in any of the four forms.
                SourceEncryptionContext: The pairs it was encrypted under.
                DestinationEncryptionContext: The pairs to encrypt it under.
                SourceKeyId: Only this key may have made it. Key pairs must be named.
                SourceEncryptionAlgorithm: As it was encrypted; `SYMMETRIC_DEFAULT` when absent.
                DestinationEncryptionAlgorithm: `SYMMETRIC_DEFAULT` when absent. From and to key pairs is allowed.
                GrantTokens: Not used by this version.
                DryRun: Check everything, then end in DryRunOperationException.
                DryRunModifiers: `IGNORE_CIPHERTEXT`: with DryRun, only the permissions are checked.

        Returns:
            `CiphertextBlob`, `SourceKeyId` and `KeyId` (ARNs), both algorithms, and the key material ids of symmetric
            keys.

        Raises:
            ClientError: As `encrypt` and `decrypt`.
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: ReEncryptResponse = self._call("ReEncrypt", parameters)
        return reply

    def generate_data_key(self, **parameters: Unpack[GenerateDataKeyRequest]) -> GenerateDataKeyResponse:
        """Draw a data key, in plain and encrypted under a KMS key (AWS KMS API Reference, GenerateDataKey).

        Args:
            **parameters:
                KeyId: The KMS key, in any of the four forms.
                KeySpec: `AES_128` or `AES_256`.
                NumberOfBytes: 1 to 1,024; exactly one of KeySpec and NumberOfBytes is given.
                EncryptionContext: Text pairs that must be given again to decrypt.
                GrantTokens: Not used by this version.
                Recipient: Not supported by this version.
                DryRun: Check everything, then end in DryRunOperationException.

        Returns:
            `Plaintext`, `CiphertextBlob`, `KeyId` (the key's ARN), `KeyMaterialId`.

        Raises:
            ClientError: NotFoundException, DisabledException, ValidationException, …
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: GenerateDataKeyResponse = self._call("GenerateDataKey", parameters)
        return reply

    def generate_data_key_without_plaintext(
        self, **parameters: Unpack[GenerateDataKeyWithoutPlaintextRequest]
    ) -> GenerateDataKeyWithoutPlaintextResponse:
        """Draw a data key for later: encrypted only (AWS KMS API Reference, GenerateDataKeyWithoutPlaintext).

        Args:
            **parameters: As those of `generate_data_key`, without Recipient.

        Returns:
            `CiphertextBlob`, `KeyId` (the key's ARN), `KeyMaterialId`.

        Raises:
            ClientError: As `generate_data_key`.
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: GenerateDataKeyWithoutPlaintextResponse = self._call("GenerateDataKeyWithoutPlaintext", parameters)
        return reply

    def generate_random(self, **parameters: Unpack[GenerateRandomRequest]) -> GenerateRandomResponse:
        """Random bytes (AWS KMS API Reference, GenerateRandom).

        Args:
            **parameters:
                NumberOfBytes: 1 to 1,024.
                CustomKeyStoreId: Not supported by this version.
                Recipient: Not supported by this version.

        Returns:
            `Plaintext`.

        Raises:
            ClientError: ValidationException, …
            ParameterError: An argument is unknown or of a wrong type.
        """
        reply: GenerateRandomResponse = self._call("GenerateRandom", parameters)
        return reply
