"""Accounts, users and their access keys."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kmscore import _core
from kmscore._core import StoreError
from kmscore.arns import partition
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from kmscore.store.rows import Row
from kmscore.store.service_events import service_record

if TYPE_CHECKING:
    from kmscore.store.store import Store
    from kmscore.store.transaction import Transaction

ADMINISTRATOR = "administrator"
_USER = "user"
_ADMINISTRATOR_POLICY = "AdministratorAccess"


@dataclass(frozen=True)
class NewAccessKey:
    """A new access key. The secret is shown once: only its sealed record is kept."""

    access_key_id: str
    secret_access_key: str
    user_arn: str

    def __repr__(self) -> str:
        """Everything but the secret."""
        return f"NewAccessKey(access_key_id={self.access_key_id!r}, user_arn={self.user_arn!r})"


def create_administrator(store: Store, account: str = DEFAULT_ACCOUNT, name: str = ADMINISTRATOR) -> NewAccessKey:
    """Make an account, if it is new, and an administrator in it with an access key.

    Args:
        store: The open store.
        account: The account's 12 digits.
        name: The administrator's user name.

    Returns:
        The access key.

    Raises:
        StoreError: The account's number is malformed, or the account has a user of this name.
    """
    if len(account) != 12 or not (account.isascii() and account.isdigit()):
        raise StoreError(f"account {account!r} is not 12 digits")
    arn = user_arn(account, name)
    return store.change_by_service(
        lambda transaction: _create(transaction, account, name),
        lambda _, state: service_record("CreateAdministrator", store.now(), state, resources=[arn]),
    )


def user_arn(account: str, name: str) -> str:
    """`arn:aws:iam::<account>:user/<name>`."""
    return f"arn:{partition(DEFAULT_REGION)}:iam::{account}:user/{name}"


def _create(transaction: Transaction, account: str, name: str) -> NewAccessKey:
    from kmscore.store import schema

    if transaction.row(schema.accounts, account=account) is None:
        transaction.insert(schema.accounts, {"account": account, "created": transaction.now, "organization": None})
    principal: Row = {"account": account, "kind": _USER, "name": name}
    if transaction.row(schema.principals, **principal) is not None:
        raise StoreError(f"account {account} has a user {name} already; its access key was shown when it was made")
    facts: Row = {"unique_id": _new_id("AIDA"), "path": "/", "tags": "{}", "created": transaction.now}
    transaction.insert(schema.principals, {**principal, **facts})
    policy: Row = {"purpose": "identity", "policy_name": _ADMINISTRATOR_POLICY, "document": None}
    transaction.insert(schema.principal_policies, {**principal, **policy})
    access_key_id = _new_id("AKIA")
    version = 1
    binding = {"account": account, "table": "access_keys", "row": access_key_id, "column": "sealed"}
    secret, sealed = transaction.hierarchy.new_secret_access_key({**binding, "record_version": str(version)})
    access_key: Row = {
        **principal,
        "access_key_id": access_key_id,
        "status": "Active",
        "record_version": version,
        "sealed": sealed,
        "created": transaction.now,
    }
    transaction.insert(schema.access_keys, access_key)
    transaction.changed_identity(account)
    return NewAccessKey(access_key_id, secret, user_arn(account, name))


def _new_id(prefix: str) -> str:
    """`AKIA` (an access key), `AIDA` (a user) or `AROA` (a role) and 16 characters of base32, as those of AWS."""
    return prefix + base64.b32encode(_core.random_bytes(10)).decode()
