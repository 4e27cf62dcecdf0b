"""Access keys of users. A secret is shown when it is made; the store has its sealed record only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kmscore._core import StoreError
from kmscore.identity.changes import Changes
from kmscore.identity.names import USER, Principal
from kmscore.identity.principals import arn_of, new_id
from kmscore.store import schema
from kmscore.store.rows import Row, number, text

if TYPE_CHECKING:
    from kmscore.store.transaction import View

ACTIVE, INACTIVE = "Active", "Inactive"
MOST = 2
"""A user has no more access keys, so that one can be replaced by another."""
_RECORD_VERSION = 1


@dataclass(frozen=True)
class NewAccessKey:
    """A new access key. The secret is shown once: only its sealed record is kept."""

    access_key_id: str
    secret_access_key: str
    user_arn: str

    @property
    def user_name(self) -> str:
        """The name of the user."""
        return self.user_arn.rpartition("/")[2]

    @property
    def account(self) -> str:
        """The account of the user."""
        return self.user_arn.split(":")[4]

    def __repr__(self) -> str:
        """Everything but the secret."""
        return f"NewAccessKey(access_key_id={self.access_key_id!r}, user_arn={self.user_arn!r})"


def create(changes: Changes, user: Principal) -> NewAccessKey:
    """Make an access key.

    Args:
        changes: The transaction.
        user: Whose.

    Returns:
        The key with its secret.

    Raises:
        StoreError: There is no such user, or it has two.
    """
    if user.kind != USER:
        raise StoreError(f"a {user.kind} has no access keys")
    transaction = changes.transaction
    arn = arn_of(transaction, user)
    if len(of_user(transaction, user)) >= MOST:
        raise StoreError(f"{user} has {MOST} access keys already, and no user has more; delete one")
    access_key_id = new_id("AKIA")
    binding = {"account": user.account, "table": "access_keys", "row": access_key_id, "column": "sealed"}
    secret, sealed = transaction.hierarchy.new_secret_access_key({**binding, "record_version": str(_RECORD_VERSION)})
    row: Row = {
        **user.key,
        "access_key_id": access_key_id,
        "status": ACTIVE,
        "record_version": _RECORD_VERSION,
        "sealed": sealed,
        "created": transaction.now,
    }
    transaction.insert(schema.access_keys, row)
    changes.note(user.account, "CreateAccessKey", arn, access_key_id)
    return NewAccessKey(access_key_id, secret, arn)


def set_status(changes: Changes, account: str, access_key_id: str, status: str) -> None:
    """Let an access key be used, or not.

    Args:
        changes: The transaction.
        account: The account it belongs to.
        access_key_id: Which.
        status: `Active` or `Inactive`.

    Raises:
        StoreError: The account has no such access key.
    """
    if status not in (ACTIVE, INACTIVE):
        raise StoreError(f"status {status!r} is neither {ACTIVE} nor {INACTIVE}")
    row = _find(changes.transaction, account, access_key_id)
    if row["status"] != status:
        changes.transaction.update(schema.access_keys, row, status=status)
        changes.note(account, "UpdateAccessKey", _owner(changes, row), access_key_id, status)


def delete(changes: Changes, account: str, access_key_id: str) -> None:
    """Remove an access key.

    Args:
        changes: The transaction.
        account: The account it belongs to.
        access_key_id: Which.

    Raises:
        StoreError: The account has no such access key.
    """
    row = _find(changes.transaction, account, access_key_id)
    changes.transaction.delete(schema.access_keys, access_key_id=access_key_id)
    changes.note(account, "DeleteAccessKey", _owner(changes, row), access_key_id)


def of_user(view: View, user: Principal) -> list[Row]:
    """The rows of a user's access keys, oldest first.

    Args:
        view: The store.
        user: Whose.
    """
    table = schema.access_keys
    where = [table.c[column] == value for column, value in user.key.items()]
    rows = view.rows(table, *where, order_by=[table.c.access_key_id])
    return sorted(rows, key=lambda row: (number(row, "created"), text(row, "access_key_id")))


def _find(view: View, account: str, access_key_id: str) -> Row:
    row = view.row(schema.access_keys, access_key_id=access_key_id, account=account)
    if row is None:
        raise StoreError(f"account {account} has no access key {access_key_id}")
    return row


def _owner(changes: Changes, row: Row) -> str:
    owner = Principal(text(row, "account"), text(row, "kind"), text(row, "name"))
    return arn_of(changes.transaction, owner)
