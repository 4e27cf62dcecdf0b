"""An edited row is refused by a text that names its table, wherever it is read."""

import pytest

from kmscore import errors
from kmscore._core import IntegrityError
from kmscore.config import DEFAULT_ACCOUNT
from opened_store import OpenedStore

EDITS = {
    "keys": "UPDATE keys SET state = 'Enabled'",
    "key_policies": "UPDATE key_policies SET document = '{}'",
    "key_material": "UPDATE key_material SET record_version = 2",
}


@pytest.mark.parametrize("table", EDITS)
def test_edited_row_of_a_key_is_refused(opened: OpenedStore, table: str) -> None:
    key_id = opened.new_key()
    opened.call("DisableKey", KeyId=key_id)
    opened.scratch.execute(EDITS[table])
    with pytest.raises(IntegrityError, match=table):
        opened.embedded.store.load_key("us-east-1", key_id)


def test_edited_deletion_date_is_refused_before_anything_is_deleted(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.call("ScheduleKeyDeletion", KeyId=key_id)
    opened.scratch.execute("UPDATE keys SET deletion_date = 1")
    with pytest.raises(Exception, match="keys"):
        opened.call("ListKeys")
    assert opened.scratch.query("SELECT count(*) FROM key_material WHERE sealed IS NOT NULL") == [(1,)]


def test_moved_alias_is_refused(opened: OpenedStore) -> None:
    one, other = opened.new_key(), opened.new_key()
    opened.call("CreateAlias", AliasName="alias/a", TargetKeyId=one)
    opened.scratch.execute("UPDATE aliases SET key_id = ?", other)
    with pytest.raises(IntegrityError, match="aliases"):
        opened.embedded.store.load_alias(DEFAULT_ACCOUNT, "us-east-1", "alias/a")


def test_head_set_back_is_refused(opened: OpenedStore) -> None:
    opened.new_key()
    opened.scratch.execute("UPDATE head SET state = 0")
    with pytest.raises(IntegrityError, match="head"):
        opened.embedded.store.changes_since(1)


def test_edited_head_is_not_signed_again_by_the_next_change(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.scratch.execute("UPDATE head SET epoch = 7")
    with pytest.raises(Exception, match="head"):
        opened.call("DisableKey", KeyId=key_id)
    assert opened.scratch.query("SELECT state FROM keys") == [("Enabled",)]


def test_swapped_sealed_records_are_refused(opened: OpenedStore) -> None:
    one, other = opened.new_key(), opened.new_key()
    [(sealed,)] = opened.scratch.query("SELECT sealed FROM key_material WHERE key_id = ?", one)
    opened.scratch.execute("UPDATE key_material SET sealed = ? WHERE key_id = ?", sealed, other)
    with pytest.raises((IntegrityError, errors.KMSInternalException)) as refused:
        opened.call("Encrypt", KeyId=other, Plaintext=b"x")
    assert "moved from another row" in str(refused.value)
    opened.call("Encrypt", KeyId=one, Plaintext=b"x")
