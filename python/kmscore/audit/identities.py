"""What CloudTrail calls the identity behind a call."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, TypeAlias

from kmscore.audit.reading import SERVICE, AuditRecord, account_of
from kmscore.config import locate
from kmscore.store import sqlite

UniqueIds: TypeAlias = dict[tuple[str, str, str], str]
"""IAM's unique id by account, kind (`user` or `role`) and name."""


def unique_ids(home: str | os.PathLike[str] | None = None) -> UniqueIds:
    """The unique ids of the users and roles that the store knows now, unchecked as the records are."""
    with closing(sqlite.connect(locate(home).database)) as connection:
        statement = "SELECT account, kind, name, unique_id FROM principals WHERE unique_id <> ''"
        found = connection.execute(statement).fetchall()
    return {(account, kind, name): unique_id for account, kind, name, unique_id in found}


def user_identity(record: AuditRecord, known: UniqueIds) -> dict[str, Any]:
    """`userIdentity` of a record."""
    caller, account = str(record["caller"]), account_of(record)
    if caller == SERVICE:
        return {"invokedBy": "AWS Internal"}
    if not caller.startswith("arn:"):
        return {"type": "AWSService", "invokedBy": caller}
    kind, _, path = caller.split(":", 5)[5].partition("/")
    identity = {
        "root": _root,
        "user": _user,
        "assumed-role": _session,
        "federated-user": _federated,
        "role": _role,
    }.get(kind, _unknown)(record, path, known)
    identity |= {"arn": caller, "accountId": account}
    if "key" in record:
        identity["accessKeyId"] = record["key"]
    if "via" in record:
        identity["invokedBy"] = record["via"]
    return identity


def foreign_identity(record: AuditRecord, known: UniqueIds) -> dict[str, Any]:
    """`userIdentity` as the account sees it that owns the key and not the caller: it learns the account only."""
    own = user_identity(record, known)
    return {
        "type": "AWSAccount",
        "principalId": own.get("principalId", account_of(record)),
        "accountId": account_of(record),
    }


def _root(record: AuditRecord, _path: str, _known: UniqueIds) -> dict[str, Any]:
    return {"type": "Root", "principalId": account_of(record)}


def _user(record: AuditRecord, path: str, known: UniqueIds) -> dict[str, Any]:
    name = path.rpartition("/")[2]
    return {
        "type": "IAMUser",
        "principalId": known.get((account_of(record), "user", name), name),
        "userName": name,
    } | _attributes(record)


def _role(record: AuditRecord, path: str, known: UniqueIds) -> dict[str, Any]:
    name = path.rpartition("/")[2]
    return {"type": "Role", "principalId": known.get((account_of(record), "role", name), name)}


def _session(record: AuditRecord, path: str, known: UniqueIds) -> dict[str, Any]:
    role, _, session = path.partition("/")
    account = account_of(record)
    partition = str(record["caller"]).split(":")[1]
    role_id = known.get((account, "role", role), role)
    issuer = {
        "type": "Role",
        "principalId": role_id,
        "arn": f"arn:{partition}:iam::{account}:role/{role}",
        "accountId": account,
        "userName": role,
    }
    context = _attributes(record).get("sessionContext", {})
    return {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{session}",
        "sessionContext": {"sessionIssuer": issuer, **context},
    }


def _federated(record: AuditRecord, path: str, _known: UniqueIds) -> dict[str, Any]:
    return {"type": "FederatedUser", "principalId": f"{account_of(record)}:{path}"}


def _unknown(_record: AuditRecord, path: str, _known: UniqueIds) -> dict[str, Any]:
    return {"type": "Unknown", "principalId": path}


def _attributes(record: AuditRecord) -> dict[str, Any]:
    attributes = {}
    if "issued" in record:
        attributes["creationDate"] = iso_time(record["issued"])
    if "mfa" in record:
        attributes["mfaAuthenticated"] = "true" if record["mfa"] else "false"
    return {"sessionContext": {"attributes": attributes}} if attributes else {}


def iso_time(microseconds: int) -> str:
    """`2026-11-25T09:38:36Z`."""
    return f"{datetime.fromtimestamp(microseconds // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
