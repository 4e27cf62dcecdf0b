"""Loads stored key material of a key pair with pyca/cryptography: docs/formats.md, "Key material"."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

CURVES: dict[str, ec.EllipticCurve] = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}
SEEDED: dict[str, tuple[Any, int]] = {
    "ML_DSA_44": (mldsa.MLDSA44PrivateKey, 32),
    "ML_DSA_65": (mldsa.MLDSA65PrivateKey, 32),
    "ML_DSA_87": (mldsa.MLDSA87PrivateKey, 32),
    "ML_KEM_768": (mlkem.MLKEM768PrivateKey, 64),
    "ML_KEM_1024": (mlkem.MLKEM1024PrivateKey, 64),
}
UNREADABLE = ("ML_KEM_512", "SM2")
"""Key specs that cryptography does not have."""


def private_key(spec: str, material: bytes) -> Any:
    """The private key. Raises ValueError when the material is not of the spec's form."""
    if spec.startswith("RSA_"):
        key = load_der_private_key(material, None)
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != int(spec.removeprefix("RSA_")):
            raise ValueError("another key")
        return key
    if spec in CURVES:
        curve = CURVES[spec]
        if len(material) != (curve.key_size + 7) // 8:
            raise ValueError("another length")
        return ec.derive_private_key(int.from_bytes(material, "big"), curve)
    if spec == "ECC_NIST_EDWARDS25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(material)
    kind, length = SEEDED[spec]
    if len(material) != length:
        raise ValueError("another length")
    return kind.from_seed_bytes(material)
