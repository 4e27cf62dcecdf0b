"""KeyMetadata: what CreateKey and DescribeKey tell of a KMS key.

Source: AWS KMS API Reference, `KeyMetadata`.
"""

from functools import cache
from typing import Any

from kmscore import _core
from kmscore.arns import key_arn
from kmscore.store import schema
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
    arn = key_arn(text(key, "account"), text(key, "region"), text(key, "key_id"))
    metadata: dict[str, Any] = {
        "AWSAccountId": key["account"],
        "KeyId": key["key_id"],
        "Arn": arn,
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
    if key["primary_region"] is not None:
        metadata["MultiRegionConfiguration"] = _multi_region(key, arn)
    if key["custom_key_store_id"] is not None:
        metadata["CustomKeyStoreId"] = key["custom_key_store_id"]
    if key["xks_key_id"] is not None:
        metadata["XksKeyConfiguration"] = {"Id": key["xks_key_id"]}
    if spec == "SYMMETRIC_DEFAULT":
        metadata.update(_current_material(view, key))
    return metadata


def _multi_region(key: Row, arn: str) -> dict[str, Any]:
    # A multi-Region key cannot be replicated yet, so each is the primary of itself alone.
    return {
        "MultiRegionKeyType": "PRIMARY",
        "PrimaryKey": {"Arn": arn, "Region": key["primary_region"]},
        "ReplicaKeys": [],
    }


def _current_material(view: View, key: Row) -> dict[str, Any]:
    table = schema.key_material
    material = view.row(table, region=key["region"], key_id=key["key_id"], state="CURRENT")
    return {"CurrentKeyMaterialId": material["material_id"]} if material else {}
