"""Changes of a key's row: the one place that knows when something is to be done to it next."""

from kmscore.arns import key_arn
from kmscore.store import schema
from kmscore.store.reader import DELETED, SHREDDING
from kmscore.store.rows import Row, number, text
from kmscore.store.transaction import Transaction, View

DAY = 86_400 * 1_000_000
"""Microseconds."""
AWS_MANAGED_PERIOD = 365
"""`rotation_period` of every AWS managed key, which nobody changes."""


def update_key(transaction: Transaction, key: Row, **changed: str | int | None) -> Row:
    """Change columns of a key; when they hold these values already, nothing is changed and no cache is troubled.

    Args:
        transaction: The transaction that read the row.
        key: The row.
        **changed: Columns and their new values; `due` follows from the others.

    Returns:
        The row as it is now.
    """
    changed = {**changed, "due": due(transaction, {**key, **changed})}
    if all(key[name] == value for name, value in changed.items()):
        return key
    mark_changed(transaction, key)
    return transaction.update(schema.keys, key, **changed)


def mark_changed(transaction: Transaction, key: Row) -> None:
    """Have every cache forget a key: its row, policy, material, tags, aliases or grants are other ones."""
    transaction.changed_key(text(key, "region"), text(key, "key_id"))


def due(view: View, key: Row) -> int | None:
    """The earliest moment at which something is to be done to a key.

    Args:
        view: The state that holds the key's material as it is to be.
        key: The key's row as it is to be.
    """
    moments = [key["deletion_date"], key["transition_end"], key["next_rotation"] if may_rotate(key) else None]
    moments += [material["valid_to"] for material in expiring(view, key)]
    return min((moment for moment in moments if isinstance(moment, int)), default=None)


def may_rotate(key: Row) -> bool:
    """Whether automatic rotation would take place now: a replica key is rotated with its primary."""
    is_primary = key["primary_region"] in (None, key["region"])
    return is_primary and key["state"] == "Enabled" and key["rotation_period"] is not None


def expiring(view: View, key: Row) -> list[Row]:
    """The material of a key that is there and expires."""
    if key["origin"] != "EXTERNAL":
        return []
    table = schema.key_material.c
    of_key = (table.region == key["region"], table.key_id == key["key_id"])
    return view.rows(schema.key_material, *of_key, table.sealed.is_not(None), table.valid_to.is_not(None))


def is_gone(key: Row) -> bool:
    """Whether callers see no such key any more."""
    return key["state"] in (SHREDDING, DELETED)


def related_keys(view: View, key: Row) -> list[Row]:
    """A key and, if it is a multi-Region key, its related ones, by Region."""
    if key["primary_region"] is None:
        return [key]
    table = schema.keys.c
    of_account = (table.key_id == key["key_id"], table.account == key["account"])
    return [row for row in view.rows(schema.keys, *of_account, order_by=[table.region]) if not is_gone(row)]


def is_replica(key: Row) -> bool:
    """Whether a key is a replica of a multi-Region primary key."""
    return key["primary_region"] not in (None, key["region"])


def next_on_schedule(key: Row, now: int) -> int:
    """The first date after `now` of the schedule that a key's automatic rotation keeps."""
    period, planned = number(key, "rotation_period") * DAY, number(key, "next_rotation")
    return planned + (max(now - planned, 0) // period + 1) * period


def arn_of(key: Row) -> str:
    """A key's ARN."""
    return key_arn(text(key, "account"), text(key, "region"), text(key, "key_id"))
