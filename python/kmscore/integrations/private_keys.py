"""Private keys of pyca/cryptography whose private part never leaves KMS.

Whatever takes one of cryptography's private keys takes these: its X.509 builders, PyJWT, and others.

Example:
    >>> import kmscore
    >>> from cryptography.hazmat.primitives import hashes
    >>> from cryptography.hazmat.primitives.asymmetric import ec
    >>> from kmscore.integrations.private_keys import private_key
    >>> kms = kmscore.client("kms", region_name="us-east-1")
    >>> key_id = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    >>> key = private_key(kms, key_id)
    >>> signature = key.sign(b"of any length", ec.ECDSA(hashes.SHA256()))
    >>> key.public_key().verify(signature, b"of any length", ec.ECDSA(hashes.SHA256()))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, Self, TypeAlias, TypeVar

from kmscore.public_keys import key_spec, public_key
from kmscore.signatures import LONGEST_MESSAGE, Message, hash_message

try:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
except ImportError as missing:
    raise ImportError("a private key in KMS needs cryptography: pip install 'kmscore[cryptography]'") from missing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives._asymmetric import AsymmetricPadding

    from kmscore.integrations.mldsa_private_keys import (
        KmsMLDSA44PrivateKey,
        KmsMLDSA65PrivateKey,
        KmsMLDSA87PrivateKey,
    )

    Data: TypeAlias = bytes | bytearray | memoryview
    KmsPrivateKey: TypeAlias = (
        "KmsRSAPrivateKey | KmsEllipticCurvePrivateKey | KmsEd25519PrivateKey"
        " | KmsMLDSA44PrivateKey | KmsMLDSA65PrivateKey | KmsMLDSA87PrivateKey"
    )

# Hashes in the names of KMS's signing algorithms.
_HASHES = {"sha256": "SHA_256", "sha384": "SHA_384", "sha512": "SHA_512"}
_OAEP_HASHES = {"sha1": "RSAES_OAEP_SHA_1", "sha256": "RSAES_OAEP_SHA_256"}

PublicKey = TypeVar("PublicKey")


class KmsClient(Protocol):
    """The calls of a KMS client that private keys make: kmscore's client or boto3's."""

    @property
    def get_public_key(self) -> Callable[..., Any]:
        """GetPublicKey."""

    @property
    def sign(self) -> Callable[..., Any]:
        """Sign."""

    @property
    def decrypt(self) -> Callable[..., Any]:
        """Decrypt."""

    @property
    def derive_shared_secret(self) -> Callable[..., Any]:
        """DeriveSharedSecret."""


def private_key(client: KmsClient, key_id: str) -> KmsPrivateKey:
    """An asymmetric KMS key as one of cryptography's private keys.

    GetPublicKey is called once, here. The object stays with the key that was found then, also if an alias is moved.

    Args:
        client: A kmscore client, or any boto3 KMS client.
        key_id: Key id, key ARN, alias name or alias ARN of an RSA, elliptic curve, Ed25519 or ML-DSA key.

    Returns:
        An `rsa.RSAPrivateKey`, `ec.EllipticCurvePrivateKey`, `ed25519.Ed25519PrivateKey` or ML-DSA private key, as
        `isinstance` says, too.

    Raises:
        ClientError: What the client raises: NotFoundException, UnsupportedOperationException for a symmetric key, …
        TypeError: `client` lacks the calls of a KMS client.
        ValueError: The key is of a kind that has no such object.
    """
    if not (hasattr(client, "get_public_key") and hasattr(client, "sign")):
        raise TypeError(f"client must be a kmscore or boto3 KMS client, not {type(client).__name__}")
    description = client.get_public_key(KeyId=key_id)
    public = public_key(description)
    match public:
        case rsa.RSAPublicKey():
            return KmsRSAPrivateKey(client, description, public)
        case ec.EllipticCurvePublicKey():
            return KmsEllipticCurvePrivateKey(client, description, public)
        case ed25519.Ed25519PublicKey():
            return KmsEd25519PrivateKey(client, description, public)
    if key_spec(description).startswith("ML_DSA_"):
        # cryptography before 47 has no ML-DSA; then its public key was refused above.
        from kmscore.integrations.mldsa_private_keys import mldsa_private_key

        return mldsa_private_key(client, description, public)
    raise ValueError(f"{key_id} is of KeySpec {key_spec(description)}: its keys neither sign nor decrypt nor agree")


class PrivateKeyInKms(Generic[PublicKey]):
    """What the private keys have in common: whom to ask, and that nothing is handed out."""

    def __init__(self, client: KmsClient, description: Mapping[str, Any], public: PublicKey) -> None:
        self._client = client
        self._description = description
        self._public_key = public

    @property
    def key_id(self) -> str:
        """The key's ARN, as GetPublicKey gave it."""
        return str(self._description["KeyId"])

    @property
    def key_spec(self) -> str:
        """The key's spec, such as `ECC_NIST_P256`."""
        return key_spec(self._description)

    def public_key(self) -> PublicKey:
        """The public key; KMS is not asked again."""
        return self._public_key

    def require_usage(self, usage: str) -> None:
        """Refuse a use that the key is not made for, before KMS would.

        Args:
            usage: The key usage that is needed, such as `SIGN_VERIFY`.

        Raises:
            ValueError: The key's usage is another.
        """
        actual = self._description["KeyUsage"]
        if actual != usage:
            raise ValueError(f"{self.key_id} has KeyUsage {actual}: this needs a key of KeyUsage {usage}")

    def private_numbers(self, *_: object, **__: object) -> NoReturn:
        """Refused.

        Raises:
            TypeError: Always.
        """
        raise TypeError(f"{self.key_id} is in KMS: its private key cannot be taken out")

    def private_bytes(self, *_: object, **__: object) -> NoReturn:
        """Refused.

        Raises:
            TypeError: Always.
        """
        self.private_numbers()

    def private_bytes_raw(self) -> NoReturn:
        """Refused.

        Raises:
            TypeError: Always.
        """
        self.private_numbers()

    def _hashed(self, data: Data, algorithm: str) -> Message:
        return hash_message(data, algorithm, self._description["PublicKey"])

    def _signed(self, message: Message, algorithm: str) -> bytes:
        self.require_usage("SIGN_VERIFY")
        self._require_algorithm("SigningAlgorithms", algorithm)
        reply = self._client.sign(
            KeyId=self.key_id, Message=message.data, MessageType=message.message_type, SigningAlgorithm=algorithm
        )
        return bytes(reply["Signature"])

    def _require_algorithm(self, member: str, algorithm: str) -> None:
        allowed = self._description[member]
        if algorithm not in allowed:
            raise ValueError(f"{self.key_id} ({self.key_spec}) has no {algorithm}: it has {', '.join(allowed)}")

    def __copy__(self) -> Self:
        # It never changes, and a client cannot be copied.
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __repr__(self) -> str:
        """Kind and name; there is nothing secret in it."""
        return f"<{type(self).__name__} {self.key_spec} {self.key_id}>"


class KmsRSAPrivateKey(PrivateKeyInKms[rsa.RSAPublicKey], rsa.RSAPrivateKey):
    """An RSA key in KMS. It signs or decrypts, by its key usage."""

    @property
    def key_size(self) -> int:
        """Bits of the modulus."""
        return self._public_key.key_size

    def sign(
        self,
        data: Data,
        padding: AsymmetricPadding,
        algorithm: utils.Prehashed | hashes.HashAlgorithm | utils.NoDigestInfo,
    ) -> bytes:
        """Hash here and sign in KMS.

        Args:
            data: Bytes of any length; a digest if `algorithm` is `Prehashed`.
            padding: `PKCS1v15`, or `PSS` with MGF1 of the same hash and a salt as long as the digest.
            algorithm: SHA-256, SHA-384 or SHA-512.

        Returns:
            The signature.

        Raises:
            ClientError: What the client raises.
            TypeError: An argument is of a kind that KMS does not have.
            ValueError: KMS does not sign like this, or the key is not for signing; the text says what does not fit.
        """
        self.require_usage("SIGN_VERIFY")
        chosen = _hash(algorithm)
        name = f"{_signature_scheme(padding, chosen)}_{_HASHES[chosen.name]}"
        return self._signed(_prehashed(data, algorithm) or self._hashed(data, name), name)

    def decrypt(self, ciphertext: bytes, padding: AsymmetricPadding) -> bytes:
        """Decrypt in KMS.

        Args:
            ciphertext: As long as the modulus.
            padding: `OAEP` with SHA-1 or SHA-256, MGF1 of the same hash and no label.

        Returns:
            The plaintext.

        Raises:
            ClientError: What the client raises: InvalidCiphertextException, …
            TypeError: `padding` is of a kind that KMS does not have.
            ValueError: KMS does not decrypt like this, or the key is not for decrypting; the text says what does not
                fit.
        """
        self.require_usage("ENCRYPT_DECRYPT")
        name = _encryption_algorithm(padding)
        self._require_algorithm("EncryptionAlgorithms", name)
        reply = self._client.decrypt(KeyId=self.key_id, CiphertextBlob=bytes(ciphertext), EncryptionAlgorithm=name)
        return bytes(reply["Plaintext"])


class KmsEllipticCurvePrivateKey(PrivateKeyInKms[ec.EllipticCurvePublicKey], ec.EllipticCurvePrivateKey):
    """A key on an elliptic curve in KMS. It signs or agrees on secrets, by its key usage."""

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve."""
        return self._public_key.curve

    @property
    def key_size(self) -> int:
        """Bits of the curve's order."""
        return self._public_key.key_size

    def sign(self, data: Data, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """Hash here and sign in KMS.

        Args:
            data: Bytes of any length; a digest if the algorithm is `Prehashed`.
            signature_algorithm: `ECDSA` with the one hash that KMS has for the curve: SHA-256 for P-256 and secp256k1,
                SHA-384 for P-384, SHA-512 for P-521.

        Returns:
            The signature in DER, as cryptography's own keys give it.

        Raises:
            ClientError: What the client raises.
            TypeError: `signature_algorithm` is not ECDSA.
            ValueError: KMS does not sign like this, or the key is not for signing; the text says what does not fit.
        """
        self.require_usage("SIGN_VERIFY")
        if not isinstance(signature_algorithm, ec.ECDSA):
            raise TypeError(f"signature_algorithm must be ECDSA, not {type(signature_algorithm).__name__}")
        if signature_algorithm.deterministic_signing:
            raise ValueError("signature_algorithm asks for deterministic_signing: KMS draws a nonce for each signature")
        algorithm = signature_algorithm.algorithm
        name = f"ECDSA_{_HASHES[_hash(algorithm).name]}"
        return self._signed(_prehashed(data, algorithm) or self._hashed(data, name), name)

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """Agree on a secret in KMS; derive keys from it, it is none itself.

        Args:
            algorithm: `ECDH`.
            peer_public_key: The other side's key, on the same curve.

        Returns:
            The shared secret, the x coordinate.

        Raises:
            ClientError: What the client raises.
            TypeError: `algorithm` is not ECDH.
            ValueError: The keys are on different curves, or the key is not for key agreement.
        """
        self.require_usage("KEY_AGREEMENT")
        if not isinstance(algorithm, ec.ECDH):
            raise TypeError(f"algorithm must be ECDH, not {type(algorithm).__name__}")
        if peer_public_key.curve.name != self.curve.name:
            raise ValueError(f"peer_public_key is on {peer_public_key.curve.name}, the key in KMS on {self.curve.name}")
        reply = self._client.derive_shared_secret(
            KeyId=self.key_id,
            KeyAgreementAlgorithm="ECDH",
            PublicKey=peer_public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        )
        return bytes(reply["SharedSecret"])


class KmsEd25519PrivateKey(PrivateKeyInKms[ed25519.Ed25519PublicKey], ed25519.Ed25519PrivateKey):
    """An Ed25519 key in KMS."""

    def sign(self, data: Data) -> bytes:
        """Sign in KMS. Ed25519 hashes the message twice, so KMS must be sent all of it.

        Args:
            data: 1 to 4,096 bytes.

        Returns:
            The signature of pure Ed25519 (RFC 8032, section 5.1).

        Raises:
            ClientError: What the client raises.
            ValueError: `data` is longer than KMS takes, or empty.
        """
        self.require_usage("SIGN_VERIFY")
        message = bytes(data)
        if not 1 <= len(message) <= LONGEST_MESSAGE:
            raise ValueError(f"data is {len(message):,} bytes: with Ed25519, KMS signs 1 to {LONGEST_MESSAGE:,}")
        return self._signed(Message(message, "RAW"), "ED25519_SHA_512")


def _hash(algorithm: object) -> hashes.HashAlgorithm:
    """The hash that is meant."""
    chosen = algorithm
    if isinstance(algorithm, utils.Prehashed):
        chosen = algorithm._algorithm  # noqa: SLF001 - there is no other way to it; cryptography's own keys go it, too.
    if not isinstance(chosen, hashes.HashAlgorithm):
        raise TypeError(f"algorithm must be a hash or Prehashed, not {type(algorithm).__name__}")
    if chosen.name not in _HASHES:
        raise ValueError(f"algorithm is {chosen.name}: KMS signs digests of SHA-256, SHA-384 and SHA-512")
    return chosen


def _prehashed(data: Data, algorithm: object) -> Message | None:
    """The digest to sign, if the caller has made it."""
    if not isinstance(algorithm, utils.Prehashed):
        return None
    chosen, digest = _hash(algorithm), bytes(data)
    if len(digest) != chosen.digest_size:
        raise ValueError(f"data is {len(digest)} bytes: a digest of {chosen.name} has {chosen.digest_size}")
    return Message(digest, "DIGEST")


def _signature_scheme(scheme: AsymmetricPadding, chosen: hashes.HashAlgorithm) -> str:
    """The first half of a signing algorithm's name: KMS leaves no choice in what the padding is made of."""
    if isinstance(scheme, padding.PKCS1v15):
        return "RSASSA_PKCS1_V1_5"
    if not isinstance(scheme, padding.PSS):
        raise TypeError(f"padding must be PKCS1v15 or PSS, not {type(scheme).__name__}")
    _require_mgf1(scheme.mgf, chosen)
    salt_length = scheme._salt_length  # noqa: SLF001 - there is no other way to it.
    if salt_length is not padding.PSS.DIGEST_LENGTH and salt_length != chosen.digest_size:
        given = salt_length if isinstance(salt_length, int) else type(salt_length).__name__.lstrip("_")
        raise ValueError(
            f"salt_length of PSS is {given}: in KMS it is always that of the digest, PSS.DIGEST_LENGTH or "
            f"{chosen.digest_size} with {chosen.name}"
        )
    return "RSASSA_PSS"


def _encryption_algorithm(scheme: AsymmetricPadding) -> str:
    if not isinstance(scheme, padding.OAEP):
        raise TypeError(f"padding must be OAEP, not {type(scheme).__name__}")
    if scheme.algorithm.name not in _OAEP_HASHES:
        raise ValueError(f"algorithm of OAEP is {scheme.algorithm.name}: KMS has SHA-1 and SHA-256")
    _require_mgf1(scheme.mgf, scheme.algorithm)
    if scheme._label:  # noqa: SLF001 - there is no other way to it.
        raise ValueError("label of OAEP must be empty: KMS has none")
    return _OAEP_HASHES[scheme.algorithm.name]


def _require_mgf1(mgf: padding.MGF, chosen: hashes.HashAlgorithm) -> None:
    if not isinstance(mgf, padding.MGF1) or mgf._algorithm.name != chosen.name:  # noqa: SLF001 - there is no other way.
        raise ValueError(f"mgf of the padding must be MGF1 of {chosen.name}, the hash of the rest")
