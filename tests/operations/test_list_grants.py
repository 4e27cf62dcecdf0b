"""ListGrants and ListRetirableGrants: entries, filters, pages."""

from typing import Any

import pytest

from kmscore import errors
from opened_store import OpenedStore
from operations.grant_calls import (
    FOREIGN_ROOT,
    FOREIGNER,
    OTHER_ACCOUNT,
    RETIRING,
    ROOT,
    SERVICE,
    SOURCE,
    STRANGER,
    USER,
    grant,
    grants,
    ids,
)
from operations.policy_texts import policy


@pytest.fixture
def key_id(opened: OpenedStore) -> str:
    return opened.new_key()


def pages(opened: OpenedStore, operation: str, **parameters: Any) -> list[list[str]]:
    found: list[list[str]] = []
    more: dict[str, str] = {}
    while True:
        answer = opened.call(operation, **parameters, **more)
        found.append([one["GrantId"] for one in answer["Grants"]])
        if not answer["Truncated"]:
            assert "NextMarker" not in answer
            return found
        more = {"Marker": answer["NextMarker"]}


def test_entry_tells_everything_but_tokens(opened: OpenedStore, key_id: str) -> None:
    constraints = {"EncryptionContextSubset": {"a": "b"}, "SourceArn": SOURCE}
    made = grant(
        opened,
        key_id,
        Name="n",
        Operations=["Decrypt", "Encrypt"],
        RetiringPrincipal=RETIRING,
        Constraints=constraints,
    )
    [entry] = grants(opened, key_id)
    assert abs(entry.pop("CreationDate").timestamp() - opened.clock.now()) < 60
    assert entry == {
        "KeyId": opened.metadata(key_id)["Arn"],
        "GrantId": made["GrantId"],
        "Name": "n",
        "GranteePrincipal": USER,
        "RetiringPrincipal": RETIRING,
        "IssuingAccount": ROOT,
        "Operations": ["Decrypt", "Encrypt"],
        "Constraints": constraints,
    }


def test_entry_leaves_out_what_the_grant_has_not(opened: OpenedStore, key_id: str) -> None:
    grant(opened, key_id)
    [entry] = grants(opened, key_id)
    assert entry["Name"] == ""
    assert not {"RetiringPrincipal", "Constraints", "GranteeServicePrincipal"} & set(entry)


def test_grants_are_filtered_by_id_and_grantee(opened: OpenedStore, key_id: str) -> None:
    one, other = grant(opened, key_id)["GrantId"], grant(opened, key_id, GranteePrincipal=STRANGER)["GrantId"]
    grant(opened, opened.new_key())
    assert ids(grants(opened, key_id)) == {one, other}
    assert ids(grants(opened, key_id, GrantId=other)) == {other}
    assert ids(grants(opened, key_id, GranteePrincipal=USER)) == {one}
    assert grants(opened, key_id, GranteePrincipal=USER, GrantId=other) == []
    assert grants(opened, key_id, GranteePrincipal=FOREIGNER) == []
    assert grants(opened, key_id, GrantId="0" * 64) == []


@pytest.mark.parametrize(
    ("filters", "error", "text"),
    [
        ({"GrantId": "x"}, errors.InvalidGrantIdException, "Invalid grant ID"),
        ({"Limit": 101}, errors.ValidationException, "'101' at 'limit' .* less than or equal to 100"),
        ({"Limit": 0}, errors.ValidationException, "limit"),
        ({"Marker": "made-up"}, errors.InvalidMarkerException, "marker"),
        ({"GranteeServicePrincipal": SERVICE}, errors.ValidationException, "only by callers that are AWS services"),
        ({"GranteePrincipal": USER, "GranteeServicePrincipal": SERVICE}, errors.ValidationException, "not both"),
    ],
)
def test_list_grants_refuses(
    opened: OpenedStore, key_id: str, filters: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        grants(opened, key_id, **filters)


def test_service_lists_its_own_grants(opened: OpenedStore) -> None:
    document = policy({"Principal": {"Service": SERVICE}, "Action": "kms:ListGrants"})
    arn = opened.call("CreateKey", Policy=document)["KeyMetadata"]["Arn"]
    grant(opened, arn)
    made = grant(
        opened,
        arn,
        GranteeServicePrincipal=SERVICE,
        RetiringServicePrincipal=SERVICE,
        Constraints={"SourceArn": SOURCE},
    )
    answer = opened.call_as(SERVICE, "ListGrants", KeyId=arn, GranteeServicePrincipal=SERVICE)
    assert ids(answer["Grants"]) == {made["GrantId"]}


@pytest.mark.parametrize("change", ["DisableKey", "ScheduleKeyDeletion"])
def test_grants_are_listed_in_every_state(opened: OpenedStore, key_id: str, change: str) -> None:
    made = grant(opened, key_id)["GrantId"]
    opened.call(change, KeyId=key_id)
    assert ids(grants(opened, key_id)) == {made}


def test_pages_hold_every_grant_once(opened: OpenedStore, key_id: str) -> None:
    made = {grant(opened, key_id, RetiringPrincipal=RETIRING)["GrantId"] for _ in range(5)}
    for found in (
        pages(opened, "ListGrants", KeyId=key_id, Limit=2),
        pages(opened, "ListGrants", KeyId=key_id, GranteePrincipal=USER, Limit=2),
        pages(opened, "ListRetirableGrants", RetiringPrincipal=RETIRING, Limit=2),
    ):
        assert [len(page) for page in found] == [2, 2, 1]
        assert {one for page in found for one in page} == made


def test_default_page_has_50_grants(opened: OpenedStore, key_id: str) -> None:
    for _ in range(51):
        grant(opened, key_id)
    answer = opened.call("ListGrants", KeyId=key_id)
    assert (len(answer["Grants"]), answer["Truncated"]) == (50, True)
    assert len(opened.call("ListGrants", KeyId=key_id, Limit=100)["Grants"]) == 51


@pytest.mark.parametrize(
    "changed",
    [
        {"GranteePrincipal": USER},
        {"GrantId": "0" * 64},
        {"KeyId": "other"},
        {"operation": "ListKeyPolicies"},
        {"operation": "ListResourceTags"},
    ],
    ids=str,
)
def test_marker_of_another_listing_is_refused(opened: OpenedStore, key_id: str, changed: dict[str, Any]) -> None:
    for _ in range(2):
        grant(opened, key_id)
    marker = opened.call("ListGrants", KeyId=key_id, Limit=1)["NextMarker"]
    if "KeyId" in changed:
        changed = {"KeyId": opened.new_key()}
    with pytest.raises(errors.InvalidMarkerException):
        opened.call(**{"operation": "ListGrants", "KeyId": key_id, "Limit": 1, "Marker": marker, **changed})


def test_marker_is_good_after_its_grant_is_gone(opened: OpenedStore, key_id: str) -> None:
    made = sorted(grant(opened, key_id)["GrantId"] for _ in range(3))
    marker = opened.call("ListGrants", KeyId=key_id, Limit=1)["NextMarker"]
    opened.call("RevokeGrant", KeyId=key_id, GrantId=made[0])
    listed = opened.call("ListGrants", KeyId=key_id, Marker=marker)["Grants"]
    assert [one["GrantId"] for one in listed] == made[1:]


def test_retirable_grants_are_those_of_the_retiring_principal(opened: OpenedStore, key_id: str) -> None:
    made = grant(opened, key_id, RetiringPrincipal=RETIRING)["GrantId"]
    grant(opened, key_id, RetiringPrincipal=STRANGER)
    grant(opened, key_id)
    grant(opened, key_id, GranteePrincipal=RETIRING, Operations=["RetireGrant"])
    assert ids(opened.call("ListRetirableGrants", RetiringPrincipal=RETIRING)["Grants"]) == {made}
    assert opened.call("ListRetirableGrants", region="eu-west-1", RetiringPrincipal=RETIRING)["Grants"] == []


def test_retirable_grants_on_foreign_keys_are_listed_to_the_principal_s_account(
    opened: OpenedStore, key_id: str
) -> None:
    made = grant(opened, key_id, RetiringPrincipal=FOREIGNER)["GrantId"]
    [listed] = opened.call("ListRetirableGrants", account=OTHER_ACCOUNT, RetiringPrincipal=FOREIGNER)["Grants"]
    assert (listed["GrantId"], listed["KeyId"]) == (made, opened.metadata(key_id)["Arn"])
    with pytest.raises(errors.InvalidArnException, match="must be a principal of account 123456789012"):
        opened.call("ListRetirableGrants", RetiringPrincipal=FOREIGNER)


@pytest.mark.parametrize(
    ("parameters", "error", "text"),
    [
        ({}, errors.ValidationException, "either RetiringPrincipal or RetiringServicePrincipal"),
        (
            {"RetiringPrincipal": USER, "RetiringServicePrincipal": SERVICE},
            errors.ValidationException,
            "but not both",
        ),
        ({"RetiringServicePrincipal": SERVICE}, errors.ValidationException, "only by callers that are AWS services"),
        ({"RetiringPrincipal": "user"}, errors.InvalidArnException, "does not refer to a valid principal"),
        ({"RetiringPrincipal": USER, "Limit": 101}, errors.ValidationException, "'101' at 'limit'"),
        ({"RetiringPrincipal": USER, "Marker": "x"}, errors.InvalidMarkerException, "marker"),
    ],
)
def test_list_retirable_grants_refuses(
    opened: OpenedStore, parameters: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        opened.call("ListRetirableGrants", **parameters)


def test_listing_needs_permission(opened: OpenedStore, key_id: str) -> None:
    made = grant(opened, key_id, RetiringPrincipal=USER)
    assert not opened.may(USER, "ListGrants", KeyId=key_id)
    # An identity policy allows this one, and a grant is none.
    assert not opened.may(USER, "ListRetirableGrants", RetiringPrincipal=USER)
    arn = opened.metadata(key_id)["Arn"]
    assert not opened.may(FOREIGN_ROOT, "ListGrants", KeyId=arn)
    document = policy({"Principal": {"AWS": FOREIGN_ROOT}, "Action": "kms:ListGrants"})
    opened.call("PutKeyPolicy", KeyId=key_id, Policy=document)
    listed = opened.call_as(FOREIGN_ROOT, "ListGrants", KeyId=arn)["Grants"]
    assert ids(listed) == {made["GrantId"]}
