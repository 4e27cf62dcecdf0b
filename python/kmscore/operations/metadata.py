"""KeyMetadata: what CreateKey and DescribeKey tell of a KMS key.

Source: AWS KMS API Reference, `KeyMetadata`.
"""

from functools import cache
from typing import Any

from kmscore import _core
from kmscore.store.key_changes import arn_of, is_replica, related_keys
from kmscore.store.material import CURRENT, in_state, materials_of
from kmscore.store.rows import Row, number, text
from kmscore.store.transaction import MICROSECONDS, View

_ALGORITHM_MEMBERS = {
    "ENCRYPT_DECRYPT": "EncryptionAlgorithms",
    "SIGN_VERIFY": "SigningAlgorithms",
    "GENERATE_VERIFY_MAC": "MacAlgorithms",
    "KEY_AGREEMENT": "KeyAgreementAlgorithms",
    "ENCAPSULATE_DECAPSULATE": "EncapsulationAlgorithms",
}


@cache
def spec_rows() -> dict[str, dict[str, Any]]:
    """The engine's table of key specs, by name."""
    return {row["spec"]: row for row in _core.key_specs()}


def key_metadata(view: View, key: Row) -> dict[str, Any]:
    """The members that apply to this key.

    Args:
        view: The state the key was read from.
        key: The key's verified row.
    """
    spec, usage, state = text(key, "spec"), text(key, "usage"), text(key, "state")
    metadata: dict[str, Any] = {
        "AWSAccountId": key["account"],
        "KeyId": key["key_id"],
        "Arn": arn_of(key),
        "CreationDate": number(key, "created") / MICROSECONDS,
        "Enabled": state == "Enabled",
        "Description": key["description"],
        "KeyUsage": usage,
        "KeyState": state,
        "Origin": key["origin"],
        "KeyManager": key["manager"],
        "CustomerMasterKeySpec": spec,
        "KeySpec": spec,
        _ALGORITHM_MEMBERS[usage]: spec_rows()[spec]["usages"][usage],
        "MultiRegion": key["primary_region"] is not None,
    }
    if state == "PendingDeletion":
        metadata["DeletionDate"] = number(key, "deletion_date") / MICROSECONDS
    if state == "PendingReplicaDeletion":
        metadata["PendingDeletionWindowInDays"] = key["pending_window"]
    if key["primary_region"] is not None:
        metadata["MultiRegionConfiguration"] = _multi_region(view, key)
    if key["custom_key_store_id"] is not None:
        metadata["CustomKeyStoreId"] = key["custom_key_store_id"]
    if key["xks_key_id"] is not None:
        metadata["XksKeyConfiguration"] = {"Id": key["xks_key_id"]}
    materials = materials_of(view, key)
    current = in_state(materials, CURRENT)
    if spec == "SYMMETRIC_DEFAULT" and current is not None and state != "Creating":
        metadata["CurrentKeyMaterialId"] = current["material_id"]
    if key["origin"] == "EXTERNAL":
        metadata.update(_expiry([material for material in materials if material["sealed"] is not None]))
    return metadata


def _multi_region(view: View, key: Row) -> dict[str, Any]:
    primary = {**key, "region": key["primary_region"]}
    replicas = [member for member in related_keys(view, key) if member["region"] != key["primary_region"]]
    return {
        "MultiRegionKeyType": "REPLICA" if is_replica(key) else "PRIMARY",
        "PrimaryKey": _member(primary),
        "ReplicaKeys": [_member(replica) for replica in replicas],
    }


def _member(key: Row) -> dict[str, Any]:
    return {"Arn": arn_of(key), "Region": key["region"]}


def _expiry(present: list[Row]) -> dict[str, Any]:
    """Of imported material: when the first of it expires."""
    if not present:
        return {}
    dates = [number(material, "valid_to") for material in present if material["valid_to"] is not None]
    if not dates:
        return {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
    return {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": min(dates) / MICROSECONDS}
