"""KMS over cryptography's own keys, with boto3's methods; and a recorder of what a client is asked."""

import uuid
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)

CURVES: dict[str, ec.EllipticCurve] = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}
OTHERS: dict[str, Any] = {
    "ECC_NIST_EDWARDS25519": ed25519.Ed25519PrivateKey,
    "ML_DSA_44": mldsa.MLDSA44PrivateKey,
    "ML_DSA_65": mldsa.MLDSA65PrivateKey,
    "ML_DSA_87": mldsa.MLDSA87PrivateKey,
    "ML_KEM_768": mlkem.MLKEM768PrivateKey,
}
RSA_SIGNING = [f"RSASSA_{scheme}_SHA_{bits}" for scheme in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512)]
ECDSA, ML_DSA = ["ECDSA_SHA_256"], ["ML_DSA_SHAKE_256"]
SIGNING = {
    **dict.fromkeys(("RSA_2048", "RSA_3072", "RSA_4096"), RSA_SIGNING),
    **dict.fromkeys(("ECC_NIST_P256", "ECC_SECG_P256K1"), ECDSA),
    "ECC_NIST_P384": ["ECDSA_SHA_384"],
    "ECC_NIST_P521": ["ECDSA_SHA_512"],
    "ECC_NIST_EDWARDS25519": ["ED25519_SHA_512", "ED25519_PH_SHA_512"],
    **dict.fromkeys(("ML_DSA_44", "ML_DSA_65", "ML_DSA_87"), ML_DSA),
}
SHA1 = hashes.SHA1()  # noqa: S303 - KMS has OAEP with it.
ENCRYPTING = {"RSAES_OAEP_SHA_1": SHA1, "RSAES_OAEP_SHA_256": hashes.SHA256()}
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


class Refusal(Exception):
    """What this client raises for what KMS refuses."""


class MimicClient:
    """The calls that private keys make. It is as strict about lengths and usages as KMS."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[str, str, Any]] = {}

    def create_key(self, *, KeySpec: str, KeyUsage: str) -> Any:
        arn = f"arn:aws:kms:us-east-1:123456789012:key/{uuid.uuid4()}"
        self._keys[arn] = KeySpec, KeyUsage, _generated(KeySpec)
        return {"KeyMetadata": {"Arn": arn, "KeyId": arn.rpartition("/")[2]}}

    def generate_data_key_pair(self, *, KeyId: str, KeyPairSpec: str) -> Any:
        key = _generated(KeyPairSpec)
        plaintext = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        reply = {"PublicKey": _encoded(key), "PrivateKeyPlaintext": plaintext}
        return {"KeyId": KeyId, "KeyPairSpec": KeyPairSpec, **reply}

    def get_public_key(self, *, KeyId: str) -> Any:
        spec, usage, key = self._keys[KeyId]
        reply = {"KeyId": KeyId, "KeySpec": spec, "KeyUsage": usage, "PublicKey": _encoded(key)}
        if usage == "SIGN_VERIFY":
            reply["SigningAlgorithms"] = SIGNING[spec]
        if usage == "ENCRYPT_DECRYPT":
            reply["EncryptionAlgorithms"] = list(ENCRYPTING)
        return reply

    def sign(self, *, KeyId: str, Message: bytes, MessageType: str, SigningAlgorithm: str) -> Any:
        spec, usage, key = self._keys[KeyId]
        if usage != "SIGN_VERIFY" or SigningAlgorithm not in SIGNING[spec] or not 1 <= len(Message) <= 4096:
            raise Refusal(SigningAlgorithm)
        signature = _signature(key, Message, (MessageType, SigningAlgorithm))
        return {"KeyId": KeyId, "Signature": signature, "SigningAlgorithm": SigningAlgorithm}

    def verify(self, *, KeyId: str, Message: bytes, MessageType: str, SigningAlgorithm: str, Signature: bytes) -> Any:
        public = self._keys[KeyId][2].public_key()
        if (MessageType, SigningAlgorithm) != ("RAW", "ML_DSA_SHAKE_256"):
            raise Refusal(SigningAlgorithm)
        try:
            public.verify(Signature, Message)
        except InvalidSignature as error:
            raise Refusal(SigningAlgorithm) from error
        return {"SignatureValid": True}

    def decrypt(self, *, KeyId: str, CiphertextBlob: bytes, EncryptionAlgorithm: str) -> Any:
        _, usage, key = self._keys[KeyId]
        if usage != "ENCRYPT_DECRYPT":
            raise Refusal(usage)
        algorithm = ENCRYPTING[EncryptionAlgorithm]
        return {"Plaintext": key.decrypt(CiphertextBlob, padding.OAEP(padding.MGF1(algorithm), algorithm, None))}

    def derive_shared_secret(self, *, KeyId: str, KeyAgreementAlgorithm: str, PublicKey: bytes) -> Any:
        _, usage, key = self._keys[KeyId]
        if usage != "KEY_AGREEMENT" or KeyAgreementAlgorithm != "ECDH":
            raise Refusal(usage)
        return {"SharedSecret": key.exchange(ec.ECDH(), load_der_public_key(PublicKey))}


class Recorder:
    """Another client, whatever it is, and the calls it was asked for."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**parameters: Any) -> Any:
            self.calls.append((name, parameters))
            return method(**parameters)

        return call

    @property
    def names(self) -> list[str]:
        """The calls' names."""
        return [name for name, _ in self.calls]


def _generated(spec: str) -> Any:
    if spec == "SYMMETRIC_DEFAULT":
        return None
    if spec.startswith("RSA_"):
        return rsa.generate_private_key(65537, int(spec.removeprefix("RSA_")))
    return ec.generate_private_key(CURVES[spec]) if spec in CURVES else OTHERS[spec].generate()


def _encoded(key: Any) -> bytes:
    encoded: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _signature(key: Any, message: bytes, asked: tuple[str, str]) -> Any:
    match asked:
        case "DIGEST", algorithm if algorithm.startswith("RSASSA_"):
            chosen = HASHES[algorithm[-3:]]
            pss = padding.PSS(padding.MGF1(chosen), padding.PSS.DIGEST_LENGTH)
            return key.sign(message, pss if "PSS" in algorithm else padding.PKCS1v15(), utils.Prehashed(chosen))
        case "DIGEST", algorithm if algorithm.startswith("ECDSA_"):
            return key.sign(message, ec.ECDSA(utils.Prehashed(HASHES[algorithm[-3:]])))
        case "RAW", "ED25519_SHA_512":
            return key.sign(message)
        case "EXTERNAL_MU", "ML_DSA_SHAKE_256":
            return key.sign_mu(message)
    raise Refusal(asked)
