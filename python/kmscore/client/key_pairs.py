"""Data key pairs, key agreement and key encapsulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, ResponseMetadata

if TYPE_CHECKING:
    from kmscore.client.calls import Blob
    from kmscore.client.encryption import RecipientInfo


class GenerateDataKeyPairWithoutPlaintextRequest(TypedDict):
    """Arguments of `generate_data_key_pair_without_plaintext`."""

    KeyId: str
    KeyPairSpec: str
    EncryptionContext: NotRequired[dict[str, str]]
    GrantTokens: NotRequired[list[str]]
    DryRun: NotRequired[bool]


class GenerateDataKeyPairRequest(GenerateDataKeyPairWithoutPlaintextRequest):
    """Arguments of `generate_data_key_pair`."""

    Recipient: NotRequired[RecipientInfo]


class GenerateDataKeyPairWithoutPlaintextResponse(TypedDict):
    """Reply of `generate_data_key_pair_without_plaintext`."""

    PrivateKeyCiphertextBlob: bytes
    PublicKey: bytes
    KeyId: str
    KeyPairSpec: str
    KeyMaterialId: NotRequired[str]
    ResponseMetadata: ResponseMetadata


class GenerateDataKeyPairResponse(GenerateDataKeyPairWithoutPlaintextResponse):
    """Reply of `generate_data_key_pair`."""

    PrivateKeyPlaintext: bytes
    CiphertextForRecipient: NotRequired[bytes]


class DeriveSharedSecretRequest(TypedDict):
    """Arguments of `derive_shared_secret`."""

    KeyId: str
    KeyAgreementAlgorithm: str
    PublicKey: Blob
    GrantTokens: NotRequired[list[str]]
    DryRun: NotRequired[bool]
    Recipient: NotRequired[RecipientInfo]


class DeriveSharedSecretResponse(TypedDict):
    """Reply of `derive_shared_secret`."""

    KeyId: str
    SharedSecret: bytes
    CiphertextForRecipient: NotRequired[bytes]
    KeyAgreementAlgorithm: str
    KeyOrigin: str
    ResponseMetadata: ResponseMetadata


class EncapsulateRequest(TypedDict):
    """Arguments of `encapsulate`."""

    KeyId: str
    EncapsulationAlgorithm: str
    GrantTokens: NotRequired[list[str]]
    DryRun: NotRequired[bool]


class EncapsulateResponse(TypedDict):
    """Reply of `encapsulate`."""

    KeyId: str
    SharedSecret: bytes
    SharedSecretCiphertextBlob: bytes
    EncapsulationAlgorithm: str
    ResponseMetadata: ResponseMetadata


class DecapsulateRequest(EncapsulateRequest):
    """Arguments of `decapsulate`."""

    SharedSecretCiphertextBlob: Blob


class DecapsulateResponse(TypedDict):
    """Reply of `decapsulate`."""

    KeyId: str
    SharedSecret: bytes
    EncapsulationAlgorithm: str
    ResponseMetadata: ResponseMetadata


class KeyPairCalls(Calls):
    """Operations that make key pairs and agree on secrets with them."""

    def generate_data_key_pair(self, **parameters: Unpack[GenerateDataKeyPairRequest]) -> GenerateDataKeyPairResponse:
        """Make a key pair for use outside, its private key also encrypted (AWS KMS API Reference, GenerateDataKeyPair).

        An RSA pair takes a tenth of a second to seconds, unless the client keeps some ready (`data_key_pairs`). Other
        threads go on meanwhile.

        Args:
            **parameters:
                KeyId: The symmetric KMS key that encrypts the private key, in any of the four forms.
                KeyPairSpec: `RSA_2048` and longer, `ECC_NIST_P256` and the other curves, `ML_KEM_512` and larger; `SM2`
                    in China Regions.
                EncryptionContext: Text pairs that must be given again to decrypt the private key.
                GrantTokens: Not used by this version.
                Recipient: Not supported by this version.
                DryRun: Check everything, then end in DryRunOperationException.

        Returns:
            `PrivateKeyPlaintext` (PrivateKeyInfo in DER, RFC 5208; of ML-KEM the seed, RFC 9935),
            `PrivateKeyCiphertextBlob`, `PublicKey` (SubjectPublicKeyInfo in DER), `KeyPairSpec`, `KeyId` (the KMS key's
            ARN), `KeyMaterialId`.

        Raises:
            ClientError: InvalidKeyUsageException: the KMS key is not symmetric; as `generate_data_key`.
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: GenerateDataKeyPairResponse = self._call("GenerateDataKeyPair", parameters)
        return reply

    def generate_data_key_pair_without_plaintext(
        self, **parameters: Unpack[GenerateDataKeyPairWithoutPlaintextRequest]
    ) -> GenerateDataKeyPairWithoutPlaintextResponse:
        """As `generate_data_key_pair`, without the private key in plain.

        Source: AWS KMS API Reference, GenerateDataKeyPairWithoutPlaintext.

        Args:
            **parameters: As for `generate_data_key_pair`, without `Recipient`.

        Returns:
            `PrivateKeyCiphertextBlob`, `PublicKey`, `KeyPairSpec`, `KeyId`, `KeyMaterialId`.

        Raises:
            ClientError: As `generate_data_key_pair`.
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: GenerateDataKeyPairWithoutPlaintextResponse = self._call(
            "GenerateDataKeyPairWithoutPlaintext", parameters
        )
        return reply

    def derive_shared_secret(self, **parameters: Unpack[DeriveSharedSecretRequest]) -> DeriveSharedSecretResponse:
        """Agree on a secret with the holder of another key pair (AWS KMS API Reference, DeriveSharedSecret).

        Args:
            **parameters:
                KeyId: A key whose usage is KEY_AGREEMENT, in any of the four forms.
                KeyAgreementAlgorithm: `ECDH`.
                PublicKey: The other side's SubjectPublicKeyInfo in DER, of the same curve.
                GrantTokens: Not used by this version.
                DryRun: Check everything, then end in DryRunOperationException.
                Recipient: Not supported by this version.

        Returns:
            `SharedSecret` (the raw x coordinate: derive keys from it, SP 800-56C), `KeyId` (the key's ARN),
            `KeyAgreementAlgorithm`, `KeyOrigin`.

        Raises:
            ClientError: ValidationException: no key, no point of the curve, another curve; InvalidKeyUsageException, …
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: DeriveSharedSecretResponse = self._call("DeriveSharedSecret", parameters)
        return reply

    def encapsulate(self, **parameters: Unpack[EncapsulateRequest]) -> EncapsulateResponse:
        """Make a shared secret for the holder of an ML-KEM key (AWS KMS API Reference, Encapsulate; FIPS 203).

        Args:
            **parameters:
                KeyId: An ML-KEM key, in any of the four forms.
                EncapsulationAlgorithm: `ML_KEM`.
                GrantTokens: Not used by this version.
                DryRun: Check everything, then end in DryRunOperationException.

        Returns:
            `SharedSecret` (32 bytes), `SharedSecretCiphertextBlob`, `KeyId` (the key's ARN), `EncapsulationAlgorithm`.

        Raises:
            ClientError: InvalidKeyUsageException, …
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: EncapsulateResponse = self._call("Encapsulate", parameters)
        return reply

    def decapsulate(self, **parameters: Unpack[DecapsulateRequest]) -> DecapsulateResponse:
        """Recover a shared secret (AWS KMS API Reference, Decapsulate; FIPS 203).

        A foreign or changed ciphertext gives another secret and no error: confirm the secret before you rely on it.

        Args:
            **parameters:
                KeyId: The ML-KEM key, in any of the four forms.
                SharedSecretCiphertextBlob: 768, 1,088 or 1,568 bytes, by the key spec.
                EncapsulationAlgorithm: `ML_KEM`.
                GrantTokens: Not used by this version.
                DryRun: Check everything, then end in DryRunOperationException.

        Returns:
            `SharedSecret` (32 bytes), `KeyId` (the key's ARN), `EncapsulationAlgorithm`.

        Raises:
            ClientError: InvalidCiphertextException: the ciphertext is of another length; InvalidKeyUsageException, …
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: DecapsulateResponse = self._call("Decapsulate", parameters)
        return reply
