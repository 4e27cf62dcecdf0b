"""`kmscore audit …`, `kmscore why`, `kmscore usage` and `kmscore cost`."""

import gzip
import json
import re
from pathlib import Path

import pytest

from cli.conftest import CommandLine
from kmscore import errors
from scratch_store import ScratchStore


@pytest.fixture
def failed(store: CommandLine, scratch: ScratchStore) -> str:
    """The request id of a call with a wrong encryption context, under a key `alias/used`."""
    store.ok("keys", "create", "--alias", "used")
    key = "alias/used"
    client = scratch.client()
    try:
        blob = client.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"app": "a"})["CiphertextBlob"]
        with pytest.raises(errors.InvalidCiphertextException) as caught:
            client.decrypt(CiphertextBlob=blob, EncryptionContext={"app": "b"})
    finally:
        client.close()
    request_id: str = caught.value.response["ResponseMetadata"]["RequestId"]
    return request_id


def test_why_names_the_pair(store: CommandLine, failed: str) -> None:
    ran = store.ok("why", failed)
    assert "'app' is 'b' and was 'a'" in ran.out
    assert store.ok("why", failed, "--json").json()["record"]["id"] == failed
    assert "no record of the audit log" in store.refused("why", "none")


def test_search_by_everything(store: CommandLine, failed: str) -> None:
    assert failed in store.ok("audit", "search", "--outcome", "Failure", "--json").out
    found = store.ok("audit", "search", "--key", "alias/used", "--operation", "decrypt", "--since", "1h").out
    assert "InvalidCiphertextException" in found
    assert store.ok("audit", "search", "--since", "2100-01-01").out == ""
    assert len(store.ok("audit", "search", "--limit", "2").out.splitlines()) == 2
    assert store.ok("audit", "search", "--denied").out == store.ok("audit", "search", "--unauthorised").out == ""
    assert "is no time" in store.refused("audit", "search", "--since", "soon", code=2)
    assert "give one of them" in store.refused("audit", "search", "--denied", "--outcome", "Success", code=2)


@pytest.mark.usefixtures("folder")
def test_export_to_a_file_and_to_standard_output(store: CommandLine, failed: str) -> None:
    assert re.search(r"trail\.json\.gz: \d+ records", store.ok("audit", "export", "-o", "trail.json.gz").out)
    events = json.loads(gzip.decompress(Path("trail.json.gz").read_bytes()))["Records"]
    assert failed in {event.get("requestID") for event in events}
    assert "is there already" in store.refused("audit", "export", "-o", "trail.json.gz")
    lines = store.ok("audit", "export", "-o", "-", "--format", "json-lines", "--operation", "Decrypt").out
    assert [json.loads(line)["eventName"] for line in lines.splitlines()] == ["Decrypt"]
    assert store.ok("audit", "export", "-o", "-", "--for-account", "111122223333").json() == {"Records": []}


@pytest.mark.usefixtures("failed")
def test_report_counts(store: CommandLine) -> None:
    report = store.ok("audit", "report", "--json").json()
    assert report["outcomes"]["InvalidCiphertextException"] == 1
    assert (report["denied"], report["unauthorised"]) == ([], [])
    assert "principals" in store.ok("audit", "report").out


@pytest.mark.usefixtures("folder")
def test_heads_and_their_verification(store: CommandLine) -> None:
    found = [json.loads(line) for line in store.ok("audit", "heads").out.splitlines()]
    assert set(found[0]) == {"store", "segment", "lines", "tag", "time"}
    store.ok("audit", "heads", "--append", "heads")
    store.ok("audit", "heads", "--append", "heads")
    assert len(Path("heads").read_text().splitlines()) == 2 * len(found)
    assert "all as written" in store.ok("audit", "verify", "--heads", "heads").out
    Path("heads").write_text(json.dumps({**found[0], "lines": 1_000}) + "\n")
    ran = store("audit", "verify", "--heads", "heads")
    assert (ran.code, "the file of heads says 1000" in ran.out) == (1, True)


@pytest.mark.usefixtures("failed")
def test_usage_by_key_and_operation(store: CommandLine) -> None:
    rows = store.ok("usage", "--by", "operation", "--json").json()
    counts = {row["operation"]: (row["succeeded"], row["failed"]) for row in rows}
    assert (counts["Encrypt"], counts["Decrypt"]) == ((1, 0), (0, 1))
    places = ["--by", "account", "--by", "region", "--per", "day"]
    days = store.ok("usage", *places, "--key", "alias/used", "--json").json()
    assert {(row["account"], row["region"]) for row in days} == {("123456789012", "us-east-1")}
    assert "Encrypt" in store.ok("usage", "--rebuild").out
    assert "no call of the audit log came to a key" in store.refused("usage", "--key", "alias/none")
    assert "no calls" in store.ok("usage", "--operation", "Sign").error


@pytest.mark.usefixtures("folder")
def test_cost_shows_the_bill_and_where_the_prices_are_from(store: CommandLine) -> None:
    bill = store.ok("cost", "--json").json()
    assert {line["kind"] for line in bill["lines"]} == {"keys", "symmetric requests"}
    assert bill["total"] >= 0
    assert "https://aws.amazon.com/kms/pricing/" in store.ok("cost").out
    assert store.ok("cost", "--account", "111122223333", "--json").json()["lines"] == []
    assert "is no month" in store.refused("cost", "--month", "soon", code=2)
    assert "has not begun" in store.refused("cost", "--month", "2100-01")
    Path("prices").write_text("nothing")
    assert "no table of prices" in store.refused("cost", "--prices", "prices")


@pytest.mark.parametrize("command", [["audit", "search"], ["audit", "report"], ["audit", "heads"], ["usage"], ["cost"]])
def test_commands_need_a_store(run: CommandLine, command: list[str]) -> None:
    assert "there is no store" in run.refused(*command)
