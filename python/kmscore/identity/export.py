"""The store's identities, in the form that `declared` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kmscore.identity import accounts, listing, principals
from kmscore.identity.names import BOUNDARY, GROUP, IDENTITY, ROLE, TRUST, USER, Principal

if TYPE_CHECKING:
    from kmscore.store.transaction import View

_SECTIONS = {GROUP: "groups", USER: "users", ROLE: "roles"}


def export(view: View, account: str | None = None) -> dict[str, Any]:
    """Everything that a file of identities can declare; secrets are not among it.

    Args:
        view: The store.
        account: This account only.

    Returns:
        The content of a file.

    Raises:
        StoreError: There is no such account.
    """
    chosen = accounts.names(view) if account is None else [account]
    return {"accounts": {account: _account(view, account) for account in chosen}}


def _account(view: View, account: str) -> dict[str, Any]:
    described = listing.describe_account(view, account)
    found: dict[str, Any] = {"organization": described["Organization"]}
    for policy in described["Policies"]:
        document = "managed" if policy["Managed"] else policy["Document"]
        found.setdefault(policy["Purpose"], {})[policy["PolicyName"]] = document
    for kind, section in _SECTIONS.items():
        found[section] = {
            name: _principal(listing.describe(view, Principal(account, kind, name)))
            for name, _ in principals.named(view, account, kind)
        }
    return _without_nothing(found)


def _principal(described: dict[str, Any]) -> dict[str, Any]:
    by_purpose: dict[str, list[dict[str, Any]]] = {}
    for policy in described["Policies"]:
        by_purpose.setdefault(policy["Purpose"], []).append(policy)
    own = by_purpose.get(IDENTITY, [])
    boundary = next(iter(by_purpose.get(BOUNDARY, [])), None)
    found: dict[str, Any] = {
        "path": described["Path"],
        "tags": described["Tags"],
        "managed_policies": [policy["PolicyName"] for policy in own if policy["Managed"]],
        "policies": {policy["PolicyName"]: policy["Document"] for policy in own if not policy["Managed"]},
        "boundary": boundary and (boundary["PolicyName"] if boundary["Managed"] else boundary["Document"]),
        "groups": described.get("Groups"),
        "access_keys": len(described.get("AccessKeys", [])),
        "trust": next((policy["Document"] for policy in by_purpose.get(TRUST, [])), None),
    }
    return _without_nothing(found)


def _without_nothing(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value not in (None, {}, [], 0)}
