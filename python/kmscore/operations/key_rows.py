"""The row of the key that a call is about."""

from kmscore import errors
from kmscore._core import ControlCall
from kmscore.store import schema
from kmscore.store.reader import DELETED, SHREDDING
from kmscore.store.rows import Row, text
from kmscore.store.transaction import Transaction, View


def own_key(view: View, call: ControlCall) -> Row:
    """The row of the key the pipeline resolved.

    Raises:
        NotFoundException: It was deleted since.
    """
    resolved = call.keys[0]
    key = view.row(schema.keys, region=resolved["region"], key_id=resolved["key_id"])
    if key is None or key["state"] in (SHREDDING, DELETED):
        raise errors.NotFoundException(f"Key '{resolved['arn']}' does not exist")
    return key


def update_key(transaction: Transaction, key: Row, **changed: str | int | None) -> None:
    """Change columns of a key; when they hold these values already, nothing is changed and no cache is troubled."""
    if any(key[name] != value for name, value in changed.items()):
        transaction.update(schema.keys, key, **changed)
        mark_changed(transaction, key)


def mark_changed(transaction: Transaction, key: Row) -> None:
    """Have every cache forget a key: its row, policy, material, tags, aliases or grants are other ones."""
    transaction.changed_key(text(key, "region"), text(key, "key_id"))
