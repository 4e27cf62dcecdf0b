"""Private keys in KMS: what they sign, cryptography verifies; what KMS cannot do, they refuse."""

import copy
import hashlib
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from integrations.conftest import Create, creator
from integrations.kms_mimic import SHA1, MimicClient, Recorder
from kmscore.integrations.private_keys import private_key

LONG = bytes(range(256)) * 1000
CURVES = [
    ("ECC_NIST_P256", "secp256r1", hashes.SHA256()),
    ("ECC_SECG_P256K1", "secp256k1", hashes.SHA256()),
    ("ECC_NIST_P384", "secp384r1", hashes.SHA384()),
    ("ECC_NIST_P521", "secp521r1", hashes.SHA512()),
]
ML_DSA: list[tuple[str, Any]] = [
    ("ML_DSA_44", mldsa.MLDSA44PrivateKey),
    ("ML_DSA_65", mldsa.MLDSA65PrivateKey),
    ("ML_DSA_87", mldsa.MLDSA87PrivateKey),
]
HASHES = [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]


def pss(chosen: hashes.HashAlgorithm, salt_length: Any = padding.PSS.DIGEST_LENGTH) -> padding.PSS:
    return padding.PSS(padding.MGF1(chosen), salt_length)


def digest(chosen: hashes.HashAlgorithm, data: bytes) -> bytes:
    hasher = hashes.Hash(chosen)
    hasher.update(data)
    return hasher.finalize()


def rsa_key(client: Any, key_id: str) -> rsa.RSAPrivateKey:
    key = private_key(client, key_id)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def curve_key(client: Any, key_id: str) -> ec.EllipticCurvePrivateKey:
    key = private_key(client, key_id)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def test_rsa_key_signs_what_cryptography_verifies(client: Any, create: Create) -> None:
    key = rsa_key(client, create("RSA_2048"))
    assert key.key_size == 2048
    for chosen in HASHES:
        for scheme in (padding.PKCS1v15(), pss(chosen), pss(chosen, chosen.digest_size)):
            for data in (b"", b"x", LONG):
                key.public_key().verify(key.sign(data, scheme, chosen), data, scheme, chosen)
            prehashed = key.sign(digest(chosen, LONG), scheme, utils.Prehashed(chosen))
            key.public_key().verify(prehashed, LONG, scheme, chosen)
    with pytest.raises(InvalidSignature):
        key.public_key().verify(prehashed, b"another", scheme, chosen)


@pytest.mark.parametrize(("spec", "curve", "chosen"), CURVES)
def test_curve_key_signs_what_cryptography_verifies(
    client: Any, create: Create, spec: str, curve: str, chosen: hashes.HashAlgorithm
) -> None:
    key = curve_key(client, create(spec))
    assert (key.curve.name, key.key_size) == (curve, key.curve.key_size)
    for data in (b"", bytearray(b"x"), memoryview(LONG)):
        key.public_key().verify(key.sign(data, ec.ECDSA(chosen)), data, ec.ECDSA(chosen))
    prehashed = key.sign(digest(chosen, LONG), ec.ECDSA(utils.Prehashed(chosen)))
    key.public_key().verify(prehashed, LONG, ec.ECDSA(chosen))


def test_ed25519_key_signs_what_cryptography_verifies(client: Any, create: Create) -> None:
    key = private_key(client, create("ECC_NIST_EDWARDS25519"))
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    for data in (b"x", LONG[:4096]):
        key.public_key().verify(key.sign(data), data)


@pytest.mark.parametrize(("data", "size"), [(b"", "0"), (LONG[:4097], "4,097")])
def test_ed25519_message_that_kms_does_not_take_is_refused(client: Any, create: Create, data: bytes, size: str) -> None:
    key: Any = private_key(client, create("ECC_NIST_EDWARDS25519"))
    with pytest.raises(ValueError, match=f"data is {size} bytes: with Ed25519, KMS signs 1 to 4,096"):
        key.sign(data)


@pytest.mark.parametrize(("spec", "kind"), ML_DSA)
def test_ml_dsa_key_signs_what_cryptography_and_kms_verify(client: Any, create: Create, spec: str, kind: type) -> None:
    arn = create(spec)
    key: Any = private_key(client, arn)
    assert issubclass(type(key), kind)
    for signature in (key.sign(LONG), key.sign(LONG, b""), key.sign(memoryview(LONG), context=None)):
        key.public_key().verify(signature, LONG)
    # KMS makes the representative of a short message itself: it must be the same.
    client.verify(
        KeyId=arn, Message=b"x", MessageType="RAW", SigningAlgorithm="ML_DSA_SHAKE_256", Signature=key.sign(b"x")
    )
    inner = hashlib.shake_256(key.public_key().public_bytes_raw()).digest(64)
    key.public_key().verify(key.sign_mu(hashlib.shake_256(inner + bytes(2) + b"x").digest(64)), b"x")


def test_ml_dsa_with_a_context_or_another_length_is_refused(client: Any, create: Create) -> None:
    key: Any = private_key(client, create("ML_DSA_44"))
    with pytest.raises(ValueError, match="context is 1 bytes: with ML-DSA in KMS it must be empty"):
        key.sign(b"x", b"c")
    with pytest.raises(ValueError, match="mu is 63 bytes: it must be 64"):
        key.sign_mu(bytes(63))


@pytest.mark.parametrize("chosen", [SHA1, hashes.SHA256()], ids=lambda chosen: chosen.name)
@pytest.mark.parametrize("label", [None, b""])
def test_rsa_key_decrypts_what_cryptography_encrypts(
    client: Any, create: Create, chosen: hashes.HashAlgorithm, label: bytes | None
) -> None:
    key = rsa_key(client, create("RSA_2048", "ENCRYPT_DECRYPT"))
    oaep = padding.OAEP(padding.MGF1(chosen), chosen, label)
    assert key.decrypt(key.public_key().encrypt(b"secret", oaep), oaep) == b"secret"


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"])
def test_curve_key_agrees_with_cryptography(client: Any, create: Create, spec: str) -> None:
    key = curve_key(client, create(spec, "KEY_AGREEMENT"))
    peer = ec.generate_private_key(key.curve)
    assert key.exchange(ec.ECDH(), peer.public_key()) == peer.exchange(ec.ECDH(), key.public_key())


def test_only_digests_and_the_arn_are_sent(client: Any, create: Create) -> None:
    arn = create("ECC_NIST_P256")
    recorder = Recorder(client)
    curve_key(recorder, arn.rpartition("/")[2] if hasattr(client, "meta") else arn).sign(
        LONG, ec.ECDSA(hashes.SHA256())
    )
    assert recorder.names == ["get_public_key", "sign"]
    assert recorder.calls[1][1] == {
        "KeyId": arn,
        "Message": hashlib.sha256(LONG).digest(),
        "MessageType": "DIGEST",
        "SigningAlgorithm": "ECDSA_SHA_256",
    }


OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
# A key, what is done with it, and the usage that this needs.
MISUSES: list[tuple[str, str, Any, str]] = [
    ("RSA_2048", "ENCRYPT_DECRYPT", lambda key: key.sign(b"x", padding.PKCS1v15(), hashes.SHA256()), "SIGN_VERIFY"),
    ("RSA_2048", "SIGN_VERIFY", lambda key: key.decrypt(bytes(256), OAEP), "ENCRYPT_DECRYPT"),
    ("ECC_NIST_P256", "KEY_AGREEMENT", lambda key: key.sign(b"x", ec.ECDSA(hashes.SHA256())), "SIGN_VERIFY"),
    ("ECC_NIST_P256", "SIGN_VERIFY", lambda key: key.exchange(ec.ECDH(), key.public_key()), "KEY_AGREEMENT"),
]


@pytest.mark.parametrize(("spec", "usage", "use", "needed"), MISUSES)
def test_use_that_the_key_is_not_made_for_is_refused_before_anything_is_sent(
    client: Any, create: Create, spec: str, usage: str, use: Any, needed: str
) -> None:
    arn = create(spec, usage)
    recorder = Recorder(client)
    key = private_key(recorder, arn)
    with pytest.raises(ValueError, match=f"{arn} has KeyUsage {usage}: this needs a key of KeyUsage {needed}"):
        use(key)
    assert recorder.names == ["get_public_key"]


SHA256 = hashes.SHA256()
UNSIGNED: list[tuple[Any, Any, Any, type[Exception], str]] = [
    (b"x", pss(SHA256, padding.PSS.AUTO), SHA256, ValueError, "salt_length of PSS is Auto: in KMS it is .* or 32 with"),
    (b"x", pss(SHA256, padding.PSS.MAX_LENGTH), SHA256, ValueError, "salt_length of PSS is MaxLength: "),
    (b"x", pss(SHA256, 20), SHA256, ValueError, "salt_length of PSS is 20: in KMS it is always that of the digest"),
    (b"x", pss(SHA256, 0), SHA256, ValueError, "salt_length of PSS is 0: "),
    (b"x", pss(hashes.SHA384()), SHA256, ValueError, "mgf of the padding must be MGF1 of sha256"),
    (b"x", OAEP, SHA256, TypeError, "padding must be PKCS1v15 or PSS, not OAEP"),
    (b"x", None, SHA256, TypeError, "padding must be PKCS1v15 or PSS, not NoneType"),
    (b"x", padding.PKCS1v15(), SHA1, ValueError, "algorithm is sha1: KMS signs digests of SHA-256, SHA-384"),
    (b"x", padding.PKCS1v15(), hashes.SHA3_256(), ValueError, "algorithm is sha3-256: KMS signs digests of SHA-256"),
    (bytes(32), padding.PKCS1v15(), utils.Prehashed(hashes.SHA3_256()), ValueError, "algorithm is sha3-256"),
    (bytes(31), padding.PKCS1v15(), utils.Prehashed(SHA256), ValueError, "data is 31 bytes: a digest of sha256 has 32"),
    (b"x", padding.PKCS1v15(), utils.NoDigestInfo(), TypeError, "algorithm must be a hash or Prehashed, not NoDigestI"),
    (b"x", padding.PKCS1v15(), None, TypeError, "algorithm must be a hash or Prehashed, not NoneType"),
    ("x", padding.PKCS1v15(), SHA256, TypeError, "str"),
]


def test_rsa_signature_that_kms_does_not_make_is_refused(client: Any, create: Create) -> None:
    recorder = Recorder(client)
    key = rsa_key(recorder, create("RSA_2048"))
    for data, scheme, algorithm, kind, fault in UNSIGNED:
        with pytest.raises(kind, match=fault):
            key.sign(data, scheme, algorithm)
    assert recorder.names == ["get_public_key"]


def test_rsa_decryption_that_kms_does_not_make_is_refused(client: Any, create: Create) -> None:
    recorder = Recorder(client)
    key = rsa_key(recorder, create("RSA_2048", "ENCRYPT_DECRYPT"))
    mgf = padding.MGF1(SHA256)
    for scheme, kind, fault in [
        (padding.PKCS1v15(), TypeError, "padding must be OAEP, not PKCS1v15"),
        (padding.OAEP(padding.MGF1(hashes.SHA512()), hashes.SHA512(), None), ValueError, "algorithm of OAEP is sha512"),
        (padding.OAEP(padding.MGF1(SHA1), SHA256, None), ValueError, "mgf of the padding must be MGF1 of sha"),
        (padding.OAEP(mgf, SHA256, b"label"), ValueError, "label of OAEP must be empty: KMS has none"),
    ]:
        with pytest.raises(kind, match=fault):
            key.decrypt(bytes(256), scheme)
    assert recorder.names == ["get_public_key"]


def test_hash_that_kms_does_not_have_for_a_curve_is_refused(client: Any, create: Create) -> None:
    arn = create("ECC_NIST_P256")
    key = curve_key(client, arn)
    with pytest.raises(ValueError, match=rf"{arn} \(ECC_NIST_P256\) has no ECDSA_SHA_384: it has ECDSA_SHA_256"):
        key.sign(b"x", ec.ECDSA(hashes.SHA384()))
    with pytest.raises(ValueError, match="deterministic_signing: KMS draws a nonce for each signature"):
        key.sign(b"x", ec.ECDSA(SHA256, deterministic_signing=True))
    with pytest.raises(TypeError, match="signature_algorithm must be ECDSA, not SHA256"):
        key.sign(b"x", SHA256)  # type: ignore[arg-type]  # That is the fault.


def test_agreement_with_a_key_on_another_curve_is_refused(client: Any, create: Create) -> None:
    key = curve_key(client, create("ECC_NIST_P256", "KEY_AGREEMENT"))
    peer = ec.generate_private_key(ec.SECP384R1()).public_key()
    with pytest.raises(ValueError, match="peer_public_key is on secp384r1, the key in KMS on secp256r1"):
        key.exchange(ec.ECDH(), peer)
    with pytest.raises(TypeError, match="algorithm must be ECDH, not str"):
        key.exchange("ECDH", key.public_key())  # type: ignore[arg-type]  # That is the fault.


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_EDWARDS25519", "ML_DSA_44"])
def test_private_part_is_not_given_out(client: Any, create: Create, spec: str) -> None:
    arn = create(spec)
    key: Any = private_key(client, arn)
    fault = f"{arn} is in KMS: its private key cannot be taken out"
    with pytest.raises(TypeError, match=fault):
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(TypeError, match=fault):
        key.private_bytes_raw()
    with pytest.raises(TypeError, match=fault):
        key.private_numbers()
    assert copy.deepcopy(key) is copy.copy(key) is key
    assert repr(key).endswith(f" {spec} {arn}>")


def test_key_of_no_use_here_is_named(client: Any, create: Create) -> None:
    arn = create("ML_KEM_768", "ENCAPSULATE_DECAPSULATE")
    with pytest.raises(ValueError, match=f"{arn} is of KeySpec ML_KEM_768: its keys neither sign nor decrypt nor agr"):
        private_key(client, arn)


def test_error_of_the_client_comes_through() -> None:
    with pytest.raises(KeyError, match="alias/none"):
        private_key(MimicClient(), "alias/none")


@pytest.mark.parametrize("client", [None, "kms", object()])
def test_what_is_no_client_is_refused(client: Any) -> None:
    with pytest.raises(TypeError, match="client must be a kmscore or boto3 KMS client, not "):
        private_key(client, "k")


def test_moto_is_asked_for_a_digest_which_it_hashes_again(moto_client: Any) -> None:
    """moto does not look at MessageType: what it signs is no signature of the data."""
    key = rsa_key(moto_client, creator(moto_client)("RSA_2048"))
    signature = key.sign(LONG, padding.PKCS1v15(), SHA256)
    key.public_key().verify(signature, hashlib.sha256(LONG).digest(), padding.PKCS1v15(), SHA256)
    with pytest.raises(InvalidSignature):
        key.public_key().verify(signature, LONG, padding.PKCS1v15(), SHA256)
    with pytest.raises(ValueError, match="KeyUsage ENCRYPT_DECRYPT"):
        rsa_key(moto_client, creator(moto_client)("RSA_2048", "ENCRYPT_DECRYPT")).sign(b"x", pss(SHA256), SHA256)
