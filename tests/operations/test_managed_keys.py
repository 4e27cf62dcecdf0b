"""AWS managed keys: made on first use, used through their service, changed by nobody but AWS."""

import json
import threading
from typing import Any

import pytest

from kmscore import errors
from kmscore._core import Caller
from kmscore.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from kmscore.lifecycle import run_due_work
from kmscore.services import managed_aliases
from kmscore.testing import as_service
from opened_store import DAY, OpenedStore
from scratch_store import ScratchStore

EBS = "alias/aws/ebs"
USER = f"arn:aws:iam::{DEFAULT_ACCOUNT}:user/alice"


def through_ebs(opened: OpenedStore, operation: str, **parameters: Any) -> dict[str, Any]:
    return opened.embedded.engine.call(operation, parameters, as_service("ebs", USER).caller(DEFAULT_REGION))


def test_describe_key_makes_the_key(opened: OpenedStore) -> None:
    metadata = opened.metadata(EBS)
    assert metadata["KeyManager"] == "AWS"
    assert metadata["Description"] == "Default key that protects my EBS volumes when no other key is defined"
    assert (metadata["KeyState"], metadata["KeySpec"], metadata["Origin"]) == (
        "Enabled",
        "SYMMETRIC_DEFAULT",
        "AWS_KMS",
    )
    assert opened.metadata(EBS) == metadata
    assert [key["KeyId"] for key in opened.call("ListKeys")["Keys"]] == [metadata["KeyId"]]


def test_cryptographic_call_makes_the_key(opened: OpenedStore) -> None:
    blob = through_ebs(opened, "Encrypt", KeyId=EBS, Plaintext=b"secret")["CiphertextBlob"]
    assert through_ebs(opened, "Decrypt", KeyId=EBS, CiphertextBlob=blob)["Plaintext"] == b"secret"
    other = "alias/aws/rds"
    asked = {"DestinationKeyId": other, "CiphertextBlob": blob}
    with pytest.raises(errors.AccessDeniedException):
        through_ebs(opened, "ReEncrypt", **asked)
    assert opened.metadata(other)["KeyManager"] == "AWS"


def test_alias_arn_makes_the_key_of_the_own_account_only(opened: OpenedStore) -> None:
    arn = f"arn:aws:kms:us-east-1:{DEFAULT_ACCOUNT}:{EBS}"
    with pytest.raises(errors.NotFoundException):
        opened.metadata(arn, account="999999999999")
    assert opened.call("ListKeys")["Keys"] == []
    assert opened.metadata(arn)["KeyManager"] == "AWS"


@pytest.mark.parametrize("name", ["alias/aws/cloudtrail", "alias/aws/unheard-of", "alias/aws/"])
def test_alias_of_no_service_is_not_found(opened: OpenedStore, name: str) -> None:
    with pytest.raises(errors.NotFoundException, match=f"{name} is not found"):
        opened.metadata(name)


@pytest.mark.parametrize("operation", ["EnableKey", "GetKeyPolicy", "ListGrants"])
def test_other_operations_make_no_key(opened: OpenedStore, operation: str) -> None:
    with pytest.raises(errors.NotFoundException):
        opened.call(operation, KeyId=EBS)
    assert opened.call("ListKeys")["Keys"] == []


def test_each_account_and_region_has_its_own(opened: OpenedStore) -> None:
    places: list[dict[str, str]] = [{}, {"region": "eu-west-1"}, {"account": "999999999999"}]
    assert len({opened.metadata(EBS, **place)["Arn"] for place in places}) == 3


def test_policy_is_aws_s(opened: OpenedStore) -> None:
    key_id = opened.metadata(EBS)["KeyId"]
    policy = json.loads(opened.call("GetKeyPolicy", KeyId=key_id)["Policy"])
    assert policy["Id"] == "auto-ebs-2"
    through, metadata = policy["Statement"]
    assert through["Sid"] == "Allow access through EBS for all principals in the account that are authorized to use EBS"
    via = {"kms:CallerAccount": DEFAULT_ACCOUNT, "kms:ViaService": "ec2.us-east-1.amazonaws.com"}
    assert through["Condition"] == {"StringEquals": via}
    assert metadata["Principal"] == {"AWS": f"arn:aws:iam::{DEFAULT_ACCOUNT}:root"}
    assert metadata["Action"] == ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"]


def test_foreign_account_is_denied_though_through_the_service(opened: OpenedStore) -> None:
    arn = opened.metadata(EBS)["Arn"]
    foreign = as_service("ebs", "arn:aws:iam::999999999999:user/mallory").caller(DEFAULT_REGION)
    with pytest.raises(errors.AccessDeniedException):
        opened.embedded.engine.call("Encrypt", {"KeyId": arn, "Plaintext": b"x"}, foreign)


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("PutKeyPolicy", {"Policy": "{}"}),
    ("TagResource", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
    ("UntagResource", {"TagKeys": ["a"]}),
    ("DisableKey", {}),
    ("EnableKey", {}),
    ("UpdateKeyDescription", {"Description": "mine"}),
    ("ScheduleKeyDeletion", {}),
    ("EnableKeyRotation", {}),
    ("DisableKeyRotation", {}),
    ("RotateKeyOnDemand", {}),
    ("Encrypt", {"Plaintext": b"x"}),
    ("CreateGrant", {"GranteePrincipal": USER, "Operations": ["Decrypt"]}),
]


@pytest.mark.parametrize(("operation", "parameters"), CHANGES, ids=[operation for operation, _ in CHANGES])
def test_owner_cannot_change_or_use_it(opened: OpenedStore, operation: str, parameters: dict[str, Any]) -> None:
    before = opened.metadata(EBS)
    with pytest.raises(errors.AccessDeniedException, match=f"kms:{operation}"):
        opened.call(operation, KeyId=before["KeyId"], **parameters)
    assert opened.metadata(EBS) == before


def test_owner_can_read_about_it_and_revoke_grants(opened: OpenedStore) -> None:
    key_id = opened.metadata(EBS)["KeyId"]
    asked = {"KeyId": key_id, "GranteePrincipal": USER, "Operations": ["Decrypt"]}
    grant_id = through_ebs(opened, "CreateGrant", **asked)["GrantId"]
    assert [grant["GrantId"] for grant in opened.call("ListGrants", KeyId=key_id)["Grants"]] == [grant_id]
    opened.call("RevokeGrant", KeyId=key_id, GrantId=grant_id)
    assert opened.call("ListGrants", KeyId=key_id)["Grants"] == []


def test_aliases_of_aws_are_nobody_s_to_change(opened: OpenedStore) -> None:
    key_id, own = opened.metadata(EBS)["KeyId"], opened.new_key()
    with pytest.raises(errors.ValidationException, match="reserved"):
        opened.call("CreateAlias", AliasName="alias/aws/mine", TargetKeyId=own)
    denied: list[tuple[str, dict[str, str]]] = [
        ("CreateAlias", {"AliasName": "alias/mine", "TargetKeyId": key_id}),
        ("UpdateAlias", {"AliasName": EBS, "TargetKeyId": own}),
        ("DeleteAlias", {"AliasName": EBS}),
    ]
    for operation, parameters in denied:
        with pytest.raises(errors.AccessDeniedException):
            opened.call(operation, **parameters)


def test_predefined_aliases_are_listed_before_their_keys_exist(opened: OpenedStore) -> None:
    assert {alias["AliasName"] for alias in opened.call("ListAliases")["Aliases"]} == managed_aliases().keys()
    assert not any("TargetKeyId" in alias for alias in opened.call("ListAliases")["Aliases"])
    key_id = opened.metadata(EBS)["KeyId"]
    opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=opened.new_key())
    listed = opened.call("ListAliases")["Aliases"]
    names = [alias["AliasName"] for alias in listed]
    assert names == sorted({*managed_aliases(), "alias/app"})
    targets = {alias["AliasName"]: alias["TargetKeyId"] for alias in listed if "TargetKeyId" in alias}
    assert targets.keys() == {EBS, "alias/app"}
    assert targets[EBS] == key_id
    assert [alias["AliasName"] for alias in opened.call("ListAliases", KeyId=key_id)["Aliases"]] == [EBS]


def test_predefined_aliases_come_in_pages(opened: OpenedStore) -> None:
    opened.metadata(EBS)
    seen: list[str] = []
    marker: dict[str, str] = {}
    for _ in range(50):
        page = opened.call("ListAliases", Limit=3, **marker)
        seen += [alias["AliasName"] for alias in page["Aliases"]]
        if not page["Truncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert seen == sorted(managed_aliases())


def test_threads_at_once_make_one_key(opened: OpenedStore) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(opened.metadata(EBS)["KeyId"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(opened.call("ListKeys")["Keys"]) == 1


def test_processes_at_once_make_one_key(scratch: ScratchStore) -> None:
    scratch.client().close()
    processes = [scratch.start("operations.describe_managed_key") for _ in range(3)]
    answers = [process.communicate(timeout=120) for process in processes]
    assert all(process.returncode == 0 for process in processes), answers
    assert len({output for output, _ in answers}) == 1
    with scratch.client() as kms:
        assert len(kms.list_keys()["Keys"]) == 1


def test_making_it_is_audited(opened: OpenedStore) -> None:
    metadata = opened.metadata(EBS)
    made = [record for record in opened.scratch.audit_records() if record["op"] == "CreateKey"]
    [record] = made
    assert record["caller"] == "service"
    assert record["resources"] == [metadata["Arn"], f"arn:aws:kms:us-east-1:{DEFAULT_ACCOUNT}:{EBS}"]


def test_it_is_due_to_be_rotated_after_a_year(opened: OpenedStore) -> None:
    opened.metadata(EBS)
    [(period, due, rotation)] = opened.scratch.query("SELECT rotation_period, due, next_rotation FROM keys")
    assert period == 365
    assert due == rotation
    opened.clock.advance(364 * DAY)
    assert run_due_work(opened.embedded.store) == 0
    assert opened.metadata(EBS)["KeyState"] == "Enabled"


def test_a_caller_without_rights_learns_nothing_new(opened: OpenedStore) -> None:
    stranger = Caller(DEFAULT_ACCOUNT, USER, DEFAULT_REGION)
    with pytest.raises(errors.AccessDeniedException):
        opened.embedded.engine.call("Encrypt", {"KeyId": EBS, "Plaintext": b"x"}, stranger)
