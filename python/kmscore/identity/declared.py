"""Identities as a file declares them, in TOML or JSON: read once into what cannot be wrong in form.

The form is in docs/identities.md.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kmscore._core import StoreError
from kmscore.identity import access_keys
from kmscore.identity.names import (
    BOUNDARY,
    GROUP,
    IDENTITY,
    RESOURCE_CONTROL,
    ROLE,
    SERVICE_CONTROL,
    TRUST,
    USER,
    Principal,
    check_account,
    check_document,
    check_managed_policy,
    check_organization,
    check_path,
    check_policy_name,
    check_tags,
)

_SECTIONS = {"users": USER, "roles": ROLE, "groups": GROUP}
_MEMBERS = {
    USER: {"path", "tags", "policies", "managed_policies", "boundary", "groups", "access_keys"},
    ROLE: {"path", "tags", "policies", "managed_policies", "boundary", "trust"},
    GROUP: {"path", "policies", "managed_policies"},
}
_ACCOUNT_MEMBERS = {"organization", SERVICE_CONTROL, RESOURCE_CONTROL, *_SECTIONS}


@dataclass(frozen=True)
class DeclaredPolicy:
    """A policy; without a document, the AWS managed policy of that name."""

    purpose: str
    name: str
    document: str | None


@dataclass(frozen=True)
class DeclaredPrincipal:
    """A user, role or group. What is None is not declared, and is left as it is."""

    principal: Principal
    path: str | None
    tags: dict[str, str] | None
    trust: str | None
    policies: tuple[DeclaredPolicy, ...]
    groups: tuple[str, ...]
    access_keys: int | None


@dataclass(frozen=True)
class DeclaredAccount:
    """An account with its principals."""

    account: str
    organization: str | None
    policies: tuple[DeclaredPolicy, ...] = ()
    principals: tuple[DeclaredPrincipal, ...] = field(default=())


def read_file(path: str | Path) -> list[DeclaredAccount]:
    """Read a file of identities.

    Args:
        path: Ends with `.toml` or `.json`.

    Returns:
        The accounts it declares.

    Raises:
        StoreError: It is malformed; the text says where.
        OSError: It cannot be read.
    """
    file = Path(path)
    content = file.read_bytes()
    try:
        whole = _parsers(file)(content.decode())
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{file} is no {file.suffix[1:].upper()}: {error}") from None
    try:
        return read(whole, file.parent)
    except StoreError as error:
        raise StoreError(f"{file}: {error}") from None


def read(whole: object, directory: Path) -> list[DeclaredAccount]:
    """Read what a file of identities holds.

    Args:
        whole: The file's content.
        directory: Where the files lie that it names.

    Raises:
        StoreError: It is malformed; the text says where.
    """
    reader = _Reader(directory)
    found = _table(whole, "the file", {"accounts"})
    accounts = _table(found.get("accounts", {}), "accounts")
    return [reader.account(account, content) for account, content in accounts.items()]


def _parsers(file: Path) -> Any:
    parsers = {".toml": tomllib.loads, ".json": json.loads}
    if file.suffix not in parsers:
        raise StoreError(f"{file} must end with .toml or .json")
    return parsers[file.suffix]


@dataclass(frozen=True)
class _Reader:
    """Reads the parts of a file; `where` is the place in it, for texts."""

    directory: Path

    def account(self, account: str, content: object) -> DeclaredAccount:
        where = f"accounts.{account}"
        table = _table(content, where, _ACCOUNT_MEMBERS)
        organization = _text(table, "organization", where)
        policies = [
            policy
            for purpose in (SERVICE_CONTROL, RESOURCE_CONTROL)
            for policy in self._mixed(table.get(purpose, {}), f"{where}.{purpose}", purpose)
        ]
        principals = [
            self.principal(Principal(check_account(account), kind, name), members, f"{where}.{section}.{name}")
            for section, kind in _SECTIONS.items()
            for name, members in _table(table.get(section, {}), f"{where}.{section}").items()
        ]
        return DeclaredAccount(
            check_account(account),
            None if organization is None else check_organization(organization),
            tuple(policies),
            tuple(principals),
        )

    def principal(self, principal: Principal, content: object, where: str) -> DeclaredPrincipal:
        table = _table(content, where, _MEMBERS[principal.kind])
        path = _text(table, "path", where)
        tags = table.get("tags")
        trust = table.get("trust")
        if principal.kind == ROLE and trust is None:
            raise StoreError(f"{where} has no trust policy")
        return DeclaredPrincipal(
            principal,
            None if path is None else check_path(path),
            None if tags is None else check_tags(_texts_by_name(tags, f"{where}.tags")),
            None if trust is None else self._document(trust, f"{where}.trust", TRUST),
            tuple(self._policies(table, where)),
            tuple(_texts(table.get("groups", []), f"{where}.groups")),
            _number(table, "access_keys", where, access_keys.MOST),
        )

    def _policies(self, table: Mapping[str, Any], where: str) -> list[DeclaredPolicy]:
        managed = _texts(table.get("managed_policies", []), f"{where}.managed_policies")
        found = [DeclaredPolicy(IDENTITY, check_managed_policy(name, IDENTITY), None) for name in managed]
        for name, document in _table(table.get("policies", {}), f"{where}.policies").items():
            text = self._document(document, f"{where}.policies.{name}", IDENTITY)
            found.append(DeclaredPolicy(IDENTITY, check_policy_name(name), text))
        boundary = table.get("boundary")
        if isinstance(boundary, str):
            found.append(DeclaredPolicy(BOUNDARY, check_managed_policy(boundary, BOUNDARY), None))
        elif boundary is not None:
            found.append(DeclaredPolicy(BOUNDARY, BOUNDARY, self._document(boundary, f"{where}.boundary", BOUNDARY)))
        return found

    def _mixed(self, content: object, where: str, purpose: str) -> list[DeclaredPolicy]:
        """Policies by name; `"managed"` in place of a document means AWS's of that name."""
        found = []
        for name, document in _table(content, where).items():
            if document == "managed":
                found.append(DeclaredPolicy(purpose, check_managed_policy(name, purpose), None))
            else:
                text = self._document(document, f"{where}.{name}", purpose)
                found.append(DeclaredPolicy(purpose, check_policy_name(name), text))
        return found

    def _document(self, content: object, where: str, purpose: str) -> str:
        """A policy document: a table, or the file that holds it, as `{file = "name.json"}`."""
        table = _table(content, where)
        if set(table) == {"file"} and isinstance(table["file"], str):
            text = (self.directory / table["file"]).read_text()
        else:
            text = json.dumps(table, indent=2, ensure_ascii=False, default=str)
        try:
            return check_document(text, purpose)
        except StoreError as error:
            raise StoreError(f"{where}: {error}") from None


def _table(content: object, where: str, members: set[str] | None = None) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise StoreError(f"{where} must be a table, not {_kind(content)}")
    unknown = sorted(set(content) - members) if members is not None else []
    if unknown and members is not None:
        raise StoreError(f"{where} has no member {unknown[0]!r}; it can have {', '.join(sorted(members))}")
    return content


def _text(table: Mapping[str, Any], name: str, where: str) -> str | None:
    found = table.get(name)
    if found is not None and not isinstance(found, str):
        raise StoreError(f"{where}.{name} must be text, not {_kind(found)}")
    return found


def _texts(content: object, where: str) -> list[str]:
    if not isinstance(content, list) or not all(isinstance(item, str) for item in content):
        raise StoreError(f"{where} must be a list of texts")
    return list(dict.fromkeys(content))


def _texts_by_name(content: object, where: str) -> dict[str, str]:
    table = _table(content, where)
    for name, value in table.items():
        if not isinstance(value, str):
            raise StoreError(f"{where}.{name} must be text, not {_kind(value)}")
    return dict(table)


def _number(table: Mapping[str, Any], name: str, where: str, most: int) -> int | None:
    found = table.get(name)
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= most:
        raise StoreError(f"{where}.{name} must be a number from 0 to {most}")
    return found


def _kind(content: object) -> str:
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return names.get(type(content), type(content).__name__)
