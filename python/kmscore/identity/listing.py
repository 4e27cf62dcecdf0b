"""What there is: accounts and principals, as a person or a program reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kmscore.identity import access_keys, accounts, groups, policies
from kmscore.identity.names import GROUP, USER, Principal, whole_account
from kmscore.identity.principals import find
from kmscore.store.rows import Row, number, text

if TYPE_CHECKING:
    from kmscore.store.transaction import View

_MICROSECONDS = 1_000_000


def describe_account(view: View, account: str) -> dict[str, Any]:
    """What is known of an account.

    Args:
        view: The store.
        account: 12 digits.

    Returns:
        `Account`, `Arn`, `Organization` (text or None), `CreateDate` and `Policies`.

    Raises:
        StoreError: There is no such account.
    """
    row = accounts.find(view, account)
    whole = whole_account(account)
    return {
        "Account": account,
        "Arn": whole.arn(),
        "Organization": row["organization"],
        "CreateDate": _date(row),
        "Policies": policies.describe_all(view, whole),
    }


def describe(view: View, principal: Principal) -> dict[str, Any]:
    """What is known of a user, role or group.

    Args:
        view: The store.
        principal: Which.

    Returns:
        `Name`, `Arn`, `Id`, `Path`, `CreateDate`, `Tags` and `Policies`; of a user also `Groups` and `AccessKeys`, of a
        group `Members`.

    Raises:
        StoreError: There is no such principal.
    """
    row = find(view, principal)
    path = text(row, "path")
    described: dict[str, Any] = {
        "Name": principal.name,
        "Arn": principal.arn(path),
        "Id": row["unique_id"],
        "Path": path,
        "CreateDate": _date(row),
        "Tags": json.loads(text(row, "tags")),
        "Policies": policies.describe_all(view, principal),
    }
    if principal.kind == USER:
        described["Groups"] = groups.of_user(view, principal)
        described["AccessKeys"] = describe_access_keys(view, principal)
    if principal.kind == GROUP:
        described["Members"] = groups.members(view, principal)
    return described


def describe_access_keys(view: View, user: Principal) -> list[dict[str, Any]]:
    """The access keys of a user, without their secrets.

    Args:
        view: The store.
        user: Whose.

    Returns:
        Of each `AccessKeyId`, `Status` and `CreateDate`.
    """
    return [
        {"AccessKeyId": row["access_key_id"], "Status": row["status"], "CreateDate": _date(row)}
        for row in access_keys.of_user(view, user)
    ]


def _date(row: Row) -> datetime:
    return datetime.fromtimestamp(number(row, "created") / _MICROSECONDS, UTC)
