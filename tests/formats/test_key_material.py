"""Key material in its stored forms: docs/formats.md, "Key material"."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from formats.known_answers import vectors
from kmscore import _core
from readers import key_material
from scratch_store import ScratchStore

READABLE = [
    row["spec"] for row in _core.key_specs() if row["is_key_pair"] and row["spec"] not in key_material.UNREADABLE
]


def _spki(key: Any) -> bytes:
    der: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der


def test_there_is_a_known_answer_for_every_key_spec() -> None:
    assert {vector["name"] for vector in vectors("key_material")} == {row["spec"] for row in _core.key_specs()}


@pytest.mark.parametrize("spec", READABLE)
def test_reader_loads_what_create_key_stores(scratch: ScratchStore, spec: str) -> None:
    usage = next(iter(next(row["usages"] for row in _core.key_specs() if row["spec"] == spec)))
    kms = scratch.client()
    key_id = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    public = kms.get_public_key(KeyId=key_id)["PublicKey"]
    kms.close()
    assert _spki(key_material.private_key(spec, scratch.keys().materials[key_id])) == public


@pytest.mark.parametrize("vector", vectors("key_material"), ids=lambda vector: vector["name"])
def test_offline_public_key_reads_the_known_public_key(vector: dict[str, Any]) -> None:
    if "public_key" not in vector:
        assert vector["name"] in ("SYMMETRIC_DEFAULT", "ML_KEM_512") or vector["name"].startswith("HMAC_")
        return
    der = bytes.fromhex(vector["public_key"])
    key = _core.PublicKey(der)
    assert (key.key_spec, key.to_der()) == (vector["name"], der)
    if vector["name"] not in key_material.UNREADABLE:
        assert load_der_public_key(der) is not None
