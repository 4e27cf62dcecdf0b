"""Users, roles, groups and accounts: what can be made, and what is refused."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from identity.conftest import ACCOUNT, OTHER, TRUST, Identities
from kmscore._core import StoreError
from kmscore.identity import Changes, Principal, accounts, groups, listing, principals


def described(identities: Identities, principal: Principal) -> dict[str, Any]:
    return identities.read(lambda view: listing.describe(view, principal))


def test_user_has_arn_path_unique_id_and_tags(identities: Identities) -> None:
    ana = identities.user("ana", path="/team/", tags={"team": "red"})
    found = described(identities, ana)
    assert found["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/ana"
    assert re.fullmatch("AIDA[A-Z2-7]{16}", found["Id"])
    assert (found["Path"], found["Tags"]) == ("/team/", {"team": "red"})
    assert (found["Policies"], found["Groups"], found["AccessKeys"]) == ([], [], [])


def test_role_has_a_trust_policy(identities: Identities) -> None:
    found = described(identities, identities.role("app"))
    assert found["Id"].startswith("AROA")
    assert [policy["Purpose"] for policy in found["Policies"]] == ["trust"]


@pytest.mark.parametrize(
    ("kind", "options", "fault"),
    [
        ("role", {}, "a role needs a trust policy"),
        ("user", {"trust": TRUST}, "a user has no trust policy"),
        ("group", {"tags": {"a": "b"}}, "a group has no tags"),
        ("user", {"path": "team"}, "must begin and end with /"),
        ("user", {"path": "/a b/"}, "must begin and end with /"),
        ("user", {"path": "/" + "a" * 511 + "/"}, "must begin and end with /"),
        ("user", {"tags": {"aws:team": "red"}}, "keys that begin with aws: are AWS's"),
        ("user", {"tags": {"AWS:team": "red"}}, "keys that begin with aws: are AWS's"),
        ("user", {"tags": {"Team": "red", "team": "blue"}}, "upper and lower case count the same"),
        ("user", {"tags": {"": "red"}}, "must have a key of 1 to 128 characters"),
        ("user", {"tags": {"team": "r" * 257}}, "a value of at most 256"),
        ("user", {"tags": {"team": "red\n"}}, "letters, digits, spaces"),
        ("user", {"tags": {f"tag{n}": "" for n in range(51)}}, "51 tags are too many"),
        ("role", {"trust": "{}"}, "the trust policy is refused"),
        ("role", {"trust": "not JSON"}, "the trust policy is refused"),
    ],
)
def test_malformed_principal_is_refused(identities: Identities, kind: str, options: dict[str, Any], fault: str) -> None:
    state = identities.opened.state()
    with pytest.raises(StoreError, match=re.escape(fault)):
        identities.change(lambda changes: principals.create(changes, Principal(ACCOUNT, kind, "x"), **options))
    assert identities.opened.state() == state
    assert identities.opened.scratch.query("SELECT count(*) FROM principals") == [(0,)]


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a" * 65, "ä", "a\n", "*"])
def test_malformed_name_is_refused(name: str) -> None:
    with pytest.raises(StoreError, match="must be 1 to 64 letters, digits"):
        Principal(ACCOUNT, "user", name)


def test_names_are_unique_in_any_letter_case_and_whatever_the_path(identities: Identities) -> None:
    identities.user("ana")
    for name, path in (("ana", "/team/"), ("ANA", "/")):
        with pytest.raises(StoreError, match="has a user ana already"):
            identities.user(name, path=path)
    identities.role("ana")
    identities.group("ana")


def test_accounts_but_the_default_one_have_to_be_made(identities: Identities) -> None:
    with pytest.raises(StoreError, match=f"there is no account {OTHER}"):
        identities.user("ana", OTHER)
    identities.change(lambda changes: accounts.create(changes, OTHER, "o-abcdefghij"))
    identities.user("ana", OTHER)
    found = identities.read(lambda view: listing.describe_account(view, OTHER))
    assert (found["Organization"], found["Arn"]) == ("o-abcdefghij", f"arn:aws:iam::{OTHER}:root")
    with pytest.raises(StoreError, match="is there already"):
        identities.change(lambda changes: accounts.create(changes, OTHER))


def test_account_leaves_and_enters_organizations(identities: Identities) -> None:
    identities.change(lambda changes: accounts.create(changes, OTHER))
    identities.change(lambda changes: accounts.set_organization(changes, OTHER, "o-abcdefghij"))
    identities.change(lambda changes: accounts.set_organization(changes, OTHER, None))
    with pytest.raises(StoreError, match="is not o-"):
        identities.change(lambda changes: accounts.set_organization(changes, OTHER, "mine"))
    assert [name for name, _ in identities.events()] == ["CreateAccount", "SetOrganization", "SetOrganization"]


def test_account_with_keys_or_principals_is_not_deleted(identities: Identities) -> None:
    identities.change(lambda changes: accounts.create(changes, OTHER))
    ana = identities.user("ana", OTHER)
    with pytest.raises(StoreError, match="has users, roles or groups"):
        identities.change(lambda changes: accounts.delete(changes, OTHER))
    identities.change(lambda changes: principals.delete(changes, ana))
    identities.change(lambda changes: accounts.delete(changes, OTHER))
    assert identities.read(accounts.names) == []
    identities.change(lambda changes: accounts.create(changes, OTHER))
    identities.opened.call("CreateKey", account=OTHER)
    with pytest.raises(StoreError, match="has keys"):
        identities.change(lambda changes: accounts.delete(changes, OTHER))


def test_tags_are_added_replaced_and_removed(identities: Identities) -> None:
    ana = identities.user("ana", tags={"team": "red", "level": "1"})
    identities.change(lambda changes: principals.tag(changes, ana, {"Team": "blue"}))
    assert described(identities, ana)["Tags"] == {"level": "1", "Team": "blue"}
    identities.change(lambda changes: principals.untag(changes, ana, ["TEAM", "unknown"]))
    assert described(identities, ana)["Tags"] == {"level": "1"}


def test_user_enters_and_leaves_groups(identities: Identities) -> None:
    ana, readers = identities.user("ana"), identities.group("readers")
    for _ in range(2):
        identities.change(lambda changes: groups.add_member(changes, ACCOUNT, "readers", "ana"))
    assert described(identities, readers)["Members"] == ["ana"]
    assert described(identities, ana)["Groups"] == ["readers"]
    identities.change(lambda changes: groups.remove_member(changes, ACCOUNT, "readers", "ana"))
    with pytest.raises(StoreError, match="user ana is not in group readers"):
        identities.change(lambda changes: groups.remove_member(changes, ACCOUNT, "readers", "ana"))
    with pytest.raises(StoreError, match="there is no group writers"):
        identities.change(lambda changes: groups.add_member(changes, ACCOUNT, "writers", "ana"))


def test_deleted_principal_leaves_nothing(identities: Identities) -> None:
    from kmscore.identity import access_keys, policies

    ana = identities.user("ana")
    identities.group("readers")
    identities.change(lambda changes: groups.add_member(changes, ACCOUNT, "readers", "ana"))
    identities.change(lambda changes: policies.attach(changes, ana, "ReadOnlyAccess"))
    identities.change(lambda changes: access_keys.create(changes, ana))
    identities.change(lambda changes: principals.delete(changes, ana))
    for table in ("principal_policies", "group_members", "access_keys"):
        assert identities.opened.scratch.query(f"SELECT count(*) FROM {table}") == [(0,)], table
    identities.user("ana")
    assert described(identities, ana)["Groups"] == []


@pytest.mark.parametrize(
    "work",
    [
        principals.delete,
        lambda changes, nobody: principals.tag(changes, nobody, {"a": "b"}),
        lambda changes, nobody: principals.untag(changes, nobody, ["a"]),
    ],
)
def test_unknown_principal_is_named(identities: Identities, work: Callable[[Changes, Principal], None]) -> None:
    with pytest.raises(StoreError, match=f"there is no user nobody of account {ACCOUNT}"):
        identities.change(lambda changes: work(changes, Principal(ACCOUNT, "user", "nobody")))


def test_each_change_is_one_service_event_that_names_what_changed(identities: Identities) -> None:
    ana = identities.user("ana")
    identities.change(lambda changes: principals.tag(changes, ana, {"team": "red"}))
    arn = f"arn:aws:iam::{ACCOUNT}:user/ana"
    assert identities.events() == [("CreateUser", [arn]), ("TagUser", [arn, "team"])]


def test_what_changes_nothing_leaves_no_trace(identities: Identities) -> None:
    ana = identities.user("ana", tags={"team": "red"})
    state, events = identities.opened.state(), identities.events()
    identities.change(lambda changes: principals.tag(changes, ana, {"team": "red"}))
    identities.change(lambda changes: principals.untag(changes, ana, ["level"]))
    assert (identities.opened.state(), identities.events()) == (state, events)


def test_several_changes_are_all_or_nothing(identities: Identities) -> None:
    def both(changes: Changes) -> None:
        principals.create(changes, Principal(ACCOUNT, "user", "one"))
        principals.create(changes, Principal(ACCOUNT, "user", "one"))

    with pytest.raises(StoreError, match="already"):
        identities.change(both)
    assert identities.events() == []
    assert identities.read(lambda view: principals.named(view, ACCOUNT, "user")) == []
