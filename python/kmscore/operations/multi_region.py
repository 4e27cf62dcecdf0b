"""ReplicateKey, UpdatePrimaryRegion.

Source: AWS KMS API Reference; texts as the service sends them.
"""

from dataclasses import dataclass

from kmscore import _core, errors
from kmscore._core import ControlCall, KeyHierarchy
from kmscore.arns import key_arn, partition
from kmscore.identity import check_principals
from kmscore.operations.key_rows import own_key, update_key
from kmscore.operations.key_tags import Tag, check_tags
from kmscore.operations.metadata import key_metadata
from kmscore.operations.new_keys import insert_key, new_policy
from kmscore.operations.registry import Request, Response, writes, writes_prepared
from kmscore.store import schema
from kmscore.store.imported import bring_pending_in_step
from kmscore.store.key_changes import arn_of, is_gone, is_replica, related_keys
from kmscore.store.material import materials_of, new_row, resealed
from kmscore.store.reader import DELETED
from kmscore.store.rows import Row, number
from kmscore.store.transaction import MICROSECONDS, Transaction

_TRANSITION = 1 * MICROSECONDS
"""How long a new replica is `Creating`, and how long both keys are `Updating` when their roles change."""


class ReplicateKeyRequest(Request, frozen=True):
    """Input of ReplicateKey; the pipeline has resolved the key."""

    replica_region: str
    policy: str | None = None
    bypass_policy_lockout_safety_check: bool = False
    description: str = ""
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True)
class Replica:
    """What is independent of the primary key in a replica that is to be stored."""

    request: ReplicateKeyRequest
    policy: str


def _replica(_hierarchy: KeyHierarchy, call: ControlCall, request: ReplicateKeyRequest) -> Replica:
    """Check what needs no look at the store: the tags, the policy, and what the caller may do over there."""
    check_tags(request.tags)
    primary, region = call.keys[0], request.replica_region
    arn = key_arn(primary["account"], region, primary["key_id"])
    if partition(region) != partition(primary["region"]):
        raise errors.UnsupportedOperationException(
            f"{primary['arn']} cannot be replicated into {region}, which is in another partition."
        )
    if fault := _core.key_spec_fault(primary["spec"], region):
        raise errors.UnsupportedOperationException(f"KeySpec {primary['spec']} {fault}.")
    call.require("kms:CreateKey", "*", region)
    if request.tags:
        call.require("kms:TagResource", arn, region)
    place: Row = {"account": primary["account"], "region": region, "key_id": primary["key_id"]}
    policy = new_policy(call, place, request.policy, bypass=request.bypass_policy_lockout_safety_check)
    return Replica(request, policy)


@writes_prepared(ReplicateKeyRequest, _replica)
def replicate_key(transaction: Transaction, call: ControlCall, replica: Replica) -> Response:
    """Make a related key with the same material in another Region; its policy, tags and description are its own."""
    primary = own_key(transaction, call)
    if primary["primary_region"] is None or is_replica(primary):
        raise _not_primary(primary)
    request = replica.request
    key: Row = {
        **primary,
        "region": request.replica_region,
        "description": request.description,
        "created": transaction.now,
        "state": "Creating",
        "transition_end": transaction.now + _TRANSITION,
        "due": transaction.now + _TRANSITION,
    }
    check_principals(transaction, replica.policy, call.account, strict=call.strict)
    _clear_place(transaction, key)
    insert_key(transaction, key, replica.policy, request.tags)
    for material in materials_of(transaction, primary):
        transaction.insert(schema.key_material, _copied(transaction, primary, key, material))
    bring_pending_in_step(transaction, primary)
    tags = [{"TagKey": tag.tag_key, "TagValue": tag.tag_value} for tag in request.tags]
    metadata = key_metadata(transaction, key)
    return {"ReplicaKeyMetadata": metadata, "ReplicaPolicy": replica.policy, "ReplicaTags": tags}


class UpdatePrimaryRegionRequest(Request, frozen=True):
    """Input of UpdatePrimaryRegion; the pipeline has resolved the primary key and the one that is to be it."""

    primary_region: str


@writes(UpdatePrimaryRegionRequest)
def update_primary_region(transaction: Transaction, call: ControlCall, request: UpdatePrimaryRegionRequest) -> Response:
    """Exchange the roles of a primary key and one of its replica keys."""
    primary = own_key(transaction, call)
    if primary["primary_region"] is None or is_replica(primary):
        raise _not_primary(primary)
    region = request.primary_region
    if region == primary["region"]:
        raise errors.UnsupportedOperationException(f"{arn_of(primary)} is the primary key already.")
    for member in related_keys(transaction, primary):
        if member["region"] in (region, primary["region"]):
            end = transaction.now + _TRANSITION
            update_key(transaction, member, primary_region=region, state="Updating", transition_end=end)
        else:
            update_key(transaction, member, primary_region=region)
    return {}


def _not_primary(key: Row) -> errors.UnsupportedOperationException:
    return errors.UnsupportedOperationException(f"{arn_of(key)} is not a multi-region primary key.")


def _clear_place(transaction: Transaction, key: Row) -> None:
    """A deleted replica leaves a tombstone, in whose place a new one may stand."""
    present = transaction.row(schema.keys, region=key["region"], key_id=key["key_id"])
    if present is None:
        return
    if not is_gone(present):
        raise errors.AlreadyExistsException(f"The key {arn_of(key)} already exists")
    if present["state"] != DELETED:
        raise errors.KMSInvalidStateException(f"{arn_of(key)} is pending deletion.")
    transaction.delete(schema.keys, region=key["region"], key_id=key["key_id"])


def _copied(transaction: Transaction, primary: Row, key: Row, material: Row) -> Row:
    """The row of the same material; imported material has to be imported again, so only its name is copied."""
    facts: Row = {name: material[name] for name in ("material_id", "state", "rotation_type", "rotation_date")}
    row = {**new_row(key, "", b"", number(material, "created")), **facts}
    if key["origin"] == "EXTERNAL":
        return {**row, "sealed": None}
    return {**row, "sealed": resealed(transaction.hierarchy, primary, key, material)}
