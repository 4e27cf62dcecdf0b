"""Due work: what happens to KMS keys when its moment has come, whoever comes by and in whichever process.

Automatic rotations, expiry of imported material, the end of passing states; and deletion, so that nothing of a key's
material is left in the files. Each is done in a transaction that looks at the key's row again, so that of several
processes one does it.

A deletion has two transactions with a truncation of the write-ahead log between them: first the key becomes
`shredding`, which no caller can tell from deleted, and its sealed records are overwritten; once the log holds none of
their old content any more, the rest of its rows go, and a tombstone stays.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kmscore.arns import key_arn
from kmscore.store.failpoints import reach
from kmscore.store.reader import DELETED, SHREDDING
from kmscore.store.rows import Row, number, text

if TYPE_CHECKING:
    from kmscore.store.store import Store
    from kmscore.store.transaction import Transaction

_log = logging.getLogger(__name__)


def run_due_work(store: Store) -> int:
    """Do everything that is due: to every key whose moment has come.

    Args:
        store: The open store.

    Returns:
        How many keys were changed.
    """
    return sum(do_due_work(store, region, key_id) for region, key_id in store.reader.due_keys(store.now()))


def do_due_work(store: Store, region: str, key_id: str) -> bool:
    """Do to one key what is due.

    Args:
        store: The open store.
        region: The key's Region.
        key_id: The key's id.

    Returns:
        Whether there was anything to do.
    """
    changed = store.change_by_service(lambda transaction: _catch_up(transaction, region, key_id))
    return purge(store, region, key_id) or changed


def _catch_up(transaction: Transaction, region: str, key_id: str) -> bool:
    """Everything but deletion, in the order in which it would have come."""
    from kmscore.store import schema
    from kmscore.store.key_changes import is_gone

    key = transaction.row(schema.keys, region=region, key_id=key_id)
    if key is None or is_gone(key) or key["due"] is None or number(key, "due") > transaction.now:
        return False
    for step in (_end_transition, _rotate, _expire):
        key = step(transaction, key)
    return bool(transaction.changes)


def _end_transition(transaction: Transaction, key: Row) -> Row:
    from kmscore.store.key_changes import update_key
    from kmscore.store.material import state_by_material

    if not _is_past(transaction, key["transition_end"]):
        return key
    return update_key(transaction, key, state=state_by_material(transaction, key), transition_end=None)


def _rotate(transaction: Transaction, key: Row) -> Row:
    from kmscore.store.key_changes import may_rotate
    from kmscore.store.material import AUTOMATIC, rotate

    if may_rotate(key) and _is_past(transaction, key["next_rotation"]):
        return rotate(transaction, key, AUTOMATIC)
    return key


def _expire(transaction: Transaction, key: Row) -> Row:
    from kmscore.store.imported import destroy_imported
    from kmscore.store.key_changes import expiring

    for material in expiring(transaction, key):
        if _is_past(transaction, material["valid_to"]):
            key = destroy_imported(transaction, key, material)
            details = {"keyMaterialId": text(material, "material_id")}
            transaction.event("DeleteExpiredKeyMaterial", text(key, "region"), _arn(key), details)
    return key


def _is_past(transaction: Transaction, moment: object) -> bool:
    return isinstance(moment, int) and moment <= transaction.now


def finish_shredding(store: Store) -> int:
    """Bring to its end what a process that died, or a busy log, left half done.

    Args:
        store: The open store.

    Returns:
        How many keys were deleted for good.
    """
    return sum(_finish(store, region, key_id) for region, key_id in store.reader.shredding_keys())


def purge(store: Store, region: str, key_id: str) -> bool:
    """Delete one key, if it is past its deletion date.

    Args:
        store: The open store.
        region: The key's Region.
        key_id: The key's id.

    Returns:
        Whether callers see no such key any more because of this call.
    """
    if not store.change_by_service(lambda transaction: _shred(transaction, region, key_id)):
        return False
    reach("after-shredding")
    _finish(store, region, key_id)
    return True


def _finish(store: Store, region: str, key_id: str) -> bool:
    if not store.truncate_log():
        _log.warning("key %s stays in shredding: the write-ahead log could not be truncated yet", key_id)
        return False
    reach("after-truncation")
    return store.change_by_service(lambda transaction: _bury(transaction, region, key_id))


def _shred(transaction: Transaction, region: str, key_id: str) -> bool:
    from kmscore.store import schema
    from kmscore.store.key_changes import mark_changed
    from kmscore.store.material import overwrite

    key = transaction.row(schema.keys, region=region, key_id=key_id)
    # Another process may have deleted it, or a caller may have cancelled its deletion in time.
    if key is None or key["deletion_date"] is None or number(key, "deletion_date") > transaction.now:
        return False
    transaction.update(schema.keys, key, state=SHREDDING, deletion_date=None, due=None)
    overwrite(transaction, key)
    mark_changed(transaction, key)
    transaction.event("DeleteKey", region, _arn(key))
    _release_primary(transaction, key)
    return True


def _release_primary(transaction: Transaction, gone: Row) -> None:
    """Begin the waiting period of a primary key whose last replica key is gone now."""
    from kmscore.store.key_changes import DAY, related_keys, update_key

    members = related_keys(transaction, gone) if gone["primary_region"] is not None else []
    if [member["state"] for member in members] != ["PendingReplicaDeletion"]:
        return
    [primary] = members
    deletion_date = transaction.now + number(primary, "pending_window") * DAY
    update_key(transaction, primary, state="PendingDeletion", deletion_date=deletion_date, pending_window=None)


def _bury(transaction: Transaction, region: str, key_id: str) -> bool:
    from kmscore.store import schema

    key = transaction.row(schema.keys, region=region, key_id=key_id)
    if key is None or key["state"] != SHREDDING:
        return False
    for alias in transaction.rows(schema.aliases, schema.aliases.c.region == region, schema.aliases.c.key_id == key_id):
        _delete_alias(transaction, alias)
    for table in (schema.key_policies, schema.tags, schema.grants, schema.key_material):
        transaction.delete(table, region=region, key_id=key_id)
    transaction.update(schema.keys, key, state=DELETED, description="")
    transaction.changed_key(region, key_id)
    return True


def _delete_alias(transaction: Transaction, alias: Row) -> None:
    from kmscore.store import schema

    account, region, name = (text(alias, column) for column in ("account", "region", "name"))
    transaction.delete(schema.aliases, account=account, region=region, name=name)
    transaction.changed_alias(account, region, name)


def _arn(key: Row) -> str:
    return key_arn(text(key, "account"), text(key, "region"), text(key, "key_id"))
