"""What the review of a policy says, and what it leaves alone."""

import json
from typing import Any

import pytest

from kmscore import _core
from kmscore.policies.review import Finding, nearest, review

ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
DELEGATION = {"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}


def allow(principal: Any, action: Any = "kms:Decrypt", **more: Any) -> dict[str, Any]:
    return {"Sid": "S", "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more}


def reviewed(*statements: Any, **options: Any) -> list[Finding]:
    return review(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), **options)


def rules(*statements: Any) -> set[tuple[str, str]]:
    return {(finding.severity, finding.rule) for finding in reviewed(*statements)}


def test_the_default_policy_has_no_findings() -> None:
    assert review(_core.default_key_policy(ACCOUNT, "us-east-1")) == []


@pytest.mark.parametrize("document", ["", "{", "[]", '{"Version": "2012-10-17"}'])
def test_a_malformed_policy_is_the_only_finding(document: str) -> None:
    [finding] = review(document)
    assert (finding.severity, finding.rule) == ("fail", "malformed")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("kms:Decrpyt", "kms:Decrypt"),
        ("kms:GenerateDatakeys", "kms:GenerateDataKey"),
        ("kms:scheduleKeyDelete", "kms:ScheduleKeyDeletion"),
        ("kms:ReEncrypt", "kms:ReEncrypt*"),
    ],
)
def test_a_misspelled_action_is_named_with_the_nearest(written: str, meant: str) -> None:
    found = [
        f for f in reviewed(DELEGATION, allow({"AWS": ROLE}, ["kms:Encrypt", written])) if f.rule == "unknown-action"
    ]
    assert len(found) == 1
    assert written in found[0].text
    assert meant in found[0].text


def test_an_unknown_condition_key_is_named_with_the_nearest() -> None:
    condition = {"StringEquals": {"kms:ViaServices": "s3.us-east-1.amazonaws.com"}}
    [finding] = reviewed(DELEGATION, allow({"AWS": ROLE}, Condition=condition))
    assert finding.rule == "unknown-condition-key"
    assert "is kms:ViaService meant?" in finding.text


def test_nothing_near_is_not_guessed() -> None:
    assert nearest("kms:Xyzzy", ["kms:Decrypt"]) is None


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": [ROLE, "*"]}])
def test_everyone_unbound_is_public(principal: Any) -> None:
    assert ("fail", "public-access") in rules(DELEGATION, allow(principal))


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({"StringEquals": {"kms:CallerAccount": ACCOUNT}}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": ROLE}}, False),
        ({"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}, True),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, True),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
    ],
)
def test_only_a_condition_that_binds_the_caller_makes_everyone_private(condition: Any, public: bool) -> None:
    assert (("fail", "public-access") in rules(DELEGATION, allow("*", Condition=condition))) == public


def test_a_denial_of_everyone_is_not_public() -> None:
    assert rules(DELEGATION, {**allow("*"), "Effect": "Deny"}) == set()


def test_other_accounts_are_noted() -> None:
    [finding] = reviewed(DELEGATION, allow({"AWS": [ROLE, "444455556666"]}))
    assert (finding.severity, finding.rule, finding.statement) == ("note", "cross-account", "S")
    assert "444455556666" in finding.text
    assert ROLE not in finding.text


def test_a_policy_that_nobody_can_replace_locks_out() -> None:
    assert ("fail", "lock-out") in rules(allow({"AWS": ROLE}))
    assert ("fail", "lock-out") in rules(DELEGATION, {**allow("*", "kms:Put*"), "Effect": "Deny"})


def test_a_policy_that_one_role_can_replace_is_a_risk() -> None:
    [finding] = reviewed(allow({"AWS": ROLE}, "kms:*"), account=ACCOUNT)
    assert (finding.severity, finding.rule) == ("warn", "lock-out")
    assert ROLE in finding.text


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ({"Effect": "Allow", "Principal": "*", "Action": "kms:*"}, "it has no Resource"),
        ({"Effect": "Allow", "Principal": {"AWS": ROLE}, "Resource": "*"}, "it has no Action"),
        (allow({"AWS": ROLE}, "s3:GetObject"), "it covers no action on this key"),
        (allow({"AWS": ROLE}, Resource=f"arn:aws:kms:us-east-1:{ACCOUNT}:key/other"), "Resource is another key"),
        (allow({"AWS": ROLE}, ["kms:CreateKey", "kms:ListKeys"]), "cannot give kms:CreateKey, kms:ListKeys"),
        (allow({"AWS": ROLE}, "kms:RetireGrant"), "kms:RetireGrant in a key policy has no effect"),
    ],
)
def test_a_statement_without_effect_is_dead(statement: dict[str, Any], why: str) -> None:
    texts = [finding.text for finding in reviewed(DELEGATION, statement) if finding.rule == "dead-statement"]
    assert len(texts) == 1
    assert why in texts[0]


def test_a_statement_whose_allows_are_all_denied_is_dead() -> None:
    deny = {**allow({"AWS": ROLE}, "kms:Decrypt"), "Sid": "D", "Effect": "Deny"}
    found = {
        f.statement: f.text for f in reviewed(DELEGATION, allow({"AWS": ROLE}), deny) if f.rule == "dead-statement"
    }
    assert found == {"S": "all that it allows is denied by other statements"}


def test_a_conditional_denial_leaves_a_statement_alive() -> None:
    deny = {**allow("*"), "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    assert rules(DELEGATION, allow({"AWS": ROLE}), deny) == set()


@pytest.mark.parametrize(
    "statement", [allow({"AWS": ROLE}), allow({"Service": "s3.amazonaws.com"}), allow({"AWS": ACCOUNT})]
)
def test_an_ordinary_statement_has_no_findings(statement: dict[str, Any]) -> None:
    assert rules(DELEGATION, statement) == set()


def test_the_worst_stands_first_and_other_kinds_are_read_for_faults_and_names() -> None:
    found = reviewed(DELEGATION, allow("*"), allow({"AWS": ROLE}, "kms:Decrpyt"))
    assert [finding.severity for finding in found] == sorted(
        (f.severity for f in found), key=["fail", "warn", "note"].index
    )
    identity = {"Effect": "Allow", "Action": "kms:Decrpyt", "Resource": "*"}
    assert [finding.rule for finding in reviewed(identity, kind="identity")] == ["unknown-action"]
    assert [finding.rule for finding in reviewed(allow("*"), kind="identity")] == ["malformed"]
