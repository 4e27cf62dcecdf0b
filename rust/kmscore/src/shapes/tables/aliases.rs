//! Aliases.

use super::declare::{
    BOOLEAN, MANAGING, READING, UNBOUNDED, errors, list, optional, patterned, required, shape,
};
use super::shared::{ARN, DATE, KEY_ID, LIMIT, MARKER};
use super::states;
use crate::shapes::{Kind, Operation, Resource};

pub(super) const CREATE_ALIAS: Operation = Operation {
    name: "CreateAlias",
    input: shape!("CreateAliasRequest" {
        required("AliasName", ALIAS_NAME).audited(),
        required("TargetKeyId", KEY_ID).audited(),
    }),
    actions: &["kms:CreateAlias"],
    resource: Resource::NewAlias,
    states: states::NOT_PENDING_DELETION,
    errors: errors!(
        DependencyTimeout AlreadyExists NotFound InvalidAliasName KmsInternal LimitExceeded
        KmsInvalidState
    ),
    ..MANAGING
};

pub(super) const UPDATE_ALIAS: Operation = Operation {
    name: "UpdateAlias",
    input: shape!("UpdateAliasRequest" {
        required("AliasName", ALIAS_NAME).audited(),
        required("TargetKeyId", KEY_ID).audited(),
    }),
    actions: &["kms:UpdateAlias"],
    resource: Resource::MovedAlias,
    states: states::NOT_PENDING_DELETION,
    errors: errors!(DependencyTimeout NotFound KmsInternal LimitExceeded KmsInvalidState),
    ..MANAGING
};

pub(super) const DELETE_ALIAS: Operation = Operation {
    name: "DeleteAlias",
    input: shape!("DeleteAliasRequest" { required("AliasName", ALIAS_NAME).audited() }),
    actions: &["kms:DeleteAlias"],
    resource: Resource::Alias,
    errors: errors!(DependencyTimeout NotFound KmsInternal KmsInvalidState),
    ..MANAGING
};

pub(super) const LIST_ALIASES: Operation = Operation {
    name: "ListAliases",
    input: shape!("ListAliasesRequest" {
        optional("KeyId", KEY_ID).audited(),
        optional("Limit", LIMIT).audited(),
        optional("Marker", MARKER),
    }),
    output: Some(shape!("ListAliasesResponse" {
        optional("Aliases", ALIASES),
        optional("NextMarker", MARKER),
        optional("Truncated", BOOLEAN),
    })),
    actions: &["kms:ListAliases"],
    resource: Resource::KeyFilter,
    errors: errors!(DependencyTimeout InvalidMarker KmsInternal InvalidArn NotFound),
    ..READING
};

const ALIAS_NAME: Kind = patterned(1, 256, "^[a-zA-Z0-9:/_-]+$");
const ALIASES: Kind = list(0, UNBOUNDED, &ALIAS_LIST_ENTRY);
const ALIAS_LIST_ENTRY: Kind = Kind::Structure(shape!("AliasListEntry" {
    optional("AliasName", ALIAS_NAME),
    optional("AliasArn", ARN),
    optional("TargetKeyId", KEY_ID),
    optional("CreationDate", DATE),
    optional("LastUpdatedDate", DATE),
}));
