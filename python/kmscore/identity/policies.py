"""The policies of users, roles, groups and accounts: documents of their own, and AWS managed policies by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kmscore._core import StoreError
from kmscore.identity.changes import Changes
from kmscore.identity.names import (
    BOUNDARY,
    IDENTITY,
    TRUST,
    Principal,
    check_document,
    check_managed_policy,
    check_policy_name,
    check_purpose,
    described,
    managed_policies,
)
from kmscore.identity.principals import arn_of
from kmscore.store import schema
from kmscore.store.rows import Row, text

if TYPE_CHECKING:
    from kmscore.store.transaction import View

# Of these a principal has one at most.
_SINGLE = (BOUNDARY, TRUST)


def put(changes: Changes, principal: Principal, name: str, document: str, purpose: str = IDENTITY) -> None:
    """Give a principal a policy, or replace the one of this name.

    Args:
        changes: The transaction.
        principal: Who is to have it: for `service_control` and `resource_control`, the account.
        name: Its name; a boundary and a trust policy have none, and are replaced by the new one.
        document: JSON.
        purpose: `identity`, `boundary`, `trust`, `service_control` or `resource_control`.

    Raises:
        StoreError: There is no such principal, it has no policies of that purpose, or the document is refused.
    """
    checked = purpose if purpose in _SINGLE else check_policy_name(name)
    _write(changes, principal, checked, check_document(document, purpose), purpose)


def attach(changes: Changes, principal: Principal, name: str, purpose: str = IDENTITY) -> None:
    """Give a principal an AWS managed policy.

    Args:
        changes: The transaction.
        principal: Who is to have it.
        name: The policy's name, such as `ReadOnlyAccess`.
        purpose: What for.

    Raises:
        StoreError: There is no such principal or policy, or it does not serve that purpose.
    """
    _write(changes, principal, check_managed_policy(name, purpose), None, purpose)


def remove(changes: Changes, principal: Principal, name: str, purpose: str = IDENTITY) -> None:
    """Take a policy away from a principal.

    Args:
        changes: The transaction.
        principal: Who has it.
        name: Its name.
        purpose: What it is for.

    Raises:
        StoreError: The principal has no such policy, or, a role's trust policy, cannot be without it.
    """
    check_purpose(purpose, principal)
    arn = arn_of(changes.transaction, principal)
    key: Row = {**principal.key, "purpose": purpose, "policy_name": name}
    row = changes.transaction.row(schema.principal_policies, **key)
    if row is None:
        raise StoreError(f"{principal} has no {described(purpose)} policy {name!r}")
    if purpose == TRUST:
        raise StoreError("a role cannot be without a trust policy; replace it")
    changes.transaction.delete(schema.principal_policies, **key)
    verb = "Detach" if row["document"] is None else "Delete"
    changes.note(principal.account, _event(verb, principal, purpose), arn, name)


def of(view: View, principal: Principal) -> list[Row]:
    """The rows of a principal's policies, in order.

    Args:
        view: The store.
        principal: Whose.
    """
    table = schema.principal_policies
    where = [table.c[column] == value for column, value in principal.key.items()]
    return view.rows(table, *where, order_by=[table.c.purpose, table.c.policy_name])


def describe_all(view: View, principal: Principal) -> list[dict[str, Any]]:
    """The policies of a principal.

    Args:
        view: The store.
        principal: Whose.

    Returns:
        Of each `PolicyName`, `Purpose`, `Managed` (it is AWS's) and `Document` (JSON as an object).
    """
    return [_describe(row) for row in of(view, principal)]


def document_of(row: Row) -> str | None:
    """The document of a policy's row; None for an AWS managed policy."""
    return None if row["document"] is None else text(row, "document")


def same_document(one: str | None, other: str | None) -> bool:
    """Whether two documents say the same, however they are spaced; None is that of an AWS managed policy.

    Args:
        one: A document.
        other: Another one.
    """
    if one is None or other is None:
        return one is other
    return bool(json.loads(one) == json.loads(other))


def _write(changes: Changes, principal: Principal, name: str, document: str | None, purpose: str) -> None:
    check_purpose(purpose, principal)
    transaction = changes.transaction
    arn = arn_of(transaction, principal)
    present = [row for row in of(transaction, principal) if row["purpose"] == purpose]
    same = next((row for row in present if row["policy_name"] == name), None)
    if same is not None and (same["document"] is None) == (document is None) and same["document"] == document:
        return
    for row in present:
        if row is same or purpose in _SINGLE:
            key = {**principal.key, "purpose": purpose, "policy_name": row["policy_name"]}
            transaction.delete(schema.principal_policies, **key)
    policy: Row = {**principal.key, "purpose": purpose, "policy_name": name, "document": document}
    transaction.insert(schema.principal_policies, policy)
    changes.note(principal.account, _event("Attach" if document is None else "Put", principal, purpose), arn, name)


def _event(verb: str, principal: Principal, purpose: str) -> str:
    """As IAM and Organizations call it, or nearly so: `PutRolePolicy`, `AttachAccountServiceControlPolicy`."""
    special = "" if purpose == IDENTITY else "".join(word.capitalize() for word in described(purpose).split())
    return f"{verb}{principal.kind.capitalize()}{special}Policy"


def _describe(row: Row) -> dict[str, Any]:
    document = row["document"]
    name = text(row, "policy_name")
    found = managed_policies().get(name, "{}") if document is None else text(row, "document")
    return {
        "PolicyName": name,
        "Purpose": row["purpose"],
        "Managed": document is None,
        "Document": json.loads(found),
    }
