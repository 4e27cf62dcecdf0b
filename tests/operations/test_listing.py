"""ListKeys and ListAliases page by page; markers are good for one operation, filter, account and Region only."""

from typing import Any

import pytest

from kmscore import errors
from kmscore.services import managed_aliases
from opened_store import OpenedStore


def pages(opened: OpenedStore, operation: str, member: str, **parameters: Any) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    more: dict[str, str] = {}
    while True:
        answer = opened.call(operation, **parameters, **more)
        found.append(answer[member])
        if not answer["Truncated"]:
            assert "NextMarker" not in answer
            return found
        more = {"Marker": answer["NextMarker"]}


def test_pages_of_keys_hold_every_key_once(opened: OpenedStore) -> None:
    made = {opened.new_key() for _ in range(5)}
    found = pages(opened, "ListKeys", "Keys", Limit=2)
    assert [len(page) for page in found] == [2, 2, 1]
    assert {key["KeyId"] for page in found for key in page} == made
    assert all(key["KeyArn"].endswith(f":key/{key['KeyId']}") for page in found for key in page)


def test_page_that_is_just_full_is_not_truncated(opened: OpenedStore) -> None:
    for _ in range(2):
        opened.new_key()
    assert opened.call("ListKeys", Limit=2)["Truncated"] is False


def test_default_page_of_keys_is_100(opened: OpenedStore) -> None:
    for _ in range(101):
        opened.new_key()
    answer = opened.call("ListKeys")
    assert (len(answer["Keys"]), answer["Truncated"]) == (100, True)


def test_shared_keys_are_none(opened: OpenedStore) -> None:
    opened.new_key()
    assert opened.call("ListKeys", ResourceOwners=["OTHER_ACCOUNTS_VIA_RAM"]) == {"Keys": [], "Truncated": False}


def test_aliases_are_paged_in_order_of_name(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    names = [f"alias/{letter}" for letter in "bcade"]
    for name in names:
        opened.call("CreateAlias", AliasName=name, TargetKeyId=key_id)
    found = pages(opened, "ListAliases", "Aliases", Limit=2)
    assert [alias["AliasName"] for page in found for alias in page] == sorted([*names, *managed_aliases()])


def test_aliases_are_filtered_by_key(opened: OpenedStore) -> None:
    one, other = opened.new_key(), opened.new_key()
    for name, key_id in (("alias/a", one), ("alias/b", other), ("alias/c", one)):
        opened.call("CreateAlias", AliasName=name, TargetKeyId=key_id)
    found = pages(opened, "ListAliases", "Aliases", KeyId=one, Limit=1)
    assert [alias["AliasName"] for page in found for alias in page] == ["alias/a", "alias/c"]


@pytest.mark.parametrize("marker", ["x", "not base64 at all", "AAAA", "A" * 80])
def test_made_up_marker_is_refused(opened: OpenedStore, marker: str) -> None:
    with pytest.raises(errors.InvalidMarkerException):
        opened.call("ListKeys", Marker=marker)


@pytest.mark.parametrize(
    "changed",
    [
        {"operation": "ListAliases"},
        {"ResourceOwners": ["SELF", "OTHER_ACCOUNTS_VIA_RAM"]},
        {"region": "eu-west-1"},
        {"account": "999999999999"},
    ],
)
def test_marker_of_another_listing_is_refused(opened: OpenedStore, changed: dict[str, Any]) -> None:
    for _ in range(2):
        opened.new_key()
    marker = opened.call("ListKeys", Limit=1)["NextMarker"]
    with pytest.raises(errors.InvalidMarkerException):
        opened.call(**{"operation": "ListKeys", "Limit": 1, "Marker": marker, **changed})


def test_marker_with_one_changed_character_is_refused(opened: OpenedStore) -> None:
    for _ in range(2):
        opened.new_key()
    marker = opened.call("ListKeys", Limit=1)["NextMarker"]
    for at in range(len(marker)):
        other = "B" if marker[at] != "B" else "C"
        with pytest.raises(errors.InvalidMarkerException):
            opened.call("ListKeys", Limit=1, Marker=marker[:at] + other + marker[at + 1 :])


def test_marker_is_good_after_its_key_is_gone(opened: OpenedStore) -> None:
    keys = sorted(opened.new_key() for _ in range(3))
    marker = opened.call("ListKeys", Limit=1)["NextMarker"]
    opened.call("ScheduleKeyDeletion", KeyId=keys[0], PendingWindowInDays=7)
    opened.clock.advance(8 * 86_400)
    assert [key["KeyId"] for key in opened.call("ListKeys", Marker=marker)["Keys"]] == keys[1:]
