//! Multi-Region keys.

use super::declare::{BOOLEAN, MANAGING, errors, optional, required, shape};
use super::shared::{DESCRIPTION, KEY_ID, KEY_METADATA, POLICY, REGION, TAGS};
use super::states;
use crate::shapes::{Operation, Resource};

pub(super) const REPLICATE_KEY: Operation = Operation {
    name: "ReplicateKey",
    input: shape!("ReplicateKeyRequest" {
        required("KeyId", KEY_ID).audited(),
        required("ReplicaRegion", REGION).audited(),
        optional("Policy", POLICY),
        optional("BypassPolicyLockoutSafetyCheck", BOOLEAN).audited(),
        optional("Description", DESCRIPTION).audited(),
        optional("Tags", TAGS).audited(),
    }),
    output: Some(shape!("ReplicateKeyResponse" {
        optional("ReplicaKeyMetadata", KEY_METADATA).audited(),
        optional("ReplicaPolicy", POLICY).audited(),
        optional("ReplicaTags", TAGS),
    })),
    actions: &["kms:ReplicateKey"],
    states: states::REPLICATE,
    errors: errors!(
        AlreadyExists Disabled InvalidArn KmsInvalidState KmsInternal LimitExceeded
        MalformedPolicyDocument NotFound Tag UnsupportedOperation
    ),
    ..MANAGING
};

pub(super) const UPDATE_PRIMARY_REGION: Operation = Operation {
    name: "UpdatePrimaryRegion",
    input: shape!("UpdatePrimaryRegionRequest" {
        required("KeyId", KEY_ID).audited(),
        required("PrimaryRegion", REGION).audited(),
    }),
    actions: &["kms:UpdatePrimaryRegion"],
    resource: Resource::RelatedKeys,
    states: states::IN_USE,
    errors: errors!(Disabled InvalidArn KmsInvalidState KmsInternal NotFound UnsupportedOperation),
    ..MANAGING
};
