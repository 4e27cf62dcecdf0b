"""CreateGrant: what a grant may say, retries under a name, grants made through grants, tokens, dry runs."""

import re
from typing import Any

import pytest

from kmscore import errors
from kmscore.operations import grants as grant_operations
from opened_store import OpenedStore
from operations.grant_calls import (
    FOREIGNER,
    RETIRING,
    ROLE,
    ROOT,
    SERVICE,
    SESSION,
    SOURCE,
    STRANGER,
    USER,
    grant,
    grants,
    ids,
)
from operations.policy_texts import policy

SYMMETRIC = {
    *("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"),
    *("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"),
}
OF_EVERY_KEY = {"CreateGrant", "RetireGrant", "DescribeKey"}
ENCRYPTING_PAIR = {"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GetPublicKey"}
SIGNING = {"Sign", "Verify", "GetPublicKey"}
OPERATIONS_OF = [
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", SYMMETRIC),
    ("RSA_2048", "ENCRYPT_DECRYPT", ENCRYPTING_PAIR),
    ("ECC_NIST_P256", "SIGN_VERIFY", SIGNING),
    ("ML_DSA_44", "SIGN_VERIFY", SIGNING),
    ("HMAC_256", "GENERATE_VERIFY_MAC", {"GenerateMac", "VerifyMac"}),
    ("ECC_NIST_P256", "KEY_AGREEMENT", {"DeriveSharedSecret", "GetPublicKey"}),
    ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE", {"Encapsulate", "Decapsulate", "GetPublicKey"}),
]
ALL = sorted(set().union(OF_EVERY_KEY, *(operations for _, _, operations in OPERATIONS_OF)))


@pytest.fixture
def key_id(opened: OpenedStore) -> str:
    return opened.new_key()


def encrypts(opened: OpenedStore, key_id: str, arn: str = USER, **more: Any) -> bool:
    return opened.may(arn, "Encrypt", KeyId=key_id, Plaintext=b"x", **more)


def test_grant_allows_its_operations_to_its_grantee_at_once(opened: OpenedStore, key_id: str) -> None:
    assert not encrypts(opened, key_id)
    answer = grant(opened, key_id)
    assert set(answer) == {"GrantToken", "GrantId"}
    assert re.fullmatch("[0-9a-f]{64}", answer["GrantId"])
    assert 1 <= len(answer["GrantToken"]) <= 8192
    assert encrypts(opened, key_id)
    assert encrypts(opened, key_id, GrantTokens=[answer["GrantToken"]])
    assert not encrypts(opened, key_id, STRANGER)
    assert not opened.may(USER, "DescribeKey", KeyId=key_id)


def test_grant_to_a_role_is_for_its_sessions_and_one_to_a_session_is_not_for_others(
    opened: OpenedStore, key_id: str
) -> None:
    grant(opened, key_id, GranteePrincipal=ROLE)
    assert encrypts(opened, key_id, SESSION)
    other = opened.new_key()
    grant(opened, other, GranteePrincipal=SESSION)
    assert encrypts(opened, other, SESSION)
    assert not encrypts(opened, other, f"{SESSION}-2")


def test_grant_to_another_account_s_user_needs_nothing_else(opened: OpenedStore) -> None:
    arn = opened.call("CreateKey")["KeyMetadata"]["Arn"]
    grant(opened, arn, GranteePrincipal=FOREIGNER)
    assert encrypts(opened, arn, FOREIGNER)


@pytest.mark.parametrize(("spec", "usage", "own"), OPERATIONS_OF)
def test_grant_has_operations_of_its_key_only(opened: OpenedStore, spec: str, usage: str, own: set[str]) -> None:
    key_id = opened.new_key(KeySpec=spec, KeyUsage=usage)
    grant(opened, key_id, Operations=sorted(own | OF_EVERY_KEY))
    for operation in ALL:
        if operation in own | OF_EVERY_KEY:
            continue
        with pytest.raises(
            errors.ValidationException, match=rf"\[{operation}\] are not valid for .* {spec} .* {usage}"
        ):
            grant(opened, key_id, Operations=["DescribeKey", operation])
    assert len(grants(opened, key_id)) == 1


@pytest.mark.parametrize("operation", ["ScheduleKeyDeletion", "RevokeGrant", "ReEncrypt", "kms:Encrypt"])
def test_other_operations_are_none_of_a_grant_s(opened: OpenedStore, key_id: str, operation: str) -> None:
    with pytest.raises(errors.ValidationException, match="1 validation error detected"):
        grant(opened, key_id, Operations=[operation])


ARN = "ARN does not refer to a valid principal"
REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"Operations": []}, errors.ValidationException, "at least one grant operation"),
    ({"GranteePrincipal": "arn:aws:iam::123456789012:group/g"}, errors.InvalidArnException, ARN),
    ({"GranteePrincipal": "arn:aws:iam::12:user/u"}, errors.InvalidArnException, ARN),
    ({"GranteePrincipal": "arn:aws-cn:iam::123456789012:user/u"}, errors.InvalidArnException, ARN),
    ({"GranteePrincipal": "arn:aws:sts::123456789012:assumed-role/r"}, errors.InvalidArnException, ARN),
    ({"GranteePrincipal": "user"}, errors.InvalidArnException, ARN),
    ({"GranteePrincipal": SERVICE}, errors.InvalidArnException, ARN),
    ({"RetiringPrincipal": "arn:aws:s3:::bucket"}, errors.InvalidArnException, ARN),
    ({"GranteePrincipal": USER, "GranteeServicePrincipal": SERVICE}, errors.ValidationException, "but not both"),
    ({"RetiringPrincipal": USER, "RetiringServicePrincipal": SERVICE}, errors.ValidationException, "but not both"),
    (
        {"GranteeServicePrincipal": SERVICE, "RetiringPrincipal": USER},
        errors.ValidationException,
        "must also specify a SourceArn grant constraint",
    ),
    (
        {"GranteeServicePrincipal": SERVICE, "Constraints": {"SourceArn": SOURCE}},
        errors.ValidationException,
        "must also specify either a RetiringPrincipal",
    ),
    ({"GranteeServicePrincipal": "dynamodb"}, errors.ValidationException, "granteeServicePrincipal"),
    ({"Constraints": {"SourceArn": "no arn that is one"}}, errors.ValidationException, "constraints.sourceArn"),
    (
        {"Constraints": {"EncryptionContextEquals": {str(number): "x" for number in range(9)}}},
        errors.ValidationException,
        "EncryptionContextEquals has 9 pairs, and can have 8",
    ),
    (
        {"Constraints": {"EncryptionContextSubset": {"k": "v" * 384}}},
        errors.ValidationException,
        "EncryptionContextSubset has 385 characters, and can have 384",
    ),
    (
        {"Constraints": {"EncryptionContextEquals": {"a": "x", "A": "x"}}},
        errors.ValidationException,
        "letter case alone",
    ),
    ({"Name": "white space"}, errors.ValidationException, "'name' failed to satisfy constraint"),
    ({"Name": ""}, errors.ValidationException, "'name' failed to satisfy constraint"),
    ({"GrantTokens": ["made-up"]}, errors.InvalidGrantTokenException, "The grant token is not valid"),
    ({"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}, errors.NotFoundException, "does not exist"),
]


@pytest.mark.parametrize(("parameters", "error", "text"), REFUSED)
def test_grant_is_refused_and_nothing_changes(
    opened: OpenedStore, key_id: str, parameters: dict[str, Any], error: type[Exception], text: str
) -> None:
    before = opened.state()
    with pytest.raises(error, match=text):
        if "GranteePrincipal" in parameters and "GranteeServicePrincipal" in parameters:
            opened.call("CreateGrant", KeyId=key_id, Operations=["Encrypt"], **parameters)
        else:
            grant(opened, key_id, **parameters)
    assert opened.state() == before


def test_grant_needs_a_grantee(opened: OpenedStore, key_id: str) -> None:
    with pytest.raises(errors.ValidationException, match="either GranteePrincipal or GranteeServicePrincipal"):
        opened.call("CreateGrant", KeyId=key_id, Operations=["Encrypt"])


def test_longest_constraints_are_taken(opened: OpenedStore, key_id: str) -> None:
    context = {str(number): "v" * 47 for number in range(8)}
    grant(opened, key_id, Constraints={"EncryptionContextEquals": context})
    assert encrypts(opened, key_id, EncryptionContext=context)


@pytest.mark.parametrize(
    ("spec", "usage", "operation"),
    [("HMAC_256", "GENERATE_VERIFY_MAC", "GenerateMac"), ("RSA_2048", "SIGN_VERIFY", "Sign")],
)
@pytest.mark.parametrize("constraint", ["EncryptionContextEquals", "EncryptionContextSubset"])
def test_encryption_context_constrains_symmetric_keys_only(
    opened: OpenedStore, spec: str, usage: str, operation: str, constraint: str
) -> None:
    key_id = opened.new_key(KeySpec=spec, KeyUsage=usage)
    with pytest.raises(errors.ValidationException, match=f"{constraint} is valid only for symmetric"):
        grant(opened, key_id, Operations=[operation], Constraints={constraint: {"a": "b"}})
    grant(opened, key_id, Operations=[operation], Constraints={"SourceArn": SOURCE})


@pytest.mark.parametrize(
    ("constraints", "context", "expected"),
    [
        ({"EncryptionContextEquals": {"App": "a"}}, {"app": "a"}, True),
        ({"EncryptionContextEquals": {"app": "a"}}, {"app": "A"}, False),
        ({"EncryptionContextEquals": {"app": "a"}}, {"app": "a", "b": "c"}, False),
        ({"EncryptionContextEquals": {"app": "a"}}, {}, False),
        ({"EncryptionContextEquals": {}}, {}, True),
        ({"EncryptionContextEquals": {}}, {"app": "a"}, False),
        ({"EncryptionContextSubset": {"app": "a"}}, {"APP": "a", "b": "c"}, True),
        ({"EncryptionContextSubset": {"app": "a"}}, {"b": "c"}, False),
        ({"EncryptionContextSubset": {"app": "a"}}, {"app": "b"}, False),
    ],
)
def test_constraints_hold_for_each_use(
    opened: OpenedStore, key_id: str, constraints: dict[str, Any], context: dict[str, str], expected: bool
) -> None:
    grant(opened, key_id, Constraints=constraints, Operations=["Encrypt", "DescribeKey"])
    assert encrypts(opened, key_id, EncryptionContext=context) is expected
    assert opened.may(USER, "DescribeKey", KeyId=key_id)


def test_service_uses_a_grant_for_its_source_only(opened: OpenedStore, key_id: str) -> None:
    constraints = {"SourceArn": SOURCE}
    grant(opened, key_id, GranteeServicePrincipal=SERVICE, RetiringServicePrincipal=SERVICE, Constraints=constraints)
    [listed] = grants(opened, key_id)
    assert (listed["GranteeServicePrincipal"], listed["RetiringServicePrincipal"]) == (SERVICE, SERVICE)
    assert not {"GranteePrincipal", "RetiringPrincipal"} & set(listed)
    arn = opened.metadata(key_id)["Arn"]
    request = {"KeyId": arn, "Plaintext": b"x"}
    opened.call_as(SERVICE, "Encrypt", {"source_arn": SOURCE}, **request)
    for facts in ({}, {"source_arn": f"{SOURCE}2"}):
        with pytest.raises(errors.AccessDeniedException):
            opened.call_as(SERVICE, "Encrypt", facts, **request)


NAMED: dict[str, Any] = {
    "Name": "n",
    "Operations": ["Encrypt", "Decrypt"],
    "RetiringPrincipal": RETIRING,
    "Constraints": {"EncryptionContextSubset": {"a": "b", "c": "d"}},
}


def test_retry_under_the_same_name_finds_the_grant_and_gives_another_token(opened: OpenedStore, key_id: str) -> None:
    first = grant(opened, key_id, **NAMED)
    before = opened.state()
    for retry in (NAMED, {**NAMED, "Operations": ["Decrypt", "Encrypt", "Decrypt"]}):
        again = grant(opened, key_id, **retry)
        assert again["GrantId"] == first["GrantId"]
        assert again["GrantToken"] != first["GrantToken"]
        opened.call("Encrypt", KeyId=key_id, Plaintext=b"x", GrantTokens=[again["GrantToken"], first["GrantToken"]])
    assert opened.state() == before
    assert len(grants(opened, key_id)) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"Name": "other"},
        {"Operations": ["Encrypt"]},
        {"RetiringPrincipal": USER},
        {"GranteePrincipal": STRANGER},
        {"Constraints": {"EncryptionContextSubset": {"a": "b"}}},
        {"Constraints": {"EncryptionContextEquals": {"a": "b", "c": "d"}}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_another_parameter_makes_another_grant(opened: OpenedStore, key_id: str, changed: dict[str, Any]) -> None:
    first = grant(opened, key_id, **NAMED)
    assert grant(opened, key_id, **{**NAMED, **changed})["GrantId"] != first["GrantId"]


def test_name_is_of_one_key_and_of_living_grants(opened: OpenedStore, key_id: str) -> None:
    first = grant(opened, key_id, **NAMED)["GrantId"]
    assert grant(opened, opened.new_key(), **NAMED)["GrantId"] != first
    opened.call("RevokeGrant", KeyId=key_id, GrantId=first)
    assert grant(opened, key_id, **NAMED)["GrantId"] != first


def test_grant_without_a_name_is_always_new(opened: OpenedStore, key_id: str) -> None:
    assert grant(opened, key_id)["GrantId"] != grant(opened, key_id)["GrantId"]
    assert [listed["Name"] for listed in grants(opened, key_id)] == ["", ""]


def test_key_has_no_more_grants_than_the_quota(
    opened: OpenedStore, key_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert grant_operations._GRANTS_OF_A_KEY == 50_000
    monkeypatch.setattr(grant_operations, "_GRANTS_OF_A_KEY", 2)
    named = grant(opened, key_id, Name="n")["GrantId"]
    grant(opened, key_id)
    with pytest.raises(errors.LimitExceededException, match="has 2 grants"):
        grant(opened, key_id)
    assert grant(opened, key_id, Name="n")["GrantId"] == named
    grant(opened, opened.new_key())


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ("DisableKey", errors.DisabledException, "is disabled"),
        ("ScheduleKeyDeletion", errors.KMSInvalidStateException, "is pending deletion"),
    ],
)
def test_grant_is_made_on_enabled_keys_only(
    opened: OpenedStore, key_id: str, change: str, error: type[Exception], text: str
) -> None:
    opened.call(change, KeyId=key_id)
    with pytest.raises(error, match=text):
        grant(opened, key_id)


def test_dry_run_checks_everything_and_makes_nothing(opened: OpenedStore, key_id: str) -> None:
    before = opened.state()
    text = "The request would have succeeded, but the DryRun option is set."
    with pytest.raises(errors.DryRunOperationException, match=text):
        grant(opened, key_id, DryRun=True)
    with pytest.raises(errors.ValidationException):
        grant(opened, key_id, DryRun=True, Operations=["Sign"])
    with pytest.raises(errors.AccessDeniedException):
        opened.call_as(USER, "CreateGrant", KeyId=key_id, GranteePrincipal=USER, Operations=["Encrypt"], DryRun=True)
    assert opened.state() == before
    assert grants(opened, key_id) == []
    grant(opened, key_id, Name="n")
    with pytest.raises(errors.DryRunOperationException):
        grant(opened, key_id, Name="n", DryRun=True)


def test_grant_token_of_an_ended_grant_and_of_another_store_is_refused(opened: OpenedStore, key_id: str) -> None:
    made = grant(opened, key_id)
    token = made["GrantToken"]
    for changed in (token[:-1] + ("A" if token[-1] != "A" else "B"), token[1:], "x"):
        with pytest.raises(errors.InvalidGrantTokenException):
            opened.call("Encrypt", KeyId=key_id, Plaintext=b"x", GrantTokens=[changed])
    opened.call("RevokeGrant", KeyId=key_id, GrantId=made["GrantId"])
    with pytest.raises(errors.InvalidGrantTokenException, match="The grant token is not valid"):
        opened.call("Encrypt", KeyId=key_id, Plaintext=b"x", GrantTokens=[token])


PARENT = ["Encrypt", "Decrypt", "CreateGrant"]
CHILDREN: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({}, {"Operations": ["Encrypt"]}, True),
    ({}, {"Operations": PARENT}, True),
    ({}, {"Operations": ["Encrypt"], "Constraints": {"EncryptionContextEquals": {"a": "b"}}}, True),
    ({}, {"Operations": ["Encrypt", "GenerateDataKey"]}, False),
    ({}, {"Operations": ["DescribeKey"]}, False),
    ({}, {"Operations": ["RetireGrant"]}, False),
    ({"EncryptionContextSubset": {"a": "b"}}, {"Constraints": {"EncryptionContextSubset": {"A": "b"}}}, True),
    ({"EncryptionContextSubset": {"a": "b"}}, {"Constraints": {"EncryptionContextSubset": {"a": "b", "c": "d"}}}, True),
    ({"EncryptionContextSubset": {"a": "b"}}, {"Constraints": {"EncryptionContextEquals": {"a": "b"}}}, True),
    ({"EncryptionContextSubset": {"a": "b"}}, {"Constraints": {"EncryptionContextEquals": {"c": "d"}}}, False),
    ({"EncryptionContextSubset": {"a": "b"}}, {"Constraints": {"EncryptionContextSubset": {"a": "c"}}}, False),
    ({"EncryptionContextSubset": {"a": "b"}}, {}, False),
    ({"EncryptionContextEquals": {"a": "b"}}, {"Constraints": {"EncryptionContextEquals": {"a": "b"}}}, True),
    ({"EncryptionContextEquals": {"a": "b"}}, {"Constraints": {"EncryptionContextSubset": {"a": "b"}}}, False),
    (
        {"EncryptionContextEquals": {"a": "b"}},
        {"Constraints": {"EncryptionContextEquals": {"a": "b", "c": "d"}}},
        False,
    ),
    ({"EncryptionContextEquals": {"a": "b"}}, {}, False),
]


@pytest.mark.parametrize(("constraints", "child", "expected"), CHILDREN)
def test_grant_made_through_a_grant_stays_within_it(
    opened: OpenedStore, key_id: str, constraints: dict[str, Any], child: dict[str, Any], expected: bool
) -> None:
    grant(opened, key_id, Operations=PARENT, Constraints=constraints)
    request = {"KeyId": key_id, "GranteePrincipal": STRANGER, "Operations": ["Encrypt"], **child}
    assert opened.may(USER, "CreateGrant", **request) is expected
    assert len(grants(opened, key_id)) == (2 if expected else 1)


def test_one_of_several_grants_suffices_for_a_child(opened: OpenedStore, key_id: str) -> None:
    grant(opened, key_id, Operations=["Encrypt", "CreateGrant"])
    grant(opened, key_id, Operations=["Decrypt", "CreateGrant"])
    for operation in ("Encrypt", "Decrypt"):
        assert opened.may(USER, "CreateGrant", KeyId=key_id, GranteePrincipal=STRANGER, Operations=[operation])
    both = {"KeyId": key_id, "GranteePrincipal": STRANGER, "Operations": ["Encrypt", "Decrypt"]}
    assert not opened.may(USER, "CreateGrant", **both)


def test_child_of_a_grant_with_a_source_has_the_same_source(opened: OpenedStore, key_id: str) -> None:
    grant(opened, key_id, Operations=PARENT, Constraints={"SourceArn": SOURCE})
    request: dict[str, Any] = {"KeyId": key_id, "GranteePrincipal": STRANGER, "Operations": ["Encrypt"]}
    facts = {"source_arn": SOURCE}
    with pytest.raises(errors.AccessDeniedException):
        opened.call_as(USER, "CreateGrant", facts, **request)
    with pytest.raises(errors.AccessDeniedException):
        opened.call_as(USER, "CreateGrant", **request, Constraints={"SourceArn": SOURCE})
    opened.call_as(USER, "CreateGrant", facts, **request, Constraints={"SourceArn": SOURCE})


def test_grant_by_policy_is_unlimited_whatever_its_maker_may_do(opened: OpenedStore) -> None:
    key_id = opened.new_key(Policy=policy({"Principal": {"AWS": USER}, "Action": "kms:CreateGrant"}))
    assert opened.may(USER, "CreateGrant", KeyId=key_id, GranteePrincipal=STRANGER, Operations=["Encrypt"])
    assert encrypts(opened, key_id, STRANGER)
    assert not encrypts(opened, key_id)


def test_deny_of_the_key_policy_beats_a_grant(opened: OpenedStore) -> None:
    deny = {"Effect": "Deny", "Principal": {"AWS": USER}, "Action": "kms:Encrypt"}
    key_id = opened.new_key(Policy=policy(deny))
    grant(opened, key_id)
    assert not encrypts(opened, key_id)


def test_grants_survive_reopening_and_go_with_their_key(opened: OpenedStore, key_id: str) -> None:
    made = grant(opened, key_id, RetiringPrincipal=ROOT)["GrantId"]
    opened.reopen()
    assert encrypts(opened, key_id)
    assert ids(grants(opened, key_id)) == {made}
    opened.call("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=7)
    opened.clock.advance(8 * 86_400)
    assert opened.call("ListRetirableGrants", RetiringPrincipal=ROOT)["Grants"] == []
    assert opened.scratch.query("SELECT count(*) FROM grants") == [(0,)]
