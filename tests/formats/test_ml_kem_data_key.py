"""Data key under ML-KEM: docs/formats.md, "Data key under ML-KEM"."""

from typing import Any

import pytest

from formats.damage import all_damage
from formats.known_answers import vectors
from kmscore import KMSClient, envelope
from kmscore._core import unwrap_ml_kem
from kmscore.envelope import DataKey, DecryptionError, EncryptedDataKey, KmsMlKemKeyring
from readers import ml_kem_data_key as reader
from scratch_store import ScratchStore, kms

__all__ = ["kms"]

CONTEXT = {"app": "billing", "Zeit": "früh"}
PROVIDER = "kmscore-ml-kem"
VECTORS = vectors("ml_kem_data_key")
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])


def made(kms: KMSClient, spec: str) -> tuple[KmsMlKemKeyring, DataKey, EncryptedDataKey]:
    """A keyring, a data key, and what the keyring made of it."""
    created = kms.create_key(KeySpec=spec, KeyUsage="ENCAPSULATE_DECAPSULATE")
    ring = KmsMlKemKeyring(created["KeyMetadata"]["Arn"], client=kms)
    data_key, [encrypted] = ring.on_encrypt(CONTEXT, None)
    return ring, data_key, encrypted


@each_vector
def test_reader_opens_known_answer(vector: dict[str, Any]) -> None:
    encrypted = bytes.fromhex(vector["encrypted_data_key"])
    secret = reader.shared_secret(encrypted, bytes.fromhex(vector["seed"]))
    assert secret.hex() == vector["shared_secret"]
    opened = reader.read(encrypted, secret, vector["key_arn"], vector["encryption_context"])
    assert opened.hex() == vector["data_key"]


@each_vector
def test_engine_opens_known_answer(vector: dict[str, Any]) -> None:
    encrypted = EncryptedDataKey(PROVIDER, vector["key_arn"].encode(), bytes.fromhex(vector["encrypted_data_key"]))
    secret, context = bytes.fromhex(vector["shared_secret"]), vector["encryption_context"]
    assert unwrap_ml_kem(secret, encrypted, context).dangerous_bytes().hex() == vector["data_key"]
    for wrong in ({**context, "more": ""}, {"app": "billing"}):
        with pytest.raises(DecryptionError):
            unwrap_ml_kem(secret, encrypted, wrong)
    with pytest.raises(DecryptionError):
        unwrap_ml_kem(secret[::-1], encrypted, context)


@pytest.mark.parametrize(("spec", "length"), [("ML_KEM_512", 768), ("ML_KEM_768", 1088), ("ML_KEM_1024", 1568)])
def test_reader_opens_what_the_keyring_makes(kms: KMSClient, scratch: ScratchStore, spec: str, length: int) -> None:
    ring, data_key, encrypted = made(kms, spec)
    arn = encrypted.provider_info.decode()
    assert repr(ring) == f"KmsMlKemKeyring({arn})"
    assert (encrypted.provider_id, len(encrypted.ciphertext)) == (PROVIDER, length + 80)
    if length in reader.KEYS:
        secret = reader.shared_secret(encrypted.ciphertext, scratch.keys().materials[arn.rpartition("/")[2]])
    else:
        ciphertext = encrypted.ciphertext[:length]
        secret = kms.decapsulate(KeyId=arn, SharedSecretCiphertextBlob=ciphertext, EncapsulationAlgorithm="ML_KEM")[
            "SharedSecret"
        ]
    assert reader.read(encrypted.ciphertext, secret, arn, CONTEXT) == data_key.dangerous_bytes()
    for other in (arn[:-1], arn.replace("us-east-1", "us-east-2")):
        with pytest.raises(ValueError, match="commitment"):
            reader.read(encrypted.ciphertext, secret, other, CONTEXT)


def test_keyring_refuses_every_damaged_data_key(kms: KMSClient) -> None:
    ring, data_key, encrypted = made(kms, "ML_KEM_512")
    refused = 0
    for what, damaged in all_damage(encrypted.ciphertext):
        changed = EncryptedDataKey(PROVIDER, encrypted.provider_info, damaged)
        with pytest.raises(DecryptionError):
            ring.on_decrypt([changed], CONTEXT)
            pytest.fail(f"{what} was accepted")
        refused += 1
    assert refused == len(encrypted.ciphertext) * 9 + 128
    assert ring.on_decrypt([encrypted], CONTEXT).dangerous_bytes() == data_key.dangerous_bytes()


def test_keyring_refuses_other_contexts_and_what_names_another_key(kms: KMSClient) -> None:
    ring, _, encrypted = made(kms, "ML_KEM_768")
    for context in ({}, {"app": "billing"}, {**CONTEXT, "more": ""}, {"Zeit": "billing", "app": "früh"}):
        with pytest.raises(DecryptionError):
            ring.on_decrypt([encrypted], context)
    other, _, _ = made(kms, "ML_KEM_768")
    renamed = EncryptedDataKey(PROVIDER, repr(other)[16:-1].encode(), encrypted.ciphertext)
    with pytest.raises(DecryptionError):
        other.on_decrypt([renamed], CONTEXT)
    with pytest.raises(envelope.KeyringError, match="the message is not for"):
        ring.on_decrypt([renamed], CONTEXT)
