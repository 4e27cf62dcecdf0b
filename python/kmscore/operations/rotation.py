"""EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, ListKeyRotations, RotateKeyOnDemand.

Source: AWS KMS API Reference; texts as the service sends them.
"""

from typing import Any

from kmscore import errors
from kmscore._core import ControlCall
from kmscore.operations.key_rows import own_key, update_key
from kmscore.operations.pages import page, position
from kmscore.operations.registry import Request, Response, reads, writes
from kmscore.quotas import RESOURCES
from kmscore.store.key_changes import DAY, arn_of, is_replica, may_rotate, related_keys
from kmscore.store.material import (
    ON_DEMAND,
    PENDING_ROTATION,
    in_state,
    materials_of,
    rotate,
)
from kmscore.store.rows import Row, number, text
from kmscore.store.transaction import MICROSECONDS, Transaction, View

_ON_DEMAND_ROTATIONS = RESOURCES["on_demand_rotations_per_key"]
_TOO_CLOSE = 20 * 60 * MICROSECONDS
_PENDING_DELETION = ("PendingDeletion", "PendingReplicaDeletion")


class EnableKeyRotationRequest(Request, frozen=True):
    """Input of EnableKeyRotation; the pipeline has resolved the key."""

    rotation_period_in_days: int = 365


@writes(EnableKeyRotationRequest)
def enable_key_rotation(transaction: Transaction, call: ControlCall, request: EnableKeyRotationRequest) -> Response:
    """Rotate a key and its related keys every so many days; repeating it may change how many."""
    key = _scheduled_key(transaction, call)
    if key["rotation_period"] != request.rotation_period_in_days:
        period = request.rotation_period_in_days
        _schedule(transaction, key, period, transaction.now + period * DAY)
    return {}


class DisableKeyRotationRequest(Request, frozen=True):
    """Input of DisableKeyRotation; the pipeline has resolved the key."""


@writes(DisableKeyRotationRequest)
def disable_key_rotation(transaction: Transaction, call: ControlCall, _request: DisableKeyRotationRequest) -> Response:
    """End automatic rotation; material that was current once stays."""
    _schedule(transaction, _scheduled_key(transaction, call), None, None)
    return {}


class GetKeyRotationStatusRequest(Request, frozen=True):
    """Input of GetKeyRotationStatus; the pipeline has resolved the key."""


@reads(GetKeyRotationStatusRequest)
def get_key_rotation_status(view: View, call: ControlCall, _request: GetKeyRotationStatusRequest) -> Response:
    """Tell whether a key is rotated, how often and when next. On-demand rotations are over once they were answered."""
    key = own_key(view, call)
    _check_kind(key)
    enabled = key["rotation_period"] is not None and key["state"] not in _PENDING_DELETION
    status: dict[str, Any] = {"KeyId": key["key_id"], "KeyRotationEnabled": enabled}
    if enabled:
        status["RotationPeriodInDays"] = key["rotation_period"]
        status["NextRotationDate"] = number(key, "next_rotation") / MICROSECONDS
    return status


class ListKeyRotationsRequest(Request, frozen=True):
    """Input of ListKeyRotations; the pipeline has resolved the key."""

    include_key_material: str = "ROTATIONS_ONLY"
    limit: int = 100
    marker: str | None = None


@reads(ListKeyRotationsRequest)
def list_key_rotations(view: View, call: ControlCall, request: ListKeyRotationsRequest) -> Response:
    """List the rotations of a key, the oldest first; if asked, also material that came by none."""
    key = own_key(view, call)
    _check_kind(key)
    selection = f"{text(key, 'key_id')}/{request.include_key_material}"
    after = position(view.hierarchy, call, request.marker, selection=selection)
    listed: list[Row] = [
        {**material, "place": f"{number(material, 'created'):020}/{text(material, 'material_id')}"}
        for material in materials_of(view, key)
        if request.include_key_material == "ALL_KEY_MATERIAL" or material["rotation_date"] is not None
    ]
    rest = [material for material in listed if text(material, "place") > after][: request.limit + 1]
    found, more = page(view.hierarchy, call, rest, limit=request.limit, column="place", selection=selection)
    return {"Rotations": [_entry(key, material) for material in found], **more}


class RotateKeyOnDemandRequest(Request, frozen=True):
    """Input of RotateKeyOnDemand; the pipeline has resolved the key."""


@writes(RotateKeyOnDemandRequest)
def rotate_key_on_demand(transaction: Transaction, call: ControlCall, _request: RotateKeyOnDemandRequest) -> Response:
    """Rotate a key and its related keys now; the schedule of automatic rotation stays as it is."""
    key = own_key(transaction, call)
    _check_kind(key)
    _check_primary(key)
    _check_customer_key(key)
    if number(key, "on_demand_rotations") >= _ON_DEMAND_ROTATIONS:
        raise errors.LimitExceededException(
            "The on-demand rotations limit has been reached for the given keyId. "
            f"No more on-demand rotations can be performed for this key: {arn_of(key)}"
        )
    if may_rotate(key) and number(key, "next_rotation") - transaction.now <= _TOO_CLOSE:
        raise errors.ConflictException(
            f"An automatic rotation of {arn_of(key)} is in progress or due within 20 minutes."
        )
    rotate(transaction, key, ON_DEMAND, _pending(transaction, key) if key["origin"] == "EXTERNAL" else None)
    return {"KeyId": arn_of(key)}


def _scheduled_key(view: View, call: ControlCall) -> Row:
    """The key, if it is one whose material kmscore draws anew."""
    key = own_key(view, call)
    _check_kind(key)
    if key["origin"] != "AWS_KMS":
        raise _not_by_origin(key)
    _check_primary(key)
    _check_customer_key(key)
    return key


def _schedule(transaction: Transaction, key: Row, period: int | None, next_rotation: int | None) -> None:
    for member in related_keys(transaction, key):
        update_key(transaction, member, rotation_period=period, next_rotation=next_rotation)


def _pending(view: View, key: Row) -> Row:
    """The imported material that waits for a rotation; every related key must have it."""
    pending = in_state(materials_of(view, key), PENDING_ROTATION)
    if pending is None:
        raise errors.KMSInvalidStateException(f"No available key material pending rotation for the key: {arn_of(key)}.")
    return pending


def _check_kind(key: Row) -> None:
    if key["spec"] != "SYMMETRIC_DEFAULT":
        raise errors.UnsupportedOperationException(
            f"{arn_of(key)} key spec is {text(key, 'spec')} which is not valid for this operation."
        )
    if key["origin"] not in ("AWS_KMS", "EXTERNAL"):
        raise _not_by_origin(key)


def _not_by_origin(key: Row) -> errors.UnsupportedOperationException:
    return errors.UnsupportedOperationException(
        f"{arn_of(key)} origin is {text(key, 'origin')} which is not valid for this operation."
    )


def _check_primary(key: Row) -> None:
    if is_replica(key):
        raise errors.UnsupportedOperationException(f"{arn_of(key)} is not a multi-region primary key.")


def _check_customer_key(key: Row) -> None:
    if key["manager"] == "AWS":
        raise errors.UnsupportedOperationException(
            f"{arn_of(key)} is an AWS managed key, which AWS rotates every year."
        )


def _entry(key: Row, material: Row) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "KeyId": key["key_id"],
        "KeyMaterialId": material["material_id"],
        "KeyMaterialState": material["state"],
    }
    if material["rotation_date"] is not None:
        entry["RotationDate"] = number(material, "rotation_date") / MICROSECONDS
        entry["RotationType"] = text(material, "rotation_type")
    if key["origin"] == "EXTERNAL":
        entry.update(_imported(material))
    return entry


def _imported(material: Row) -> dict[str, Any]:
    if material["sealed"] is None:
        facts: dict[str, Any] = {"ImportState": "PENDING_IMPORT"}
    else:
        facts = {"ImportState": "IMPORTED", "ExpirationModel": material["expiration_model"]}
        if material["valid_to"] is not None:
            facts["ValidTo"] = number(material, "valid_to") / MICROSECONDS
    if material["description"]:
        facts["KeyMaterialDescription"] = material["description"]
    return facts
