//! Rotation of key material.

use super::declare::{
    BOOLEAN, MANAGING, READING, UNBOUNDED, errors, integer, list, optional, required, shape,
};
use super::shared::{
    DATE, EXPIRATION_MODEL, KEY_ID, KEY_MATERIAL_DESCRIPTION, KEY_MATERIAL_ID, LIMIT, MARKER,
};
use super::states;
use crate::shapes::{Kind, Operation};

pub(super) const ENABLE_KEY_ROTATION: Operation = Operation {
    name: "EnableKeyRotation",
    input: shape!("EnableKeyRotationRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("RotationPeriodInDays", ROTATION_PERIOD_IN_DAYS).audited(),
    }),
    actions: &["kms:EnableKeyRotation"],
    states: states::ROTATION_SCHEDULE,
    errors: errors!(
        NotFound Disabled InvalidArn DependencyTimeout KmsInternal KmsInvalidState
        UnsupportedOperation
    ),
    ..MANAGING
};

pub(super) const DISABLE_KEY_ROTATION: Operation = Operation {
    name: "DisableKeyRotation",
    input: shape!("DisableKeyRotationRequest" { required("KeyId", KEY_ID).audited() }),
    actions: &["kms:DisableKeyRotation"],
    states: states::ROTATION_SCHEDULE,
    errors: errors!(
        NotFound Disabled InvalidArn DependencyTimeout KmsInternal KmsInvalidState
        UnsupportedOperation
    ),
    ..MANAGING
};

pub(super) const GET_KEY_ROTATION_STATUS: Operation = Operation {
    name: "GetKeyRotationStatus",
    input: shape!("GetKeyRotationStatusRequest" { required("KeyId", KEY_ID).audited() }),
    output: Some(shape!("GetKeyRotationStatusResponse" {
        optional("KeyRotationEnabled", BOOLEAN),
        optional("KeyId", KEY_ID),
        optional("RotationPeriodInDays", ROTATION_PERIOD_IN_DAYS),
        optional("NextRotationDate", DATE),
        optional("OnDemandRotationStartDate", DATE),
    })),
    actions: &["kms:GetKeyRotationStatus"],
    cross_account: true,
    errors: errors!(
        NotFound InvalidArn DependencyTimeout KmsInternal KmsInvalidState UnsupportedOperation
    ),
    ..READING
};

pub(super) const LIST_KEY_ROTATIONS: Operation = Operation {
    name: "ListKeyRotations",
    input: shape!("ListKeyRotationsRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("IncludeKeyMaterial", INCLUDE_KEY_MATERIAL).audited(),
        optional("Limit", LIMIT).audited(),
        optional("Marker", MARKER),
    }),
    output: Some(shape!("ListKeyRotationsResponse" {
        optional("Rotations", ROTATIONS),
        optional("NextMarker", MARKER),
        optional("Truncated", BOOLEAN),
    })),
    actions: &["kms:ListKeyRotations"],
    errors: errors!(
        NotFound InvalidArn InvalidMarker KmsInternal KmsInvalidState UnsupportedOperation
    ),
    ..READING
};

pub(super) const ROTATE_KEY_ON_DEMAND: Operation = Operation {
    name: "RotateKeyOnDemand",
    input: shape!("RotateKeyOnDemandRequest" { required("KeyId", KEY_ID).audited() }),
    output: Some(shape!("RotateKeyOnDemandResponse" { optional("KeyId", KEY_ID) })),
    actions: &["kms:RotateKeyOnDemand"],
    states: states::ROTATE,
    errors: errors!(
        NotFound Disabled InvalidArn DependencyTimeout KmsInternal KmsInvalidState
        UnsupportedOperation LimitExceeded Conflict
    ),
    ..MANAGING
};

const ROTATION_PERIOD_IN_DAYS: Kind = integer(90, 2560);
const INCLUDE_KEY_MATERIAL: Kind = Kind::Enum(&["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"]);
const ROTATIONS: Kind = list(0, UNBOUNDED, &ROTATIONS_LIST_ENTRY);
const ROTATIONS_LIST_ENTRY: Kind = Kind::Structure(shape!("RotationsListEntry" {
    optional("KeyId", KEY_ID),
    optional("KeyMaterialId", KEY_MATERIAL_ID),
    optional("KeyMaterialDescription", KEY_MATERIAL_DESCRIPTION),
    optional("ImportState", IMPORT_STATE),
    optional("KeyMaterialState", KEY_MATERIAL_STATE),
    optional("ExpirationModel", EXPIRATION_MODEL),
    optional("ValidTo", DATE),
    optional("RotationDate", DATE),
    optional("RotationType", ROTATION_TYPE),
}));
const IMPORT_STATE: Kind = Kind::Enum(&["IMPORTED", "PENDING_IMPORT"]);
const KEY_MATERIAL_STATE: Kind = Kind::Enum(&[
    "NON_CURRENT",
    "CURRENT",
    "PENDING_ROTATION",
    "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
]);
const ROTATION_TYPE: Kind = Kind::Enum(&["AUTOMATIC", "ON_DEMAND"]);
