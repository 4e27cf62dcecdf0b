"""Finding, counting, exporting and following records."""

import gzip
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from audit.conftest import OTHER, arn, refused
from kmscore.audit import records, tail
from kmscore.audit.export import export
from kmscore.audit.following import follow
from kmscore.audit.search import DENIED, UNAUTHORISED, Query, key_names, search
from kmscore.audit.summary import summarise
from opened_store import OpenedStore


@pytest.fixture
def busy(opened: OpenedStore, key: str) -> OpenedStore:
    """A store of which two accounts used one key, one of them without a right."""
    opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=key)
    opened.call("Encrypt", KeyId="alias/app", Plaintext=b"x")
    opened.call("Encrypt", account=OTHER, KeyId=arn(key), Plaintext=b"x")
    own = opened.new_key()
    refused(opened, "Encrypt", account=OTHER, KeyId=arn(own), Plaintext=b"x")
    refused(opened, "Encrypt", KeyId=key, Plaintext=b"x", GrantTokens=["bad"])
    return opened


def operations(busy: OpenedStore, **query: Any) -> list[str]:
    return [record["op"] for record in search(busy.scratch.home, Query(**query))]


def test_principal_is_an_arn_its_end_or_a_pattern(busy: OpenedStore) -> None:
    for principal in (f"arn:aws:iam::{OTHER}:root", f"*{OTHER}*"):
        assert operations(busy, principal=principal) == ["Encrypt", "Encrypt"]
    assert len(operations(busy, principal="root")) == len(operations(busy))
    assert operations(busy, principal="alice") == []


def test_operation_may_be_a_pattern(busy: OpenedStore) -> None:
    assert set(operations(busy, operation="create*")) == {"CreateKey", "CreateAlias"}


def test_key_is_found_by_every_name(busy: OpenedStore, key: str) -> None:
    home = busy.scratch.home
    by_id = operations(busy, keys=key_names(home, key))
    assert by_id == operations(busy, keys=key_names(home, arn(key)))
    for name in ("alias/app", "arn:aws:kms:us-east-1:123456789012:alias/app"):
        assert operations(busy, keys=key_names(home, name)) == by_id
    assert operations(busy, keys=key_names(home, "alias/none")) == []


def test_denied_and_unauthorised_are_told_apart(busy: OpenedStore) -> None:
    assert operations(busy, outcomes=DENIED) == ["Encrypt"]
    assert operations(busy, outcomes=UNAUTHORISED) == ["Encrypt", "Encrypt"]
    assert operations(busy, outcomes=frozenset({"Failure"})) == ["Encrypt", "Encrypt"]


def test_times_bound_from_below_and_above(busy: OpenedStore) -> None:
    times = [record["time"] for record in records(busy.scratch.home)]
    assert len(operations(busy, since=times[2])) == len(times) - 2
    assert len(operations(busy, until=times[2])) == 2
    assert operations(busy, since=times[-1] + 1) == []


def test_summary_counts_and_names_refusals(busy: OpenedStore) -> None:
    found = summarise(records(busy.scratch.home))
    assert found.outcomes["AccessDeniedException"] == 1
    assert found.records == found.principals.total() == found.operations.total()
    [denied] = found.denied()
    assert (denied.principal, denied.operation, denied.count) == (f"arn:aws:iam::{OTHER}:root", "Encrypt", 1)
    refusals = {refusal.outcome for refusal in found.unauthorised()}
    assert refusals == {"AccessDeniedException", "InvalidGrantTokenException"}


def test_export_is_a_cloudtrail_file_for_each_account(busy: OpenedStore, tmp_path: Path) -> None:
    target = tmp_path / "all.json.gz"
    written = export(records(busy.scratch.home), target, "cloudtrail", {})
    events = json.loads(gzip.decompress(target.read_bytes()))["Records"]
    # One call was written to two accounts.
    assert written == len(events) == len(list(records(busy.scratch.home))) + 1
    other = tmp_path / "other.json"
    assert export(records(busy.scratch.home), other, "cloudtrail", {}, account=OTHER) == 2
    assert {one["recipientAccountId"] for one in json.loads(other.read_text())["Records"]} == {OTHER}


def test_export_in_lines_and_as_stored(busy: OpenedStore, tmp_path: Path) -> None:
    lines, stored = tmp_path / "lines", tmp_path / "stored"
    export(records(busy.scratch.home), lines, "json-lines", {})
    assert all("eventName" in json.loads(line) for line in lines.read_text().splitlines())
    export(records(busy.scratch.home), stored, "stored", {})
    assert [json.loads(line) for line in stored.read_text().splitlines()] == list(records(busy.scratch.home))


def test_empty_export_is_valid(tmp_path: Path) -> None:
    assert export(iter(()), tmp_path / "none", "cloudtrail", {}) == 0
    assert json.loads((tmp_path / "none").read_text()) == {"Records": []}


def test_export_overwrites_nothing_and_leaves_nothing_half_done(busy: OpenedStore, tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.write_text("mine")
    with pytest.raises(FileExistsError):
        export(records(busy.scratch.home), target, "stored", {})
    assert target.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_following_sees_new_records_and_new_segments(busy: OpenedStore) -> None:
    stop = threading.Event()
    news = follow(busy.scratch.home, stop=stop, poll_seconds=0.01)
    busy.call("ListKeys")
    assert next(news)["op"] == "ListKeys"
    busy.reopen()
    busy.call("ListAliases")
    stop.set()
    assert [record["op"] for record in news] == ["ListAliases"]
    assert len(busy.scratch.segments()) == 2


def test_following_from_the_start_sees_all_but_a_torn_line(busy: OpenedStore) -> None:
    expected = list(records(busy.scratch.home))
    busy.embedded.close()
    [path] = busy.scratch.segments()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"n":99,"id":"tor')
    stop = threading.Event()
    stop.set()
    assert list(follow(busy.scratch.home, from_start=True, stop=stop)) == expected
    assert tail(busy.scratch.home, count=1) == expected[-1:]
    path.write_bytes(whole)
    busy.embedded = busy.embedded.open(busy.scratch.home, clock=busy.clock)
