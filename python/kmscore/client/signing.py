"""Signatures, message authentication codes, and the public keys to verify with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict, Unpack

from kmscore.client.calls import Calls, ResponseMetadata

if TYPE_CHECKING:
    from kmscore.client.calls import Blob


class SignRequest(TypedDict):
    """Arguments of `sign`."""

    KeyId: str
    Message: Blob
    MessageType: NotRequired[str]
    GrantTokens: NotRequired[list[str]]
    SigningAlgorithm: str
    DryRun: NotRequired[bool]


class SignResponse(TypedDict):
    """Reply of `sign`."""

    KeyId: str
    Signature: bytes
    SigningAlgorithm: str
    ResponseMetadata: ResponseMetadata


class VerifyRequest(SignRequest):
    """Arguments of `verify`."""

    Signature: Blob


class VerifyResponse(TypedDict):
    """Reply of `verify`."""

    KeyId: str
    SignatureValid: Literal[True]
    SigningAlgorithm: str
    ResponseMetadata: ResponseMetadata


class GenerateMacRequest(TypedDict):
    """Arguments of `generate_mac`."""

    Message: Blob
    KeyId: str
    MacAlgorithm: str
    GrantTokens: NotRequired[list[str]]
    DryRun: NotRequired[bool]


class GenerateMacResponse(TypedDict):
    """Reply of `generate_mac`."""

    Mac: bytes
    MacAlgorithm: str
    KeyId: str
    ResponseMetadata: ResponseMetadata


class VerifyMacRequest(GenerateMacRequest):
    """Arguments of `verify_mac`."""

    Mac: Blob


class VerifyMacResponse(TypedDict):
    """Reply of `verify_mac`."""

    KeyId: str
    MacValid: Literal[True]
    MacAlgorithm: str
    ResponseMetadata: ResponseMetadata


class GetPublicKeyRequest(TypedDict):
    """Arguments of `get_public_key`."""

    KeyId: str
    GrantTokens: NotRequired[list[str]]


class GetPublicKeyResponse(TypedDict):
    """Reply of `get_public_key`."""

    KeyId: str
    PublicKey: bytes
    CustomerMasterKeySpec: str
    KeySpec: str
    KeyUsage: str
    EncryptionAlgorithms: NotRequired[list[str]]
    SigningAlgorithms: NotRequired[list[str]]
    KeyAgreementAlgorithms: NotRequired[list[str]]
    EncapsulationAlgorithms: NotRequired[list[str]]
    ResponseMetadata: ResponseMetadata


class SigningCalls(Calls):
    """Operations that sign and authenticate messages."""

    def sign(self, **parameters: Unpack[SignRequest]) -> SignResponse:
        """Sign a message or its digest with a key pair (AWS KMS API Reference, Sign).

        Args:
            **parameters:
                KeyId: Key id, key ARN, alias name or alias ARN of a key whose usage is SIGN_VERIFY.
                Message: 1 to 4,096 bytes.
                MessageType: `RAW`, when absent: the message. `DIGEST`: its digest by the algorithm's hash, for longer
                    messages; ED25519_PH_SHA_512 takes nothing else and hashes the 64 bytes again. `EXTERNAL_MU`: the 64
                    bytes of an ML-DSA message representative (FIPS 204 6.2).
                SigningAlgorithm: One of the key's `SigningAlgorithms`.
                GrantTokens: Not used by this version.
                DryRun: Check everything, then end in DryRunOperationException.

        Returns:
            `Signature` (ECDSA and SM2 in DER, PSS with a salt as long as the hash), `KeyId` (the key's ARN),
            `SigningAlgorithm`.

        Raises:
            ClientError: InvalidKeyUsageException, ValidationException (a digest of a wrong length), …
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: SignResponse = self._call("Sign", parameters)
        return reply

    def verify(self, **parameters: Unpack[VerifyRequest]) -> VerifyResponse:
        """Verify a signature in the engine (AWS KMS API Reference, Verify). It never answers false.

        Args:
            **parameters:
                KeyId: The key that signed, in any of the four forms.
                Message: The message, or what was signed in its place.
                MessageType: As for `sign`.
                Signature: The signature.
                SigningAlgorithm: As for `sign`.
                GrantTokens: Not used by this version.
                DryRun: Check everything, then end in DryRunOperationException.

        Returns:
            `SignatureValid` (true), `KeyId` (the key's ARN), `SigningAlgorithm`.

        Raises:
            ClientError: KMSInvalidSignatureException: it is not this key's signature of this message; as `sign`.
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: VerifyResponse = self._call("Verify", parameters)
        return reply

    def generate_mac(self, **parameters: Unpack[GenerateMacRequest]) -> GenerateMacResponse:
        """Make the HMAC of a message (AWS KMS API Reference, GenerateMac; RFC 2104).

        Args:
            **parameters:
                KeyId: An HMAC key, in any of the four forms.
                Message: 1 to 4,096 bytes.
                MacAlgorithm: The key's: `HMAC_SHA_256` for HMAC_256, and so on.
                GrantTokens: Not used by this version.
                DryRun: Check everything, then end in DryRunOperationException.

        Returns:
            `Mac` (28, 32, 48 or 64 bytes), `MacAlgorithm`, `KeyId` (the key's ARN).

        Raises:
            ClientError: InvalidKeyUsageException, …
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: GenerateMacResponse = self._call("GenerateMac", parameters)
        return reply

    def verify_mac(self, **parameters: Unpack[VerifyMacRequest]) -> VerifyMacResponse:
        """Verify the HMAC of a message in constant time (AWS KMS API Reference, VerifyMac). It never answers false.

        Args:
            **parameters:
                KeyId: The HMAC key, in any of the four forms.
                Message: The message.
                Mac: The whole MAC.
                MacAlgorithm: As for `generate_mac`.
                GrantTokens: Not used by this version.
                DryRun: Check everything, then end in DryRunOperationException.

        Returns:
            `MacValid` (true), `MacAlgorithm`, `KeyId` (the key's ARN).

        Raises:
            ClientError: KMSInvalidMacException: it is not this key's MAC of this message; as `generate_mac`.
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: VerifyMacResponse = self._call("VerifyMac", parameters)
        return reply

    def get_public_key(self, **parameters: Unpack[GetPublicKeyRequest]) -> GetPublicKeyResponse:
        """Get the public half of a key pair (AWS KMS API Reference, GetPublicKey).

        Args:
            **parameters:
                KeyId: The key, in any of the four forms.
                GrantTokens: Not used by this version.

        Returns:
            `PublicKey` (SubjectPublicKeyInfo in DER, RFC 5280), `KeySpec`, `KeyUsage`, the usage's algorithms, `KeyId`
            (the key's ARN). `kmscore.public_key` makes a key object of it.

        Raises:
            ClientError: UnsupportedOperationException: the key has no public half; DisabledException, …
            ParameterError: An argument is unknown, missing or of a wrong type.
        """
        reply: GetPublicKeyResponse = self._call("GetPublicKey", parameters)
        return reply
