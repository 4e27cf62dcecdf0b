//! KMS keys: making, describing, switching and deleting them.

use super::declare::{
    BOOLEAN, MANAGING, READING, TEXT, UNBOUNDED, errors, list, optional, required, shape,
};
use super::shared::{
    ARN, CUSTOM_KEY_STORE_ID, CUSTOMER_MASTER_KEY_SPEC, DATE, DESCRIPTION, GRANT_TOKENS, KEY_ID,
    KEY_METADATA, KEY_SPEC, KEY_STATE, KEY_USAGE, LIMIT, MARKER, ORIGIN, PENDING_WINDOW_IN_DAYS,
    POLICY, TAGS, XKS_KEY_ID,
};
use super::states;
use crate::shapes::{Kind, Operation, Resource};

pub(super) const CREATE_KEY: Operation = Operation {
    name: "CreateKey",
    input: shape!("CreateKeyRequest" {
        optional("Policy", POLICY),
        optional("Description", DESCRIPTION).audited(),
        optional("KeyUsage", KEY_USAGE).audited(),
        optional("CustomerMasterKeySpec", CUSTOMER_MASTER_KEY_SPEC).audited(),
        optional("KeySpec", KEY_SPEC).audited(),
        optional("Origin", ORIGIN).audited(),
        optional("CustomKeyStoreId", CUSTOM_KEY_STORE_ID).audited(),
        optional("BypassPolicyLockoutSafetyCheck", BOOLEAN).audited(),
        optional("Tags", TAGS).audited(),
        optional("MultiRegion", BOOLEAN).audited(),
        optional("XksKeyId", XKS_KEY_ID).audited(),
    }),
    output: Some(shape!("CreateKeyResponse" { optional("KeyMetadata", KEY_METADATA).audited() })),
    actions: &["kms:CreateKey"],
    resource: Resource::None,
    errors: errors!(
        MalformedPolicyDocument DependencyTimeout InvalidArn UnsupportedOperation KmsInternal
        LimitExceeded Tag CustomKeyStoreNotFound CustomKeyStoreInvalidState
        CloudHsmClusterInvalidConfiguration XksKeyInvalidConfiguration XksKeyAlreadyInUse
        XksKeyNotFound
    ),
    ..MANAGING
};

pub(super) const DESCRIBE_KEY: Operation = Operation {
    name: "DescribeKey",
    input: shape!("DescribeKeyRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("GrantTokens", GRANT_TOKENS),
    }),
    output: Some(shape!("DescribeKeyResponse" { optional("KeyMetadata", KEY_METADATA) })),
    actions: &["kms:DescribeKey"],
    cross_account: true,
    resource: Resource::AnyKeyForm,
    errors: errors!(NotFound InvalidArn DependencyTimeout KmsInternal),
    ..READING
};

pub(super) const LIST_KEYS: Operation = Operation {
    name: "ListKeys",
    input: shape!("ListKeysRequest" {
        optional("Limit", LIMIT).audited(),
        optional("Marker", MARKER),
        optional("ResourceOwners", RESOURCE_OWNERS).audited(),
    }),
    output: Some(shape!("ListKeysResponse" {
        optional("Keys", KEYS),
        optional("NextMarker", MARKER),
        optional("Truncated", BOOLEAN),
    })),
    actions: &["kms:ListKeys"],
    resource: Resource::None,
    errors: errors!(DependencyTimeout KmsInternal InvalidMarker),
    ..READING
};

pub(super) const UPDATE_KEY_DESCRIPTION: Operation = Operation {
    name: "UpdateKeyDescription",
    input: shape!("UpdateKeyDescriptionRequest" {
        required("KeyId", KEY_ID).audited(),
        required("Description", DESCRIPTION).audited(),
    }),
    actions: &["kms:UpdateKeyDescription"],
    states: states::NOT_PENDING_DELETION,
    errors: errors!(NotFound InvalidArn DependencyTimeout KmsInternal KmsInvalidState),
    ..MANAGING
};

pub(super) const ENABLE_KEY: Operation = Operation {
    name: "EnableKey",
    input: shape!("EnableKeyRequest" { required("KeyId", KEY_ID).audited() }),
    actions: &["kms:EnableKey"],
    states: states::SWITCHABLE,
    errors: errors!(
        NotFound InvalidArn DependencyTimeout KmsInternal LimitExceeded KmsInvalidState
    ),
    ..MANAGING
};

pub(super) const DISABLE_KEY: Operation = Operation {
    name: "DisableKey",
    input: shape!("DisableKeyRequest" { required("KeyId", KEY_ID).audited() }),
    actions: &["kms:DisableKey"],
    states: states::SWITCHABLE,
    errors: errors!(NotFound InvalidArn DependencyTimeout KmsInternal KmsInvalidState),
    ..MANAGING
};

pub(super) const SCHEDULE_KEY_DELETION: Operation = Operation {
    name: "ScheduleKeyDeletion",
    input: shape!("ScheduleKeyDeletionRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("PendingWindowInDays", PENDING_WINDOW_IN_DAYS).audited(),
    }),
    output: Some(shape!("ScheduleKeyDeletionResponse" {
        optional("KeyId", KEY_ID),
        optional("DeletionDate", DATE).audited(),
        optional("KeyState", KEY_STATE).audited(),
        optional("PendingWindowInDays", PENDING_WINDOW_IN_DAYS).audited(),
    })),
    actions: &["kms:ScheduleKeyDeletion"],
    states: states::SCHEDULE_DELETION,
    errors: errors!(NotFound InvalidArn DependencyTimeout KmsInternal KmsInvalidState),
    ..MANAGING
};

pub(super) const CANCEL_KEY_DELETION: Operation = Operation {
    name: "CancelKeyDeletion",
    input: shape!("CancelKeyDeletionRequest" { required("KeyId", KEY_ID).audited() }),
    output: Some(shape!("CancelKeyDeletionResponse" { optional("KeyId", KEY_ID) })),
    actions: &["kms:CancelKeyDeletion"],
    states: states::PENDING_DELETION,
    errors: errors!(NotFound InvalidArn DependencyTimeout KmsInternal KmsInvalidState),
    ..MANAGING
};

pub(super) const GET_KEY_LAST_USAGE: Operation = Operation {
    name: "GetKeyLastUsage",
    input: shape!("GetKeyLastUsageRequest" { required("KeyId", KEY_ID).audited() }),
    output: Some(shape!("GetKeyLastUsageResponse" {
        optional("KeyId", KEY_ID),
        optional("KeyLastUsage", KEY_LAST_USAGE),
        optional("TrackingStartDate", DATE),
        optional("KeyCreationDate", DATE),
    })),
    actions: &["kms:GetKeyLastUsage"],
    errors: errors!(NotFound InvalidArn DependencyTimeout KmsInternal),
    ..READING
};

const RESOURCE_OWNERS: Kind = list(1, 2, &RESOURCE_OWNER);
const RESOURCE_OWNER: Kind = Kind::Enum(&["SELF", "OTHER_ACCOUNTS_VIA_RAM"]);
const KEYS: Kind = list(0, UNBOUNDED, &KEY_LIST_ENTRY);
const KEY_LIST_ENTRY: Kind = Kind::Structure(shape!("KeyListEntry" {
    optional("KeyId", KEY_ID),
    optional("KeyArn", ARN),
}));
const KEY_LAST_USAGE: Kind = Kind::Structure(shape!("KeyLastUsageData" {
    optional("Operation", TRACKED_OPERATION),
    optional("Timestamp", DATE),
    optional("CloudTrailEventId", TEXT),
    optional("KmsRequestId", TEXT),
}));
const TRACKED_OPERATION: Kind = Kind::Enum(&[
    "Decrypt",
    "DeriveSharedSecret",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
    "Encapsulate",
    "Decapsulate",
]);
