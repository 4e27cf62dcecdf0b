"""The bill: pro rata key-months, rotations, requests with their free part, and advice with figures."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kmscore._core import ParameterError
from kmscore.advice import advise
from kmscore.cost import Bill, Month, StoredKey, bill, stored_keys
from kmscore.prices import load_prices
from kmscore.usage import UsageIndex
from opened_store import DAY, OpenedStore

NOVEMBER = Month(2026, 11)
KEY = StoredKey(
    arn="arn:aws:kms:us-east-1:123456789012:key/a",
    account="123456789012",
    region="us-east-1",
    spec="SYMMETRIC_DEFAULT",
    state="Enabled",
    managed_by_aws=False,
    replica=False,
    created=0,
    rotations=(),
    deletion=None,
)


@pytest.fixture
def index(opened: OpenedStore) -> Iterator[UsageIndex]:
    """An index that nothing was counted in; nobody called yet."""
    with UsageIndex.of(opened.scratch.home) as found:
        found._connection.execute("BEGIN IMMEDIATE")
        found._connection.execute("COMMIT")
        with found._transaction():
            pass
        yield found


def count(index: UsageIndex, key: str, operation: str, number: int, **columns: str) -> None:
    """Put calls of November into the index."""
    values = {"account": "123456789012", "region": "us-east-1", "pair_spec": "", "via": "", **columns}
    place = (values["account"], values["region"], key, operation, values["pair_spec"], values["via"])
    statement = "INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0)"
    index._connection.execute(statement, (NOVEMBER.start // 60, *place, number))


def of_november(keys: list[StoredKey], index: UsageIndex) -> Bill:
    return bill(keys, index, NOVEMBER, load_prices(), now=NOVEMBER.end)


def amounts(found: Bill) -> dict[str, float]:
    return {line.kind: round(line.amount, 6) for line in found.lines}


def days(number: float) -> int:
    return NOVEMBER.start + round(number * DAY)


def test_month_knows_its_ends() -> None:
    assert NOVEMBER.start == round(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
    assert NOVEMBER.end == round(datetime(2026, 12, 1, tzinfo=UTC).timestamp())
    assert Month(2026, 12).end == round(datetime(2027, 1, 1, tzinfo=UTC).timestamp())
    assert Month.parse("2026-11") == Month.of(days(3)) == NOVEMBER
    with pytest.raises(ValueError, match="2026/11"):
        Month.parse("2026/11")


def test_keys_are_charged_pro_rata_and_managed_ones_not(index: UsageIndex) -> None:
    keys = [
        KEY,
        replace(KEY, arn=KEY.arn + "b", created=days(15)),
        replace(KEY, arn=KEY.arn + "c", replica=True),
        replace(KEY, arn=KEY.arn + "d", managed_by_aws=True),
        replace(KEY, arn=KEY.arn + "e", created=days(40)),
    ]
    assert amounts(of_november(keys, index)) == {"keys": 1.5, "replica keys": 1.0}


def test_first_two_rotations_are_charged(index: UsageIndex) -> None:
    found = of_november([replace(KEY, rotations=(0, 1, 2, 3))], index)
    assert amounts(found) == {"keys": 1.0, "rotations": 2.0}
    assert found.total == pytest.approx(3.0)
    assert amounts(of_november([replace(KEY, rotations=(days(15),))], index))["rotations"] == 0.5


def test_key_that_waits_for_its_deletion_is_not_charged(index: UsageIndex) -> None:
    assert amounts(of_november([replace(KEY, deletion=days(6))], index)) == {"keys": 0.2}
    assert amounts(of_november([replace(KEY, deletion=days(-1))], index)) == {}


def test_part_of_the_month_that_is_to_come_is_not_counted(index: UsageIndex) -> None:
    found = bill([KEY], index, NOVEMBER, load_prices(), now=days(3))
    assert (amounts(found), found.until) == ({"keys": 0.1}, days(3))


def test_free_requests_are_of_an_account_over_all_regions(index: UsageIndex) -> None:
    count(index, KEY.arn, "Encrypt", 15_000)
    count(index, KEY.arn, "Decrypt", 15_000, region="eu-west-1")
    count(index, KEY.arn, "Decrypt", 20_000, account="111122223333")
    found = of_november([], index)
    assert sum(line.quantity for line in found.lines) == 50_000
    assert found.total == pytest.approx(10_000 * 0.03 / 10_000)


def test_asymmetric_requests_and_pairs_have_their_own_prices_and_nothing_free(index: UsageIndex) -> None:
    specs = {"rsa": "RSA_2048", "big": "RSA_4096", "curve": "ECC_NIST_P256", "mac": "HMAC_256"}
    keys = [replace(KEY, arn=name, spec=spec, managed_by_aws=True) for name, spec in specs.items()]
    for name in specs:
        count(index, name, "Sign", 10_000)
    count(index, "sym", "GenerateDataKeyPair", 10_000, pair_spec="ECC_NIST_P384")
    count(index, "sym", "GenerateDataKeyPairWithoutPlaintext", 10_000, pair_spec="RSA_3072")
    assert amounts(of_november(keys, index)) == {
        "RSA_2048 requests": 0.03,
        "other asymmetric requests": 0.30,
        "symmetric requests": 0.0,
        "ECC data key pairs": 0.10,
        "RSA data key pairs": 12.0,
    }


def test_stored_keys_know_since_when_they_wait(opened: OpenedStore) -> None:
    kept, waiting, cancelled = (opened.new_key() for _ in range(3))
    for key in (waiting, cancelled):
        opened.call("ScheduleKeyDeletion", KeyId=key)
    opened.call("CancelKeyDeletion", KeyId=cancelled)
    found = stored(opened)
    since = found[waiting].deletion
    assert (found[kept].deletion, found[cancelled].deletion) == (None, None)
    assert since is not None
    assert abs(since - opened.clock.now()) < 120
    opened.clock.advance(31 * DAY)
    opened.call("ListKeys")
    assert stored(opened)[waiting].deletion == since


def test_stored_keys_know_their_rotations_and_replicas(opened: OpenedStore) -> None:
    rotated, primary = opened.new_key(), opened.new_key(MultiRegion=True)
    for _ in range(3):
        opened.call("RotateKeyOnDemand", KeyId=rotated)
        opened.clock.advance(DAY)
    opened.call("ReplicateKey", KeyId=primary, ReplicaRegion="eu-west-1")
    with UsageIndex.of(opened.scratch.home) as index:
        keys = {key.arn: key for key in stored_keys(opened.scratch.home, index)}
    by_region = {key.region: key.replica for key in keys.values() if key.arn.endswith(primary)}
    assert by_region == {"us-east-1": False, "eu-west-1": True}
    [found] = [key for key in keys.values() if key.arn.endswith(rotated)]
    assert len(found.rotations) == 3


def stored(opened: OpenedStore) -> dict[str, StoredKey]:
    with UsageIndex.of(opened.scratch.home) as index:
        return {key.arn.rpartition("/")[2]: key for key in stored_keys(opened.scratch.home, index)}


def test_advice_names_keys_and_figures(index: UsageIndex) -> None:
    index._connection.execute("INSERT INTO segments VALUES ('first', 0, 0)")
    quiet = [replace(KEY, arn=f"{KEY.arn}{number}") for number in range(3)]
    busy, managed = replace(KEY, arn=KEY.arn + "busy"), replace(KEY, arn=KEY.arn + "via")
    idle = replace(KEY, arn=KEY.arn + "idle", rotations=(1, 2, 3))
    keys = [*quiet, busy, managed, idle]
    for key in [*quiet, busy, managed]:
        index._connection.execute(
            "INSERT INTO last_uses VALUES (?, 'Encrypt', ?, '', 1, '', '123456789012')", (key.arn, days(1) * 1_000_000)
        )
    for key in quiet:
        count(index, key.arn, "Encrypt", 10)
    count(index, busy.arn, "Decrypt", 2_000_000)
    count(index, managed.arn, "GenerateDataKey", 5_000, via="s3.us-east-1.amazonaws.com")
    found = {advice.kind: advice for advice in advise(keys, index, of_november(keys, index))}
    assert set(found) == {"unused", "caching", "consolidation", "aws-managed"}
    assert (found["unused"].keys, found["unused"].saving) == ((idle.arn,), 3.0)
    assert found["caching"].saving == pytest.approx(2_000_000 * 0.99 * 0.03 / 10_000)
    assert (len(found["consolidation"].keys), found["consolidation"].saving) == (3, 2.0)
    assert found["aws-managed"].keys == (managed.arn,)
    assert "alias/aws/s3" in found["aws-managed"].text


def test_no_advice_where_nothing_is_known(index: UsageIndex) -> None:
    # The log of this store is new: nobody knows whether the key was used before.
    assert advise([KEY], index, of_november([KEY], index)) == []


def test_prices_can_be_replaced_and_must_be_prices(tmp_path: Path, index: UsageIndex) -> None:
    own = load_prices()
    text = (Path(__file__).parents[2] / "python/kmscore/prices.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("month = 1.00", "month = 2.50"))
    dear = load_prices(path)
    assert bill([KEY], index, Month(2020, 1), dear, now=NOVEMBER.end).total == pytest.approx(2.5)
    assert (own.currency, own.source.startswith("AWS KMS pricing page"), len(own.date)) == ("USD", True, 10)
    bad_texts = ["", "nonsense", text.replace("month = 1.00", "month = -1.0"), text.replace("free", "gratis"), "\xff"]
    for bad in bad_texts:
        path.write_bytes(bad.encode("latin-1"))
        with pytest.raises(ParameterError, match="no table of prices"):
            load_prices(path)
