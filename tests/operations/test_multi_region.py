"""Multi-Region keys: replicas, shared and independent properties, the primary's change and end."""

import json
from typing import Any

import pytest

from kmscore import _core, errors
from kmscore._core import Caller
from kmscore.config import DEFAULT_ACCOUNT
from opened_store import DAY, OpenedStore

EAST, WEST, FAR = "us-east-1", "us-west-2", "eu-west-1"


def replicated(opened: OpenedStore, *regions: str, **more: Any) -> str:
    """A multi-Region key with replicas that are ready."""
    key_id = opened.new_key(MultiRegion=True, **more)
    for region in regions:
        opened.call("ReplicateKey", KeyId=key_id, ReplicaRegion=region)
    opened.clock.advance(2)
    return key_id


def state(opened: OpenedStore, key_id: str, region: str = EAST) -> str:
    return str(opened.metadata(key_id, region=region)["KeyState"])


def configuration(opened: OpenedStore, key_id: str, region: str = EAST) -> dict[str, Any]:
    found: dict[str, Any] = opened.metadata(key_id, region=region)["MultiRegionConfiguration"]
    return found


def arn(key_id: str, region: str) -> str:
    return f"arn:aws:kms:{region}:{DEFAULT_ACCOUNT}:key/{key_id}"


def test_replica_is_creating_for_a_second(opened: OpenedStore) -> None:
    key_id = opened.new_key(MultiRegion=True, Description="east")
    tags = [{"TagKey": "stage", "TagValue": "test"}]
    answer = opened.call("ReplicateKey", KeyId=key_id, ReplicaRegion=WEST, Description="west", Tags=tags)
    metadata = answer["ReplicaKeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"], metadata["Description"]) == ("Creating", False, "west")
    assert metadata["Arn"] == arn(key_id, WEST)
    assert "CurrentKeyMaterialId" not in metadata
    assert answer["ReplicaPolicy"] == _core.default_key_policy(DEFAULT_ACCOUNT, WEST)
    assert answer["ReplicaTags"] == tags
    with pytest.raises(errors.KMSInvalidStateException, match="is creating"):
        opened.call("Encrypt", region=WEST, KeyId=key_id, Plaintext=b"x")
    opened.clock.advance(1)
    assert state(opened, key_id, WEST) == "Enabled"
    material = opened.metadata(key_id)["CurrentKeyMaterialId"]
    assert opened.metadata(key_id, region=WEST)["CurrentKeyMaterialId"] == material


def test_related_keys_read_each_other_s_blobs(opened: OpenedStore) -> None:
    key_id = replicated(opened, WEST)
    blob = opened.call("Encrypt", KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    answer = opened.call("Decrypt", region=WEST, CiphertextBlob=blob)
    assert (answer["Plaintext"], answer["KeyId"]) == (b"text", arn(key_id, WEST))


def test_each_member_names_all_of_them(opened: OpenedStore) -> None:
    key_id = replicated(opened, WEST, FAR)
    members = {
        "PrimaryKey": {"Arn": arn(key_id, EAST), "Region": EAST},
        "ReplicaKeys": [{"Arn": arn(key_id, region), "Region": region} for region in (FAR, WEST)],
    }
    assert configuration(opened, key_id) == {"MultiRegionKeyType": "PRIMARY", **members}
    assert configuration(opened, key_id, WEST) == {"MultiRegionKeyType": "REPLICA", **members}


def test_what_is_independent_stays_so(opened: OpenedStore) -> None:
    key_id = replicated(opened, WEST)
    opened.call("DisableKey", KeyId=key_id)
    opened.call("CreateAlias", AliasName="alias/east", TargetKeyId=opened.new_key())
    opened.call("UpdateKeyDescription", KeyId=key_id, region=WEST, Description="other")
    assert (state(opened, key_id), state(opened, key_id, WEST)) == ("Disabled", "Enabled")
    assert opened.metadata(key_id)["Description"] == ""


def test_rotation_is_shared_and_reaches_every_replica(opened: OpenedStore) -> None:
    key_id = replicated(opened, WEST, FAR)
    opened.call("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=90)
    told = [opened.call("GetKeyRotationStatus", KeyId=key_id, region=region) for region in (EAST, WEST, FAR)]
    assert told[0] == told[1] == told[2]
    old = opened.call("Encrypt", region=FAR, KeyId=key_id, Plaintext=b"old")["CiphertextBlob"]
    opened.call("DisableKey", KeyId=key_id, region=WEST)
    opened.clock.advance(91 * DAY)
    ids = {opened.metadata(key_id, region=region)["CurrentKeyMaterialId"] for region in (WEST, FAR, EAST)}
    assert len(ids) == 1
    new = opened.call("Encrypt", KeyId=key_id, Plaintext=b"new")["CiphertextBlob"]
    for blob in (old, new):
        assert opened.call("Decrypt", region=FAR, CiphertextBlob=blob)["Plaintext"] in (b"old", b"new")
    assert len([record for record in opened.scratch.audit_records() if record["op"] == "RotateKey"]) == 1
    late = opened.call("ReplicateKey", KeyId=key_id, ReplicaRegion="eu-west-2")["ReplicaKeyMetadata"]["KeyId"]
    opened.clock.advance(2)
    assert opened.call("Decrypt", region="eu-west-2", CiphertextBlob=old, KeyId=late)["Plaintext"] == b"old"


@pytest.mark.parametrize("operation", ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"])
def test_only_the_primary_is_rotated(opened: OpenedStore, operation: str) -> None:
    key_id = replicated(opened, WEST)
    with pytest.raises(
        errors.UnsupportedOperationException, match=f"{arn(key_id, WEST)} is not a multi-region primary"
    ):
        opened.call(operation, KeyId=key_id, region=WEST)


def test_only_a_primary_is_replicated_and_once_into_a_region(opened: OpenedStore) -> None:
    key_id = replicated(opened, WEST)
    with pytest.raises(errors.UnsupportedOperationException, match="is not a multi-region primary key"):
        opened.call("ReplicateKey", KeyId=opened.new_key(), ReplicaRegion=WEST)
    with pytest.raises(errors.UnsupportedOperationException, match="is not a multi-region primary key"):
        opened.call("ReplicateKey", region=WEST, KeyId=key_id, ReplicaRegion=FAR)
    for region in (WEST, EAST):
        with pytest.raises(errors.AlreadyExistsException):
            opened.call("ReplicateKey", KeyId=key_id, ReplicaRegion=region)
    with pytest.raises(errors.UnsupportedOperationException, match="another partition"):
        opened.call("ReplicateKey", KeyId=key_id, ReplicaRegion="cn-north-1")


def test_primary_region_is_changed(opened: OpenedStore) -> None:
    key_id = replicated(opened, WEST, FAR)
    opened.call("UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=WEST)
    assert [state(opened, key_id, region) for region in (EAST, WEST, FAR)] == ["Updating", "Updating", "Enabled"]
    opened.call("Encrypt", KeyId=key_id, Plaintext=b"meanwhile")
    opened.clock.advance(1)
    assert [state(opened, key_id, region) for region in (EAST, WEST)] == ["Enabled", "Enabled"]
    assert configuration(opened, key_id)["MultiRegionKeyType"] == "REPLICA"
    assert configuration(opened, key_id, FAR)["PrimaryKey"]["Region"] == WEST
    opened.call("RotateKeyOnDemand", KeyId=key_id, region=WEST)


def test_primary_region_must_be_that_of_a_replica(opened: OpenedStore) -> None:
    key_id = replicated(opened, WEST)
    with pytest.raises(errors.NotFoundException):
        opened.call("UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=FAR)
    with pytest.raises(errors.UnsupportedOperationException):
        opened.call("UpdatePrimaryRegion", KeyId=opened.new_key(), PrimaryRegion=WEST)
    with pytest.raises(errors.UnsupportedOperationException, match="is the primary key already"):
        opened.call("UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=EAST)
    with pytest.raises(errors.UnsupportedOperationException, match="is not a multi-region primary key"):
        opened.call("UpdatePrimaryRegion", region=WEST, KeyId=key_id, PrimaryRegion=EAST)
    opened.call("DisableKey", KeyId=key_id, region=WEST)
    with pytest.raises(errors.DisabledException):
        opened.call("UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=WEST)


def test_primary_with_replicas_waits_for_their_end(opened: OpenedStore) -> None:
    key_id = replicated(opened, WEST)
    answer = opened.call("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=10)
    assert answer == {"KeyId": arn(key_id, EAST), "KeyState": "PendingReplicaDeletion", "PendingWindowInDays": 10}
    metadata = opened.metadata(key_id)
    assert metadata["PendingDeletionWindowInDays"] == 10
    assert "DeletionDate" not in metadata
    opened.clock.advance(100 * DAY)
    assert state(opened, key_id) == "PendingReplicaDeletion"
    opened.call("ScheduleKeyDeletion", KeyId=key_id, region=WEST, PendingWindowInDays=7)
    opened.clock.advance(7 * DAY + 1)
    metadata = opened.metadata(key_id)
    assert metadata["KeyState"] == "PendingDeletion"
    assert abs(metadata["DeletionDate"].timestamp() - opened.clock.now() - 10 * DAY) < 60
    assert "PendingDeletionWindowInDays" not in metadata
    opened.clock.advance(11 * DAY)
    with pytest.raises(errors.NotFoundException):
        opened.metadata(key_id)


def test_waiting_for_replicas_can_be_cancelled(opened: OpenedStore) -> None:
    key_id = replicated(opened, WEST)
    opened.call("ScheduleKeyDeletion", KeyId=key_id)
    opened.call("CancelKeyDeletion", KeyId=key_id)
    assert state(opened, key_id) == "Disabled"
    opened.call("ScheduleKeyDeletion", KeyId=key_id, region=WEST, PendingWindowInDays=7)
    opened.clock.advance(8 * DAY)
    assert state(opened, key_id) == "Disabled"


def test_deleted_replica_can_be_made_again(opened: OpenedStore) -> None:
    key_id = replicated(opened, WEST)
    blob = opened.call("Encrypt", region=WEST, KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    opened.call("ScheduleKeyDeletion", KeyId=key_id, region=WEST, PendingWindowInDays=7)
    opened.clock.advance(8 * DAY)
    assert configuration(opened, key_id)["ReplicaKeys"] == []
    opened.call("ReplicateKey", KeyId=key_id, ReplicaRegion=WEST)
    opened.clock.advance(2)
    assert opened.call("Decrypt", region=WEST, CiphertextBlob=blob)["Plaintext"] == b"text"


def test_replica_that_is_still_being_made_can_be_deleted(opened: OpenedStore) -> None:
    key_id = opened.new_key(MultiRegion=True)
    opened.call("ReplicateKey", KeyId=key_id, ReplicaRegion=WEST)
    opened.call("ScheduleKeyDeletion", KeyId=key_id, region=WEST)
    opened.clock.advance(5)
    assert state(opened, key_id, WEST) == "PendingDeletion"


def test_policy_that_locks_out_is_refused_for_a_replica(opened: OpenedStore) -> None:
    key_id = opened.new_key(MultiRegion=True)
    policy = '{"Version":"2012-10-17","Statement":[]}'
    before = opened.state()
    with pytest.raises(errors.MalformedPolicyDocumentException):
        opened.call("ReplicateKey", KeyId=key_id, ReplicaRegion=WEST, Policy=policy)
    assert opened.state() == before


USER = f"arn:aws:iam::{DEFAULT_ACCOUNT}:user/some"


def policy_for_user(*actions: str) -> str:
    policy = json.loads(_core.default_key_policy(DEFAULT_ACCOUNT, EAST))
    statement = {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": list(actions), "Resource": "*"}
    return json.dumps({**policy, "Statement": [*policy["Statement"], statement]})


def call_as_user(opened: OpenedStore, operation: str, **parameters: Any) -> None:
    opened.embedded.engine.call(operation, parameters, Caller(DEFAULT_ACCOUNT, USER, EAST))


def test_replica_needs_leave_to_make_keys_over_there(opened: OpenedStore) -> None:
    key_id = opened.new_key(MultiRegion=True, Policy=policy_for_user("kms:ReplicateKey"))
    before = opened.state()
    with pytest.raises(errors.AccessDeniedException, match="kms:CreateKey"):
        call_as_user(opened, "ReplicateKey", KeyId=key_id, ReplicaRegion=WEST)
    assert opened.state() == before


def test_both_keys_must_allow_the_change_of_primary(opened: OpenedStore) -> None:
    policy = policy_for_user("kms:UpdatePrimaryRegion")
    key_id = replicated(opened, WEST, Policy=policy)
    with pytest.raises(errors.AccessDeniedException, match=arn(key_id, WEST)):
        call_as_user(opened, "UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=WEST)
    opened.call("PutKeyPolicy", region=WEST, KeyId=key_id, Policy=policy)
    call_as_user(opened, "UpdatePrimaryRegion", KeyId=key_id, PrimaryRegion=WEST)
