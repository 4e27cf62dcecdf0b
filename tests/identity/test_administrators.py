"""Accounts, administrators and access keys."""

import re

import pytest

from kmscore import identity
from kmscore._core import StoreError
from opened_store import OpenedStore, opened
from scratch_store import scratch

__all__ = ["opened", "scratch"]


def test_administrator_gets_an_access_key(opened: OpenedStore) -> None:
    made = identity.create_administrator(opened.embedded.store)
    assert re.fullmatch("AKIA[A-Z2-7]{16}", made.access_key_id)
    assert len(made.secret_access_key) == 40
    assert made.user_arn == "arn:aws:iam::123456789012:user/administrator"


def test_secret_is_kept_sealed_only(opened: OpenedStore) -> None:
    made = identity.create_administrator(opened.embedded.store)
    assert made.secret_access_key not in repr(made)
    opened.embedded.close()
    for path in (*opened.scratch.home.rglob("*"), *opened.scratch.configuration.rglob("*")):
        assert path.is_dir() or made.secret_access_key.encode() not in path.read_bytes()
    [(sealed,)] = opened.scratch.query("SELECT sealed FROM access_keys")
    assert len(sealed) == 40 + 100
    opened.embedded = opened.embedded.open(opened.scratch.home, clock=opened.clock)


def test_administrator_is_made_once(opened: OpenedStore) -> None:
    identity.create_administrator(opened.embedded.store)
    with pytest.raises(StoreError, match="has a user administrator already"):
        identity.create_administrator(opened.embedded.store)
    assert opened.scratch.query("SELECT count(*) FROM access_keys") == [(1,)]


def test_another_account_has_its_own_administrator(opened: OpenedStore) -> None:
    identity.create_administrator(opened.embedded.store)
    identity.create_administrator(opened.embedded.store, "999999999999")
    assert opened.scratch.query("SELECT account FROM accounts ORDER BY account") == [
        ("123456789012",),
        ("999999999999",),
    ]


@pytest.mark.parametrize("account", ["", "12345678901", "1234567890123", "12345678901x", "１２３４５６７８９０１２"])  # noqa: RUF001
def test_account_is_12_digits(opened: OpenedStore, account: str) -> None:
    with pytest.raises(StoreError, match="is not 12 digits"):
        identity.create_administrator(opened.embedded.store, account)


def test_making_an_administrator_is_audited_without_its_secret(opened: OpenedStore) -> None:
    made = identity.create_administrator(opened.embedded.store)
    [record] = opened.scratch.audit_records()
    assert record["op"] == "CreateAdministrator"
    assert record["resources"] == [made.user_arn]
