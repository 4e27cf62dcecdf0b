"""Every key spec and algorithm both ways with implementations that are not ours: pyca/cryptography, hashlib, OpenSSL.

The private key of a KMS key does not leave the engine; here the independent reader takes it from the sealed record.
"""

import hmac
import os
import subprocess
from functools import cache
from hashlib import sha512
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, mlkem
from cryptography.hazmat.primitives.serialization import load_der_public_key

from key_specs import algorithms
from key_specs.made_keys import CHINA, KEY_PAIRS, KINDS, ROWS, MadeKey, MadeKeys
from key_specs.openssl import OpenSsl, needs_openssl, needs_post_quantum
from kmscore import _core
from readers import ed25519, key_material, ml_kem, sm2_curve

MESSAGES = [b"m", b"a message", bytes(range(256)) * 16]
WITHOUT_PYCA = set(key_material.UNREADABLE)
SIGNING = [
    (spec, algorithm)
    for spec, usages in ROWS.items()
    for algorithm in usages.get("SIGN_VERIFY", [])
    if spec not in WITHOUT_PYCA and algorithm != "ED25519_PH_SHA_512"
]
WITH_DIGEST = [kind for kind in SIGNING if kind[1].startswith(("RSASSA", "ECDSA"))]
RSA_ENCRYPTION = [
    (spec, name) for spec in ("RSA_2048", "RSA_3072", "RSA_4096") for name in ROWS[spec]["ENCRYPT_DECRYPT"]
]
AGREEING = [spec for spec, usages in ROWS.items() if "KEY_AGREEMENT" in usages and spec not in WITHOUT_PYCA]
ML_DSA = ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"]
ML_KEM = ["ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"]
HMAC = ["HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"]
# GM/T 0009, 10: the identifier of a signer who has none.
DISTINGUISHING_ID = "distid:1234567812345678"


@cache
def private_key(key: MadeKey) -> Any:
    """The stored private key, loaded by pyca, which checks the primes of RSA each time."""
    return key_material.private_key(key.spec, key.material)


def public_key(key: MadeKey) -> Any:
    """The answer of GetPublicKey, loaded by pyca."""
    return load_der_public_key(key.public_key)


# -- the stored form of every key -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spec", "usage"), [kind for kind in KINDS if kind[0] in KEY_PAIRS - WITHOUT_PYCA])
def test_public_key_is_that_of_the_stored_private_key(keys: MadeKeys, spec: str, usage: str) -> None:
    for key in keys.all_of(spec, usage):
        assert algorithms.spki(private_key(key).public_key()) == key.public_key


def test_public_key_of_sm2_is_that_of_the_stored_scalar(keys: MadeKeys) -> None:
    for key in [key for key in keys.every if key.spec == "SM2"]:
        scalar = int.from_bytes(key.material, "big")
        assert len(key.material) == 32
        assert 0 < scalar < sm2_curve.N - 1
        assert sm2_curve.spki(sm2_curve.multiplied(sm2_curve.BASE, scalar)) == key.public_key


@pytest.mark.parametrize("spec", ML_KEM)
def test_public_key_of_ml_kem_is_that_of_the_stored_seed(keys: MadeKeys, spec: str) -> None:
    for key in keys.all_of(spec, "ENCAPSULATE_DECAPSULATE"):
        assert len(key.material) == 64
        assert key.public_key.endswith(ml_kem.key_pair(spec, key.material).public)


def test_no_two_keys_share_key_material(keys: MadeKeys) -> None:
    assert len({key.material for key in keys.every}) == len(keys.every)


# -- signatures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
def test_signature_of_kms_is_verified_outside(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "SIGN_VERIFY")
    public = public_key(key)
    for message in MESSAGES:
        signature = key.kms.sign(KeyId=key.id, Message=message, SigningAlgorithm=algorithm)["Signature"]
        algorithms.verify(public, algorithm, signature, message)
        assert _core.PublicKey(key.public_key).verify(message, signature, signing_algorithm=algorithm)


@pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
def test_signature_of_the_stored_key_is_verified_by_kms(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "SIGN_VERIFY")
    signer = algorithms.Signer(private_key(key), algorithm)
    for message in MESSAGES:
        signature = signer.sign(message)
        asked = {"KeyId": key.id, "Message": message, "SigningAlgorithm": algorithm}
        assert key.kms.verify(Signature=signature, **asked)["SignatureValid"] is True


@pytest.mark.parametrize(("spec", "algorithm"), WITH_DIGEST)
def test_signature_of_a_digest_is_that_of_the_message(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "SIGN_VERIFY")
    digested = algorithms.digest(algorithm, MESSAGES[2])
    asked = {"KeyId": key.id, "SigningAlgorithm": algorithm}
    made = key.kms.sign(Message=digested, MessageType="DIGEST", **asked)["Signature"]
    algorithms.verify(public_key(key), algorithm, made, digested, digested=True)
    algorithms.verify(public_key(key), algorithm, made, MESSAGES[2])
    theirs = algorithms.Signer(private_key(key), algorithm).sign(digested, digested=True)
    key.kms.verify(Message=digested, MessageType="DIGEST", Signature=theirs, **asked)
    key.kms.verify(Message=MESSAGES[2], MessageType="RAW", Signature=theirs, **asked)


def test_ed25519ph_hashes_the_digest_once_more(keys: MadeKeys) -> None:
    """RFC 8032 5.1 with the caller's 64 bytes for the message; the signature is deterministic, so it is the same."""
    key = keys.of("ECC_NIST_EDWARDS25519")
    asked = {"KeyId": key.id, "MessageType": "DIGEST", "SigningAlgorithm": "ED25519_PH_SHA_512"}
    for message in MESSAGES:
        given = sha512(message).digest()
        expected = ed25519.sign(key.material, sha512(given).digest(), ed25519.PREHASH)
        assert key.kms.sign(Message=given, **asked)["Signature"] == expected
        key.kms.verify(Message=given, Signature=expected, **asked)
        once = ed25519.sign(key.material, given, ed25519.PREHASH)
        with pytest.raises(key.kms.exceptions.KMSInvalidSignatureException):
            key.kms.verify(Message=given, Signature=once, **asked)


@pytest.mark.parametrize("spec", ML_DSA)
def test_ml_dsa_signs_the_representative_that_others_make(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec)
    private, public = private_key(key), public_key(key)
    representative = algorithms.mu(public.public_bytes_raw(), MESSAGES[1])
    asked = {"KeyId": key.id, "SigningAlgorithm": "ML_DSA_SHAKE_256"}
    outer = {"Message": representative, "MessageType": "EXTERNAL_MU", **asked}
    made = key.kms.sign(**outer)["Signature"]
    public.verify_mu(made, representative)
    public.verify(made, MESSAGES[1])
    key.kms.verify(Message=MESSAGES[1], Signature=made, **asked)
    key.kms.verify(Signature=private.sign_mu(representative), **outer)
    key.kms.verify(Signature=private.sign(MESSAGES[1]), **outer)


# -- encryption, agreement, encapsulation, MACs -----------------------------------------------------------------------


@pytest.mark.parametrize(("spec", "algorithm"), RSA_ENCRYPTION)
def test_rsa_ciphertext_is_opened_on_the_other_side(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "ENCRYPT_DECRYPT")
    longest = int(spec[4:]) // 8 - 2 * algorithms.hash_of(algorithm).digest_size - 2
    asked = {"KeyId": key.id, "EncryptionAlgorithm": algorithm}
    for plaintext in (b"x", os.urandom(32), os.urandom(longest)):
        theirs = public_key(key).encrypt(plaintext, algorithms.oaep(algorithm))
        assert key.kms.decrypt(CiphertextBlob=theirs, **asked)["Plaintext"] == plaintext
        ours = key.kms.encrypt(Plaintext=plaintext, **asked)["CiphertextBlob"]
        assert private_key(key).decrypt(ours, algorithms.oaep(algorithm)) == plaintext


@pytest.mark.parametrize("spec", AGREEING)
def test_agreed_secret_is_the_same_on_the_other_side(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec, "KEY_AGREEMENT")
    curve = key_material.CURVES[spec]
    for _ in range(20):
        peer = ec.generate_private_key(curve)
        asked = {"KeyId": key.id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": algorithms.spki(peer.public_key())}
        secret = key.kms.derive_shared_secret(**asked)["SharedSecret"]
        assert len(secret) == (curve.key_size + 7) // 8
        assert secret == peer.exchange(ec.ECDH(), public_key(key))
        assert secret == private_key(key).exchange(ec.ECDH(), peer.public_key())


def test_agreed_secret_of_sm2_is_the_x_coordinate(keys: MadeKeys) -> None:
    key = keys.of("SM2", "KEY_AGREEMENT")
    for _ in range(5):
        scalar = int.from_bytes(os.urandom(31), "big") + 1
        peer = sm2_curve.spki(sm2_curve.multiplied(sm2_curve.BASE, scalar))
        asked = {"KeyId": key.id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer}
        secret = key.kms.derive_shared_secret(**asked)["SharedSecret"]
        x, _ = sm2_curve.multiplied(sm2_curve.point_of(key.public_key), scalar)
        assert secret == x.to_bytes(32, "big")


@pytest.mark.parametrize("spec", ML_KEM)
def test_encapsulated_secret_is_recovered_on_the_other_side(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec)
    pair = ml_kem.key_pair(spec, key.material)
    asked = {"KeyId": key.id, "EncapsulationAlgorithm": "ML_KEM"}
    made = key.kms.encapsulate(**asked)
    ciphertext = made["SharedSecretCiphertextBlob"]
    assert ml_kem.decapsulate(spec, pair.private, ciphertext) == made["SharedSecret"]
    secret, theirs = ml_kem.encapsulate(spec, pair.public, os.urandom(32))
    assert key.kms.decapsulate(SharedSecretCiphertextBlob=theirs, **asked)["SharedSecret"] == secret
    # What is rejected implicitly is the same pseudo-random secret everywhere (FIPS 203 6.3).
    changed = theirs[:-1] + bytes([theirs[-1] ^ 1])
    rejected = key.kms.decapsulate(SharedSecretCiphertextBlob=changed, **asked)["SharedSecret"]
    assert rejected == ml_kem.decapsulate(spec, pair.private, changed) != secret
    if spec not in WITHOUT_PYCA:
        secret, theirs = public_key(key).encapsulate()
        assert key.kms.decapsulate(SharedSecretCiphertextBlob=theirs, **asked)["SharedSecret"] == secret
        assert private_key(key).decapsulate(ciphertext) == made["SharedSecret"]


@pytest.mark.parametrize("spec", HMAC)
def test_mac_is_the_hmac_of_rfc_2104(keys: MadeKeys, spec: str) -> None:
    for key in keys.all_of(spec, "GENERATE_VERIFY_MAC"):
        [algorithm] = key.algorithms
        used = algorithms.hash_of(algorithm)
        assert len(key.material) == used.digest_size
        for message in MESSAGES:
            expected = hmac.new(key.material, message, used.name).digest()
            asked = {"KeyId": key.id, "Message": message, "MacAlgorithm": algorithm}
            assert key.kms.generate_mac(**asked)["Mac"] == expected
            assert key.kms.verify_mac(Mac=expected, **asked)["MacValid"] is True


# -- OpenSSL ----------------------------------------------------------------------------------------------------------


def sm2_private_key(key: MadeKey) -> bytes:
    """A PrivateKeyInfo of the stored scalar, without the public key (RFC 5915)."""
    header = "3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420"
    return bytes.fromhex(header) + key.material


@needs_openssl
def test_sm2_signatures_are_verified_on_the_other_side(keys: MadeKeys, openssl: OpenSsl) -> None:
    key = keys.of("SM2", "SIGN_VERIFY")
    scheme = ["-rawin", "-in", "message", "-digest", "sm3", "-pkeyopt", DISTINGUISHING_ID]
    verifying = ["pkeyutl", "-verify", "-pubin", "-inkey", "public", "-sigfile", "signature", *scheme]
    for message in MESSAGES:
        asked = {"KeyId": key.id, "Message": message, "SigningAlgorithm": "SM2DSA"}
        made = key.kms.sign(**asked)["Signature"]
        openssl.run(*verifying, public=key.public_key, signature=made, message=message)
        assert openssl.refuses(*verifying, message=message + b"!")
        signing = ["pkeyutl", "-sign", "-inkey", "private", *scheme]
        theirs = openssl.run(*signing, private=sm2_private_key(key), message=message)
        key.kms.verify(Signature=theirs, **asked)
        assert _core.PublicKey(key.public_key).verify(message, theirs, signing_algorithm="SM2DSA")


@needs_openssl
def test_sm2_digest_is_that_of_identity_and_message(keys: MadeKeys, openssl: OpenSsl) -> None:
    """GB/T 32918.2 5.5 and 6.1, with OpenSSL's SM3: DIGEST takes e = SM3(ZA || M)."""
    key = keys.of("SM2", "SIGN_VERIFY")
    point = key.public_key[-64:]
    numbers = (sm2_curve.A, sm2_curve.B, *sm2_curve.BASE)
    identity = bytes([0, 128]) + b"1234567812345678" + b"".join(one.to_bytes(32, "big") for one in numbers) + point
    za = openssl.run("dgst", "-sm3", "-binary", "content", content=identity)
    e = openssl.run("dgst", "-sm3", "-binary", "content", content=za + MESSAGES[1])
    asked = {"KeyId": key.id, "SigningAlgorithm": "SM2DSA"}
    signature = key.kms.sign(Message=e, MessageType="DIGEST", **asked)["Signature"]
    key.kms.verify(Message=MESSAGES[1], Signature=signature, **asked)


@needs_openssl
def test_sm2_ciphertext_is_opened_on_the_other_side(keys: MadeKeys, openssl: OpenSsl) -> None:
    key = keys.of("SM2", "ENCRYPT_DECRYPT")
    asked = {"KeyId": key.id, "EncryptionAlgorithm": "SM2PKE"}
    for plaintext in (b"x", os.urandom(32), os.urandom(1024)):
        encrypting = ["pkeyutl", "-encrypt", "-pubin", "-inkey", "public", "-in", "plaintext"]
        theirs = openssl.run(*encrypting, public=key.public_key, plaintext=plaintext)
        assert key.kms.decrypt(CiphertextBlob=theirs, **asked)["Plaintext"] == plaintext
        decrypting = ["pkeyutl", "-decrypt", "-inkey", "private", "-in", "ciphertext"]
        ours = key.kms.encrypt(Plaintext=plaintext, **asked)["CiphertextBlob"]
        assert openssl.run(*decrypting, private=sm2_private_key(key), ciphertext=ours) == plaintext


@needs_openssl
def test_sm2_data_key_pair_is_read_outside(keys: MadeKeys, openssl: OpenSsl) -> None:
    kms, wrapping = keys.clients[CHINA], keys.symmetric(CHINA).id
    pair = kms.generate_data_key_pair(KeyId=wrapping, KeyPairSpec="SM2")
    reading = ["pkey", "-inform", "DER", "-in", "private"]
    assert b"Key is valid" in openssl.run(*reading, "-noout", "-check", private=pair["PrivateKeyPlaintext"])
    openssl.run(*reading, "-pubout", "-outform", "DER", "-out", "public")
    assert openssl.written("public") == pair["PublicKey"]


@needs_post_quantum
@pytest.mark.parametrize("spec", ML_DSA)
def test_ml_dsa_signature_is_verified_by_openssl(keys: MadeKeys, openssl: OpenSsl, spec: str) -> None:
    key = keys.of(spec)
    asked = {"KeyId": key.id, "Message": MESSAGES[1], "SigningAlgorithm": "ML_DSA_SHAKE_256"}
    files = {"public": key.public_key, "signature": key.kms.sign(**asked)["Signature"], "message": MESSAGES[1]}
    verifying = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "public",
        "-sigfile",
        "signature",
        "-rawin",
        "-in",
        "message",
    ]
    openssl.run(*verifying, **files)


@needs_post_quantum
@pytest.mark.parametrize("spec", ML_KEM)
def test_ml_kem_secrets_are_shared_with_openssl(keys: MadeKeys, openssl: OpenSsl, spec: str) -> None:
    key = keys.of(spec)
    encapsulating = ["pkeyutl", "-encap", "-pubin", "-inkey", "public", "-secret", "secret", "-out", "ciphertext"]
    openssl.run(*encapsulating, public=key.public_key)
    asked = {"KeyId": key.id, "EncapsulationAlgorithm": "ML_KEM"}
    ciphertext, secret = openssl.written("ciphertext"), openssl.written("secret")
    assert key.kms.decapsulate(SharedSecretCiphertextBlob=ciphertext, **asked)["SharedSecret"] == secret
    # The private key of a data key pair, in the form in which KMS hands it out.
    pair = key.kms.generate_data_key_pair(KeyId=keys.symmetric().id, KeyPairSpec=spec)
    openssl.run(*encapsulating, public=pair["PublicKey"])
    decapsulating = ["pkeyutl", "-decap", "-inkey", "private", "-in", "ciphertext", "-out", "recovered"]
    openssl.run(*decapsulating, private=pair["PrivateKeyPlaintext"])
    assert openssl.written("recovered") == openssl.written("secret")


# -- the readers are worth what they are checked against --------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "kind"), [("ML_KEM_768", mlkem.MLKEM768PrivateKey), ("ML_KEM_1024", mlkem.MLKEM1024PrivateKey)]
)
def test_reader_of_ml_kem_agrees_with_cryptography(spec: str, kind: Any) -> None:
    seed = os.urandom(64)
    theirs, ours = kind.from_seed_bytes(seed), ml_kem.key_pair(spec, seed)
    assert theirs.public_key().public_bytes_raw() == ours.public
    secret, ciphertext = ml_kem.encapsulate(spec, ours.public, os.urandom(32))
    assert theirs.decapsulate(ciphertext) == secret == ml_kem.decapsulate(spec, ours.private, ciphertext)
    changed = bytes([ciphertext[0] ^ 1]) + ciphertext[1:]
    assert theirs.decapsulate(changed) == ml_kem.decapsulate(spec, ours.private, changed)


def test_reader_of_ed25519_agrees_with_rfc_8032() -> None:
    # 7.1, test 3, and 7.3.
    seed = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
    assert ed25519.sign(seed, b"\xaf\x82").hex() == (
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    seed = bytes.fromhex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42")
    assert ed25519.sign(seed, sha512(b"abc").digest(), ed25519.PREHASH).hex() == (
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    )


@needs_openssl
def test_reader_of_sm2_agrees_with_openssl(openssl: OpenSsl) -> None:
    openssl.run(
        "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:sm2", "-outform", "DER", "-out", "private"
    )
    openssl.run("pkey", "-inform", "DER", "-in", "private", "-pubout", "-outform", "DER", "-out", "public")
    private = openssl.written("private")
    scalar = private[private.index(b"\x02\x01\x01\x04\x20") + 5 :][:32]
    point = sm2_curve.multiplied(sm2_curve.BASE, int.from_bytes(scalar, "big"))
    assert sm2_curve.spki(point) == openssl.written("public")
    assert sm2_curve.point_of(openssl.written("public")) == point
    negative = sm2_curve.multiplied(point, sm2_curve.N - 1)
    assert negative == (point[0], sm2_curve.P - point[1])


def test_failing_command_of_openssl_is_noticed(openssl: OpenSsl) -> None:
    with pytest.raises((subprocess.CalledProcessError, FileNotFoundError)):
        openssl.run("pkey", "-in", "nothing", nothing=b"")
