"""Accounts, and the organization each is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kmscore._core import StoreError
from kmscore.config import DEFAULT_ACCOUNT
from kmscore.identity.changes import Changes
from kmscore.identity.names import check_account, check_organization, whole_account
from kmscore.store import schema
from kmscore.store.rows import Row, text

if TYPE_CHECKING:
    from kmscore.store.transaction import Transaction, View


def create(changes: Changes, account: str, organization: str | None = None) -> None:
    """Make an account.

    Args:
        changes: The transaction.
        account: 12 digits.
        organization: The organization it is in, if any.

    Raises:
        StoreError: It is there already, or one of the two is malformed.
    """
    check_account(account)
    if changes.transaction.row(schema.accounts, account=account) is not None:
        raise StoreError(f"account {account} is there already")
    checked = None if organization is None else check_organization(organization)
    _insert(changes.transaction, account, checked)
    changes.note(account, "CreateAccount", whole_account(account).arn(), *([checked] if checked else []))


def ensure(changes: Changes, account: str) -> None:
    """See that an account is there. The default account is there from the first time it is needed.

    Args:
        changes: The transaction.
        account: 12 digits.

    Raises:
        StoreError: It is not.
    """
    check_account(account)
    if changes.transaction.row(schema.accounts, account=account) is not None:
        return
    if account != DEFAULT_ACCOUNT:
        raise StoreError(f"there is no account {account} in the store: make it with `kmscore identity account create`")
    _insert(changes.transaction, account, None)


def set_organization(changes: Changes, account: str, organization: str | None) -> None:
    """Have an account enter an organization, or leave the one it is in.

    Args:
        changes: The transaction.
        account: 12 digits.
        organization: The organization, or None.

    Raises:
        StoreError: There is no such account, or the organization is malformed.
    """
    row = find(changes.transaction, account)
    if row["organization"] == organization:
        return
    checked = None if organization is None else check_organization(organization)
    changes.transaction.update(schema.accounts, row, organization=checked)
    changes.note(account, "SetOrganization", whole_account(account).arn(), checked or "none")


def delete(changes: Changes, account: str) -> None:
    """Remove an account that has neither principals nor keys.

    Args:
        changes: The transaction.
        account: 12 digits.

    Raises:
        StoreError: There is no such account, or it is not empty.
    """
    find(changes.transaction, account)
    for table, things in ((schema.principals, "users, roles or groups"), (schema.key_owners, "keys")):
        if changes.transaction.rows(table, table.c.account == account, limit=1):
            raise StoreError(f"account {account} has {things}")
    changes.transaction.delete(schema.principal_policies, **whole_account(account).key)
    changes.transaction.delete(schema.accounts, account=account)
    changes.note(account, "DeleteAccount", whole_account(account).arn())


def names(view: View) -> list[str]:
    """The accounts of the store, in order.

    Args:
        view: The store.
    """
    return [text(row, "account") for row in view.rows(schema.accounts, order_by=[schema.accounts.c.account])]


def find(view: View, account: str) -> Row:
    """The row of an account.

    Args:
        view: The store.
        account: 12 digits.

    Raises:
        StoreError: There is no such account.
    """
    row = view.row(schema.accounts, account=check_account(account))
    if row is None:
        raise StoreError(f"there is no account {account} in the store")
    return row


def _insert(transaction: Transaction, account: str, organization: str | None) -> None:
    row: Row = {"account": account, "created": transaction.now, "organization": organization}
    transaction.insert(schema.accounts, row)
