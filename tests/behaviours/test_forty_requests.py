"""Behaviours 20 to 24 that implementers of AWS KMS get wrong: usages, algorithms, parameters."""

import hashlib

import pytest

from behaviours.world import World, refuses, statement

HMAC_SPECS = ["HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"]
RSA_ALGORITHMS = {
    f"RSASSA_{scheme}_SHA_{digest}" for scheme in ("PSS", "PKCS1_V1_5") for digest in ("256", "384", "512")
}
SIGNING = {"ECC_NIST_P521": {"ECDSA_SHA_512"}, "ECC_SECG_P256K1": {"ECDSA_SHA_256"}, "RSA_2048": RSA_ALGORITHMS}


@pytest.mark.parametrize("spec", HMAC_SPECS)
def test_20_an_hmac_key_needs_the_only_usage_it_can_have(world: World, spec: str) -> None:
    text = refuses("ValidationException", world.kms.create_key, KeySpec=spec)
    assert text == "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
    assert world.metadata(world.key(KeySpec=spec, KeyUsage="GENERATE_VERIFY_MAC"))["KeySpec"] == spec


def test_21_a_digest_of_another_length_is_no_bad_signature(world: World) -> None:
    kms, key_id = world.kms, world.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    signing = {"KeyId": key_id, "SigningAlgorithm": "ECDSA_SHA_256", "MessageType": "DIGEST"}
    signature = kms.sign(Message=hashlib.sha256(b"text").digest(), **signing)["Signature"]
    for message in (hashlib.sha384(b"text").digest(), b"short"):
        text = refuses("ValidationException", kms.sign, Message=message, **signing)
        assert text == "Digest is invalid length for algorithm ECDSA_SHA_256."
        again = refuses("ValidationException", kms.verify, Message=message, Signature=signature, **signing)
        assert again == text


@pytest.mark.parametrize("spec", SIGNING)
def test_22_each_key_spec_has_its_own_signing_algorithms(world: World, spec: str) -> None:
    key_id = world.key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
    assert set(world.metadata(key_id)["SigningAlgorithms"]) == SIGNING[spec]
    assert set(world.kms.get_public_key(KeyId=key_id)["SigningAlgorithms"]) == SIGNING[spec]
    other = "ECDSA_SHA_384"
    text = refuses("InvalidKeyUsageException", world.kms.sign, KeyId=key_id, Message=b"x", SigningAlgorithm=other)
    assert text == f"Algorithm {other} is incompatible with key spec {spec}."


@pytest.mark.parametrize("method", ["generate_data_key", "generate_data_key_without_plaintext"])
def test_23_a_data_key_has_exactly_one_length(world: World, method: str) -> None:
    key_id, call = world.key(), getattr(world.kms, method)
    refuses("ValidationException", call, KeyId=key_id)
    refuses("ValidationException", call, KeyId=key_id, KeySpec="AES_256", NumberOfBytes=32)
    assert call(KeyId=key_id, KeySpec="AES_256")["CiphertextBlob"]
    assert call(KeyId=key_id, NumberOfBytes=17)["CiphertextBlob"]


def test_24_re_encryption_needs_its_own_two_permissions(world: World) -> None:
    source, destination = world.key(), world.key()
    blob = world.kms.encrypt(KeyId=source, Plaintext=b"text")["CiphertextBlob"]

    def outcome(name: str, *actions: str) -> str:
        client = world.client(world.user(name, statement(action=list(actions))))
        try:
            made = client.re_encrypt(CiphertextBlob=blob, DestinationKeyId=destination)["CiphertextBlob"]
        except client.exceptions.AccessDeniedException:
            return "denied"
        return str(world.kms.decrypt(CiphertextBlob=made)["Plaintext"], "ascii")

    assert outcome("cipher", "kms:Decrypt", "kms:Encrypt", "kms:ReEncrypt") == "denied"
    assert outcome("from", "kms:ReEncryptFrom", "kms:Encrypt") == "denied"
    assert outcome("to", "kms:ReEncryptTo", "kms:Decrypt") == "denied"
    assert outcome("both", "kms:ReEncryptFrom", "kms:ReEncryptTo") == "text"
