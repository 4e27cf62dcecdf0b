"""CreateKey to CancelKeyDeletion: members, texts, states."""

import datetime as dt
import json
import re
from typing import Any

import pytest

from kmscore import _core, errors
from kmscore.config import DEFAULT_ACCOUNT
from opened_store import DAY, OpenedStore

MEMBERS_OF_EVERY_KEY = {
    "AWSAccountId",
    "KeyId",
    "Arn",
    "CreationDate",
    "Enabled",
    "Description",
    "KeyUsage",
    "KeyState",
    "Origin",
    "KeyManager",
    "CustomerMasterKeySpec",
    "KeySpec",
    "EncryptionAlgorithms",
    "MultiRegion",
    "CurrentKeyMaterialId",
}


def timestamp(value: Any) -> float:
    return value.timestamp() if isinstance(value, dt.datetime) else float(value)


def test_create_key_tells_the_members_that_apply(opened: OpenedStore) -> None:
    metadata = opened.call("CreateKey", Description="app")["KeyMetadata"]
    assert set(metadata) == MEMBERS_OF_EVERY_KEY
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["KeyId"])
    assert metadata["Arn"] == f"arn:aws:kms:us-east-1:{DEFAULT_ACCOUNT}:key/{metadata['KeyId']}"
    assert re.fullmatch("[0-9a-f]{64}", metadata["CurrentKeyMaterialId"])
    assert abs(timestamp(metadata["CreationDate"]) - opened.clock.now()) < 60
    expected = {
        "AWSAccountId": DEFAULT_ACCOUNT,
        "Enabled": True,
        "Description": "app",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }
    assert {name: metadata[name] for name in expected} == expected


def test_describe_key_tells_what_create_key_told(opened: OpenedStore) -> None:
    metadata = opened.call("CreateKey")["KeyMetadata"]
    assert opened.metadata(metadata["KeyId"]) == metadata
    assert opened.metadata(metadata["Arn"]) == metadata
    assert metadata["Description"] == ""


def test_multi_region_primary_key(opened: OpenedStore) -> None:
    metadata = opened.call("CreateKey", MultiRegion=True)["KeyMetadata"]
    assert re.fullmatch("mrk-[0-9a-f]{32}", metadata["KeyId"])
    assert metadata["MultiRegion"] is True
    assert metadata["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "PRIMARY",
        "PrimaryKey": {"Arn": metadata["Arn"], "Region": "us-east-1"},
        "ReplicaKeys": [],
    }


@pytest.mark.parametrize(
    ("parameters", "error", "text"),
    [
        (
            {"KeySpec": "RSA_2048"},
            errors.ValidationException,
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
        ),
        (
            {"KeySpec": "RSA_2048", "KeyUsage": "KEY_AGREEMENT"},
            errors.ValidationException,
            "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048",
        ),
        (
            {"KeyUsage": "SIGN_VERIFY"},
            errors.ValidationException,
            "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT",
        ),
        (
            {"KeySpec": "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"},
            errors.ValidationException,
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request.",
        ),
        (
            {"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"},
            errors.UnsupportedOperationException,
            "KeySpec SM2 is supported in China Regions only.",
        ),
        ({"CustomKeyStoreId": "cks-1234567890abcdef0"}, errors.ValidationException, "CustomKeyStoreId"),
        ({"XksKeyId": "outside"}, errors.ValidationException, "XksKeyId"),
        ({"Policy": '{"Statement": []}'}, errors.MalformedPolicyDocumentException, "at least one Statement"),
        ({"Policy": "{"}, errors.MalformedPolicyDocumentException, "Syntax errors in policy"),
    ],
)
def test_create_key_refuses(opened: OpenedStore, parameters: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as refused:
        opened.call("CreateKey", **parameters)
    assert text in str(refused.value)
    assert opened.call("ListKeys")["Keys"] == []


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["a", "a"], "Duplicate tag keys"),
        ([f"tag-{number}" for number in range(51)], "Too many tags"),
        (["aWs:mine"], "Tags beginning with aws: are reserved"),
    ],
)
def test_create_key_refuses_tags(opened: OpenedStore, names: list[str], text: str) -> None:
    tags = [{"TagKey": name, "TagValue": "x"} for name in names]
    with pytest.raises(errors.TagException, match=text):
        opened.call("CreateKey", Tags=tags)


def test_create_key_stores_tags(opened: OpenedStore) -> None:
    key_id = opened.new_key(Tags=[{"TagKey": "stage", "TagValue": "test"}])
    stored = opened.scratch.query("SELECT tag_key, tag_value FROM tags WHERE key_id = ?", key_id)
    assert stored == [("stage", "test")]


def test_key_policy_is_the_default_one(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    answer = opened.call("GetKeyPolicy", KeyId=key_id)
    assert answer["PolicyName"] == "default"
    assert answer["Policy"] == _core.default_key_policy(DEFAULT_ACCOUNT, "us-east-1")
    assert opened.call("GetKeyPolicy", KeyId=key_id, PolicyName="default") == answer


def test_default_policy_may_be_given(opened: OpenedStore) -> None:
    policy = json.dumps(json.loads(_core.default_key_policy(DEFAULT_ACCOUNT, "us-east-1")))
    assert opened.call("GetKeyPolicy", KeyId=opened.new_key(Policy=policy))["Policy"] == policy


def test_policy_of_another_name_is_not_found(opened: OpenedStore) -> None:
    with pytest.raises(errors.NotFoundException, match="No such policy exists"):
        opened.call("GetKeyPolicy", KeyId=opened.new_key(), PolicyName="other")


def test_description_is_replaced(opened: OpenedStore) -> None:
    key_id = opened.new_key(Description="old")
    opened.call("UpdateKeyDescription", KeyId=key_id, Description="")
    assert opened.metadata(key_id)["Description"] == ""


def test_disabled_key_is_enabled_again(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.call("DisableKey", KeyId=key_id)
    metadata = opened.metadata(key_id)
    assert (metadata["KeyState"], metadata["Enabled"]) == ("Disabled", False)
    opened.call("EnableKey", KeyId=key_id)
    assert opened.metadata(key_id)["Enabled"] is True


@pytest.mark.parametrize("operation", ["EnableKey", "DisableKey"])
def test_what_changes_nothing_raises_no_state_and_is_recorded(opened: OpenedStore, operation: str) -> None:
    key_id = opened.new_key()
    opened.call(operation, KeyId=key_id)
    before = opened.state()
    opened.call(operation, KeyId=key_id)
    assert opened.state() == before
    records = [record["op"] for record in opened.scratch.audit_records()]
    assert records.count(operation) == 2


def test_deletion_is_scheduled_and_cancelled(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    arn = opened.metadata(key_id)["Arn"]
    answer = opened.call("ScheduleKeyDeletion", KeyId=key_id)
    assert answer["KeyId"] == arn
    assert (answer["KeyState"], answer["PendingWindowInDays"]) == ("PendingDeletion", 30)
    assert abs(timestamp(answer["DeletionDate"]) - opened.clock.now() - 30 * DAY) < 60
    metadata = opened.metadata(key_id)
    assert metadata["DeletionDate"] == answer["DeletionDate"]
    assert (metadata["KeyState"], metadata["Enabled"]) == ("PendingDeletion", False)
    assert opened.call("CancelKeyDeletion", KeyId=key_id)["KeyId"] == arn
    metadata = opened.metadata(key_id)
    assert metadata["KeyState"] == "Disabled"
    assert "DeletionDate" not in metadata


@pytest.mark.parametrize("days", [6, 31])
def test_waiting_period_is_7_to_30_days(opened: OpenedStore, days: int) -> None:
    text = f"PendingWindowInDays must be between 7 and 30, but it is {days}."
    with pytest.raises(errors.ValidationException, match=text):
        opened.call("ScheduleKeyDeletion", KeyId=opened.new_key(), PendingWindowInDays=days)


def test_waiting_period_cannot_be_moved(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.call("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=7)
    with pytest.raises(errors.KMSInvalidStateException, match="is pending deletion"):
        opened.call("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=8)


def test_cancelling_needs_a_pending_deletion(opened: OpenedStore) -> None:
    with pytest.raises(errors.KMSInvalidStateException, match="is not pending deletion"):
        opened.call("CancelKeyDeletion", KeyId=opened.new_key())


@pytest.mark.parametrize("operation", ["DescribeKey", "CancelKeyDeletion", "GetKeyPolicy"])
def test_key_past_its_deletion_date_is_not_found(opened: OpenedStore, operation: str) -> None:
    key_id = opened.new_key()
    arn = opened.metadata(key_id)["Arn"]
    opened.call("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=7)
    opened.clock.advance(7 * DAY + 1)
    with pytest.raises(errors.NotFoundException, match=f"Key '{arn}' does not exist"):
        opened.call(operation, KeyId=key_id)
    assert opened.call("ListKeys")["Keys"] == []


def test_clock_set_back_revives_nothing(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.call("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=7)
    opened.clock.advance(8 * DAY)
    opened.new_key()
    opened.clock.advance(-8 * DAY)
    opened.reopen()
    with pytest.raises(errors.NotFoundException):
        opened.call("CancelKeyDeletion", KeyId=key_id)


def test_keys_of_other_accounts_and_regions_are_not_listed(opened: OpenedStore) -> None:
    own = opened.new_key()
    opened.call("CreateKey", account="999999999999")
    opened.call("CreateKey", region="eu-west-1")
    assert [key["KeyId"] for key in opened.call("ListKeys")["Keys"]] == [own]


def test_key_id_belongs_to_one_account(opened: OpenedStore) -> None:
    key_id = opened.new_key(MultiRegion=True)
    with pytest.raises(Exception, match="UNIQUE constraint failed: key_owners.key_id"):
        opened.scratch.execute("INSERT INTO key_owners VALUES (?, '999999999999')", key_id)
