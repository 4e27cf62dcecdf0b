"""GetKeyPolicy, PutKeyPolicy, ListKeyPolicies."""

import json

import pytest

from kmscore import errors
from opened_store import OpenedStore
from operations.policy_texts import policy

USER = "arn:aws:iam::123456789012:user/u"
FOR_USER = policy({"Principal": {"AWS": USER}, "Action": "kms:Encrypt"})


@pytest.fixture
def key_id(opened: OpenedStore) -> str:
    return opened.new_key()


def can_encrypt(opened: OpenedStore, key_id: str) -> bool:
    return opened.may(USER, "Encrypt", KeyId=key_id, Plaintext=b"x")


def test_policy_is_replaced_and_decides_at_once(opened: OpenedStore, key_id: str) -> None:
    before = opened.call("GetKeyPolicy", KeyId=key_id)["Policy"]
    assert not can_encrypt(opened, key_id)
    assert opened.call("PutKeyPolicy", KeyId=key_id, PolicyName="default", Policy=FOR_USER) == {}
    assert opened.call("GetKeyPolicy", KeyId=key_id) == {"Policy": FOR_USER, "PolicyName": "default"}
    assert can_encrypt(opened, key_id)
    opened.call("PutKeyPolicy", KeyId=key_id, Policy=before)
    assert not can_encrypt(opened, key_id)


def test_same_policy_again_raises_no_state(opened: OpenedStore, key_id: str) -> None:
    opened.call("PutKeyPolicy", KeyId=key_id, Policy=FOR_USER)
    before = opened.state()
    opened.call("PutKeyPolicy", KeyId=key_id, Policy=FOR_USER)
    assert opened.state() == before


@pytest.mark.parametrize(
    ("document", "error", "text"),
    [
        ("{", errors.MalformedPolicyDocumentException, None),
        ("[]", errors.MalformedPolicyDocumentException, None),
        ('{"Statement": 5}', errors.MalformedPolicyDocumentException, None),
        (
            policy({"Principal": {"AWS": "AIDAEXAMPLEEXAMPLE00"}, "Action": "kms:*"}),
            errors.MalformedPolicyDocumentException,
            "Policy contains a statement with one or more invalid principals.",
        ),
        (FOR_USER + " " * 32_768, errors.LimitExceededException, None),
        ("\u0100", errors.ValidationException, "at 'policy' failed to satisfy constraint"),
        ("x" * 131_073, errors.ValidationException, "at 'policy' failed to satisfy constraint"),
    ],
    ids=["no JSON", "a list", "no statement", "deleted principal", "too long", "not Latin-1", "beyond the model"],
)
def test_policy_is_refused_and_the_old_one_stays(
    opened: OpenedStore, key_id: str, document: str, error: type[Exception], text: str | None
) -> None:
    before, state = opened.call("GetKeyPolicy", KeyId=key_id), opened.state()
    with pytest.raises(error, match=text):
        opened.call("PutKeyPolicy", KeyId=key_id, Policy=document)
    assert opened.call("GetKeyPolicy", KeyId=key_id) == before
    assert opened.state() == state


def locked_out() -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_policy_that_locks_its_author_out_is_refused_unless_asked_for(opened: OpenedStore, key_id: str) -> None:
    text = "The new key policy will not allow you to update the key policy in the future."
    with pytest.raises(errors.MalformedPolicyDocumentException, match=text):
        opened.call("PutKeyPolicy", KeyId=key_id, Policy=locked_out())
    opened.call("PutKeyPolicy", KeyId=key_id, Policy=locked_out(), BypassPolicyLockoutSafetyCheck=True)
    assert can_encrypt(opened, key_id)
    with pytest.raises(errors.AccessDeniedException):
        opened.call("PutKeyPolicy", KeyId=key_id, Policy=FOR_USER)


@pytest.mark.parametrize("operation", ["PutKeyPolicy", "GetKeyPolicy"])
def test_there_is_no_policy_of_another_name(opened: OpenedStore, key_id: str, operation: str) -> None:
    document = {"Policy": FOR_USER} if operation == "PutKeyPolicy" else {}
    with pytest.raises(errors.NotFoundException, match="No such policy exists"):
        opened.call(operation, KeyId=key_id, PolicyName="other", **document)


@pytest.mark.parametrize("change", ["DisableKey", "ScheduleKeyDeletion"])
def test_policy_is_replaced_in_every_state(opened: OpenedStore, key_id: str, change: str) -> None:
    opened.call(change, KeyId=key_id)
    opened.call("PutKeyPolicy", KeyId=key_id, Policy=FOR_USER)
    assert opened.call("GetKeyPolicy", KeyId=key_id)["Policy"] == FOR_USER
    assert opened.call("ListKeyPolicies", KeyId=key_id)["PolicyNames"] == ["default"]


def test_replacing_needs_permission(opened: OpenedStore, key_id: str) -> None:
    opened.call("PutKeyPolicy", KeyId=key_id, Policy=FOR_USER)
    with pytest.raises(errors.AccessDeniedException, match="not authorized to perform: kms:PutKeyPolicy"):
        opened.call_as(USER, "PutKeyPolicy", KeyId=key_id, Policy=FOR_USER)


def test_names_are_listed(opened: OpenedStore, key_id: str) -> None:
    expected = {"PolicyNames": ["default"], "Truncated": False}
    assert opened.call("ListKeyPolicies", KeyId=key_id) == expected
    assert opened.call("ListKeyPolicies", KeyId=key_id, Limit=1) == expected
    with pytest.raises(errors.InvalidMarkerException):
        opened.call("ListKeyPolicies", KeyId=key_id, Marker="made-up")


def test_policy_survives_reopening(opened: OpenedStore, key_id: str) -> None:
    opened.call("PutKeyPolicy", KeyId=key_id, Policy=FOR_USER)
    opened.reopen()
    assert can_encrypt(opened, key_id)
