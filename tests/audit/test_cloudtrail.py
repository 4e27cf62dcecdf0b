"""A stored record in CloudTrail's shape: docs/audit.md, "As CloudTrail has it"."""

import re
import uuid
from typing import Any

import pytest

from audit.conftest import OTHER, arn, refused
from kmscore import audit
from kmscore._core import Caller
from kmscore.audit.cloudtrail import cloudtrail_events, english_time
from kmscore.audit.identities import user_identity
from kmscore.audit.reading import AuditRecord
from kmscore.store.service_events import service_record
from opened_store import OpenedStore


def newest(opened: OpenedStore) -> AuditRecord:
    [record] = audit.tail(opened.scratch.home, count=1)
    return record


def event(opened: OpenedStore) -> dict[str, Any]:
    [found] = cloudtrail_events(newest(opened), {})
    return found


def test_read_of_a_key_has_every_member(opened: OpenedStore, key: str) -> None:
    opened.call("DescribeKey", KeyId=key)
    found = event(opened)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found.pop("eventTime"))
    assert uuid.UUID(found.pop("eventID"))
    assert uuid.UUID(found.pop("requestID"))
    assert found == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root",
            "principalId": "123456789012",
            "arn": "arn:aws:iam::123456789012:root",
            "accountId": "123456789012",
        },
        "eventSource": "kms.amazonaws.com",
        "eventName": "DescribeKey",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "kmscore",
        "requestParameters": {"keyId": key},
        "responseElements": None,
        "readOnly": True,
        "resources": [{"accountId": "123456789012", "type": "AWS::KMS::Key", "ARN": arn(key)}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "123456789012",
        "eventCategory": "Management",
    }


def test_defaulted_algorithm_is_logged_and_context_names_stay(opened: OpenedStore, key: str) -> None:
    blob = opened.call("Encrypt", KeyId=key, Plaintext=b"x", EncryptionContext={"App": "a"})["CiphertextBlob"]
    assert event(opened)["requestParameters"] == {
        "keyId": key,
        "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "encryptionContext": {"App": "a"},
    }
    opened.call("ReEncrypt", CiphertextBlob=blob, SourceEncryptionContext={"App": "a"}, DestinationKeyId=key)
    parameters = event(opened)["requestParameters"]
    algorithms = {parameters["sourceEncryptionAlgorithm"], parameters["destinationEncryptionAlgorithm"]}
    assert algorithms == {"SYMMETRIC_DEFAULT"}
    assert len(event(opened)["resources"]) == 2


def test_decrypt_logs_the_arn_of_its_key(opened: OpenedStore, key: str) -> None:
    blob = opened.call("Encrypt", KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    opened.call("Decrypt", CiphertextBlob=blob)
    found = event(opened)
    assert found["requestParameters"]["keyId"] == arn(key)
    assert found["additionalEventData"]["keyMaterialId"] == newest(opened)["material"]
    assert (found["responseElements"], found["readOnly"]) == (None, True)


def test_new_key_answers_its_metadata_with_dates_in_english(opened: OpenedStore) -> None:
    key_id = opened.new_key(Tags=[{"TagKey": "a", "TagValue": "b"}])
    found = event(opened)
    metadata = found["responseElements"]["keyMetadata"]
    assert (metadata["keyId"], metadata["aWSAccountId"]) == (key_id, "123456789012")
    assert re.fullmatch(r"[A-Z][a-z]{2} \d+, \d{4} \d+:\d\d:\d\d [AP]M", metadata["creationDate"])
    assert found["requestParameters"]["tags"] == [{"tagKey": "a", "tagValue": "b"}]
    assert set(found["responseElements"]) == {"keyMetadata"}


def test_void_write_answers_the_arn_and_deletion_its_date(opened: OpenedStore, key: str) -> None:
    opened.call("DisableKey", KeyId=key)
    assert event(opened)["responseElements"] == {"keyId": arn(key)}
    opened.call("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    elements = event(opened)["responseElements"]
    assert (elements["keyId"], elements["keyState"]) == (arn(key), "PendingDeletion")
    assert elements["pendingWindowInDays"] == 7
    assert elements["deletionDate"].endswith("M")


def test_alias_is_a_resource_beside_its_key(opened: OpenedStore, key: str) -> None:
    opened.call("CreateAlias", AliasName="alias/app", TargetKeyId=key)
    assert [resource["type"] for resource in event(opened)["resources"]] == ["AWS::KMS::Key", "AWS::KMS::Alias"]


def test_failure_has_code_and_text_and_no_answer(opened: OpenedStore, key: str) -> None:
    opened.call("DisableKey", KeyId=key)
    request_id = refused(opened, "Encrypt", KeyId=key, Plaintext=b"x")
    found = event(opened)
    assert (found["requestID"], found["errorCode"]) == (request_id, "DisabledException")
    assert found["errorMessage"] == f"{arn(key)} is disabled."
    assert found["responseElements"] is None


def test_grant_answers_its_id_and_never_its_token(opened: OpenedStore, key: str) -> None:
    grantee = "arn:aws:iam::123456789012:role/a"
    grant = opened.call("CreateGrant", KeyId=key, GranteePrincipal=grantee, Operations=["Decrypt"])
    assert event(opened)["responseElements"] == {"grantId": grant["GrantId"], "keyId": arn(key)}
    opened.call("RetireGrant", GrantToken=grant["GrantToken"])
    assert event(opened)["additionalEventData"] == {"grantId": grant["GrantId"]}
    assert grant["GrantToken"] not in opened.scratch.segments()[0].read_text()


def test_token_in_an_error_text_is_not_recorded(opened: OpenedStore, key: str) -> None:
    tokens = [f"token-{number}" for number in range(11)]
    refused(opened, "Encrypt", KeyId=key, Plaintext=b"x", GrantTokens=tokens)
    assert "failed to satisfy constraint" in newest(opened)["message"]
    assert "token-" not in opened.scratch.segments()[0].read_text()


def test_event_id_is_always_the_same(opened: OpenedStore, key: str) -> None:
    opened.call("DescribeKey", KeyId=key)
    assert event(opened)["eventID"] == event(opened)["eventID"]
    ids = {one["eventID"] for record in audit.records(opened.scratch.home) for one in cloudtrail_events(record, {})}
    assert len(ids) == len(list(audit.records(opened.scratch.home)))


def test_cross_account_call_is_written_to_both_accounts(opened: OpenedStore, key: str) -> None:
    opened.call("Encrypt", account=OTHER, KeyId=arn(key), Plaintext=b"x")
    own, copy = cloudtrail_events(newest(opened), {})
    assert (own["recipientAccountId"], copy["recipientAccountId"]) == (OTHER, "123456789012")
    assert own["sharedEventID"] == copy["sharedEventID"]
    assert own["eventID"] != copy["eventID"]
    assert own["userIdentity"]["type"] == "Root"
    assert copy["userIdentity"] == {"type": "AWSAccount", "principalId": OTHER, "accountId": OTHER}


def test_denied_cross_account_call_is_written_to_the_caller_s_account_alone(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    refused(opened, "Encrypt", account=OTHER, KeyId=arn(key_id), Plaintext=b"x")
    found = event(opened)
    assert found["recipientAccountId"] == OTHER
    assert "sharedEventID" not in found


def test_facts_of_the_caller_are_recorded_when_present(opened: OpenedStore, key: str) -> None:
    facts = {
        "access_key_id": "AKIAEXAMPLE",
        "source_ip": "203.0.113.7",
        "user_agent": "agent/1",
        "source_vpce": "vpce-1",
        "mfa_present": True,
        "token_issue_time": 1_600_000_000_000_000,
    }
    caller = Caller("123456789012", "arn:aws:iam::123456789012:root", "us-east-1", facts)
    opened.embedded.engine.call("DescribeKey", {"KeyId": key}, caller)
    found = event(opened)
    assert (found["sourceIPAddress"], found["userAgent"]) == ("203.0.113.7", "agent/1")
    assert found["vpcEndpointId"] == "vpce-1"
    assert found["userIdentity"]["accessKeyId"] == "AKIAEXAMPLE"


SESSION = "arn:aws:sts::123456789012:assumed-role/app/i-1"


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        ("arn:aws:iam::123456789012:user/team/alice", {"type": "IAMUser", "principalId": "AIDA1", "userName": "alice"}),
        ("arn:aws:iam::123456789012:user/bob", {"type": "IAMUser", "principalId": "bob", "userName": "bob"}),
        (SESSION, {"type": "AssumedRole", "principalId": "AROA1:i-1"}),
        ("arn:aws:iam::123456789012:role/app", {"type": "Role", "principalId": "AROA1"}),
        ("arn:aws:sts::123456789012:federated-user/f", {"type": "FederatedUser", "principalId": "123456789012:f"}),
        ("dynamodb.amazonaws.com", {"type": "AWSService", "invokedBy": "dynamodb.amazonaws.com"}),
    ],
)
def test_identity_follows_the_kind_of_arn(caller: str, expected: dict[str, str]) -> None:
    known = {("123456789012", "user", "alice"): "AIDA1", ("123456789012", "role", "app"): "AROA1"}
    found = user_identity({"caller": caller, "mfa": False, "issued": 0}, known)
    assert {name: found[name] for name in expected} == expected
    if caller == SESSION:
        context = found["sessionContext"]
        assert context["sessionIssuer"]["arn"] == "arn:aws:iam::123456789012:role/app"
        assert context["attributes"] == {"creationDate": "1970-01-01T00:00:00Z", "mfaAuthenticated": "false"}


def test_service_event_has_its_details(opened: OpenedStore, key: str) -> None:
    details = {"RotationType": "AUTOMATIC", "KeyOrigin": "AWS_KMS"}
    text = service_record("RotateKey", 1, 1, region="us-east-1", resources=[arn(key)], details=details)
    opened.embedded.engine.append_recovered(text)
    [record] = [one for one in audit.records(opened.scratch.home) if one["op"] == "RotateKey"]
    [found] = cloudtrail_events(record, {})
    assert found["eventType"] == "AwsServiceEvent"
    assert found["serviceEventDetails"] == {"rotationType": "AUTOMATIC", "keyOrigin": "AWS_KMS", "keyId": arn(key)}
    assert found["userIdentity"] == {"accountId": "123456789012", "invokedBy": "AWS Internal"}
    assert (found["recipientAccountId"], found["requestParameters"]) == ("123456789012", None)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1_618_253_910.7, "Apr 12, 2021 6:58:30 PM"),
        (0, "Jan 1, 1970 12:00:00 AM"),
        (43_200, "Jan 1, 1970 12:00:00 PM"),
    ],
)
def test_dates_are_english_text(seconds: float, text: str) -> None:
    assert english_time(seconds) == text
