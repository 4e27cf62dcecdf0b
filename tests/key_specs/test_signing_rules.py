"""Sign and Verify: message types, digests, forms of signatures."""

import os
from collections.abc import Iterator
from hashlib import sha512
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key

from formats.damage import extensions, flips, truncations
from key_specs import algorithms, der
from key_specs.made_keys import ROWS, MadeKey, MadeKeys, refusal
from kmscore import _core
from readers import ed25519, key_material, sm2_curve

SIGNING = [(spec, algorithm) for spec, usages in ROWS.items() for algorithm in usages.get("SIGN_VERIFY", [])]
TYPES = ["RAW", "DIGEST", "EXTERNAL_MU"]
# Family -> message type -> the length a message must have; 0: any.
TAKES = {
    "RSASSA": {"RAW": 0, "DIGEST": -1},
    "ECDSA": {"RAW": 0, "DIGEST": -1},
    "SM2DSA": {"RAW": 0, "DIGEST": 32},
    "ED25519_SHA_512": {"RAW": 0},
    "ED25519_PH_SHA_512": {"DIGEST": 64},
    "ML_DSA_SHAKE_256": {"RAW": 0, "EXTERNAL_MU": 64},
}
# Spec -> the only length of a signature; elliptic curves: the longest DER.
LENGTHS = {"RSA_2048": 256, "RSA_3072": 384, "RSA_4096": 512, "ML_DSA_44": 2420, "ML_DSA_65": 3309, "ML_DSA_87": 4627}
ORDERS = {
    "ECC_NIST_P256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ECC_NIST_P384": int("f" * 48 + "c7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16),
    "ECC_NIST_P521": int("1" + "f" * 65 + "a51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409", 16),
    "ECC_SECG_P256K1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    "SM2": sm2_curve.N,
}
INVALID = ("KMSInvalidSignatureException", "")


def takes(algorithm: str) -> dict[str, int]:
    """The message types of an algorithm, with the length of each message."""
    lengths = next(lengths for name, lengths in TAKES.items() if algorithm.startswith(name))
    return {kind: len(algorithms.digest(algorithm, b"")) if n < 0 else n for kind, n in lengths.items()}


def asked(key: MadeKey, algorithm: str, kind: str | None = None, length: int | None = None) -> dict[str, Any]:
    """Arguments of Sign for a message that the algorithm takes, unless another length is asked for."""
    kind = kind or ("DIGEST" if algorithm == "ED25519_PH_SHA_512" else "RAW")
    size = takes(algorithm).get(kind) or 100 if length is None else length
    return {"KeyId": key.id, "Message": b"m" * size, "MessageType": kind, "SigningAlgorithm": algorithm}


def signed(key: MadeKey, arguments: dict[str, Any]) -> bytes:
    made: bytes = key.kms.sign(**arguments)["Signature"]
    return made


def accepted(key: MadeKey, arguments: dict[str, Any], signature: bytes) -> None:
    """KMS and the offline key take a signature."""
    assert key.kms.verify(Signature=signature, **arguments)["SignatureValid"] is True
    assert offline(key, arguments, signature)


def rejected(key: MadeKey, arguments: dict[str, Any], signature: bytes) -> None:
    """Neither takes it, and KMS says nothing of why."""
    assert refusal(key.kms, "verify", Signature=signature, **arguments) == INVALID
    assert not offline(key, arguments, signature)


def offline(key: MadeKey, arguments: dict[str, Any], signature: bytes) -> bool:
    return _core.PublicKey(key.public_key).verify(
        arguments["Message"],
        signature,
        signing_algorithm=arguments["SigningAlgorithm"],
        message_type=arguments["MessageType"],
    )


# -- what may be signed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
def test_message_types_are_those_of_the_algorithm(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "SIGN_VERIFY")
    for kind in TYPES:
        arguments = asked(key, algorithm, kind)
        if kind in takes(algorithm):
            accepted(key, arguments, signed(key, arguments))
            continue
        expected = ("ValidationException", f"MessageType {kind} is not valid for algorithm {algorithm}.")
        assert refusal(key.kms, "sign", **arguments) == expected
        assert refusal(key.kms, "verify", Signature=b"x", **arguments) == expected
        with pytest.raises(ValueError, match=expected[1]):
            offline(key, arguments, b"x")


@pytest.mark.parametrize(
    ("spec", "algorithm"), [(spec, algorithm) for spec, algorithm in SIGNING if "DIGEST" in takes(algorithm)]
)
def test_digest_of_another_length_is_refused(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "SIGN_VERIFY")
    right = takes(algorithm)["DIGEST"]
    expected = ("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")
    for length in {1, 20, 28, 32, 48, 64, right - 1, right + 1, 4096} - {right}:
        arguments = asked(key, algorithm, "DIGEST", length)
        assert refusal(key.kms, "sign", **arguments) == expected
        assert refusal(key.kms, "verify", Signature=b"x", **arguments) == expected


@pytest.mark.parametrize("spec", ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"])
def test_representative_of_another_length_is_refused(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec)
    expected = ("ValidationException", "Message must be 64 bytes long for the message type EXTERNAL_MU.")
    for length in (1, 32, 63, 65, 4096):
        arguments = asked(key, "ML_DSA_SHAKE_256", "EXTERNAL_MU", length)
        assert refusal(key.kms, "sign", **arguments) == expected
        assert refusal(key.kms, "verify", Signature=b"x", **arguments) == expected


@pytest.mark.parametrize("operation", ["sign", "verify"])
@pytest.mark.parametrize(("length", "bound"), [(0, "greater than or equal to 1"), (4097, "less than or equal to 4096")])
def test_message_has_1_to_4096_bytes(keys: MadeKeys, operation: str, length: int, bound: str) -> None:
    key = keys.of("ECC_NIST_P256", "SIGN_VERIFY")
    more = {"Signature": b"x"} if operation == "verify" else {}
    code, text = refusal(key.kms, operation, **asked(key, "ECDSA_SHA_256", "RAW", length), **more)
    assert code == "ValidationException"
    fault = f"Value at 'message' failed to satisfy constraint: Member must have length {bound}"
    assert text == f"1 validation error detected: {fault}"


@pytest.mark.parametrize("kind", ["", "raw", "HASH", "PREHASH"])
def test_unknown_message_type_is_refused_by_name(keys: MadeKeys, kind: str) -> None:
    key = keys.of("ECC_NIST_P256", "SIGN_VERIFY")
    arguments = {**asked(key, "ECDSA_SHA_256"), "MessageType": kind}
    place = f"Value '{kind}' at 'messageType' failed to satisfy constraint: "
    text = f"1 validation error detected: {place}Member must satisfy enum value set: [RAW, DIGEST, EXTERNAL_MU]"
    assert refusal(key.kms, "sign", **arguments) == ("ValidationException", text)


def test_message_type_is_raw_when_absent(keys: MadeKeys) -> None:
    key = keys.of("ECC_NIST_P256", "SIGN_VERIFY")
    arguments = asked(key, "ECDSA_SHA_256", "RAW", 32)
    signature = signed(key, {name: value for name, value in arguments.items() if name != "MessageType"})
    accepted(key, arguments, signature)
    rejected(key, {**arguments, "MessageType": "DIGEST"}, signature)


def test_two_variants_of_ed25519_do_not_mix(keys: MadeKeys) -> None:
    key = keys.of("ECC_NIST_EDWARDS25519")
    message = sha512(b"a message").digest()
    pure = {**asked(key, "ED25519_SHA_512"), "Message": message}
    hashed = {**asked(key, "ED25519_PH_SHA_512"), "Message": message}
    one, other = signed(key, pure), signed(key, hashed)
    assert one != other
    accepted(key, pure, one)
    accepted(key, hashed, other)
    rejected(key, pure, other)
    rejected(key, hashed, one)


# -- what a signature looks like --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
def test_signatures_have_their_form(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "SIGN_VERIFY")
    arguments = asked(key, algorithm)
    made = {signed(key, arguments) for _ in range(4)}
    for signature in made:
        if spec in ORDERS:
            r, s = utils.decode_dss_signature(signature)
            assert signature == der.sequence(der.integer(r), der.integer(s))
            assert 0 < r < ORDERS[spec]
            assert 0 < s < ORDERS[spec]
        else:
            assert len(signature) == LENGTHS.get(spec, 64)
    # RFC 8017 8.2 and RFC 8032 leave nothing to chance; the others must not repeat.
    deterministic = algorithm.startswith(("RSASSA_PKCS1", "ED25519"))
    assert len(made) == (1 if deterministic else 4)


@pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
def test_signature_is_good_for_its_message_key_and_algorithm_alone(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key, other = keys.all_of(spec, "SIGN_VERIFY") if spec != "RSA_4096" else (keys.of(spec, "SIGN_VERIFY"), None)
    arguments = asked(key, algorithm)
    signature = signed(key, arguments)
    rejected(key, {**arguments, "Message": b"n" + arguments["Message"][1:]}, signature)
    if other is not None:
        rejected(other, {**arguments, "KeyId": other.id}, signature)
    for name in [name for name in key.algorithms if name != algorithm]:
        rejected(key, {**asked(key, name), "Message": b"m" * 64}, signature)


@pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
def test_damaged_signature_is_invalid(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "SIGN_VERIFY")
    arguments = asked(key, algorithm)
    signature = signed(key, arguments)
    for damaged in some(signature, 1 if spec.startswith(("ECC", "SM2")) else 23):
        rejected(key, arguments, damaged)


def some(content: bytes, step: int) -> Iterator[bytes]:
    """Damage of every kind; of long content every so many, and another part each time."""
    for number, (_, damaged) in enumerate([*flips(content), *truncations(content), *extensions(content)]):
        if number % step == len(content) % step and damaged:
            yield damaged


@pytest.mark.parametrize("spec", ORDERS)
def test_other_encodings_of_an_ecdsa_signature_are_invalid(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec, "SIGN_VERIFY")
    arguments = asked(key, key.algorithms[0])
    r, s = utils.decode_dss_signature(signed(key, arguments))
    accepted(key, arguments, der.sequence(der.integer(r), der.integer(s)))
    if spec != "SM2":
        # The other signature that the equation of ECDSA allows; the order is the right one.
        accepted(key, arguments, der.sequence(der.integer(r), der.integer(ORDERS[spec] - s)))
    for name, signature in other_encodings(spec, r, s).items():
        assert refusal(key.kms, "verify", Signature=signature, **arguments) == INVALID, name
        assert not offline(key, arguments, signature), name


def other_encodings(spec: str, r: int, s: int) -> dict[str, bytes]:
    one, other, order = der.integer(r), der.integer(s), ORDERS[spec]
    right = der.sequence(one, other)
    size = (order.bit_length() + 7) // 8
    return {
        "a zero before r": der.sequence(der.integer(r, 1), other),
        "zeros before s": der.sequence(one, der.integer(s, 3)),
        "a long length": der.element(0x30, one + other, 1 if len(one + other) < 0x80 else 2),
        "a longer length": der.element(0x30, one + other, 4),
        "a long length of r": der.sequence(der.element(0x02, der.unsigned(r), 2), other),
        "an indefinite length": der.indefinite(0x30, one + other),
        "a byte after the sequence": right + b"\0",
        "a byte after s": der.sequence(one, other, b"\0"),
        "a null after s": der.sequence(one, other, b"\x05\0"),
        "a third number": der.sequence(one, other, der.integer(1)),
        "one number": der.sequence(one),
        "no number": der.sequence(),
        "a set": der.element(0x31, one + other),
        "a constructed integer": der.sequence(der.element(0x22, one), other),
        "an octet string": der.sequence(der.element(0x04, der.unsigned(r)), other),
        "a negative r": der.sequence(negative(r, size), other),
        "a negative s": der.sequence(one, negative(s, size)),
        "r and the order": der.sequence(der.integer(r + order), other),
        "s and the order": der.sequence(one, der.integer(s + order)),
        "r is zero": der.sequence(der.integer(0), other),
        "s is zero": der.sequence(one, der.integer(0)),
        "both are zero": der.sequence(der.integer(0), der.integer(0)),
        "r is the order": der.sequence(der.integer(order), other),
        "the two in the other order": der.sequence(other, one),
        "raw numbers": r.to_bytes(size, "big") + s.to_bytes(size, "big"),
    }


def negative(number: int, size: int) -> bytes:
    """An INTEGER that reads as the number when its sign is overlooked, or is the number's negative."""
    content = number.to_bytes(size, "big")
    return der.element(0x02, content if content[0] & 0x80 else (256**size - number).to_bytes(size, "big"))


@pytest.mark.parametrize("algorithm", ["ED25519_SHA_512", "ED25519_PH_SHA_512"])
def test_s_of_ed25519_is_below_the_order(keys: MadeKeys, algorithm: str) -> None:
    """RFC 8032 5.1.7: S + L verifies the same equation, and must not be taken."""
    key = keys.of("ECC_NIST_EDWARDS25519")
    arguments = asked(key, algorithm)
    signature = signed(key, arguments)
    s = int.from_bytes(signature[32:], "little")
    for times in range(1, 15):
        rejected(key, arguments, signature[:32] + (s + times * ed25519.L).to_bytes(32, "little"))
    for bit in (0x20, 0x40, 0x80):
        rejected(key, arguments, signature[:-1] + bytes([signature[-1] | bit]))


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_rsa_signature_is_a_number_below_the_modulus(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec, "SIGN_VERIFY")
    public: Any = load_der_public_key(key.public_key)
    modulus = public.public_numbers().n
    for algorithm in ("RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"):
        # One that is small enough for the modulus to be added.
        arguments, signature = signature_below(key, algorithm, 256 ** LENGTHS[spec] - modulus)
        number = int.from_bytes(signature, "big")
        rejected(key, arguments, (number + modulus).to_bytes(LENGTHS[spec], "big"))
        rejected(key, arguments, (modulus - number).to_bytes(LENGTHS[spec], "big"))


def test_rsa_signature_is_as_long_as_the_modulus(keys: MadeKeys) -> None:
    key = keys.of("RSA_2048", "SIGN_VERIFY")
    for algorithm in ("RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"):
        arguments, signature = signature_below(key, algorithm, 256**255)
        accepted(key, arguments, signature)
        rejected(key, arguments, b"\0" + signature)
        rejected(key, arguments, signature.lstrip(b"\0"))


def signature_below(key: MadeKey, algorithm: str, bound: int) -> tuple[dict[str, Any], bytes]:
    """A message whose signature is a small number, and the signature."""
    for number in range(100_000):
        arguments = {**asked(key, algorithm), "Message": str(number).encode()}
        signature = signed(key, arguments)
        if int.from_bytes(signature, "big") < bound:
            return arguments, signature
    raise AssertionError("no signature is as small as that")


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_salt_of_pss_is_as_long_as_the_hash(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec, "SIGN_VERIFY")
    private: Any = key_material.private_key(spec, key.material)
    for algorithm in [name for name in key.algorithms if "PSS" in name]:
        arguments = asked(key, algorithm)
        used = algorithms.hash_of(algorithm)
        for salt in (0, 1, used.digest_size - 1, used.digest_size + 1, LENGTHS[spec] - used.digest_size - 2):
            other = private.sign(arguments["Message"], algorithms.pss(algorithm, salt), used)
            rejected(key, arguments, other)
        accepted(key, arguments, private.sign(arguments["Message"], algorithms.pss(algorithm), used))


@pytest.mark.parametrize("spec", ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"])
def test_context_of_ml_dsa_is_empty(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec)
    private: Any = key_material.private_key(spec, key.material)
    arguments = asked(key, "ML_DSA_SHAKE_256")
    accepted(key, arguments, private.sign(arguments["Message"], b""))
    rejected(key, arguments, private.sign(arguments["Message"], b"context"))


def test_signature_of_another_key_and_curve_is_invalid(keys: MadeKeys) -> None:
    for spec, curve in key_material.CURVES.items():
        key = keys.of(spec, "SIGN_VERIFY")
        [algorithm] = key.algorithms
        arguments = asked(key, algorithm)
        for foreign in (curve, ec.SECP256R1(), ec.BrainpoolP256R1()):
            private = ec.generate_private_key(foreign)
            rejected(key, arguments, algorithms.Signer(private, algorithm).sign(arguments["Message"]))


@pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
def test_signature_of_any_length_is_invalid_and_no_more(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "SIGN_VERIFY")
    for length in (1, 63, 64, 65, 256, LENGTHS.get(spec, 64), 6144):
        rejected(key, asked(key, algorithm), os.urandom(length))
        rejected(key, asked(key, algorithm), bytes(length))
    code, text = refusal(key.kms, "verify", Signature=bytes(6145), **asked(key, algorithm))
    assert code == "ValidationException"
    assert "at 'signature' failed to satisfy constraint: Member must have length less than or equal to 6144" in text
