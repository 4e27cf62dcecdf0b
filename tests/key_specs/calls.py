"""Valid arguments of every operation that uses key material, for any key and any algorithm."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from key_specs.made_keys import MadeKey

MESSAGE = b"\x5a" * 64
"""A message that is also a digest of 64 bytes."""


def message_type(algorithm: str | None) -> str:
    """How MESSAGE is handed over for an algorithm."""
    return "DIGEST" if algorithm == "ED25519_PH_SHA_512" else "RAW"


def sign(key: MadeKey, algorithm: str | None) -> dict[str, Any]:
    return {
        "KeyId": key.id,
        "Message": MESSAGE,
        "MessageType": message_type(algorithm),
        "SigningAlgorithm": algorithm,
    }


def verify(key: MadeKey, algorithm: str | None) -> dict[str, Any]:
    own = key.usage == "SIGN_VERIFY" and algorithm in key.algorithms
    return {**sign(key, algorithm), "Signature": signature(key, algorithm) if own else b"no signature"}


@cache
def signature(key: MadeKey, algorithm: str | None) -> bytes:
    """A signature of MESSAGE."""
    made: bytes = key.kms.sign(**sign(key, algorithm))["Signature"]
    return made


def generate_mac(key: MadeKey, algorithm: str | None) -> dict[str, Any]:
    return {"KeyId": key.id, "Message": MESSAGE, "MacAlgorithm": algorithm}


def verify_mac(key: MadeKey, algorithm: str | None) -> dict[str, Any]:
    own = key.usage == "GENERATE_VERIFY_MAC" and algorithm in key.algorithms
    mac = key.kms.generate_mac(**generate_mac(key, algorithm))["Mac"] if own else b"no MAC"
    return {**generate_mac(key, algorithm), "Mac": mac}


def encrypt(key: MadeKey, algorithm: str | None) -> dict[str, Any]:
    return {"KeyId": key.id, "Plaintext": MESSAGE, **_named("EncryptionAlgorithm", algorithm)}


def decrypt(key: MadeKey, algorithm: str | None) -> dict[str, Any]:
    return {
        "KeyId": key.id,
        "CiphertextBlob": ciphertext(key, algorithm),
        **_named("EncryptionAlgorithm", algorithm),
    }


@cache
def ciphertext(key: MadeKey, algorithm: str | None) -> bytes:
    """MESSAGE encrypted by the key, or where it cannot, by a symmetric one."""
    own = key.usage == "ENCRYPT_DECRYPT" and (algorithm or "SYMMETRIC_DEFAULT") in key.algorithms
    arguments = encrypt(key, algorithm) if own else encrypt(key.store.symmetric(key.region), None)
    made: bytes = key.kms.encrypt(**arguments)["CiphertextBlob"]
    return made


def re_encrypt_from(key: MadeKey, algorithm: str | None) -> dict[str, Any]:
    return {
        "SourceKeyId": key.id,
        "CiphertextBlob": ciphertext(key, algorithm),
        "DestinationKeyId": key.store.symmetric(key.region).id,
        **_named("SourceEncryptionAlgorithm", algorithm),
    }


def re_encrypt_to(key: MadeKey, algorithm: str | None) -> dict[str, Any]:
    return {
        "CiphertextBlob": ciphertext(key.store.symmetric(key.region), None),
        "DestinationKeyId": key.id,
        **_named("DestinationEncryptionAlgorithm", algorithm),
    }


def generate_data_key(key: MadeKey, _: str | None) -> dict[str, Any]:
    return {"KeyId": key.id, "KeySpec": "AES_256"}


def generate_data_key_pair(key: MadeKey, _: str | None) -> dict[str, Any]:
    return {"KeyId": key.id, "KeyPairSpec": "ECC_NIST_P256"}


def derive_shared_secret(key: MadeKey, algorithm: str | None) -> dict[str, Any]:
    # A key may agree with itself.
    peer = key if key.usage == "KEY_AGREEMENT" else key.store.of("ECC_NIST_P256")
    return {"KeyId": key.id, "PublicKey": peer.public_key, "KeyAgreementAlgorithm": algorithm}


def encapsulate(key: MadeKey, algorithm: str | None) -> dict[str, Any]:
    return {"KeyId": key.id, "EncapsulationAlgorithm": algorithm}


def decapsulate(key: MadeKey, algorithm: str | None) -> dict[str, Any]:
    own = key.usage == "ENCAPSULATE_DECAPSULATE" and algorithm == "ML_KEM"
    made = key.kms.encapsulate(**encapsulate(key, algorithm))["SharedSecretCiphertextBlob"] if own else bytes(768)
    return {**encapsulate(key, algorithm), "SharedSecretCiphertextBlob": made}


def get_public_key(key: MadeKey, _: str | None) -> dict[str, Any]:
    return {"KeyId": key.id}


def generate_random(_: MadeKey, __: str | None) -> dict[str, Any]:
    return {"NumberOfBytes": 32}


@dataclass(frozen=True)
class Operation:
    """An operation, as one of its keys sees it."""

    name: str
    method: str
    usage: str | None
    algorithm_member: str | None
    arguments: Callable[[MadeKey, str | None], dict[str, Any]]

    def __str__(self) -> str:
        return f"{self.method}_{self.algorithm_member}" if self.name == "ReEncrypt" else self.method


OPERATIONS = [
    Operation("Encrypt", "encrypt", "ENCRYPT_DECRYPT", "EncryptionAlgorithm", encrypt),
    Operation("Decrypt", "decrypt", "ENCRYPT_DECRYPT", "EncryptionAlgorithm", decrypt),
    Operation("ReEncrypt", "re_encrypt", "ENCRYPT_DECRYPT", "SourceEncryptionAlgorithm", re_encrypt_from),
    Operation("ReEncrypt", "re_encrypt", "ENCRYPT_DECRYPT", "DestinationEncryptionAlgorithm", re_encrypt_to),
    Operation("GenerateDataKey", "generate_data_key", "ENCRYPT_DECRYPT", None, generate_data_key),
    Operation(
        "GenerateDataKeyWithoutPlaintext",
        "generate_data_key_without_plaintext",
        "ENCRYPT_DECRYPT",
        None,
        generate_data_key,
    ),
    Operation("GenerateDataKeyPair", "generate_data_key_pair", "ENCRYPT_DECRYPT", None, generate_data_key_pair),
    Operation(
        "GenerateDataKeyPairWithoutPlaintext",
        "generate_data_key_pair_without_plaintext",
        "ENCRYPT_DECRYPT",
        None,
        generate_data_key_pair,
    ),
    Operation("GenerateRandom", "generate_random", None, None, generate_random),
    Operation("Sign", "sign", "SIGN_VERIFY", "SigningAlgorithm", sign),
    Operation("Verify", "verify", "SIGN_VERIFY", "SigningAlgorithm", verify),
    Operation("GenerateMac", "generate_mac", "GENERATE_VERIFY_MAC", "MacAlgorithm", generate_mac),
    Operation("VerifyMac", "verify_mac", "GENERATE_VERIFY_MAC", "MacAlgorithm", verify_mac),
    Operation(
        "DeriveSharedSecret", "derive_shared_secret", "KEY_AGREEMENT", "KeyAgreementAlgorithm", derive_shared_secret
    ),
    Operation("Encapsulate", "encapsulate", "ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithm", encapsulate),
    Operation("Decapsulate", "decapsulate", "ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithm", decapsulate),
    Operation("GetPublicKey", "get_public_key", None, None, get_public_key),
]


def _named(member: str, algorithm: str | None) -> dict[str, str]:
    return {} if algorithm is None else {member: algorithm}
