"""New keys: what all that make keys have in common."""

from kmscore import _core
from kmscore._core import ControlCall, KeyHierarchy
from kmscore.operations.key_rows import mark_changed
from kmscore.operations.key_tags import Tag, insert_tag
from kmscore.store import schema
from kmscore.store.key_changes import arn_of
from kmscore.store.material import binding, new_row
from kmscore.store.rows import Row, text
from kmscore.store.transaction import Transaction


def new_policy(call: ControlCall, key: Row, document: str | None, *, bypass: bool) -> str:
    """The policy of a new key: the one that was sent, if the caller can replace it again, else the default one.

    Args:
        call: The call that makes the key.
        key: The row of the new key.
        document: What was sent.
        bypass: `BypassPolicyLockoutSafetyCheck`.

    Raises:
        MalformedPolicyDocumentException: It is no key policy, or locks the caller out.
        LimitExceededException: It is too long.
    """
    if document is None:
        return _core.default_key_policy(text(key, "account"), text(key, "region"))
    call.check_policy(document, arn_of(key), bypass=bypass)
    return document


def new_material(hierarchy: KeyHierarchy, key: Row) -> Row:
    """Draw the first material of a key, which for RSA takes up to seconds.

    Args:
        hierarchy: Seals it.
        key: The key's row.

    Returns:
        The row of the material, but for the time it is stored at.
    """
    material_id, sealed = hierarchy.new_material(binding(key, 1))
    return new_row(key, material_id, sealed, 0)


def insert_key(transaction: Transaction, key: Row, policy: str, tags: tuple[Tag, ...]) -> None:
    """Store a key with its policy and tags; its material is stored apart.

    Args:
        transaction: Changes the store.
        key: The whole row.
        policy: The key policy's text.
        tags: They were checked.
    """
    transaction.insert(schema.keys, key)
    place: Row = {"region": key["region"], "key_id": key["key_id"]}
    transaction.insert(schema.key_policies, {**place, "name": "default", "document": policy})
    for tag in tags:
        insert_tag(transaction, text(key, "region"), text(key, "key_id"), tag)
    mark_changed(transaction, key)
