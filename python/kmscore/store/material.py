"""Key material in its rows: how it is bound, rotated and destroyed. What it is, only the engine knows."""

from sqlalchemy import func, update

from kmscore._core import KeyHierarchy
from kmscore.store import schema
from kmscore.store.key_changes import arn_of, mark_changed, next_on_schedule, related_keys, update_key
from kmscore.store.rows import Row, Value, number, record, text
from kmscore.store.transaction import Transaction, View

CURRENT = "CURRENT"
NON_CURRENT = "NON_CURRENT"
PENDING_ROTATION = "PENDING_ROTATION"
PENDING_REPLICAS = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
AUTOMATIC = "AUTOMATIC"
ON_DEMAND = "ON_DEMAND"


def binding(key: Row, version: int) -> dict[str, str]:
    """What a sealed record of a key's material is bound to, besides the store and the material's id.

    Args:
        key: The key's row.
        version: The record version.
    """
    names = ("account", "region", "key_id", "spec", "usage", "origin")
    place = {"table": "key_material", "row": f"{text(key, 'region')}/{text(key, 'key_id')}", "column": "sealed"}
    return {**{name: text(key, name) for name in names}, **place, "record_version": str(version)}


def new_row(key: Row, material_id: str, sealed: bytes, created: int, **facts: Value) -> Row:
    """A row of new material.

    Args:
        key: The key's row.
        material_id: The material's id.
        sealed: Its record, of version 1.
        created: Microseconds since 1970.
        **facts: Columns that are not as those of a key's first material.
    """
    plain: Row = {
        "region": key["region"],
        "key_id": key["key_id"],
        "material_id": material_id,
        "state": CURRENT,
        "record_version": 1,
        "sealed": sealed,
        "created": created,
        "expiration_model": None,
        "description": None,
        "rotation_type": None,
        "valid_to": None,
        "rotation_date": None,
    }
    return {**plain, **facts}


def materials_of(view: View, key: Row) -> list[Row]:
    """Every version of a key's material, the oldest first."""
    table = schema.key_material.c
    found = view.rows(schema.key_material, table.region == key["region"], table.key_id == key["key_id"])
    return sorted(found, key=lambda material: (number(material, "created"), text(material, "material_id")))


def in_state(materials: list[Row], *states: str) -> Row | None:
    """The one material in one of these states; a key has at most one current and one pending."""
    return next((material for material in materials if material["state"] in states), None)


def resealed(hierarchy: KeyHierarchy, source: Row, target: Row, material: Row) -> bytes:
    """The sealed record of the same material for a related key.

    Args:
        hierarchy: The store's keys.
        source: The row of the key that has it.
        target: The row of the related key, whose record will have version 1.
        material: The material's row.
    """
    opened = binding(source, number(material, "record_version"))
    return hierarchy.reseal(opened, binding(target, 1), text(material, "material_id"), record(material))


def rotate(transaction: Transaction, key: Row, rotation_type: str, pending: Row | None = None) -> Row:
    """Make other material current, in a key and its related keys, and say so in the audit log.

    Args:
        transaction: Changes the store.
        key: The row of a single-Region or primary key.
        rotation_type: `AUTOMATIC` or `ON_DEMAND`.
        pending: Imported material that waits for it; else fresh material is drawn.

    Returns:
        The key's row as it is now.
    """
    materials = materials_of(transaction, key)
    previous = in_state(materials, CURRENT)
    if pending is None:
        material_id, sealed = transaction.hierarchy.new_material(binding(key, 1))
        # What is listed by age stays in order, also when a call was decided before the rotation it follows.
        created = max([transaction.now, *(number(material, "created") + 1 for material in materials)])
        pending = new_row(key, material_id, sealed, created)
    rotated = key
    for member in related_keys(transaction, key):
        _make_current(transaction, key, member, pending, rotation_type)
        changed = update_key(transaction, member, **_counted(transaction, member, rotation_type))
        if member["region"] == key["region"]:
            rotated = changed
    details = {
        "rotationType": rotation_type,
        "keyOrigin": text(key, "origin"),
        "previousKeyMaterialId": text(previous, "material_id") if previous else "",
        "currentKeyMaterialId": text(pending, "material_id"),
    }
    transaction.event("RotateKey", text(key, "region"), arn_of(key), details)
    return rotated


def _make_current(transaction: Transaction, key: Row, member: Row, new: Row, rotation_type: str) -> None:
    materials = materials_of(transaction, member)
    if old := in_state(materials, CURRENT):
        transaction.update(schema.key_material, old, state=NON_CURRENT)
    facts: Row = {"state": CURRENT, "rotation_type": rotation_type, "rotation_date": transaction.now}
    known = next((material for material in materials if material["material_id"] == new["material_id"]), None)
    if known is not None:
        transaction.update(schema.key_material, known, **facts)
    else:
        is_own = member["region"] == key["region"]
        sealed = record(new) if is_own else resealed(transaction.hierarchy, key, member, new)
        row = new_row(member, text(new, "material_id"), sealed, number(new, "created"), **facts)
        transaction.insert(schema.key_material, row)
    mark_changed(transaction, member)


def _counted(transaction: Transaction, key: Row, rotation_type: str) -> dict[str, int]:
    if rotation_type == ON_DEMAND:
        return {"on_demand_rotations": number(key, "on_demand_rotations") + 1}
    return {"next_rotation": next_on_schedule(key, transaction.now)}


def overwrite(transaction: Transaction, key: Row, material_id: str | None = None) -> None:
    """Overwrite the sealed records of a key, or one of them. Nothing is left once the log was truncated, too."""
    table = schema.key_material
    where = [table.c.region == key["region"], table.c.key_id == key["key_id"]]
    if material_id is not None:
        where.append(table.c.material_id == material_id)
    zeros = func.zeroblob(func.length(table.c.sealed))
    for value in (zeros, None):
        transaction.connection.execute(update(table).where(*where).values(sealed=value))
    transaction.destroyed = True


def state_by_material(view: View, key: Row) -> str:
    """`Enabled`, or `PendingImport` when any material that ciphertext may need is not there."""
    materials = [material for material in materials_of(view, key) if is_permanent(material)]
    complete = bool(materials) and all(material["sealed"] is not None for material in materials)
    return "Enabled" if complete else "PendingImport"


def is_permanent(material: Row) -> bool:
    """Whether ciphertext may have been made under it: it was current once."""
    return material["state"] in (CURRENT, NON_CURRENT)
