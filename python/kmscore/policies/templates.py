"""Ready key policies. Each locks nobody out and does what its description says; the tests hold it to that."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kmscore.arns import principal_arn

Element = dict[str, Any]

ADMINISTRATION = [
    *("kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DeleteImportedKeyMaterial"),
    *("kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation"),
    *("kms:GetKeyLastUsage", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:GetParametersForImport"),
    *("kms:ImportKeyMaterial", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations"),
    *("kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReplicateKey", "kms:RevokeGrant", "kms:RotateKeyOnDemand"),
    *("kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias"),
    *("kms:UpdateKeyDescription", "kms:UpdatePrimaryRegion"),
]
"""What those who look after a key need. None of it reads or writes data, and no grant can be made with it."""
USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
"""What those who encrypt and decrypt with a symmetric key need."""


@dataclass(frozen=True)
class Names:
    """Who and what a template is filled in with."""

    account: str
    administrators: Sequence[str] = ()
    users: Sequence[str] = ()
    service: str = ""
    other_accounts: Sequence[str] = ()


@dataclass(frozen=True)
class Template:
    """A ready policy."""

    name: str
    description: str
    needs: tuple[str, ...]
    """Members of `Names` besides the account."""
    elements: Callable[[Names], list[Element]]


def show(
    name: str,
    *,
    account: str,
    administrators: Sequence[str] = (),
    users: Sequence[str] = (),
    service: str = "",
    other_accounts: Sequence[str] = (),
) -> str:
    """The text of a ready policy.

    Args:
        name: One of `TEMPLATES`.
        account: The key's account, 12 digits.
        administrators: ARNs of those who look after the key.
        users: ARNs of those who use it.
        service: An AWS service, such as `s3`.
        other_accounts: Accounts that may use the key, 12 digits each.

    Raises:
        ValueError: There is no such template, it lacks something, or an account is none.
    """
    template = TEMPLATES.get(name)
    if template is None:
        raise ValueError(f"there is no template {name!r}; there are {', '.join(TEMPLATES)}")
    names = Names(account, administrators, users, service, other_accounts)
    missing = [need for need in template.needs if not getattr(names, need)]
    if missing:
        raise ValueError(f"the template {name} needs {' and '.join(_spoken(need) for need in missing)}")
    for text in (account, *other_accounts):
        if len(text) != 12 or not text.isdigit():
            raise ValueError(f"account {text!r} is not 12 digits")
    document = {"Version": "2012-10-17", "Id": f"kmscore-{name}", "Statement": template.elements(names)}
    return json.dumps(document, indent=2)


def _spoken(need: str) -> str:
    return {"administrators": "administrators", "users": "users", "service": "a service"}.get(need, "other accounts")


def _allow(sid: str, principal: Any, actions: Any, condition: Element | None = None) -> Element:
    made: Element = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"}
    return {**made, "Condition": condition} if condition else made


def _root(account: str) -> Element:
    return {"AWS": principal_arn(account, "account", "/", "")}


def _administrators(names: Names) -> list[Element]:
    """The account itself keeps the way back, and no more: it can replace the policy and look at the key."""
    way_back = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy"]
    return [
        _allow("KeepAWayBack", _root(names.account), way_back),
        _allow("Administer", {"AWS": list(names.administrators)}, ADMINISTRATION),
    ]


def _separate(names: Names) -> list[Element]:
    return [*_administrators(names), _allow("Use", {"AWS": list(names.users)}, USE)]


def _service(names: Names) -> list[Element]:
    service = names.service.removesuffix(".amazonaws.com")
    through = {"StringLike": {"kms:ViaService": f"{service}.*.amazonaws.com"}}
    for_resources = {"Bool": {"kms:GrantIsForAWSResource": "true"}, **through}
    mine = {"StringEquals": {"aws:SourceAccount": names.account}}
    return [
        *_administrators(names),
        _allow("UseThroughTheService", {"AWS": list(names.users)}, USE, through),
        _allow("GrantsForTheService", {"AWS": list(names.users)}, "kms:CreateGrant", for_resources),
        _allow(
            "TheServiceItself", {"Service": f"{service}.amazonaws.com"}, ["kms:Decrypt", "kms:GenerateDataKey*"], mine
        ),
    ]


def _across(names: Names) -> list[Element]:
    others = {"AWS": [principal_arn(account, "account", "/", "") for account in names.other_accounts]}
    return [*_administrators(names), _allow("UseByOtherAccounts", others, USE)]


def _second_factor(names: Names) -> list[Element]:
    deny = {
        "Sid": "NoDeletionWithoutASecondFactor",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["kms:DeleteImportedKeyMaterial", "kms:ScheduleKeyDeletion"],
        "Resource": "*",
        # A call that tells nothing of a second factor is one without.
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    }
    return [*_separate(names), deny]


TEMPLATES = {
    template.name: template
    for template in (
        Template(
            "administrators-and-users",
            "Administrators look after the key and cannot decrypt; users encrypt and decrypt and cannot change it.",
            ("administrators", "users"),
            _separate,
        ),
        Template(
            "service-use",
            "Users may use the key through one AWS service only, and that service for this account's resources.",
            ("administrators", "users", "service"),
            _service,
        ),
        Template(
            "cross-account",
            "Other accounts may use the key as far as their own policies allow it; they cannot change it.",
            ("administrators", "other_accounts"),
            _across,
        ),
        Template(
            "mfa-for-deletion",
            "Administrators and users apart, and nobody schedules deletion without a second factor.",
            ("administrators", "users"),
            _second_factor,
        ),
    )
}
"""By name."""
