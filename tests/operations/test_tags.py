"""TagResource, UntagResource, ListResourceTags, and the tags of CreateKey."""

from typing import Any

import pytest

from kmscore import errors
from opened_store import OpenedStore
from operations.policy_texts import policy

RESERVED = ["aws:x", "AWS:x", "Aws:x", "aWs:"]


@pytest.fixture
def key_id(opened: OpenedStore) -> str:
    return opened.new_key(Tags=tags(a="1"))


def tags(**pairs: str) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in pairs.items()]


CHANGES: dict[str, dict[str, Any]] = {"TagResource": {"Tags": tags(b="2")}, "UntagResource": {"TagKeys": ["a"]}}


def tags_of(opened: OpenedStore, key_id: str) -> dict[str, str]:
    return {tag["TagKey"]: tag["TagValue"] for tag in opened.call("ListResourceTags", KeyId=key_id)["Tags"]}


def test_tags_are_set_and_replaced_and_the_others_stay(opened: OpenedStore, key_id: str) -> None:
    opened.call("TagResource", KeyId=key_id, Tags=tags(b="", c="3"))
    assert opened.call("TagResource", KeyId=key_id, Tags=tags(c="4")) == {}
    assert tags_of(opened, key_id) == {"a": "1", "b": "", "c": "4"}


def test_tags_are_removed_and_absent_ones_are_no_error(opened: OpenedStore, key_id: str) -> None:
    opened.call("TagResource", KeyId=key_id, Tags=tags(b="2", c="3"))
    assert opened.call("UntagResource", KeyId=key_id, TagKeys=["a", "b", "none", "a"]) == {}
    assert tags_of(opened, key_id) == {"c": "3"}


def test_tag_keys_tell_letter_case_apart(opened: OpenedStore, key_id: str) -> None:
    opened.call("TagResource", KeyId=key_id, Tags=tags(A="2"))
    assert tags_of(opened, key_id) == {"a": "1", "A": "2"}


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("operation", ["TagResource", "UntagResource", "CreateKey"])
def test_reserved_tags_are_refused_in_any_letter_case(
    opened: OpenedStore, key_id: str, operation: str, name: str
) -> None:
    requests: dict[str, dict[str, Any]] = {
        "TagResource": {"KeyId": key_id, "Tags": tags(**{name: "x"})},
        "UntagResource": {"KeyId": key_id, "TagKeys": [name]},
        "CreateKey": {"Tags": tags(**{name: "x"})},
    }
    before = opened.state()
    with pytest.raises(errors.TagException, match="Tags beginning with aws: are reserved"):
        opened.call(operation, **requests[operation])
    assert opened.state() == before


def test_a_tag_key_comes_once(opened: OpenedStore, key_id: str) -> None:
    with pytest.raises(errors.TagException, match="Duplicate tag keys"):
        opened.call("TagResource", KeyId=key_id, Tags=[*tags(b="1"), *tags(b="2")])
    assert tags_of(opened, key_id) == {"a": "1"}


def test_a_key_has_at_most_50_tags(opened: OpenedStore, key_id: str) -> None:
    opened.call("TagResource", KeyId=key_id, Tags=tags(**{f"t{number}": "x" for number in range(49)}))
    with pytest.raises(errors.TagException, match="Too many tags"):
        opened.call("TagResource", KeyId=key_id, Tags=tags(another="x", a="2"))
    assert tags_of(opened, key_id)["a"] == "1"
    opened.call("TagResource", KeyId=key_id, Tags=tags(a="2"))
    opened.call("UntagResource", KeyId=key_id, TagKeys=["a"])
    opened.call("TagResource", KeyId=key_id, Tags=tags(another="x"))
    assert len(tags_of(opened, key_id)) == 50


@pytest.mark.parametrize(
    ("request_tags", "place"),
    [
        ([{"TagKey": "", "TagValue": "x"}], "tags.1.member.tagKey"),
        ([{"TagKey": "k" * 129, "TagValue": "x"}], "tags.1.member.tagKey"),
        ([{"TagKey": "k", "TagValue": "v" * 257}], "tags.1.member.tagValue"),
    ],
)
def test_lengths_are_the_service_models(
    opened: OpenedStore, key_id: str, request_tags: list[dict[str, str]], place: str
) -> None:
    with pytest.raises(errors.ValidationException, match=place):
        opened.call("TagResource", KeyId=key_id, Tags=request_tags)


@pytest.mark.parametrize(
    ("operation", "request_of_nothing_new"),
    [("TagResource", {"Tags": tags(a="1")}), ("TagResource", {"Tags": []}), ("UntagResource", {"TagKeys": ["none"]})],
)
def test_what_changes_nothing_raises_no_state(
    opened: OpenedStore, key_id: str, operation: str, request_of_nothing_new: dict[str, Any]
) -> None:
    before = opened.state()
    opened.call(operation, KeyId=key_id, **request_of_nothing_new)
    assert opened.state() == before


def test_pages_hold_every_tag_once_in_order(opened: OpenedStore, key_id: str) -> None:
    opened.call("TagResource", KeyId=key_id, Tags=tags(e="5", b="2", d="4", c="3"))
    found: list[list[str]] = []
    more: dict[str, str] = {}
    while True:
        answer = opened.call("ListResourceTags", KeyId=key_id, Limit=2, **more)
        found.append([tag["TagKey"] for tag in answer["Tags"]])
        if not answer["Truncated"]:
            break
        more = {"Marker": answer["NextMarker"]}
    assert found == [["a", "b"], ["c", "d"], ["e"]]


def test_marker_is_good_for_its_key_and_operation_only(opened: OpenedStore, key_id: str) -> None:
    opened.call("TagResource", KeyId=key_id, Tags=tags(b="2"))
    marker = opened.call("ListResourceTags", KeyId=key_id, Limit=1)["NextMarker"]
    for operation, other in (("ListResourceTags", opened.new_key()), ("ListKeyPolicies", key_id)):
        with pytest.raises(errors.InvalidMarkerException):
            opened.call(operation, KeyId=other, Marker=marker)


def test_a_page_has_at_most_50_tags(opened: OpenedStore, key_id: str) -> None:
    with pytest.raises(errors.ValidationException, match="'51' at 'limit' .* less than or equal to 50"):
        opened.call("ListResourceTags", KeyId=key_id, Limit=51)


@pytest.mark.parametrize("operation", ["TagResource", "UntagResource"])
def test_key_pending_deletion_keeps_its_tags(opened: OpenedStore, key_id: str, operation: str) -> None:
    opened.call("ScheduleKeyDeletion", KeyId=key_id)
    with pytest.raises(errors.KMSInvalidStateException, match="is pending deletion"):
        opened.call(operation, KeyId=key_id, **CHANGES[operation])
    assert tags_of(opened, key_id) == {"a": "1"}


def test_disabled_key_is_tagged(opened: OpenedStore, key_id: str) -> None:
    opened.call("DisableKey", KeyId=key_id)
    opened.call("TagResource", KeyId=key_id, Tags=tags(b="2"))
    assert tags_of(opened, key_id) == {"a": "1", "b": "2"}


@pytest.mark.parametrize("operation", ["TagResource", "UntagResource", "ListResourceTags"])
def test_absent_key_is_not_found(opened: OpenedStore, operation: str) -> None:
    with pytest.raises(errors.NotFoundException, match="does not exist"):
        opened.call(operation, KeyId="1234abcd-12ab-34cd-56ef-1234567890ab", **CHANGES.get(operation, {}))


def test_policy_on_tags_follows_each_change_of_them(opened: OpenedStore) -> None:
    user = "arn:aws:iam::123456789012:user/u"
    condition = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    key_id = opened.new_key(
        Policy=policy({"Principal": {"AWS": user}, "Action": "kms:Encrypt", "Condition": condition})
    )

    def can_encrypt() -> bool:
        return opened.may(user, "Encrypt", KeyId=key_id, Plaintext=b"x")

    assert not can_encrypt()
    opened.call("TagResource", KeyId=key_id, Tags=tags(team="blue"))
    assert can_encrypt()
    opened.call("TagResource", KeyId=key_id, Tags=tags(team="red"))
    assert not can_encrypt()
    opened.call("TagResource", KeyId=key_id, Tags=tags(team="blue"))
    opened.call("UntagResource", KeyId=key_id, TagKeys=["team"])
    assert not can_encrypt()
