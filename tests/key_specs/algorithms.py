"""The algorithms of AWS KMS in the terms of pyca/cryptography."""

import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA_1": hashes.SHA1(),  # noqa: S303 - OAEP with it is one of AWS KMS's algorithms.
    "SHA_224": hashes.SHA224(),
    "SHA_256": hashes.SHA256(),
    "SHA_384": hashes.SHA384(),
    "SHA_512": hashes.SHA512(),
}


def hash_of(algorithm: str) -> hashes.HashAlgorithm:
    """The hash that an algorithm's name ends with."""
    return HASHES["SHA_" + algorithm.rpartition("_SHA_")[2]]


def digest(algorithm: str, message: bytes) -> bytes:
    """The digest that goes with an algorithm."""
    return hashlib.new(hash_of(algorithm).name, message).digest()


def oaep(algorithm: str) -> padding.OAEP:
    """RSAES_OAEP_*: the same hash for the label and the mask."""
    used = hash_of(algorithm)
    return padding.OAEP(padding.MGF1(used), used, None)


def pss(algorithm: str, salt: int | None = None) -> padding.PSS:
    """RSASSA_PSS_*; the salt is as long as the digest unless another length is asked for."""
    used = hash_of(algorithm)
    return padding.PSS(padding.MGF1(used), used.digest_size if salt is None else salt)


@dataclass(frozen=True)
class Signer:
    """A private key of pyca that signs as AWS KMS does."""

    key: Any
    algorithm: str

    def sign(self, message: bytes, *, digested: bool = False) -> bytes:
        """A signature of a message or of its digest."""
        made: bytes = self.key.sign(message, *_extra(self.algorithm, digested=digested))
        return made


def verify(key: Any, algorithm: str, signature: bytes, message: bytes, *, digested: bool = False) -> None:
    """Verify a signature with a public key of pyca. Raises InvalidSignature."""
    key.verify(signature, message, *_extra(algorithm, digested=digested))


def _extra(algorithm: str, *, digested: bool) -> list[Any]:
    if not algorithm.startswith(("RSASSA", "ECDSA")):
        return []
    used: Any = utils.Prehashed(hash_of(algorithm)) if digested else hash_of(algorithm)
    if algorithm.startswith("ECDSA"):
        return [ec.ECDSA(used)]
    return [pss(algorithm) if "PSS" in algorithm else padding.PKCS1v15(), used]


def mu(public_key: bytes, message: bytes) -> bytes:
    """The message representative of ML-DSA for an empty context (FIPS 204, algorithm 7, line 6)."""
    tr = hashlib.shake_256(public_key).digest(64)
    return hashlib.shake_256(tr + b"\0\0" + message).digest(64)


def spki(key: Any) -> bytes:
    """The SubjectPublicKeyInfo of a public key of pyca."""
    der: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der
