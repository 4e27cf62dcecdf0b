"""Behaviours 35 to 40 that implementers of AWS KMS get wrong: replicas, imported material, custom key stores."""

import pytest

from behaviours.world import WEST, World, refuses
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION

MATERIAL, OTHER_MATERIAL = b"\x01" * 32, b"\x02" * 32


def arn(key_id: str, region: str = DEFAULT_REGION) -> str:
    return f"arn:aws:kms:{region}:{DEFAULT_ACCOUNT}:key/{key_id}"


def external_key(world: World, material: bytes = MATERIAL) -> str:
    """A key with imported material."""
    key_id = world.key(Origin="EXTERNAL")
    world.import_material(key_id, material)
    return key_id


def test_35_a_replica_is_creating_at_first(world: World) -> None:
    kms, west = world.kms, world.client(region=WEST)
    key_id = world.key(MultiRegion=True)
    metadata = kms.replicate_key(KeyId=key_id, ReplicaRegion=WEST)["ReplicaKeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"], metadata["Arn"]) == ("Creating", False, arn(key_id, WEST))
    text = refuses("KMSInvalidStateException", west.encrypt, KeyId=key_id, Plaintext=b"x")
    assert text == f"{arn(key_id, WEST)} is creating."
    world.advance(seconds=10)
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    assert west.decrypt(CiphertextBlob=blob)["Plaintext"] == b"text"
    metadata = world.metadata(key_id, WEST)
    assert (metadata["KeyState"], metadata["Enabled"]) == ("Enabled", True)


def test_36_a_primary_waits_for_the_deletion_of_its_replicas_without_a_date(world: World) -> None:
    kms, west = world.kms, world.client(region=WEST)
    key_id = world.key(MultiRegion=True)
    kms.replicate_key(KeyId=key_id, ReplicaRegion=WEST)
    world.advance(seconds=10)
    answer = kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=9)
    assert (answer["KeyState"], answer["PendingWindowInDays"]) == ("PendingReplicaDeletion", 9)
    assert "DeletionDate" not in answer
    world.advance(days=400)
    metadata = world.metadata(key_id)
    assert (metadata["KeyState"], metadata["PendingDeletionWindowInDays"]) == ("PendingReplicaDeletion", 9)
    assert "DeletionDate" not in metadata
    west.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    world.advance(days=7, seconds=1)
    metadata = world.metadata(key_id)
    assert metadata["KeyState"] == "PendingDeletion"
    assert "DeletionDate" in metadata
    world.advance(days=9, seconds=1)
    refuses("NotFoundException", kms.describe_key, KeyId=key_id)


def test_37_losing_its_material_a_key_stays_pending_deletion(world: World) -> None:
    kms, key_id = world.kms, external_key(world)
    date = kms.schedule_key_deletion(KeyId=key_id)["DeletionDate"]
    assert kms.delete_imported_key_material(KeyId=key_id)["KeyId"] == arn(key_id)
    metadata = world.metadata(key_id)
    assert (metadata["KeyState"], metadata["DeletionDate"]) == ("PendingDeletion", date)


@pytest.mark.parametrize("lost", ["old", "new"])
def test_38_a_key_without_one_of_its_materials_is_pending_import(world: World, lost: str) -> None:
    kms, key_id = world.kms, world.key(Origin="EXTERNAL")
    old = world.import_material(key_id, MATERIAL)
    old_blob = kms.encrypt(KeyId=key_id, Plaintext=b"old")["CiphertextBlob"]
    new = world.import_material(key_id, OTHER_MATERIAL, ImportType="NEW_KEY_MATERIAL")
    kms.rotate_key_on_demand(KeyId=key_id)
    new_blob = kms.encrypt(KeyId=key_id, Plaintext=b"new")["CiphertextBlob"]
    kms.delete_imported_key_material(KeyId=key_id, KeyMaterialId=old if lost == "old" else new)
    assert world.metadata(key_id)["KeyState"] == "PendingImport"
    refuses("KMSInvalidStateException", kms.encrypt, KeyId=key_id, Plaintext=b"x")
    for blob in (old_blob, new_blob):
        refuses("KMSInvalidStateException", kms.decrypt, CiphertextBlob=blob)
    world.import_material(key_id, MATERIAL if lost == "old" else OTHER_MATERIAL)
    assert world.metadata(key_id)["KeyState"] == "Enabled"
    assert [kms.decrypt(CiphertextBlob=blob)["Plaintext"] for blob in (old_blob, new_blob)] == [b"old", b"new"]
    assert kms.encrypt(KeyId=key_id, Plaintext=b"x")["KeyId"] == arn(key_id)
    assert world.metadata(key_id)["CurrentKeyMaterialId"] == new


def test_39_the_same_bytes_in_two_keys_do_not_read_each_other_s_blobs(world: World) -> None:
    kms, one, other = world.kms, external_key(world), external_key(world)
    assert world.metadata(one)["CurrentKeyMaterialId"] != world.metadata(other)["CurrentKeyMaterialId"]
    blob = kms.encrypt(KeyId=one, Plaintext=b"text")["CiphertextBlob"]
    refuses("IncorrectKeyException", kms.decrypt, CiphertextBlob=blob, KeyId=other)
    kms.delete_imported_key_material(KeyId=one)
    refuses("KMSInvalidStateException", kms.decrypt, CiphertextBlob=blob)
    world.import_material(one, MATERIAL)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"text"


def test_40_a_custom_key_store_s_failure_is_seen_in_its_state_alone(world: World, trust_anchor: str) -> None:
    kms = world.kms
    store_id = kms.create_custom_key_store(
        CustomKeyStoreName="hsm",
        CloudHsmClusterId="cluster-2a3b4cdefgh",
        KeyStorePassword="kmsPswd",
        TrustAnchorCertificate=trust_anchor,
    )["CustomKeyStoreId"]

    def described() -> dict[str, str]:
        [found] = kms.describe_custom_key_stores(CustomKeyStoreId=store_id)["CustomKeyStores"]
        return dict(found)

    def answer(method: str) -> dict[str, object]:
        made = getattr(kms, method)(CustomKeyStoreId=store_id)
        return {name: value for name, value in made.items() if name != "ResponseMetadata"}

    assert described()["ConnectionState"] == "DISCONNECTED"
    for _ in range(2):
        assert answer("connect_custom_key_store") == {}
        world.advance(minutes=30)
        assert described()["ConnectionState"] == "FAILED"
        assert described()["ConnectionErrorCode"]
        refuses("CustomKeyStoreInvalidStateException", kms.connect_custom_key_store, CustomKeyStoreId=store_id)
        assert answer("disconnect_custom_key_store") == {}
        world.advance(minutes=30)
        assert described()["ConnectionState"] == "DISCONNECTED"
        assert "ConnectionErrorCode" not in described()
