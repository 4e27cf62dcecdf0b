"""New KMS keys, whoever makes them: their material and their rows."""

from kmscore._core import KeyHierarchy
from kmscore.operations.key_rows import mark_changed
from kmscore.store import schema
from kmscore.store.rows import Row, text
from kmscore.store.transaction import Transaction


def new_material(hierarchy: KeyHierarchy, key: Row) -> Row:
    """Draw the first material of a key, which for RSA takes up to seconds.

    Args:
        hierarchy: Seals it.
        key: The key's row.

    Returns:
        The row of the material, but for the time it is stored at.
    """
    version = 1
    binding = {name: str(key[name]) for name in ("account", "region", "key_id", "spec", "usage", "origin")}
    row_name = f"{text(key, 'region')}/{text(key, 'key_id')}"
    material_id, sealed = hierarchy.new_material(
        {**binding, "table": "key_material", "row": row_name, "column": "sealed", "record_version": str(version)}
    )
    return {
        **_place(key),
        "material_id": material_id,
        "state": "CURRENT",
        "record_version": version,
        "sealed": sealed,
        "expiration_model": None,
        "description": None,
        "rotation_type": None,
        "valid_to": None,
        "rotation_date": None,
    }


def insert_key(transaction: Transaction, key: Row, policy: str, material: Row) -> None:
    """Store a new key.

    Args:
        transaction: Changes the store.
        key: The key's row, complete.
        policy: The text of its key policy.
        material: Its material, as `new_material` returned it.
    """
    transaction.insert(schema.key_owners, {"key_id": key["key_id"], "account": key["account"]})
    transaction.insert(schema.keys, key)
    transaction.insert(schema.key_policies, {**_place(key), "name": "default", "document": policy})
    transaction.insert(schema.key_material, {**material, "created": transaction.now})
    mark_changed(transaction, key)


def _place(key: Row) -> Row:
    return {"region": key["region"], "key_id": key["key_id"]}
