"""Quotas: off unless asked for; then calls are throttled and keys are bounded, as the table or its changes say."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kmscore import _core, errors
from kmscore._core import Clock, StoreError
from kmscore.quotas import RESOURCES, chosen
from kmscore.store.key_quota import KeyQuota
from opened_store import OpenedStore, open_store, opened
from scratch_store import ScratchStore, scratch

__all__ = ["opened", "scratch"]

TEXT = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."


@pytest.fixture
def slow(scratch: ScratchStore) -> Iterator[OpenedStore]:
    """A store whose clock stands still but for the test, and whose account may make few calls."""
    clock = Clock()
    requests = {"CreateKey": 0.001, "DescribeKey": 0.001, "Cryptographic operations (symmetric)": 0.001}
    quotas = chosen({"requests": requests, "resources": {"keys_per_region": 3}})
    store = OpenedStore(scratch, clock, open_store(scratch, clock, quotas=quotas))
    yield store
    store.embedded.close()


def test_every_class_of_calls_has_a_rate() -> None:
    quotas = chosen("aws")
    assert quotas.keys_per_region == 100_000
    shared = {name for name in quotas.requests if name.startswith("Cryptographic operations")}
    assert len(shared) == 5
    own = {name for name in quotas.requests if "(" not in name}
    names = {operation["name"] for operation in _core.operations()}
    missing = names - own
    cryptographic = {operation["name"] for operation in _core.operations() if operation["body"] == "engine"}
    assert missing == cryptographic - {"GetPublicKey"}
    assert own <= names


def test_rates_differ_by_region() -> None:
    symmetric = chosen("aws").requests["Cryptographic operations (symmetric)"]
    assert (symmetric["us-east-1"], symmetric["eu-west-2"], symmetric["default"]) == (100_000, 20_000, 10_000)


def test_bound_of_the_engine_is_that_of_the_table() -> None:
    policy = '{"Statement":[{"Effect":"Allow","Principal":"*"}]'
    fits = policy + " " * (RESOURCES["key_policy_bytes"] - len(policy) - 1) + "}"
    assert _core.policy_fault(fits, "key") is None
    assert _core.policy_fault(fits + " ", "key") is not None


def test_nothing_is_throttled_by_default(opened: OpenedStore) -> None:
    for _ in range(30):
        opened.new_key()


def test_call_over_the_quota_is_throttled_until_time_has_passed(slow: OpenedStore) -> None:
    key_id = slow.new_key()
    with pytest.raises(errors.ThrottlingException, match=TEXT):
        slow.new_key()
    slow.metadata(key_id)
    with pytest.raises(errors.ThrottlingException):
        slow.metadata(key_id)
    slow.clock.advance(1000)
    slow.new_key()


def test_cryptographic_calls_share_a_quota(slow: OpenedStore) -> None:
    key_id = slow.new_key()
    slow.call("Encrypt", KeyId=key_id, Plaintext=b"x")
    for operation, parameters in (
        ("GenerateDataKey", {"KeyId": key_id, "KeySpec": "AES_256"}),
        ("GenerateRandom", {"NumberOfBytes": 16}),
    ):
        with pytest.raises(errors.ThrottlingException):
            slow.call(operation, **parameters)
    slow.call("ListKeys")


def test_calls_that_fail_count(slow: OpenedStore) -> None:
    absent = "11111111-1111-4111-8111-111111111111"
    with pytest.raises(errors.NotFoundException):
        slow.metadata(absent)
    with pytest.raises(errors.ThrottlingException):
        slow.metadata(absent)


def test_malformed_calls_do_not_count(slow: OpenedStore) -> None:
    with pytest.raises(errors.ValidationException):
        slow.call("GenerateRandom", NumberOfBytes=0)
    slow.call("GenerateRandom", NumberOfBytes=1)


def test_accounts_and_regions_are_counted_apart(slow: OpenedStore) -> None:
    for place in ({}, {"region": "eu-west-1"}, {"account": "999999999999"}):
        slow.call("CreateKey", **place)
        with pytest.raises(errors.ThrottlingException):
            slow.call("CreateKey", **place)


def test_batch_is_throttled_as_one_call(scratch: ScratchStore) -> None:
    with scratch.client(quotas={"requests": {"Cryptographic operations (symmetric)": 0.001}}) as kms:
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.encrypt_batch(KeyId=key_id, Plaintexts=[b"x"] * 100)
        with pytest.raises(errors.ThrottlingException):
            kms.encrypt_batch(KeyId=key_id, Plaintexts=[b"x"])


def test_throttled_calls_are_audited(slow: OpenedStore) -> None:
    slow.new_key()
    with pytest.raises(errors.ThrottlingException):
        slow.new_key()
    outcomes = [record["outcome"] for record in slow.scratch.audit_records() if record["op"] == "CreateKey"]
    assert outcomes == ["Success", "ThrottlingException"]


def test_keys_of_a_region_are_bounded(slow: OpenedStore) -> None:
    def new_key(**place: str) -> dict[str, Any]:
        slow.clock.advance(2000)
        metadata: dict[str, Any] = slow.call("CreateKey", **place)["KeyMetadata"]
        return metadata

    first = new_key()["KeyId"]
    new_key()
    new_key()
    with pytest.raises(errors.LimitExceededException, match="has 3 KMS keys in us-east-1"):
        new_key()
    new_key(region="eu-west-1")
    new_key(account="999999999999")
    # What AWS manages does not count.
    slow.metadata("alias/aws/s3")
    slow.clock.advance(5)
    slow.call("ScheduleKeyDeletion", KeyId=first, PendingWindowInDays=7)
    with pytest.raises(errors.LimitExceededException):
        new_key()
    slow.clock.advance(8 * 86_400)
    new_key()
    with pytest.raises(errors.LimitExceededException):
        new_key()


def test_keys_are_counted_seldom(slow: OpenedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []

    def count(_transaction: object, _account: str, region: str) -> int:
        counted.append(region)
        return 900 + len(counted)

    monkeypatch.setattr("kmscore.store.key_quota._count", count)
    slow.embedded.store.key_quota = KeyQuota(1_000)
    for _ in range(50):
        slow.clock.advance(2000)
        slow.new_key()
    assert counted == ["us-east-1"]


@pytest.mark.parametrize(
    ("quotas", "text"),
    [
        ({"requests": {"Encrypt": 1}}, '"Encrypt" is no request quota'),
        ({"requests": {"CreateKey": -1}}, "not below zero"),
        ({"requests": {"CreateKey": "many"}}, "no number of requests"),
        ({"requests": {"CreateKey": True}}, "no number of requests"),
        ({"requests": {"CreateKey": {"us-east-1": 1}}}, "has no default"),
        ({"resources": {"keys_per_region": 1.5}}, "no number of keys"),
        ({"resources": {"aliases_per_key": 1}}, "'aliases_per_key'"),
        ({"rates": {}}, "'rates'"),
        ({"requests": 5}, "requests = 5"),
    ],
)
def test_malformed_quotas_are_refused(scratch: ScratchStore, quotas: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        scratch.client(quotas=quotas)
    assert not scratch.home.exists()


def test_quotas_come_from_a_file(scratch: ScratchStore, tmp_path: Path) -> None:
    path = tmp_path / "quotas.toml"
    path.write_text("dated = 2026-01-01\n[requests]\nCreateKey = { default = 0.001, eu-west-1 = 5 }\n")
    with scratch.client(quotas=path) as kms:
        kms.create_key()
        with pytest.raises(errors.ThrottlingException):
            kms.create_key()
    path.write_text("requests = {")
    with pytest.raises(ValueError, match="is no TOML file"):
        scratch.client(quotas=path)
    with pytest.raises(FileNotFoundError):
        scratch.client(quotas=tmp_path / "absent.toml")


def test_clients_of_a_process_share_their_quotas(scratch: ScratchStore) -> None:
    with scratch.client(quotas={"requests": {"CreateKey": 0.001}}) as kms, scratch.client() as other:
        kms.create_key()
        for client in (other, pickle.loads(pickle.dumps(kms))):  # noqa: S301 - its own bytes
            with pytest.raises(errors.ThrottlingException):
                client.create_key()
        with pytest.raises(StoreError, match="quotas"):
            scratch.client(quotas="aws")
