"""RetireGrant and RevokeGrant: who may, how a grant is named, in which states."""

from typing import Any

import pytest

from kmscore import errors
from kmscore.identity import create_administrator
from kmscore.store import schema
from kmscore.store.rows import Row
from kmscore.store.transaction import Transaction
from opened_store import OpenedStore
from operations.grant_calls import (
    ACCOUNT,
    FOREIGN_ROOT,
    FOREIGNER,
    OTHER_ACCOUNT,
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
)
from operations.policy_texts import policy

NO_GRANT = "0" * 64
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:user/ada"
FOREIGN_ADMINISTRATOR = f"arn:aws:iam::{OTHER_ACCOUNT}:user/ada"


@pytest.fixture
def arn(opened: OpenedStore) -> str:
    found: str = opened.call("CreateKey")["KeyMetadata"]["Arn"]
    return found


@pytest.mark.parametrize("name_it", ["token", "id"])
def test_retired_grant_is_gone_at_once(opened: OpenedStore, arn: str, name_it: str) -> None:
    made = grant(opened, arn)
    assert opened.may(USER, "Encrypt", KeyId=arn, Plaintext=b"x")
    named = {"GrantToken": made["GrantToken"]} if name_it == "token" else {"KeyId": arn, "GrantId": made["GrantId"]}
    assert opened.call("RetireGrant", **named) == {}
    assert not opened.may(USER, "Encrypt", KeyId=arn, Plaintext=b"x")
    assert grants(opened, arn) == []


def test_revoked_grant_is_gone_at_once(opened: OpenedStore, arn: str) -> None:
    made = grant(opened, arn)
    assert opened.call("RevokeGrant", KeyId=arn, GrantId=made["GrantId"]) == {}
    assert not opened.may(USER, "Encrypt", KeyId=arn, Plaintext=b"x")
    assert grants(opened, arn) == []


def test_child_grant_outlives_its_parent(opened: OpenedStore, arn: str) -> None:
    parent = grant(opened, arn, Operations=["Encrypt", "CreateGrant"])
    opened.call_as(USER, "CreateGrant", KeyId=arn, GranteePrincipal=STRANGER, Operations=["Encrypt"])
    opened.call("RevokeGrant", KeyId=arn, GrantId=parent["GrantId"])
    assert opened.may(STRANGER, "Encrypt", KeyId=arn, Plaintext=b"x")


WITH_RETIRE = ["Encrypt", "RetireGrant"]
WHO: list[tuple[dict[str, Any], str, bool]] = [
    ({"RetiringPrincipal": RETIRING}, RETIRING, True),
    ({"RetiringPrincipal": RETIRING}, USER, False),
    ({"RetiringPrincipal": RETIRING}, STRANGER, False),
    ({"RetiringPrincipal": RETIRING}, ROOT, True),
    ({"RetiringPrincipal": RETIRING}, FOREIGN_ROOT, False),
    ({}, USER, False),
    ({}, ROOT, True),
    ({"Operations": WITH_RETIRE}, USER, True),
    ({"Operations": WITH_RETIRE}, STRANGER, False),
    ({"RetiringPrincipal": ROLE}, SESSION, True),
    ({"RetiringPrincipal": SESSION}, SESSION, True),
    ({"RetiringPrincipal": SESSION}, f"{SESSION}-2", False),
    ({"GranteePrincipal": ROLE, "Operations": WITH_RETIRE}, SESSION, True),
    ({"RetiringPrincipal": FOREIGNER}, FOREIGNER, True),
    ({"RetiringPrincipal": FOREIGN_ROOT}, FOREIGN_ROOT, True),
    ({"RetiringPrincipal": FOREIGN_ROOT}, FOREIGNER, False),
    ({"RetiringPrincipal": FOREIGN_ROOT}, FOREIGN_ADMINISTRATOR, True),
    ({"RetiringPrincipal": FOREIGNER}, FOREIGN_ROOT, False),
    ({"RetiringServicePrincipal": SERVICE}, SERVICE, True),
    ({"RetiringPrincipal": RETIRING}, ADMINISTRATOR, True),
    ({"RetiringPrincipal": RETIRING}, FOREIGN_ADMINISTRATOR, False),
    ({"Constraints": {"EncryptionContextEquals": {"a": "b"}}, "Operations": WITH_RETIRE}, USER, True),
]


@pytest.mark.parametrize(("parameters", "who", "expected"), WHO)
def test_grant_says_who_may_retire_it(
    opened: OpenedStore, arn: str, parameters: dict[str, Any], who: str, expected: bool
) -> None:
    for account in (ACCOUNT, OTHER_ACCOUNT):
        create_administrator(opened.embedded.store, account, "ada")
    made = grant(opened, arn, **parameters)
    assert opened.may(who, "RetireGrant", KeyId=arn, GrantId=made["GrantId"]) is expected
    assert len(grants(opened, arn)) == (0 if expected else 1)


def test_account_that_issued_a_grant_on_a_foreign_key_may_retire_it(opened: OpenedStore) -> None:
    create_administrator(opened.embedded.store, OTHER_ACCOUNT, "ada")
    document = policy({"Principal": {"AWS": FOREIGN_ROOT}, "Action": "kms:CreateGrant"})
    arn = opened.call("CreateKey", Policy=document)["KeyMetadata"]["Arn"]

    def issue() -> dict[str, Any]:
        return opened.call_as(FOREIGN_ROOT, "CreateGrant", KeyId=arn, GranteePrincipal=USER, Operations=["Encrypt"])

    issued = issue()
    assert grants(opened, arn)[0]["IssuingAccount"] == FOREIGN_ROOT
    assert opened.may(FOREIGN_ADMINISTRATOR, "RetireGrant", GrantToken=issued["GrantToken"])
    # The account of the key did not issue it: it can revoke it.
    issued = issue()
    assert not opened.may(ROOT, "RetireGrant", KeyId=arn, GrantId=issued["GrantId"])
    assert opened.may(ROOT, "RevokeGrant", KeyId=arn, GrantId=issued["GrantId"])


def test_session_of_a_role_with_a_path_is_the_role(opened: OpenedStore, arn: str) -> None:
    role: Row = {"account": ACCOUNT, "kind": "role", "name": "app", "unique_id": "AROAEXAMPLE", "path": "/team/"}

    def make_role(transaction: Transaction) -> None:
        transaction.insert(schema.accounts, {"account": ACCOUNT, "created": transaction.now, "organization": None})
        transaction.insert(schema.principals, {**role, "tags": "{}", "created": transaction.now})
        transaction.changed_identity(ACCOUNT)

    opened.embedded.store.change_by_service(make_role, lambda _result, _state: None)
    with_path = f"arn:aws:iam::{ACCOUNT}:role/team/app"
    made = grant(opened, arn, GranteePrincipal=with_path, Operations=["CreateGrant", *WITH_RETIRE])
    child = {"KeyId": arn, "GranteePrincipal": STRANGER, "Operations": ["Encrypt"]}
    assert opened.may(SESSION, "CreateGrant", **child)
    assert opened.may(SESSION, "RetireGrant", GrantToken=made["GrantToken"])


def test_key_policy_lets_nobody_retire(opened: OpenedStore) -> None:
    document = policy({"Principal": {"AWS": STRANGER}, "Action": "kms:RetireGrant"})
    arn = opened.call("CreateKey", Policy=document)["KeyMetadata"]["Arn"]
    made = grant(opened, arn)
    text = f"User: {STRANGER} is not authorized to perform: kms:RetireGrant on resource: {arn}"
    with pytest.raises(errors.AccessDeniedException, match=text):
        opened.call_as(STRANGER, "RetireGrant", KeyId=arn, GrantId=made["GrantId"])


def test_revoking_goes_by_the_key_policy_alone(opened: OpenedStore) -> None:
    document = policy({"Principal": {"AWS": STRANGER}, "Action": "kms:RevokeGrant"})
    arn = opened.call("CreateKey", Policy=document)["KeyMetadata"]["Arn"]
    made = grant(opened, arn, Operations=WITH_RETIRE, RetiringPrincipal=RETIRING)
    for who in (USER, RETIRING):
        assert not opened.may(who, "RevokeGrant", KeyId=arn, GrantId=made["GrantId"])
    assert opened.may(STRANGER, "RevokeGrant", KeyId=arn, GrantId=made["GrantId"])


@pytest.mark.parametrize("change", ["DisableKey", "ScheduleKeyDeletion"])
def test_grants_end_in_every_state_of_the_key(opened: OpenedStore, arn: str, change: str) -> None:
    one, other, third = grant(opened, arn), grant(opened, arn), grant(opened, arn)
    opened.call(change, KeyId=arn)
    opened.call("RetireGrant", GrantToken=one["GrantToken"])
    opened.call("RetireGrant", KeyId=arn, GrantId=other["GrantId"])
    opened.call("RevokeGrant", KeyId=arn, GrantId=third["GrantId"])
    assert grants(opened, arn) == []


@pytest.mark.parametrize("operation", ["RetireGrant", "RevokeGrant"])
@pytest.mark.parametrize(
    ("grant_id", "error", "text"),
    [
        (NO_GRANT, errors.NotFoundException, f"Grant ID {NO_GRANT} not found"),
        ("0" * 63, errors.InvalidGrantIdException, "Invalid grant ID"),
        ("G" * 64, errors.InvalidGrantIdException, "Invalid grant ID"),
        (f"{NO_GRANT}\n", errors.InvalidGrantIdException, "Invalid grant ID"),
        ("0" * 129, errors.ValidationException, "grantId"),
    ],
)
def test_grant_id_is_refused(
    opened: OpenedStore, arn: str, operation: str, grant_id: str, error: type[Exception], text: str
) -> None:
    grant(opened, arn)
    with pytest.raises(error, match=text):
        opened.call(operation, KeyId=arn, GrantId=grant_id)
    assert len(grants(opened, arn)) == 1


@pytest.mark.parametrize("operation", ["RetireGrant", "RevokeGrant"])
def test_grant_of_another_key_is_not_found(opened: OpenedStore, arn: str, operation: str) -> None:
    made = grant(opened, arn)
    with pytest.raises(errors.NotFoundException, match="not found"):
        opened.call(operation, KeyId=opened.new_key(), GrantId=made["GrantId"])
    assert len(grants(opened, arn)) == 1


@pytest.mark.parametrize("members", [set(), {"KeyId"}, {"GrantId"}, {"GrantToken", "KeyId"}, {"GrantToken", "GrantId"}])
def test_grant_to_retire_is_named_by_token_or_by_key_and_id(opened: OpenedStore, arn: str, members: set[str]) -> None:
    named = {"KeyId": arn, **grant(opened, arn)}
    with pytest.raises(errors.ValidationException, match="either GrantToken, or both KeyId and GrantId"):
        opened.call("RetireGrant", **{member: named[member] for member in members})
    assert len(grants(opened, arn)) == 1


def test_token_is_good_for_its_grant_while_it_is_there(opened: OpenedStore, arn: str) -> None:
    made = grant(opened, arn)
    token = made["GrantToken"]
    for wrong in ("made-up", token[1:], token[:-1] + ("A" if token[-1] != "A" else "B")):
        with pytest.raises(errors.InvalidGrantTokenException, match="The grant token is not valid"):
            opened.call("RetireGrant", GrantToken=wrong)
    with pytest.raises(errors.InvalidGrantTokenException):
        opened.call("RetireGrant", region="eu-west-1", GrantToken=token)
    opened.call("RetireGrant", GrantToken=token)
    with pytest.raises(errors.InvalidGrantTokenException):
        opened.call("RetireGrant", GrantToken=token)


def test_every_token_of_a_grant_retires_it(opened: OpenedStore, arn: str) -> None:
    tokens = [grant(opened, arn, Name="n")["GrantToken"] for _ in range(2)]
    opened.call("RetireGrant", GrantToken=tokens[0])
    assert grants(opened, arn) == []


@pytest.mark.parametrize("operation", ["RetireGrant", "RevokeGrant"])
def test_dry_run_checks_everything_and_ends_nothing(opened: OpenedStore, arn: str, operation: str) -> None:
    made = grant(opened, arn)
    before = opened.state()
    named = {"KeyId": arn, "GrantId": made["GrantId"], "DryRun": True}
    with pytest.raises(errors.DryRunOperationException, match="The request would have succeeded"):
        opened.call(operation, **named)
    with pytest.raises(errors.AccessDeniedException):
        opened.call_as(STRANGER, operation, **named)
    with pytest.raises(errors.NotFoundException):
        opened.call(operation, **{**named, "GrantId": NO_GRANT})
    assert opened.state() == before
    assert len(grants(opened, arn)) == 1


def test_service_s_grant_is_retired_by_whom_it_names(opened: OpenedStore, arn: str) -> None:
    made = grant(
        opened,
        arn,
        GranteeServicePrincipal=SERVICE,
        RetiringPrincipal=RETIRING,
        Constraints={"SourceArn": SOURCE},
        Operations=WITH_RETIRE,
    )
    assert not opened.may(STRANGER, "RetireGrant", GrantToken=made["GrantToken"])
    assert opened.may(RETIRING, "RetireGrant", GrantToken=made["GrantToken"])
