"""CreateAlias, UpdateAlias, DeleteAlias, ListAliases."""

from typing import Any

import pytest

from kmscore import errors
from opened_store import OpenedStore
from operations.policy_texts import policy


@pytest.fixture
def key_id(opened: OpenedStore) -> str:
    return opened.new_key()


def own_aliases(opened: OpenedStore) -> list[dict[str, Any]]:
    """The aliases that stand for keys: AWS's own are listed before they do."""
    return [alias for alias in opened.call("ListAliases")["Aliases"] if "TargetKeyId" in alias]


def test_alias_stands_for_its_key(opened: OpenedStore, key_id: str) -> None:
    opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=key_id)
    assert opened.metadata("alias/app")["KeyId"] == key_id
    [alias] = own_aliases(opened)
    assert alias["AliasArn"] == "arn:aws:kms:us-east-1:123456789012:alias/app"
    assert alias["TargetKeyId"] == key_id
    assert alias["CreationDate"] == alias["LastUpdatedDate"]


def test_alias_exists_once(opened: OpenedStore, key_id: str) -> None:
    opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=key_id)
    text = "An alias with the name arn:aws:kms:us-east-1:123456789012:alias/app already exists"
    with pytest.raises(errors.AlreadyExistsException, match=text):
        opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=opened.new_key())


def test_same_name_in_another_region_and_account(opened: OpenedStore, key_id: str) -> None:
    opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=key_id)
    for place in ({"region": "eu-west-1"}, {"account": "999999999999"}):
        other = opened.call("CreateKey", **place)["KeyMetadata"]["KeyId"]
        opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=other, **place)
        assert opened.metadata("alias/app", **place)["KeyId"] == other
    assert opened.metadata("alias/app")["KeyId"] == key_id


def test_absent_alias_after_a_miss_is_found_once_made(opened: OpenedStore, key_id: str) -> None:
    with pytest.raises(errors.NotFoundException, match="alias/late is not found"):
        opened.metadata("alias/late")
    opened.call("CreateAlias", AliasName="alias/late", TargetKeyId=key_id)
    assert opened.metadata("alias/late")["KeyId"] == key_id


def test_alias_moves(opened: OpenedStore, key_id: str) -> None:
    opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=key_id)
    opened.clock.advance(10)
    other = opened.new_key()
    opened.call("UpdateAlias", AliasName="alias/app", TargetKeyId=other)
    assert opened.metadata("alias/app")["KeyId"] == other
    [alias] = own_aliases(opened)
    assert alias["CreationDate"] < alias["LastUpdatedDate"]


def test_deleted_alias_is_not_found(opened: OpenedStore, key_id: str) -> None:
    opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=key_id)
    opened.call("DeleteAlias", AliasName="alias/app")
    assert own_aliases(opened) == []
    for operation in ("DeleteAlias", "DescribeKey"):
        member = "AliasName" if operation == "DeleteAlias" else "KeyId"
        with pytest.raises(errors.NotFoundException, match="alias/app is not found"):
            opened.call(operation, **{member: "alias/app"})
    assert opened.metadata(key_id)["KeyState"] == "Enabled"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("app", errors.ValidationException),
        ("alias/", errors.InvalidAliasNameException),
        ("alias/aws/mine", errors.ValidationException),
        ("alias/white space", errors.ValidationException),
    ],
)
def test_alias_name_is_refused(opened: OpenedStore, key_id: str, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        opened.call("CreateAlias", AliasName=name, TargetKeyId=key_id)


def test_key_has_at_most_50_aliases(opened: OpenedStore, key_id: str) -> None:
    for number in range(50):
        opened.call("CreateAlias", AliasName=f"alias/{number}", TargetKeyId=key_id)
    with pytest.raises(errors.LimitExceededException):
        opened.call("CreateAlias", AliasName="alias/50", TargetKeyId=key_id)
    opened.call("UpdateAlias", AliasName="alias/0", TargetKeyId=key_id)
    opened.call("CreateAlias", AliasName="alias/50", TargetKeyId=opened.new_key())
    with pytest.raises(errors.LimitExceededException):
        opened.call("UpdateAlias", AliasName="alias/50", TargetKeyId=key_id)


def test_alias_leaves_a_key_pending_deletion_and_enters_none(opened: OpenedStore, key_id: str) -> None:
    other = opened.new_key()
    opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=key_id)
    opened.call("ScheduleKeyDeletion", KeyId=key_id)
    opened.call("UpdateAlias", AliasName="alias/app", TargetKeyId=other)
    with pytest.raises(errors.KMSInvalidStateException, match="is pending deletion"):
        opened.call("UpdateAlias", AliasName="alias/app", TargetKeyId=key_id)


def test_alias_stays_with_one_kind_of_key(opened: OpenedStore, key_id: str) -> None:
    other = opened.new_key()
    store = opened.embedded.store

    def make_hmac(transaction: object) -> None:
        from kmscore.store import schema
        from kmscore.store.transaction import Transaction

        assert isinstance(transaction, Transaction)
        key = transaction.row(schema.keys, region="us-east-1", key_id=other)
        assert key is not None
        transaction.update(schema.keys, key, spec="HMAC_256", usage="GENERATE_VERIFY_MAC")
        transaction.changed_key("us-east-1", other)

    store.change_by_service(make_hmac, lambda _result, _state: None)
    opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=key_id)
    with pytest.raises(errors.ValidationException, match="from a symmetric ENCRYPT_DECRYPT key to a HMAC"):
        opened.call("UpdateAlias", AliasName="alias/app", TargetKeyId=other)


def test_alias_stands_for_no_key_of_another_account(opened: OpenedStore) -> None:
    foreign = opened.call("CreateKey", account="999999999999")["KeyMetadata"]["Arn"]
    with pytest.raises((errors.NotFoundException, errors.AccessDeniedException)):
        opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=foreign)


def test_policy_on_aliases_follows_each_change_of_them(opened: OpenedStore) -> None:
    user = "arn:aws:iam::123456789012:user/u"
    condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/app"}}
    document = policy({"Principal": {"AWS": user}, "Action": "kms:Encrypt", "Condition": condition})
    one, other = (opened.new_key(Policy=document) for _ in range(2))

    def usable() -> list[bool]:
        return [opened.may(user, "Encrypt", KeyId=key_id, Plaintext=b"x") for key_id in (one, other)]

    assert usable() == [False, False]
    opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=one)
    assert usable() == [True, False]
    opened.call("UpdateAlias", AliasName="alias/app", TargetKeyId=other)
    assert usable() == [False, True]
    opened.call("DeleteAlias", AliasName="alias/app")
    assert usable() == [False, False]
