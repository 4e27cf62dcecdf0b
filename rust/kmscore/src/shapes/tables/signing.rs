//! Signatures and message authentication codes.

use super::declare::{BOOLEAN, CRYPTOGRAPHIC, READING, errors, optional, required, shape};
use super::shared::{
    CIPHERTEXT, CUSTOMER_MASTER_KEY_SPEC, ENCAPSULATION_ALGORITHMS, ENCRYPTION_ALGORITHMS,
    GRANT_TOKENS, KEY_AGREEMENT_ALGORITHMS, KEY_ID, KEY_SPEC, KEY_USAGE, MAC_ALGORITHM, PLAINTEXT,
    PUBLIC_KEY, SIGNING_ALGORITHM, SIGNING_ALGORITHMS,
};
use super::states;
use crate::operations::{self, Body};
use crate::shapes::{Kind, Operation, Resource, Structure};
use crate::spec::{KeyUsage, MessageType};

pub(super) const SIGN: Operation = Operation {
    name: "Sign",
    input: shape!("SignRequest" {
        required("KeyId", KEY_ID).audited(),
        required("Message", PLAINTEXT).sensitive(),
        optional("MessageType", MESSAGE_TYPE).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        required("SigningAlgorithm", SIGNING_ALGORITHM).audited(),
        optional("DryRun", BOOLEAN).audited(),
    }),
    output: Some(shape!("SignResponse" {
        optional("KeyId", KEY_ID),
        optional("Signature", CIPHERTEXT),
        optional("SigningAlgorithm", SIGNING_ALGORITHM),
    })),
    actions: &["kms:Sign"],
    usage: Some(KeyUsage::SignVerify),
    errors: errors!(
        NotFound Disabled KeyUnavailable DependencyTimeout InvalidKeyUsage InvalidGrantToken
        KmsInternal KmsInvalidState DryRunOperation
    ),
    body: Body::Engine(operations::SIGN),
    ..CRYPTOGRAPHIC
};

pub(super) const VERIFY: Operation = Operation {
    name: "Verify",
    input: shape!("VerifyRequest" {
        required("KeyId", KEY_ID).audited(),
        required("Message", PLAINTEXT).sensitive(),
        optional("MessageType", MESSAGE_TYPE).audited(),
        required("Signature", CIPHERTEXT),
        required("SigningAlgorithm", SIGNING_ALGORITHM).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        optional("DryRun", BOOLEAN).audited(),
    }),
    output: Some(shape!("VerifyResponse" {
        optional("KeyId", KEY_ID),
        optional("SignatureValid", BOOLEAN),
        optional("SigningAlgorithm", SIGNING_ALGORITHM),
    })),
    actions: &["kms:Verify"],
    usage: Some(KeyUsage::SignVerify),
    errors: errors!(
        NotFound Disabled KeyUnavailable DependencyTimeout InvalidKeyUsage InvalidGrantToken
        KmsInternal KmsInvalidState KmsInvalidSignature DryRunOperation
    ),
    body: Body::Engine(operations::VERIFY),
    ..CRYPTOGRAPHIC
};

/// Ours, not AWS's: Sign over many messages, decided and recorded once.
pub static SIGN_BATCH: Operation = Operation {
    name: "SignBatch",
    input: SIGNING_BATCH,
    actions: &["kms:Sign"],
    usage: Some(KeyUsage::SignVerify),
    dry_run: false,
    ..CRYPTOGRAPHIC
};

/// Ours, not AWS's: Verify over many messages, each with a signature of its own.
pub static VERIFY_BATCH: Operation = Operation {
    name: "VerifyBatch",
    input: SIGNING_BATCH,
    actions: &["kms:Verify"],
    usage: Some(KeyUsage::SignVerify),
    dry_run: false,
    ..CRYPTOGRAPHIC
};

pub(super) const GENERATE_MAC: Operation = Operation {
    name: "GenerateMac",
    input: shape!("GenerateMacRequest" {
        required("Message", PLAINTEXT).sensitive(),
        required("KeyId", KEY_ID).audited(),
        required("MacAlgorithm", MAC_ALGORITHM).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        optional("DryRun", BOOLEAN).audited(),
    }),
    output: Some(shape!("GenerateMacResponse" {
        optional("Mac", CIPHERTEXT),
        optional("MacAlgorithm", MAC_ALGORITHM),
        optional("KeyId", KEY_ID),
    })),
    actions: &["kms:GenerateMac"],
    usage: Some(KeyUsage::GenerateVerifyMac),
    errors: errors!(
        NotFound Disabled KeyUnavailable InvalidKeyUsage InvalidGrantToken KmsInternal
        KmsInvalidState DryRunOperation
    ),
    body: Body::Engine(operations::GENERATE_MAC),
    ..CRYPTOGRAPHIC
};

/// Ours, not AWS's: GenerateMac over many messages.
pub static MAC_BATCH: Operation = Operation {
    name: "MacBatch",
    input: shape!("MacBatchRequest" {
        required("KeyId", KEY_ID).audited(),
        required("MacAlgorithm", MAC_ALGORITHM).audited(),
    }),
    actions: &["kms:GenerateMac"],
    usage: Some(KeyUsage::GenerateVerifyMac),
    dry_run: false,
    ..CRYPTOGRAPHIC
};

pub(super) const VERIFY_MAC: Operation = Operation {
    name: "VerifyMac",
    input: shape!("VerifyMacRequest" {
        required("Message", PLAINTEXT).sensitive(),
        required("KeyId", KEY_ID).audited(),
        required("MacAlgorithm", MAC_ALGORITHM).audited(),
        required("Mac", CIPHERTEXT),
        optional("GrantTokens", GRANT_TOKENS),
        optional("DryRun", BOOLEAN).audited(),
    }),
    output: Some(shape!("VerifyMacResponse" {
        optional("KeyId", KEY_ID),
        optional("MacValid", BOOLEAN),
        optional("MacAlgorithm", MAC_ALGORITHM),
    })),
    actions: &["kms:VerifyMac"],
    usage: Some(KeyUsage::GenerateVerifyMac),
    errors: errors!(
        NotFound Disabled KeyUnavailable InvalidKeyUsage InvalidGrantToken KmsInternal KmsInvalidMac
        KmsInvalidState DryRunOperation
    ),
    body: Body::Engine(operations::VERIFY_MAC),
    ..CRYPTOGRAPHIC
};

pub(super) const GET_PUBLIC_KEY: Operation = Operation {
    name: "GetPublicKey",
    input: shape!("GetPublicKeyRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("GrantTokens", GRANT_TOKENS),
    }),
    output: Some(shape!("GetPublicKeyResponse" {
        optional("KeyId", KEY_ID),
        optional("PublicKey", PUBLIC_KEY),
        optional("CustomerMasterKeySpec", CUSTOMER_MASTER_KEY_SPEC),
        optional("KeySpec", KEY_SPEC),
        optional("KeyUsage", KEY_USAGE),
        optional("EncryptionAlgorithms", ENCRYPTION_ALGORITHMS),
        optional("SigningAlgorithms", SIGNING_ALGORITHMS),
        optional("KeyAgreementAlgorithms", KEY_AGREEMENT_ALGORITHMS),
        optional("EncapsulationAlgorithms", ENCAPSULATION_ALGORITHMS),
    })),
    actions: &["kms:GetPublicKey"],
    cross_account: true,
    resource: Resource::AnyKeyForm,
    states: states::IN_USE,
    errors: errors!(
        NotFound Disabled KeyUnavailable DependencyTimeout UnsupportedOperation InvalidArn
        InvalidGrantToken InvalidKeyUsage KmsInternal KmsInvalidState
    ),
    body: Body::Engine(operations::GET_PUBLIC_KEY),
    ..READING
};

const SIGNING_BATCH: &Structure = shape!("SigningBatchRequest" {
    required("KeyId", KEY_ID).audited(),
    required("SigningAlgorithm", SIGNING_ALGORITHM).audited(),
    optional("MessageType", MESSAGE_TYPE).audited(),
});
const MESSAGE_TYPE: Kind = Kind::Enum(MessageType::NAMES);
