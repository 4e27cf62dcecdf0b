"""Signatures of messages of any length: KMS is sent a digest, which is made here piece by piece.

Source: AWS KMS API Reference, Sign, `MessageType`; FIPS 204; GB/T 32918.2.

Example:
    >>> import io, kmscore
    >>> from kmscore import signatures
    >>> kms = kmscore.client("kms", region_name="us-east-1")
    >>> key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    >>> public = kms.get_public_key(KeyId=key)["PublicKey"]
    >>> message = signatures.hash_stream(io.BytesIO(b"of any length"), "ECDSA_SHA_256", public)
    >>> kind = {"MessageType": message.message_type, "SigningAlgorithm": "ECDSA_SHA_256"}
    >>> signature = kms.sign(KeyId=key, Message=message.data, **kind)["Signature"]
    >>> signatures.verify(public, message, signature, "ECDSA_SHA_256")  # without a store
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from kmscore import _core, errors

if TYPE_CHECKING:
    from typing_extensions import Buffer

LONGEST_MESSAGE = 4096
"""Bytes that KMS takes to sign (AWS KMS API Reference, Sign, Message)."""
LONGEST_SIGNATURE = 6144
"""Bytes that KMS takes to verify (AWS KMS API Reference, Verify, Signature); no algorithm needs as many."""
ML_DSA_REPRESENTATIVE = 64
"""Bytes of mu, which ML-DSA signs (FIPS 204, algorithm 7, line 6)."""

_PIECE = 1024 * 1024


class Message(NamedTuple):
    """What KMS is sent to sign or verify: a message, or what stands for it."""

    data: bytes
    message_type: str
    """`RAW`, `DIGEST` or `EXTERNAL_MU`."""


# The algorithm that reads a message twice, so that KMS must be sent all of it (RFC 8032, section 5.1.6).
_WHOLE = "ED25519_SHA_512"

# Algorithms whose MessageType DIGEST is a hash of the message alone.
_HASHES = {
    "RSASSA_PSS_SHA_256": "sha256",
    "RSASSA_PSS_SHA_384": "sha384",
    "RSASSA_PSS_SHA_512": "sha512",
    "RSASSA_PKCS1_V1_5_SHA_256": "sha256",
    "RSASSA_PKCS1_V1_5_SHA_384": "sha384",
    "RSASSA_PKCS1_V1_5_SHA_512": "sha512",
    "ECDSA_SHA_256": "sha256",
    "ECDSA_SHA_384": "sha384",
    "ECDSA_SHA_512": "sha512",
    # KMS takes these 64 bytes for the message, and hashes them again.
    "ED25519_PH_SHA_512": "sha512",
}

# What stands before the key in a SubjectPublicKeyInfo of ML-DSA, whatever its size (RFC 9881).
_ML_DSA_PREFIX = 22
# The last bytes of one of SM2: the coordinates of the point.
_SM2_POINT = 64
# GB/T 32918.2, section 5.5: the id that AWS KMS means, after its length in bits; then a, b, x_G, y_G of GB/T 32918.5.
_SM2_SIGNER = b"\x00\x80" + b"1234567812345678"
_SM2_CURVE = bytes.fromhex(
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc"
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)


def algorithm_for(key_spec: str, asked: str | None = None) -> str:
    """The algorithm that a key signs with.

    Args:
        key_spec: The key's spec.
        asked: The algorithm that is wanted; when absent, the one that takes messages of any length, with SHA-256 and
            PSS for RSA.

    Raises:
        ValueError: Keys of this spec do not sign, or not with this algorithm.
    """
    known = algorithms(key_spec)
    if not known:
        signing = ", ".join(row["spec"] for row in _core.key_specs() if "SIGN_VERIFY" in row["usages"])
        raise ValueError(f"keys of KeySpec {key_spec} do not sign; those that do are {signing}")
    if asked is None:
        return next(algorithm for algorithm in known if algorithm != _WHOLE)
    if asked not in known:
        raise ValueError(f"{asked} is not for keys of KeySpec {key_spec}, which sign with {', '.join(known)}")
    return asked


def algorithms(key_spec: str) -> list[str]:
    """The signing algorithms of a key spec; none if its keys do not sign.

    Args:
        key_spec: The key spec.
    """
    rows = (row["usages"].get("SIGN_VERIFY", []) for row in _core.key_specs() if row["spec"] == key_spec)
    return list(next(rows, []))


def hash_message(data: Buffer, algorithm: str, public_key: bytes) -> Message:
    """What KMS is sent in place of a message.

    Args:
        data: The message.
        algorithm: A signing algorithm of the key.
        public_key: The key's SubjectPublicKeyInfo in DER, which ML-DSA and SM2 hash before the message.

    Raises:
        TypeError: `data` is no buffer.
        ValueError: The algorithm needs all of a message, and this is empty or longer than KMS takes.
    """
    hasher = _Hasher(algorithm, public_key)
    # Its TypeError names the type of what is no buffer.
    hasher.update(memoryview(data))
    return hasher.message()


def hash_stream(
    file: BinaryIO, algorithm: str, public_key: bytes, progress: Callable[[int], object] | None = None
) -> Message:
    """What KMS is sent in place of all that a file has, which is read in pieces.

    Args:
        file: A binary file object; it is read to its end.
        algorithm: As for `hash_message`.
        public_key: As for `hash_message`.
        progress: Called with the number of bytes read so far.

    Raises:
        OSError: The file cannot be read.
        ValueError: As for `hash_message`.
    """
    hasher = _Hasher(algorithm, public_key)
    read = 0
    while piece := file.read(_PIECE):
        hasher.update(piece)
        read += len(piece)
        if progress is not None:
            progress(read)
    return hasher.message()


def signature_fault(public_key: bytes, signature: bytes, algorithm: str) -> str | None:
    """Why these bytes cannot be a signature by this key, by their number alone.

    Args:
        public_key: The key's SubjectPublicKeyInfo in DER.
        signature: The bytes.
        algorithm: A signing algorithm of the key.

    Returns:
        The end of a sentence; None if they may be one.

    Raises:
        ValueError: The public key is damaged, or does not go together with the algorithm.
    """
    key = _core.PublicKey(public_key)
    shortest, longest = key.signature_lengths(algorithm)
    if shortest <= len(signature) <= longest:
        return None
    right = f"{longest:,}" if shortest == longest else f"{shortest} to {longest}"
    return f"has {len(signature):,} bytes, and a signature by a key of KeySpec {key.key_spec} has {right}"


def verify(public_key: bytes, message: Message, signature: bytes, algorithm: str) -> None:
    """Verify a signature without a store. It never answers false.

    Args:
        public_key: The signer's SubjectPublicKeyInfo in DER.
        message: What `hash_message` or `hash_stream` made of the message.
        signature: The signature.
        algorithm: The algorithm it was made with.

    Raises:
        KMSInvalidSignatureException: It is not this key's signature of this message.
        ValueError: The public key is damaged, or key, algorithm and message do not go together.
    """
    key = _core.PublicKey(public_key)
    if not key.verify(message.data, signature, signing_algorithm=algorithm, message_type=message.message_type):
        raise errors.KMSInvalidSignatureException(f"it is no {algorithm} signature of this message by this key")


class _Hasher:
    """Takes a message piece by piece."""

    def __init__(self, algorithm: str, public_key: bytes) -> None:
        self._algorithm = algorithm
        self._hash, self._message_type = _begun(algorithm, public_key)
        self._whole = bytearray()

    def update(self, data: Buffer) -> None:
        """Take a piece."""
        if self._hash is not None:
            self._hash.update(data)
            return
        self._whole += data
        if len(self._whole) > LONGEST_MESSAGE:
            raise self._fault("too long")

    def message(self) -> Message:
        """What KMS is sent in place of all pieces."""
        if self._message_type == "EXTERNAL_MU":
            return Message(self._hash.digest(ML_DSA_REPRESENTATIVE), self._message_type)
        if self._hash is not None:
            return Message(self._hash.digest(), self._message_type)
        if not self._whole:
            raise self._fault("empty")
        return Message(bytes(self._whole), self._message_type)

    def _fault(self, what: str) -> ValueError:
        hint = "; ED25519_PH_SHA_512 takes any number" if self._algorithm == _WHOLE else ""
        return ValueError(f"the message is {what}: {self._algorithm} takes 1 to {LONGEST_MESSAGE:,} bytes{hint}")


def _begun(algorithm: str, public_key: bytes) -> tuple[Any, str]:
    """A hash, of hashlib's private types, and the MessageType of its digest; no hash where KMS is sent the message."""
    if algorithm in _HASHES:
        return hashlib.new(_HASHES[algorithm]), "DIGEST"
    if algorithm == "ML_DSA_SHAKE_256":
        # FIPS 204, algorithm 2 (M' = 0 || length of the context || context || M) and algorithm 7, line 6.
        key_digest = hashlib.shake_256(public_key[_ML_DSA_PREFIX:]).digest(ML_DSA_REPRESENTATIVE)
        return hashlib.shake_256(key_digest + bytes(2)), "EXTERNAL_MU"
    if algorithm == "SM2DSA" and "sm3" in hashlib.algorithms_available:
        # GB/T 32918.2, section 5.5. Not every build of OpenSSL has SM3.
        signer = hashlib.new("sm3", _SM2_SIGNER + _SM2_CURVE + public_key[-_SM2_POINT:])
        return hashlib.new("sm3", signer.digest()), "DIGEST"
    if algorithm in ("SM2DSA", _WHOLE):
        return None, "RAW"
    raise ValueError(f"algorithm is {algorithm!r}: it must be a signing algorithm of AWS KMS")
