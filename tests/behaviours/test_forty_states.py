"""Behaviours 10 to 19 that implementers of AWS KMS get wrong: key states and rotation."""

from typing import Any

from behaviours.world import World, refuses
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION

GRANTEE = f"arn:aws:iam::{DEFAULT_ACCOUNT}:root"
TAG = {"TagKey": "stage", "TagValue": "test"}


def arn(key_id: str) -> str:
    return f"arn:aws:kms:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:key/{key_id}"


def grant(world: World, key_id: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = world.kms.create_grant(
        KeyId=key_id, GranteePrincipal=GRANTEE, Operations=["Encrypt"], **more
    )
    return made


def test_10_a_key_that_waits_for_its_material_cannot_be_disabled(world: World) -> None:
    key_id = world.key(Origin="EXTERNAL")
    text = refuses("KMSInvalidStateException", world.kms.disable_key, KeyId=key_id)
    assert text == f"{arn(key_id)} is pending import."
    refuses("KMSInvalidStateException", world.kms.enable_key, KeyId=key_id)
    assert world.metadata(key_id)["KeyState"] == "PendingImport"


def test_11_policies_and_revocations_go_on_while_a_deletion_is_pending_tags_and_aliases_do_not(world: World) -> None:
    kms, key_id = world.kms, world.key()
    grant_id = grant(world, key_id)["GrantId"]
    policy = kms.get_key_policy(KeyId=key_id)["Policy"]
    kms.schedule_key_deletion(KeyId=key_id)
    kms.put_key_policy(KeyId=key_id, Policy=policy + " ")
    assert kms.get_key_policy(KeyId=key_id)["Policy"] == policy + " "
    kms.revoke_grant(KeyId=key_id, GrantId=grant_id)
    assert kms.list_grants(KeyId=key_id)["Grants"] == []
    calls: list[tuple[Any, dict[str, Any]]] = [
        (kms.tag_resource, {"KeyId": key_id, "Tags": [TAG]}),
        (kms.untag_resource, {"KeyId": key_id, "TagKeys": ["stage"]}),
        (kms.create_alias, {"AliasName": "alias/late", "TargetKeyId": key_id}),
    ]
    for call, parameters in calls:
        assert refuses("KMSInvalidStateException", call, **parameters) == f"{arn(key_id)} is pending deletion."


def test_12_a_disabled_key_gets_no_grant_and_loses_them_all_the_same(world: World) -> None:
    kms, key_id = world.kms, world.key()
    made = [grant(world, key_id, RetiringPrincipal=GRANTEE) for _ in range(2)]
    kms.disable_key(KeyId=key_id)
    text = refuses(
        "DisabledException", kms.create_grant, KeyId=key_id, GranteePrincipal=GRANTEE, Operations=["Encrypt"]
    )
    assert text == f"{arn(key_id)} is disabled."
    kms.retire_grant(GrantToken=made[0]["GrantToken"])
    kms.retire_grant(KeyId=arn(key_id), GrantId=made[1]["GrantId"])
    assert kms.list_grants(KeyId=key_id)["Grants"] == []


def test_13_an_alias_may_leave_a_key_pending_deletion_and_not_enter_one(world: World) -> None:
    kms, doomed, sound = world.kms, world.key(), world.key()
    kms.create_alias(AliasName="alias/app", TargetKeyId=doomed)
    kms.schedule_key_deletion(KeyId=doomed)
    kms.update_alias(AliasName="alias/app", TargetKeyId=sound)
    assert kms.describe_key(KeyId="alias/app")["KeyMetadata"]["KeyId"] == sound
    text = refuses("KMSInvalidStateException", kms.update_alias, AliasName="alias/app", TargetKeyId=doomed)
    assert text == f"{arn(doomed)} is pending deletion."
    assert kms.describe_key(KeyId="alias/app")["KeyMetadata"]["KeyId"] == sound


def test_14_public_key_and_verification_need_an_enabled_key(world: World) -> None:
    kms, key_id = world.kms, world.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    signing = {"KeyId": key_id, "Message": b"text", "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(**signing)["Signature"]
    kms.disable_key(KeyId=key_id)
    refuses("DisabledException", kms.get_public_key, KeyId=key_id)
    refuses("DisabledException", kms.verify, Signature=signature, **signing)
    kms.schedule_key_deletion(KeyId=key_id)
    refuses("KMSInvalidStateException", kms.get_public_key, KeyId=key_id)
    refuses("KMSInvalidStateException", kms.verify, Signature=signature, **signing)


def test_15_rotation_is_unsupported_for_key_pairs_and_refused_for_a_disabled_key(world: World) -> None:
    kms, pair, key_id = world.kms, world.key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY"), world.key()
    refuses("UnsupportedOperationException", kms.enable_key_rotation, KeyId=pair)
    kms.disable_key(KeyId=key_id)
    assert refuses("DisabledException", kms.enable_key_rotation, KeyId=key_id) == f"{arn(key_id)} is disabled."
    kms.enable_key(KeyId=key_id)
    kms.enable_key_rotation(KeyId=key_id)
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is True


def test_16_period_and_date_are_there_only_while_rotation_is_on(world: World) -> None:
    kms, key_id = world.kms, world.key()
    members = {"RotationPeriodInDays", "NextRotationDate"}

    def status() -> dict[str, Any]:
        found: dict[str, Any] = kms.get_key_rotation_status(KeyId=key_id)
        return found

    assert status()["KeyRotationEnabled"] is False
    assert members.isdisjoint(status())
    kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=90)
    assert members <= set(status())
    assert status()["RotationPeriodInDays"] == 90
    kms.disable_key_rotation(KeyId=key_id)
    assert status()["KeyRotationEnabled"] is False
    assert members.isdisjoint(status())


def test_17_rotation_reads_false_while_a_deletion_is_pending_and_returns(world: World) -> None:
    kms, key_id = world.kms, world.key()
    kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=200)
    kms.schedule_key_deletion(KeyId=key_id)
    status = kms.get_key_rotation_status(KeyId=key_id)
    assert status["KeyRotationEnabled"] is False
    assert "NextRotationDate" not in status
    kms.cancel_key_deletion(KeyId=key_id)
    status = kms.get_key_rotation_status(KeyId=key_id)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 200)


def test_18_rotation_on_demand_leaves_the_schedule_alone_and_ends_at_25(world: World) -> None:
    kms, key_id = world.kms, world.key()
    kms.enable_key_rotation(KeyId=key_id)
    date = kms.get_key_rotation_status(KeyId=key_id)["NextRotationDate"]
    for _ in range(25):
        assert kms.rotate_key_on_demand(KeyId=key_id)["KeyId"] in (key_id, arn(key_id))
        world.advance(minutes=1)
    assert kms.get_key_rotation_status(KeyId=key_id)["NextRotationDate"] == date
    text = refuses("LimitExceededException", kms.rotate_key_on_demand, KeyId=key_id)
    assert text == (
        "The on-demand rotations limit has been reached for the given keyId. "
        f"No more on-demand rotations can be performed for this key: {arn(key_id)}"
    )


def test_19_rotations_leave_out_the_first_material_unless_asked_for(world: World) -> None:
    kms, key_id = world.kms, world.key()
    first = world.metadata(key_id)["CurrentKeyMaterialId"]
    assert kms.list_key_rotations(KeyId=key_id)["Rotations"] == []
    kms.rotate_key_on_demand(KeyId=key_id)
    second = world.metadata(key_id)["CurrentKeyMaterialId"]
    rotations = kms.list_key_rotations(KeyId=key_id)["Rotations"]
    assert [(one["KeyMaterialId"], one["RotationType"]) for one in rotations] == [(second, "ON_DEMAND")]
    everything = kms.list_key_rotations(KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert {one["KeyMaterialId"]: one["KeyMaterialState"] for one in everything} == {
        first: "NON_CURRENT",
        second: "CURRENT",
    }
