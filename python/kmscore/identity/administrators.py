"""The first user of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kmscore._core import StoreError
from kmscore.config import DEFAULT_ACCOUNT
from kmscore.identity import access_keys, accounts, policies, principals
from kmscore.identity.access_keys import NewAccessKey
from kmscore.identity.changes import Changes
from kmscore.identity.names import USER, Principal
from kmscore.store import schema
from kmscore.store.service_events import service_record

if TYPE_CHECKING:
    from kmscore.store.store import Store

ADMINISTRATOR = "administrator"
_ADMINISTRATOR_POLICY = "AdministratorAccess"


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
    administrator = Principal(account, USER, name)
    return store.change_by_service(
        lambda transaction: _create(Changes(transaction), administrator),
        lambda key, state: service_record("CreateAdministrator", store.now(), state, resources=[key.user_arn]),
    )


def _create(changes: Changes, administrator: Principal) -> NewAccessKey:
    account, name = administrator.account, administrator.name
    if changes.transaction.row(schema.principals, **administrator.key) is not None:
        raise StoreError(f"account {account} has a user {name} already; its access key was shown when it was made")
    if changes.transaction.row(schema.accounts, account=account) is None:
        accounts.create(changes, account)
    principals.create(changes, administrator)
    policies.attach(changes, administrator, _ADMINISTRATOR_POLICY)
    return access_keys.create(changes, administrator)
