"""Imported material in its rows: what several Regions have to be told of it, and how it goes."""

from kmscore.store import schema
from kmscore.store.key_changes import is_replica, mark_changed, related_keys, update_key
from kmscore.store.material import (
    PENDING_REPLICAS,
    PENDING_ROTATION,
    in_state,
    is_permanent,
    materials_of,
    overwrite,
)
from kmscore.store.rows import Row, text
from kmscore.store.transaction import Transaction


def import_type_by_default(materials: list[Row]) -> str:
    """`ImportType` of a request that does not say."""
    return "EXISTING_KEY_MATERIAL" if materials else "NEW_KEY_MATERIAL"


def destroy_imported(transaction: Transaction, key: Row, material: Row) -> Row:
    """Destroy imported material; what ciphertext may need can be imported again, and the key waits for it.

    Returns:
        The key's row as it is now.
    """
    overwrite(transaction, key, text(material, "material_id"))
    gone: Row = {**material, "sealed": None}
    transaction.update(schema.key_material, gone, expiration_model=None, valid_to=None)
    mark_changed(transaction, key)
    if not is_permanent(material):
        _forget_pending(transaction, key, text(material, "material_id"))
        return update_key(transaction, key)
    if key["state"] in ("PendingDeletion", "PendingReplicaDeletion"):
        return update_key(transaction, key)
    return update_key(transaction, key, state="PendingImport", transition_end=None)


def bring_pending_in_step(transaction: Transaction, key: Row) -> None:
    """Let material be rotated to when every related key has it, and not before."""
    members = related_keys(transaction, key)
    pending = [in_state(materials_of(transaction, member), PENDING_ROTATION, PENDING_REPLICAS) for member in members]
    complete = all(material is not None and material["sealed"] is not None for material in pending)
    for member, material in zip(members, pending, strict=True):
        state = PENDING_ROTATION if complete else PENDING_REPLICAS
        if material is not None and material["state"] != state:
            transaction.update(schema.key_material, material, state=state)
            mark_changed(transaction, member)


def _forget_pending(transaction: Transaction, key: Row, material_id: str) -> None:
    """A replica key waits for pending material; once the primary key gives it up, all forget it."""
    if is_replica(key):
        bring_pending_in_step(transaction, key)
        return
    for member in related_keys(transaction, key):
        overwrite(transaction, member, material_id)
        transaction.delete(
            schema.key_material, region=member["region"], key_id=member["key_id"], material_id=material_id
        )
        update_key(transaction, member)
        mark_changed(transaction, member)
