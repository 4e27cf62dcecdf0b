"""Questions about a key of a store, put to the engine: what it would decide, and by which statement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kmscore import _core
from kmscore._core import StoreError
from kmscore.arns import key_arn
from kmscore.policies.documents import account_of, is_account_level
from kmscore.store import schema

if TYPE_CHECKING:
    from kmscore.store.store import Store
    from kmscore.store.transaction import View

Context = Mapping[str, str | list[str]]
_MICROSECONDS = 1_000_000
_ENCRYPTION_CONTEXT = "kms:encryptioncontext:"


@dataclass(frozen=True)
class Subject:
    """A KMS key as far as policies see it."""

    arn: str
    account: str
    policy: str
    context: Context = field(default_factory=dict)
    grants: tuple[dict[str, Any], ...] = ()
    resource_control: tuple[dict[str, str | None], ...] = ()
    """Policies of its account's organization, of name and document."""


@dataclass(frozen=True)
class Identity:
    """A principal and the policies that bear on it."""

    arn: str
    context: Context = field(default_factory=dict)
    policies: Mapping[str, list[dict[str, str | None]]] = field(default_factory=dict)
    """Purpose → policies of name and document."""

    @property
    def names(self) -> list[str]:
        """The principals that a grant to it may name: itself, its role, its account."""
        account = account_of(self.arn)
        if account is None:
            return [self.arn]
        kind, name = _kind_and_name(self.arn)
        partition = self.arn.split(":")[1]
        role = [f"arn:{partition}:iam::{account}:role/{name}"] if kind == "role" else []
        return [self.arn, *role, f"arn:{partition}:iam::{account}:root", account]


@dataclass(frozen=True)
class Decision:
    """What the engine decides."""

    allowed: bool
    message: str
    """What the API would say; empty when it is allowed."""
    explanation: str
    policy: str | None
    statement: str | None
    grant: str | None = None
    """The grant that allows it."""

    @property
    def by(self) -> str:
        """What decided, in few words."""
        if self.grant:
            return f"grant {self.grant}"
        return f"{self.statement} of the {self.policy}" if self.policy else ""


def subject_of(store: Store, region: str, key_id: str) -> Subject:
    """A key of a store.

    Args:
        store: The store.
        region: Its Region.
        key_id: Its id.

    Raises:
        StoreError: There is no such key.
    """

    def read(view: View) -> Subject:
        key = view.row(schema.keys, region=region, key_id=key_id)
        policy = view.row(schema.key_policies, region=region, key_id=key_id, name="default")
        if key is None or policy is None:
            raise StoreError(f"there is no key {key_id} in {region}")
        account = str(key["account"])
        tags = _of_key(view, schema.tags, region, key_id)
        aliases = sorted(str(row["name"]) for row in _of_key(view, schema.aliases, region, key_id))
        context: dict[str, str | list[str]] = {
            "aws:ResourceAccount": account,
            "aws:RequestedRegion": region,
            "aws:CurrentTime": f"{datetime.fromtimestamp(view.now / _MICROSECONDS, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "aws:EpochTime": str(view.now // _MICROSECONDS),
            "kms:KeySpec": str(key["spec"]),
            "kms:KeyUsage": str(key["usage"]),
            "kms:KeyOrigin": str(key["origin"]),
            "kms:MultiRegion": "true" if key_id.startswith("mrk-") else "false",
            **{f"aws:ResourceTag/{tag['tag_key']}": str(tag["tag_value"]) for tag in tags},
        }
        if aliases:
            context["kms:ResourceAliases"] = aliases
        grants = tuple(_grant(row) for row in _of_key(view, schema.grants, region, key_id))
        return Subject(key_arn(account, region, key_id), account, str(policy["document"]), context, grants)

    found = store.read(read)
    of_account = store.load_identity(found.account, "root", "")["policies"]
    control = ({"name": name, "document": text} for purpose, name, text in of_account if purpose == "resource_control")
    return replace(found, resource_control=tuple(control))


def identity_of(store: Store, arn: str) -> Identity:
    """A principal, with what the store has of it; one that it does not know has no policies.

    Args:
        store: The store.
        arn: Its ARN, or the name of an AWS service.
    """
    account = account_of(arn)
    if account is None:
        return Identity(arn, {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": arn})
    kind, name = _kind_and_name(arn)
    known = store.load_identity(account, kind, name)
    policies: dict[str, list[dict[str, str | None]]] = {}
    for purpose, policy_name, document in known["policies"]:
        policies.setdefault(purpose, []).append({"name": policy_name, "document": document})
    partition = arn.split(":")[1]
    context: dict[str, str | list[str]] = {
        "aws:PrincipalAccount": account,
        "aws:PrincipalArn": f"arn:{partition}:iam::{account}:role/{name}" if ":assumed-role/" in arn else arn,
        "kms:CallerAccount": account,
        **{f"aws:PrincipalTag/{tag}": value for tag, value in known["tags"]},
    }
    if kind == "user":
        context["aws:username"] = name
    if known["organization"]:
        context["aws:PrincipalOrgID"] = known["organization"]
    return Identity(arn, context, policies)


def decide(subject: Subject, identity: Identity, action: str, context: Context | None = None) -> Decision:
    """What the engine would decide.

    Args:
        subject: The key.
        identity: Who asks.
        action: Such as `kms:Encrypt`.
        context: Condition keys of the request; they stand before what is known of key and principal.

    Raises:
        StoreError: A policy is not what the engine accepts.
    """
    given = {**subject.context, **identity.context, **(context or {})}
    grant = _matching_grant(subject, identity, action, given)
    account_level = is_account_level(action)
    policies = identity.policies
    question = {
        "action": action,
        "resource": "*" if account_level else subject.arn,
        "owner": None if account_level else subject.account,
        "principal": identity.arn,
        "context": given,
        "key_policy": None if account_level else subject.policy,
        "identity": policies.get("identity", []),
        "boundary": next(iter(policies.get("boundary", [])), None),
        "session": policies.get("session", []),
        "service_control": [level] if (level := policies.get("service_control")) else [],
        "resource_control": [list(subject.resource_control)] if subject.resource_control else [],
        "granted": grant and grant["grant_id"],
    }
    if grant:
        question["grantee"] = grant["grantee"]
    try:
        answer = json.loads(_core.decide_policy(json.dumps(question)))
    except ValueError as error:
        raise StoreError(str(error)) from error
    # Neither a statement nor the root user's rights: it was the grant.
    by_grant = (
        grant is not None and answer["allowed"] and f"allowed by grant {grant['grant_id']}" in answer["explanation"]
    )
    return Decision(**answer, grant=grant["grant_id"] if grant is not None and by_grant else None)


def _matching_grant(subject: Subject, identity: Identity, action: str, context: Context) -> dict[str, Any] | None:
    operation = action.removeprefix("kms:")
    names = identity.names
    return next(
        (
            grant
            for grant in subject.grants
            if operation in grant["operations"] and grant["grantee"] in names and _constraints_met(grant, context)
        ),
        None,
    )


def _constraints_met(grant: dict[str, Any], context: Context) -> bool:
    constraints = grant["constraints"]
    pairs = {
        key.lower().removeprefix(_ENCRYPTION_CONTEXT): value
        for key, value in context.items()
        if key.lower().startswith(_ENCRYPTION_CONTEXT)
    }
    for name, exact in (("EncryptionContextEquals", True), ("EncryptionContextSubset", False)):
        wanted = {key.lower(): value for key, value in constraints.get(name, {}).items()}
        if wanted and not (pairs == wanted if exact else wanted.items() <= pairs.items()):
            return False
    source = constraints.get("SourceArn")
    return source is None or context.get("aws:SourceArn") == source


def _grant(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "grant_id": row["grant_id"],
        "grantee": row["grantee"],
        "operations": json.loads(row["operations"]),
        "constraints": json.loads(row["constraints"]),
    }


def _of_key(view: View, table: Any, region: str, key_id: str) -> list[dict[str, Any]]:
    return view.rows(table, table.c.region == region, table.c.key_id == key_id)


def _kind_and_name(arn: str) -> tuple[str, str]:
    """Where the store has a principal: `user` and its name without path, `role` and its name, `root`."""
    kind, *path = arn.split(":", 5)[5].split("/")
    if kind == "assumed-role":
        return "role", path[0]
    return kind, path[-1] if path else ""
