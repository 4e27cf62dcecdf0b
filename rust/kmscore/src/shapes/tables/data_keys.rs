//! Data keys and data key pairs.

use super::declare::{BOOLEAN, CRYPTOGRAPHIC, errors, optional, required, shape};
use super::shared::{
    CIPHERTEXT, ENCRYPTION_CONTEXT, GRANT_TOKENS, KEY_ID, KEY_MATERIAL_ID, NUMBER_OF_BYTES,
    PLAINTEXT, PUBLIC_KEY, RECIPIENT,
};
use crate::operations::{self, Body};
use crate::shapes::{Kind, Operation};

pub(super) const GENERATE_DATA_KEY: Operation = Operation {
    name: "GenerateDataKey",
    input: shape!("GenerateDataKeyRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("EncryptionContext", ENCRYPTION_CONTEXT).audited(),
        optional("NumberOfBytes", NUMBER_OF_BYTES).audited(),
        optional("KeySpec", DATA_KEY_SPEC).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        optional("Recipient", RECIPIENT).audited(),
        optional("DryRun", BOOLEAN).audited(),
    }),
    output: Some(shape!("GenerateDataKeyResponse" {
        optional("CiphertextBlob", CIPHERTEXT),
        optional("Plaintext", PLAINTEXT).sensitive(),
        optional("KeyId", KEY_ID),
        optional("CiphertextForRecipient", CIPHERTEXT),
        optional("KeyMaterialId", KEY_MATERIAL_ID),
    })),
    actions: &["kms:GenerateDataKey"],
    errors: errors!(
        NotFound Disabled KeyUnavailable DependencyTimeout InvalidKeyUsage InvalidGrantToken
        KmsInternal KmsInvalidState DryRunOperation
    ),
    body: Body::Engine(operations::GENERATE_DATA_KEY),
    ..CRYPTOGRAPHIC
};

pub(super) const GENERATE_DATA_KEY_WITHOUT_PLAINTEXT: Operation = Operation {
    name: "GenerateDataKeyWithoutPlaintext",
    input: shape!("GenerateDataKeyWithoutPlaintextRequest" {
        required("KeyId", KEY_ID).audited(),
        optional("EncryptionContext", ENCRYPTION_CONTEXT).audited(),
        optional("KeySpec", DATA_KEY_SPEC).audited(),
        optional("NumberOfBytes", NUMBER_OF_BYTES).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        optional("DryRun", BOOLEAN).audited(),
    }),
    output: Some(shape!("GenerateDataKeyWithoutPlaintextResponse" {
        optional("CiphertextBlob", CIPHERTEXT),
        optional("KeyId", KEY_ID),
        optional("KeyMaterialId", KEY_MATERIAL_ID),
    })),
    actions: &["kms:GenerateDataKeyWithoutPlaintext"],
    errors: errors!(
        NotFound Disabled KeyUnavailable DependencyTimeout InvalidKeyUsage InvalidGrantToken
        KmsInternal KmsInvalidState DryRunOperation
    ),
    body: Body::Engine(operations::GENERATE_DATA_KEY_WITHOUT_PLAINTEXT),
    ..CRYPTOGRAPHIC
};

pub(super) const GENERATE_DATA_KEY_PAIR: Operation = Operation {
    name: "GenerateDataKeyPair",
    input: shape!("GenerateDataKeyPairRequest" {
        optional("EncryptionContext", ENCRYPTION_CONTEXT).audited(),
        required("KeyId", KEY_ID).audited(),
        required("KeyPairSpec", DATA_KEY_PAIR_SPEC).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        optional("Recipient", RECIPIENT).audited(),
        optional("DryRun", BOOLEAN).audited(),
    }),
    output: Some(shape!("GenerateDataKeyPairResponse" {
        optional("PrivateKeyCiphertextBlob", CIPHERTEXT),
        optional("PrivateKeyPlaintext", PLAINTEXT).sensitive(),
        optional("PublicKey", PUBLIC_KEY),
        optional("KeyId", KEY_ID),
        optional("KeyPairSpec", DATA_KEY_PAIR_SPEC),
        optional("CiphertextForRecipient", CIPHERTEXT),
        optional("KeyMaterialId", KEY_MATERIAL_ID),
    })),
    actions: &["kms:GenerateDataKeyPair"],
    errors: errors!(
        NotFound Disabled KeyUnavailable DependencyTimeout InvalidKeyUsage InvalidGrantToken
        KmsInternal KmsInvalidState UnsupportedOperation DryRunOperation
    ),
    body: Body::Engine(operations::GENERATE_DATA_KEY_PAIR),
    ..CRYPTOGRAPHIC
};

pub(super) const GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT: Operation = Operation {
    name: "GenerateDataKeyPairWithoutPlaintext",
    input: shape!("GenerateDataKeyPairWithoutPlaintextRequest" {
        optional("EncryptionContext", ENCRYPTION_CONTEXT).audited(),
        required("KeyId", KEY_ID).audited(),
        required("KeyPairSpec", DATA_KEY_PAIR_SPEC).audited(),
        optional("GrantTokens", GRANT_TOKENS),
        optional("DryRun", BOOLEAN).audited(),
    }),
    output: Some(shape!("GenerateDataKeyPairWithoutPlaintextResponse" {
        optional("PrivateKeyCiphertextBlob", CIPHERTEXT),
        optional("PublicKey", PUBLIC_KEY),
        optional("KeyId", KEY_ID),
        optional("KeyPairSpec", DATA_KEY_PAIR_SPEC),
        optional("KeyMaterialId", KEY_MATERIAL_ID),
    })),
    actions: &["kms:GenerateDataKeyPairWithoutPlaintext"],
    errors: errors!(
        NotFound Disabled KeyUnavailable DependencyTimeout InvalidKeyUsage InvalidGrantToken
        KmsInternal KmsInvalidState UnsupportedOperation DryRunOperation
    ),
    body: Body::Engine(operations::GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT),
    ..CRYPTOGRAPHIC
};

const DATA_KEY_SPEC: Kind = Kind::Enum(&["AES_256", "AES_128"]);
const DATA_KEY_PAIR_SPEC: Kind = Kind::Enum(DATA_KEY_PAIR_SPECS);

/// The key specs of data key pairs.
pub const DATA_KEY_PAIR_SPECS: &[&str] = &[
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "SM2",
    "ECC_NIST_EDWARDS25519",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
];
