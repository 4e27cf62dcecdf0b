"""Accounts, users, roles, groups, access keys and their policies.

Example:
    >>> from kmscore import identity
    >>> from kmscore.identity import principals
    >>> ana = identity.Principal("123456789012", "user", "ana")
    >>> identity.change(store, lambda changes: principals.create(changes, ana))
    'arn:aws:iam::123456789012:user/ana'
"""

from kmscore.identity.access_keys import NewAccessKey
from kmscore.identity.administrators import ADMINISTRATOR, create_administrator
from kmscore.identity.changes import Changes, Event, change
from kmscore.identity.names import Principal, whole_account
from kmscore.identity.unknown import check_principals, unknown_principals

__all__ = [
    "ADMINISTRATOR",
    "Changes",
    "Event",
    "NewAccessKey",
    "Principal",
    "change",
    "check_principals",
    "create_administrator",
    "unknown_principals",
    "whole_account",
]
