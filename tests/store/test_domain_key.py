"""Deep shredding: a new domain key, everything under it, nothing of the old one; whole or not at all."""

import sqlite3
from pathlib import Path

import pytest

from kmscore._core import StoreError
from kmscore.store.domain_key import rotate_domain_key
from opened_store import DAY, OpenedStore

NOW = 1_800_000_000_000_000

FAILPOINTS = ["next-anchor-written", "domain-key-replaced", "domain-key-committed"]


def rotate(opened: OpenedStore) -> int:
    locations = opened.embedded.locations
    opened.embedded.close()
    return rotate_domain_key(locations, NOW)


def files_with(home: Path, needle: bytes) -> list[str]:
    return [path.name for path in home.rglob("*") if path.is_file() and needle in path.read_bytes()]


def test_everything_works_under_the_new_key(opened: OpenedStore) -> None:
    key_id = opened.new_key(Tags=[{"TagKey": "a", "TagValue": "b"}])
    opened.call("RotateKeyOnDemand", KeyId=key_id)
    opened.call("CreateAlias", AliasName="alias/a", TargetKeyId=key_id)
    mac = opened.new_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    blob = opened.call("Encrypt", KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    tag = opened.call("GenerateMac", KeyId=mac, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
    before = opened.embedded.hierarchy.domain_key_id
    assert rotate(opened) == 3
    opened.reopen()
    assert opened.embedded.hierarchy.domain_key_id != before
    assert opened.call("Decrypt", CiphertextBlob=blob, KeyId="alias/a")["Plaintext"] == b"text"
    assert opened.call("GenerateMac", KeyId=mac, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"] == tag
    opened.call("RotateKeyOnDemand", KeyId=key_id)
    events = [record for record in opened.scratch.audit_records() if record["op"] == "RotateDomainKey"]
    assert [event["resources"] for event in events] == [[before, opened.embedded.hierarchy.domain_key_id]]
    assert opened.scratch.audit_problems() == []


def test_nothing_of_the_old_key_is_left_in_the_files(opened: OpenedStore) -> None:
    opened.new_key()
    [(wrapped,)] = opened.scratch.query("SELECT sealed FROM domain_keys WHERE purpose = 'records'")
    [(sealed,)] = opened.scratch.query("SELECT sealed FROM key_material")
    assert files_with(opened.scratch.home, bytes(wrapped)) != []
    rotate(opened)
    for needle in (wrapped, sealed):
        assert files_with(opened.scratch.home, bytes(needle)[-48:]) == []


def test_store_that_is_open_is_refused(opened: OpenedStore) -> None:
    with pytest.raises(StoreError, match="open in another process"):
        rotate_domain_key(opened.embedded.locations, NOW)


def test_changed_row_stops_it_and_the_store_is_as_it_was(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    before = opened.embedded.hierarchy.domain_key_id
    opened.scratch.execute("UPDATE keys SET description = 'changed'")
    with pytest.raises(StoreError, match="changed outside kmscore"):
        rotate(opened)
    opened.scratch.execute("UPDATE keys SET description = ''")
    opened.reopen()
    assert opened.embedded.hierarchy.domain_key_id == before
    opened.call("Encrypt", KeyId=key_id, Plaintext=b"x")


@pytest.mark.parametrize("point", FAILPOINTS)
def test_killed_anywhere_it_is_done_or_not(opened: OpenedStore, point: str) -> None:
    key_id = opened.new_key()
    before = opened.embedded.hierarchy.domain_key_id
    blob = opened.call("Encrypt", KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    opened.embedded.close()
    with opened.scratch.start("store.rotate_domain_key", KMSCORE_FAILPOINT=point) as ran:
        ran.communicate(timeout=60)
    assert ran.returncode == -9
    opened.reopen()
    assert (opened.embedded.hierarchy.domain_key_id != before) == (point == "domain-key-committed")
    assert opened.call("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"text"
    assert [path.name for path in opened.scratch.configuration.rglob("anchor.next")] == []
    opened.clock.advance(DAY)
    rotate(opened)
    opened.reopen()
    assert opened.call("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"text"


def test_every_table_with_a_secret_is_known(opened: OpenedStore) -> None:
    with sqlite3.connect(opened.scratch.home / "store.db") as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        sealed = {
            table
            for table in tables
            if any(column[1] == "sealed" for column in connection.execute(f"PRAGMA table_info({table})"))
        }
    # A table that gets a secret gets its place in `domain_key`, too.
    assert sealed == {"access_keys", "custom_key_stores", "domain_keys", "key_material"}
