"""Due work: deleting KMS keys whose waiting period is over, so that nothing of their material is left in the files.

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
from kmscore.store.service_events import service_record

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
    return purge(store, region, key_id)


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
    arn = store.change_by_service(
        lambda transaction: _shred(transaction, region, key_id),
        lambda arn, state: _deletion_record(store, region, arn, state) if arn else None,
    )
    if arn is None:
        return False
    reach("after-shredding")
    _finish(store, region, key_id)
    return True


def _deletion_record(store: Store, region: str, arn: str, state: int) -> str:
    return service_record("DeleteKey", store.now(), state, region=region, resources=[arn])


def _finish(store: Store, region: str, key_id: str) -> bool:
    if not store.truncate_log():
        _log.warning("key %s stays in shredding: the write-ahead log could not be truncated yet", key_id)
        return False
    reach("after-truncation")
    return store.change_by_service(lambda transaction: _bury(transaction, region, key_id), lambda _result, _state: None)


def _shred(transaction: Transaction, region: str, key_id: str) -> str | None:
    from sqlalchemy import func, update

    from kmscore.store import schema

    key = transaction.row(schema.keys, region=region, key_id=key_id)
    # Another process may have deleted it, or a caller may have cancelled its deletion in time.
    if key is None or key["deletion_date"] is None or number(key, "deletion_date") > transaction.now:
        return None
    transaction.update(schema.keys, key, state=SHREDDING, deletion_date=None, due=None)
    table = schema.key_material
    of_key = (table.c.region == region, table.c.key_id == key_id)
    zeros = func.zeroblob(func.length(table.c.sealed))
    for value in (zeros, None):
        transaction.connection.execute(update(table).where(*of_key).values(sealed=value))
    transaction.changed_key(region, key_id)
    return key_arn(text(key, "account"), region, key_id)


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
