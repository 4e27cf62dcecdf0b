//! Encryption, decryption and random bytes.

use super::declare::{
    BOOLEAN, CRYPTOGRAPHIC, READING, UNBOUNDED, errors, list, optional, required, shape,
};
use super::shared::{
    CIPHERTEXT, CUSTOM_KEY_STORE_ID, ENCRYPTION_ALGORITHM, ENCRYPTION_CONTEXT, GRANT_TOKENS,
    KEY_ID, KEY_MATERIAL_ID, NUMBER_OF_BYTES, PLAINTEXT, RECIPIENT,
};
use crate::operations::{self, Body};
use crate::shapes::{Kind, Operation, Resource};

pub(super) const ENCRYPT: Operation = Operation {
    name: "Encrypt",
    input: shape!("EncryptRequest" {
        required("KeyId", KEY_ID).audited(),
        required("Plaintext", PLAINTEXT).sensitive(),
        optional("EncryptionContext", ENCRYPTION_CONTEXT).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        optional("EncryptionAlgorithm", ENCRYPTION_ALGORITHM).audited(),
        optional("DryRun", BOOLEAN).audited(),
    }),
    output: Some(shape!("EncryptResponse" {
        optional("CiphertextBlob", CIPHERTEXT),
        optional("KeyId", KEY_ID),
        optional("EncryptionAlgorithm", ENCRYPTION_ALGORITHM),
    })),
    actions: &["kms:Encrypt"],
    errors: errors!(
        NotFound Disabled KeyUnavailable DependencyTimeout InvalidKeyUsage InvalidGrantToken
        KmsInternal KmsInvalidState DryRunOperation
    ),
    body: Body::Engine(operations::ENCRYPT),
    ..CRYPTOGRAPHIC
};

pub(super) const DECRYPT: Operation = Operation {
    name: "Decrypt",
    input: shape!("DecryptRequest" {
        optional("CiphertextBlob", CIPHERTEXT),
        optional("EncryptionContext", ENCRYPTION_CONTEXT).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        optional("KeyId", KEY_ID).audited(),
        optional("EncryptionAlgorithm", ENCRYPTION_ALGORITHM).audited(),
        optional("Recipient", RECIPIENT).audited(),
        optional("DryRun", BOOLEAN).audited(),
        optional("DryRunModifiers", DRY_RUN_MODIFIERS).audited(),
    }),
    output: Some(shape!("DecryptResponse" {
        optional("KeyId", KEY_ID),
        optional("Plaintext", PLAINTEXT).sensitive(),
        optional("EncryptionAlgorithm", ENCRYPTION_ALGORITHM),
        optional("CiphertextForRecipient", CIPHERTEXT),
        optional("KeyMaterialId", KEY_MATERIAL_ID),
    })),
    actions: &["kms:Decrypt"],
    resource: Resource::Ciphertext,
    errors: errors!(
        NotFound Disabled InvalidCiphertext KeyUnavailable IncorrectKey InvalidKeyUsage
        DependencyTimeout InvalidGrantToken KmsInternal KmsInvalidState DryRunOperation
    ),
    body: Body::Engine(operations::DECRYPT),
    ..CRYPTOGRAPHIC
};

pub(super) const RE_ENCRYPT: Operation = Operation {
    name: "ReEncrypt",
    input: shape!("ReEncryptRequest" {
        optional("CiphertextBlob", CIPHERTEXT),
        optional("SourceEncryptionContext", ENCRYPTION_CONTEXT).audited(),
        optional("SourceKeyId", KEY_ID).audited(),
        required("DestinationKeyId", KEY_ID).audited(),
        optional("DestinationEncryptionContext", ENCRYPTION_CONTEXT).audited(),
        optional("SourceEncryptionAlgorithm", ENCRYPTION_ALGORITHM).audited(),
        optional("DestinationEncryptionAlgorithm", ENCRYPTION_ALGORITHM).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        optional("DryRun", BOOLEAN).audited(),
        optional("DryRunModifiers", DRY_RUN_MODIFIERS).audited(),
    }),
    output: Some(shape!("ReEncryptResponse" {
        optional("CiphertextBlob", CIPHERTEXT),
        optional("SourceKeyId", KEY_ID),
        optional("KeyId", KEY_ID),
        optional("SourceEncryptionAlgorithm", ENCRYPTION_ALGORITHM),
        optional("DestinationEncryptionAlgorithm", ENCRYPTION_ALGORITHM),
        optional("SourceKeyMaterialId", KEY_MATERIAL_ID),
        optional("DestinationKeyMaterialId", KEY_MATERIAL_ID),
    })),
    actions: &["kms:ReEncryptFrom", "kms:ReEncryptTo"],
    resource: Resource::ReEncrypt,
    errors: errors!(
        NotFound Disabled InvalidCiphertext KeyUnavailable IncorrectKey DependencyTimeout
        InvalidKeyUsage InvalidGrantToken KmsInternal KmsInvalidState DryRunOperation
    ),
    body: Body::Engine(operations::RE_ENCRYPT),
    ..CRYPTOGRAPHIC
};

pub(super) const GENERATE_RANDOM: Operation = Operation {
    name: "GenerateRandom",
    input: shape!("GenerateRandomRequest" {
        optional("NumberOfBytes", NUMBER_OF_BYTES).audited(),
        optional("CustomKeyStoreId", CUSTOM_KEY_STORE_ID).audited(),
        optional("Recipient", RECIPIENT).audited(),
    }),
    output: Some(shape!("GenerateRandomResponse" {
        optional("Plaintext", PLAINTEXT).sensitive(),
        optional("CiphertextForRecipient", CIPHERTEXT),
    })),
    actions: &["kms:GenerateRandom"],
    resource: Resource::None,
    errors: errors!(
        DependencyTimeout KmsInternal UnsupportedOperation CustomKeyStoreNotFound
        CustomKeyStoreInvalidState
    ),
    body: Body::Engine(operations::GENERATE_RANDOM),
    ..READING
};

/// Ours, not AWS's: Encrypt over many rows, decided and recorded once.
pub static ENCRYPT_BATCH: Operation = Operation {
    name: "EncryptBatch",
    input: shape!("EncryptBatchRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("EncryptionContext", ENCRYPTION_CONTEXT).audited(),
    }),
    actions: &["kms:Encrypt"],
    dry_run: false,
    ..CRYPTOGRAPHIC
};

/// Ours, not AWS's: Decrypt over many rows, of one key or of several.
pub static DECRYPT_BATCH: Operation = Operation {
    name: "DecryptBatch",
    input: shape!("DecryptBatchRequest" {
        optional("KeyId", KEY_ID).audited(),
        optional("EncryptionContext", ENCRYPTION_CONTEXT).audited(),
    }),
    actions: &["kms:Decrypt"],
    resource: Resource::OptionalKey,
    dry_run: false,
    ..CRYPTOGRAPHIC
};

const DRY_RUN_MODIFIERS: Kind = list(0, UNBOUNDED, &DRY_RUN_MODIFIER);
const DRY_RUN_MODIFIER: Kind = Kind::Enum(&["IGNORE_CIPHERTEXT"]);
