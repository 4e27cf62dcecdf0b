"""Each ready policy compiles, locks nobody out and does what its description says."""

import json
from typing import Any

import pytest

from kmscore import _core
from kmscore.policies.decisions import Identity, Subject, decide
from kmscore.policies.review import review
from kmscore.policies.templates import ADMINISTRATION, TEMPLATES, show
from policies.case_table import KEY, OWNER

ADMIN = f"arn:aws:iam::{OWNER}:role/admin"
USER = f"arn:aws:iam::{OWNER}:role/app"
OTHER = "444455556666"
ROOT = f"arn:aws:iam::{OWNER}:root"
EVERYTHING: dict[str, list[dict[str, str | None]]] = {"identity": [{"name": "AdministratorAccess", "document": None}]}


def filled(name: str) -> str:
    return show(
        name, account=OWNER, administrators=[ADMIN], users=[USER], service="s3.amazonaws.com", other_accounts=[OTHER]
    )


FACTOR = "aws:MultiFactorAuthPresent"
VIA = "kms:ViaService"
SOURCE = "aws:SourceAccount"


def may(name: str, arn: str, action: str, context: dict[str, str] | None = None, *, own: bool = False) -> bool:
    identity = Identity(arn, policies=EVERYTHING if own else {})
    return decide(Subject(KEY, OWNER, filled(name)), identity, f"kms:{action}", context).allowed


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_compiles_and_has_nothing_to_mend(name: str) -> None:
    assert _core.policy_fault(filled(name), "key") is None
    found = [finding for finding in review(filled(name), account=OWNER) if finding.severity != "note"]
    assert found == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_administrators_never_use_the_key_nor_give_it_away(name: str) -> None:
    with_factor = {FACTOR: "true"}
    assert may(name, ADMIN, "PutKeyPolicy")
    assert may(name, ADMIN, "ScheduleKeyDeletion", with_factor)
    for action in ("Encrypt", "Decrypt", "GenerateDataKey", "ReEncryptFrom", "Sign", "CreateGrant"):
        assert not may(name, ADMIN, action, with_factor)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_account_keeps_the_way_back_and_nobody_else_anything(name: str) -> None:
    assert may(name, ROOT, "PutKeyPolicy")
    assert not may(name, ROOT, "Decrypt")
    for stranger in (f"arn:aws:iam::{OWNER}:user/ann", "arn:aws:iam::777788889999:user/eve"):
        assert not may(name, stranger, "Decrypt", own=True)


@pytest.mark.parametrize("name", ["administrators-and-users", "mfa-for-deletion"])
def test_users_use_the_key_and_cannot_change_it(name: str) -> None:
    for action in ("Encrypt", "Decrypt", "GenerateDataKey", "ReEncryptTo", "DescribeKey"):
        assert may(name, USER, action)
    for action in ("PutKeyPolicy", "ScheduleKeyDeletion", "DisableKey", "CreateGrant"):
        assert not may(name, USER, action)


def test_service_use_is_through_the_service_and_for_this_account() -> None:
    through = {VIA: "s3.us-east-1.amazonaws.com"}
    assert may("service-use", USER, "Decrypt", through)
    assert not may("service-use", USER, "Decrypt")
    assert not may("service-use", USER, "Decrypt", {VIA: "rds.us-east-1.amazonaws.com"})
    assert may("service-use", USER, "CreateGrant", {**through, "kms:GrantIsForAWSResource": "true"})
    assert not may("service-use", USER, "CreateGrant", {**through, "kms:GrantIsForAWSResource": "false"})
    assert may("service-use", "s3.amazonaws.com", "GenerateDataKey", {SOURCE: OWNER})
    assert not may("service-use", "s3.amazonaws.com", "GenerateDataKey", {SOURCE: OTHER})
    assert not may("service-use", "s3.amazonaws.com", "GenerateDataKey")


def test_cross_account_needs_the_other_accounts_policies() -> None:
    other = f"arn:aws:iam::{OTHER}:user/eve"
    assert may("cross-account", other, "Decrypt", own=True)
    assert not may("cross-account", other, "Decrypt")
    assert not may("cross-account", other, "PutKeyPolicy", own=True)


def test_deletion_wants_a_second_factor() -> None:
    for action in ("ScheduleKeyDeletion", "DeleteImportedKeyMaterial"):
        assert may("mfa-for-deletion", ADMIN, action, {FACTOR: "true"})
        assert not may("mfa-for-deletion", ADMIN, action, {FACTOR: "false"})
        assert not may("mfa-for-deletion", ADMIN, action)


def test_administration_is_spelled_as_aws_does() -> None:
    assert set(ADMINISTRATION) <= set(_core.policy_vocabulary()["actions"])


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("nothing", {}, "there is no template 'nothing'"),
        ("administrators-and-users", {"administrators": [ADMIN]}, "needs users"),
        ("service-use", {"administrators": [ADMIN], "users": [USER]}, "needs a service"),
        ("cross-account", {"administrators": [ADMIN], "other_accounts": ["12"]}, "'12' is not 12 digits"),
    ],
)
def test_what_is_missing_is_said(name: str, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        show(name, account=OWNER, **options)


def test_a_template_is_json_with_statements_that_have_names() -> None:
    for name in TEMPLATES:
        names = [statement["Sid"] for statement in json.loads(filled(name))["Statement"]]
        assert len(set(names)) == len(names)
