"""CreateKey, DescribeKey, ListKeys and what changes a key's description, state and deletion date.

Source: AWS KMS API Reference; texts as the service sends them.
"""

import uuid
from dataclasses import dataclass

from kmscore import _core, errors
from kmscore._core import ControlCall, KeyHierarchy
from kmscore.identity import check_principals
from kmscore.operations.custom_key_store_rows import CLOUD_HSM, EXTERNAL, key_refusal
from kmscore.operations.key_rows import own_key, update_key
from kmscore.operations.key_tags import Tag, check_tags
from kmscore.operations.metadata import key_metadata, spec_rows
from kmscore.operations.new_keys import insert_key, new_material, new_policy
from kmscore.operations.pages import page, position
from kmscore.operations.registry import Request, Response, reads, writes, writes_prepared
from kmscore.store import schema
from kmscore.store.key_changes import DAY, arn_of, is_replica, may_rotate, related_keys
from kmscore.store.material import AUTOMATIC, rotate, state_by_material
from kmscore.store.reader import DELETED, SHREDDING
from kmscore.store.rows import Row, number, text
from kmscore.store.transaction import MICROSECONDS, Transaction, View


class CreateKeyRequest(Request, frozen=True):
    """Input of CreateKey."""

    policy: str | None = None
    bypass_policy_lockout_safety_check: bool = False
    description: str = ""
    key_usage: str | None = None
    key_spec: str | None = None
    customer_master_key_spec: str | None = None
    origin: str = "AWS_KMS"
    custom_key_store_id: str | None = None
    xks_key_id: str | None = None
    multi_region: bool = False
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True)
class NewKey:
    """A key that is to be stored."""

    row: Row
    policy: str
    material: Row | None
    """None when it is to be imported, or to be in a custom key store."""
    tags: tuple[Tag, ...]


def _new_key(hierarchy: KeyHierarchy, call: ControlCall, request: CreateKeyRequest) -> NewKey:
    """Check the request and draw the key material, which for RSA takes up to seconds."""
    check_tags(request.tags)
    spec, usage = _spec_and_usage(request)
    _refuse_unsupported(request, call, spec)
    is_external = request.origin == "EXTERNAL"
    row: Row = {
        "region": call.region,
        "key_id": _new_key_id(multi_region=request.multi_region),
        "account": call.account,
        "spec": spec,
        "usage": usage,
        "origin": request.origin,
        "manager": "CUSTOMER",
        "state": "PendingImport" if is_external else "Enabled",
        "description": request.description,
        "primary_region": call.region if request.multi_region else None,
        "deletion_date": None,
        "due": None,
        "rotation_period": None,
        "next_rotation": None,
        "transition_end": None,
        "pending_window": None,
        "on_demand_rotations": 0,
        "custom_key_store_id": request.custom_key_store_id,
        "xks_key_id": request.xks_key_id,
        "service": None,
    }
    if request.tags:
        call.require("kms:TagResource", arn_of(row))
    policy = new_policy(call, row, request.policy, bypass=request.bypass_policy_lockout_safety_check)
    material = None if is_external or request.custom_key_store_id else new_material(hierarchy, row)
    return NewKey(row, policy, material, request.tags)


@writes_prepared(CreateKeyRequest, _new_key)
def create_key(transaction: Transaction, call: ControlCall, new: NewKey) -> Response:
    """Make a KMS key with fresh key material."""
    key: Row = {**new.row, "created": transaction.now}
    if key["custom_key_store_id"] is not None:
        raise key_refusal(transaction, call, text(key, "custom_key_store_id"), text(key, "origin"))
    check_principals(transaction, new.policy, call.account, strict=call.strict)
    transaction.insert(schema.key_owners, {"key_id": key["key_id"], "account": call.account})
    insert_key(transaction, key, new.policy, new.tags)
    if new.material is not None:
        transaction.insert(schema.key_material, {**new.material, "created": transaction.now})
    return {"KeyMetadata": key_metadata(transaction, key)}


class DescribeKeyRequest(Request, frozen=True):
    """Input of DescribeKey; the pipeline has resolved the key."""


@reads(DescribeKeyRequest)
def describe_key(view: View, call: ControlCall, _request: DescribeKeyRequest) -> Response:
    """Tell what is known of a KMS key."""
    return {"KeyMetadata": key_metadata(view, own_key(view, call))}


class ListKeysRequest(Request, frozen=True):
    """Input of ListKeys."""

    limit: int = 100
    marker: str | None = None
    resource_owners: tuple[str, ...] = ("SELF",)


@reads(ListKeysRequest)
def list_keys(view: View, call: ControlCall, request: ListKeysRequest) -> Response:
    """List the keys of the caller's account and Region. No key is ever shared by another account."""
    table = schema.keys.c
    selection = ",".join(sorted(set(request.resource_owners)))
    after = position(view.hierarchy, call, request.marker, selection=selection)
    own = view.rows(
        schema.keys,
        table.account == call.account,
        table.region == call.region,
        table.key_id > after,
        table.state.not_in([SHREDDING, DELETED]),
        order_by=[table.key_id],
        limit=request.limit + 1 if "SELF" in request.resource_owners else 0,
    )
    found, more = page(view.hierarchy, call, own, limit=request.limit, column="key_id", selection=selection)
    return {"Keys": [{"KeyId": key["key_id"], "KeyArn": arn_of(key)} for key in found], **more}


class UpdateKeyDescriptionRequest(Request, frozen=True):
    """Input of UpdateKeyDescription."""

    description: str


@writes(UpdateKeyDescriptionRequest)
def update_key_description(
    transaction: Transaction, call: ControlCall, request: UpdateKeyDescriptionRequest
) -> Response:
    """Replace a key's description."""
    update_key(transaction, own_key(transaction, call), description=request.description)
    return {}


class EnableKeyRequest(Request, frozen=True):
    """Input of EnableKey; the pipeline has resolved the key."""


@writes(EnableKeyRequest)
def enable_key(transaction: Transaction, call: ControlCall, _request: EnableKeyRequest) -> Response:
    """Let a key be used."""
    key = update_key(transaction, own_key(transaction, call), state="Enabled")
    if key["rotation_period"] is not None and may_rotate(key) and number(key, "next_rotation") <= transaction.now:
        # Rotations that a disabled key missed are made up for by one, and the schedule begins anew.
        rotate(transaction, {**key, "next_rotation": transaction.now}, AUTOMATIC)
    return {}


class DisableKeyRequest(Request, frozen=True):
    """Input of DisableKey; the pipeline has resolved the key."""


@writes(DisableKeyRequest)
def disable_key(transaction: Transaction, call: ControlCall, _request: DisableKeyRequest) -> Response:
    """Keep a key from being used."""
    update_key(transaction, own_key(transaction, call), state="Disabled")
    return {}


class ScheduleKeyDeletionRequest(Request, frozen=True):
    """Input of ScheduleKeyDeletion."""

    pending_window_in_days: int = 30


@writes(ScheduleKeyDeletionRequest)
def schedule_key_deletion(transaction: Transaction, call: ControlCall, request: ScheduleKeyDeletionRequest) -> Response:
    """Disable a key and set the date of its deletion."""
    days = request.pending_window_in_days
    # The service model says 1 to 365; the service says 7 to 30.
    if not 7 <= days <= 30:
        raise errors.ValidationException(f"PendingWindowInDays must be between 7 and 30, but it is {days}.")
    key = own_key(transaction, call)
    answer: Response = {"KeyId": arn_of(key), "PendingWindowInDays": days}
    if not is_replica(key) and len(related_keys(transaction, key)) > 1:
        state = "PendingReplicaDeletion"
        update_key(transaction, key, state=state, pending_window=days, transition_end=None)
        return {**answer, "KeyState": state}
    deletion_date = transaction.now + days * DAY
    update_key(transaction, key, state="PendingDeletion", deletion_date=deletion_date, transition_end=None)
    return {**answer, "KeyState": "PendingDeletion", "DeletionDate": deletion_date / MICROSECONDS}


class CancelKeyDeletionRequest(Request, frozen=True):
    """Input of CancelKeyDeletion; the pipeline has resolved the key."""


@writes(CancelKeyDeletionRequest)
def cancel_key_deletion(transaction: Transaction, call: ControlCall, _request: CancelKeyDeletionRequest) -> Response:
    """Keep a key; it is disabled, whatever it was before, unless it waits for material."""
    key = own_key(transaction, call)
    state = "Disabled" if state_by_material(transaction, key) == "Enabled" else "PendingImport"
    update_key(transaction, key, state=state, deletion_date=None, pending_window=None)
    return {"KeyId": arn_of(key)}


def _spec_and_usage(request: CreateKeyRequest) -> tuple[str, str]:
    if request.key_spec and request.customer_master_key_spec:
        raise errors.ValidationException(
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
            "CustomerMasterKeySpec is deprecated."
        )
    spec = request.key_spec or request.customer_master_key_spec or "SYMMETRIC_DEFAULT"
    row = spec_rows()[spec]
    usage = request.key_usage or row["default_usage"]
    if usage is None:
        raise errors.ValidationException(
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
        )
    if usage not in row["usages"]:
        raise errors.ValidationException(f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    return spec, usage


def _refuse_unsupported(request: CreateKeyRequest, call: ControlCall, spec: str) -> None:
    _check_custom_key_store(request, spec)
    if request.origin == "EXTERNAL" and spec.startswith(("ML_DSA", "ML_KEM")):
        raise errors.UnsupportedOperationException(f"Key material of KeySpec {spec} cannot be imported.")
    if fault := _core.key_spec_fault(spec, call.region):
        raise errors.UnsupportedOperationException(f"KeySpec {spec} {fault}.")


def _check_custom_key_store(request: CreateKeyRequest, spec: str) -> None:
    is_inside = request.origin in (CLOUD_HSM, EXTERNAL)
    if is_inside != (request.custom_key_store_id is not None):
        raise errors.ValidationException(
            f"CustomKeyStoreId is required for a key of Origin {CLOUD_HSM} or {EXTERNAL}, and for no other: "
            f"Origin is {request.origin}."
        )
    if (request.origin == EXTERNAL) != (request.xks_key_id is not None):
        raise errors.ValidationException(f"XksKeyId is required for a key of Origin {EXTERNAL}, and for no other.")
    if is_inside and (spec != "SYMMETRIC_DEFAULT" or request.multi_region):
        raise errors.UnsupportedOperationException(
            "A custom key store has single-Region keys of KeySpec SYMMETRIC_DEFAULT only."
        )


def _unsupported(what: str) -> errors.UnsupportedOperationException:
    return errors.UnsupportedOperationException(f"{what} is not supported for CreateKey by this version of kmscore.")


def _new_key_id(*, multi_region: bool) -> str:
    identifier = uuid.UUID(bytes=_core.random_bytes(16), version=4)
    return f"mrk-{identifier.hex}" if multi_region else str(identifier)
