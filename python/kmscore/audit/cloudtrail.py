"""A stored record in the shape of CloudTrail's: one for each account that has a part in it.

Source: AWS CloudTrail user guide, "CloudTrail record contents"; AWS KMS developer guide, "Logging AWS KMS API calls".
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeAlias

from kmscore import _core
from kmscore.audit.identities import UniqueIds, foreign_identity, iso_time, user_identity
from kmscore.audit.reading import SERVICE, SUCCESS, AuditRecord, account_of, event_id, key_arns

Event: TypeAlias = dict[str, Any]

EVENT_VERSION = "1.11"
_SOURCE = "kms.amazonaws.com"
_OWN_SOURCE = "kmscore"
_DEFAULT_AGENT = "kmscore"
_LOCAL = "127.0.0.1"
_KMS_SERVICE_EVENTS = {"DeleteKey", "DeleteExpiredKeyMaterial", "RotateKey", "SynchronizeMultiRegionKey"}
# CloudTrail has it as a call of an API.
_CALLS_OF_THE_SERVICE = {"SynchronizeMultiRegionKey"}
# Their names are the caller's words; all other names are the API's.
_MAPS = {
    "EncryptionContext",
    "SourceEncryptionContext",
    "DestinationEncryptionContext",
    "EncryptionContextEquals",
    "EncryptionContextSubset",
}
_TIMES = {"CreationDate", "DeletionDate", "ValidTo"}
# Logged even when the caller did not say them.
_DEFAULTS = {
    "Encrypt": ("EncryptionAlgorithm",),
    "Decrypt": ("EncryptionAlgorithm",),
    "ReEncrypt": ("SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm"),
}
_SYMMETRIC = "SYMMETRIC_DEFAULT"
# Writes whose answer says more than the key's id.
_WITHOUT_KEY_ID = {"CreateKey", "ReplicateKey"}


def cloudtrail_events(record: AuditRecord, known: UniqueIds) -> list[Event]:
    """What CloudTrail would write of a record.

    Args:
        record: A record of the audit log.
        known: Unique ids of users and roles.

    Returns:
        One event; for a call of one account that was admitted to a key of another, one for either account.
    """
    caller_account = account_of(record)
    owners = {arn.split(":")[4] for arn in key_arns(record)} - {caller_account, ""}
    if record["caller"] == SERVICE:
        return [_service_event(record, owner) for owner in sorted(owners) or [""]]
    own = _call_event(record, known, caller_account)
    # The owner of a key is not told of attempts that were refused to strangers.
    if not owners or record["outcome"] == "AccessDeniedException":
        return [own]
    shared = {"sharedEventID": event_id(record["segment"], record["n"], "shared")}
    copies = [
        {
            **_call_event(record, known, owner),
            "userIdentity": foreign_identity(record, known),
            "eventID": event_id(record["segment"], record["n"], owner),
        }
        for owner in sorted(owners)
    ]
    return [{**event, **shared} for event in (own, *copies)]


def english_time(seconds: float) -> str:
    """`Apr 12, 2021 6:58:30 PM`, as dates stand in what KMS answered."""
    time = datetime.fromtimestamp(seconds // 1, UTC)
    return f"{time:%b} {time.day}, {time.year} {time.hour % 12 or 12}:{time:%M:%S} {'PM' if time.hour >= 12 else 'AM'}"


@cache
def read_only_operations() -> frozenset[str]:
    """The operations that CloudTrail calls read-only, and our batches of them."""
    own = {"EncryptBatch", "DecryptBatch", "SignBatch", "VerifyBatch", "MacBatch"}
    return frozenset({row["name"] for row in _core.operations() if row["read_only"]} | own)


@cache
def _operation_names() -> frozenset[str]:
    return frozenset(row["name"] for row in _core.operations())


def _call_event(record: AuditRecord, known: UniqueIds, recipient: str) -> Event:
    read_only = record["op"] in read_only_operations()
    event = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": user_identity(record, known),
        "eventTime": iso_time(record["time"]),
        "eventSource": _SOURCE if record["op"] in _operation_names() | read_only_operations() else _OWN_SOURCE,
        "eventName": record["op"],
        "awsRegion": record["region"],
        "sourceIPAddress": record.get("ip", record.get("via", _LOCAL)),
        "userAgent": record.get("agent", record.get("via", _DEFAULT_AGENT)),
    }
    if record["outcome"] != SUCCESS:
        event["errorCode"] = record["outcome"]
        if "message" in record:
            event["errorMessage"] = record["message"]
    event |= {
        "requestParameters": _request_parameters(record),
        "responseElements": None if read_only else _response_elements(record),
    }
    if additional := _additional_data(record):
        event["additionalEventData"] = additional
    event |= {
        "requestID": record["id"],
        "eventID": event_id(record["segment"], record["n"]),
        "readOnly": read_only,
        "resources": _resources(record),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": recipient,
    }
    if "vpce" in record:
        event["vpcEndpointId"] = record["vpce"]
        event["vpcEndpointAccountId"] = account_of(record)
    return {**event, "eventCategory": "Management"}


def _service_event(record: AuditRecord, owner: str) -> Event:
    name = record["op"]
    details = {lower_camel(member): value for member, value in record.get("details", {}).items()}
    if name in _KMS_SERVICE_EVENTS and key_arns(record):
        details["keyId"] = key_arns(record)[0]
    return {
        "eventVersion": EVENT_VERSION,
        "userIdentity": {**({"accountId": owner} if owner else {}), "invokedBy": "AWS Internal"},
        "eventTime": iso_time(record["time"]),
        "eventSource": _SOURCE if name in _KMS_SERVICE_EVENTS else _OWN_SOURCE,
        "eventName": name,
        "awsRegion": record["region"],
        "sourceIPAddress": "AWS Internal",
        "userAgent": "AWS Internal",
        "requestParameters": None,
        "responseElements": None,
        "eventID": event_id(record["segment"], record["n"], owner),
        "readOnly": False,
        "resources": _resources(record),
        "eventType": "AwsApiCall" if name in _CALLS_OF_THE_SERVICE else "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": owner,
        **({"serviceEventDetails": details} if details else {}),
        "eventCategory": "Management",
    }


def _request_parameters(record: AuditRecord) -> dict[str, Any] | None:
    sent = dict(record.get("request", {}))
    for member in _DEFAULTS.get(record["op"], ()):
        sent.setdefault(member, _SYMMETRIC)
    keys = key_arns(record)
    if record["op"] == "Decrypt" and keys:
        sent["KeyId"] = keys[0]
    return _lower(sent) or None


def _response_elements(record: AuditRecord) -> dict[str, Any] | None:
    if record["outcome"] != SUCCESS:
        return None
    elements: dict[str, Any] = _lower(record.get("response", {}))
    keys = key_arns(record)
    if keys and record["op"] not in _WITHOUT_KEY_ID:
        elements["keyId"] = keys[-1]
    return elements or None


def _additional_data(record: AuditRecord) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if record["op"] == "RetireGrant":
        grant = record.get("grant", record.get("request", {}).get("GrantId"))
        data |= {"grantId": grant} if grant else {}
    if "material" in record:
        data["keyMaterialId"] = record["material"]
    if "rows" in record:
        data |= {"rows": record["rows"], "failedRows": record["failed_rows"]}
    return data


def _resources(record: AuditRecord) -> list[dict[str, str]]:
    found = []
    for arn in record.get("resources", []):
        if not arn.startswith("arn:"):
            continue
        kind = "AWS::KMS::Alias" if ":alias/" in arn else "AWS::KMS::Key" if ":key/" in arn else "AWS::IAM::Principal"
        found.append({"accountId": arn.split(":")[4], "type": kind, "ARN": arn})
    return found


def lower_camel(name: str) -> str:
    """`KeyId` as CloudTrail spells it: `keyId`."""
    return name[:1].lower() + name[1:]


def _lower(value: Any, member: str = "") -> Any:
    if isinstance(value, dict):
        if member in _MAPS:
            return value
        return {lower_camel(name): _lower(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_lower(inner) for inner in value]
    return english_time(value) if member in _TIMES and isinstance(value, int | float) else value
