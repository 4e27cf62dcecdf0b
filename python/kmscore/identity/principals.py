"""Users, roles and groups."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from kmscore import _core
from kmscore._core import StoreError
from kmscore.identity import accounts, succession
from kmscore.identity.changes import Changes
from kmscore.identity.names import (
    ACCOUNT,
    GROUP,
    ROLE,
    TRUST,
    USER,
    Principal,
    check_document,
    check_path,
    check_tags,
    same_name,
    tags_text,
)
from kmscore.store import schema
from kmscore.store.rows import Row, text

if TYPE_CHECKING:
    from kmscore.store.transaction import View

_ID_PREFIXES = {USER: "AIDA", ROLE: "AROA", GROUP: "AGPA"}


def create(
    changes: Changes,
    principal: Principal,
    *,
    path: str = "/",
    tags: Mapping[str, str] | None = None,
    trust: str | None = None,
) -> str:
    """Make a user, role or group.

    Args:
        changes: The transaction.
        principal: Its account, kind and name.
        path: Its path.
        tags: Its tags; a group has none.
        trust: Of a role, the policy that says who may assume it.

    Returns:
        Its ARN.

    Raises:
        StoreError: It is there already, there is no such account, or something is malformed.
    """
    accounts.ensure(changes, principal.account)
    transaction = changes.transaction
    present = same_name((name for name, _ in named(transaction, principal.account, principal.kind)), principal.name)
    if present is not None:
        raise StoreError(f"account {principal.account} has a {principal.kind} {present} already")
    if (trust is None) == (principal.kind == ROLE):
        raise StoreError("a role needs a trust policy" if trust is None else f"a {principal.kind} has no trust policy")
    row: Row = {
        **principal.key,
        "unique_id": new_id(_ID_PREFIXES[principal.kind]),
        "path": check_path(path),
        "tags": tags_text(_checked(principal, tags or {})),
        "created": transaction.now,
    }
    transaction.insert(schema.principals, row)
    if trust is not None:
        document = check_document(trust, TRUST)
        policy: Row = {**principal.key, "purpose": TRUST, "policy_name": TRUST, "document": document}
        transaction.insert(schema.principal_policies, policy)
    changes.note(principal.account, f"Create{principal.kind.capitalize()}", principal.arn(path))
    return principal.arn(path)


def delete(changes: Changes, principal: Principal) -> None:
    """Remove a user, role or group with its policies, memberships and access keys.

    Policies of keys that name it name its unique id from now on, so that a new principal of its name is not meant.

    Args:
        changes: The transaction.
        principal: Which.

    Raises:
        StoreError: There is no such principal.
    """
    transaction = changes.transaction
    row = find(transaction, principal)
    for table in (schema.principal_policies, schema.access_keys):
        transaction.delete(table, **principal.key)
    member = {USER: "user_name", GROUP: "group_name"}.get(principal.kind)
    if member is not None:
        transaction.delete(schema.group_members, **{"account": principal.account, member: principal.name})
    transaction.delete(schema.principals, **principal.key)
    arn = principal.arn(text(row, "path"))
    if principal.kind != GROUP:
        succession.replace(transaction, arn, text(row, "unique_id"))
    changes.note(principal.account, f"Delete{principal.kind.capitalize()}", arn)


def tag(changes: Changes, principal: Principal, tags: Mapping[str, str]) -> None:
    """Add tags to a user or role, or change their values.

    Args:
        changes: The transaction.
        principal: Which.
        tags: Key → value.

    Raises:
        StoreError: There is no such principal, or a tag is malformed.
    """
    present = tags_of(changes.transaction, principal)
    replaced = {key.lower() for key in tags}
    kept = {key: value for key, value in present.items() if key.lower() not in replaced}
    _set_tags(changes, principal, {**kept, **tags}, "Tag", tags)


def untag(changes: Changes, principal: Principal, keys: Iterable[str]) -> None:
    """Remove tags; those that are not there are no fault.

    Args:
        changes: The transaction.
        principal: Which.
        keys: Their keys.

    Raises:
        StoreError: There is no such principal.
    """
    gone = {key.lower() for key in keys}
    present = tags_of(changes.transaction, principal)
    kept = {key: value for key, value in present.items() if key.lower() not in gone}
    _set_tags(changes, principal, kept, "Untag", [key for key in present if key not in kept])


def tags_of(view: View, principal: Principal) -> dict[str, str]:
    """The tags of a principal.

    Args:
        view: The store.
        principal: Which.

    Raises:
        StoreError: There is no such principal.
    """
    found: dict[str, str] = json.loads(text(find(view, principal), "tags"))
    return found


def named(view: View, account: str, kind: str) -> list[tuple[str, str]]:
    """(Name, path) of all principals of a kind, in order.

    Args:
        view: The store.
        account: Their account.
        kind: `user`, `role` or `group`.
    """
    table = schema.principals
    rows = view.rows(table, table.c.account == account, table.c.kind == kind, order_by=[table.c.name])
    return [(text(row, "name"), text(row, "path")) for row in rows]


def find(view: View, principal: Principal) -> Row:
    """The row of a principal.

    Args:
        view: The store.
        principal: Which.

    Raises:
        StoreError: There is no such principal.
    """
    row = view.row(schema.principals, **principal.key)
    if row is None:
        raise StoreError(f"there is no {principal}")
    return row


def arn_of(view: View, principal: Principal) -> str:
    """The ARN of a principal, or of an account's root, that is in the store.

    Args:
        view: The store.
        principal: Which.

    Raises:
        StoreError: There is no such principal or account.
    """
    if principal.kind == ACCOUNT:
        accounts.find(view, principal.account)
        return principal.arn()
    return principal.arn(text(find(view, principal), "path"))


def new_id(prefix: str) -> str:
    """`AKIA` (an access key), `AIDA` (a user), `AROA` (a role) and 16 characters of base32, as those of AWS.

    Args:
        prefix: The four letters.
    """
    return prefix + base64.b32encode(_core.random_bytes(10)).decode()


def _set_tags(changes: Changes, principal: Principal, tags: Mapping[str, str], verb: str, about: Iterable[str]) -> None:
    row = find(changes.transaction, principal)
    content = tags_text(_checked(principal, tags))
    if content != row["tags"]:
        changes.transaction.update(schema.principals, row, tags=content)
        event = f"{verb}{principal.kind.capitalize()}"
        changes.note(principal.account, event, principal.arn(text(row, "path")), *sorted(about))


def _checked(principal: Principal, tags: Mapping[str, str]) -> dict[str, str]:
    if tags and principal.kind == GROUP:
        raise StoreError("a group has no tags")
    return check_tags(tags)
