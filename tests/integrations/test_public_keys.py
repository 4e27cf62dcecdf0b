"""`kmscore.public_key`: replies of KMS as cryptography's public keys."""

import subprocess
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

import kmscore
from integrations.conftest import Create, creator

# SubjectPublicKeyInfo of what cryptography cannot load: the algorithm as KMS writes it, the key all zeros or a point.
ML_KEM_512 = bytes.fromhex("30820332300b060960864801650304040103820321 00") + bytes(800)
SM2 = bytes.fromhex(
    "3059301306072a8648ce3d020106082a811ccf5501822d03420004"
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)

KINDS: list[tuple[str, str, type]] = [
    ("RSA_2048", "SIGN_VERIFY", rsa.RSAPublicKey),
    ("RSA_2048", "ENCRYPT_DECRYPT", rsa.RSAPublicKey),
    ("ECC_NIST_P256", "SIGN_VERIFY", ec.EllipticCurvePublicKey),
    ("ECC_NIST_P384", "KEY_AGREEMENT", ec.EllipticCurvePublicKey),
    ("ECC_NIST_P521", "SIGN_VERIFY", ec.EllipticCurvePublicKey),
    ("ECC_SECG_P256K1", "SIGN_VERIFY", ec.EllipticCurvePublicKey),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", ed25519.Ed25519PublicKey),
    ("ML_DSA_44", "SIGN_VERIFY", mldsa.MLDSA44PublicKey),
    ("ML_DSA_65", "SIGN_VERIFY", mldsa.MLDSA65PublicKey),
    ("ML_DSA_87", "SIGN_VERIFY", mldsa.MLDSA87PublicKey),
    ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", mlkem.MLKEM768PublicKey),
]


@pytest.mark.parametrize(("spec", "usage", "kind"), KINDS)
def test_public_key_of_every_spec_is_cryptographys(
    client: Any, create: Create, spec: str, usage: str, kind: type
) -> None:
    reply = client.get_public_key(KeyId=create(spec, usage))
    key = kmscore.public_key(reply)
    assert isinstance(key, kind)
    assert key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == reply["PublicKey"]


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P384", "ECC_NIST_EDWARDS25519"])
def test_public_key_of_a_data_key_pair_is_cryptographys(client: Any, create: Create, spec: str) -> None:
    wrapping = create("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    reply = client.generate_data_key_pair(KeyId=wrapping, KeyPairSpec=spec)
    private: Any = load_der_private_key(reply["PrivateKeyPlaintext"], None)
    assert kmscore.public_key(reply) == private.public_key()


def test_key_of_kmscore_that_cryptography_lacks_is_named(kms: kmscore.KMSClient) -> None:
    arn = creator(kms)("ML_KEM_512", "ENCAPSULATE_DECAPSULATE")
    with pytest.raises(ValueError, match="cryptography does not support KeySpec ML_KEM_512: "):
        kmscore.public_key(kms.get_public_key(KeyId=arn))


@pytest.mark.parametrize(("spec", "size"), [("RSA_2048", 2048), ("ECC_NIST_P256", 256), ("ECC_NIST_P521", 521)])
def test_public_key_of_motos_reply_is_cryptographys(moto_client: Any, spec: str, size: int) -> None:
    reply = moto_client.get_public_key(KeyId=creator(moto_client)(spec))
    key: Any = kmscore.public_key(reply)
    assert key.key_size == size


@pytest.mark.parametrize(("spec", "encoded"), [("ML_KEM_512", ML_KEM_512), ("SM2", SM2)])
@pytest.mark.parametrize("member", ["KeySpec", "KeyPairSpec", "CustomerMasterKeySpec"])
def test_spec_that_cryptography_lacks_is_named(spec: str, encoded: bytes, member: str) -> None:
    with pytest.raises(ValueError, match=f"cryptography does not support KeySpec {spec}: ") as caught:
        kmscore.public_key({member: spec, "PublicKey": encoded})
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("response", "kind", "fault"),
    [
        ({}, ValueError, "response has no PublicKey: it must be the reply of get_public_key"),
        ({"KeyId": "k", "PublicKey": None}, ValueError, "response has no PublicKey"),
        ({"PublicKey": "MFkwEwYH"}, TypeError, "PublicKey of response must be bytes, not str"),
        (b"0Y0", TypeError, "response must be the reply of get_public_key, not bytes"),
        (None, TypeError, "response must be the reply of get_public_key, not NoneType"),
        (
            {"KeySpec": "SM2", "PublicKey": b""},
            ValueError,
            "PublicKey of KeySpec SM2 is damaged, or this version of crypt",
        ),
        ({"PublicKey": b"0Y0"}, ValueError, r"PublicKey of KeySpec \(not named\) is damaged, or this version of crypt"),
        ({"PublicKey": SM2[:-1]}, ValueError, "is damaged, or this version of crypt"),
    ],
)
def test_what_is_no_reply_is_refused_by_name(response: Any, kind: type[Exception], fault: str) -> None:
    with pytest.raises(kind, match=fault):
        kmscore.public_key(response)


@pytest.mark.parametrize(
    ("missing", "statement", "text"),
    [
        (
            "cryptography",
            "kmscore.public_key({})",
            "kmscore.public_key needs cryptography: pip install 'kmscore[cryptography]'",
        ),
        (
            "cryptography",
            "import kmscore.integrations.private_keys",
            "a private key in KMS needs cryptography: pip install 'kmscore[cryptography]'",
        ),
        (
            "cryptography",
            "import kmscore.integrations.x509",
            "kmscore.integrations.x509 needs cryptography: pip install 'kmscore[cryptography]'",
        ),
        ("jwt", "import kmscore.integrations.jwt", "kmscore.integrations.jwt needs PyJWT: pip install 'kmscore[jwt]'"),
    ],
)
def test_missing_library_is_named_with_its_extra(missing: str, statement: str, text: str) -> None:
    program = f"""
import sys
sys.modules[{missing!r}] = None
import kmscore
try:
    {statement}
except ImportError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == text
