"""DeriveSharedSecret takes a public key of its own curve in its one form; Decapsulate a ciphertext of one length."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from key_specs import algorithms, der
from key_specs.made_keys import ROWS, MadeKey, MadeKeys, refusal
from key_specs.openssl import OpenSsl, needs_openssl
from readers import key_material, sm2_curve

AGREEING = [spec for spec, usages in ROWS.items() if "KEY_AGREEMENT" in usages]
PRIMES = {
    "ECC_NIST_P256": 2**256 - 2**224 + 2**192 + 2**96 - 1,
    "ECC_NIST_P384": 2**384 - 2**128 - 2**96 + 2**32 - 1,
    "ECC_NIST_P521": 2**521 - 1,
    "SM2": sm2_curve.P,
}
# Each curve is y² = x³ - 3x + b.
COEFFICIENTS = {
    "ECC_NIST_P256": 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    "ECC_NIST_P384": int(
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef", 16
    ),
    "ECC_NIST_P521": int(
        "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
        16,
    ),
    "SM2": sm2_curve.B,
}
CIPHERTEXTS = {"ML_KEM_512": 768, "ML_KEM_768": 1088, "ML_KEM_1024": 1568}
REFUSED = ("ValidationException", "")
INVALID = ("InvalidCiphertextException", "")


def asked(key: MadeKey, public_key: bytes) -> dict[str, Any]:
    return {"KeyId": key.id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": public_key}


def opening(key: MadeKey, ciphertext: bytes) -> dict[str, Any]:
    return {"KeyId": key.id, "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": ciphertext}


def point_of(spki: bytes, length: int) -> tuple[bytes, bytes, bytes]:
    """What stands before the uncompressed point, x and y."""
    return spki[: -2 * length - 1], spki[-2 * length : -length], spki[-length:]


def with_point(spki: bytes, length: int, point: bytes) -> bytes:
    """The same algorithm with another point."""
    head = point_of(spki, length)[0]
    algorithm = head[head.index(b"\x30", 2) : head.rindex(b"\x03")]
    return der.sequence(algorithm, der.element(0x03, b"\0" + point))


# -- DeriveSharedSecret -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", AGREEING)
def test_both_holders_of_a_curve_derive_one_secret(keys: MadeKeys, spec: str) -> None:
    one, other = keys.all_of(spec, "KEY_AGREEMENT")
    reply = one.kms.derive_shared_secret(**asked(one, other.public_key))
    assert (reply["KeyId"], reply["KeyAgreementAlgorithm"], reply["KeyOrigin"]) == (one.arn, "ECDH", "AWS_KMS")
    assert reply["SharedSecret"] == other.kms.derive_shared_secret(**asked(other, one.public_key))["SharedSecret"]
    assert reply["SharedSecret"] != one.kms.derive_shared_secret(**asked(one, one.public_key))["SharedSecret"]


@pytest.mark.parametrize("spec", AGREEING)
def test_point_is_written_anew_the_same_way(keys: MadeKeys, spec: str) -> None:
    """Without this control the refusals below would say nothing of the point."""
    key = keys.of(spec, "KEY_AGREEMENT")
    length = (PRIMES[spec].bit_length() + 7) // 8
    _, x, y = point_of(key.public_key, length)
    assert with_point(key.public_key, length, b"\x04" + x + y) == key.public_key
    small_x, small_y = smallest_point(spec)
    encoded = b"\x04" + small_x.to_bytes(length, "big") + small_y.to_bytes(length, "big")
    key.kms.derive_shared_secret(**asked(key, with_point(key.public_key, length, encoded)))


@pytest.mark.parametrize("spec", AGREEING)
def test_what_is_no_point_in_its_one_form_is_refused_without_a_text(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec, "KEY_AGREEMENT")
    for name, public_key in wrong_points(spec, key.public_key):
        assert refusal(key.kms, "derive_shared_secret", **asked(key, public_key)) == REFUSED, name


def wrong_points(spec: str, right: bytes) -> Iterator[tuple[str, bytes]]:
    prime = PRIMES[spec]
    length = (prime.bit_length() + 7) // 8
    head, x, y = point_of(right, length)
    number = int.from_bytes(y, "big")
    small_x, small_y = smallest_point(spec)
    points = {
        "off the curve": b"\x04" + x + (number ^ 1).to_bytes(length, "big"),
        "compressed": bytes([2 + number % 2]) + x,
        "hybrid": bytes([6 + number % 2]) + x + y,
        "infinity": b"\0",
        "infinity at full length": bytes(2 * length + 1),
        "zero": b"\x04" + bytes(2 * length),
        "without y": b"\x04" + x,
        "a byte more": b"\x04" + x + y + b"\0",
        "a byte less": b"\x04" + x + y[:-1],
        "nothing": b"",
        "x and the prime": b"\x04" + (small_x + prime).to_bytes(length, "big") + small_y.to_bytes(length, "big"),
        "y is the prime": b"\x04" + x + prime.to_bytes(length, "big"),
        "all ones": b"\x04" + b"\xff" * 2 * length,
        "x alone": x,
    }
    yield from ((name, with_point(right, length, point)) for name, point in points.items())
    bits = der.element(0x03, b"\0\x04" + x + y)
    algorithm = head[head.index(b"\x30", 2) : head.rindex(b"\x03")]
    key_kind, curve = algorithm[2:11], algorithm[11:]
    yield from {
        "a trailing byte": right + b"\0",
        "a trailing byte inside": der.sequence(algorithm, bits, b"\0"),
        "a missing byte": right[:-1],
        "an indefinite length": der.indefinite(0x30, algorithm + bits),
        "a long length": der.element(0x30, algorithm + bits, 2),
        "unused bits": der.sequence(algorithm, der.element(0x03, b"\x01\x04" + x + y)),
        "an octet string": der.sequence(algorithm, der.element(0x04, b"\x04" + x + y)),
        "no curve": der.sequence(der.sequence(key_kind), bits),
        "a null for the curve": der.sequence(der.sequence(key_kind, b"\x05\0"), bits),
        "two curves": der.sequence(der.sequence(key_kind, curve, curve), bits),
        "the bare point": b"\x04" + x + y,
        "text": b"-----BEGIN PUBLIC KEY-----",
        "one byte": b"\x30",
        "no bytes of a sequence": b"\x30\0",
        "all zeros": bytes(len(right)),
    }.items()


def smallest_point(spec: str) -> tuple[int, int]:
    """A point whose x is so small that the prime can be added to it."""
    prime = PRIMES[spec]
    for x in range(1000):
        square = (x**3 - 3 * x + COEFFICIENTS[spec]) % prime
        y = pow(square, (prime + 1) // 4, prime)
        if y * y % prime == square:
            return x, y
    raise AssertionError("half of all x have a point")


@pytest.mark.parametrize("spec", AGREEING)
def test_keys_of_another_kind_are_refused_without_a_text(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec, "KEY_AGREEMENT")
    curves: list[ec.EllipticCurve] = [*key_material.CURVES.values(), ec.BrainpoolP256R1(), ec.SECP224R1()]
    own = key_material.CURVES.get(spec)
    foreign = [ec.generate_private_key(curve) for curve in curves if own is None or curve.name != own.name]
    others = {private.curve.name: algorithms.spki(private.public_key()) for private in foreign}
    others |= {
        one.spec: one.public_key
        for one in keys.every
        if one.spec in ("SM2", "ML_KEM_512", "ML_DSA_44") and one.spec != spec
    }
    others |= {
        "RSA": algorithms.spki(rsa.generate_private_key(65537, 2048).public_key()),
        "Ed25519": algorithms.spki(ed25519.Ed25519PrivateKey.generate().public_key()),
        "X25519": algorithms.spki(x25519.X25519PrivateKey.generate().public_key()),
        "ML-KEM": algorithms.spki(mlkem.MLKEM768PrivateKey.generate().public_key()),
        "a private key": foreign[0].private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        "text": foreign[0].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }
    assert len(others) >= 11
    for name, public_key in others.items():
        assert refusal(key.kms, "derive_shared_secret", **asked(key, public_key)) == REFUSED, name


@needs_openssl
@pytest.mark.parametrize(
    ("spec", "curve"), [("ECC_NIST_P256", "prime256v1"), ("ECC_NIST_P384", "secp384r1"), ("ECC_NIST_P521", "secp521r1")]
)
def test_curve_must_be_named(keys: MadeKeys, openssl: OpenSsl, spec: str, curve: str) -> None:
    """RFC 5480 2.1.1: specifiedCurve must not be used."""
    key = keys.of(spec, "KEY_AGREEMENT")
    making = ["genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}"]
    for encoding in ("named_curve", "explicit"):
        openssl.run(*making, "-pkeyopt", f"ec_param_enc:{encoding}", "-out", "private")
        public_key = openssl.run("pkey", "-in", "private", "-pubout", "-outform", "DER")
        if encoding == "explicit":
            assert refusal(key.kms, "derive_shared_secret", **asked(key, public_key)) == REFUSED
        else:
            key.kms.derive_shared_secret(**asked(key, public_key))


@pytest.mark.parametrize(("length", "bound"), [(0, "greater than or equal to 1"), (8193, "less than or equal to 8192")])
def test_public_key_has_1_to_8192_bytes(keys: MadeKeys, length: int, bound: str) -> None:
    key = keys.of("ECC_NIST_P256", "KEY_AGREEMENT")
    code, text = refusal(key.kms, "derive_shared_secret", **asked(key, bytes(length)))
    assert code == "ValidationException"
    assert text.endswith(f"at 'publicKey' failed to satisfy constraint: Member must have length {bound}")
    assert refusal(key.kms, "derive_shared_secret", **asked(key, bytes(8192))) == REFUSED


# -- Encapsulate and Decapsulate --------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", CIPHERTEXTS)
def test_encapsulated_secrets_have_their_lengths_and_differ(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec)
    made = [key.kms.encapsulate(KeyId=key.id, EncapsulationAlgorithm="ML_KEM") for _ in range(8)]
    assert {len(reply["SharedSecretCiphertextBlob"]) for reply in made} == {CIPHERTEXTS[spec]}
    assert {len(reply["SharedSecret"]) for reply in made} == {32}
    assert len({reply["SharedSecret"] for reply in made}) == len({r["SharedSecretCiphertextBlob"] for r in made}) == 8
    for reply in made:
        opened = key.kms.decapsulate(**opening(key, reply["SharedSecretCiphertextBlob"]))
        assert (opened["SharedSecret"], opened["KeyId"]) == (reply["SharedSecret"], key.arn)


@pytest.mark.parametrize("spec", CIPHERTEXTS)
def test_encapsulated_secret_of_another_length_is_invalid(keys: MadeKeys, spec: str) -> None:
    key, right = keys.of(spec), CIPHERTEXTS[spec]
    made = key.kms.encapsulate(KeyId=key.id, EncapsulationAlgorithm="ML_KEM")["SharedSecretCiphertextBlob"]
    wrong = {right - 1, right + 1, 1, 32, 6144, *CIPHERTEXTS.values()} - {right}
    for length in wrong:
        for content in (made.ljust(length, b"\0")[:length], os.urandom(length)):
            assert refusal(key.kms, "decapsulate", **opening(key, content)) == INVALID
    code, text = refusal(key.kms, "decapsulate", **opening(key, bytes(6145)))
    assert code == "ValidationException"
    assert "at 'sharedSecretCiphertextBlob' failed to satisfy constraint" in text


@pytest.mark.parametrize("spec", CIPHERTEXTS)
def test_changed_ciphertext_gives_another_secret_and_always_the_same(keys: MadeKeys, spec: str) -> None:
    one, other = keys.all_of(spec, "ENCAPSULATE_DECAPSULATE")
    made = one.kms.encapsulate(KeyId=one.id, EncapsulationAlgorithm="ML_KEM")
    ciphertext = made["SharedSecretCiphertextBlob"]
    changed = [
        ciphertext[:at] + bytes([ciphertext[at] ^ 1]) + ciphertext[at + 1 :] for at in range(0, len(ciphertext), 7)
    ]
    changed += [os.urandom(len(ciphertext)), bytes(len(ciphertext)), b"\xff" * len(ciphertext)]
    secrets = [one.kms.decapsulate(**opening(one, content))["SharedSecret"] for content in changed]
    assert secrets == [one.kms.decapsulate(**opening(one, content))["SharedSecret"] for content in changed]
    assert {len(secret) for secret in secrets} == {32}
    assert len({made["SharedSecret"], *secrets}) == len(changed) + 1
    foreign = other.kms.decapsulate(**opening(other, ciphertext))["SharedSecret"]
    assert foreign not in (made["SharedSecret"], *secrets)
