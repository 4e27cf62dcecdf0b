//! Grants.

use super::declare::{
    BOOLEAN, MANAGING, READING, UNBOUNDED, errors, list, optional, patterned, required, shape, text,
};
use super::shared::{DATE, ENCRYPTION_CONTEXT, GRANT_TOKEN, GRANT_TOKENS, KEY_ID, LIMIT, MARKER};
use super::states;
use crate::shapes::{Kind, Operation, Resource};

pub(super) const CREATE_GRANT: Operation = Operation {
    name: "CreateGrant",
    input: shape!("CreateGrantRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("GranteePrincipal", PRINCIPAL).audited(),
        optional("RetiringPrincipal", PRINCIPAL).audited(),
        required("Operations", GRANT_OPERATIONS).audited(),
        optional("Constraints", GRANT_CONSTRAINTS).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        optional("Name", GRANT_NAME).audited(),
        optional("DryRun", BOOLEAN).audited(),
        optional("GranteeServicePrincipal", SERVICE_PRINCIPAL).audited(),
        optional("RetiringServicePrincipal", SERVICE_PRINCIPAL).audited(),
    }),
    output: Some(shape!("CreateGrantResponse" {
        optional("GrantToken", GRANT_TOKEN),
        optional("GrantId", GRANT_ID).audited(),
    })),
    actions: &["kms:CreateGrant"],
    cross_account: true,
    states: states::CREATE_GRANT,
    dry_run: true,
    errors: errors!(
        NotFound Disabled DependencyTimeout InvalidArn KmsInternal InvalidGrantToken LimitExceeded
        KmsInvalidState DryRunOperation
    ),
    ..MANAGING
};

pub(super) const LIST_GRANTS: Operation = Operation {
    name: "ListGrants",
    input: shape!("ListGrantsRequest" {
        optional("Limit", LIMIT).audited(),
        optional("Marker", MARKER),
        required("KeyId", KEY_ID).audited(),
        optional("GrantId", GRANT_ID).audited(),
        optional("GranteePrincipal", PRINCIPAL).audited(),
        optional("GranteeServicePrincipal", SERVICE_PRINCIPAL).audited(),
    }),
    output: Some(shape!("ListGrantsResponse" {
        optional("Grants", GRANTS),
        optional("NextMarker", MARKER),
        optional("Truncated", BOOLEAN),
    })),
    actions: &["kms:ListGrants"],
    cross_account: true,
    errors: errors!(
        NotFound DependencyTimeout InvalidMarker InvalidGrantId InvalidArn KmsInternal
        KmsInvalidState
    ),
    ..READING
};

pub(super) const LIST_RETIRABLE_GRANTS: Operation = Operation {
    name: "ListRetirableGrants",
    input: shape!("ListRetirableGrantsRequest" {
        optional("Limit", LIMIT).audited(),
        optional("Marker", MARKER),
        optional("RetiringPrincipal", PRINCIPAL).audited(),
        optional("RetiringServicePrincipal", SERVICE_PRINCIPAL).audited(),
    }),
    output: Some(shape!("ListGrantsResponse" {
        optional("Grants", GRANTS),
        optional("NextMarker", MARKER),
        optional("Truncated", BOOLEAN),
    })),
    actions: &["kms:ListRetirableGrants"],
    resource: Resource::None,
    errors: errors!(DependencyTimeout InvalidMarker InvalidArn NotFound KmsInternal),
    ..READING
};

pub(super) const RETIRE_GRANT: Operation = Operation {
    name: "RetireGrant",
    input: shape!("RetireGrantRequest" {
        optional("GrantToken", GRANT_TOKEN),
        optional("KeyId", KEY_ID).audited(),
        optional("GrantId", GRANT_ID).audited(),
        optional("DryRun", BOOLEAN).audited(),
    }),
    actions: &["kms:RetireGrant"],
    cross_account: true,
    resource: Resource::Grant,
    dry_run: true,
    errors: errors!(
        InvalidArn InvalidGrantToken InvalidGrantId NotFound DependencyTimeout KmsInternal
        KmsInvalidState DryRunOperation
    ),
    ..MANAGING
};

pub(super) const REVOKE_GRANT: Operation = Operation {
    name: "RevokeGrant",
    input: shape!("RevokeGrantRequest" {
        required("KeyId", KEY_ID).audited(),
        required("GrantId", GRANT_ID).audited(),
        optional("DryRun", BOOLEAN).audited(),
    }),
    actions: &["kms:RevokeGrant"],
    cross_account: true,
    dry_run: true,
    errors: errors!(
        NotFound DependencyTimeout InvalidArn InvalidGrantId KmsInternal KmsInvalidState
        DryRunOperation
    ),
    ..MANAGING
};

const PRINCIPAL: Kind = patterned(1, 256, r"^[\w+=,.@:/-]+$");
const GRANT_OPERATIONS: Kind = list(0, UNBOUNDED, &GRANT_OPERATION);
const GRANT_OPERATION: Kind = Kind::Enum(&[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "Sign",
    "Verify",
    "GetPublicKey",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
    "Encapsulate",
    "Decapsulate",
]);
const GRANT_CONSTRAINTS: Kind = Kind::Structure(shape!("GrantConstraints" {
    optional("EncryptionContextSubset", ENCRYPTION_CONTEXT).audited(),
    optional("EncryptionContextEquals", ENCRYPTION_CONTEXT).audited(),
    optional("SourceArn", SOURCE_ARN).audited(),
}));
const SOURCE_ARN: Kind = patterned(
    20,
    512,
    "^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$",
);
const GRANT_NAME: Kind = patterned(1, 256, "^[a-zA-Z0-9:/_-]+$");
const SERVICE_PRINCIPAL: Kind = patterned(
    1,
    128,
    r"^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$",
);
const GRANT_ID: Kind = text(1, 128);
const GRANTS: Kind = list(0, UNBOUNDED, &GRANT_LIST_ENTRY);
const GRANT_LIST_ENTRY: Kind = Kind::Structure(shape!("GrantListEntry" {
    optional("KeyId", KEY_ID),
    optional("GrantId", GRANT_ID),
    optional("Name", GRANT_NAME),
    optional("CreationDate", DATE),
    optional("GranteePrincipal", PRINCIPAL),
    optional("RetiringPrincipal", PRINCIPAL),
    optional("IssuingAccount", PRINCIPAL),
    optional("Operations", GRANT_OPERATIONS),
    optional("Constraints", GRANT_CONSTRAINTS),
    optional("GranteeServicePrincipal", SERVICE_PRINCIPAL),
    optional("RetiringServicePrincipal", SERVICE_PRINCIPAL),
}));
