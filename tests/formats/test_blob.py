"""Ciphertext blob, suite 01: docs/formats.md, "Ciphertext blob"."""

from typing import Any

import pytest

from formats.damage import all_damage
from formats.known_answers import vectors
from readers import blob
from scratch_store import ScratchStore

CONTEXT = {"app": "billing", "Zeit": "früh"}


@pytest.mark.parametrize("vector", vectors("blob"), ids=lambda vector: vector["name"])
def test_reader_opens_known_answer(vector: dict[str, Any]) -> None:
    opened = blob.read(
        bytes.fromhex(vector["blob"]), bytes.fromhex(vector["key_material"]), vector["encryption_context"]
    )
    assert opened.plaintext.hex() == vector["plaintext"]
    assert opened.key_id == vector["key_id"]
    assert opened.material_id.hex() == vector["key_material_id"][:32]
    assert vector["n"] == vector["blob"][2 * 37 : 2 * 69]


@pytest.mark.parametrize("plaintext", [b"\x00", b"hello", bytes(4096)], ids=["1", "5", "4096"])
def test_reader_opens_what_encrypt_makes(scratch: ScratchStore, plaintext: bytes) -> None:
    kms = scratch.client()
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key_id, Plaintext=plaintext, EncryptionContext=CONTEXT)["CiphertextBlob"]
    material = scratch.keys().materials[key_id]
    opened = blob.read(sealed, material, CONTEXT)
    assert (opened.key_id, opened.plaintext) == (key_id, plaintext)
    assert len(sealed) == len(plaintext) + 117
    with pytest.raises(ValueError, match="commitment"):
        blob.read(sealed, material, {**CONTEXT, "app": "other"})


def test_decrypt_refuses_every_damaged_blob(scratch: ScratchStore) -> None:
    kms = scratch.client()
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key_id, Plaintext=b"sixteen bytes ok", EncryptionContext=CONTEXT)["CiphertextBlob"]
    codes = {what: _code(kms, damaged) for what, damaged in all_damage(sealed)}
    assert len(codes) == len(sealed) * 9 + 128
    # No blob at all is a fault of the request. One that names a key which is not there is refused as AWS KMS does it.
    assert codes.pop("the first 0 bytes") == "ValidationException"
    of_another_key = {what for what, code in codes.items() if code == "AccessDeniedException"}
    named = {f"bit {bit} of byte {index}" for index in range(5, 21) for bit in range(8)} | {"bit 0 of byte 4"}
    assert of_another_key == named
    assert {code for what, code in codes.items() if what not in named} == {"InvalidCiphertextException"}
    assert kms.decrypt(CiphertextBlob=sealed, EncryptionContext=CONTEXT)["Plaintext"] == b"sixteen bytes ok"


def _code(kms: Any, damaged: bytes) -> str:
    with pytest.raises(kms.exceptions.ClientError) as caught:
        kms.decrypt(CiphertextBlob=damaged, EncryptionContext=CONTEXT)
    error = caught.value.response["Error"]
    if error["Code"] == "InvalidCiphertextException":
        assert not error["Message"], "the refusal says why"
    return str(error["Code"])


def test_decrypt_refuses_blob_under_another_context(scratch: ScratchStore) -> None:
    kms = scratch.client()
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key_id, Plaintext=b"x", EncryptionContext=CONTEXT)["CiphertextBlob"]
    for context in ({}, {"app": "billing"}, {**CONTEXT, "more": ""}, {"Zeit": "billing", "app": "früh"}):
        with pytest.raises(kms.exceptions.InvalidCiphertextException):
            kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context)
