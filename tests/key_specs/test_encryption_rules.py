"""Encrypt, Decrypt and ReEncrypt with key pairs: lengths, which key, which context, what is a ciphertext."""

import os
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key

from formats.damage import extensions, flips, truncations
from key_specs import algorithms, der
from key_specs.made_keys import MadeKey, MadeKeys, refusal
from readers import sm2_curve

SHA_1, SHA_256 = "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"
# AWS KMS API Reference, Encrypt.
LONGEST = {
    ("RSA_2048", SHA_1): 214,
    ("RSA_2048", SHA_256): 190,
    ("RSA_3072", SHA_1): 342,
    ("RSA_3072", SHA_256): 318,
    ("RSA_4096", SHA_1): 470,
    ("RSA_4096", SHA_256): 446,
    ("SM2", "SM2PKE"): 1024,
}
INVALID = ("InvalidCiphertextException", "")
INCORRECT_KEY = (
    "IncorrectKeyException",
    "The key ID in the request does not identify a CMK that can perform this operation.",
)


def encrypted(key: MadeKey, plaintext: bytes, algorithm: str | None = None, **more: Any) -> bytes:
    named = {} if algorithm is None else {"EncryptionAlgorithm": algorithm}
    made: bytes = key.kms.encrypt(KeyId=key.id, Plaintext=plaintext, **named, **more)["CiphertextBlob"]
    return made


def decrypting(key: MadeKey, algorithm: str, ciphertext: bytes) -> dict[str, Any]:
    return {"KeyId": key.id, "EncryptionAlgorithm": algorithm, "CiphertextBlob": ciphertext}


def rsa_public_key(key: MadeKey) -> Any:
    return load_der_public_key(key.public_key)


# -- lengths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spec", "algorithm"), LONGEST)
def test_longest_plaintext_is_that_of_key_and_algorithm(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key, longest = keys.of(spec, "ENCRYPT_DECRYPT"), LONGEST[spec, algorithm]
    for length in (1, longest):
        ciphertext = encrypted(key, b"x" * length, algorithm)
        assert key.kms.decrypt(**decrypting(key, algorithm, ciphertext))["Plaintext"] == b"x" * length
    text = f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {longest} bytes."
    for length in (longest + 1, 4096):
        asked = {"KeyId": key.id, "Plaintext": bytes(length), "EncryptionAlgorithm": algorithm}
        assert refusal(key.kms, "encrypt", **asked) == ("ValidationException", text)


def test_text_of_a_plaintext_that_is_too_long_is_aws_kms_own(keys: MadeKeys) -> None:
    key = keys.of("RSA_2048", "ENCRYPT_DECRYPT")
    asked = {"KeyId": key.id, "Plaintext": bytes(191), "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    text = "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes."
    assert refusal(key.kms, "encrypt", **asked) == ("ValidationException", text)


@pytest.mark.parametrize(("length", "bound"), [(0, "greater than or equal to 1"), (4097, "less than or equal to 4096")])
def test_plaintext_has_1_to_4096_bytes(keys: MadeKeys, length: int, bound: str) -> None:
    for key in (keys.of("RSA_2048", "ENCRYPT_DECRYPT"), keys.symmetric()):
        asked = {"KeyId": key.id, "Plaintext": bytes(length), "EncryptionAlgorithm": key.algorithms[0]}
        fault = f"Value at 'plaintext' failed to satisfy constraint: Member must have length {bound}"
        expected = ("ValidationException", f"1 validation error detected: {fault}")
        assert refusal(key.kms, "encrypt", **asked) == expected


@pytest.mark.parametrize(("spec", "algorithm"), LONGEST)
def test_ciphertexts_of_one_plaintext_differ(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "ENCRYPT_DECRYPT")
    made = {encrypted(key, b"the same", algorithm) for _ in range(8)}
    assert len(made) == 8
    if spec != "SM2":
        assert {len(ciphertext) for ciphertext in made} == {int(spec[4:]) // 8}


# -- which key, which context -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spec", "algorithm"), LONGEST)
def test_key_pair_must_be_named_to_decrypt(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "ENCRYPT_DECRYPT")
    ciphertext = encrypted(key, b"x", algorithm)
    asked: dict[str, Any] = {"CiphertextBlob": ciphertext, "EncryptionAlgorithm": algorithm}
    text = f"KeyId is required when EncryptionAlgorithm is {algorithm}."
    assert refusal(key.kms, "decrypt", **asked) == ("ValidationException", text)
    asked = {
        "CiphertextBlob": ciphertext,
        "SourceEncryptionAlgorithm": algorithm,
        "DestinationKeyId": keys.symmetric(key.region).id,
    }
    text = f"SourceKeyId is required when SourceEncryptionAlgorithm is {algorithm}."
    assert refusal(key.kms, "re_encrypt", **asked) == ("ValidationException", text)


@pytest.mark.parametrize(("spec", "algorithm"), LONGEST)
def test_key_pairs_have_no_encryption_context(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key, symmetric = keys.of(spec, "ENCRYPT_DECRYPT"), keys.symmetric(keys.of(spec, "ENCRYPT_DECRYPT").region)
    asked = {"KeyId": key.id, "EncryptionAlgorithm": algorithm}
    ciphertext = encrypted(key, b"x", algorithm, EncryptionContext={})
    refused = "is not valid for the key spec"
    context = {"EncryptionContext": {"a": "b"}}
    expected = ("ValidationException", f"EncryptionContext {refused} {spec}.")
    assert refusal(key.kms, "encrypt", Plaintext=b"x", **asked, **context) == expected
    assert refusal(key.kms, "decrypt", CiphertextBlob=ciphertext, **asked, **context) == expected
    outward: dict[str, Any] = {
        "CiphertextBlob": ciphertext,
        "SourceKeyId": key.id,
        "SourceEncryptionAlgorithm": algorithm,
        "DestinationKeyId": symmetric.id,
    }
    expected = ("ValidationException", f"SourceEncryptionContext {refused} {spec}.")
    assert refusal(key.kms, "re_encrypt", SourceEncryptionContext={"a": "b"}, **outward) == expected
    inward: dict[str, Any] = {
        "CiphertextBlob": encrypted(symmetric, b"x"),
        "DestinationKeyId": key.id,
        "DestinationEncryptionAlgorithm": algorithm,
    }
    expected = ("ValidationException", f"DestinationEncryptionContext {refused} {spec}.")
    assert refusal(key.kms, "re_encrypt", DestinationEncryptionContext={"a": "b"}, **inward) == expected


@pytest.mark.parametrize(
    ("spec", "usage"), [("RSA_2048", "ENCRYPT_DECRYPT"), ("HMAC_256", None), ("ECC_NIST_P256", "KEY_AGREEMENT")]
)
def test_symmetric_ciphertext_under_another_kind_of_key_is_of_an_incorrect_key(
    keys: MadeKeys, spec: str, usage: str | None
) -> None:
    blob = encrypted(keys.symmetric(), b"x")
    other = keys.of(spec, usage)
    for more in ({}, {"EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}):
        assert refusal(other.kms, "decrypt", KeyId=other.id, CiphertextBlob=blob, **more) == INCORRECT_KEY
    asked = {"SourceKeyId": other.id, "CiphertextBlob": blob, "DestinationKeyId": keys.symmetric().id}
    assert refusal(other.kms, "re_encrypt", **asked) == INCORRECT_KEY


def test_ciphertext_of_another_key_or_algorithm_is_invalid(keys: MadeKeys) -> None:
    one, other = keys.all_of("RSA_2048", "ENCRYPT_DECRYPT")
    ciphertext = encrypted(one, b"x", SHA_1)
    assert refusal(one.kms, "decrypt", **decrypting(one, SHA_256, ciphertext)) == INVALID
    assert refusal(other.kms, "decrypt", **decrypting(other, SHA_1, ciphertext)) == INVALID
    symmetric = encrypted(keys.symmetric(), b"x")
    assert refusal(one.kms, "decrypt", **decrypting(one, SHA_1, symmetric)) == INVALID
    # What names no key is no ciphertext of a symmetric one.
    assert refusal(one.kms, "decrypt", CiphertextBlob=ciphertext) == INVALID
    assert refusal(one.kms, "decrypt", CiphertextBlob=ciphertext, KeyId=keys.symmetric().id) == INVALID


@pytest.mark.parametrize("usage", ["SIGN_VERIFY", "KEY_AGREEMENT"])
def test_key_pair_of_another_usage_neither_encrypts_nor_decrypts(keys: MadeKeys, usage: str) -> None:
    key = keys.of("SM2", usage)
    expected = "InvalidKeyUsageException"
    asked = {"KeyId": key.id, "EncryptionAlgorithm": "SM2PKE"}
    text = f"{key.arn} key usage is {usage} which is not valid for "
    assert refusal(key.kms, "encrypt", Plaintext=b"x", **asked) == (expected, f"{text}Encrypt.")
    assert refusal(key.kms, "decrypt", CiphertextBlob=b"x", **asked) == (expected, f"{text}Decrypt.")


def test_batches_are_for_symmetric_keys(keys: MadeKeys) -> None:
    key = keys.of("RSA_2048", "ENCRYPT_DECRYPT")
    expected = (
        "InvalidKeyUsageException",
        "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.",
    )
    assert refusal(key.kms, "encrypt_batch", KeyId=key.id, Plaintexts=[b"x"]) == expected
    signing = keys.of("RSA_2048", "SIGN_VERIFY")
    code, text = refusal(key.kms, "encrypt_batch", KeyId=signing.id, Plaintexts=[b"x"])
    assert code == "InvalidKeyUsageException"
    assert text.startswith(f"{signing.arn} key usage is SIGN_VERIFY which is not valid for Encrypt")


# -- ReEncrypt --------------------------------------------------------------------------------------------------------

SIDES: list[tuple[str, str | None]] = [("SYMMETRIC_DEFAULT", None), *LONGEST]
# SM2 keys are in China, and so is one of the RSA keys.
LONGER_RSA = ("RSA_3072", "RSA_4096")
MOVES = [
    (source, destination)
    for source in SIDES
    for destination in SIDES
    if not ("SM2" in (source[0], destination[0]) and {source[0], destination[0]} & set(LONGER_RSA))
]


@pytest.mark.parametrize(("source", "destination"), MOVES, ids=str)
def test_ciphertext_moves_between_every_two_kinds_of_key(
    keys: MadeKeys, source: tuple[str, str | None], destination: tuple[str, str | None]
) -> None:
    in_china = "SM2" in (source[0], destination[0])
    old, new = (
        keys.partners[spec] if in_china and spec in keys.partners else keys.of(spec, "ENCRYPT_DECRYPT")
        for spec in (source[0], destination[0])
    )
    asked: dict[str, Any] = {"SourceKeyId": old.id, "DestinationKeyId": new.id}
    contexts: dict[str, dict[str, str]] = {}
    for side, (_, name) in (("Source", source), ("Destination", destination)):
        if name:
            asked[f"{side}EncryptionAlgorithm"] = name
        else:
            contexts[side] = {"side": side}
            asked[f"{side}EncryptionContext"] = contexts[side]
    more = {"EncryptionContext": contexts["Source"]} if "Source" in contexts else {}
    reply = old.kms.re_encrypt(CiphertextBlob=encrypted(old, b"secret", source[1], **more), **asked)
    assert (reply["SourceKeyId"], reply["KeyId"]) == (old.arn, new.arn)
    assert reply["SourceEncryptionAlgorithm"] == (source[1] or "SYMMETRIC_DEFAULT")
    assert reply["DestinationEncryptionAlgorithm"] == (destination[1] or "SYMMETRIC_DEFAULT")
    opening: dict[str, Any] = {"CiphertextBlob": reply["CiphertextBlob"], "KeyId": new.id}
    opening |= {"EncryptionAlgorithm": destination[1]} if destination[1] else {}
    opening |= {"EncryptionContext": contexts["Destination"]} if "Destination" in contexts else {}
    assert new.kms.decrypt(**opening)["Plaintext"] == b"secret"


def test_plaintext_that_is_too_long_for_its_new_key_is_refused(keys: MadeKeys) -> None:
    key = keys.of("RSA_2048", "ENCRYPT_DECRYPT")
    asked = {"DestinationKeyId": key.id, "DestinationEncryptionAlgorithm": SHA_256}
    key.kms.re_encrypt(CiphertextBlob=encrypted(keys.symmetric(), bytes(190)), **asked)
    text = "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes."
    refused = refusal(key.kms, "re_encrypt", CiphertextBlob=encrypted(keys.symmetric(), bytes(191)), **asked)
    assert refused == ("ValidationException", text)


# -- what is a ciphertext ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spec", "algorithm"), LONGEST)
def test_damaged_ciphertext_is_invalid(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "ENCRYPT_DECRYPT")
    ciphertext = encrypted(key, b"a plaintext", algorithm)
    step = {"SM2": 1, "RSA_2048": 11}.get(spec, 67)
    damages = [damaged for _, damaged in (*flips(ciphertext), *truncations(ciphertext), *extensions(ciphertext))]
    for damaged in damages[len(ciphertext) % step :: step]:
        if damaged:
            assert refusal(key.kms, "decrypt", **decrypting(key, algorithm, damaged)) == INVALID


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_rsa_ciphertext_is_below_the_modulus(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec, "ENCRYPT_DECRYPT")
    length, modulus = int(spec[4:]) // 8, rsa_public_key(key).public_numbers().n
    ciphertext = encrypted(key, b"x", SHA_256)
    while int.from_bytes(ciphertext, "big") + modulus >= 256**length:
        ciphertext = encrypted(key, b"x", SHA_256)
    assert key.kms.decrypt(**decrypting(key, SHA_256, ciphertext))["Plaintext"] == b"x"
    same = int.from_bytes(ciphertext, "big") + modulus
    for number in (same, modulus, modulus - 1, modulus + 1, 0, 1, 256**length - 1):
        asked = decrypting(key, SHA_256, number.to_bytes(length, "big"))
        assert refusal(key.kms, "decrypt", **asked) == INVALID


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_other_paddings_of_rsa_are_invalid(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec, "ENCRYPT_DECRYPT")
    one, other = algorithms.HASHES["SHA_256"], hashes.SHA384()
    paddings = {
        "PKCS#1 v1.5": padding.PKCS1v15(),
        "another hash": padding.OAEP(padding.MGF1(other), other, None),
        "another hash of the label": padding.OAEP(padding.MGF1(one), other, None),
        "another hash of the mask": padding.OAEP(padding.MGF1(other), one, None),
        "a label": padding.OAEP(padding.MGF1(one), one, b"label"),
    }
    for name, scheme in paddings.items():
        asked = decrypting(key, SHA_256, rsa_public_key(key).encrypt(b"x", scheme))
        assert refusal(key.kms, "decrypt", **asked) == INVALID, name


def test_rsa_ciphertext_of_nothing_opens_to_nothing(keys: MadeKeys) -> None:
    """Others may encrypt an empty message, which Encrypt does not."""
    key = keys.of("RSA_2048", "ENCRYPT_DECRYPT")
    ciphertext = rsa_public_key(key).encrypt(b"", algorithms.oaep(SHA_256))
    assert key.kms.decrypt(**decrypting(key, SHA_256, ciphertext))["Plaintext"] == b""


def test_other_encodings_of_an_sm2_ciphertext_are_invalid(keys: MadeKeys) -> None:
    """GM/T 0009 7.2: a sequence of x, y, hash and ciphertext, in DER."""
    key = keys.of("SM2", "ENCRYPT_DECRYPT")
    ciphertext = encrypted(key, b"a plaintext", "SM2PKE")
    x, y, digest, masked = parts(ciphertext)
    tail = der.element(0x04, digest) + der.element(0x04, masked)
    one, other = der.integer(x), der.integer(y)
    assert ciphertext == der.sequence(one, other, tail)
    encodings = {
        "a zero before x": der.sequence(der.integer(x, 1), other, tail),
        "a long length": der.element(0x30, one + other + tail, 2),
        "an indefinite length": der.indefinite(0x30, one + other + tail),
        "a byte after the sequence": ciphertext + b"\0",
        "a byte inside the sequence": der.sequence(one, other, tail, b"\0"),
        "the point's negative": der.sequence(one, der.integer(sm2_curve.P - y), tail),
        "x and the prime": der.sequence(der.integer(x + sm2_curve.P), other, tail),
        "y and the prime": der.sequence(one, der.integer(y + sm2_curve.P), tail),
        "a point off the curve": der.sequence(one, der.integer(y ^ 1), tail),
        "the point zero": der.sequence(der.integer(0), der.integer(0), tail),
        "a negative x": der.sequence(der.element(0x02, b"\xff" + x.to_bytes(32, "big")), other, tail),
        "no ciphertext": der.sequence(one, other, der.element(0x04, digest), der.element(0x04, b"")),
        "a short hash": der.sequence(one, other, der.element(0x04, digest[1:]), der.element(0x04, masked)),
        "hash and ciphertext in the other order": der.sequence(
            one, other, der.element(0x04, masked), der.element(0x04, digest)
        ),
        "C1 C3 C2 in bytes": b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big") + digest + masked,
        "C1 C2 C3 in bytes": b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big") + masked + digest,
    }
    for name, encoded in encodings.items():
        assert refusal(key.kms, "decrypt", **decrypting(key, "SM2PKE", encoded)) == INVALID, name


def parts(ciphertext: bytes) -> tuple[int, int, bytes, bytes]:
    """Point, hash and masked plaintext of an SM2 ciphertext."""
    found = []
    at = 2
    while at < len(ciphertext):
        length = ciphertext[at + 1]
        found.append(ciphertext[at + 2 : at + 2 + length])
        at += 2 + length
    x, y, digest, masked = found
    return int.from_bytes(x, "big"), int.from_bytes(y, "big"), digest, masked


@pytest.mark.parametrize(("spec", "algorithm"), LONGEST)
def test_ciphertext_of_any_length_is_invalid_and_no_more(keys: MadeKeys, spec: str, algorithm: str) -> None:
    key = keys.of(spec, "ENCRYPT_DECRYPT")
    for length in (1, 2, 97, 255, 256, 384, 512, 6144):
        for content in (os.urandom(length), bytes(length), b"\xff" * length):
            assert refusal(key.kms, "decrypt", **decrypting(key, algorithm, content)) == INVALID
    code, text = refusal(key.kms, "decrypt", **decrypting(key, algorithm, bytes(6145)))
    assert code == "ValidationException"
    assert text.endswith(
        "'ciphertextBlob' failed to satisfy constraint: Member must have length less than or equal to 6144"
    )
