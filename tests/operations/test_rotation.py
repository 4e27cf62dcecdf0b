"""Rotation: on a schedule, on demand, and what comes of keys that could not be rotated in time."""

from typing import Any

import pytest

from kmscore import errors
from kmscore.store import schema
from kmscore.store.key_changes import AWS_MANAGED_PERIOD, update_key
from kmscore.store.key_changes import DAY as MICROSECONDS_A_DAY
from kmscore.store.transaction import Transaction
from opened_store import DAY, OpenedStore


def timestamp(value: Any) -> float:
    return float(value.timestamp())


def status(opened: OpenedStore, key_id: str) -> dict[str, Any]:
    return opened.call("GetKeyRotationStatus", KeyId=key_id)


def rotations(opened: OpenedStore, key_id: str, include: str = "ROTATIONS_ONLY") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = opened.call("ListKeyRotations", KeyId=key_id, IncludeKeyMaterial=include)["Rotations"]
    return found


def events(opened: OpenedStore, name: str = "RotateKey") -> list[dict[str, Any]]:
    return [record for record in opened.scratch.audit_records() if record["op"] == name]


def test_rotation_is_off_until_it_is_enabled(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    assert status(opened, key_id) == {"KeyId": key_id, "KeyRotationEnabled": False}
    opened.call("EnableKeyRotation", KeyId=key_id)
    told = status(opened, key_id)
    assert (told["KeyRotationEnabled"], told["RotationPeriodInDays"]) == (True, 365)
    assert abs(timestamp(told["NextRotationDate"]) - opened.clock.now() - 365 * DAY) < 60
    assert set(told) == {"KeyId", "KeyRotationEnabled", "RotationPeriodInDays", "NextRotationDate"}
    opened.call("DisableKeyRotation", KeyId=key_id)
    assert status(opened, key_id) == {"KeyId": key_id, "KeyRotationEnabled": False}


def test_key_is_rotated_on_its_schedule_and_opens_old_blobs(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    first = opened.metadata(key_id)["CurrentKeyMaterialId"]
    blob = opened.call("Encrypt", KeyId=key_id, Plaintext=b"old")["CiphertextBlob"]
    opened.call("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=90)
    planned = timestamp(status(opened, key_id)["NextRotationDate"])
    opened.clock.advance(90 * DAY + 5)
    second = opened.metadata(key_id)["CurrentKeyMaterialId"]
    assert second != first
    assert timestamp(status(opened, key_id)["NextRotationDate"]) == planned + 90 * DAY
    opened_blob = opened.call("Decrypt", CiphertextBlob=blob)
    assert (opened_blob["Plaintext"], opened_blob["KeyMaterialId"]) == (b"old", first)
    new = opened.call("Encrypt", KeyId=key_id, Plaintext=b"new")["CiphertextBlob"]
    assert opened.call("Decrypt", CiphertextBlob=new)["KeyMaterialId"] == second
    [entry] = rotations(opened, key_id)
    assert abs(timestamp(entry["RotationDate"]) - opened.clock.now()) < 60
    assert {name: entry[name] for name in ("KeyId", "KeyMaterialId", "KeyMaterialState", "RotationType")} == {
        "KeyId": key_id,
        "KeyMaterialId": second,
        "KeyMaterialState": "CURRENT",
        "RotationType": "AUTOMATIC",
    }
    [event] = events(opened)
    assert event["caller"] == "service"
    assert event["details"] == {
        "rotationType": "AUTOMATIC",
        "keyOrigin": "AWS_KMS",
        "previousKeyMaterialId": first,
        "currentKeyMaterialId": second,
    }


def test_rotation_that_is_long_overdue_takes_place_once(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.call("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=90)
    opened.clock.advance(500 * DAY)
    assert opened.embedded.run_due_work() == 1
    assert opened.embedded.run_due_work() == 0
    assert len(rotations(opened, key_id)) == 1
    assert 0 < timestamp(status(opened, key_id)["NextRotationDate"]) - opened.clock.now() <= 90 * DAY


def test_disabled_key_keeps_its_schedule_and_catches_up_once(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.call("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=90)
    opened.call("DisableKey", KeyId=key_id)
    opened.clock.advance(300 * DAY)
    assert status(opened, key_id)["KeyRotationEnabled"] is True
    assert rotations(opened, key_id) == []
    opened.call("EnableKey", KeyId=key_id)
    assert len(rotations(opened, key_id)) == 1
    assert abs(timestamp(status(opened, key_id)["NextRotationDate"]) - opened.clock.now() - 90 * DAY) < 60


def test_key_pending_deletion_is_not_rotated_and_its_schedule_comes_back(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.call("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=90)
    opened.clock.advance(85 * DAY)
    opened.call("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=30)
    opened.clock.advance(10 * DAY)
    assert status(opened, key_id) == {"KeyId": key_id, "KeyRotationEnabled": False}
    assert rotations(opened, key_id) == []
    opened.call("CancelKeyDeletion", KeyId=key_id)
    assert status(opened, key_id)["RotationPeriodInDays"] == 90
    assert rotations(opened, key_id) == []


def test_repeating_may_change_the_period(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.call("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=90)
    opened.clock.advance(10 * DAY)
    before, state = status(opened, key_id), opened.state()
    opened.call("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=90)
    assert (status(opened, key_id), opened.state()) == (before, state)
    opened.call("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=100)
    assert abs(timestamp(status(opened, key_id)["NextRotationDate"]) - opened.clock.now() - 100 * DAY) < 60


def test_on_demand_rotation_leaves_the_schedule_alone(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    arn = opened.metadata(key_id)["Arn"]
    opened.call("EnableKeyRotation", KeyId=key_id)
    before = status(opened, key_id)
    assert opened.call("RotateKeyOnDemand", KeyId=key_id) == {"KeyId": arn}
    assert status(opened, key_id) == before
    [entry] = rotations(opened, key_id)
    assert entry["RotationType"] == "ON_DEMAND"
    assert [event["details"]["rotationType"] for event in events(opened)] == ["ON_DEMAND"]


def test_first_material_is_listed_when_all_is_asked_for(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    first = opened.metadata(key_id)["CurrentKeyMaterialId"]
    opened.call("RotateKeyOnDemand", KeyId=key_id)
    entries = rotations(opened, key_id, "ALL_KEY_MATERIAL")
    assert entries[0] == {"KeyId": key_id, "KeyMaterialId": first, "KeyMaterialState": "NON_CURRENT"}
    assert [entry["KeyMaterialState"] for entry in entries] == ["NON_CURRENT", "CURRENT"]
    assert [entry["KeyMaterialState"] for entry in rotations(opened, key_id)] == ["CURRENT"]


def test_rotations_come_in_pages(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    for _ in range(3):
        opened.call("RotateKeyOnDemand", KeyId=key_id)
    whole = rotations(opened, key_id)
    page = opened.call("ListKeyRotations", KeyId=key_id, Limit=2)
    assert page["Truncated"] is True
    rest = opened.call("ListKeyRotations", KeyId=key_id, Limit=2, Marker=page["NextMarker"])
    assert page["Rotations"] + rest["Rotations"] == whole
    with pytest.raises(errors.InvalidMarkerException):
        opened.call("ListKeyRotations", KeyId=opened.new_key(), Marker=page["NextMarker"])


def test_26th_on_demand_rotation_is_refused(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    arn = opened.metadata(key_id)["Arn"]
    for _ in range(25):
        opened.call("RotateKeyOnDemand", KeyId=key_id)
    state = opened.state()
    text = (
        "The on-demand rotations limit has been reached for the given keyId. "
        f"No more on-demand rotations can be performed for this key: {arn}"
    )
    with pytest.raises(errors.LimitExceededException, match=text):
        opened.call("RotateKeyOnDemand", KeyId=key_id)
    assert opened.state() == state


def test_on_demand_rotation_keeps_clear_of_an_automatic_one(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.call("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=90)
    opened.clock.advance(90 * DAY - 19 * 60)
    with pytest.raises(errors.ConflictException):
        opened.call("RotateKeyOnDemand", KeyId=key_id)
    opened.clock.advance(20 * 60)
    opened.call("RotateKeyOnDemand", KeyId=key_id)
    assert [entry["RotationType"] for entry in rotations(opened, key_id)] == ["AUTOMATIC", "ON_DEMAND"]


ROTATION_CALLS = [
    "EnableKeyRotation",
    "DisableKeyRotation",
    "GetKeyRotationStatus",
    "ListKeyRotations",
    "RotateKeyOnDemand",
]


@pytest.mark.parametrize("operation", ROTATION_CALLS)
def test_only_symmetric_encryption_keys_are_rotated(opened: OpenedStore, operation: str) -> None:
    key_id = opened.new_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    with pytest.raises(errors.UnsupportedOperationException, match="key spec is HMAC_256 which is not valid"):
        opened.call(operation, KeyId=key_id)


@pytest.mark.parametrize("operation", ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"])
def test_disabled_key_refuses_changes_of_its_rotation(opened: OpenedStore, operation: str) -> None:
    key_id = opened.new_key()
    opened.call("DisableKey", KeyId=key_id)
    with pytest.raises(errors.DisabledException, match="is disabled"):
        opened.call(operation, KeyId=key_id)
    assert status(opened, key_id)["KeyRotationEnabled"] is False


@pytest.mark.parametrize("days", [89, 2561])
def test_period_is_90_to_2560_days(opened: OpenedStore, days: int) -> None:
    with pytest.raises(errors.ValidationException, match="rotationPeriodInDays"):
        opened.call("EnableKeyRotation", KeyId=opened.new_key(), RotationPeriodInDays=days)


def test_clock_set_back_makes_no_second_rotation(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.call("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=90)
    opened.clock.advance(91 * DAY)
    assert len(rotations(opened, key_id)) == 1
    opened.clock.advance(-91 * DAY)
    opened.reopen()
    assert len(rotations(opened, key_id)) == 1


def test_aws_managed_key_is_rotated_every_year_and_by_nobody_else(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    place = {"region": "us-east-1", "key_id": key_id}

    def make_managed(transaction: Transaction) -> None:
        key = transaction.row(schema.keys, **place)
        assert key is not None
        planned = transaction.now + AWS_MANAGED_PERIOD * MICROSECONDS_A_DAY
        update_key(transaction, key, manager="AWS", rotation_period=AWS_MANAGED_PERIOD, next_rotation=planned)

    opened.embedded.store.change_by_service(make_managed)
    assert status(opened, key_id)["RotationPeriodInDays"] == 365
    for operation in ("EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"):
        with pytest.raises(errors.UnsupportedOperationException, match="AWS managed key"):
            opened.call(operation, KeyId=key_id)
    opened.clock.advance(366 * DAY)
    assert len(rotations(opened, key_id)) == 1
