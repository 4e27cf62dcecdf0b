"""Who is in which group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kmscore._core import StoreError
from kmscore.identity.changes import Changes
from kmscore.identity.names import GROUP, USER, Principal
from kmscore.identity.principals import arn_of, find
from kmscore.store import schema
from kmscore.store.rows import Row, text

if TYPE_CHECKING:
    from kmscore.store.transaction import View


def add_member(changes: Changes, account: str, group: str, user: str) -> None:
    """Put a user into a group; one that is in it already stays so.

    Args:
        changes: The transaction.
        account: The account of both.
        group: The group's name.
        user: The user's name.

    Raises:
        StoreError: There is no such group or user.
    """
    arn = _both(changes, account, group, user)
    row = _row(account, group, user)
    if changes.transaction.row(schema.group_members, **row) is None:
        changes.transaction.insert(schema.group_members, row)
        changes.note(account, "AddUserToGroup", arn, user)


def remove_member(changes: Changes, account: str, group: str, user: str) -> None:
    """Take a user out of a group.

    Args:
        changes: The transaction.
        account: The account of both.
        group: The group's name.
        user: The user's name.

    Raises:
        StoreError: There is no such group or user, or the user is not in the group.
    """
    arn = _both(changes, account, group, user)
    if not changes.transaction.delete(schema.group_members, **_row(account, group, user)):
        raise StoreError(f"user {user} is not in group {group}")
    changes.note(account, "RemoveUserFromGroup", arn, user)


def of_user(view: View, user: Principal) -> list[str]:
    """The groups that a user is in, in order.

    Args:
        view: The store.
        user: Which.
    """
    return _column(view, "group_name", account=user.account, user_name=user.name)


def members(view: View, group: Principal) -> list[str]:
    """The users in a group, in order.

    Args:
        view: The store.
        group: Which.
    """
    return _column(view, "user_name", account=group.account, group_name=group.name)


def _both(changes: Changes, account: str, group: str, user: str) -> str:
    """The group's ARN, once it is known that both are there."""
    find(changes.transaction, Principal(account, USER, user))
    return arn_of(changes.transaction, Principal(account, GROUP, group))


def _row(account: str, group: str, user: str) -> Row:
    return {"account": account, "group_name": group, "user_name": user}


def _column(view: View, column: str, **where: str) -> list[str]:
    table = schema.group_members
    conditions = [table.c[name] == value for name, value in where.items()]
    return [text(row, column) for row in view.rows(table, *conditions, order_by=[table.c[column]])]
