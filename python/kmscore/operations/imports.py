"""GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial.

Source: AWS KMS API Reference; texts as the service sends them.
"""

from dataclasses import dataclass
from typing import Any

from kmscore import errors
from kmscore._core import ControlCall, KeyHierarchy
from kmscore.operations.key_rows import mark_changed, own_key, update_key
from kmscore.operations.registry import Request, Response, answers, writes, writes_prepared
from kmscore.store import schema
from kmscore.store.imported import bring_pending_in_step, destroy_imported, import_type_by_default
from kmscore.store.key_changes import DAY, arn_of, is_replica, related_keys
from kmscore.store.material import (
    CURRENT,
    PENDING_REPLICAS,
    PENDING_ROTATION,
    binding,
    in_state,
    materials_of,
    new_row,
    state_by_material,
)
from kmscore.store.rows import Row, number, text
from kmscore.store.transaction import MICROSECONDS, Transaction

_EXPIRES = "KEY_MATERIAL_EXPIRES"
_NEW = "NEW_KEY_MATERIAL"
_LONGEST_LIFE = 365 * DAY


class GetParametersForImportRequest(Request, frozen=True):
    """Input of GetParametersForImport; the pipeline has resolved the key."""

    wrapping_algorithm: str
    wrapping_key_spec: str


@answers(GetParametersForImportRequest)
def get_parameters_for_import(
    hierarchy: KeyHierarchy, call: ControlCall, request: GetParametersForImportRequest
) -> Response:
    """Make a wrapping key. Nothing of it is stored: the token holds its private half, sealed."""
    key = call.keys[0]
    _check_origin(key["origin"], key["arn"])
    token, public_key, valid_to = hierarchy.new_import_parameters(
        key, request.wrapping_algorithm, request.wrapping_key_spec, round(call.now * MICROSECONDS)
    )
    return {
        "KeyId": key["arn"],
        "ImportToken": token,
        "PublicKey": public_key,
        "ParametersValidTo": valid_to / MICROSECONDS,
    }


class ImportKeyMaterialRequest(Request, frozen=True):
    """Input of ImportKeyMaterial; the pipeline has resolved the key."""

    import_token: bytes
    encrypted_key_material: bytes
    valid_to: float | None = None
    expiration_model: str = _EXPIRES
    import_type: str | None = None
    key_material_description: str | None = None
    key_material_id: str | None = None


@dataclass(frozen=True)
class Unwrapped:
    """Imported material, sealed, and what was said of it."""

    request: ImportKeyMaterialRequest
    material_id: str
    sealed: bytes


def _unwrap(hierarchy: KeyHierarchy, call: ControlCall, request: ImportKeyMaterialRequest) -> Unwrapped:
    key = call.keys[0]
    _check_origin(key["origin"], key["arn"])
    now = round(call.now * MICROSECONDS)
    _check_expiry(request, now)
    if request.key_material_id is not None and request.import_type == _NEW:
        raise errors.ValidationException("KeyMaterialId cannot be specified when ImportType is NEW_KEY_MATERIAL")
    bound = binding(dict(key), 1)
    token, encrypted = request.import_token, request.encrypted_key_material
    material_id, sealed = hierarchy.unwrap_import(token, encrypted, bound, now)
    if request.key_material_id not in (None, material_id):
        raise _incorrect("is not the one that KeyMaterialId names")
    return Unwrapped(request, material_id, sealed)


@writes_prepared(ImportKeyMaterialRequest, _unwrap)
def import_key_material(transaction: Transaction, call: ControlCall, imported: Unwrapped) -> Response:
    """Give a key material, for the first time, again after it was deleted, or to be rotated to."""
    key = own_key(transaction, call)
    materials = materials_of(transaction, key)
    known = next((row for row in materials if row["material_id"] == imported.material_id), None)
    import_type = imported.request.import_type or import_type_by_default(materials)
    if import_type == _NEW:
        _insert_new(transaction, key, materials, imported)
    elif known is None:
        raise _incorrect("was not imported into this KMS key before")
    else:
        _import_again(transaction, key, known, imported)
    bring_pending_in_step(transaction, key)
    mark_changed(transaction, key)
    waiting = key["state"] == "PendingImport"
    update_key(transaction, key, state=state_by_material(transaction, key) if waiting else text(key, "state"))
    return {"KeyId": arn_of(key), "KeyMaterialId": imported.material_id}


class DeleteImportedKeyMaterialRequest(Request, frozen=True):
    """Input of DeleteImportedKeyMaterial; the pipeline has resolved the key."""

    key_material_id: str | None = None


@writes(DeleteImportedKeyMaterialRequest)
def delete_imported_key_material(
    transaction: Transaction, call: ControlCall, request: DeleteImportedKeyMaterialRequest
) -> Response:
    """Destroy imported material; the key waits for it to be imported again."""
    key = own_key(transaction, call)
    _check_origin(text(key, "origin"), arn_of(key))
    materials = materials_of(transaction, key)
    wanted = request.key_material_id
    if wanted is None:
        material = in_state(materials, CURRENT)
    else:
        material = next((row for row in materials if row["material_id"] == wanted), None)
        if material is None:
            raise errors.NotFoundException(f"Key material {wanted} of key '{arn_of(key)}' does not exist")
    answer: dict[str, Any] = {"KeyId": arn_of(key)}
    if material is None:
        return answer
    if material["sealed"] is not None:
        destroy_imported(transaction, key, material)
    return {**answer, "KeyMaterialId": material["material_id"]}


def _insert_new(transaction: Transaction, key: Row, materials: list[Row], imported: Unwrapped) -> None:
    if any(row["material_id"] == imported.material_id for row in materials):
        raise _incorrect("was imported into this KMS key before")
    if is_replica(key):
        raise _incorrect("must be imported into the primary key first")
    if materials and key["spec"] != "SYMMETRIC_DEFAULT":
        raise _incorrect("is not the one that was imported into this KMS key before")
    if pending := in_state(materials, PENDING_ROTATION, PENDING_REPLICAS):
        raise errors.KMSInvalidStateException(
            f"New key material (id: {imported.material_id}) cannot be imported into KMS key {arn_of(key)}, because "
            f"another key material (id: {text(pending, 'material_id')}) is pending rotation."
        )
    state = PENDING_ROTATION if materials else CURRENT
    created = max([transaction.now, *(number(row, "created") + 1 for row in materials)])
    for member in related_keys(transaction, key):
        is_own = member["region"] == key["region"]
        row = new_row(member, imported.material_id, imported.sealed, created, state=state)
        told = _facts(imported) if is_own else {"sealed": None}
        transaction.insert(schema.key_material, {**row, **told})
        mark_changed(transaction, member)


def _import_again(transaction: Transaction, key: Row, known: Row, imported: Unwrapped) -> None:
    version = number(known, "record_version") + 1
    sealed = transaction.hierarchy.reseal(binding(key, 1), binding(key, version), imported.material_id, imported.sealed)
    facts = _facts(imported)
    if imported.request.key_material_description is None:
        facts["description"] = known["description"]
    transaction.update(schema.key_material, known, sealed=sealed, record_version=version, **facts)


def _facts(imported: Unwrapped) -> Row:
    request = imported.request
    return {
        "expiration_model": request.expiration_model,
        "valid_to": None if request.valid_to is None else round(request.valid_to * MICROSECONDS),
        "description": request.key_material_description,
    }


def _check_origin(origin: str, arn: str) -> None:
    if origin != "EXTERNAL":
        raise errors.UnsupportedOperationException(f"{arn} origin is {origin} which is not valid for this operation.")


def _check_expiry(request: ImportKeyMaterialRequest, now: int) -> None:
    if request.expiration_model != _EXPIRES:
        if request.valid_to is not None:
            raise errors.ValidationException(
                f"A validTo date must not be set if the ExpirationModel is {request.expiration_model}"
            )
        return
    if request.valid_to is None:
        raise errors.ValidationException(f"A validTo date must be set if the ExpirationModel is {_EXPIRES}")
    if not 0 < request.valid_to * MICROSECONDS - now <= _LONGEST_LIFE:
        raise errors.ValidationException("The validTo date must be in the future, and at most 365 days from now")


def _incorrect(why: str) -> errors.IncorrectKeyMaterialException:
    return errors.IncorrectKeyMaterialException(f"The key material in the request {why}.")
