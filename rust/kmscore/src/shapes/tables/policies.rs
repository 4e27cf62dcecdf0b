//! Key policies and tags.

use super::declare::{
    BOOLEAN, MANAGING, READING, UNBOUNDED, errors, list, optional, patterned, required, shape,
};
use super::shared::{KEY_ID, LIMIT, MARKER, POLICY, TAG_KEY, TAGS};
use super::states;
use crate::shapes::{Kind, Operation};

pub(super) const GET_KEY_POLICY: Operation = Operation {
    name: "GetKeyPolicy",
    input: shape!("GetKeyPolicyRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("PolicyName", POLICY_NAME).audited(),
    }),
    output: Some(shape!("GetKeyPolicyResponse" {
        optional("Policy", POLICY),
        optional("PolicyName", POLICY_NAME),
    })),
    actions: &["kms:GetKeyPolicy"],
    errors: errors!(NotFound InvalidArn DependencyTimeout KmsInternal KmsInvalidState),
    ..READING
};

pub(super) const PUT_KEY_POLICY: Operation = Operation {
    name: "PutKeyPolicy",
    input: shape!("PutKeyPolicyRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("PolicyName", POLICY_NAME).audited(),
        required("Policy", POLICY),
        optional("BypassPolicyLockoutSafetyCheck", BOOLEAN).audited(),
    }),
    actions: &["kms:PutKeyPolicy"],
    errors: errors!(
        NotFound InvalidArn MalformedPolicyDocument DependencyTimeout UnsupportedOperation
        KmsInternal LimitExceeded KmsInvalidState
    ),
    ..MANAGING
};

pub(super) const LIST_KEY_POLICIES: Operation = Operation {
    name: "ListKeyPolicies",
    input: shape!("ListKeyPoliciesRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("Limit", LIMIT).audited(),
        optional("Marker", MARKER),
    }),
    output: Some(shape!("ListKeyPoliciesResponse" {
        optional("PolicyNames", POLICY_NAMES),
        optional("NextMarker", MARKER),
        optional("Truncated", BOOLEAN),
    })),
    actions: &["kms:ListKeyPolicies"],
    errors: errors!(NotFound InvalidArn DependencyTimeout KmsInternal KmsInvalidState),
    ..READING
};

pub(super) const TAG_RESOURCE: Operation = Operation {
    name: "TagResource",
    input: shape!("TagResourceRequest" {
        required("KeyId", KEY_ID).audited(),
        required("Tags", TAGS).audited(),
    }),
    actions: &["kms:TagResource"],
    states: states::NOT_PENDING_DELETION,
    errors: errors!(KmsInternal NotFound InvalidArn KmsInvalidState LimitExceeded Tag),
    ..MANAGING
};

pub(super) const UNTAG_RESOURCE: Operation = Operation {
    name: "UntagResource",
    input: shape!("UntagResourceRequest" {
        required("KeyId", KEY_ID).audited(),
        required("TagKeys", TAG_KEYS).audited(),
    }),
    actions: &["kms:UntagResource"],
    states: states::NOT_PENDING_DELETION,
    errors: errors!(KmsInternal NotFound InvalidArn KmsInvalidState Tag),
    ..MANAGING
};

pub(super) const LIST_RESOURCE_TAGS: Operation = Operation {
    name: "ListResourceTags",
    input: shape!("ListResourceTagsRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("Limit", LIMIT).audited(),
        optional("Marker", MARKER),
    }),
    output: Some(shape!("ListResourceTagsResponse" {
        optional("Tags", TAGS),
        optional("NextMarker", MARKER),
        optional("Truncated", BOOLEAN),
    })),
    actions: &["kms:ListResourceTags"],
    errors: errors!(KmsInternal NotFound InvalidArn InvalidMarker),
    ..READING
};

const POLICY_NAME: Kind = patterned(1, 128, r"[\w]+");
const POLICY_NAMES: Kind = list(0, UNBOUNDED, &POLICY_NAME);
const TAG_KEYS: Kind = list(0, UNBOUNDED, &TAG_KEY);
