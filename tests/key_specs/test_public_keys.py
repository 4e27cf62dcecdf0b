"""GetPublicKey, and what can be done with its answer offline."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

import kmscore
from formats.damage import extensions, truncations
from key_specs import algorithms
from key_specs.calls import MESSAGE, message_type
from key_specs.made_keys import KEY_PAIRS, KINDS, ROWS, MadeKeys, refusal
from kmscore import _core
from readers import key_material

PAIRS = [(spec, usage) for spec, usage in KINDS if spec in KEY_PAIRS]
# Key spec -> bytes of its SubjectPublicKeyInfo, with the usual exponent of RSA.
LENGTHS = {
    "RSA_2048": 294,
    "RSA_3072": 422,
    "RSA_4096": 550,
    "ECC_NIST_P256": 91,
    "ECC_NIST_P384": 120,
    "ECC_NIST_P521": 158,
    "ECC_SECG_P256K1": 88,
    "SM2": 91,
    "ECC_NIST_EDWARDS25519": 44,
    "ML_DSA_44": 1334,
    "ML_DSA_65": 1974,
    "ML_DSA_87": 2614,
    "ML_KEM_512": 822,
    "ML_KEM_768": 1206,
    "ML_KEM_1024": 1590,
}
# What stands before the key itself, in which every bit is as it must be.
HEADS = {spec: 33 if spec.startswith("RSA_") else 22 if spec.startswith("ML_") else 12 for spec in LENGTHS}


def test_a_length_is_known_for_every_key_pair() -> None:
    assert set(LENGTHS) == KEY_PAIRS


@pytest.mark.parametrize(("spec", "usage"), PAIRS)
def test_reply_tells_what_the_key_is(keys: MadeKeys, spec: str, usage: str) -> None:
    for key in keys.all_of(spec, usage):
        reply = key.kms.get_public_key(KeyId=key.id)
        told = {"KeyId": key.arn, "KeySpec": spec, "CustomerMasterKeySpec": spec, "KeyUsage": usage}
        assert {name: reply[name] for name in told} == told
        listed = {name: value for name, value in reply.items() if name.endswith("Algorithms")}
        assert list(listed.values()) == [ROWS[spec][usage]]
        assert listed.items() <= key.metadata.items()
        assert reply["PublicKey"] == key.public_key


@pytest.mark.parametrize(("spec", "usage"), PAIRS)
def test_public_key_has_its_one_encoding(keys: MadeKeys, spec: str, usage: str) -> None:
    der = keys.of(spec, usage).public_key
    assert len(der) == LENGTHS[spec]
    own = _core.PublicKey(der)
    assert (own.key_spec, own.to_der()) == (spec, der)
    if spec in key_material.UNREADABLE:
        return
    assert algorithms.spki(load_der_public_key(der)) == der
    assert kmscore.public_key({"KeySpec": spec, "PublicKey": der}) == load_der_public_key(der)


@pytest.mark.parametrize("spec", sorted(KEY_PAIRS))
def test_other_encodings_are_no_public_keys(keys: MadeKeys, spec: str) -> None:
    der = keys.of(spec).public_key
    changed = [damaged for _, damaged in (*truncations(der), *extensions(der))][:: 1 + len(der) // 400]
    changed += [der[:at] + bytes([der[at] ^ 1 << bit]) + der[at + 1 :] for at in range(HEADS[spec]) for bit in range(8)]
    assert [damaged.hex() for damaged in changed if is_public_key(damaged)] == []


def is_public_key(der: bytes) -> bool:
    try:
        return _core.PublicKey(der).to_der() == der
    except ValueError as error:
        assert str(error) == "der is not the canonical SubjectPublicKeyInfo of a key spec of AWS KMS"
        return False


@pytest.mark.parametrize("spec", ["SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"])
def test_symmetric_keys_have_no_public_key(keys: MadeKeys, spec: str) -> None:
    for key in keys.all_of(spec, next(iter(ROWS[spec]))):
        code, text = refusal(key.kms, "get_public_key", KeyId=key.id)
        assert code == "UnsupportedOperationException"
        assert key.arn in text
        assert spec in text


@pytest.mark.parametrize(("spec", "usage"), [pair for pair in PAIRS if pair[1] == "SIGN_VERIFY"])
def test_offline_key_verifies_what_kms_signed(keys: MadeKeys, spec: str, usage: str) -> None:
    key = keys.of(spec, usage)
    offline = _core.PublicKey(key.public_key)
    for algorithm in key.algorithms:
        kind = message_type(algorithm)
        asked: dict[str, Any] = {"KeyId": key.id, "MessageType": kind, "SigningAlgorithm": algorithm}
        signature = key.kms.sign(Message=MESSAGE, **asked)["Signature"]
        named = {"signing_algorithm": algorithm, "message_type": kind}
        assert offline.verify(MESSAGE, signature, **named) is True
        assert offline.verify(bytes(64), signature, **named) is False
        assert offline.verify(MESSAGE, signature[:-1] + bytes([signature[-1] ^ 1]), **named) is False


@pytest.mark.parametrize("spec", sorted(KEY_PAIRS))
def test_offline_key_refuses_algorithms_of_other_key_specs(keys: MadeKeys, spec: str) -> None:
    offline = _core.PublicKey(keys.of(spec).public_key)
    own = {name for names in ROWS[spec].values() for name in names}
    every = {name for usages in ROWS.values() for names in usages.values() for name in names}
    for name in (every | {"", "RSA", "SHA_256"}) - own:
        with pytest.raises(
            ValueError, match=f'signing_algorithm is "{name}", which is incompatible with key spec {spec}'
        ):
            offline.verify(MESSAGE, b"x", signing_algorithm=name)


@pytest.mark.parametrize("spec", [spec for spec, usage in PAIRS if usage == "ENCRYPT_DECRYPT" and spec != "SM2"])
def test_kms_decrypts_what_the_offline_key_encrypted(keys: MadeKeys, spec: str) -> None:
    key = keys.of(spec, "ENCRYPT_DECRYPT")
    offline: Any = kmscore.public_key(key.kms.get_public_key(KeyId=key.id))
    for algorithm in key.algorithms:
        ciphertext = offline.encrypt(b"a plaintext", algorithms.oaep(algorithm))
        asked = {"KeyId": key.id, "EncryptionAlgorithm": algorithm, "CiphertextBlob": ciphertext}
        assert key.kms.decrypt(**asked)["Plaintext"] == b"a plaintext"
