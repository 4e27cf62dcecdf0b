"""Access keys: made, shown once, switched off, deleted."""

import re

import pytest

from identity.conftest import ACCOUNT, Identities
from kmscore._core import StoreError
from kmscore.identity import access_keys, listing, principals


def test_secret_is_shown_once_and_kept_sealed(identities: Identities) -> None:
    ana = identities.user("ana", path="/team/")
    key = identities.change(lambda changes: access_keys.create(changes, ana))
    assert re.fullmatch("AKIA[A-Z2-7]{16}", key.access_key_id)
    assert (key.account, key.user_name) == (ACCOUNT, "ana")
    assert key.secret_access_key not in repr(key)
    [found] = identities.read(lambda view: listing.describe_access_keys(view, ana))
    assert found["Status"] == "Active"
    assert key.secret_access_key not in str(found)
    identities.opened.embedded.close()
    for path in identities.opened.scratch.home.rglob("*"):
        assert path.is_dir() or key.secret_access_key.encode() not in path.read_bytes()
    identities.opened.embedded = identities.opened.embedded.open(
        identities.opened.scratch.home, clock=identities.opened.clock
    )


def test_user_has_two_at_most(identities: Identities) -> None:
    ana = identities.user("ana")
    first, _ = (identities.change(lambda changes: access_keys.create(changes, ana)) for _ in range(2))
    with pytest.raises(StoreError, match="has 2 access keys already"):
        identities.change(lambda changes: access_keys.create(changes, ana))
    identities.change(lambda changes: access_keys.delete(changes, ACCOUNT, first.access_key_id))
    identities.change(lambda changes: access_keys.create(changes, ana))


def test_roles_and_unknown_users_have_none(identities: Identities) -> None:
    app, ana = identities.role("app"), identities.user("ana")
    with pytest.raises(StoreError, match="a role has no access keys"):
        identities.change(lambda changes: access_keys.create(changes, app))
    identities.change(lambda changes: principals.delete(changes, ana))
    with pytest.raises(StoreError, match="there is no user ana"):
        identities.change(lambda changes: access_keys.create(changes, ana))


def test_status_changes_are_audited_and_idempotent(identities: Identities) -> None:
    ana = identities.user("ana")
    key_id = identities.change(lambda changes: access_keys.create(changes, ana)).access_key_id

    def set_status(status: str) -> None:
        identities.change(lambda changes: access_keys.set_status(changes, ACCOUNT, key_id, status))

    for status in ("Inactive", "Inactive", "Active"):
        set_status(status)
    arn = f"arn:aws:iam::{ACCOUNT}:user/ana"
    assert identities.events()[1:] == [
        ("CreateAccessKey", [arn, key_id]),
        ("UpdateAccessKey", [arn, key_id, "Inactive"]),
        ("UpdateAccessKey", [arn, key_id, "Active"]),
    ]


@pytest.mark.parametrize(("account", "key"), [(ACCOUNT, "AKIANOSUCHKEY"), ("111122223333", None)])
def test_access_key_of_another_account_is_unknown(identities: Identities, account: str, key: str | None) -> None:
    ana = identities.user("ana")
    own = identities.change(lambda changes: access_keys.create(changes, ana)).access_key_id
    for work in (
        lambda changes: access_keys.set_status(changes, account, key or own, "Inactive"),
        lambda changes: access_keys.delete(changes, account, key or own),
    ):
        with pytest.raises(StoreError, match=f"account {account} has no access key"):
            identities.change(work)


def test_unknown_status_is_refused(identities: Identities) -> None:
    ana = identities.user("ana")
    key_id = identities.change(lambda changes: access_keys.create(changes, ana)).access_key_id
    with pytest.raises(StoreError, match="neither Active nor Inactive"):
        identities.change(lambda changes: access_keys.set_status(changes, ACCOUNT, key_id, "Asleep"))
