"""GetKeyLastUsage."""

from datetime import datetime
from typing import Any

import pytest

from kmscore import audit, errors
from kmscore.audit.cloudtrail import cloudtrail_events
from opened_store import OpenedStore


def last_usage(opened: OpenedStore, key: str) -> dict[str, Any]:
    return opened.call("GetKeyLastUsage", KeyId=key)


def test_key_that_was_never_used_has_an_empty_answer(opened: OpenedStore) -> None:
    key = opened.new_key()
    found = last_usage(opened, key)
    assert found["KeyLastUsage"] == {}
    assert found["KeyId"] == opened.metadata(key)["Arn"]
    assert found["KeyCreationDate"] == opened.metadata(key)["CreationDate"]
    assert isinstance(found["TrackingStartDate"], datetime)
    assert found["TrackingStartDate"] >= found["KeyCreationDate"]


def test_last_success_is_named_with_its_cloudtrail_event(opened: OpenedStore) -> None:
    key = opened.new_key()
    opened.call("Encrypt", KeyId=key, Plaintext=b"x")
    opened.call("GenerateDataKey", KeyId=key, KeySpec="AES_256")
    [record] = audit.tail(opened.scratch.home, count=1)
    [event] = cloudtrail_events(record, {})
    used = last_usage(opened, key)["KeyLastUsage"]
    assert (used["Operation"], used["KmsRequestId"]) == ("GenerateDataKey", record["id"])
    assert used["CloudTrailEventId"] == event["eventID"]
    assert used["Timestamp"].timestamp() == pytest.approx(record["time"] / 1e6, abs=1e-5)


def test_failures_and_metadata_are_no_use(opened: OpenedStore) -> None:
    key = opened.new_key()
    opened.call("DescribeKey", KeyId=key)
    opened.call("DisableKey", KeyId=key)
    with pytest.raises(errors.DisabledException):
        opened.call("Encrypt", KeyId=key, Plaintext=b"x")
    with pytest.raises(errors.DisabledException):
        opened.call("GenerateDataKey", KeyId=key, KeySpec="AES_256")
    assert last_usage(opened, key)["KeyLastUsage"] == {}


def test_public_key_handed_out_is_no_use(opened: OpenedStore) -> None:
    key = opened.new_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    opened.call("GetPublicKey", KeyId=key)
    assert last_usage(opened, key)["KeyLastUsage"] == {}
    opened.call("Sign", KeyId=key, Message=b"x", SigningAlgorithm="ECDSA_SHA_256")
    assert last_usage(opened, key)["KeyLastUsage"]["Operation"] == "Sign"


def test_dry_run_is_no_use(opened: OpenedStore) -> None:
    key = opened.new_key()
    with pytest.raises(errors.DryRunOperationException):
        opened.call("Encrypt", KeyId=key, Plaintext=b"x", DryRun=True)
    assert last_usage(opened, key)["KeyLastUsage"] == {}


def test_it_works_in_every_state_and_not_for_a_key_that_is_not_there(opened: OpenedStore) -> None:
    key = opened.new_key()
    opened.call("Encrypt", KeyId=key, Plaintext=b"x")
    opened.call("ScheduleKeyDeletion", KeyId=key)
    assert last_usage(opened, key)["KeyLastUsage"]["Operation"] == "Encrypt"
    with pytest.raises(errors.NotFoundException):
        last_usage(opened, "1234abcd-12ab-34cd-56ef-1234567890ab")


def test_client_has_the_method(opened: OpenedStore) -> None:
    key = opened.new_key()
    client = opened.scratch.client(clock=opened.clock)
    try:
        assert client.get_key_last_usage(KeyId=key)["KeyLastUsage"] == {}
    finally:
        client.close()


def test_primary_and_replica_keys_are_told_apart(opened: OpenedStore) -> None:
    key = opened.new_key(MultiRegion=True)
    opened.call("ReplicateKey", KeyId=key, ReplicaRegion="eu-west-1")
    opened.clock.advance(60)
    opened.call("Encrypt", KeyId=key, Plaintext=b"x")
    assert opened.call("GetKeyLastUsage", region="eu-west-1", KeyId=key)["KeyLastUsage"] == {}
    opened.call("GenerateDataKey", region="eu-west-1", KeyId=key, KeySpec="AES_256")
    replica = opened.call("GetKeyLastUsage", region="eu-west-1", KeyId=key)
    assert (replica["KeyLastUsage"]["Operation"], "eu-west-1" in replica["KeyId"]) == ("GenerateDataKey", True)
    assert last_usage(opened, key)["KeyLastUsage"]["Operation"] == "Encrypt"


def test_each_key_of_re_encrypt_has_its_owner_s_event(opened: OpenedStore) -> None:
    source, destination = opened.new_key(), opened.new_key()
    blob = opened.call("Encrypt", KeyId=source, Plaintext=b"x")["CiphertextBlob"]
    opened.call("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=destination)
    events = {last_usage(opened, key)["KeyLastUsage"]["CloudTrailEventId"] for key in (source, destination)}
    assert len(events) == 1
