"""Sealed record: docs/formats.md, "Sealed record"."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from formats.damage import all_damage
from formats.known_answers import vectors
from kmscore import _core
from readers import blob, sealed_record
from readers.store import material_binding
from scratch_store import ScratchStore

OPEN_RECORD = "SELECT * FROM key_material m JOIN keys k USING (region, key_id)"


@pytest.mark.parametrize("vector", vectors("sealed_record"), ids=lambda vector: vector["name"])
def test_reader_opens_known_answer(vector: dict[str, Any]) -> None:
    record, key = bytes.fromhex(vector["record"]), bytes.fromhex(vector["sealing_key"])
    assert sealed_record.key_id(key).hex() == vector["sealing_key_id"] == record[4:20].hex()
    assert sealed_record.read(record, vector["kind"], key, vector["binding"]).hex() == vector["plaintext"]
    assert record[20:52].hex() == vector["n"]


def test_reader_walks_from_root_key_to_material(scratch: ScratchStore) -> None:
    kms = scratch.client()
    key_ids = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3)}
    keys = scratch.keys()
    assert set(keys.materials) == key_ids
    assert len({keys.root, keys.domain, keys.audit, *keys.materials.values()}) == 6
    rows = dict(scratch.query("SELECT key_id, material_id FROM key_material"))
    for key_id, material in keys.materials.items():
        assert blob.material_id(material, bytes.fromhex(key_id.replace("-", ""))).hex() == rows[key_id]


def test_engine_refuses_every_damaged_record_of_key_material(scratch: ScratchStore) -> None:
    kms = scratch.client()
    kms.create_key()
    kms.close()
    hierarchy = _hierarchy(scratch)
    with closing(sqlite3.connect(scratch.home / "store.db")) as database:
        database.row_factory = sqlite3.Row
        row = database.execute(OPEN_RECORD).fetchone()
    binding = material_binding(scratch.keys().store, scratch.keys().domain, row)
    added_by_the_engine = ("store", "domain_key", "material_id")
    given = {name: value for name, value in binding.items() if name not in added_by_the_engine}
    hierarchy.check_material(given, row["material_id"], row["sealed"])
    refused = 0
    for what, damaged in all_damage(row["sealed"]):
        with pytest.raises(_core.IntegrityError, match="damaged"):
            hierarchy.check_material(given, row["material_id"], damaged)
            pytest.fail(f"{what} was accepted")
        refused += 1
    assert refused == len(row["sealed"]) * 9 + 128
    for name, value in given.items():
        with pytest.raises((_core.IntegrityError, ValueError)):
            hierarchy.check_material({**given, name: value + "0"}, row["material_id"], row["sealed"])


def test_engine_refuses_every_damaged_record_of_domain_keys(scratch: ScratchStore) -> None:
    scratch.client().close()
    root, store = _root(scratch), scratch.keys().store
    rows = _domain_rows(scratch)
    [records] = [row for row in rows if row["purpose"] == "records"]
    others = [row for row in rows if row is not records]
    _core.KeyHierarchy.open(root, store, rows)
    for what, damaged in all_damage(records["sealed"]):
        with pytest.raises(_core.StoreError, match="damaged|domain_keys"):
            _core.KeyHierarchy.open(root, store, [{**records, "sealed": damaged}, *others])
            pytest.fail(f"{what} was accepted")


@pytest.mark.parametrize(
    "damage",
    [
        "flipped header",
        "flipped commitment",
        "flipped ciphertext",
        "flipped tag",
        "empty",
        "truncated",
        "extended",
        "text",
    ],
)
def test_damaged_record_in_the_database_makes_its_key_unusable_and_no_other(scratch: ScratchStore, damage: str) -> None:
    kms = scratch.client()
    broken, whole = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    sealed = kms.encrypt(KeyId=broken, Plaintext=b"x")["CiphertextBlob"]
    kms.close()
    [(record,)] = scratch.query("SELECT sealed FROM key_material WHERE key_id = ?", broken)
    assert scratch.execute("UPDATE key_material SET sealed = ? WHERE key_id = ?", _damaged(record, damage), broken) == 1
    kms = scratch.client()
    calls: list[Callable[[], object]] = [
        lambda: kms.encrypt(KeyId=broken, Plaintext=b"x"),
        lambda: kms.decrypt(CiphertextBlob=sealed),
        lambda: kms.generate_data_key(KeyId=broken, KeySpec="AES_256"),
    ]
    for call in calls:
        with pytest.raises(Exception, match="damaged|changed outside kmscore") as caught:
            call()
        assert record.hex() not in str(caught.value)
    assert kms.encrypt(KeyId=whole, Plaintext=b"x")["KeyId"].endswith(whole)


@pytest.mark.parametrize("damage", ["flipped header", "flipped tag", "empty", "truncated", "extended", "text"])
@pytest.mark.parametrize("purpose", ["records", "audit"])
def test_damaged_record_of_a_domain_key_keeps_the_store_shut(scratch: ScratchStore, purpose: str, damage: str) -> None:
    scratch.client().close()
    [(record,)] = scratch.query("SELECT sealed FROM domain_keys WHERE purpose = ?", purpose)
    scratch.execute("UPDATE domain_keys SET sealed = ? WHERE purpose = ?", _damaged(record, damage), purpose)
    with pytest.raises(_core.IntegrityError, match="damaged"):
        scratch.client()
    scratch.execute("UPDATE domain_keys SET sealed = ? WHERE purpose = ?", record, purpose)
    scratch.client().close()


def _damaged(record: bytes, damage: str) -> bytes | str:
    flipped = {"flipped header": 25, "flipped commitment": 60, "flipped ciphertext": 90, "flipped tag": len(record) - 1}
    if damage in flipped:
        edited = bytearray(record)
        edited[flipped[damage]] ^= 1
        return bytes(edited)
    others: dict[str, bytes | str] = {
        "empty": b"",
        "truncated": record[:-1],
        "extended": record + b"\0",
        "text": "not even bytes",
    }
    return others[damage]


def _root(scratch: ScratchStore) -> _core.RootKey:
    return _core.RootKey.from_file(str(scratch.own_configuration() / "root.key"))


def _domain_rows(scratch: ScratchStore) -> list[dict[str, Any]]:
    names = ("domain_key_id", "purpose", "version", "root_key_id", "sealed")
    return [dict(zip(names, row, strict=True)) for row in scratch.query(f"SELECT {', '.join(names)} FROM domain_keys")]


def _hierarchy(scratch: ScratchStore) -> _core.KeyHierarchy:
    return _core.KeyHierarchy.open(_root(scratch), scratch.keys().store, _domain_rows(scratch))
