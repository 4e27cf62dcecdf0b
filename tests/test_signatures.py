"""What stands for a message in Sign and Verify, and public keys in files."""

import io

import pytest

from kmscore import KMSClient, _core, pem, signatures
from kmscore.errors import KMSInvalidSignatureException
from scratch_store import ScratchStore, kms, scratch

__all__ = ["kms", "scratch"]

SIGNING = {row["spec"]: row["usages"]["SIGN_VERIFY"] for row in _core.key_specs() if "SIGN_VERIFY" in row["usages"]}

# Key spec -> the algorithm that is meant when none is named.
USUAL = {
    "RSA_2048": "RSASSA_PSS_SHA_256",
    "RSA_3072": "RSASSA_PSS_SHA_256",
    "RSA_4096": "RSASSA_PSS_SHA_256",
    "ECC_NIST_P256": "ECDSA_SHA_256",
    "ECC_NIST_P384": "ECDSA_SHA_384",
    "ECC_NIST_P521": "ECDSA_SHA_512",
    "ECC_SECG_P256K1": "ECDSA_SHA_256",
    "SM2": "SM2DSA",
    "ECC_NIST_EDWARDS25519": "ED25519_PH_SHA_512",
    "ML_DSA_44": "ML_DSA_SHAKE_256",
    "ML_DSA_65": "ML_DSA_SHAKE_256",
    "ML_DSA_87": "ML_DSA_SHAKE_256",
}
# Key spec -> the fewest and the most bytes of a signature. Those in DER are two INTEGERs, each with a zero before its
# first bit if need be (RFC 3279, 2.2.3); ML-DSA: FIPS 204, table 2.
LENGTHS = {
    "RSA_2048": (256, 256),
    "ECC_NIST_P256": (8, 72),
    "ECC_NIST_P384": (8, 104),
    "ECC_NIST_P521": (8, 139),
    "ECC_SECG_P256K1": (8, 72),
    "SM2": (8, 72),
    "ECC_NIST_EDWARDS25519": (64, 64),
    "ML_DSA_44": (2420, 2420),
    "ML_DSA_65": (3309, 3309),
    "ML_DSA_87": (4627, 4627),
}


def public_key(kms: KMSClient, spec: str) -> tuple[str, bytes]:
    """A new key, and its public half."""
    arn = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    return arn, kms.get_public_key(KeyId=arn)["PublicKey"]


@pytest.mark.parametrize("spec", [row["spec"] for row in _core.key_specs()])
def test_every_spec_that_signs_has_an_algorithm(spec: str) -> None:
    assert signatures.algorithms(spec) == SIGNING.get(spec, [])
    if spec in SIGNING:
        assert signatures.algorithm_for(spec) == USUAL[spec]
        assert [signatures.algorithm_for(spec, name) for name in SIGNING[spec]] == SIGNING[spec]
    else:
        with pytest.raises(ValueError, match=f"keys of KeySpec {spec} do not sign"):
            signatures.algorithm_for(spec)


def test_algorithm_of_another_spec_is_refused() -> None:
    with pytest.raises(
        ValueError, match="ECDSA_SHA_256 is not for keys of KeySpec ECC_NIST_P384, which sign with ECDSA"
    ):
        signatures.algorithm_for("ECC_NIST_P384", "ECDSA_SHA_256")
    with pytest.raises(ValueError, match="algorithm is 'SHA': it must be a signing algorithm"):
        signatures.hash_message(b"", "SHA", b"")


@pytest.mark.parametrize("spec", [spec for spec in SIGNING if spec != "SM2" and not spec.startswith("RSA_")])
def test_signature_has_a_length_that_its_spec_allows(kms: KMSClient, spec: str) -> None:
    arn, der = public_key(kms, spec)
    algorithm = signatures.algorithm_for(spec)
    for number in range(20):
        message = signatures.hash_message(bytes([number]), algorithm, der)
        reply = kms.sign(KeyId=arn, Message=message.data, MessageType=message.message_type, SigningAlgorithm=algorithm)
        assert signatures.signature_fault(der, reply["Signature"], algorithm) is None
        signatures.verify(der, message, reply["Signature"], algorithm)


@pytest.mark.parametrize("spec", LENGTHS)
def test_other_lengths_are_told_with_the_right_ones(scratch: ScratchStore, spec: str) -> None:
    shortest, longest = LENGTHS[spec]
    right = f"{longest:,}" if shortest == longest else f"{shortest} to {longest}"
    with scratch.client(region_name="cn-north-1" if spec == "SM2" else "us-east-1") as kms:
        _, der = public_key(kms, spec)
    for algorithm in SIGNING[spec]:
        for length in (shortest, longest):
            assert signatures.signature_fault(der, bytes(length), algorithm) is None
        for length in (0, shortest - 1, longest + 1, signatures.LONGEST_SIGNATURE):
            fault = f"has {length:,} bytes, and a signature by a key of KeySpec {spec} has {right}"
            assert signatures.signature_fault(der, bytes(length), algorithm) == fault


def test_length_is_that_of_an_algorithm_of_the_key(kms: KMSClient) -> None:
    _, der = public_key(kms, "ECC_NIST_P256")
    for algorithm in ("ECDSA_SHA_384", "RSASSA_PSS_SHA_256", ""):
        with pytest.raises(ValueError, match=f'is "{algorithm}", which is incompatible with key spec ECC_NIST_P256'):
            signatures.signature_fault(der, bytes(64), algorithm)
    with pytest.raises(ValueError, match="der is not the canonical SubjectPublicKeyInfo"):
        signatures.signature_fault(der[1:], bytes(64), "ECDSA_SHA_256")


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ML_DSA_44", "ECC_NIST_EDWARDS25519"])
def test_pieces_make_the_same_message(kms: KMSClient, spec: str) -> None:
    _, der = public_key(kms, spec)
    algorithm = signatures.algorithm_for(spec)
    data = bytes(range(256)) * 10_000
    seen: list[int] = []
    streamed = signatures.hash_stream(io.BytesIO(data), algorithm, der, seen.append)
    assert streamed == signatures.hash_message(data, algorithm, der)
    assert streamed == signatures.hash_message(memoryview(bytearray(data)), algorithm, der)
    assert seen == sorted(set(seen))
    assert seen[-1] == len(data)


def test_verify_raises(kms: KMSClient) -> None:
    arn, der = public_key(kms, "ECC_NIST_P256")
    signature = kms.sign(KeyId=arn, Message=b"x", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    signatures.verify(der, signatures.hash_message(b"x", "ECDSA_SHA_256", der), signature, "ECDSA_SHA_256")
    with pytest.raises(KMSInvalidSignatureException, match="it is no ECDSA_SHA_256 signature of this message"):
        signatures.verify(der, signatures.hash_message(b"y", "ECDSA_SHA_256", der), signature, "ECDSA_SHA_256")
    with pytest.raises(ValueError, match="incompatible"):
        signatures.verify(der, signatures.Message(b"x", "RAW"), signature, "ECDSA_SHA_384")


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ML_DSA_87", "ML_KEM_512"])
def test_public_key_comes_back_from_pem_and_der(kms: KMSClient, spec: str) -> None:
    arn = kms.create_key(KeySpec=spec, KeyUsage="ENCAPSULATE_DECAPSULATE" if "KEM" in spec else "SIGN_VERIFY")
    der = kms.get_public_key(KeyId=arn["KeyMetadata"]["KeyId"])["PublicKey"]
    text = pem.public_key_pem(der)
    assert max(len(line) for line in text.splitlines()) == 64
    assert pem.public_key_der(text.encode()) == der
    assert pem.public_key_der(der) == der
