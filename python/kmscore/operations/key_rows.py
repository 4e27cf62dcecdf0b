"""The row of the key that a call is about."""

from kmscore import errors
from kmscore._core import ControlCall
from kmscore.store import schema
from kmscore.store.key_changes import is_gone, mark_changed, update_key
from kmscore.store.rows import Row
from kmscore.store.transaction import View

__all__ = ["mark_changed", "own_key", "update_key"]


def own_key(view: View, call: ControlCall) -> Row:
    """The row of the key the pipeline resolved.

    Raises:
        NotFoundException: It was deleted since.
    """
    resolved = call.keys[0]
    key = view.row(schema.keys, region=resolved["region"], key_id=resolved["key_id"])
    if key is None or is_gone(key):
        raise errors.NotFoundException(f"Key '{resolved['arn']}' does not exist")
    return key
